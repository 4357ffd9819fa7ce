/**
 * Moving elements to and from places named by an index, lane by lane.
 */
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneAlong, lengthAlong, stepAlong } from "./lanes.ts";
import { perDType } from "./specialize.ts";

/** y_j = x_{i_j} in every lane along `dim`; x differs from the others in its length along it. */
export function takeAlong(x: Tensor, indices: Tensor, dim: number, y: Tensor): void {
  move(x, indices, dim, y, takeFor(y.storage.data, x.storage.data, indices.storage.data));
}

/** y_{i_j} += x_j in every lane along `dim`; y differs from the others in its length along it. */
export function addAlong(x: Tensor, indices: Tensor, dim: number, y: Tensor): void {
  move(x, indices, dim, y, addFor(y.storage.data, x.storage.data, indices.storage.data));
}

function move(x: Tensor, indices: Tensor, dim: number, y: Tensor, kernel: typeof take): void {
  const xData = x.storage.data;
  const iData = indices.storage.data;
  const yData = y.storage.data;
  const length = lengthAlong(indices, dim);
  const steps = [stepAlong(x, dim), stepAlong(indices, dim), stepAlong(y, dim)] as const;
  forEachLaneAlong(dim, [x, indices, y], (rows, rowSteps, places) => {
    const [xRow, iRow, yRow] = rowSteps;
    const [xAt, iAt, yAt] = places;
    kernel(
      xData,
      xAt!,
      xRow!,
      steps[0],
      iData,
      iAt!,
      iRow!,
      steps[1],
      yData,
      yAt!,
      yRow!,
      steps[2],
      rows,
      length,
    );
  });
}

const takeFor = perDType(take);
const addFor = perDType(add);

function take(
  x: TypedArray,
  xStart: number,
  xRow: number,
  xStep: number,
  indices: TypedArray,
  iStart: number,
  iRow: number,
  iStep: number,
  y: TypedArray,
  yStart: number,
  yRow: number,
  yStep: number,
  rows: number,
  length: number,
): void {
  for (let row = 0; row < rows; row++) {
    const from = xStart + row * xRow;
    let index = iStart + row * iRow;
    let to = yStart + row * yRow;
    for (let i = 0; i < length; i++) {
      y[to] = x[from + indices[index]! * xStep]!;
      index += iStep;
      to += yStep;
    }
  }
}

function add(
  x: TypedArray,
  xStart: number,
  xRow: number,
  xStep: number,
  indices: TypedArray,
  iStart: number,
  iRow: number,
  iStep: number,
  y: TypedArray,
  yStart: number,
  yRow: number,
  yStep: number,
  rows: number,
  length: number,
): void {
  for (let row = 0; row < rows; row++) {
    let from = xStart + row * xRow;
    let index = iStart + row * iRow;
    const to = yStart + row * yRow;
    for (let i = 0; i < length; i++) {
      y[to + indices[index]! * yStep]! += x[from]!;
      from += xStep;
      index += iStep;
    }
  }
}
