/**
 * The largest and smallest elements of lanes.
 */
import { extremaAccelerated, tiesAccelerated } from "../accelerated/folds.ts";
import type { TypedArray } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import { contiguousStrides } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneOf } from "./lanes.ts";
import { forEachRow } from "./rows.ts";
import { perDType } from "./specialize.ts";

/**
 * The extremum of each lane of `x` over `dims`, into `values`, and its first place within the lane,
 * into `indices`. A NaN wins over every number. Lanes must not be empty.
 */
export function extremaOver(
  x: Tensor,
  dims: readonly number[],
  largest: boolean,
  values: Tensor | null,
  indices: Tensor | null,
): void {
  if (extremaAccelerated(x, dims, largest, values, indices)) return;
  const find = findExtremaFor(x.storage.data);
  const valueData = values === null ? null : values.storage.data;
  const indexData = indices === null ? null : indices.storage.data;
  forEachLaneOf(x, dims, (at, source, start, rows, rowStep, length, step) => {
    find(valueData, indexData, at, source, start, rows, rowStep, length, step, largest);
  });
}

const findExtremaFor = perDType(function findExtrema(
  values: TypedArray | null,
  indices: TypedArray | null,
  to: number,
  source: TypedArray,
  start: number,
  rows: number,
  rowStep: number,
  length: number,
  step: number,
  largest: boolean,
): void {
  for (let row = 0; row < rows; row++) {
    let at = start + row * rowStep;
    let best = source[at]!;
    let place = 0;
    // The comparisons are turned round so that a NaN passes them, which then ends the search.
    if (!Number.isNaN(best)) {
      if (largest) {
        for (let i = 1; i < length; i++) {
          at += step;
          const value = source[at]!;
          if (!(value <= best)) {
            best = value;
            place = i;
            if (Number.isNaN(value)) break;
          }
        }
      } else {
        for (let i = 1; i < length; i++) {
          at += step;
          const value = source[at]!;
          if (!(value >= best)) {
            best = value;
            place = i;
            if (Number.isNaN(value)) break;
          }
        }
      }
    }
    if (values !== null) values[to + row] = best;
    if (indices !== null) indices[to + row] = place;
  }
});

/**
 * Fills `shares` (contiguous, of x's shape) with 1/k at the k elements of each lane that equal its
 * extremum in `values`, and 0 elsewhere. A NaN counts as equal to NaN.
 */
export function sharesOfTies(
  x: Tensor,
  values: Tensor,
  dims: readonly number[],
  shares: Tensor,
): void {
  if (tiesAccelerated(x, values, dims, shares)) return;
  const along = stridesOverLanes(x.shape, dims);
  const counts = new Float64Array(values.numel());
  const count = countTiesFor(x.storage.data);
  const share = shareTiesFor(shares.storage.data, x.storage.data);
  const source = x.storage.data;
  const extrema = values.storage.data;
  const strides = [x.strides, along, shares.strides];
  const offsets = [x.offset, 0, 0];
  forEachRow(x.shape, strides, offsets, (length, [step, laneStep], [at, lane]) => {
    count(counts, source, at!, step!, extrema, values.offset, lane!, laneStep!, length);
  });
  const target = shares.storage.data;
  forEachRow(x.shape, strides, offsets, (length, [step, laneStep, toStep], [at, lane, to]) => {
    share(
      target,
      to!,
      toStep!,
      counts,
      source,
      at!,
      step!,
      extrema,
      values.offset,
      lane!,
      laneStep!,
      length,
    );
  });
}

/** For each dimension of `shape`, the step among the results of a reduction; 0 along the lanes. */
function stridesOverLanes(shape: Shape, dims: readonly number[]): Shape {
  return contiguousStrides(shape.map((length, i) => (dims.includes(i) ? 1 : length))).map(
    (stride, i) => (dims.includes(i) ? 0 : stride),
  );
}

const countTiesFor = perDType(function countTies(
  counts: Float64Array,
  source: TypedArray,
  start: number,
  step: number,
  extrema: TypedArray,
  offset: number,
  firstLane: number,
  laneStep: number,
  length: number,
): void {
  let at = start;
  let lane = firstLane;
  for (let i = 0; i < length; i++) {
    const value = source[at]!;
    const extremum = extrema[offset + lane]!;
    if (value === extremum || (Number.isNaN(value) && Number.isNaN(extremum))) counts[lane]! += 1;
    at += step;
    lane += laneStep;
  }
});

const shareTiesFor = perDType(function shareTies(
  target: TypedArray,
  to: number,
  toStep: number,
  counts: Float64Array,
  source: TypedArray,
  start: number,
  step: number,
  extrema: TypedArray,
  offset: number,
  firstLane: number,
  laneStep: number,
  length: number,
): void {
  let at = start;
  let lane = firstLane;
  for (let i = 0; i < length; i++) {
    const value = source[at]!;
    const extremum = extrema[offset + lane]!;
    const ties = value === extremum || (Number.isNaN(value) && Number.isNaN(extremum));
    target[to + i * toStep] = ties ? 1 / counts[lane]! : 0;
    at += step;
    lane += laneStep;
  }
});
