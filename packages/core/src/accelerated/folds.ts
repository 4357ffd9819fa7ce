/**
 * Extrema, products, variances and norms of float32 numbers in WebAssembly, over any dimensions.
 *
 * What is folded into one number is copied into rows first, unless it lies so. Long rows are cut into pieces of a fixed
 * size for several threads. Extrema and their places are those of the plain loops; sums and products are kept in double
 * precision and rounded once. Beside, a product of n factors is off by n·2⁻⁵³ of itself, and norms whose powers are neither
 * products nor roots are off by 2⁻⁴⁰ + 2⁻³⁷/|p| of themselves.
 */
import type { Tensor } from "../tensor.ts";
import type { Kernels } from "./kernels.ts";
import { computeRows, inRows } from "./rows.ts";
import { computeWhole } from "./whole.ts";

/** So much work a number is, in products of a matrix product; with a power. */
const workOfNumber = 16;
const workOfPower = 256;
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

/** Where results of rows go, as doubles, where the rows are, how many, and how long they are. */
type RowsToFold = readonly [target: number, source: number, rows: number, length: number];

/** How the numbers of rows are folded into one, in double precision. */
interface Fold {
  /** How much work a number is; {@link workOfNumber} if not given. */
  readonly work?: number;
  /** Whether numbers are taken relative to the mean of their row. */
  readonly isCentered?: boolean;
  /** Folds rows, or pieces of them; `origins` are doubles, 0 if there are none. */
  readonly rows: (kernels: Kernels, rows: RowsToFold, origins: number) => void;
  /** Joins what two pieces of a row gave. */
  readonly join: (a: number, b: number) => number;
  /** Makes the result of it; `row` gives the numbers. */
  readonly finish: (folded: number, row: () => Float32Array) => number;
}

function add(a: number, b: number): number {
  return a + b;
}

function sumSquares(
  kernels: Kernels,
  [target, source, rows, length]: RowsToFold,
  origins: number,
): void {
  kernels.sumSquares(target, source, origins, rows, length);
}

/** Fills y with what folding each lane over `dims` gives. False where plain loops are to do it. */
function foldRows(
  x: Tensor,
  dims: readonly number[],
  y: Tensor,
  { work = workOfNumber, isCentered = false, rows: fold, join, finish }: Fold,
): boolean {
  const numbers = x.numel();
  if (x.dtype !== "float32" || y.dtype !== "float32" || numbers === 0) return false;
  const { source, rows, length } = inRows(x, dims);
  const pieces = Math.ceil(length / partNumbers);
  const parts = rows * pieces;
  const task = {
    operands: [source],
    results: [y],
    work: work * numbers,
    least: workOfNumber * leastNumbers,
    // Doubles: what is folded, and origins.
    common: (isCentered ? 4 : 2) * parts,
  };
  return computeWhole(task, ({ kernels, operands, results, common, scratch, part, wait }) => {
    const from = operands[0]!;
    const origins = isCentered ? common + 8 * parts : 0;
    const { floats } = scratch;
    const { buffer } = floats;
    const folded = new Float64Array(buffer, common, parts);
    const foldedOf = (row: number): number => {
      let whole = folded[row * pieces]!;
      for (let i = row * pieces + 1; i < (row + 1) * pieces; i++) whole = join(whole, folded[i]!);
      return whole;
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
        means.fill(foldedOf(row) / length, row * pieces, (row + 1) * pieces);
    }
    forEachPart(rows, length, (row, start, count, width) => {
      const at = 8 * (row * pieces + start / partNumbers);
      const origin = origins === 0 ? 0 : origins + at;
      fold(kernels, [common + at, from + 4 * (row * length + start), count, width], origin);
      part();
    });
    wait();
    for (let row = 0; row < rows; row++) {
      const first = (from >> 2) + row * length;
      floats[(results[0]! >> 2) + row] = finish(foldedOf(row), () =>
        floats.subarray(first, first + length),
      );
    }
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
  return foldRows(x, dims, y, {
    isCentered: true,
    rows: sumSquares,
    join: add,
    finish: (squares) => (root ? Math.sqrt(squares / divisor) : squares / divisor),
  });
}

/** Sums of powers outside of these bounds are made of powers that left those of double precision, or of no numbers. */
const leastSum = 1e-150;
const largestSum = 1e300;

/** How magnitudes are folded into their norm; `plain` is the norm of a row as the plain loops compute it. */
function normFold(p: number, plain: (row: Float32Array) => number): Fold {
  const join = add;
  const finish = (sum: number): number => sum;
  if (p === 0) return { rows: (kernels, rows) => kernels.countNonzero(...rows), join, finish };
  if (p === 0.5)
    return { rows: (kernels, rows) => kernels.sumRoots(...rows), join, finish: (sum) => sum * sum };
  if (p === 1) return { rows: (kernels, rows) => kernels.sumMagnitudes(...rows), join, finish };
  if (p === 2) return { rows: sumSquares, join, finish: Math.sqrt };
  if (p === 3)
    return { rows: (kernels, rows) => kernels.sumCubes(...rows), join, finish: Math.cbrt };
  if (p === Number.POSITIVE_INFINITY || p === Number.NEGATIVE_INFINITY) {
    const isSmallest = p < 0 ? 1 : 0;
    return {
      rows: (kernels, rows) => kernels.extremeMagnitudes(...rows, isSmallest),
      join: p < 0 ? Math.min : Math.max,
      finish,
    };
  }
  const atZero = p > 0 ? 0 : Number.POSITIVE_INFINITY;
  return {
    work: workOfPower,
    rows: (kernels, rows) => kernels.sumPowers(...rows, p, atZero),
    join,
    finish: (sum, row) => (sum >= leastSum && sum <= largestSum ? sum ** (1 / p) : plain(row())),
  };
}

/** See `normOver`; `plain` is the norm of a row as plain loops compute it. False where they are to do all of it. */
export function normAccelerated(
  x: Tensor,
  dims: readonly number[],
  p: number,
  y: Tensor,
  plain: (row: Float32Array) => number,
): boolean {
  return foldRows(x, dims, y, normFold(p, plain));
}

/** A product of two doubles; NaN where it left the range of normal numbers, or is 0. */
function safeProduct(a: number, b: number): number {
  const product = a * b;
  const size = Math.abs(product);
  return size >= 2 ** -1022 && size < Number.POSITIVE_INFINITY ? product : Number.NaN;
}

/**
 * See `productOver`; `plain` is the product of a row as plain loops compute it, which is taken where there are zeros or
 * infinities, and where partial products leave double precision. (Those of the plain loops may leave it elsewhere, and lose
 * what is exact here.) False where plain loops are to do all of it.
 */
export function productAccelerated(
  x: Tensor,
  dims: readonly number[],
  y: Tensor,
  plain: (row: Float32Array) => number,
): boolean {
  return foldRows(x, dims, y, {
    rows: (kernels, rows) => kernels.productRows(...rows),
    join: safeProduct,
    finish: (product, row) => (Number.isNaN(product) ? plain(row()) : product),
  });
}
