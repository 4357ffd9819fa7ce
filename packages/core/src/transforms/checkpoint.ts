/**
 * Recomputing instead of remembering.
 */
import { ArgumentError, GradError, quoted } from "../errors.ts";
import { gradients } from "../graph/backward.ts";
import { capture } from "../graph/capture.ts";
import { enableGrad, isGradEnabled, noGrad } from "../graph/mode.ts";
import type { GraphNode, NodeOp } from "../graph/node.ts";
import { latestNode } from "../graph/node.ts";
import { inTopologicalOrder } from "../graph/order.ts";
import { alias } from "../ops/alias.ts";
import type { GeneratorState } from "../random/generator.ts";
import { defaultGenerator } from "../random/generator.ts";
import { recordResults } from "../record.ts";
import { Tensor } from "../tensor.ts";
import { leavesOf, rebuilt } from "./structure.ts";

/** Runs `body` with the default generator in a given state, and puts its own state back. */
function withGeneratorState<T>(state: GeneratorState, body: () => T): T {
  const before = defaultGenerator.getState();
  defaultGenerator.setState(state);
  try {
    return body();
  } finally {
    defaultGenerator.setState(before);
  }
}

/**
 * Computes `f(...args)` without keeping what its ops saved; the backward pass computes it a second time, with the same
 * random numbers. Memory for time: a chain of n equal parts needs the memory of one part and its n inputs.
 *
 * `f` must give the same results when called again. It takes and returns tensors (or arrays and plain objects of them)
 * and may use tensors from outside, such as parameters: they get their gradients too.
 *
 * In a function that is compiled it is `f` itself.
 *
 * Source: Chen, Xu, Zhang & Guestrin, "Training deep nets with sublinear memory cost", 2016.
 *
 * @throws {GradError} when the second computation gives other shapes than the first.
 * @example
 * import { checkpoint, tensor } from "@chainrule/core";
 * import type { Tensor } from "@chainrule/core";
 * const x = tensor([1, 2], { requiresGrad: true });
 * const y = checkpoint((t: Tensor) => t.mul(t).mul(t), x);
 * y.sum().backward();
 * x.grad; // → tensor([3, 12])
 */
export function checkpoint<Args extends readonly unknown[], Value>(
  f: (...args: Args) => Value,
  ...args: Args
): Value {
  if (typeof f !== "function")
    throw new ArgumentError(`checkpoint: expected a function, not ${quoted(f)}.`);
  // A compiled function gives memory back by itself.
  if (!isGradEnabled() || capture !== null) return f(...args);
  const leaves = leavesOf("checkpoint", args);
  const given = leaves.filter((leaf): leaf is Tensor => leaf instanceof Tensor);
  const state = defaultGenerator.getState();
  const before = latestNode();

  const call = (inputs: readonly Tensor[]): Value => {
    let next = 0;
    const all = leaves.map((leaf) => (leaf instanceof Tensor ? inputs[next++]! : leaf));
    return f(...(rebuiltWithNumbers(args, all) as unknown as Args));
  };
  // The first computation is recorded only to see which tensors from outside take part; its graph is let go at once.
  const stand = given.map(standIn);
  const value = enableGrad(() => call(stand));
  const outputs = leavesOf("checkpoint", value) as Tensor[];
  const outside = tensorsFromOutside(outputs, stand, before);
  const results = outputs.map((output) => output.detach());
  const operands = [...given, ...outside];

  const op: NodeOp = {
    name: "checkpoint",
    formula: "y = f(x)",
    broadcasts: false,
    batch: null,
    repeat: null,
    vjp: (cotangents, node) => {
      const createGraph = isGradEnabled();
      const latest = latestNode();
      const inputs = given.map((_, i) => {
        const operand = node.operand(i);
        return createGraph && operand.requiresGrad ? alias(operand) : standIn(operand);
      });
      const again = withGeneratorState(state, () => enableGrad(() => call(inputs)));
      const recomputed = leavesOf("checkpoint", again) as Tensor[];
      checkSame(outputs, recomputed);
      const live = recomputed.flatMap((output, i) =>
        output.requiresGrad && cotangents[i] !== null ? [i] : [],
      );
      const variables = [...inputs, ...outside.map((_, i) => node.operand(given.length + i))];
      const wanted = variables.filter((variable) => variable.requiresGrad);
      if (live.length === 0 || wanted.length === 0) return variables.map(() => null);
      const found = gradients(
        live.map((i) => recomputed[i]!),
        wanted,
        { gradOutputs: live.map((i) => cotangents[i]!), createGraph, allowUnused: true },
        latest,
      );
      let next = 0;
      return variables.map((variable) => (variable.requiresGrad ? found[next++]! : null));
    },
  };
  recordResults(op, operands, {}, undefined, results);
  return rebuilt(value, results) as Value;
}

/** The same numbers as a leaf of its own. */
function standIn(x: Tensor): Tensor {
  const leaf = noGrad(() => x.detach());
  if (x.requiresGrad) leaf.requiresGrad = true;
  return leaf;
}

/** Tensors that require gradients, were made before, and went into the outputs without being arguments. */
function tensorsFromOutside(
  outputs: readonly Tensor[],
  own: readonly Tensor[],
  before: number,
): Tensor[] {
  const outside = new Set<Tensor>();
  const consider = (tensor: Tensor): void => {
    if (
      tensor.requiresGrad &&
      !own.includes(tensor) &&
      (tensor.node === null || tensor.node.id <= before)
    )
      outside.add(tensor);
  };
  outputs.forEach(consider);
  const roots = outputs.flatMap((output) => (output.node === null ? [] : [output.node]));
  const visit = (order: readonly GraphNode[]): void => {
    for (const node of order) node.operands.forEach(consider);
  };
  inTopologicalOrder(roots, visit, before);
  return [...outside];
}

function checkSame(first: readonly Tensor[], second: readonly Tensor[]): void {
  const shapes = (list: readonly Tensor[]): string =>
    list.map(({ shape }) => `[${shape.join(", ")}]`).join(", ");
  if (shapes(first) !== shapes(second)) {
    throw new GradError(
      `checkpoint: the function gave ${shapes(second)} when it was computed again, but ${shapes(first)} at first. It must do the same every time.`,
    );
  }
}

/** As `rebuilt`, for structures whose numbers stay numbers. */
function rebuiltWithNumbers(structure: unknown, leaves: readonly (Tensor | number)[]): unknown {
  return rebuilt(structure, leaves as readonly Tensor[]);
}
