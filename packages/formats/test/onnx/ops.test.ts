/**
 * Every op of the catalogue on its own samples: exported, and run by onnxruntime; imported again, it gives the same numbers
 * and the same gradients in double precision.
 */

import type { OpDefinition, PointwiseDefinition, Tensor } from "@chainrule/core";
import * as core from "@chainrule/core";
import { seededDraw } from "@chainrule/testing";
import { expect, test } from "vitest";
import { exportOnnx, importOnnx, OnnxExportError } from "../../src/onnx/index.ts";
import { difference, runOnnx, tensorsIn, withTensors } from "./runtime.ts";

type Definition = OpDefinition | PointwiseDefinition;
type OpFunction = ((...args: unknown[]) => unknown) & { readonly op: Definition };

const ops = Object.entries(core).filter(
  (entry): entry is [string, OpFunction] => typeof entry[1] === "function" && "op" in entry[1],
);

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
  erfinv: "wholly",
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

/**
 * Where onnxruntime fails on tensors without elements: orders, and matrix products, whose results over a length of 0 it
 * leaves as they were in memory.
 */
const neverEmpty = new Set([
  "addmm",
  "addmv",
  "argsort",
  "attention",
  "attentionGradient",
  "avgPool",
  "avgPoolInput",
  "baddbmm",
  "gruSequence",
  "gruSequenceGradient",
  "linear",
  "lstmSequence",
  "lstmSequenceGradient",
  "matmul",
  "rnnSequence",
  "rnnSequenceGradient",
  "sort",
]);

/** A call as a model of its tensors. */
interface Case {
  readonly inputs: readonly Tensor[];
  readonly model: (...given: Tensor[]) => Tensor[];
  readonly inputNames: readonly string[];
}

function caseOf(call: OpFunction, args: readonly unknown[]): Case {
  const inputs = tensorsIn(args);
  return {
    inputs,
    inputNames: inputs.map((_, i) => `x${i}`),
    model: (...given) => {
      let next = 0;
      return tensorsIn(call(...(withTensors(args, () => given[next++]!) as unknown[])));
    },
  };
}

/** A call for each sample of an op; each type gets others. */
function casesOf(name: string, call: OpFunction, dtype: "float32" | "float64"): Case[] {
  const converted = (x: Tensor): Tensor => (core.isFloating(x.dtype) ? x.to(dtype) : x);
  const seed = dtype === "float32" ? 1 : 101;
  const cases = call.op.samples.map((sample, s) =>
    caseOf(call, withTensors(sample(seededDraw(seed + s)), converted) as unknown[]),
  );
  return cases.filter(
    ({ inputs, model }) =>
      !(neverEmpty.has(name) && inputs.some((x) => x.numel() === 0)) && model(...inputs).length > 0,
  );
}

const namesOf = (count: number, letter: string): string[] =>
  Array.from({ length: count }, (_, i) => `${letter}${i}`);

/** The file, or `null` if the op is refused by name. */
function exported({ inputs, inputNames, model }: Case): Uint8Array | null {
  try {
    const outputNames = namesOf(model(...inputs).length, "y");
    return exportOnnx(model, inputs, { inputNames, outputNames });
  } catch (error) {
    if (error instanceof OnnxExportError && error.message.includes("no counterpart")) return null;
    throw error;
  }
}

const named = ({ inputNames }: Case, inputs: readonly Tensor[]): Record<string, Tensor> =>
  Object.fromEntries(inputs.map((x, i) => [inputNames[i]!, x]));

test.each(ops)(
  "%s: onnxruntime computes the same, or it is refused by name",
  async (name, call) => {
    let [tried, refused] = [0, 0];
    for (const one of casesOf(name, call, "float32")) {
      const file = exported(one);
      if (file === null) {
        refused++;
        continue;
      }
      tried++;
      const outputs = await runOnnx(file, named(one, one.inputs));
      for (const [i, y] of one.model(...one.inputs).entries())
        expect(difference(outputs[`y${i}`], y)).toBeNull();
    }
    const status = refused === 0 ? undefined : tried === 0 ? "wholly" : "partly";
    // What is only partly without counterpart may not have been drawn with these options.
    if (withoutCounterpart[name] !== "partly") expect(status).toBe(withoutCounterpart[name]);
  },
);

/** The gradients of Σ (k + 1 + y/4)·y over all results, for each floating input. */
function gradients(
  model: (...given: Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
): (Tensor | null)[] {
  const variables = inputs.map((x) => {
    const variable = x.clone().detach();
    variable.requiresGrad = core.isFloating(x.dtype);
    return variable;
  });
  const outputs = model(...variables).filter((y) => y.requiresGrad);
  const total = outputs
    .map((y, k) =>
      y
        .mul(
          y
            .detach()
            .div(4)
            .add(k + 1),
        )
        .sum(),
    )
    .reduce((a, b) => a.add(b), core.zeros([], { dtype: "float64" }));
  if (!total.requiresGrad) return inputs.map(() => null);
  const wanted = variables.filter((x) => x.requiresGrad);
  const found = core.grad([total], wanted, { allowUnused: true });
  return variables.map((x) => (x.requiresGrad ? found[wanted.indexOf(x)]! : null));
}

test.each(ops)("%s: imported again, the same numbers and gradients", (name, call) => {
  for (const one of casesOf(name, call, "float64")) {
    const file = exported(one);
    if (file === null) continue;
    const imported = importOnnx(file);
    const again = (...given: Tensor[]): Tensor[] => [...imported.run(named(one, given)).values()];
    const expected = one.model(...one.inputs);
    for (const [i, y] of again(...one.inputs).entries())
      expect(difference(y, expected[i]!, 1e-9)).toBeNull();
    const wanted = gradients(one.model, one.inputs);
    for (const [i, gradient] of gradients(again, one.inputs).entries()) {
      // The weights of classes have no gradient in the op; written out they have.
      const reference = wanted[i];
      if (reference === null || reference === undefined) continue;
      expect(difference(gradient ?? core.zerosLike(reference), reference, 1e-7)).toBeNull();
    }
  }
});
