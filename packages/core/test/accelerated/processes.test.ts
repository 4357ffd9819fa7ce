/** Programs of their own: they end although workers sleep, and give the same numbers whatever is missing or forbidden. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BackendInfo } from "@chainrule/core";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const program = `
import { backendInfo, linear, lstmSequence, manualSeed, matmul, randn, setDeterministic, setThreads, zeros } from "@chainrule/core";
manualSeed(1);
const threads = Number(process.argv[2]);
if (threads > 0) setThreads(threads);
setDeterministic(process.argv[3] === "deterministic");
const a = randn([300, 300]).mul(0.05).requiresGrad_();
let x = a;
for (let i = 0; i < 4; i++) x = matmul(x, a).tanh();
x.softmax(-1).square().sum().backward();
const results = [a.grad];
// Products with many rows, many steps, few of both, in stacks, with a bias, and of a sequence.
for (const [m, k, n] of [[700, 50, 61], [100, 900, 130], [33, 17, 5], [1700, 20, 90]]) {
  results.push(linear(randn([m, k]), randn([n, k]), randn([n])));
  results.push(matmul(randn([k, m]).t(), randn([n, k]).t()));
}
results.push(matmul(randn([3, 45, 500]), randn([3, 500, 30])));
results.push(matmul(randn([3, 500, 45]).mT, randn([3, 500, 30])));
const state = zeros([30, 20]);
results.push(lstmSequence(randn([9, 30, 7]), state, state, randn([80, 7]), randn([80, 20])).hidden);
let bits = 0;
for (const result of results)
  for (const word of new Int32Array(result.toTypedArray().buffer)) bits = (Math.imul(bits, 31) + word) | 0;
for (let i = 0; i < 200 && threads === 2 && backendInfo().threads === 2 && backendInfo().workers === 0; i++)
  await new Promise((resolve) => setTimeout(resolve, 20));
console.log(JSON.stringify({ bits, sum: a.grad.sum().item(), backend: backendInfo() }));
`;

interface Outcome {
  readonly bits: number;
  readonly sum: number;
  readonly backend: BackendInfo;
}

const node = Number(process.versions.node.split(".")[0]);
/** Node's option that denies what is not allowed, by version. */
const permission = node >= 24 ? "--permission" : "--experimental-permission";
/** The option that makes Node 20 know relaxed multiply-add, as later versions do. */
const relaxed = node < 22 ? ["--experimental-wasm-relaxed-simd"] : [];

describe("programs", () => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-processes-"));
  const file = join(folder, "program.mjs");
  let one: Outcome;

  beforeAll(async () => {
    await build({
      stdin: { contents: program, resolveDir: import.meta.dirname, loader: "ts" },
      bundle: true,
      // As an application might: what workers run is the text of a function.
      minify: true,
      keepNames: true,
      outfile: file,
      format: "esm",
      platform: "node",
      conditions: ["chainrule-source"],
      logLevel: "warning",
    });
    one = await run([], "1");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function run(options: string[], ...args: string[]): Promise<Outcome> {
    const env = { ...process.env, CHAINRULE_BACKEND: "", CHAINRULE_THREADS: "" };
    const command = [...options, file, ...args];
    const { stdout } = await promisify(execFile)(process.execPath, command, {
      env,
      timeout: 25_000,
    });
    return JSON.parse(stdout) as Outcome;
  }

  test("three runs, on one thread and on two, with and without relaxed multiply-add", async () => {
    expect(one.backend).toMatchObject({ inUse: "wasm", threads: 1, workers: 0 });
    for (const threads of ["2", "2", "1"]) {
      const { bits, backend } = await run([], threads);
      expect(bits).toBe(one.bits);
      expect(backend.threads).toBe(Number(threads));
    }
    const wanted = await run([], "1", "deterministic");
    expect(wanted.backend.relaxed).toBe(false);
    expect((await run([], "2", "deterministic")).bits).toBe(wanted.bits);
    if (!one.backend.relaxed) expect(one.bits).toBe(wanted.bits);
  });

  test("the tile of products that the engine is not asked for gives the same bits", async () => {
    // What the choice is made by is taken away, or put there.
    const change =
      "Float16Array" in globalThis
        ? "delete globalThis.Float16Array"
        : "globalThis.Float16Array = null";
    const usual = await run(relaxed, "1");
    expect(usual.backend.relaxed).toBe(true);
    for (const threads of ["1", "2"]) {
      const other = await run([...relaxed, "--import", `data:text/javascript,${change}`], threads);
      expect(other.backend).toMatchObject({ relaxed: true, threads: Number(threads) });
      expect(other.bits).toBe(usual.bits);
    }
  });

  test("text that cannot become code", async () => {
    const strict = ["--disallow-code-generation-from-strings", "--disable-proto=throw"];
    const { bits, backend } = await run(strict, "2");
    expect(bits).toBe(one.bits);
    expect(backend).toMatchObject({ threads: 2, workers: 1 });
  });

  test("no WebAssembly", async () => {
    const without = "data:text/javascript,delete globalThis.WebAssembly";
    const { sum, backend } = await run(["--import", without], "2");
    expect(backend).toMatchObject({ inUse: "reference", threads: 1, memory: 0 });
    expect(backend.reason).toBe("There is no WebAssembly here.");
    expect(sum).toBeCloseTo(one.sum, 3);
  });

  test("workers that are not permitted", async () => {
    const { bits, backend } = await run([permission, "--allow-fs-read=*"], "2");
    expect(bits).toBe(one.bits);
    expect(backend).toMatchObject({ inUse: "wasm", threads: 1, workers: 0 });
    expect(backend.reason).toMatch(/One thread: workers could not be started: .*restricted/);
  });
});
