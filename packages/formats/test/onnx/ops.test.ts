/** Every op of the catalogue on its own samples: exported, and run by onnxruntime. */

import type { OpDefinition, PointwiseDefinition, Tensor } from "@chainrule/core";
import * as core from "@chainrule/core";
import { seededDraw } from "@chainrule/testing";
import { expect, test } from "vitest";
import { exportOnnx, OnnxExportError } from "../../src/onnx/index.ts";
import { difference, runOnnx, tensorsIn, withTensors } from "./runtime.ts";

type Definition = OpDefinition | PointwiseDefinition;
type OpFunction = ((...args: unknown[]) => unknown) & { readonly op: Definition };

const ops = Object.entries(core).filter(
  (entry): entry is [string, OpFunction] => typeof entry[1] === "function" && "op" in entry[1],
);

/** Calls for each sample of an op. */
const rounds = 2;

/**
 * Ops without counterpart; those marked "partly" only for some options. An op that leaves this list, or joins it, changes
 * what users can export.
 */
const withoutCounterpart: Readonly<Record<string, "wholly" | "partly">> = {
  cholesky: "wholly",
  cofactor: "wholly",
  ctcTerm: "wholly",
  ctcTermGradient: "wholly",
  cummax: "wholly",
  cummin: "wholly",
  cumprod: "wholly",
  digamma: "wholly",
  eigh: "wholly",
  embeddingGradient: "partly",
  embeddingRows: "partly",
  index: "partly",
  indexPut: "partly",
  inv: "wholly",
  inverse: "wholly",
  lgamma: "wholly",
  linearRecurrence: "wholly",
  logcumsumexp: "wholly",
  lu: "wholly",
  matrixExp: "wholly",
  maxPoolIndices: "partly",
  nanmedian: "wholly",
  nonzero: "wholly",
  pinv: "wholly",
  polygamma: "wholly",
  qr: "wholly",
  scatterReduce: "partly",
  slogdet: "wholly",
  solve: "wholly",
  solveTriangular: "wholly",
  svd: "wholly",
};

/** Where onnxruntime fails on tensors without elements: matrix products with broadcasting, orders, sums of squares. */
const neverEmpty = new Set(["argsort", "avgPool", "avgPoolInput", "distances", "linear", "sort"]);

interface Outcome {
  tried: number;
  refused: number;
}

async function tryCall(
  name: string,
  call: OpFunction,
  args: readonly unknown[],
): Promise<boolean | null> {
  const single = withTensors(args, (x) =>
    x.dtype === "float64" ? x.to("float32") : x,
  ) as unknown[];
  const inputs = tensorsIn(single);
  if (neverEmpty.has(name) && inputs.some((x) => x.numel() === 0)) return null;
  const expected = tensorsIn(call(...single));
  if (expected.length === 0) return null;
  const model = (...given: Tensor[]): Tensor[] => {
    let next = 0;
    return tensorsIn(call(...(withTensors(single, () => given[next++]!) as unknown[])));
  };
  const inputNames = inputs.map((_, i) => `x${i}`);
  const outputNames = expected.map((_, i) => `y${i}`);
  let file: Uint8Array;
  try {
    file = exportOnnx(model, inputs, { inputNames, outputNames });
  } catch (error) {
    if (error instanceof OnnxExportError && error.message.includes("no counterpart")) return false;
    throw error;
  }
  const feeds = Object.fromEntries(inputs.map((x, i) => [`x${i}`, x]));
  const outputs = await runOnnx(file, feeds);
  for (const [i, y] of expected.entries()) {
    const wrong = difference(outputs[`y${i}`], y);
    if (wrong !== null) throw new Error(`result ${i} ${wrong}`);
  }
  return true;
}

test("every op is exported as onnxruntime computes it, or refused by name", async () => {
  const problems: string[] = [];
  const outcomes = new Map<string, Outcome>();
  for (const [name, call] of ops) {
    const outcome: Outcome = { tried: 0, refused: 0 };
    outcomes.set(name, outcome);
    for (const [s, sample] of call.op.samples.entries()) {
      for (let seed = 0; seed < rounds; seed++) {
        try {
          const done = await tryCall(name, call, sample(seededDraw(7 * seed + s)));
          if (done !== null) outcome[done ? "tried" : "refused"]++;
        } catch (error) {
          problems.push(`${name}, sample ${s}, seed ${7 * seed + s}: ${String(error)}`);
        }
      }
    }
    const status = outcome.refused === 0 ? undefined : outcome.tried === 0 ? "wholly" : "partly";
    const listed = withoutCounterpart[name];
    // What is only partly without counterpart may not have been drawn with these options.
    if (status !== listed && listed !== "partly") {
      problems.push(`${name} is ${status ?? "never"} refused, but listed as ${listed ?? "never"}`);
    }
  }
  expect(problems).toEqual([]);
  const tried = [...outcomes.values()].reduce((sum, outcome) => sum + outcome.tried, 0);
  expect(tried).toBeGreaterThan(400);
}, 60_000);
