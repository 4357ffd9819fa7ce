/**
 * Lanes: the elements of a tensor that a reduction folds into one number, or a scan walks along.
 *
 * Lanes that lie at even distances are handed to a kernel as one block, so that its loops run over
 * plain places and steps and nothing is allocated for a single lane.
 */
import type { TypedArray } from "../dtype.ts";
import { allocate } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import { elementCount } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { copyStrided } from "./copy.ts";
import { forEachRow, mergeDimensions } from "./rows.ts";

/** `rows` lanes of `length` elements; the results go to consecutive places from `at` on. */
export type LaneVisitor = (
  at: number,
  source: TypedArray,
  start: number,
  rows: number,
  rowStep: number,
  length: number,
  step: number,
) => void;

/**
 * Visits the lanes of `x` along `dims` (in rising order), in the row-major order of the other
 * dimensions.
 */
export function forEachLaneOf(x: Tensor, dims: readonly number[], visit: LaneVisitor): void {
  const { shape, strides, offset } = x;
  const source = x.storage.data;
  const rank = shape.length;
  const count = dims.length;
  // Of a contiguous tensor, the leading or the trailing dimensions are one block.
  if (count === 0 || dims[count - 1]! - dims[0]! === count - 1) {
    const isTrailing = count === 0 || dims[count - 1] === rank - 1;
    if ((isTrailing || dims[0] === 0) && x.isContiguous()) {
      let length = 1;
      for (let i = 0; i < count; i++) length *= shape[dims[i]!]!;
      let rows = 1;
      for (let i = 0; i < rank; i++) if (!dims.includes(i)) rows *= shape[i]!;
      if (rows === 0) return;
      if (isTrailing) visit(0, source, offset, rows, length, length, 1);
      else visit(0, source, offset, rows, 1, length, rows);
      return;
    }
  }
  const kept: number[] = [];
  for (let i = 0; i < rank; i++) if (!dims.includes(i)) kept.push(i);
  const keptShape = kept.map((i) => shape[i]!);
  const inner = mergeDimensions(
    dims.map((i) => shape[i]!),
    [dims.map((i) => strides[i]!)],
  );
  if (inner.lengths.length > 1) {
    // No single step leads through a lane: the lanes are laid out one after the other first.
    const order = [...kept, ...dims];
    const copy = allocate(x.dtype, x.numel());
    const length = elementCount(inner.lengths);
    copyStrided(copy, 0, source, offset, at(shape, order), at(strides, order));
    visit(0, copy, 0, elementCount(keptShape), length, length, 1);
    return;
  }
  const length = inner.lengths[0] ?? 1;
  const step = inner.strides[0]![0] ?? 0;
  let to = 0;
  const keptStrides = kept.map((i) => strides[i]!);
  forEachRow(keptShape, [keptStrides], [offset], (rows, [rowStep], [place]) => {
    visit(to, source, place!, rows, rowStep!, length, step);
    to += rows;
  });
}

function at(list: Shape, places: readonly number[]): number[] {
  return places.map((i) => list[i]!);
}

/** `rows` lanes of each of several views, at the same places of their shapes. */
export type ParallelVisitor = (
  rows: number,
  rowSteps: readonly number[],
  places: readonly number[],
) => void;

/** Visits the lanes along one dimension of several tensors of the same shape. */
export function forEachLaneAlong(
  dim: number,
  views: readonly Tensor[],
  visit: ParallelVisitor,
): void {
  const { shape } = views[0]!;
  const others = shape.filter((_, i) => i !== dim);
  const strides = views.map((view) => view.strides.filter((_, i) => i !== dim));
  const offsets = views.map((view) => view.offset);
  forEachRow(others, strides, offsets, visit);
}

/** The length of a lane along a dimension; a 0-d tensor is one lane of one element. */
export function lengthAlong(x: Tensor, dim: number): number {
  return x.ndim === 0 ? 1 : x.shape[dim]!;
}

/** The step from element to element of a lane. */
export function stepAlong(x: Tensor, dim: number): number {
  return x.ndim === 0 ? 0 : x.strides[dim]!;
}
