/**
 * The reference workloads of `problems.ts` on Chainrule.
 */
import type { DType, Tensor } from "@chainrule/core";
import type { Engine } from "../engine.ts";
import { gradientError } from "../gradient.ts";
import type { Kind, Numbers, Problem } from "../problems.ts";
import { growing, problems } from "../problems.ts";
import type { PreparedWorkload, Workload } from "../workload.ts";
import { models } from "./models.ts";

function toTensor({ core }: Engine, { shape, data }: Numbers, dtype: DType): Tensor {
  const x = core.fromTypedArray(data, shape);
  return data instanceof Float32Array ? x.to(dtype) : x;
}

function dataOf(engine: Engine, problem: Problem, dtype: DType): Record<string, Tensor> {
  const entries = Object.entries(problem.arrays().data);
  return Object.fromEntries(
    entries.map(([name, numbers]) => [name, toTensor(engine, numbers, dtype)]),
  );
}

/** `compiled`: what a step computes, forward and backward, is compiled. */
type Prepare = (
  engine: Engine,
  problem: Problem,
  dtype: DType,
  compiled: boolean,
) => PreparedWorkload;

/** The function compiled, if it is to be; builds of Chainrule from before there was `compile` call it as it is. */
function compiledIf<Args extends readonly unknown[], Value>(
  compiled: boolean,
  { core }: Engine,
  f: (...args: Args) => Value,
): (...args: Args) => Value {
  const { compile } = core as Partial<Pick<typeof core, "compile">>;
  return compiled && compile !== undefined ? compile(f) : f;
}

const train: Prepare = (engine, problem, dtype, compiled) => {
  const { core, optim } = engine;
  const { optimizer: name, lr } = problem.training!;
  const model = models[problem.kind]!(engine, problem, dtype);
  const parameters = [...model.parameters()];
  const initial = problem.arrays().parameters;
  if (initial.length !== parameters.length)
    throw new Error(`${problem.name}: ${initial.length} for ${parameters.length} parameters`);
  core.noGrad(() => {
    for (const [i, parameter] of parameters.entries())
      parameter.copy_(toTensor(engine, initial[i]!, dtype));
  });
  const data = dataOf(engine, problem, dtype);
  const optimizer = new optim[name](parameters, { lr });
  const differentiate = (given: typeof data): Tensor => {
    const loss = model.loss(given);
    loss.backward();
    return loss;
  };
  const lossAndGradients = compiledIf(compiled, engine, differentiate);
  const step = (): Tensor => {
    optimizer.zeroGrad();
    const loss = lossAndGradients(data);
    optimizer.step();
    return loss;
  };
  return {
    step: () => core.scope(() => void step()),
    error: () => gradientError(engine, parameters, () => model.loss(data)),
    results: () => Array.from({ length: 5 }, () => step().item()),
  };
};

/** C = A·B. */
const matmul: Prepare = (engine, problem, dtype) => {
  const { core } = engine;
  const { transposed } = problem.settings;
  const { a, b } = dataOf(engine, problem, dtype) as Record<"a" | "b", Tensor>;
  const left = transposed === "A" ? a.mT : a;
  const right = transposed === "B" ? b.mT : b;
  return {
    step: () => void left.matmul(right),
    // (A·B)·x = A·(B·x), which sees every element of the product.
    error: () => {
      const x = core.randn([a.shape.at(-1)!, 1], { dtype });
      const apart = left.matmul(right.matmul(x));
      const difference = left.matmul(right).matmul(x).sub(apart);
      return difference.abs().max().item() / apart.abs().max().item();
    },
    results: () => [left.matmul(right).square().mean().item()],
  };
};

/** What the engine itself costs. */
const chain: Prepare = (engine, { settings }, dtype, compiled) => {
  const { core } = engine;
  const nodes = settings.nodes as number;
  const last = (x: Tensor): Tensor => {
    let y = x;
    for (let i = 0; i < nodes; i += 2) y = y.mul(1.0001).add(0.0001);
    return y;
  };
  const slope = compiledIf(compiled, engine, core.grad(last));
  const run = (): number => {
    if (compiled) return slope(core.tensor(1, { dtype })).item();
    const x = core.tensor(1, { dtype, requiresGrad: true });
    last(x).backward();
    return x.grad!.item();
  };
  return {
    step: () => void run(),
    error: () => run() - 1.0001 ** (nodes / 2),
    results: () => [run()],
  };
};

/** Memory and elementary functions. */
const pointwise: Prepare = (engine, problem, dtype, compiled) => {
  const x = dataOf(engine, problem, dtype).x!;
  x.requiresGrad = true;
  const loss = (): Tensor => x.mul(2).add(1).tanh().mul(x.sigmoid()).sum();
  const differentiate = (): Tensor => {
    const sum = loss();
    sum.backward();
    return sum;
  };
  const lossAndGradient = compiledIf(compiled, engine, differentiate);
  const step = (): Tensor => {
    x.grad = null;
    return lossAndGradient();
  };
  return {
    step: () => engine.core.scope(() => void step()),
    error: () => gradientError(engine, [x], loss, 1e-4),
    results: () => [step().item(), x.grad!.square().mean().item()],
  };
};

const preparations: { readonly [K in Kind]: Prepare } = {
  matmul,
  chain,
  pointwise,
  mlp: train,
  cnn: train,
  gpt: train,
  lstm: train,
};

/** A problem as a workload of this engine, compiled or not. */
export function workloadOf(problem: Problem, compiled: boolean): Workload {
  return {
    ...problem,
    name: compiled ? `${problem.name}-compiled` : problem.name,
    prepare: (engine, dtype) => preparations[problem.kind](engine, problem, dtype, compiled),
  };
}

export const references: readonly Workload[] = problems.flatMap((problem) => [
  workloadOf(problem, false),
  // A product by itself is one call either way.
  ...(problem.kind === "matmul" ? [] : [workloadOf(problem, true)]),
]);
export const growths: readonly Workload[] = growing.map((problem) => workloadOf(problem, false));
