/**
 * The largest and the smallest element, with and without their places.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { extremaOver, sharesOfTies } from "../kernels/extremum.ts";
import type { KernelLiteral, Op } from "../op.ts";
import { contiguousOperand, defineOp } from "../op.ts";
import type { Rejection } from "../samples.ts";
import { within } from "../samples.ts";
import type { Dims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { expand } from "./expand.ts";
import type { Reduction, ReductionOptions } from "./reduction.ts";
import {
  readReduction,
  reductionBatch,
  reductionRejects,
  reductionSamples,
  refuseEmptyLanes,
  restored,
  shapeAfter,
} from "./reduction.ts";

const distinct = within(-3, 3, { distinct: true });

const emptyLane: Rejection = {
  call: () => [zeros([0, 3]), 0],
  message: /dimension 0 of shape \[0, 3\] has length 0/,
  type: ShapeError,
};

/** 1/k at the k elements of each lane that equal the extremum: how they share its gradient. */
export const tieShares: Op<(x: Tensor, extremum: Tensor, reduction: Reduction) => Tensor> =
  defineOp({
    name: "tieShares",
    formula: String.raw`w_i = \frac{[x_i = y]}{\sum_j [x_j = y]}`,
    call: (x: Tensor, extremum: Tensor, reduction: Reduction) => ({
      operands: [x, extremum],
      options: reduction,
    }),
    shape: ([x]) => x!.shape,
    fills: true,
    forward: ([x, extremum], y, { dim }) => sharesOfTies(x!, contiguousOperand(extremum!), dim, y),
    batch: ([x, extremum], batched, { dim, keepdim }) => {
      const size = (batched[0] ? x! : extremum!).shape[0]!;
      const [values, chosen] = [x!, extremum!].map((operand, i) =>
        batched[i] ? operand : expand(operand, [size, ...operand.shape]),
      );
      return tieShares(values!, chosen!, { dim: dim.map((i) => i + 1), keepdim });
    },
    samples: [
      (draw) => {
        const x = draw.tensor([draw.length(), 2, 3], within(-1, 1, { whole: true }));
        const dim = draw.pick([[1], [2], [1, 2]]);
        return [x, x.amax(dim, { keepdim: true }), { dim, keepdim: true }];
      },
    ],
  });

/** What `amax` and `amin` have in common. */
function extremeValues(
  name: "amax" | "amin",
  largest: boolean,
): KernelLiteral<
  [x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions],
  Reduction
> {
  return {
    name,
    formula: `y = \\${largest ? "max" : "min"}_i x_i`,
    call: (x, dim, options) => readReduction(name, x, dim, options),
    kinds: ["number"],
    shape: ([x], options) => {
      refuseEmptyLanes(name, x!, options);
      return shapeAfter(x!, options);
    },
    forward: ([x], y, { dim }) => extremaOver(x!, dim, largest, y, null),
    vjp: [
      (cotangent, node) => {
        const shape = node.shapeOf(0);
        const extremum = restored(node.result, shape, node.options);
        const shares = tieShares(node.a, extremum, node.options);
        return mul(restored(cotangent, shape, node.options), shares);
      },
    ],
    batch: reductionBatch((x, { dim, keepdim }) => (largest ? amax : amin)(x, dim, { keepdim })),
    samples: reductionSamples(distinct, 1),
    rejects: [...reductionRejects, emptyLane],
    edges: [
      {
        note: "ties share the gradient evenly",
        call: () => [tensor([[2, 2, 2, 2]]), 1],
        result: [2],
        gradients: [[0.25, 0.25, 0.25, 0.25]],
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

/**
 * The largest element of all, or along dimensions. Elements that tie share the gradient evenly.
 *
 * maxᵢ xᵢ; a NaN wins over every number. The result has the shape of x without the dimensions
 * `dim`; `{ keepdim: true }` keeps them with length 1. The type stays that of x.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ShapeError} when there is nothing to choose from.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { amax, tensor } from "@chainrule/core";
 * const x = tensor([[1, 5], [7, 3]]);
 * amax(x); // → tensor(7)
 * amax(x, 1); // → tensor([5, 7])
 */
export const amax: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp(extremeValues("amax", true));

/**
 * The smallest element of all, or along dimensions; as {@link amax} in every other respect.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ShapeError} when there is nothing to choose from.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { amin, tensor } from "@chainrule/core";
 * amin(tensor([[1, 5], [7, 3]]), 0); // → tensor([1, 3])
 */
export const amin: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp(extremeValues("amin", false));

/** What `argmax` and `argmin` have in common. */
function extremePlaces(
  name: "argmax" | "argmin",
  largest: boolean,
): KernelLiteral<
  [x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions],
  Reduction
> {
  return {
    name,
    formula: String.raw`y = \operatorname{arg\,${largest ? "max" : "min"}}_i x_i`,
    call: (x, dim, options) => readReduction(name, x, dim, options),
    kinds: ["number"],
    shape: ([x], options) => {
      refuseEmptyLanes(name, x!, options);
      return shapeAfter(x!, options);
    },
    dtype: () => "int32",
    forward: ([x], y, { dim }) => extremaOver(x!, dim, largest, null, y),
    batch: reductionBatch((x, { dim, keepdim }) =>
      (largest ? argmax : argmin)(x, dim, { keepdim }),
    ),
    samples: reductionSamples(distinct, 1),
    rejects: [...reductionRejects, emptyLane],
    edges: [
      {
        note: "the first of equals",
        call: () => [tensor([4, 1, 4, 1])],
        result: [largest ? 0 : 1],
      },
      { note: "NaN wins", call: () => [tensor([1, Number.NaN, 3, Number.NaN])], result: [1] },
    ],
  };
}

/**
 * The place of the largest element of all, or along a dimension, as int32: the first of equals. A
 * NaN wins over every number. Over several dimensions, places count in row-major order.
 *
 * The result has the shape of x without `dim`; `{ keepdim: true }` keeps it with length 1.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ShapeError} when there is nothing to choose from.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { argmax, tensor } from "@chainrule/core";
 * const x = tensor([[1, 5], [7, 3]]);
 * argmax(x); // → tensor(2, dtype=int32)
 * argmax(x, 1); // → tensor([1, 0], dtype=int32)
 */
export const argmax: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp(extremePlaces("argmax", true));

/**
 * The place of the smallest element; as {@link argmax} in every other respect.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ShapeError} when there is nothing to choose from.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { argmin, tensor } from "@chainrule/core";
 * argmin(tensor([[1, 5], [7, 3]]), 0); // → tensor([0, 1], dtype=int32)
 */
export const argmin: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp(extremePlaces("argmin", false));

/** What {@link aminmax} finds. */
export interface AminmaxResult {
  readonly min: Tensor;
  readonly max: Tensor;
}

/**
 * The smallest and the largest element, of all or along dimensions: {@link amin} and {@link amax}.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ShapeError} when there is nothing to choose from.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { aminmax, tensor } from "@chainrule/core";
 * const { min, max } = aminmax(tensor([3, 1, 2]));
 * [min.item(), max.item()]; // → [ 1, 3 ]
 */
export function aminmax(
  x: TensorLike,
  dim?: Dims | ReductionOptions,
  options?: ReductionOptions,
): AminmaxResult {
  return { min: amin(x, dim, options), max: amax(x, dim, options) };
}
