/** Where WebAssembly is missing, forbidden or without SIMD, or memory runs out, everything works on in plain loops. */
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";

beforeEach(() => vi.resetModules());
// The next file must not find a copy whose settings were changed here.
afterAll(() => void vi.resetModules());
afterEach(() => vi.unstubAllGlobals());

/** A fresh copy of the package, which has not looked for WebAssembly yet. */
async function fresh() {
  return await import("@chainrule/core");
}

async function expectPlainLoops(reason: RegExp): Promise<void> {
  const { backendInfo, ChainruleError, ones, setBackend } = await fresh();
  setBackend("auto");
  expect(backendInfo()).toMatchObject({
    setting: "auto",
    inUse: "reference",
    relaxed: false,
    memory: 0,
  });
  expect(backendInfo().reason).toMatch(reason);
  expect(() => setBackend("wasm")).toThrow(ChainruleError);
  expect(() => setBackend("wasm")).toThrow(/setBackend: "wasm" cannot run here\. .*Use "auto"/);
  expect(backendInfo().setting).toBe("auto");
  expect(
    ones([50, 60])
      .matmul(ones([60, 70]))
      .exp()
      .log()
      .sum()
      .item(),
  ).toBeCloseTo(210_000, 0);
}

test("no WebAssembly", async () => {
  vi.stubGlobal("WebAssembly", undefined);
  await expectPlainLoops(/There is no WebAssembly here/);
});

test("no SIMD", async () => {
  vi.stubGlobal("WebAssembly", { ...members(), validate: () => false });
  await expectPlainLoops(/WebAssembly has no SIMD here/);
});

test("compiling is forbidden", async () => {
  const Module = function Module(): never {
    throw new Error("violates the content security policy");
  };
  vi.stubGlobal("WebAssembly", { ...members(), Module });
  await expectPlainLoops(/could not be started: violates the content security policy/);
});

test("no memory", async () => {
  const Memory = function Memory(): never {
    throw new RangeError("could not allocate memory");
  };
  vi.stubGlobal("WebAssembly", { ...members(), Memory });
  await expectPlainLoops(/could not be started: could not allocate memory/);
});

test("memory that cannot grow", async () => {
  const { backendInfo, ones, setBackend } = await fresh();
  setBackend("wasm");
  // Now there is the memory of products, and that of large tensors.
  ones([128, 128]).matmul(ones([128, 128]));
  const { memory } = backendInfo();
  const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
    throw new RangeError("no more");
  });
  const large = ones([600, 700]);
  expect(
    large
      .matmul(ones([700, 3]))
      .sum()
      .item(),
  ).toBe(1_260_000);
  expect(grow).toHaveBeenCalled();
  expect(backendInfo().memory).toBe(memory);
  grow.mockRestore();
  expect(
    large
      .matmul(ones([700, 3]))
      .sum()
      .item(),
  ).toBe(1_260_000);
  expect(backendInfo().memory).toBeGreaterThan(memory);
});

/** What is found in WebAssembly, to be changed in part. */
function members(): object {
  const { Memory, Module, Instance, validate } = WebAssembly;
  return { Memory, Module, Instance, validate };
}
