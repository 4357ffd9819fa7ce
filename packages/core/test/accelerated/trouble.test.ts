/** Workers that cannot start, fail or die, and shared memory that cannot be had: errors where a result is lost, else one thread. */
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";

beforeEach(() => vi.resetModules());
// The next file must not find a copy whose settings were changed here.
afterAll(() => void vi.resetModules());
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A fresh copy of the package, on two threads, and what its workers are started with. */
async function fresh() {
  const core = await import("@chainrule/core");
  core.setThreads(2);
  core.setBackend("wasm");
  return core;
}

type Core = Awaited<ReturnType<typeof fresh>>;

/** The product of ones: enough for several threads, and easy to check. */
function expectProduct({ ones, matmul }: Core): void {
  expect(matmul(ones([200, 150]), ones([150, 210])).toTypedArray()).toEqual(
    new Float32Array(200 * 210).fill(150),
  );
}

/** Node's modules, but for the worker threads. */
function stubWorkers(Worker: unknown): void {
  const { getBuiltinModule } = process;
  vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) =>
    name === "node:worker_threads" ? { Worker } : getBuiltinModule(name)) as never);
}

async function until(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 10_000 });
}

test("workers are forbidden", async () => {
  const core = await fresh();
  stubWorkers(
    class {
      constructor() {
        throw new Error("access to this API has been restricted");
      }
    },
  );
  expectProduct(core);
  expect(core.backendInfo()).toMatchObject({ inUse: "wasm", threads: 1, workers: 0 });
  expect(core.backendInfo().reason).toMatch(
    /One thread: workers could not be started: access to this API has been restricted\.$/,
  );
  expectProduct(core);
});

test("memory cannot be shared", async () => {
  vi.stubGlobal("SharedArrayBuffer", undefined);
  const core = await fresh();
  expectProduct(core);
  expect(core.backendInfo()).toMatchObject({ inUse: "wasm", threads: 1 });
  expect(core.backendInfo().reason).toMatch(/One thread: memory cannot be shared here/);
});

test("there is no memory to share", async () => {
  const { Memory } = WebAssembly;
  const Refusing = function Refusing(options: WebAssembly.MemoryDescriptor) {
    if (options.shared === true) throw new RangeError("could not allocate memory");
    return new Memory(options);
  };
  const { Module, Instance, validate } = WebAssembly;
  vi.stubGlobal("WebAssembly", { Memory: Refusing, Module, Instance, validate });
  const core = await fresh();
  expectProduct(core);
  expect(core.backendInfo().reason).toMatch(
    /One thread: shared memory could not be had: could not allocate memory/,
  );
});

test("shared memory is used up: new arrays lie on the heap", async () => {
  const core = await fresh();
  expectProduct(core);
  const { memory } = core.backendInfo();
  vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
    throw new RangeError("no more");
  });
  const large = core.ones([2000, 2100]);
  expect(large.add(1).sum().item()).toBe(8_400_000);
  expect(
    large
      .matmul(core.ones([2100, 2]))
      .sum()
      .item(),
  ).toBe(8_400_000);
  expect(core.backendInfo().memory).toBe(memory);
});

test("a loop without pauses, in which nothing is collected, ends on the heap", async () => {
  const core = await fresh();
  let total = 0;
  for (let i = 0; i < 60; i++) {
    const x = core.full([2 ** 19], i);
    total += x.add(1).sum().item() / 2 ** 19;
  }
  expect(total).toBe((60 * 61) / 2);
  expect(core.backendInfo().memory).toBeLessThan(1.5 * 2 ** 26 + 2 ** 24);
});

