/**
 * The gates of long short-term memory, of float32 numbers, in WebAssembly.
 *
 * Against the plain loops on the same numbers the gates are off by 3 ulp, and what comes of them by the few roundings of
 * the products and sums that it is made of.
 */
import type { Tensor } from "../tensor.ts";
import { mayAccelerate } from "./backend.ts";
import { computeWhole } from "./whole.ts";

/** Numbers of a state in a part, unless one row has more. */
const partNumbers = 1 << 11;
/** What a number of a state costs, in products of a matrix product: five elementary functions. */
const workOfOne = 64;
/** From so many numbers of a state on copying pays. */
const leastNumbers = 1 << 7;

/** The first row and the number of rows of each part. */
function forEachPart(rows: number, width: number, each: (first: number, count: number) => void) {
  const most = Math.max(1, Math.floor(partNumbers / width));
  for (let first = 0; first < rows; first += most) each(first, Math.min(most, rows - first));
}

function isFor(rows: number, width: number): boolean {
  // Vectors must not reach from one part of the gates into the next.
  return rows > 0 && width > 0 && width % 4 === 0 && mayAccelerate(rows * width);
}

/** The step of cells; see `lstmCells`. False where plain loops are to do it. */
export function lstmAccelerated(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  rows: number,
  width: number,
): boolean {
  if (!isFor(rows, width)) return false;
  const task = {
    operands,
    results,
    work: rows * width * workOfOne,
    least: leastNumbers * workOfOne,
    common: 4 * width,
  };
  return computeWhole(task, ({ kernels, operands: from, results: to, common, part, wait }) => {
    const [gates, cell] = from as [number, number];
    const [hidden, next, act] = to as [number, number, number];
    kernels.clear(common, 16 * width);
    part();
    wait();
    forEachPart(rows, width, (first, count) => {
      const at = 4 * first * width;
      kernels.lstm(
        hidden + at,
        next + at,
        act + 4 * at,
        gates + 4 * at,
        common,
        cell + at,
        count,
        width,
      );
      part();
    });
  });
}

/** Its gradient; see `lstmCellsGradient`. False where plain loops are to do it. */
export function lstmGradientAccelerated(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  rows: number,
  width: number,
): boolean {
  if (!isFor(rows, width)) return false;
  const task = {
    operands,
    results,
    work: rows * width * workOfOne,
    least: leastNumbers * workOfOne,
  };
  return computeWhole(task, ({ kernels, operands: from, results: to, part }) => {
    const [act, cell, next, hiddenBar, nextBar] = from as [number, number, number, number, number];
    const [gatesBar, cellBar] = to as [number, number];
    forEachPart(rows, width, (first, count) => {
      const at = 4 * first * width;
      kernels.lstmGradient(
        gatesBar + 4 * at,
        cellBar + at,
        act + 4 * at,
        cell + at,
        next + at,
        hiddenBar + at,
        nextBar + at,
        count,
        width,
      );
      part();
    });
  });
}
