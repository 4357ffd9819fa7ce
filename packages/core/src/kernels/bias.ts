/**
 * Adding a bias to the rows of a matrix.
 */
import type { TypedArray } from "../dtype.ts";
import type { VectorView } from "./matmul.ts";
import { perDType } from "./specialize.ts";

/** Adds a bias to m rows of n numbers each, which lie behind one another from `at` on. */
export function addBias(
  out: TypedArray,
  at: number,
  { data, offset, step }: VectorView,
  m: number,
  n: number,
): void {
  addBiasFor(out, data)(out, at, m, n, data, offset, step);
}

const addBiasFor = perDType(function addToRows(
  y: { [index: number]: number },
  first: number,
  rows: number,
  columns: number,
  bias: ArrayLike<number>,
  offset: number,
  step: number,
): void {
  const even = columns - (columns % 4);
  let at = first;
  for (let row = 0; row < rows; row++) {
    let from = offset;
    // Four at a time: the counting of the loop costs as much as the sum.
    for (let column = 0; column < even; column += 4) {
      y[at] = y[at]! + bias[from]!;
      y[at + 1] = y[at + 1]! + bias[from + step]!;
      y[at + 2] = y[at + 2]! + bias[from + 2 * step]!;
      y[at + 3] = y[at + 3]! + bias[from + 3 * step]!;
      at += 4;
      from += 4 * step;
    }
    for (let column = even; column < columns; column++) {
      y[at] = y[at]! + bias[from]!;
      at++;
      from += step;
    }
  }
});
