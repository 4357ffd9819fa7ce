/**
 * Sums along dimensions. Partial sums are kept in double precision; their order depends on the shape only.
 */
import type { Tensor } from "../tensor.ts";
import { forEachRow, mergeDimensions } from "./rows.ts";
import { perDType } from "./specialize.ts";

/**
 * Fills `y` (contiguous) with the sums of `x` over `dims`, in rising order; y's elements are those of the other
 * dimensions in row-major order.
 */
export function sumOver(x: Tensor, dims: readonly number[], y: Tensor): void {
  if (x.numel() === 0) return;
  const kept: number[] = [];
  for (let i = 0; i < x.ndim; i++) if (!dims.includes(i)) kept.push(i);
  const outer = mergeDimensions(
    kept.map((i) => x.shape[i]!),
    [kept.map((i) => x.strides[i]!)],
  );
  const inner = mergeDimensions(
    dims.map((i) => x.shape[i]!),
    [dims.map((i) => x.strides[i]!)],
  );
  const source = x.storage.data;
  const target = y.storage.data;
  const innerRank = inner.lengths.length;
  const outerRank = outer.lengths.length;
  // Both sides are at most a row and a stack of rows almost always: summed directly, along whichever side is closer in
  // memory.
  const rows = outerRank > 0 ? outer.lengths[outerRank - 1]! : 1;
  const rowStep = outerRank > 0 ? outer.strides[0]![outerRank - 1]! : 0;
  const length = innerRank > 0 ? inner.lengths[innerRank - 1]! : 1;
  const step = innerRank > 0 ? inner.strides[0]![innerRank - 1]! : 0;
  if (innerRank <= 1 && Math.abs(step) > Math.abs(rowStep) && rows > 1) {
    const sums = new Float64Array(rows);
    const sumColumns = sumColumnsFor(source, target);
    let at = 0;
    forEachRow(outer.lengths, [outer.strides[0]!], [x.offset], (_count, _steps, [place]) => {
      sumColumns(target, at, source, place!, rows, rowStep, length, step, sums);
      at += rows;
    });
    return;
  }
  const sumRows = sumRowsFor(source);
  const sums = new Float64Array(rows);
  let at = 0;
  forEachRow(outer.lengths, [outer.strides[0]!], [x.offset], (_count, _steps, [place]) => {
    sums.fill(0);
    forEachRow(
      inner.lengths,
      [inner.strides[0]!],
      [place!],
      (_innerCount, _innerSteps, [start]) => {
        sumRows(sums, source, start!, rows, rowStep, length, step);
      },
    );
    for (let row = 0; row < rows; row++) target[at + row] = sums[row]!;
    at += rows;
  });
}

const sumRowsFor = perDType(function sumRows(
  sums: Float64Array,
  source: ArrayLike<number>,
  start: number,
  rows: number,
  rowStep: number,
  length: number,
  step: number,
): void {
  for (let row = 0; row < rows; row++) {
    let at = start + row * rowStep;
    // The running sum goes on, so that the order of additions does not depend on which dimensions memory lets us merge.
    let sum = sums[row]!;
    for (let i = 0; i < length; i++) {
      sum += source[at]!;
      at += step;
    }
    sums[row] = sum;
  }
});

/** Sums down the columns: one pass over memory in its own order, with a row of partial sums. */
const sumColumnsFor = perDType(function sumColumns(
  target: { [index: number]: number },
  to: number,
  source: ArrayLike<number>,
  start: number,
  columns: number,
  columnStep: number,
  length: number,
  step: number,
  sums: Float64Array,
): void {
  for (let column = 0; column < columns; column++) sums[column] = 0;
  for (let i = 0; i < length; i++) {
    let at = start + i * step;
    for (let column = 0; column < columns; column++) {
      sums[column]! += source[at]!;
      at += columnStep;
    }
  }
  for (let column = 0; column < columns; column++) target[to + column] = sums[column]!;
});
