import type { Tensor } from "@chainrule/core";
import { embedding } from "@chainrule/core";
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  ASGD,
  clipGradNorm_,
  clipGradValue_,
  LBFGS,
  NAdam,
  RAdam,
  RMSprop,
  Rprop,
  SGD,
  SparseAdam,
} from "@chainrule/optim";
import { describe, expect, test } from "vitest";
import type { GoldenTensor } from "./golden.ts";
import { camelCased, differences, readCases, toTensor } from "./golden.ts";

interface Problem {
  readonly kind: "problem";
  readonly id: string;
  readonly params: Readonly<Record<string, GoldenTensor>>;
  readonly data: Readonly<Record<string, GoldenTensor>>;
}

interface Trajectory {
  readonly kind: "trajectory";
  readonly id: string;
  readonly optimizer: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly param_groups: readonly ({ readonly params: readonly string[] } & Record<
    string,
    unknown
  >)[];
  readonly problem: string;
  readonly steps: number;
  readonly losses: readonly number[];
  readonly first_gradient?: GoldenRows;
  readonly function_evaluations?: readonly number[];
  readonly params_after: Readonly<Record<string, Readonly<Record<string, GoldenTensor>>>>;
}

interface Clip {
  readonly kind: "clip_grad_norm_" | "clip_grad_value_";
  readonly grads: readonly GoldenTensor[];
  readonly max_norm: number;
  readonly norm_type: number | string;
  readonly clip_value: number;
  readonly total_norm: number | string;
  readonly grads_after: readonly GoldenTensor[];
}

const cases = readCases<Problem | Trajectory | Clip>("optimizers.jsonl.gz");
const optimizers = {
  SGD,
  Adagrad,
  Adadelta,
  RMSprop,
  Adam,
  AdamW,
  Adamax,
  NAdam,
  RAdam,
  ASGD,
  Rprop,
  SparseAdam,
  LBFGS,
};

interface Started {
  readonly parameters: Readonly<Record<string, Tensor>>;
  readonly loss: (step: number) => Tensor;
}

function parametersOf({ params }: Problem): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, toTensor(value).requiresGrad_()]),
  );
}

const start: Record<string, (problem: Problem) => Started> = {
  /** mean((tanh(x·w1ᵀ + b1)·w2ᵀ + b2 − y)²) */
  "tanh-net": (problem) => {
    const parameters = parametersOf(problem);
    const { w1, b1, w2, b2 } = parameters as Record<"w1" | "b1" | "w2" | "b2", Tensor>;
    const x = toTensor(problem.data.x!);
    const y = toTensor(problem.data.y!);
    const loss = (): Tensor =>
      x.matmul(w1.T).add(b1).tanh().matmul(w2.T).add(b2).sub(y).square().mean();
    return { parameters, loss };
  },
  /** mean((Σ weight[index] − y)²), with a row-sparse gradient */
  embedding: (problem) => {
    const parameters = parametersOf(problem);
    const index = toTensor(problem.data.index!).to("int32");
    const y = toTensor(problem.data.y!);
    const loss = (step: number): Tensor =>
      embedding(index.at(step % index.shape[0]!), parameters.weight!, { sparse: true })
        .sum(1)
        .sub(y)
        .square()
        .mean();
    return { parameters, loss };
  },
};

interface GoldenRows {
  readonly indices: GoldenTensor;
  readonly values: GoldenTensor;
}

/** How a row-sparse gradient differs from the one in the file. */
function ofRows(gradient: Tensor, expected: GoldenRows): string[] {
  const { indices, values } = gradient.sparseRows()!;
  return [
    ...differences("rows", indices.toTypedArray(), expected.indices.data, 0),
    ...differences("values", values.toTypedArray(), expected.values.data, 1e-10),
  ];
}

describe("trajectories", () => {
  const trajectories = cases.filter((one): one is Trajectory => one.kind === "trajectory");
  const byName = new Map(
    cases.filter((one): one is Problem => one.kind === "problem").map((one) => [one.id, one]),
  );
  const known = trajectories.filter((one) => one.optimizer in optimizers);

  test("there are as many as the file should hold", () => {
    expect(known.length).toBe(71);
    expect(trajectories.length).toBe(71);
  });

  test.each(known.map((one) => [one.id, one] as const))("%s", (_id, one) => {
    const { parameters, loss } = start[one.problem]!(byName.get(one.problem)!);
    const groups = one.param_groups.map(({ params, ...own }) => ({
      ...camelCased(own),
      params: params.map((name) => parameters[name]!),
    }));
    const Kind = optimizers[one.optimizer as keyof typeof optimizers];
    const optimizer = new Kind(groups, camelCased(one.kwargs) as { lr: number });
    const problems: string[] = [];
    for (let step = 0; step < one.steps; step++) {
      const evaluate = (): Tensor => {
        optimizer.zeroGrad();
        const value = loss(step);
        value.backward();
        return value;
      };
      let value: Tensor;
      if (optimizer instanceof LBFGS) {
        value = optimizer.step(evaluate);
        expect(optimizer.functionEvaluations).toBe(one.function_evaluations![step]);
      } else {
        value = evaluate();
        if (step === 0 && one.first_gradient !== undefined)
          problems.push(...ofRows(parameters.weight!.grad!, one.first_gradient));
        optimizer.step();
      }
      problems.push(...differences(`loss ${step}`, [value.item()], [one.losses[step]!], 1e-10));
      for (const [name, expected] of Object.entries(one.params_after[step + 1] ?? {})) {
        const found = parameters[name]!.toTypedArray();
        problems.push(...differences(`${name} after ${step + 1}`, found, expected.data, 1e-10));
      }
    }
    expect(problems).toEqual([]);
  });
});

describe("clipping", () => {
  const clips = cases.filter((one): one is Clip => one.kind.startsWith("clip"));

  test.each(clips.map((one, i) => [`${one.kind} ${i}`, one] as const))("%s", (_name, one) => {
    const parameters = one.grads.map((golden) => {
      const gradient = toTensor(golden);
      const parameter = gradient.mul(0).detach().requiresGrad_();
      parameter.grad = gradient;
      return parameter;
    });
    const problems: string[] = [];
    if (one.kind === "clip_grad_norm_") {
      const norm = clipGradNorm_(parameters, one.max_norm, { normType: Number(one.norm_type) });
      problems.push(...differences("norm", [norm], [one.total_norm], 1e-10));
    } else {
      clipGradValue_(parameters, one.clip_value);
    }
    for (const [i, expected] of one.grads_after.entries()) {
      const found = parameters[i]!.grad!.toTypedArray();
      problems.push(...differences(`gradient ${i}`, found, expected.data, 1e-10));
    }
    expect(problems).toEqual([]);
  });
});
