/**
 * Running extrema along a dimension, with their places.
 */
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneAlong, lengthAlong, stepAlong } from "./lanes.ts";
import { perDType } from "./specialize.ts";

/** The extremum of x_0 … x_i, and the last place among them that has it. Once there is a NaN, it stays. */
export function scanExtrema(
  x: Tensor,
  dim: number,
  largest: boolean,
  values: Tensor,
  indices: Tensor,
): void {
  const source = x.storage.data;
  const target = values.storage.data;
  const places = indices.storage.data;
  const kernel = extremaFor(target, source, places);
  const length = lengthAlong(x, dim);
  const step = stepAlong(x, dim);
  const toStep = stepAlong(values, dim);
  // Both results are new and lie alike.
  forEachLaneAlong(dim, [x, values], (rows, [rowStep, toRowStep], [start, to]) => {
    kernel(
      source,
      start!,
      rowStep!,
      step,
      target,
      places,
      to!,
      toRowStep!,
      toStep,
      rows,
      length,
      largest,
    );
  });
}

const extremaFor = perDType(function extrema(
  source: TypedArray,
  start: number,
  rowStep: number,
  step: number,
  target: TypedArray,
  places: TypedArray,
  to: number,
  toRowStep: number,
  toStep: number,
  rows: number,
  length: number,
  largest: boolean,
): void {
  for (let row = 0; row < rows; row++) {
    let at = start + row * rowStep;
    let out = to + row * toRowStep;
    let best = largest ? -Infinity : Infinity;
    let place = 0;
    for (let i = 0; i < length; i++) {
      const value = source[at]!;
      if (Number.isNaN(value) || (largest ? value >= best : value <= best)) {
        best = value;
        place = i;
      }
      target[out] = best;
      places[out] = place;
      at += step;
      out += toStep;
    }
  }
});
