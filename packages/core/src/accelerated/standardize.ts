/**
 * Standardising groups of float32 numbers in WebAssembly, and the gradient of it. Sums are kept in double precision.
 */
import type { Tensor } from "../tensor.ts";
import type { Place, Task } from "./whole.ts";
import { computeWhole } from "./whole.ts";

/** So much work a number is, in products of a matrix product. */
const workOfNumber = 24;
/** From so many numbers on copying them pays. */
const leastNumbers = 1 << 11;
/** Numbers that a thread takes at a time, unless one group has more; and columns, whose lines of the cache are whole. */
const partNumbers = 1 << 13;
const partColumns = 16;

/** Standardises x of shape [A, C, B]; see `standardizeGroups`. False where plain loops are to do it. */
export function standardizeAccelerated(
  x: Tensor,
  y: Tensor,
  mean: Tensor,
  variance: Tensor,
  eps: number,
  center: boolean,
): boolean {
  const centers = center ? 1 : 0;
  return computeGroups(
    x.shape,
    { operands: [x], results: [y, mean, variance] },
    ({ kernels, operands: [source], results: [target, means, variances] }, groups) => {
      const { at, first, outer, inner, count, step } = groups;
      const own = [means! + 4 * first, variances! + 4 * first] as const;
      const [to, from] = [target! + at, source! + at];
      if (inner === 1)
        kernels.standardizeColumns(to, from, ...own, outer, count, step, eps, centers);
      else
        kernels.standardize(to, from, ...own, count, outer, inner, 4 * inner, step, eps, centers);
    },
  );
}

/** The gradient of {@link standardizeAccelerated}. False where plain loops are to do it. */
export function standardizeGradientAccelerated(
  cotangent: Tensor,
  y: Tensor,
  variance: Tensor,
  x: Tensor,
  eps: number,
  center: boolean,
): boolean {
  const centers = center ? 1 : 0;
  return computeGroups(
    y.shape,
    { operands: [cotangent, y, variance], results: [x] },
    ({ kernels, operands: [c, a, variances], results: [target] }, groups) => {
      const { at, first, outer, inner, count, step } = groups;
      const all = [target! + at, c! + at, a! + at, variances! + 4 * first] as const;
      if (inner === 1) kernels.standardizeColumnsGradient(...all, outer, count, step, eps, centers);
      else kernels.standardizeGradient(...all, count, outer, inner, 4 * inner, step, eps, centers);
    },
  );
}

/** Some of the groups: how far the first lies from the beginning, in bytes, which it is, and how many they are. */
export interface Groups {
  readonly at: number;
  readonly first: number;
  readonly count: number;
  /** A group has `outer` rows of `inner` numbers, which lie `step` bytes apart. */
  readonly outer: number;
  readonly inner: number;
  readonly step: number;
}

/** Has `compute` call kernels for some groups of tensors of shape [A, C, B] at a time, which make a part. */
export function computeGroups(
  shape: readonly number[],
  tensors: Pick<Task, "operands" | "results">,
  compute: (place: Place, groups: Groups) => void,
): boolean {
  const [outer, groups, inner] = shape as [number, number, number];
  const numbers = outer * groups * inner;
  if (numbers === 0) return false;
  const step = 4 * groups * inner;
  const work = workOfNumber * numbers;
  return computeWhole({ ...tensors, work, least: workOfNumber * leastNumbers }, (place) => {
    const most = inner === 1 ? partColumns : Math.max(1, Math.floor(partNumbers / (outer * inner)));
    for (let first = 0; first < groups; first += most) {
      const count = Math.min(most, groups - first);
      compute(place, { at: 4 * first * inner, first, count, outer, inner, step });
      place.part();
    }
  });
}
