/**
 * Normalised exponentials along a dimension, and their backward passes. Each lane is shifted by its
 * largest element first, so that nothing overflows.
 */
import {
  logSumExpAccelerated,
  softmaxAccelerated,
  softmaxGradientAccelerated,
} from "../accelerated/rows.ts";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneAlong, forEachLaneOf, lengthAlong, stepAlong } from "./lanes.ts";
import { perDType } from "./specialize.ts";

/** y_i = exp(x_i) / Σ_j exp(x_j), or its logarithm. */
export function softmaxAlong(x: Tensor, dim: number, logarithmic: boolean, y: Tensor): void {
  if (softmaxAccelerated(x, dim, logarithmic, y)) return;
  const kernel = (logarithmic ? logSoftmaxFor : softmaxFor)(y.storage.data, x.storage.data);
  const source = x.storage.data;
  const target = y.storage.data;
  const length = lengthAlong(x, dim);
  const step = stepAlong(x, dim);
  const toStep = stepAlong(y, dim);
  forEachLaneAlong(dim, [x, y], (rows, [rowStep, toRowStep], [start, to]) => {
    kernel(source, start!, rowStep!, step, target, to!, toRowStep!, toStep, rows, length);
  });
}

const softmaxFor = perDType(function softmax(
  source: TypedArray,
  start: number,
  rowStep: number,
  step: number,
  target: TypedArray,
  to: number,
  toRowStep: number,
  toStep: number,
  rows: number,
  length: number,
): void {
  for (let row = 0; row < rows; row++) {
    const first = start + row * rowStep;
    const place = to + row * toRowStep;
    let largest = -Infinity;
    for (let i = 0, at = first; i < length; i++, at += step) {
      if (source[at]! > largest) largest = source[at]!;
    }
    let sum = 0;
    for (let i = 0, at = first, out = place; i < length; i++, at += step, out += toStep) {
      const value = Math.exp(source[at]! - largest);
      target[out] = value;
      sum += value;
    }
    const scale = 1 / sum;
    for (let i = 0, out = place; i < length; i++, out += toStep) target[out]! *= scale;
  }
});

const logSoftmaxFor = perDType(function logSoftmax(
  source: TypedArray,
  start: number,
  rowStep: number,
  step: number,
  target: TypedArray,
  to: number,
  toRowStep: number,
  toStep: number,
  rows: number,
  length: number,
): void {
  for (let row = 0; row < rows; row++) {
    const first = start + row * rowStep;
    const place = to + row * toRowStep;
    let largest = -Infinity;
    for (let i = 0, at = first; i < length; i++, at += step) {
      if (source[at]! > largest) largest = source[at]!;
    }
    let sum = 0;
    for (let i = 0, at = first; i < length; i++, at += step) {
      sum += Math.exp(source[at]! - largest);
    }
    const shift = Math.log(sum);
    for (let i = 0, at = first, out = place; i < length; i++, at += step, out += toStep) {
      target[out] = source[at]! - largest - shift;
    }
  }
});

/**
 * The cotangent of the operand from the result y and its cotangent c: y_i·(c_i − Σ_j y_j·c_j) for
 * softmax, c_i − exp(y_i)·Σ_j c_j for its logarithm.
 */
export function softmaxGradientAlong(
  y: Tensor,
  cotangent: Tensor,
  dim: number,
  logarithmic: boolean,
  out: Tensor,
): void {
  if (softmaxGradientAccelerated(y, cotangent, dim, logarithmic, out)) return;
  const yData = y.storage.data;
  const cData = cotangent.storage.data;
  const target = out.storage.data;
  const kernel = (logarithmic ? logGradientFor : gradientFor)(target, yData, cData);
  const length = lengthAlong(y, dim);
  const yStep = stepAlong(y, dim);
  const cStep = stepAlong(cotangent, dim);
  const toStep = stepAlong(out, dim);
  forEachLaneAlong(dim, [y, cotangent, out], (rows, [yRow, cRow, toRow], [yAt, cAt, to]) => {
    kernel(
      yData,
      yAt!,
      yRow!,
      yStep,
      cData,
      cAt!,
      cRow!,
      cStep,
      target,
      to!,
      toRow!,
      toStep,
      rows,
      length,
    );
  });
}

const gradientFor = perDType(function gradient(
  y: TypedArray,
  yStart: number,
  yRow: number,
  yStep: number,
  c: TypedArray,
  cStart: number,
  cRow: number,
  cStep: number,
  target: TypedArray,
  to: number,
  toRow: number,
  toStep: number,
  rows: number,
  length: number,
): void {
  for (let row = 0; row < rows; row++) {
    const yFirst = yStart + row * yRow;
    const cFirst = cStart + row * cRow;
    let mean = 0;
    for (let i = 0, p = yFirst, q = cFirst; i < length; i++, p += yStep, q += cStep) {
      mean += y[p]! * c[q]!;
    }
    let out = to + row * toRow;
    for (let i = 0, p = yFirst, q = cFirst; i < length; i++, p += yStep, q += cStep) {
      target[out] = y[p]! * (c[q]! - mean);
      out += toStep;
    }
  }
});

const logGradientFor = perDType(function logGradient(
  y: TypedArray,
  yStart: number,
  yRow: number,
  yStep: number,
  c: TypedArray,
  cStart: number,
  cRow: number,
  cStep: number,
  target: TypedArray,
  to: number,
  toRow: number,
  toStep: number,
  rows: number,
  length: number,
): void {
  for (let row = 0; row < rows; row++) {
    const yFirst = yStart + row * yRow;
    const cFirst = cStart + row * cRow;
    let sum = 0;
    for (let i = 0, q = cFirst; i < length; i++, q += cStep) sum += c[q]!;
    let out = to + row * toRow;
    for (let i = 0, p = yFirst, q = cFirst; i < length; i++, p += yStep, q += cStep) {
      target[out] = c[q]! - Math.exp(y[p]!) * sum;
      out += toStep;
    }
  }
});

/** y = ln Σ_i exp(x_i) over each lane; −∞ for an empty one. */
export function logSumExpOver(x: Tensor, dims: readonly number[], y: Tensor): void {
  if (logSumExpAccelerated(x, dims, y)) return;
  const target = y.storage.data;
  const kernel = logSumExpFor(target, x.storage.data);
  forEachLaneOf(x, dims, (to, source, start, rows, rowStep, length, step) => {
    kernel(target, to, source, start, rows, rowStep, length, step);
  });
}

const logSumExpFor = perDType(function logSumExp(
  target: TypedArray,
  to: number,
  source: TypedArray,
  start: number,
  rows: number,
  rowStep: number,
  length: number,
  step: number,
): void {
  for (let row = 0; row < rows; row++) {
    const first = start + row * rowStep;
    let largest = -Infinity;
    for (let i = 0, at = first; i < length; i++, at += step) {
      if (source[at]! > largest) largest = source[at]!;
    }
    // Where all are −∞, or one is ∞, there is nothing to shift by.
    const shift = largest === Infinity || largest === -Infinity ? 0 : largest;
    let sum = 0;
    for (let i = 0, at = first; i < length; i++, at += step) sum += Math.exp(source[at]! - shift);
    target[to + row] = shift + Math.log(sum);
  }
});
