/**
 * Distances between all vectors of two sets, in double precision inside.
 */
import type { Tensor } from "../tensor.ts";
import { perDType } from "./specialize.ts";

/** y[n, i, j] = ‖a[n, i] − b[n, j]‖ₚ; all contiguous. */
export function allDistances(a: Tensor, b: Tensor, p: number, y: Tensor): void {
  const [batch, rows, length] = a.shape as [number, number, number];
  const columns = b.shape[1]!;
  const { data } = a.storage;
  distancesFor(data)(
    data,
    a.offset,
    b.storage.data,
    b.offset,
    y.storage.data,
    batch,
    rows,
    columns,
    length,
    p,
  );
}

const distancesFor = perDType(function distances(
  a: ArrayLike<number>,
  aOffset: number,
  b: ArrayLike<number>,
  bOffset: number,
  y: { [index: number]: number },
  batch: number,
  rows: number,
  columns: number,
  length: number,
  p: number,
): void {
  let to = 0;
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < rows; i++) {
      const first = aOffset + (n * rows + i) * length;
      for (let j = 0; j < columns; j++) {
        const second = bOffset + (n * columns + j) * length;
        let total = 0;
        if (p === 2) {
          for (let k = 0; k < length; k++) {
            const difference = a[first + k]! - b[second + k]!;
            total += difference * difference;
          }
          total = Math.sqrt(total);
        } else if (p === 1) {
          for (let k = 0; k < length; k++) total += Math.abs(a[first + k]! - b[second + k]!);
        } else if (p === 0) {
          for (let k = 0; k < length; k++) if (a[first + k]! !== b[second + k]!) total++;
        } else if (p === Number.POSITIVE_INFINITY) {
          for (let k = 0; k < length; k++) {
            const size = Math.abs(a[first + k]! - b[second + k]!);
            if (size > total || Number.isNaN(size)) total = size;
          }
        } else {
          for (let k = 0; k < length; k++) total += Math.abs(a[first + k]! - b[second + k]!) ** p;
          total **= 1 / p;
        }
        y[to++] = total;
      }
    }
  }
});

/** y[n, i] = Σⱼ w[n, i, j] · (a[n, i] − b[n, j]); all contiguous. */
export function sumDifferences(w: Tensor, a: Tensor, b: Tensor, y: Tensor): void {
  const [batch, rows, length] = a.shape as [number, number, number];
  const columns = b.shape[1]!;
  const { data } = a.storage;
  differencesFor(data)(
    w.storage.data,
    w.offset,
    data,
    a.offset,
    b.storage.data,
    b.offset,
    y.storage.data,
    batch,
    rows,
    columns,
    length,
    new Float64Array(length),
  );
}

const differencesFor = perDType(function differences(
  w: ArrayLike<number>,
  wOffset: number,
  a: ArrayLike<number>,
  aOffset: number,
  b: ArrayLike<number>,
  bOffset: number,
  y: { [index: number]: number },
  batch: number,
  rows: number,
  columns: number,
  length: number,
  totals: Float64Array,
): void {
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < rows; i++) {
      const row = n * rows + i;
      const first = aOffset + row * length;
      totals.fill(0);
      for (let j = 0; j < columns; j++) {
        const second = bOffset + (n * columns + j) * length;
        const weight = w[wOffset + row * columns + j]!;
        for (let k = 0; k < length; k++) {
          totals[k] = totals[k]! + weight * (a[first + k]! - b[second + k]!);
        }
      }
      for (let k = 0; k < length; k++) y[row * length + k] = totals[k]!;
    }
  }
});
