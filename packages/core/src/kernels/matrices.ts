/**
 * Stacks of matrices for the decompositions: copied into plain memory in double precision, whatever their type and
 * layout, worked on there, and written back.
 */
import type { Shape } from "../shape.ts";
import { broadcastStrides, elementCount } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { copyStrided } from "./copy.ts";

/** All numbers of a tensor, stretched to a shape if one is given, row-major and in double precision. */
export function doubles(x: Tensor, shape: Shape = x.shape): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(elementCount(shape));
  const strides = shape === x.shape ? x.strides : broadcastStrides(x.shape, x.strides, shape);
  copyStrided(copy, 0, x.storage.data, x.offset, shape, strides);
  return copy;
}

/** The same memory with the last two dimensions exchanged, outside of the graph. */
export function turned(x: Tensor): Tensor {
  const swap = (list: Shape): number[] => [...list.slice(0, -2), list.at(-1)!, list.at(-2)!];
  return new Tensor(x.storage, x.dtype, swap(x.shape), swap(x.strides), x.offset);
}

/** The same memory as matrices of one column, outside of the graph. */
export function asColumns(x: Tensor): Tensor {
  return new Tensor(x.storage, x.dtype, [...x.shape, 1], [...x.strides, 1], x.offset);
}

/** Whether all numbers are finite. */
export function allFinite(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return false;
  return true;
}

/** The transpose of a matrix with so many rows and columns, both row-major. */
export function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  const t = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) t[j * rows + i] = a[i * columns + j]!;
  }
  return t;
}

/** The identity as a row-major matrix. */
export function identity(n: number): Float64Array {
  const one = new Float64Array(n * n);
  for (let i = 0; i < n; i++) one[i * n + i] = 1;
  return one;
}

/** A power of two near the largest number, so that squares of numbers divided by it neither overflow nor vanish. */
export function scaleOf(a: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]!));
  // Not beyond the normal numbers, whose reciprocal would be infinite.
  return largest === 0 ? 1 : 2 ** Math.max(-1000, Math.floor(Math.log2(largest)));
}

/** The same numbers divided by a scale. */
export function dividedBy(a: Float64Array, scale: number): Float64Array {
  return scale === 1 ? a : a.map((x) => x / scale);
}

/**
 * The sign that a vector is to be multiplied with so that its first component of any size is positive: what decides
 * between the two directions of eigenvectors and singular vectors. Components below a thousandth of the largest do not
 * decide, since rounding would.
 */
export function directionOf(vectors: Float64Array, from: number, length: number): 1 | -1 {
  let largest = 0;
  for (let i = 0; i < length; i++) largest = Math.max(largest, Math.abs(vectors[from + i]!));
  for (let i = 0; i < length; i++) {
    const component = vectors[from + i]!;
    if (Math.abs(component) * 1024 >= largest) return component < 0 ? -1 : 1;
  }
  return 1;
}
