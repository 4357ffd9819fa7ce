/**
 * Vector norms.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, toTensor, zeros } from "../creation.ts";
import { ArgumentError, checkNumber, checkOptions, IndexError, ShapeError } from "../errors.ts";
import { normOver } from "../kernels/norm.ts";
import type { Call, Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Draw } from "../samples.ts";
import { within } from "../samples.ts";
import type { Dims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { eq } from "./comparison.ts";
import { div } from "./division.ts";
import { tieShares } from "./extremum.ts";
import { pow } from "./power.ts";
import type { Reduction, ReductionOptions } from "./reduction.ts";
import {
  reductionBatch,
  reductionOf,
  refuseEmptyLanes,
  restored,
  shapeAfter,
} from "./reduction.ts";
import { where } from "./selection.ts";
import { abs, sign } from "./sign.ts";

/** What a norm notes in the graph. */
interface Norm extends Reduction {
  readonly p: number;
}

function readNorm(
  where: string,
  given: TensorLike,
  p: unknown,
  dim: Dims | ReductionOptions | undefined,
  options: ReductionOptions | undefined,
): Call<Norm> {
  const isOptions = options === undefined && typeof dim === "object" && !Array.isArray(dim);
  const rest = isOptions ? (dim as ReductionOptions) : options;
  checkOptions(where, rest, ["keepdim"]);
  const x = toTensor(where, given);
  const dims = isOptions ? undefined : (dim as Dims | undefined);
  return {
    operands: [x],
    options: { ...reductionOf(where, x, dims, rest?.keepdim), p: checkNumber(where, "p", p) },
  };
}

const nonzero = within(-3, 3, { avoid: [0], distinct: true });

/**
 * The p-norm of all elements taken as a vector, or along dimensions; p = 2 unless given.
 *
 * (Σᵢ |xᵢ|ᵖ)^{1/p}; the largest |xᵢ| for p = ∞ and the smallest for −∞, whose ties share the
 * gradient evenly; the number of nonzero elements for p = 0. Where the norm is 0, so is its gradient.
 * Whole numbers become the default floating type. What would overflow or underflow on the way is
 * scaled. The result has the shape of x without the dimensions `dim`; `{ keepdim: true }` keeps them
 * with length 1.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} when p is no number, or for an unknown option.
 * @throws {ShapeError} for the norm of nothing, if p is negative or infinite.
 * @example
 * import { tensor, vectorNorm } from "@chainrule/core";
 * const x = tensor([[3, 4], [0, -2]]);
 * vectorNorm(x, 2, 1); // → tensor([5, 2])
 * vectorNorm(x, Infinity); // → tensor(4)
 */
export const vectorNorm: Op<
  (x: TensorLike, p?: number, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp({
  name: "vectorNorm",
  formula: String.raw`y = \Bigl( \sum_i |x_i|^p \Bigr)^{1/p}`,
  call: (x: TensorLike, p: number = 2, dim?: Dims | ReductionOptions, options?: ReductionOptions) =>
    readNorm("vectorNorm", x, p, dim, options),
  shape: ([x], options) => {
    if (options.p < 0 || options.p === Number.POSITIVE_INFINITY) {
      refuseEmptyLanes("vectorNorm", x!, options);
    }
    return shapeAfter(x!, options);
  },
  forward: ([x], y, { dim, p }) => normOver(x!, dim, p, y),
  vjp: [
    (cotangent, node) => {
      const { a: x, options } = node;
      const { p } = options;
      const whole = restored(cotangent, x.shape, options);
      if (p === 0) return zeros(x.shape, { dtype: x.dtype });
      if (p === 1) return mul(whole, sign(x));
      const norm = restored(node.result, x.shape, options);
      if (!Number.isFinite(p)) return mul(mul(whole, sign(x)), tieShares(abs(x), norm, options));
      const isZero = eq(norm, 0);
      if (p < 1) {
        // ∂y/∂xᵢ has a pole at xᵢ = 0, which counts as 0: ∞^{p−1}. So does all of it where the norm is 0.
        const size = where(eq(x, 0), Number.POSITIVE_INFINITY, abs(x));
        const slope = pow(div(size, where(isZero, 1, norm)), p - 1);
        return mul(mul(whole, sign(x)), where(isZero, 0, slope));
      }
      // Dividing by ∞ gives the gradient 0 where the norm is 0, in every order.
      const safe = where(isZero, Number.POSITIVE_INFINITY, norm);
      if (p === 2) return mul(whole, div(x, safe));
      // ∂y/∂xᵢ = sign(xᵢ)·(|xᵢ|/y)^{p−1}.
      return mul(mul(whole, sign(x)), pow(div(abs(x), safe), p - 1));
    },
  ],
  batch: reductionBatch((x, { dim, keepdim, p }) => vectorNorm(x, p, dim, { keepdim })),
  samples: [
    ...[2, 1, 3, 2.5, 0.5, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(
      (p) => (draw: Draw) => {
        const x = draw.tensor(draw.shape(1, 3, p > 0 && p < Infinity ? 0 : 1), nonzero);
        return [x, p, draw.dim(x.ndim), { keepdim: draw.boolean() }];
      },
    ),
    (draw) => [draw.tensor(draw.shape(0, 3), nonzero)],
    (draw) => [draw.tensor(draw.shape(2, 4), nonzero), draw.pick([2, 3, 1.5]), [0, -1]],
    (draw) => [draw.tensor(draw.shape(0, 2), nonzero), 0],
  ],
  rejects: [
    {
      call: () => [zeros([2]), "2"],
      message: /vectorNorm: p must be a number, not "2"/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([0]), Number.POSITIVE_INFINITY],
      message: /dimension 0 of shape \[0\] has length 0/,
      type: ShapeError,
    },
    {
      call: () => [zeros([2]), 2, 1],
      message: /dim 1 is out of range for 1 dimension/,
      type: IndexError,
    },
    {
      call: () => [zeros([2]), 2, 0, { keepDim: true }],
      message: /unknown option "keepDim"/,
      type: ArgumentError,
    },
  ],
  edges: [
    { note: "at 0", call: () => [tensor([0, 0])], result: [0], gradients: [[0, 0]] },
    { note: "p = 1/2 at 0", call: () => [tensor([0, 0]), 0.5], result: [0], gradients: [[0, 0]] },
    { note: "p = −1 beside 0", call: () => [tensor([0, 2]), -1], result: [0], gradients: [[0, 0]] },
    { note: "p = 3 at 0", call: () => [tensor([0, 0]), 3], result: [0], gradients: [[0, 0]] },
    { note: "p = 1", call: () => [tensor([0, -2]), 1], result: [2], gradients: [[0, -1]] },
    {
      note: "p = ∞: ties share the gradient",
      call: () => [tensor([3, -3, 1]), Number.POSITIVE_INFINITY],
      result: [3],
      gradients: [[0.5, -0.5, 0]],
    },
    {
      note: "p = −∞: ties share the gradient",
      call: () => [tensor([3, -1, 1]), Number.NEGATIVE_INFINITY],
      result: [1],
      gradients: [[0, -0.5, 0.5]],
    },
    {
      note: "no overflow on the way",
      call: () => [tensor([3e38, 0])],
      result: [Math.fround(3e38)],
    },
  ],
});
