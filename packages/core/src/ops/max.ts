/**
 * The extremum as a single number, along a dimension with its place, or of two tensors.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { extremaOver } from "../kernels/extremum.ts";
import type { MultipleLiteral, Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { within } from "../samples.ts";
import { Tensor } from "../tensor.ts";
import type { Choice, ValuesAndIndices } from "./choice.ts";
import {
  asReduction,
  choiceBatch,
  choiceGradient,
  choiceRejects,
  choiceResult,
  choiceSamples,
  choiceShapes,
  readChoice,
} from "./choice.ts";
import { amax, amin } from "./extremum.ts";
import type { ReductionOptions } from "./reduction.ts";
import { refuseEmptyLanes } from "./reduction.ts";
import { maximum, minimum } from "./selection.ts";

/** What `max` and `min` have in common. */
function extremum(
  name: "max" | "min",
  largest: boolean,
): MultipleLiteral<
  [x: TensorLike, dim?: number, options?: ReductionOptions],
  Choice,
  Tensor | ValuesAndIndices
> {
  return {
    name,
    formula: `y = \\${name}_i x_i`,
    call: (x, dim, options) => readChoice(name, x, dim, options),
    kinds: ["number"],
    shapes: ([x], options) => {
      refuseEmptyLanes(name, x!, asReduction(options, x!.ndim));
      return choiceShapes(x!, options);
    },
    dtypes: ([x]) => [x!.dtype, "int32"],
    forward: ([x], [values, indices], options) =>
      extremaOver(x!, asReduction(options, x!.ndim).dim, largest, values!, indices ?? null),
    returns: choiceResult,
    vjp: choiceGradient,
    batch: choiceBatch(
      (x, dim, { keepdim }) => (largest ? max : min)(x, dim, { keepdim }),
      // Of each sample, the extremum over all that is left: ties share its gradient, too.
      (x) => {
        const dims = x.shape.map((_, i) => i).slice(1);
        return dims.length === 0 ? x : (largest ? amax : amin)(x, dims);
      },
    ),
    samples: choiceSamples(within(-3, 3, { distinct: true })),
    rejects: [
      ...choiceRejects,
      {
        call: () => [zeros([2, 0]), 1],
        message: /dimension 1 of shape \[2, 0\] has length 0/,
        type: ShapeError,
      },
    ],
    edges: [
      {
        note: "over all dimensions, ties share the gradient evenly",
        call: () => [tensor([5, 5])],
        result: [5],
        gradients: [[0.5, 0.5]],
      },
      {
        note: "along a dimension, the first of equals gets all of it",
        call: () => [tensor([[5, 5]]), 1],
        result: [5, 0],
        gradients: [[1, 0]],
      },
      {
        note: "NaN wins, and takes the gradient",
        call: () => [tensor([1, Number.NaN, 3])],
        result: [Number.NaN],
        gradients: [[0, 1, 0]],
      },
    ],
  };
}

const largestOf = defineOp(extremum("max", true));
const smallestOf = defineOp(extremum("min", false));

function maxOf(x: TensorLike): Tensor;
function maxOf(x: TensorLike, dim: number, options?: ReductionOptions): ValuesAndIndices;
function maxOf(x: TensorLike, other: Tensor): Tensor;
function maxOf(
  x: TensorLike,
  second?: number | Tensor,
  options?: ReductionOptions,
): Tensor | ValuesAndIndices {
  return second instanceof Tensor ? maximum(x, second) : largestOf(x, second, options);
}

function minOf(x: TensorLike): Tensor;
function minOf(x: TensorLike, dim: number, options?: ReductionOptions): ValuesAndIndices;
function minOf(x: TensorLike, other: Tensor): Tensor;
function minOf(
  x: TensorLike,
  second?: number | Tensor,
  options?: ReductionOptions,
): Tensor | ValuesAndIndices {
  return second instanceof Tensor ? minimum(x, second) : smallestOf(x, second, options);
}

/**
 * The largest element of all; or along a dimension, with its place there: `{ values, indices }`.
 *
 * maxᵢ xᵢ; a NaN wins over every number. Over all elements, those that tie share the gradient
 * evenly; along a dimension, the first of them is chosen and gets all of it. The results have the
 * shape of x without `dim`; `{ keepdim: true }` keeps it with length 1. Indices are int32. With
 * another tensor instead of a dimension: `maximum(x, other)`.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ShapeError} when there is nothing to choose from.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { max, tensor } from "@chainrule/core";
 * const x = tensor([[1, 5], [7, 3]]);
 * max(x); // → tensor(7)
 * const { values, indices } = max(x, 1);
 * values; // → tensor([5, 7])
 * indices; // → tensor([1, 0], dtype=int32)
 */
export const max: Op<typeof maxOf> = Object.assign(maxOf, { op: largestOf.op });

/**
 * The smallest element of all; or along a dimension, with its place there: `{ values, indices }`.
 * As {@link max} in every other respect.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ShapeError} when there is nothing to choose from.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { min, tensor } from "@chainrule/core";
 * min(tensor([[1, 5], [7, 3]]), 0).values; // → tensor([1, 3])
 */
export const min: Op<typeof minOf> = Object.assign(minOf, { op: smallestOf.op });
