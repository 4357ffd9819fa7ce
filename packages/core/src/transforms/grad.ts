/**
 * Gradients of functions: `grad(f)` and `valueAndGrad(f)`.
 */
import { zerosLike } from "../creation.ts";
import { GradError, quoted } from "../errors.ts";
import type { GradOptions } from "../graph/backward.ts";
import { gradients } from "../graph/backward.ts";
import { formatShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import type { Tensors } from "./structure.ts";
import { rebuilt } from "./structure.ts";
import type { ArgumentChoice } from "./variables.ts";
import { trace } from "./variables.ts";

/** The arguments of a transformed function: those of the function, with numbers welcome where it takes tensors. */
export type LooseArguments<Args extends readonly unknown[]> = {
  [K in keyof Args]: Loosened<Args[K]>;
};

/** Numbers accepted for tensors. */
export type Loosened<T> = [number] extends [T]
  ? T
  : T extends Tensor
    ? Tensor | number
    : T extends readonly unknown[]
      ? { readonly [K in keyof T]: Loosened<T[K]> }
      : T extends (...args: never[]) => unknown
        ? T
        : T extends object
          ? { readonly [K in keyof T]: Loosened<T[K]> }
          : T;

/**
 * The gradients of outputs with respect to inputs, or the gradient of a function.
 *
 * `grad(outputs, inputs, options)` gives ∂(Σ cotangentᵢ·outputᵢ)/∂input for each input as new tensors, one if `inputs` is
 * one tensor; no `grad` field is touched.
 *
 * `grad(f)` is a function of the same arguments that gives the gradient of `f`'s single number with respect to its first
 * argument (or `{ argument: n }`), which may be a tensor, a number, or arrays and plain objects of them; the result has
 * the same nesting. Applied again, it gives derivatives of higher order.
 *
 * @throws {GradError} when an output does not require gradients, an input is not part of its graph, or `f` does not give
 * a single number.
 * @example
 * import { grad, tensor } from "@chainrule/core";
 * import type { Tensor } from "@chainrule/core";
 * const x = tensor(3, { requiresGrad: true });
 * grad(x.mul(x), x); // → tensor(6)
 * const cube = (x: Tensor) => x.mul(x).mul(x);
 * grad(cube)(2); // → tensor(12)
 * grad(grad(cube))(2); // → tensor(12)
 * const loss = ({ w, b }: { w: Tensor; b: Tensor }) => w.mul(3).add(b).mul(w);
 * grad(loss)({ w: 1, b: 2 }).w; // → tensor(8)
 */
export function grad<Args extends readonly never[] | readonly unknown[]>(
  f: (...args: Args) => Tensor,
  choice?: ArgumentChoice,
): (...args: LooseArguments<Args>) => Tensors<Args[0]>;
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

/**
 * As `grad(f)`, with the value of `f` beside the gradient.
 *
 * @throws {GradError} when `f` does not give a single number.
 * @example
 * import { valueAndGrad } from "@chainrule/core";
 * import type { Tensor } from "@chainrule/core";
 * const { value, grad } = valueAndGrad((x: Tensor) => x.mul(x))(3);
 * value.item(); // → 9
 * grad.item(); // → 6
 */
export function valueAndGrad<Args extends readonly never[] | readonly unknown[]>(
  f: (...args: Args) => Tensor,
  choice?: ArgumentChoice,
): (...args: LooseArguments<Args>) => { value: Tensor; grad: Tensors<Args[0]> } {
  return (...args) => {
    const { structure, variables, value, isNested, before } = trace("grad", f, args, choice);
    if (!(value instanceof Tensor)) {
      throw new GradError(`grad: the function must return a tensor, not ${quoted(value)}.`);
    }
    if (value.numel() !== 1) {
      throw new GradError(
        `grad: the function must return a single number, not shape ${formatShape(value.shape)}. Reduce it with sum or mean.`,
        { shape: value.shape },
      );
    }
    const found = value.requiresGrad
      ? gradients([value], variables, { createGraph: isNested, allowUnused: true }, before)
      : variables.map(() => null);
    const filled = found.map((gradient, i) => gradient ?? zerosLike(variables[i]!));
    return {
      value: isNested ? value : value.detach(),
      grad: rebuilt(structure as Args[0], filled),
    };
  };
}
