/**
 * Dimensions in another order.
 */
import type { TensorLike } from "../creation.ts";
import { zeros } from "../creation.ts";
import { ArgumentError, IndexError, quoted } from "../errors.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { normalizeDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/**
 * x with two dimensions exchanged; a view.
 *
 * @throws {IndexError} when a dimension is out of range.
 * @example
 * import { tensor, transpose } from "@chainrule/core";
 * transpose(tensor([[1, 2], [3, 4]]), 0, 1).toArray(); // → [ [ 1, 3 ], [ 2, 4 ] ]
 */
export const transpose: Op<(x: TensorLike, dim0: number, dim1: number) => Tensor> = defineOp({
  name: "transpose",
  formula: String.raw`y = x^{\mathsf{T}}`,
  call: (x: TensorLike, dim0: number, dim1: number) => ({ operands: [x], options: { dim0, dim1 } }),
  kinds: ["any"],
  view: (x, options) => {
    const dim0 = normalizeDim("transpose", options.dim0, x.ndim);
    const dim1 = normalizeDim("transpose", options.dim1, x.ndim);
    const { offset } = x;
    if (x.ndim === 0) return { shape: x.shape, strides: x.strides, offset };
    const shape = x.shape.slice();
    const strides = x.strides.slice();
    [shape[dim0], shape[dim1]] = [shape[dim1]!, shape[dim0]!];
    [strides[dim0], strides[dim1]] = [strides[dim1]!, strides[dim0]!];
    return { shape, strides, offset };
  },
  vjp: [(cotangent, { options }) => transpose(cotangent, options.dim0, options.dim1)],
  batch: ([x], _batched, { dim0, dim1 }) => {
    const rank = x!.ndim - 1;
    if (rank === 0) return x!;
    return transpose(
      x!,
      normalizeDim("transpose", dim0, rank) + 1,
      normalizeDim("transpose", dim1, rank) + 1,
    );
  },
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(1, 4, 0));
      return [x, draw.dim(x.ndim), draw.dim(x.ndim)];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), 0, 2],
      message: /dim 2 is out of range for 2 dimensions/,
      type: IndexError,
    },
  ],
});

/**
 * x with its dimensions in the order given; a view.
 *
 * @throws {ArgumentError} when `dims` does not name each dimension once.
 * @throws {IndexError} when a dimension is out of range.
 * @example
 * import { permute, zeros } from "@chainrule/core";
 * permute(zeros([2, 3, 4]), [2, 0, 1]).shape; // → [ 4, 2, 3 ]
 */
export const permute: Op<(x: TensorLike, dims: readonly number[]) => Tensor> = defineOp({
  name: "permute",
  formula: String.raw`y_{\pi(i)} = x_i`,
  call: (x: TensorLike, dims: readonly number[]) => ({ operands: [x], options: { dims } }),
  kinds: ["any"],
  view: (x, options) => {
    const dims = orderedDims(options.dims, x.ndim);
    return {
      shape: dims.map((dim) => x.shape[dim]!),
      strides: dims.map((dim) => x.strides[dim]!),
      offset: x.offset,
    };
  },
  vjp: [
    (cotangent, { options }) => {
      const dims = orderedDims(options.dims, cotangent.ndim);
      const inverse = dims.slice();
      for (const [to, from] of dims.entries()) inverse[from] = to;
      return permute(cotangent, inverse);
    },
  ],
  batch: ([x], _batched, { dims }) =>
    permute(x!, [0, ...orderedDims(dims, x!.ndim - 1).map((dim) => dim + 1)]),
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(0, 4, 0));
      const turn = draw.integer(0, Math.max(x.ndim - 1, 0));
      return [x, x.shape.map((_, i) => (i + turn) % x.ndim)];
    },
    (draw) => [draw.tensor([draw.length(), draw.length(), draw.length()]), [2, 0, -2]],
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), [0]],
      message: /\[0\] must name each of the 2 dimensions once/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([2, 3]), [1, 1]],
      message: /\[1, 1\] must name each of the 2 dimensions once/,
      type: ArgumentError,
    },
    { call: () => [zeros([2, 3]), [0, 2]], message: /dim 2 is out of range/, type: IndexError },
  ],
});

function orderedDims(dims: readonly number[], rank: number): number[] {
  const list = Array.isArray(dims) ? dims.map((dim) => normalizeDim("permute", dim, rank)) : [];
  if (list.length !== rank || new Set(list).size !== rank) {
    throw new ArgumentError(
      `permute: ${quoted(dims)} must name each of the ${rank} dimensions once.`,
      { dims, rank },
    );
  }
  return list;
}
