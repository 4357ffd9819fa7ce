/**
 * Rows of a table looked up by index, and added up in a table by index.
 */
import { addUpRowsAccelerated, pickRowsAccelerated } from "../accelerated/embedding.ts";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { perDType } from "./specialize.ts";

/** y[i] = factors[i] · table[index[i]], row by row; `null` stands for factors of 1. The table is contiguous. */
export function lookUpRows(
  table: Tensor,
  index: ArrayLike<number>,
  factors: Float64Array | null,
  y: Tensor,
): void {
  const width = table.shape[1]!;
  if (factors === null && pickRowsAccelerated(table, index, width, width, y)) return;
  const source = table.storage.data;
  const target = y.storage.data;
  lookUpFor(target, source)(source, table.offset, index, factors, width, target);
}

const lookUpFor = perDType(function lookUp(
  table: ArrayLike<number>,
  tableOffset: number,
  index: ArrayLike<number>,
  factors: Float64Array | null,
  width: number,
  y: { [index: number]: number },
): void {
  let to = 0;
  for (let i = 0; i < index.length; i++) {
    const from = tableOffset + index[i]! * width;
    const factor = factors === null ? 1 : factors[i]!;
    for (let k = from; k < from + width; k++) y[to++] = factor * table[k]!;
  }
});

/**
 * Fills the table: each row is Σ factors[i] · x[i] over the i whose index names it, kept in double precision. x is
 * contiguous.
 */
export function addUpRows(
  x: Tensor,
  index: ArrayLike<number>,
  factors: Float64Array | null,
  table: Tensor,
): void {
  const width = table.shape[1]!;
  // The places of each row one after the other, by a counting sort.
  const rows = width === 0 ? 0 : table.shape[0]!;
  const ends = new Int32Array(rows + 1);
  for (let i = 0; i < index.length; i++) ends[index[i]! + 1] = ends[index[i]! + 1]! + 1;
  for (let row = 0; row < rows; row++) ends[row + 1] = ends[row + 1]! + ends[row]!;
  const order = new Int32Array(index.length);
  const next = ends.slice();
  for (let i = 0; i < index.length; i++) {
    const at = next[index[i]!]!;
    order[at] = i;
    next[index[i]!] = at + 1;
  }
  if (addUpRowsAccelerated(x, order, ends, factors, table)) return;
  const source = x.storage.data;
  const target = table.storage.data;
  const sums = new Float64Array(width);
  target.fill(0);
  addUpFor(target, source)(source, x.offset, order, ends, factors, width, target, sums);
}

const addUpFor = perDType(function addUp(
  x: ArrayLike<number>,
  xOffset: number,
  order: Int32Array,
  ends: Int32Array,
  factors: Float64Array | null,
  width: number,
  table: { [index: number]: number },
  totals: Float64Array,
): void {
  for (let row = 0; row + 1 < ends.length; row++) {
    const first = ends[row]!;
    const last = ends[row + 1]!;
    if (first === last) continue;
    totals.fill(0);
    for (let i = first; i < last; i++) {
      const from = xOffset + order[i]! * width;
      const factor = factors === null ? 1 : factors[order[i]!]!;
      for (let k = 0; k < width; k++) totals[k] = totals[k]! + factor * x[from + k]!;
    }
    const to = row * width;
    for (let k = 0; k < width; k++) table[to + k] = totals[k]!;
  }
});

/**
 * The rows that are named, rising and each once, but for the row `skip`, and Σ factors[i] · x[i] over the i that name each.
 * Takes time and memory for the rows that are named only, however large the table.
 */
export function addUpDistinctRows(
  x: TypedArray,
  xOffset: number,
  index: ArrayLike<number>,
  factors: Float64Array | null,
  width: number,
  skip: number,
): { indices: Int32Array; values: TypedArray } {
  // Sorted by row, then by place: both in one number, exact up to 2⁵³.
  const count = index.length;
  const keys = new Float64Array(count);
  let used = 0;
  for (let i = 0; i < count; i++) if (index[i] !== skip) keys[used++] = index[i]! * count + i;
  const sorted = keys.subarray(0, used).sort();
  const order = new Int32Array(used);
  const starts = new Int32Array(used + 1);
  const indices = new Int32Array(used);
  let rows = 0;
  for (let i = 0; i < used; i++) {
    const row = Math.floor(sorted[i]! / count);
    order[i] = sorted[i]! - row * count;
    if (rows === 0 || indices[rows - 1] !== row) {
      starts[rows] = i;
      indices[rows++] = row;
    }
  }
  starts[rows] = used;
  const values =
    x instanceof Float64Array ? new Float64Array(rows * width) : new Float32Array(rows * width);
  const ends = starts.subarray(0, rows + 1);
  addUpFor(values, x)(x, xOffset, order, ends, factors, width, values, new Float64Array(width));
  return { indices: indices.slice(0, rows), values };
}

/**
 * For each bag and column the position of the largest number among the rows of the bag (the first, if several are equal),
 * −1 for a bag without rows; `places` has a row for each column.
 */
export function largestInBags(
  x: TypedArray,
  offset: number,
  bags: ArrayLike<number>,
  width: number,
  count: number,
  places: Int32Array,
): void {
  places.fill(-1);
  for (let i = 0; i < bags.length; i++) {
    for (let k = 0; k < width; k++) {
      const at = k * count + bags[i]!;
      const held = places[at]!;
      if (held < 0 || x[offset + i * width + k]! > x[offset + held * width + k]!) places[at] = i;
    }
  }
}
