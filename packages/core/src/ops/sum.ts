/**
 * Sums and means.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { sumOver } from "../kernels/sum.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { within } from "../samples.ts";
import type { Dims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import type { ReductionOptions } from "./reduction.ts";
import {
  laneLength,
  readReduction,
  reductionBatch,
  reductionRejects,
  reductionSamples,
  shapeAfter,
  spread,
} from "./reduction.ts";

/**
 * The sum of all elements, or along dimensions.
 *
 * Σᵢ xᵢ, in double precision inside; a sum over nothing is 0. int32 and bool give int32. The result
 * has the shape of x without the dimensions `dim`; `{ keepdim: true }` keeps them with length 1.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { sum, tensor } from "@chainrule/core";
 * const x = tensor([[1, 2], [3, 4]]);
 * sum(x); // → tensor(10)
 * sum(x, 0); // → tensor([4, 6])
 * sum(x, 1, { keepdim: true }).toArray(); // → [ [ 3 ], [ 7 ] ]
 */
export const sum: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp({
  name: "sum",
  formula: String.raw`y = \sum_i x_i`,
  call: (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) =>
    readReduction("sum", x, dim, options),
  kinds: ["number"],
  shape: ([x], options) => shapeAfter(x!, options),
  dtype: ([x]) => (x!.dtype === "bool" ? "int32" : x!.dtype),
  fills: true,
  forward: ([x], y, { dim }) => sumOver(x!, dim, y),
  vjp: [(cotangent, node) => spread(cotangent, node.shapeOf(0), node.options)],
  batch: reductionBatch((x, { dim, keepdim }) => sum(x, dim, { keepdim })),
  samples: reductionSamples(within(-3, 3)),
  rejects: reductionRejects,
  edges: [
    { note: "a sum over nothing", call: () => [zeros([0])], result: [0], gradients: [[]] },
    { note: "true counts as 1", call: () => [tensor([true, false, true])], result: [2] },
  ],
});

/**
 * The arithmetic mean of all elements, or along dimensions.
 *
 * (1/n) Σᵢ xᵢ, in double precision inside; the mean of nothing is NaN. Whole numbers become the
 * default floating type. Shapes are those of {@link sum}.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { mean, tensor } from "@chainrule/core";
 * const x = tensor([[1, 2], [3, 4]]);
 * mean(x); // → tensor(2.5)
 * mean(x, 0); // → tensor([2, 3])
 */
export const mean: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp({
  name: "mean",
  formula: String.raw`y = \frac{1}{n} \sum_{i=1}^{n} x_i`,
  call: (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) =>
    readReduction("mean", x, dim, options),
  shape: ([x], options) => shapeAfter(x!, options),
  fills: true,
  forward: ([x], y, options) => sumOver(x!, options.dim, y, laneLength(x!.shape, options)),
  vjp: [
    (cotangent, node) => {
      const shape = node.shapeOf(0);
      const share = mul(cotangent, 1 / laneLength(shape, node.options));
      return spread(share, shape, node.options);
    },
  ],
  batch: reductionBatch((x, { dim, keepdim }) => mean(x, dim, { keepdim })),
  samples: reductionSamples(within(-3, 3), 1),
  rejects: reductionRejects,
  edges: [
    {
      note: "the mean of nothing",
      call: () => [zeros([0])],
      result: [Number.NaN],
      gradients: [[]],
    },
  ],
});
