/**
 * Whole training runs, step by step, against PyTorch's.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Tensor } from "chainrule";
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  fromTypedArray,
  nn,
  noGrad,
  optim,
  tensor,
} from "chainrule";
import { describe, expect, test } from "vitest";

interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Run {
  readonly id: string;
  readonly data: { readonly name: string; readonly divide?: number };
  readonly model: {
    readonly kind: string;
    readonly layers: readonly { readonly layer: string; readonly args: readonly number[] }[];
  };
  readonly loss: string;
  readonly l2?: number;
  readonly optimizer: { readonly name: string; readonly kwargs: { readonly lr: number } };
  readonly batch: number | null;
  readonly stride?: number;
  readonly steps: number;
  readonly state_dict: Readonly<Record<string, GoldenTensor>>;
  readonly state_dict_after: Readonly<Record<string, GoldenTensor>>;
  readonly losses: readonly number[];
  readonly final: { readonly loss: number; readonly accuracy: number };
}

const text = gunzipSync(
  readFileSync(join(import.meta.dirname, "golden/curves.jsonl.gz")),
).toString();
const runs = text
  .split("\n")
  .filter((line) => line !== "")
  .map((line): Run => JSON.parse(line));

const layers: Record<string, (...args: number[]) => nn.Layer> = {
  Linear: (inFeatures, outFeatures) =>
    new nn.Linear(inFeatures!, outFeatures!, { dtype: "float64" }),
  ReLU: () => new nn.ReLU(),
  Tanh: () => new nn.Tanh(),
};
const losses: Record<string, (scores: Tensor, target: Tensor) => Tensor> = {
  cross_entropy: (scores, target) => crossEntropy(scores, target.to("int32")),
  binary_cross_entropy_with_logits: (scores, target) =>
    binaryCrossEntropyWithLogits(scores.squeeze(1), target),
};
const optimizers = { SGD: optim.SGD, Adam: optim.Adam, AdamW: optim.AdamW };

const toTensor = ({ shape, data }: GoldenTensor): Tensor =>
  fromTypedArray(Float64Array.from(data), shape);

/** Inputs, scaled as the run says, and targets. */
function readData({ name, divide }: Run["data"]): { inputs: number[][]; targets: number[] } {
  const file = join(import.meta.dirname, `../../../docs/data/${name}.csv`);
  const rows = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").map(Number));
  const targets = rows.map((row) => row.at(-1)!);
  const inputs = rows.map((row) => row.slice(0, -1));
  if (divide !== undefined)
    return { inputs: inputs.map((row) => row.map((x) => x / divide)), targets };
  const columns = inputs[0]!.map((_, column) => inputs.map((row) => row[column]!));
  const scale = columns.map((column) => {
    const mean = column.reduce((sum, x) => sum + x, 0) / column.length;
    const variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / column.length;
    return { mean, deviation: Math.sqrt(variance) };
  });
  return {
    inputs: inputs.map((row) => row.map((x, i) => (x - scale[i]!.mean) / scale[i]!.deviation)),
    targets,
  };
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-8 * Math.max(1, Math.abs(b));
}

describe("training runs", () => {
  const known = runs.filter(
    (run) =>
      run.model.kind === "Sequential" &&
      run.model.layers.every(({ layer }) => layer in layers) &&
      run.loss in losses &&
      run.optimizer.name in optimizers,
  );

  test("the multilayer perceptrons are among them", () => {
    expect(known.map((run) => run.id)).toEqual(["digits-mlp", "iris-mlp", "cancer-logistic"]);
  });

  test.each(known.map((run) => [run.id, run] as const))("%s", (_id, run) => {
    const { inputs, targets } = readData(run.data);
    const x = tensor(inputs, { dtype: "float64" });
    const y = tensor(targets, { dtype: "float64" });
    const model = new nn.Sequential(
      ...run.model.layers.map(({ layer, args }) => layers[layer]!(...args)),
    );
    const state = (dict: Run["state_dict"]) =>
      Object.fromEntries(Object.entries(dict).map(([name, value]) => [name, toTensor(value)]));
    model.loadStateDict(state(run.state_dict));
    const Kind = optimizers[run.optimizer.name as keyof typeof optimizers];
    const optimizer = new Kind(model.parameters(), run.optimizer.kwargs);
    const criterion = losses[run.loss]!;
    const lossOf = (rows: readonly number[] | null): Tensor => {
      const index = rows === null ? null : tensor(rows, { dtype: "int32" });
      const part = (all: Tensor): Tensor => (index === null ? all : all.indexSelect(0, index));
      const loss = criterion(model.forward(part(x)), part(y));
      if (run.l2 === undefined) return loss;
      const weights = model.namedParameters().filter(([name]) => name.endsWith("weight"));
      return weights.reduce(
        (sum, [, w]) =>
          sum.add(
            w
              .square()
              .sum()
              .mul(run.l2! / 2),
          ),
        loss,
      );
    };
    const problems: string[] = [];
    for (let step = 0; step < run.steps; step++) {
      const { batch, stride = 1 } = run;
      const rows =
        batch === null
          ? null
          : Array.from({ length: batch }, (_, j) => ((step * batch + j) * stride) % inputs.length);
      optimizer.zeroGrad();
      const loss = lossOf(rows);
      loss.backward();
      optimizer.step();
      const expected = run.losses[step]!;
      if (!near(loss.item(), expected))
        problems.push(`loss ${step}: ${loss.item()}, not ${expected}`);
    }
    const after = state(run.state_dict_after);
    for (const [name, parameter] of model.namedParameters()) {
      const most = parameter.detach().sub(after[name]!).abs().max().item();
      if (!(most <= 1e-8)) problems.push(`${name} is off by ${most}`);
    }
    noGrad(() => {
      const loss = lossOf(null).item();
      if (!near(loss, run.final.loss)) problems.push(`final loss ${loss}, not ${run.final.loss}`);
      const scores = model.eval().forward(x);
      const predicted = scores.size(1) === 1 ? scores.squeeze(1).gt(0) : scores.argmax(1);
      const accuracy = predicted.to("float64").eq(y).to("float64").mean().item();
      if (!near(accuracy, run.final.accuracy)) problems.push(`accuracy ${accuracy}`);
    });
    expect(problems).toEqual([]);
  });
});
