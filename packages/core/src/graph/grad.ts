/**
 * Gradients of functions: `grad(f)` and `valueAndGrad(f)`.
 */
import { toTensor, zerosLike } from "../creation.ts";
import { isFloating } from "../dtype.ts";
import { ArgumentError, checkInteger, GradError, quoted } from "../errors.ts";
import { alias } from "../ops/alias.ts";
import { formatShape } from "../shape.ts";
import type { Tensors } from "../structure.ts";
import { leavesOf, rebuilt } from "../structure.ts";
import { Tensor } from "../tensor.ts";
import type { GradOptions } from "./backward.ts";
import { gradients } from "./backward.ts";
import { enableGrad } from "./mode.ts";

/** Options of the functional `grad` and `valueAndGrad`. */
export interface ArgumentChoice {
  /** Which argument to differentiate with respect to; the first, 0, unless given. */
  argument?: number;
}

/**
 * The gradients of outputs with respect to inputs, or the gradient of a function.
 *
 * `grad(outputs, inputs, options)` gives ∂(Σ cotangentᵢ·outputᵢ)/∂input for each input as new tensors, one if `inputs` is
 * one tensor; no `grad` field is touched.
 *
 * `grad(f)` is a function of the same arguments that gives the gradient of `f`'s single number with respect to its first
 * argument, which may be a tensor, a number, or arrays and plain objects of them; the result has the same nesting.
 * Applied again, it gives derivatives of higher order.
 *
 * @throws {GradError} when an output does not require gradients, an input is not part of its graph, or `f` does not give
 * a single number.
 * @example
 * import { grad, tensor } from "@chainrule/core";
 * const x = tensor(3, { requiresGrad: true });
 * grad(x.mul(x), x); // → tensor(6)
 * const cube = (x) => x.mul(x).mul(x);
 * grad(cube)(2); // → tensor(12)
 * grad(grad(cube))(2); // → tensor(12)
 * const loss = ({ w, b }) => w.mul(3).add(b).square();
 * grad(loss)({ w: 1, b: 2 }).w; // → tensor(30)
 */
export function grad<Args extends readonly never[] | readonly unknown[]>(
  f: (...args: Args) => Tensor,
  choice?: ArgumentChoice,
): (...args: GradArguments<Args>) => Tensors<Args[0]>;
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor,
  options: GradOptions & { allowUnused: true },
): Tensor | null;
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor,
  options?: GradOptions,
): Tensor;
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions & { allowUnused: true },
): (Tensor | null)[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options?: GradOptions,
): Tensor[];
export function grad(first: unknown, second?: unknown, options?: GradOptions): unknown {
  if (typeof first === "function") {
    const differentiate = valueAndGrad(
      first as (...args: unknown[]) => Tensor,
      second as ArgumentChoice | undefined,
    );
    return (...args: unknown[]) => differentiate(...(args as never[])).grad;
  }
  const found = gradients(
    first as Tensor | readonly Tensor[],
    second as Tensor | readonly Tensor[],
    options,
  );
  return second instanceof Tensor ? found[0] : found;
}

/** The arguments of `grad(f)`: those of `f`, with numbers welcome where it takes tensors. */
export type GradArguments<Args extends readonly unknown[]> = {
  [K in keyof Args]: Loosened<Args[K]>;
};

/** Numbers accepted for tensors. */
export type Loosened<T> = T extends Tensor
  ? Tensor | number
  : T extends readonly unknown[]
    ? { readonly [K in keyof T]: Loosened<T[K]> }
    : T extends (...args: never[]) => unknown
      ? T
      : T extends object
        ? { readonly [K in keyof T]: Loosened<T[K]> }
        : T;

/**
 * As `grad(f)`, with the value of `f` beside the gradient.
 *
 * @example
 * import { valueAndGrad } from "@chainrule/core";
 * const { value, grad } = valueAndGrad((x) => x.square())(3);
 * value.item(); // → 9
 * grad.item(); // → 6
 */
export function valueAndGrad<Args extends readonly never[] | readonly unknown[]>(
  f: (...args: Args) => Tensor,
  choice: ArgumentChoice = {},
): (...args: GradArguments<Args>) => { value: Tensor; grad: Tensors<Args[0]> } {
  if (typeof f !== "function")
    throw new ArgumentError(`valueAndGrad: expected a function, not ${quoted(f)}.`);
  const at = checkInteger("grad", "argument", choice.argument ?? 0, 0);
  return (...args) => {
    if (at >= args.length) {
      throw new ArgumentError(
        `grad: argument ${at} is to be differentiated, but only ${args.length} were given.`,
        {
          argument: at,
        },
      );
    }
    const structure: unknown = args[at];
    const given = leavesOf("grad", structure).map((leaf) => toTensor("grad", leaf));
    const variables = given.map(toVariable);
    const call = args.slice() as unknown[];
    call[at] = rebuilt(structure, variables);
    const value = enableGrad(() => f(...(call as unknown as Args)));
    checkSingleNumber(value);
    // Someone else differentiates through this call if the arguments already took part in a graph, or if the function
    // reads tensors that do: their gradients must then be able to flow through the gradient computed here.
    const createGraph =
      given.some((leaf) => leaf.requiresGrad) ||
      (value.node !== null && reachesOthers(value, variables));
    const found = value.requiresGrad
      ? gradients([value], variables, { createGraph, retainGraph: createGraph, allowUnused: true })
      : variables.map(() => null);
    const filled = found.map((gradient, i) => gradient ?? zerosLike(variables[i]!));
    const ownOnly = !createGraph && value.node !== null;
    return { value: ownOnly ? value.detach() : value, grad: rebuilt(structure as Args[0], filled) };
  };
}

/**
 * A variable to differentiate by: linked to `x` where that takes part in a graph of its own, a new leaf otherwise, so
 * that two arguments that are the same tensor are still two variables.
 */
function toVariable(x: Tensor): Tensor {
  if (!isFloating(x.dtype)) {
    throw new GradError(
      `grad: an argument has dtype ${x.dtype}; only float32 and float64 have gradients. Convert it first.`,
      {
        dtype: x.dtype,
      },
    );
  }
  if (x.requiresGrad) return enableGrad(() => alias(x));
  const leaf = x.detach();
  leaf.requiresGrad = true;
  return leaf;
}

function checkSingleNumber(value: unknown): asserts value is Tensor {
  if (!(value instanceof Tensor)) {
    throw new GradError(`grad: the function must return a tensor, not ${quoted(value)}.`);
  }
  if (value.numel() !== 1) {
    throw new GradError(
      `grad: the function must return a single number, not shape ${formatShape(value.shape)}. Reduce it with sum or mean.`,
      { shape: value.shape },
    );
  }
}

/** Whether the value depends on a leaf with requiresGrad other than the variables. */
function reachesOthers(value: Tensor, variables: readonly Tensor[]): boolean {
  const own = new Set(variables);
  const seen = new Set([value.node]);
  const stack = [value.node!];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (const operand of node.operands) {
      if (!operand.requiresGrad || own.has(operand)) continue;
      if (operand.node === null) return true;
      if (!seen.has(operand.node)) {
        seen.add(operand.node);
        stack.push(operand.node);
      }
    }
  }
  return false;
}
