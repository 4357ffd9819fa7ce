/**
 * Counting what is not zero.
 */
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneOf } from "./lanes.ts";
import { perDType } from "./specialize.ts";

/**
 * For each lane, the number of elements that are not 0 (NaN is not), which `y` holds as it is
 * (`"count"`), or whether it is at least 1 (`"any"`) or the whole length (`"all"`).
 */
export function countOver(
  x: Tensor,
  dims: readonly number[],
  y: Tensor,
  what: "count" | "any" | "all",
): void {
  const target = y.storage.data;
  const count = countFor(target, x.storage.data);
  forEachLaneOf(x, dims, (to, source, start, rows, rowStep, length, step) => {
    const enough = what === "any" ? 1 : what === "all" ? length : -1;
    count(target, to, source, start, rows, rowStep, length, step, enough);
  });
}

const countFor = perDType(function count(
  target: TypedArray,
  to: number,
  source: TypedArray,
  start: number,
  rows: number,
  rowStep: number,
  length: number,
  step: number,
  enough: number,
): void {
  for (let row = 0; row < rows; row++) {
    let at = start + row * rowStep;
    let found = 0;
    for (let i = 0; i < length; i++) {
      if (source[at] !== 0) found++;
      at += step;
    }
    target[to + row] = enough < 0 ? found : found >= enough ? 1 : 0;
  }
});
