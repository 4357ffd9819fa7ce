/**
 * Triangles of matrices.
 */
import type { TypedArray } from "../dtype.ts";
import { contiguousOperand } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { perDType } from "./specialize.ts";

/** Copies the numbers with low ≤ column − row ≤ high of the last two dimensions into y, which is zero and contiguous. */
export function copyTriangle(x: Tensor, y: Tensor, low: number, high: number): void {
  const source = contiguousOperand(x);
  const rows = x.shape.at(-2)!;
  const columns = x.shape.at(-1)!;
  const { data } = y.storage;
  const copy = copyBandFor(data, source.storage.data);
  copy(data, source.storage.data, source.offset, y.numel(), rows, columns, low, high);
}

const copyBandFor = perDType(function copyBand(
  target: TypedArray,
  source: TypedArray,
  offset: number,
  count: number,
  rows: number,
  columns: number,
  low: number,
  high: number,
): void {
  let row = 0;
  for (let at = 0; at < count; at += columns) {
    const end = Math.min(row + high + 1, columns);
    for (let column = Math.max(row + low, 0); column < end; column++)
      target[at + column] = source[offset + at + column]!;
    row = row + 1 === rows ? 0 : row + 1;
  }
});
