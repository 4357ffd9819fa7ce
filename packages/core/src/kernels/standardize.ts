/**
 * Standardising groups of numbers, and the gradient of it. Means are kept in double precision.
 */
import {
  standardizeAccelerated,
  standardizeGradientAccelerated,
} from "../accelerated/standardize.ts";
import type { Tensor } from "../tensor.ts";
import { perDType } from "./specialize.ts";

/** y = (x − μ)/√(v + ε) for x of shape [A, C, B], contiguous, with μ and v for each of the C groups. */
export function standardizeGroups(
  x: Tensor,
  y: Tensor,
  mean: Tensor,
  variance: Tensor,
  eps: number,
  center: boolean,
): void {
  if (standardizeAccelerated(x, y, mean, variance, eps, center)) return;
  const [a, c, b] = x.shape as [number, number, number];
  const { data } = x.storage;
  const run = forwardFor(data);
  run(
    data,
    x.offset,
    y.storage.data,
    mean.storage.data,
    variance.storage.data,
    a,
    c,
    b,
    eps,
    center,
  );
}

const forwardFor = perDType(function standardizeForward(
  x: ArrayLike<number>,
  offset: number,
  y: { [index: number]: number },
  means: { [index: number]: number },
  variances: { [index: number]: number },
  outer: number,
  groups: number,
  inner: number,
  eps: number,
  center: boolean,
): void {
  const count = outer * inner;
  const step = groups * inner;
  for (let group = 0; group < groups; group++) {
    const first = offset + group * inner;
    let mean = 0;
    if (center) {
      for (let a = 0; a < outer; a++) {
        const row = first + a * step;
        for (let i = row; i < row + inner; i++) mean += x[i]!;
      }
      mean /= count;
    }
    // A second pass over the deviations: subtracting squares of large numbers would lose the digits.
    let variance = 0;
    for (let a = 0; a < outer; a++) {
      const row = first + a * step;
      for (let i = row; i < row + inner; i++) {
        const deviation = x[i]! - mean;
        variance += deviation * deviation;
      }
    }
    variance /= count;
    const scale = 1 / Math.sqrt(variance + eps);
    for (let a = 0; a < outer; a++) {
      const row = first + a * step;
      const to = row - offset;
      for (let i = 0; i < inner; i++) y[to + i] = (x[row + i]! - mean) * scale;
    }
    means[group] = mean;
    variances[group] = variance;
  }
});

/** x̄ = (ȳ − mean ȳ − y·mean(ȳ·y))/√(v + ε) for each group; all contiguous. */
export function standardizeGroupsGradient(
  cotangent: Tensor,
  y: Tensor,
  variance: Tensor,
  x: Tensor,
  eps: number,
  center: boolean,
): void {
  if (standardizeGradientAccelerated(cotangent, y, variance, x, eps, center)) return;
  const [a, c, b] = y.shape as [number, number, number];
  const { data } = cotangent.storage;
  const run = backwardFor(data, y.storage.data);
  run(
    data,
    cotangent.offset,
    y.storage.data,
    y.offset,
    variance.storage.data,
    variance.offset,
    x.storage.data,
    a,
    c,
    b,
    eps,
    center,
  );
}

const backwardFor = perDType(function standardizeBackward(
  cotangent: ArrayLike<number>,
  cotangentOffset: number,
  y: ArrayLike<number>,
  yOffset: number,
  variances: ArrayLike<number>,
  variancesOffset: number,
  x: { [index: number]: number },
  outer: number,
  groups: number,
  inner: number,
  eps: number,
  center: boolean,
): void {
  const count = outer * inner;
  const step = groups * inner;
  for (let group = 0; group < groups; group++) {
    const first = group * inner;
    let mean = 0;
    let along = 0;
    for (let a = 0; a < outer; a++) {
      const row = first + a * step;
      for (let i = row; i < row + inner; i++) {
        const value = cotangent[cotangentOffset + i]!;
        mean += value;
        along += value * y[yOffset + i]!;
      }
    }
    mean = center ? mean / count : 0;
    along /= count;
    const scale = 1 / Math.sqrt(variances[variancesOffset + group]! + eps);
    for (let a = 0; a < outer; a++) {
      const row = first + a * step;
      for (let i = row; i < row + inner; i++) {
        x[i] = (cotangent[cotangentOffset + i]! - mean - y[yOffset + i]! * along) * scale;
      }
    }
  }
});
