/**
 * Products along dimensions, in double precision.
 */
import { productAccelerated } from "../accelerated/folds.ts";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneAlong, forEachLaneOf, lengthAlong, stepAlong } from "./lanes.ts";
import { perDType } from "./specialize.ts";

/** y = Π x over each lane. */
export function productOver(x: Tensor, dims: readonly number[], y: Tensor): void {
  if (x.dtype === "float32" && productAccelerated(x, dims, y, productOf)) return;
  const target = y.storage.data;
  const kernel = productFor(target, x.storage.data);
  forEachLaneOf(x, dims, (to, source, start, rows, rowStep, length, step) => {
    kernel(target, to, source, start, rows, rowStep, length, step);
  });
}

/** The product of a row that is one lane. */
function productOf(row: Float32Array): number {
  const product = new Float64Array(1);
  productFor(product, row)(product, 0, row, 0, 1, row.length, row.length, 1);
  return product[0]!;
}

const productFor = perDType(function product(
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
    let at = start + row * rowStep;
    let product = 1;
    for (let i = 0; i < length; i++) {
      product *= source[at]!;
      at += step;
    }
    target[to + row] = product;
  }
});

/** y_i = Π_{j ≠ i} x_j in each lane along a dimension, without division. */
export function productsOfOthers(x: Tensor, dim: number, y: Tensor): void {
  const kernel = othersFor(y.storage.data, x.storage.data);
  const source = x.storage.data;
  const target = y.storage.data;
  const length = lengthAlong(x, dim);
  const step = stepAlong(x, dim);
  const toStep = stepAlong(y, dim);
  const before = new Float64Array(length);
  forEachLaneAlong(dim, [x, y], (rows, [rowStep, toRowStep], [start, to]) => {
    kernel(source, start!, rowStep!, step, target, to!, toRowStep!, toStep, rows, length, before);
  });
}

const othersFor = perDType(function others(
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
  before: Float64Array,
): void {
  for (let row = 0; row < rows; row++) {
    let at = start + row * rowStep;
    let product = 1;
    for (let i = 0; i < length; i++) {
      before[i] = product;
      product *= source[at]!;
      at += step;
    }
    let place = to + row * toRowStep + length * toStep;
    product = 1;
    for (let i = length - 1; i >= 0; i--) {
      at -= step;
      place -= toStep;
      target[place] = before[i]! * product;
      product *= source[at]!;
    }
  }
});
