/**
 * Scans: running sums and products along a dimension, in either direction, in double precision.
 */
import { scanAccelerated } from "../accelerated/scan.ts";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneAlong, lengthAlong, stepAlong } from "./lanes.ts";
import { perDType } from "./specialize.ts";

/** y_i = Σ_{j ≤ i} x_j, or y_i = Σ_{j ≥ i} x_j in reverse. */
export function scanSums(x: Tensor, dim: number, reverse: boolean, y: Tensor): void {
  if (scanAccelerated(x, dim, reverse, false, y)) return;
  scan(x, dim, reverse, y, sumsFor(y.storage.data, x.storage.data));
}

/** y_i = Π_{j ≤ i} x_j, or y_i = Π_{j ≥ i} x_j in reverse. */
export function scanProducts(x: Tensor, dim: number, reverse: boolean, y: Tensor): void {
  if (scanAccelerated(x, dim, reverse, true, y)) return;
  scan(x, dim, reverse, y, productsFor(y.storage.data, x.storage.data));
}

/** y_i = ln Σ_{j ≤ i} exp x_j. */
export function scanLogSums(x: Tensor, dim: number, reverse: boolean, y: Tensor): void {
  scan(x, dim, reverse, y, logSumsFor(y.storage.data, x.storage.data));
}

type ScanKernel = (
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
) => void;

function scan(x: Tensor, dim: number, reverse: boolean, y: Tensor, kernel: ScanKernel): void {
  const source = x.storage.data;
  const target = y.storage.data;
  const length = lengthAlong(x, dim);
  const step = stepAlong(x, dim);
  const toStep = stepAlong(y, dim);
  // In reverse, both are walked from their ends.
  const last = length - 1;
  forEachLaneAlong(dim, [x, y], (rows, [rowStep, toRowStep], [start, to]) => {
    if (reverse) {
      kernel(
        source,
        start! + last * step,
        rowStep!,
        -step,
        target,
        to! + last * toStep,
        toRowStep!,
        -toStep,
        rows,
        length,
      );
    } else {
      kernel(source, start!, rowStep!, step, target, to!, toRowStep!, toStep, rows, length);
    }
  });
}

const sumsFor = perDType(function sums(
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
    let at = start + row * rowStep;
    let place = to + row * toRowStep;
    let sum = 0;
    for (let i = 0; i < length; i++) {
      sum += source[at]!;
      target[place] = sum;
      at += step;
      place += toStep;
    }
  }
});

const productsFor = perDType(function products(
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
    let at = start + row * rowStep;
    let place = to + row * toRowStep;
    let product = 1;
    for (let i = 0; i < length; i++) {
      product *= source[at]!;
      target[place] = product;
      at += step;
      place += toStep;
    }
  }
});

/** The largest so far, m, and Σ exp(x_j − m) are carried along, so that nothing overflows. */
const logSumsFor = perDType(function logSums(
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
    let at = start + row * rowStep;
    let place = to + row * toRowStep;
    let largest = -Infinity;
    let sum = 0;
    for (let i = 0; i < length; i++) {
      const value = source[at]!;
      if (value <= largest) {
        // ∞ − ∞ is no number, but equals add up like any others.
        if (value !== -Infinity) sum += value === largest ? 1 : Math.exp(value - largest);
      } else {
        sum = sum * Math.exp(largest - value) + 1;
        largest = value;
      }
      target[place] = sum === 0 ? -Infinity : largest + Math.log(sum);
      at += step;
      place += toStep;
    }
  }
});

/**
 * The cotangent of the operand of {@link scanLogSums} from that of its result:
 * Σ_{i ≥ j} c_i·exp(x_j − y_i), with y in double precision.
 */
