/**
 * Vector norms along dimensions.
 */
import { normAccelerated } from "../accelerated/folds.ts";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneOf } from "./lanes.ts";
import { perDType } from "./specialize.ts";

/** y = (Σ |x|^p)^{1/p} over each lane, and its limits for p = 0, ∞ and −∞. */
export function normOver(x: Tensor, dims: readonly number[], p: number, y: Tensor): void {
  if (x.dtype === "float32" && normAccelerated(x, dims, p, y, (row) => normOf(row, p))) return;
  const target = y.storage.data;
  const kernel = normFor(target, x.storage.data);
  forEachLaneOf(x, dims, (to, source, start, rows, rowStep, length, step) => {
    kernel(target, to, source, start, rows, rowStep, length, step, p);
  });
}

/** The norm of a row that is one lane. */
function normOf(row: Float32Array, p: number): number {
  const norm = new Float64Array(1);
  normFor(norm, row)(norm, 0, row, 0, 1, row.length, row.length, 1, p);
  return norm[0]!;
}

const normFor = perDType(function norm(
  target: TypedArray,
  to: number,
  source: TypedArray,
  start: number,
  rows: number,
  rowStep: number,
  length: number,
  step: number,
  p: number,
): void {
  for (let row = 0; row < rows; row++) {
    const first = start + row * rowStep;
    let result = 0;
    if (p === 2) {
      for (let i = 0, at = first; i < length; i++, at += step) result += source[at]! * source[at]!;
      result = Math.sqrt(result);
    } else if (p === 1) {
      for (let i = 0, at = first; i < length; i++, at += step) result += Math.abs(source[at]!);
    } else if (p === 0) {
      for (let i = 0, at = first; i < length; i++, at += step) if (source[at] !== 0) result++;
    } else if (p === Infinity) {
      for (let i = 0, at = first; i < length; i++, at += step) {
        const value = Math.abs(source[at]!);
        if (!(value <= result)) {
          result = value;
          if (Number.isNaN(value)) break;
        }
      }
    } else if (p === -Infinity) {
      result = Infinity;
      for (let i = 0, at = first; i < length; i++, at += step) {
        const value = Math.abs(source[at]!);
        if (!(value >= result)) {
          result = value;
          if (Number.isNaN(value)) break;
        }
      }
    } else {
      for (let i = 0, at = first; i < length; i++, at += step) result += Math.abs(source[at]!) ** p;
      result = result ** (1 / p);
    }
    // What over- or underflowed is computed again, in units of the largest element.
    if (Number.isFinite(p) && p > 0 && p !== 1 && (result === Infinity || result < 1e-150)) {
      let largest = 0;
      for (let i = 0, at = first; i < length; i++, at += step) {
        const value = Math.abs(source[at]!);
        if (value > largest) largest = value;
      }
      if (largest > 0 && largest < Infinity) {
        let sum = 0;
        for (let i = 0, at = first; i < length; i++, at += step) {
          sum += (Math.abs(source[at]!) / largest) ** p;
        }
        result = largest * sum ** (1 / p);
      }
    }
    target[to + row] = result;
  }
});
