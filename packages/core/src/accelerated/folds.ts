/**
 * Extrema, variances and norms of float32 numbers in WebAssembly, over any dimensions.
 *
 * What is folded into one number is copied into rows first, unless it lies so. Long rows are cut into pieces of a fixed
 * size for several threads. Extrema and their places are those of the plain loops; sums are kept in double precision.
 */
import type { Tensor } from "../tensor.ts";
import { computeRows, inRows } from "./rows.ts";
import { computeWhole } from "./whole.ts";

/** So much work a number is, in products of a matrix product. */
const workOfNumber = 16;
/** From so many numbers on copying them pays. */
const leastNumbers = 1 << 12;
/** Numbers that a thread takes at a time. */
const partNumbers = 1 << 14;

/** Calls `visit` for each part of some rows: which row, where in it, how many rows, and how many numbers of each. */
function forEachPart(
  rows: number,
  length: number,
  visit: (row: number, start: number, count: number, width: number) => void,
): void {
  const most = Math.max(1, Math.floor(partNumbers / length));
  for (let row = 0; row < rows; row += most) {
    const count = Math.min(most, rows - row);
    for (let start = 0; start < length; start += partNumbers)
      visit(row, start, count, Math.min(partNumbers, length - start));
  }
}

/** See `extremaOver`. False where plain loops are to do it. */
export function extremaAccelerated(
  x: Tensor,
  dims: readonly number[],
  largest: boolean,
  values: Tensor | null,
  indices: Tensor | null,
): boolean {
  const numbers = x.numel();
  if (x.dtype !== "float32" || numbers === 0) return false;
  const { source, rows, length } = inRows(x, dims);
  const pieces = Math.ceil(length / partNumbers);
  const results = [values, indices].filter((result) => result !== null);
  const flip = largest ? 0 : -(2 ** 31);
  const task = {
    operands: [source],
    results,
    work: workOfNumber * numbers,
    least: workOfNumber * leastNumbers,
    common: 2 * rows * pieces,
  };
  return computeWhole(
    task,
    ({ kernels, operands, results: targets, common, scratch, part, wait }) => {
      const from = operands[0]!;
      const toValues = values === null ? null : targets[0]!;
      const toPlaces = indices === null ? null : targets.at(-1)!;
      // Results that nobody wants, and those of pieces, go to the common room.
      const foundValues = pieces > 1 ? common : (toValues ?? common);
      const foundPlaces = pieces > 1 ? common + 4 * rows * pieces : (toPlaces ?? common);
      forEachPart(rows, length, (row, start, count, width) => {
        const at = 4 * (row * pieces + start / partNumbers);
        const place = from + 4 * (row * length + start);
        kernels.extremaOfRows(foundValues + at, foundPlaces + at, place, count, width, flip);
        part();
      });
      if (pieces === 1) return;
      wait();
      const { floats, words } = scratch;
      for (let row = 0; row < rows; row++) {
        const first = (foundValues >> 2) + row * pieces;
        let best = 0;
        for (let piece = 1; piece < pieces; piece++) {
          const [value, before] = [floats[first + piece]!, floats[first + best]!];
          const isBetter = largest ? !(value <= before) : !(value >= before);
          if (isBetter && !Number.isNaN(before)) best = piece;
        }
        const place = words[(foundPlaces >> 2) + row * pieces + best]! + best * partNumbers;
        if (toValues !== null) floats[(toValues >> 2) + row] = floats[first + best]!;
        if (toPlaces !== null) words[(toPlaces >> 2) + row] = place;
      }
    },
  );
}

/** See `sharesOfTies`; the extrema are contiguous. False where plain loops are to do it. */
export function tiesAccelerated(
  x: Tensor,
  extrema: Tensor,
  dims: readonly number[],
  shares: Tensor,
): boolean {
  if (x.dtype !== "float32" || extrema.dtype !== "float32") return false;
  return computeRows(
    { operands: [x], result: shares, dims, exponentials: false, others: [extrema] },
    (kernels, target, [source, extremum], { first, count, length }) => {
      const at = 4 * first * length;
      kernels.shareTies(target + at, source! + at, extremum! + 4 * first, count, length);
    },
  );
}

/**
 * Calls `finish` with Σ (x − o)² of each lane over `dims`, where o is its mean if `isCentered`, else 0. False where plain
 * loops are to do it.
 */
function sumsOfSquares(
  x: Tensor,
  dims: readonly number[],
  isCentered: boolean,
  y: Tensor,
  finish: (squares: number) => number,
): boolean {
  const numbers = x.numel();
  if (x.dtype !== "float32" || y.dtype !== "float32" || numbers === 0) return false;
  const { source, rows, length } = inRows(x, dims);
  const pieces = Math.ceil(length / partNumbers);
  const parts = rows * pieces;
  const task = {
    operands: [source],
    results: [y],
    work: workOfNumber * numbers,
    least: workOfNumber * leastNumbers,
    // Doubles: sums, and origins.
    common: 4 * parts,
  };
  return computeWhole(task, ({ kernels, operands, results, common, scratch, part, wait }) => {
    const from = operands[0]!;
    const origins = isCentered ? common + 8 * parts : 0;
    const { buffer } = scratch.floats;
    const sums = new Float64Array(buffer, common, parts);
    const sumOf = (row: number): number => {
      let sum = 0;
      for (let i = row * pieces; i < (row + 1) * pieces; i++) sum += sums[i]!;
      return sum;
    };
    if (isCentered) {
      forEachPart(rows, length, (row, start, count, width) => {
        const to = common + 8 * (row * pieces + start / partNumbers);
        kernels.sumRowsWide(to, from + 4 * (row * length + start), count, width);
        part();
      });
      wait();
      const means = new Float64Array(buffer, origins, parts);
      for (let row = 0; row < rows; row++)
        means.fill(sumOf(row) / length, row * pieces, (row + 1) * pieces);
    }
    forEachPart(rows, length, (row, start, count, width) => {
      const at = 8 * (row * pieces + start / partNumbers);
      const origin = origins === 0 ? 0 : origins + at;
      kernels.sumSquares(common + at, from + 4 * (row * length + start), origin, count, width);
      part();
    });
    wait();
    for (let row = 0; row < rows; row++)
      scratch.floats[(results[0]! >> 2) + row] = finish(sumOf(row));
  });
}

/** See `varianceOver`. False where plain loops are to do it. */
export function varianceAccelerated(
  x: Tensor,
  dims: readonly number[],
  divisor: number,
  root: boolean,
  y: Tensor,
): boolean {
  return sumsOfSquares(x, dims, true, y, (squares) =>
    root ? Math.sqrt(squares / divisor) : squares / divisor,
  );
}

/** The Euclidean norm of each lane. False where plain loops are to do it. */
export function normAccelerated(x: Tensor, dims: readonly number[], y: Tensor): boolean {
  return sumsOfSquares(x, dims, false, y, Math.sqrt);
}
