/**
 * The variables of a transform: what a function is differentiated by.
 */
import { toTensor } from "../creation.ts";
import { isFloating } from "../dtype.ts";
import { ArgumentError, checkInteger, GradError, quoted } from "../errors.ts";
import { enableGrad } from "../graph/mode.ts";
import { latestNode } from "../graph/node.ts";
import { alias } from "../ops/alias.ts";
import { Tensor } from "../tensor.ts";
import { batchedLikeBody } from "./batching.ts";
import { leavesOf, rebuilt } from "./structure.ts";

/** Which argument a transform differentiates by. */
export interface ArgumentChoice {
  /** Its place; the first, 0, unless given. */
  argument?: number;
}

/** A function applied to arguments, one of which was replaced by variables. */
export interface TracedCall {
  /** The argument as it was given: the nesting of the variables. */
  readonly structure: unknown;
  readonly variables: readonly Tensor[];
  /** What the function returned. */
  readonly value: unknown;
  /**
   * Whether someone else differentiates through this call: the argument already took part in a graph, or the function
   * reads tensors that do. What is computed from the value must then stay in the graph.
   */
  readonly isNested: boolean;
  /** The latest node before the call: none up to it depends on the variables. */
  readonly before: number;
}

/** Calls `f` with one argument replaced by variables, and finds out what its value depends on. */
export function trace(
  where: string,
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  choice: ArgumentChoice = {},
): TracedCall {
  if (typeof f !== "function")
    throw new ArgumentError(`${where}: expected a function, not ${quoted(f)}.`);
  const at = checkInteger(where, "argument", choice.argument ?? 0, 0);
  if (at >= args.length) {
    throw new ArgumentError(
      `${where}: argument ${at} is to be differentiated, but only ${args.length} were given.`,
      {
        argument: at,
      },
    );
  }
  const structure = args[at];
  const leaves = leavesOf(where, structure);
  // A plain number beside float64 is meant to be as precise.
  const isDouble = [...leaves, ...args].some((x) => x instanceof Tensor && x.dtype === "float64");
  const given = leaves.map((leaf) => toTensor(where, leaf, isDouble ? "float64" : undefined));
  const before = latestNode();
  const variables = given.map((leaf) => toVariable(where, leaf));
  const call = args.slice();
  call[at] = rebuilt(structure, variables);
  const value = enableGrad(() => f(...(call as never[])));
  const isNested =
    given.some((leaf) => leaf.requiresGrad) || reachesOthers(leavesIn(value), variables);
  return { structure, variables, value, isNested, before };
}

function leavesIn(value: unknown): readonly Tensor[] {
  if (value instanceof Tensor) return [value];
  return leavesOf("grad", value ?? []).filter((leaf) => leaf instanceof Tensor);
}

/**
 * A variable to differentiate by: linked to `x` where that takes part in a graph of its own, a new leaf otherwise, so
 * that two arguments that are the same tensor are still two variables. Inside `vmap` every sample has a variable of its
 * own, also of what is the same for all of them: gradients come out sample by sample.
 */
function toVariable(where: string, x: Tensor): Tensor {
  if (!isFloating(x.dtype)) {
    throw new GradError(
      `${where}: an argument has dtype ${x.dtype}; only float32 and float64 have gradients. Convert it first.`,
      { dtype: x.dtype },
    );
  }
  if (x.requiresGrad) return enableGrad(() => alias(batchedLikeBody(x)));
  const leaf = batchedLikeBody(x).detach();
  leaf.requiresGrad = true;
  return leaf;
}

/** Whether values depend on a leaf with requiresGrad other than the variables. */
function reachesOthers(values: readonly Tensor[], variables: readonly Tensor[]): boolean {
  const own = new Set(variables);
  const seen = new Set();
  const stack: Tensor[] = values.slice();
  for (let tensor = stack.pop(); tensor !== undefined; tensor = stack.pop()) {
    if (!tensor.requiresGrad || own.has(tensor)) continue;
    if (tensor.node === null) return true;
    if (seen.has(tensor.node)) continue;
    seen.add(tensor.node);
    stack.push(...tensor.node.operands);
  }
  return false;
}
