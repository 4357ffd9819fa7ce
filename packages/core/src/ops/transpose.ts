/**
 * Dimensions in another order.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor, zeros } from "../creation.ts";
import { ArgumentError, IndexError, quoted, ShapeError } from "../errors.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Dims } from "../shape.ts";
import { formatShape, normalizeDim, normalizeDims } from "../shape.ts";
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
  call: (x: TensorLike, dim0: number, dim1: number) => {
    const source = toTensor("transpose", x);
    return {
      operands: [source],
      options: {
        dim0: normalizeDim("transpose", dim0, source.ndim),
        dim1: normalizeDim("transpose", dim1, source.ndim),
      },
    };
  },
  kinds: ["any"],
  view: (x, { dim0, dim1 }) => {
    if (x.ndim === 0) return { shape: x.shape, strides: x.strides, offset: x.offset };
    const shape = x.shape.slice();
    const strides = x.strides.slice();
    [shape[dim0], shape[dim1]] = [shape[dim1]!, shape[dim0]!];
    [strides[dim0], strides[dim1]] = [strides[dim1]!, strides[dim0]!];
    return { shape, strides, offset: x.offset };
  },
  vjp: [(cotangent, { options }) => transpose(cotangent, options.dim0, options.dim1)],
  batch: ([x], _batched, { dim0, dim1 }) =>
    x!.ndim === 1 ? x! : transpose(x!, dim0 + 1, dim1 + 1),
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
  edges: [
    { note: "a single number", call: () => [zeros([]), 0, -1], result: [0], gradients: [[1]] },
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
  call: (x: TensorLike, dims: readonly number[]) => {
    const source = toTensor("permute", x);
    return { operands: [source], options: { dims: orderedDims(dims, source.ndim) } };
  },
  kinds: ["any"],
  view: (x, { dims }) => ({
    shape: dims.map((dim) => x.shape[dim]!),
    strides: dims.map((dim) => x.strides[dim]!),
    offset: x.offset,
  }),
  vjp: [
    (cotangent, { options: { dims } }) => {
      const inverse = dims.slice();
      for (const [to, from] of dims.entries()) inverse[from] = to;
      return permute(cotangent, inverse);
    },
  ],
  batch: ([x], _batched, { dims }) => permute(x!, [0, ...dims.map((dim) => dim + 1)]),
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
  edges: [{ note: "a single number", call: () => [zeros([]), []], result: [0], gradients: [[1]] }],
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

/**
 * x with some dimensions moved to other places, the others keeping their order; a view.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} when there are not as many destinations as sources.
 * @example
 * import { movedim, zeros } from "@chainrule/core";
 * movedim(zeros([2, 3, 4]), 0, -1).shape; // → [ 3, 4, 2 ]
 * movedim(zeros([2, 3, 4]), [0, 1], [2, 0]).shape; // → [ 3, 4, 2 ]
 */
export function movedim(x: TensorLike, source: Dims, destination: Dims): Tensor {
  const given = toTensor("movedim", x);
  const from = placesOf(source, given.ndim);
  const to = placesOf(destination, given.ndim);
  if (from.length !== to.length) {
    throw new ArgumentError(
      `movedim: ${from.length} dimensions for ${to.length} places (${quoted(source)} to ${quoted(destination)}). Give one for each.`,
      { source, destination },
    );
  }
  const order = new Array<number>(given.ndim).fill(-1);
  for (const [i, place] of to.entries()) if (order.length > 0) order[place] = from[i]!;
  const rest = order.map((_, dim) => dim).filter((dim) => !from.includes(dim));
  let next = 0;
  return permute(
    given,
    order.map((dim) => (dim < 0 ? rest[next++]! : dim)),
  );
}

/**
 * x with some dimensions moved to other places; NumPy's name for {@link movedim}.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} when there are not as many destinations as sources.
 * @example
 * import { moveaxis, zeros } from "@chainrule/core";
 * moveaxis(zeros([2, 3, 4]), 0, -1).shape; // → [ 3, 4, 2 ]
 */
export function moveaxis(x: TensorLike, source: Dims, destination: Dims): Tensor {
  return movedim(x, source, destination);
}

/** Dimensions in the order given, each counted from the front and named once. */
function placesOf(dims: Dims, rank: number): number[] {
  normalizeDims("movedim", dims, rank);
  return [dims].flat().map((dim) => normalizeDim("movedim", dim, rank));
}

/**
 * x with two dimensions exchanged; a view. NumPy's name for {@link transpose}.
 *
 * @throws {IndexError} when a dimension is out of range.
 * @example
 * import { swapaxes, zeros } from "@chainrule/core";
 * swapaxes(zeros([2, 3, 4]), 0, -1).shape; // → [ 4, 3, 2 ]
 */
export function swapaxes(x: TensorLike, dim0: number, dim1: number): Tensor {
  return transpose(x, dim0, dim1);
}

/**
 * A matrix transposed; a tensor with fewer dimensions stays as it is. A view.
 *
 * @throws {ShapeError} when x has more than two dimensions.
 * @example
 * import { t, tensor } from "@chainrule/core";
 * t(tensor([[1, 2], [3, 4]])).toArray(); // → [ [ 1, 3 ], [ 2, 4 ] ]
 */
export function t(x: TensorLike): Tensor {
  const source = toTensor("t", x);
  if (source.ndim > 2) {
    throw new ShapeError(
      `t: shape ${formatShape(source.shape)} is no matrix. Use mT, transpose or permute.`,
      { shape: source.shape },
    );
  }
  return transpose(source, 0, -1);
}
