/**
 * Sums along dimensions, in double precision.
 *
 * The order of the additions depends on the shape only, so that a view gives the bits of its copy:
 * s ← s + ((x₀ + x₁) + (x₂ + x₃)) for each four elements of a lane in row-major order, then the rest
 * one by one. Within a group the additions need not wait for one another.
 */
import { sumAccelerated } from "../accelerated/sum.ts";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneOf } from "./lanes.ts";
import type { LoopNest } from "./rows.ts";
import { forEachRow, mergeDimensions } from "./rows.ts";
import { perDType } from "./specialize.ts";

/** Lanes are summed so many at a time, so that their partial sums stay in the cache. */
const lanesAtATime = 4096;
const sums = new Float64Array(lanesAtATime);

/**
 * Fills `y` (contiguous) with the sums of `x` over `dims`, in rising order, divided by `divisor`;
 * y's elements are those of the other dimensions in row-major order.
 */
export function sumOver(x: Tensor, dims: readonly number[], y: Tensor, divisor = 1): void {
  if (sumAccelerated(x, dims, y, divisor)) return;
  const target = y.storage.data;
  const source = x.storage.data;
  const store = storeFor(target);
  const addRows = addRowsFor(source);
  const addColumns = addColumnsFor(source);
  const nest = x.numel() === 0 ? null : nestOf(x, dims);
  if (nest !== null) {
    const kept = x.shape.map((_, i) => i).filter((i) => !dims.includes(i));
    const keptShape = kept.map((i) => x.shape[i]!);
    const keptStrides = kept.map((i) => x.strides[i]!);
    let at = 0;
    forEachRow(keptShape, [keptStrides], [x.offset], (rows, [rowStep], [place]) => {
      for (let first = 0; first < rows; first += lanesAtATime) {
        const count = Math.min(rows - first, lanesAtATime);
        sums.fill(0, 0, count);
        const begin = place! + first * rowStep!;
        forEachRow(nest.lengths, nest.strides, [begin], (length, [step], [start]) => {
          addRows(sums, source, start!, count, rowStep!, length, step!);
        });
        store(target, at + first, sums, count, divisor);
      }
      at += rows;
    });
    return;
  }
  forEachLaneOf(x, dims, (at, lanes, start, rows, rowStep, length, step) => {
    // Along whichever side is closer in memory.
    const add = rows > 1 && Math.abs(step) > Math.abs(rowStep) ? addColumns : addRows;
    for (let first = 0; first < rows; first += lanesAtATime) {
      const count = Math.min(rows - first, lanesAtATime);
      sums.fill(0, 0, count);
      add(sums, lanes, start + first * rowStep, count, rowStep, length, step);
      store(target, at + first, sums, count, divisor);
    }
  });
}

/**
 * The loops over a lane, if one step does not lead through it and its rows are whole groups of four;
 * `null` where lanes are better visited in one stretch.
 */
function nestOf(x: Tensor, dims: readonly number[]): LoopNest | null {
  if (dims.length < 2) return null;
  if (dims.at(-1)! - dims[0]! === dims.length - 1 && x.isContiguous()) return null;
  const lengths = dims.map((i) => x.shape[i]!);
  const nest = mergeDimensions(lengths, [dims.map((i) => x.strides[i]!)]);
  return nest.lengths.length > 1 && nest.lengths.at(-1)! % 4 === 0 ? nest : null;
}

const storeFor = perDType(function store(
  target: TypedArray,
  to: number,
  sums: Float64Array,
  rows: number,
  divisor: number,
): void {
  for (let row = 0; row < rows; row++) target[to + row] = sums[row]! / divisor;
});

const addRowsFor = perDType(function addRows(
  sums: Float64Array,
  source: TypedArray,
  start: number,
  rows: number,
  rowStep: number,
  length: number,
  step: number,
): void {
  for (let row = 0; row < rows; row++) {
    let at = start + row * rowStep;
    let sum = sums[row]!;
    let i = 3;
    if (step === 1) {
      for (; i < length; i += 4) {
        sum += source[at]! + source[at + 1]! + (source[at + 2]! + source[at + 3]!);
        at += 4;
      }
    } else {
      for (; i < length; i += 4) {
        const third = at + 2 * step;
        sum += source[at]! + source[at + step]! + (source[third]! + source[third + step]!);
        at += 4 * step;
      }
    }
    for (i -= 3; i < length; i++) {
      sum += source[at]!;
      at += step;
    }
    sums[row] = sum;
  }
});

/** The same in one pass over memory in its own order, for lanes that lie side by side. */
const addColumnsFor = perDType(function addColumns(
  sums: Float64Array,
  source: TypedArray,
  start: number,
  columns: number,
  columnStep: number,
  length: number,
  step: number,
): void {
  let i = 3;
  for (; i < length; i += 4) {
    let at0 = start + (i - 3) * step;
    let at1 = at0 + step;
    let at2 = at1 + step;
    let at3 = at2 + step;
    for (let column = 0; column < columns; column++) {
      sums[column]! += source[at0]! + source[at1]! + (source[at2]! + source[at3]!);
      at0 += columnStep;
      at1 += columnStep;
      at2 += columnStep;
      at3 += columnStep;
    }
  }
  for (i -= 3; i < length; i++) {
    let at = start + i * step;
    for (let column = 0; column < columns; column++) {
      sums[column]! += source[at]!;
      at += columnStep;
    }
  }
});
