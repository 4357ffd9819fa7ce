/**
 * Binary search.
 */
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { perDType } from "./specialize.ts";

/** For each value its place in the sorted row that goes with it; all operands are contiguous. */
export function searchRows(sorted: Tensor, values: Tensor, y: Tensor, right: boolean): void {
  const length = sorted.shape.at(-1)!;
  const rows = sorted.ndim === 1 ? 1 : sorted.shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const search = searchFor(sorted.storage.data, values.storage.data);
  const each = rows === 0 ? 0 : values.numel() / rows;
  for (let row = 0; row < rows; row++) {
    search(
      y.storage.data,
      row * each,
      sorted.storage.data,
      sorted.offset + row * length,
      length,
      values.storage.data,
      values.offset + row * each,
      each,
      right,
    );
  }
}

const searchFor = perDType(function search(
  found: TypedArray,
  to: number,
  sorted: TypedArray,
  from: number,
  length: number,
  values: TypedArray,
  start: number,
  count: number,
  right: boolean,
): void {
  for (let i = 0; i < count; i++) {
    const value = values[start + i]!;
    let low = 0;
    let high = length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = sorted[from + middle]!;
      // NaN is larger than everything else.
      const before = Number.isNaN(value)
        ? right || !Number.isNaN(at)
        : right
          ? at <= value
          : at < value;
      if (before) low = middle + 1;
      else high = middle;
    }
    found[to + i] = low;
  }
});
