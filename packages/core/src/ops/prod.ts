/**
 * Products, with gradients that divide by nothing.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { productOver, productsOfOthers } from "../kernels/product.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { within } from "../samples.ts";
import type { Dims } from "../shape.ts";
import { elementCount } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { cumprod, linearRecurrence, shift } from "./cumulative.ts";
import type { Along, ReductionOptions } from "./reduction.ts";
import {
  alongBatch,
  readReduction,
  reductionBatch,
  reductionRejects,
  reductionSamples,
  restored,
  shapeAfter,
} from "./reduction.ts";
import { reshape } from "./reshape.ts";
import { permute } from "./transpose.ts";

/**
 * The product of all elements, or along dimensions.
 *
 * Πᵢ xᵢ, in double precision inside; a product over nothing is 1. int32 and bool give int32. The
 * gradient of xᵢ is the product of all others, formed without division: right for any number of
 * zeros, and for derivatives of any order. The result has the shape of x without the dimensions
 * `dim`; `{ keepdim: true }` keeps them with length 1.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { prod, tensor } from "@chainrule/core";
 * const x = tensor([2, 0, 4], { requiresGrad: true });
 * const y = prod(x);
 * y.backward();
 * x.grad; // → tensor([0, 8, 0])
 */
export const prod: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp({
  name: "prod",
  formula: String.raw`y = \prod_i x_i`,
  call: (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) =>
    readReduction("prod", x, dim, options),
  kinds: ["number"],
  shape: ([x], options) => shapeAfter(x!, options),
  dtype: ([x]) => (x!.dtype === "bool" ? "int32" : x!.dtype),
  forward: ([x], y, { dim }) => productOver(x!, dim, y),
  vjp: [
    (cotangent, node) => {
      const { a: x, options } = node;
      return mul(restored(cotangent, x.shape, options), productOfOthers(x, options.dim));
    },
  ],
  batch: reductionBatch((x, { dim, keepdim }) => prod(x, dim, { keepdim })),
  samples: [
    ...reductionSamples(within(-1.5, 1.5)),
    (draw) => [draw.tensor([draw.length(1), 3], within(-1, 1, { whole: true })), 1],
    (draw) => [draw.tensor([2, draw.length(1), 2], within(-1, 1, { whole: true })), [0, -1]],
  ],
  rejects: reductionRejects,
  edges: [
    { note: "a product over nothing", call: () => [zeros([0])], result: [1], gradients: [[]] },
    {
      note: "no zero",
      call: () => [tensor([2, 3, 4])],
      result: [24],
      gradients: [[12, 8, 6]],
    },
    {
      note: "one zero: only its place has a gradient",
      call: () => [tensor([2, 0, 4])],
      result: [0],
      gradients: [[0, 8, 0]],
    },
    {
      note: "two zeros: no gradient",
      call: () => [tensor([2, 0, 0])],
      result: [0],
      gradients: [[0, 0, 0]],
    },
  ],
});

/** Π_{j ≠ i} x_j over lanes along several dimensions: these are laid side by side. */
function productOfOthers(x: Tensor, dims: readonly number[]): Tensor {
  if (dims.length === 1) return othersAlong(x, { dim: dims[0]! });
  const kept = x.shape.map((_, i) => i).filter((i) => !dims.includes(i));
  const order = [...kept, ...dims];
  const permuted = permute(x, order);
  const length = elementCount(dims.map((i) => x.shape[i]!));
  const lanes = reshape(permuted, [...kept.map((i) => x.shape[i]!), length]);
  const others = reshape(othersAlong(lanes, { dim: kept.length }), permuted.shape);
  return permute(
    others,
    order.map((_, i) => order.indexOf(i)),
  );
}

/**
 * Π_{j ≠ i} x_j along a dimension: L_i·R_i with the products L before and R behind each element.
 *
 * Its gradient follows from the recurrences L_{i+1} = x_i·L_i and R_{i−1} = x_i·R_i: with c the
 * cotangent, U_i = c_i·R_i + x_i·U_{i+1} and V_i = c_i·L_i + x_i·V_{i−1}, it is
 * L_i·U_{i+1} + R_i·V_{i−1}.
 */
export const othersAlong: Op<(x: Tensor, along: Along) => Tensor> = defineOp({
  name: "productOfOthers",
  formula: String.raw`y_i = \prod_{j \ne i} x_j`,
  call: (x: Tensor, along: Along) => ({ operands: [x], options: along }),
  shape: ([x]) => x!.shape,
  forward: ([x], y, { dim }) => productsOfOthers(x!, dim, y),
  vjp: [
    (cotangent, node) => {
      const { a: x, options } = node;
      const { dim } = options;
      const before = shift(cumprod(x, dim), dim, 1, 1);
      const behind = shift(cumprod(x, dim, { reverse: true }), dim, -1, 1);
      const u = linearRecurrence(x, mul(cotangent, behind), dim, { reverse: true });
      const v = linearRecurrence(x, mul(cotangent, before), dim);
      return add(mul(before, shift(u, dim, -1)), mul(behind, shift(v, dim, 1)));
    },
  ],
  batch: alongBatch(([x], along) => othersAlong(x!, along)),
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(1, 3, 0), within(-1.5, 1.5));
      return [x, { dim: draw.integer(0, x.ndim - 1) }];
    },
    (draw) => [draw.tensor([2, draw.length()], within(-1, 1, { whole: true })), { dim: 1 }],
    (draw) => [draw.tensor([], within(-1.5, 1.5)), { dim: 0 }],
  ],
});
