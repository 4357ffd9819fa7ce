/**
 * Dimensions of length 1 that come and go, and dimensions that merge and split: `reshape` by other names.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { described, IndexError, ShapeError } from "../errors.ts";
import type { Dims, Shape } from "../shape.ts";
import { elementCount, formatShape, normalizeDim, normalizeDims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { inferredShape, reshape } from "./reshape.ts";

/**
 * x without dimensions of length 1: without all of them, or without those named that have length 1. A view.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @example
 * import { squeeze, zeros } from "@chainrule/core";
 * squeeze(zeros([1, 3, 1])).shape; // → [ 3 ]
 * squeeze(zeros([1, 3, 1]), 0).shape; // → [ 3, 1 ]
 * squeeze(zeros([1, 3, 1]), 1).shape; // → [ 1, 3, 1 ]
 */
export function squeeze(x: TensorLike, dim?: Dims): Tensor {
  const source = toTensor("squeeze", x);
  const dims = normalizeDims("squeeze", dim, source.ndim);
  return reshape(
    source,
    source.shape.filter((length, i) => length !== 1 || !dims.includes(i)),
  );
}

/**
 * x with a new dimension of length 1 at `dim`; negative ones count from the end of the result. A view.
 *
 * @throws {IndexError} when `dim` is out of range.
 * @example
 * import { unsqueeze, zeros } from "@chainrule/core";
 * unsqueeze(zeros([2, 3]), 1).shape; // → [ 2, 1, 3 ]
 * unsqueeze(zeros([2, 3]), -1).shape; // → [ 2, 3, 1 ]
 */
export function unsqueeze(x: TensorLike, dim: number): Tensor {
  const source = toTensor("unsqueeze", x);
  const at = normalizeDim("unsqueeze", dim, source.ndim + 1);
  return reshape(source, [...source.shape.slice(0, at), 1, ...source.shape.slice(at)]);
}

/**
 * x with the dimensions from `startDim` to `endDim` merged into one. A view where memory allows, else a copy; a 0-d tensor
 * becomes one of shape [1].
 *
 * @throws {IndexError} when a dimension is out of range, or the end comes before the start.
 * @example
 * import { flatten, zeros } from "@chainrule/core";
 * flatten(zeros([2, 3, 4])).shape; // → [ 24 ]
 * flatten(zeros([2, 3, 4]), 1).shape; // → [ 2, 12 ]
 */
export function flatten(x: TensorLike, startDim = 0, endDim = -1): Tensor {
  const source = toTensor("flatten", x);
  const first = normalizeDim("flatten", startDim, source.ndim);
  const last = normalizeDim("flatten", endDim, source.ndim);
  if (first > last) {
    throw new IndexError(
      `flatten: startDim ${startDim} comes after endDim ${endDim} for ${source.ndim} dimensions.`,
      { startDim, endDim, rank: source.ndim },
    );
  }
  const { shape } = source;
  const merged = elementCount(shape.slice(first, last + 1));
  return reshape(source, [...shape.slice(0, first), merged, ...shape.slice(last + 1)]);
}

/**
 * All elements in one dimension; NumPy's name for {@link flatten}.
 *
 * @example
 * import { ravel, zeros } from "@chainrule/core";
 * ravel(zeros([2, 3])).shape; // → [ 6 ]
 */
export function ravel(x: TensorLike): Tensor {
  return flatten(x);
}

/**
 * x with the dimension `dim` split into several of the lengths given, one of which may be −1. A view; undoes `flatten`.
 *
 * @throws {IndexError} when `dim` is out of range.
 * @throws {ShapeError} when the product of the lengths is not the length of the dimension.
 * @example
 * import { unflatten, zeros } from "@chainrule/core";
 * unflatten(zeros([2, 12]), 1, [3, -1]).shape; // → [ 2, 3, 4 ]
 */
export function unflatten(x: TensorLike, dim: number, lengths: Shape): Tensor {
  const source = toTensor("unflatten", x);
  if (source.ndim === 0)
    throw new ShapeError("unflatten: a 0-d tensor has no dimension to split. Use reshape.");
  const at = normalizeDim("unflatten", dim, source.ndim);
  const { shape } = source;
  const split = inferredShape("unflatten", [shape[at]!], lengths);
  return reshape(source, [...shape.slice(0, at), ...split, ...shape.slice(at + 1)]);
}

/**
 * x with one dimension at least: a number becomes a row of one.
 *
 * @example
 * import { atleast1d } from "@chainrule/core";
 * atleast1d(5).shape; // → [ 1 ]
 */
export function atleast1d(x: TensorLike): Tensor {
  const source = toTensor("atleast1d", x);
  return source.ndim >= 1 ? source : reshape(source, [1]);
}

/**
 * x with two dimensions at least: a number becomes [1, 1], a row of n becomes [1, n].
 *
 * @example
 * import { atleast2d } from "@chainrule/core";
 * atleast2d([1, 2, 3]).shape; // → [ 1, 3 ]
 */
export function atleast2d(x: TensorLike): Tensor {
  const source = toTensor("atleast2d", x);
  return source.ndim >= 2 ? source : reshape(source, [1, ...atleast1d(source).shape]);
}

/**
 * x with three dimensions at least: a row of n becomes [1, n, 1], a matrix [m, n] becomes [m, n, 1].
 *
 * @example
 * import { atleast3d } from "@chainrule/core";
 * atleast3d([1, 2, 3]).shape; // → [ 1, 3, 1 ]
 */
export function atleast3d(x: TensorLike): Tensor {
  const source = toTensor("atleast3d", x);
  return source.ndim >= 3 ? source : reshape(source, [...atleast2d(source).shape, 1]);
}

/** The dimension, refusing 0-d tensors, which have none. */
export function existingDim(where: string, dim: number, shape: Shape): number {
  if (shape.length === 0)
    throw new ShapeError(described(where, "a 0-d tensor has no dimensions. Reshape it to [1]."));
  if (!Number.isInteger(dim) || dim < -shape.length || dim >= shape.length) {
    throw new IndexError(
      described(
        where,
        `dim ${String(dim)} is out of range for shape ${formatShape(shape)}; use ${-shape.length} to ${shape.length - 1}.`,
      ),
      { dim, shape },
    );
  }
  return dim < 0 ? dim + shape.length : dim;
}