export function scanLogSumsGradient(
  x: Tensor,
  cotangent: Tensor,
  dim: number,
  reverse: boolean,
  out: Tensor,
): void {
  const xData = x.storage.data;
  const cData = cotangent.storage.data;
  const target = out.storage.data;
  const kernel = logSumsGradientFor(target, xData, cData);
  const length = lengthAlong(x, dim);
  const sums = new Float64Array(length);
  const sign = reverse ? -1 : 1;
  const last = reverse ? length - 1 : 0;
  const xStep = stepAlong(x, dim);
  const cStep = stepAlong(cotangent, dim);
  const toStep = stepAlong(out, dim);
  forEachLaneAlong(dim, [x, cotangent, out], (rows, [xRow, cRow, toRow], [xAt, cAt, to]) => {
    kernel(
      xData,
      xAt! + last * xStep,
      xRow!,
      sign * xStep,
      cData,
      cAt! + last * cStep,
      cRow!,
      sign * cStep,
      target,
      to! + last * toStep,
      toRow!,
      sign * toStep,
      rows,
      length,
      sums,
    );
  });
}

const logSumsGradientFor = perDType(function logSumsGradient(
  x: TypedArray,
  xStart: number,
  xRow: number,
  xStep: number,
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
  sums: Float64Array,
): void {
  for (let row = 0; row < rows; row++) {
    let at = xStart + row * xRow;
    let largest = -Infinity;
    let sum = 0;
    for (let i = 0; i < length; i++) {
      const value = x[at]!;
      if (value <= largest) {
        if (value !== -Infinity) sum += value === largest ? 1 : Math.exp(value - largest);
      } else {
        sum = sum * Math.exp(largest - value) + 1;
        largest = value;
      }
      sums[i] = sum === 0 ? -Infinity : largest + Math.log(sum);
      at += xStep;
    }
    let cAt = cStart + row * cRow + length * cStep;
    let place = to + row * toRow + length * toStep;
    let next = Infinity;
    let carried = 0;
    for (let i = length - 1; i >= 0; i--) {
      at -= xStep;
      cAt -= cStep;
      place -= toStep;
      const y = sums[i]!;
      carried = c[cAt]! + Math.exp(y - next) * carried;
      target[place] = Math.exp(x[at]! - y) * carried;
      next = y;
    }
  }
});

/**
 * The first-order recurrence y_i = b_i + a_i·y_{i−1}, y₋₁ = 0; in reverse, y_i = b_i + a_i·y_{i+1}.
 */
export function scanRecurrence(
  a: Tensor,
  b: Tensor,
  dim: number,
  reverse: boolean,
  y: Tensor,
): void {
  const kernel = recurrenceFor(y.storage.data, a.storage.data, b.storage.data);
  const aData = a.storage.data;
  const bData = b.storage.data;
  const target = y.storage.data;
  const length = lengthAlong(y, dim);
  const sign = reverse ? -1 : 1;
  const last = reverse ? length - 1 : 0;
  const aStep = stepAlong(a, dim);
  const bStep = stepAlong(b, dim);
  const toStep = stepAlong(y, dim);
  forEachLaneAlong(dim, [a, b, y], (rows, [aRow, bRow, toRow], [aStart, bStart, to]) => {
    kernel(
      aData,
      aStart! + last * aStep,
      aRow!,
      sign * aStep,
      bData,
      bStart! + last * bStep,
      bRow!,
      sign * bStep,
      target,
      to! + last * toStep,
      toRow!,
      sign * toStep,
      rows,
      length,
    );
  });
}

const recurrenceFor = perDType(function recurrence(
  a: TypedArray,
  aStart: number,
  aRow: number,
  aStep: number,
  b: TypedArray,
  bStart: number,
  bRow: number,
  bStep: number,
  target: TypedArray,
  to: number,
  toRow: number,
  toStep: number,
  rows: number,
  length: number,
): void {
  for (let row = 0; row < rows; row++) {
    let aAt = aStart + row * aRow;
    let bAt = bStart + row * bRow;
    let place = to + row * toRow;
    let y = 0;
    for (let i = 0; i < length; i++) {
      // The first coefficient meets nothing: it must not count, even if it is not finite.
      y = i === 0 ? b[bAt]! : b[bAt]! + a[aAt]! * y;
      target[place] = y;
      aAt += aStep;
      bAt += bStep;
      place += toStep;
    }
  }
});