test("a worker that ends in the middle of its part", async () => {
  const core = await fresh();
  const { setPatience } = await import("../../src/accelerated/threads/team.ts");
  const { layout } = await import("../../src/accelerated/threads/layout.ts");
  const before = setPatience(300);
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const thief = `const { workerData } = require("node:worker_threads");
    const words = new Int32Array(workerData.memory.buffer, 0, 1024);
    Atomics.add(words, ${layout.ready}, 1);
    for (;;) {
      const left = Atomics.load(words, ${layout.remaining});
      if ((left & 0xffff) > 1 && Atomics.compareExchange(words, ${layout.remaining}, left, left - 1) === left) break;
    }`;
  stubWorkers(
    class extends Worker {
      constructor(_source: string, options: object) {
        super(thief, options);
      }
    },
  );
  expectProduct(core);
  await until(() => core.backendInfo().workers === 1);
  const a = core.ones([400, 400]);
  expect(() => {
    for (let i = 0; i < 1000; i++) a.matmul(a);
  }).toThrow(
    /threads: a worker has not answered for 0\.3 s, so a result is incomplete\. From now on one thread/,
  );
  expect(() => a.matmul(a)).not.toThrow();
  expectProduct(core);
  expect(core.backendInfo()).toMatchObject({ threads: 1, workers: 0 });
  expect(core.backendInfo().reason).toMatch(/One thread: a worker did not answer any more\.$/);
  setPatience(before);
});

test("more parts than the table has room for: what one of them says is heard", async () => {
  const core = await fresh();
  const { Crew, Team } = await import("../../src/accelerated/threads/team.ts");
  const { plainModule } = await import("../../src/accelerated/modules.generated.ts");
  const { LoopWriter } = await import("../../src/accelerated/emitter.ts");
  const crew = new Crew();
  const team = new Team(crew, new Uint8Array(Buffer.from(plainModule, "base64")), false);
  // Rejects numbers above 1.
  const writer = new LoopWriter(3, 2, false);
  writer.loop(0, () => writer.reject(writer.vectors.gt(writer.load(1), writer.vectors.number(1))));
  const id = crew.publish(writer.module())!.run!;
  crew.prepare(2, true);
  for (const place of [0, 1, 1500, 2999]) {
    crew.begin(3000 * 4 + 64, 3, 0, 0);
    const numbers = crew.scratch.take(3000 * 4);
    const constants = crew.scratch.take(1);
    crew.scratch.words[constants >> 2] = writer.constants[0]!;
    crew.scratch.floats.fill(0, numbers >> 2, (numbers >> 2) + 12_000);
    crew.scratch.floats[(numbers >> 2) + 4 * place] = 2;
    for (let i = 0; i < 3000; i++) {
      crew.call(id, 0, [16, numbers + 16 * i, constants]);
      for (let k = 0; k < 4; k++) team.kernels.clear(constants + 64, 4);
      crew.part();
    }
    expect(crew.run()).toBe(1);
  }
  expect(core.backendInfo().threads).toBe(2);
});

test("a call that fails ends its job with an error, and the next job is done", async () => {
  const { backendInfo, ChainruleError } = await fresh();
  const { Crew, Team } = await import("../../src/accelerated/threads/team.ts");
  const { plainModule } = await import("../../src/accelerated/modules.generated.ts");
  const crew = new Crew();
  const team = new Team(crew, new Uint8Array(Buffer.from(plainModule, "base64")), false);
  crew.prepare(2, true);
  expect(backendInfo().inUse).toBe("wasm");
  const job = (address: number): number => {
    crew.begin(1000, 1, 0, 0);
    const at = crew.scratch.take(1000);
    for (let i = 0; i < 40; i++) {
      // Each call takes long enough for the other thread to come.
      team.kernels.clear(i === 5 ? address : at, 400);
      crew.part();
    }
    return crew.run();
  };
  expect(job(64_000)).toBe(0);
  await until(() => crew.ready === 1);
  for (let i = 0; i < 20; i++) {
    let error: unknown;
    try {
      job(2 ** 31 - 4);
    } catch (thrown) {
      error = thrown;
    }
    if (error instanceof ChainruleError)
      expect(error.message).toMatch(/^threads: a worker failed: RuntimeError: memory access out/);
    else expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
    expect(job(64_000)).toBe(0);
  }
});
