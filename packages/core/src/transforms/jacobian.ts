/**
 * Whole matrices of derivatives: the Jacobian and the Hessian.
 */
import { newTensor, zerosLike } from "../creation.ts";
import { ArgumentError, checkOptions, GradError, quoted } from "../errors.ts";
import { gradients } from "../graph/backward.ts";
import { pushForward } from "../graph/forward.ts";
import { reshape } from "../ops/reshape.ts";
import { stack } from "../ops/stack.ts";
import { transpose } from "../ops/transpose.ts";
import { elementCount } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import type { LooseArguments } from "./grad.ts";
import { grad } from "./grad.ts";
import type { Tensors } from "./structure.ts";
import { leavesOf, rebuilt } from "./structure.ts";
import type { ArgumentChoice } from "./variables.ts";
import { trace } from "./variables.ts";

/** Options of {@link jacobian}. */
export interface JacobianOptions extends ArgumentChoice {
  /**
   * `"reverse"`: one backward pass for each element of the output; cheaper when there are fewer of them than of the
   * input, and the default. `"forward"`: one forward pass for each element of the input.
   */
  mode?: "reverse" | "forward";
}

/**
 * The Jacobian of a function: for an argument of shape [a…] and a value of shape [v…], a tensor of shape [v…, a…] that
 * holds ∂valueᵢ/∂argumentⱼ. An argument that is an array or a plain object gives one such tensor for each of its tensors.
 *
 * @throws {GradError} when `f` does not return one tensor.
 * @example
 * import { jacobian, tensor } from "@chainrule/core";
 * import type { Tensor } from "@chainrule/core";
 * const f = (x: Tensor) => x.mul(x);
 * jacobian(f)(tensor([1, 2])).toArray(); // → [ [ 2, 0 ], [ 0, 4 ] ]
 * jacobian(f, { mode: "forward" })(tensor([1, 2])).toArray(); // → [ [ 2, 0 ], [ 0, 4 ] ]
 */
export function jacobian<Args extends readonly never[] | readonly unknown[]>(
  f: (...args: Args) => Tensor,
  options: JacobianOptions = {},
): (...args: LooseArguments<Args>) => Tensors<Args[0]> {
  checkOptions("jacobian", options, ["mode", "argument"]);
  const { mode = "reverse", ...choice } = options;
  if (mode !== "reverse" && mode !== "forward") {
    throw new ArgumentError(`jacobian: mode must be "reverse" or "forward", not ${quoted(mode)}.`, {
      mode,
    });
  }
  return (...args) => {
    const { structure, variables, value, isNested, before } = trace("jacobian", f, args, choice);
    if (!(value instanceof Tensor)) {
      throw new GradError(`jacobian: the function must return one tensor, not ${quoted(value)}.`);
    }
    const matrices =
      mode === "reverse"
        ? rowByRow(value, variables, isNested, before)
        : columnByColumn(value, variables, isNested, before);
    return rebuilt(structure as Args[0], matrices);
  };
}

/** A tensor like `x` that is 1 at one place and 0 elsewhere. */
function unitVector(x: Tensor, place: number): Tensor {
  const unit = newTensor(x.dtype, x.shape);
  unit.storage.data[place] = 1;
  return unit;
}

function joined(parts: readonly Tensor[], like: Tensor, shape: readonly number[]): Tensor {
  return parts.length === 0 ? newTensor(like.dtype, shape) : reshape(stack(parts), shape);
}

function rowByRow(
  value: Tensor,
  variables: readonly Tensor[],
  createGraph: boolean,
  before: number,
): Tensor[] {
  const rows: (readonly Tensor[])[] = [];
  for (let i = 0; i < value.numel(); i++) {
    const row = value.requiresGrad
      ? gradients(
          [value],
          variables,
          { gradOutputs: unitVector(value, i), retainGraph: true, createGraph, allowUnused: true },
          before,
        )
      : variables.map(() => null);
    rows.push(row.map((gradient, k) => gradient ?? zerosLike(variables[k]!)));
  }
  return variables.map((variable, k) =>
    joined(
      rows.map((row) => row[k]!),
      variable,
      [...value.shape, ...variable.shape],
    ),
  );
}

function columnByColumn(
  value: Tensor,
  variables: readonly Tensor[],
  createGraph: boolean,
  before: number,
): Tensor[] {
  return variables.map((variable, k) => {
    const columns: Tensor[] = [];
    for (let j = 0; j < variable.numel(); j++) {
      const tangents = variables.map((other, i) =>
        i === k ? unitVector(other, j) : zerosLike(other),
      );
      columns.push(
        reshape(pushForward([value], variables, tangents, createGraph, before)[0]!, [
          value.numel(),
        ]),
      );
    }
    const shape = [...value.shape, ...variable.shape];
    if (columns.length === 0 || elementCount(shape) === 0) return newTensor(value.dtype, shape);
    return reshape(transpose(stack(columns), 0, 1), shape);
  });
}

/** The blocks of a Hessian: one for each pair of tensors in the argument. */
export type Blocks<T> = T extends Tensor | number
  ? Tensor
  : T extends readonly unknown[]
    ? { [K in keyof T]: { [L in keyof T]: Tensors<T[L]> } }
    : T extends object
      ? { [K in keyof T]: { [L in keyof T]: Tensors<T[L]> } }
      : never;

/**
 * The Hessian of a function that gives a single number: for an argument of shape [a…], a tensor of shape [a…, a…] that
 * holds ∂²f/∂xᵢ∂xⱼ. For an array or a plain object of tensors, `hessian(f)(x).w.b` is the block ∂²f/∂w∂b.
 *
 * @throws {GradError} when `f` does not give a single number.
 * @example
 * import { hessian, tensor } from "@chainrule/core";
 * import type { Tensor } from "@chainrule/core";
 * const f = (x: Tensor) => x.mul(x).mul(x).sum();
 * hessian(f)(tensor([1, 2])).toArray(); // → [ [ 6, 0 ], [ 0, 12 ] ]
 */
export function hessian<Argument>(
  f: (x: Argument) => Tensor,
): (at: LooseArguments<[Argument]>[0]) => Blocks<Argument> {
  return (at) => {
    const count = leavesOf("hessian", at).length;
    // The gradient's k-th tensor is a function of the argument, and its Jacobian a row of blocks.
    const gradientOf = (k: number) => (x: Argument) => {
      const gradient = grad(f as (x: unknown) => Tensor)(x as never);
      return leavesOf("hessian", gradient)[k] as Tensor;
    };
    const rows = Array.from(
      { length: count },
      (_, k) => jacobian(gradientOf(k))(at as never) as unknown,
    );
    return nest(at, rows) as Blocks<Argument>;
  };
}

/** A structure with its leaves replaced by whole rows of blocks. */
function nest(structure: unknown, rows: readonly unknown[]): unknown {
  if (structure instanceof Tensor || typeof structure === "number") return rows[0];
  let next = 0;
  const build = (part: unknown): unknown => {
    if (part instanceof Tensor || typeof part === "number") return rows[next++];
    if (Array.isArray(part)) return part.map(build);
    const entries = Object.entries(part as object).map(
      ([key, inner]) => [key, build(inner)] as const,
    );
    return Object.fromEntries(entries);
  };
  return build(structure);
}
