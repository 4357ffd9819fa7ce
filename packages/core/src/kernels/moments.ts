/**
 * Variances along dimensions.
 *
 * Two passes over each lane, in double precision, after its first element has been subtracted: equal
 * elements give exactly 0, and the mean loses nothing to a large common part.
 */
import { varianceAccelerated } from "../accelerated/folds.ts";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneOf } from "./lanes.ts";
import { perDType } from "./specialize.ts";

/** y = Σ (x − mean)² / divisor over each lane, or its root. */
export function varianceOver(
  x: Tensor,
  dims: readonly number[],
  divisor: number,
  root: boolean,
  y: Tensor,
): void {
  if (varianceAccelerated(x, dims, divisor, root, y)) return;
  const target = y.storage.data;
  const kernel = varianceFor(target, x.storage.data);
  forEachLaneOf(x, dims, (to, source, start, rows, rowStep, length, step) => {
    kernel(target, to, source, start, rows, rowStep, length, step, divisor, root);
  });
}

const varianceFor = perDType(function variance(
  target: TypedArray,
  to: number,
  source: TypedArray,
  start: number,
  rows: number,
  rowStep: number,
  length: number,
  step: number,
  divisor: number,
  root: boolean,
): void {
  for (let row = 0; row < rows; row++) {
    const first = start + row * rowStep;
    const origin = length > 0 ? source[first]! : NaN;
    let sum = 0;
    for (let i = 0, at = first; i < length; i++, at += step) sum += source[at]! - origin;
    const mean = sum / length;
    let squares = length > 0 ? 0 : NaN;
    for (let i = 0, at = first; i < length; i++, at += step) {
      const deviation = source[at]! - origin - mean;
      squares += deviation * deviation;
    }
    const value = squares / divisor;
    target[to + row] = root ? Math.sqrt(value) : value;
  }
});
