/**
 * Turning tensors round: reversed, rotated, rolled.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor, zeros } from "../creation.ts";
import { ArgumentError, checkInteger, IndexError, quoted } from "../errors.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Dims } from "../shape.ts";
import { formatShape, normalizeDim, normalizeDims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { cat } from "./cat.ts";
import { existingDim } from "./dimensions.ts";
import { reshape } from "./reshape.ts";
import { narrow } from "./slice.ts";
import { transpose } from "./transpose.ts";

/**
 * x in reverse order along the dimensions named, or along all of them. A view that walks memory backward.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @example
 * import { flip, tensor } from "@chainrule/core";
 * flip(tensor([[1, 2], [3, 4]]), 1).toArray(); // → [ [ 2, 1 ], [ 4, 3 ] ]
 */
export const flip: Op<(x: TensorLike, dims?: Dims) => Tensor> = defineOp({
  name: "flip",
  formula: "y_i = x_{n-1-i}",
  call: (x: TensorLike, dims?: Dims) => {
    const source = toTensor("flip", x);
    return {
      operands: [source],
      options: { dims: normalizeDims("flip", dims, source.ndim) },
    };
  },
  kinds: ["any"],
  view: (x, { dims }) => {
    if (x.numel() === 0) return x;
    const strides = x.strides.slice();
    let { offset } = x;
    for (const dim of dims) {
      offset += (x.shape[dim]! - 1) * strides[dim]!;
      strides[dim] = -strides[dim]!;
    }
    return { shape: x.shape, strides, offset };
  },
  vjp: [(cotangent, { options }) => flip(cotangent, options.dims)],
  batch: ([x], _batched, { dims }) =>
    flip(
      x!,
      dims.map((dim) => dim + 1),
    ),
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(1, 4, 0));
      return [x, draw.dim(x.ndim)];
    },
    (draw) => [draw.tensor(draw.shape(2, 4)), [0, -1]],
    (draw) => [draw.tensor(draw.shape(0, 3))],
  ],
  rejects: [
    { call: () => [zeros([2, 3]), 2], message: /dim 2 is out of range for 2/, type: IndexError },
    { call: () => [zeros([2, 3]), [0, -2]], message: /dim 0 is named twice/, type: IndexError },
    { call: () => [zeros([2]), "0"], message: /dim must be a whole/, type: ArgumentError },
  ],
  edges: [
    { note: "nothing", call: () => [zeros([2, 0])], result: [], gradients: [[]] },
    { note: "a single number", call: () => [zeros([])], result: [0], gradients: [[1]] },
  ],
});

/**
 * x turned by `k` quarter turns in the plane of two dimensions, from the first towards the second; a view.
 *
 * @throws {IndexError} when a dimension is out of range, or both are the same.
 * @throws {ArgumentError} when `k` is no whole number, or there are not two dimensions.
 * @example
 * import { rot90, tensor } from "@chainrule/core";
 * rot90(tensor([[1, 2], [3, 4]])).toArray(); // → [ [ 2, 4 ], [ 1, 3 ] ]
 */
export function rot90(x: TensorLike, k = 1, dims: readonly number[] = [0, 1]): Tensor {
  const source = toTensor("rot90", x);
  checkInteger("rot90", "k", k);
  if (!Array.isArray(dims) || dims.length !== 2) {
    throw new ArgumentError(`rot90: a plane has two dimensions, not ${quoted(dims)}.`, { dims });
  }
  const first = existingDim("rot90", dims[0]!, source.shape);
  const second = existingDim("rot90", dims[1]!, source.shape);
  if (first === second) {
    throw new IndexError(
      `rot90: the dimensions ${formatShape(dims)} are the same one of ${source.ndim}; a plane has two.`,
      { dims },
    );
  }
  switch (((k % 4) + 4) % 4) {
    case 1:
      return flip(transpose(source, first, second), first);
    case 2:
      return flip(source, [first, second]);
    case 3:
      return flip(transpose(source, first, second), second);
    default:
      return flip(source, []);
  }
}

/**
 * x shifted along dimensions, what leaves at one end coming in at the other. Without dimensions, all elements are shifted
 * in row-major order.
 *
 * @throws {ArgumentError} when a shift is no whole number, or there are not as many shifts as dimensions.
 * @throws {IndexError} when a dimension is out of range.
 * @example
 * import { arange, roll } from "@chainrule/core";
 * roll(arange(5), 2).toArray(); // → [ 3, 4, 0, 1, 2 ]
 * roll(arange(6).reshape([2, 3]), -1, 1).toArray(); // → [ [ 1, 2, 0 ], [ 4, 5, 3 ] ]
 */
export function roll(x: TensorLike, shifts: number | readonly number[], dims?: Dims): Tensor {
  const source = toTensor("roll", x);
  const by = typeof shifts === "number" ? [shifts] : shifts;
  if (!Array.isArray(by)) {
    throw new ArgumentError(
      `roll: the shifts must be a whole number or an array of them, not ${quoted(shifts)}.`,
      { shifts },
    );
  }
  for (const shift of by) checkInteger("roll", "a shift", shift);
  const along = typeof dims === "number" ? [dims] : (dims ?? []);
  if (along.length === 0 && by.length === 1)
    return reshape(rolled(reshape(source, [source.numel()]), by[0]!, 0), source.shape);
  if (along.length !== by.length) {
    throw new ArgumentError(
      `roll: ${by.length} shifts for ${along.length} dimensions. Give one for each.`,
      { shifts, dims },
    );
  }
  let result = source;
  for (const [i, dim] of along.entries())
    result = rolled(result, by[i]!, normalizeDim("roll", dim, source.ndim));
  return result;
}

function rolled(x: Tensor, shift: number, dim: number): Tensor {
  const length = x.ndim === 0 ? 1 : x.shape[dim]!;
  const by = length === 0 ? 0 : ((shift % length) + length) % length;
  if (by === 0) return reshape(x, x.shape);
  return cat([narrow(x, dim, length - by, by), narrow(x, dim, 0, length - by)], dim);
}

/**
 * x with its columns in reverse order: {@link flip} along dimension 1.
 *
 * @throws {IndexError} when x has fewer than two dimensions.
 * @example
 * import { fliplr, tensor } from "@chainrule/core";
 * fliplr(tensor([[1, 2], [3, 4]])).toArray(); // → [ [ 2, 1 ], [ 4, 3 ] ]
 */
export function fliplr(x: TensorLike): Tensor {
  const source = toTensor("fliplr", x);
  return flip(source, existingDim("fliplr", 1, source.shape));
}

/**
 * x with its rows in reverse order: {@link flip} along dimension 0.
 *
 * @throws {ShapeError} when x has no dimension.
 * @example
 * import { flipud, tensor } from "@chainrule/core";
 * flipud(tensor([[1, 2], [3, 4]])).toArray(); // → [ [ 3, 4 ], [ 1, 2 ] ]
 */
export function flipud(x: TensorLike): Tensor {
  const source = toTensor("flipud", x);
  return flip(source, existingDim("flipud", 0, source.shape));
}
