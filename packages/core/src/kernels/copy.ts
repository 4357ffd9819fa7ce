/**
 * Copies between layouts.
 *
 * Dimensions that both sides walk evenly are merged first. What is left is copied plane by plane: the last dimension, in
 * which the target is written, and the one along which the source lies closest together. Where those differ (a transpose)
 * a plane is copied in square blocks, so that what one line of the cache brings is used before it is gone.
 */
import type { CopyPlan } from "../accelerated/copy.ts";
import { copyAccelerated } from "../accelerated/copy.ts";
import type { TypedArray } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import { contiguousStrides } from "../shape.ts";
import { forEachRow, mergeDimensions } from "./rows.ts";
import { perDType } from "./specialize.ts";

/** From here on the engine's own copy of consecutive elements is faster than a loop. */
export const longRow = 64;

/** Copies a strided view into consecutive elements of `target`, in row-major order. */
export function copyStrided(
  target: TypedArray,
  targetOffset: number,
  source: TypedArray,
  sourceOffset: number,
  shape: Shape,
  strides: Shape,
): void {
  copyInto(target, targetOffset, contiguousStrides(shape), source, sourceOffset, strides, shape);
}

/** Copies one strided view into another of the same shape. */
export function copyInto(
  target: TypedArray,
  targetOffset: number,
  targetStrides: Shape,
  source: TypedArray,
  sourceOffset: number,
  sourceStrides: Shape,
  shape: Shape,
): void {
  for (let dim = 0; dim < shape.length; dim++) if (shape[dim] === 0) return;
  const plan = planOf(shape, targetStrides, sourceStrides);
  const { lengths, to, from, outer } = plan;
  const rank = lengths.length;
  if (copyAccelerated(target, targetOffset, source, sourceOffset, plan)) return;
  const inner = rank - 1;
  const length = lengths[inner]!;
  const toStep = to[inner]!;
  const fromStep = from[inner]!;
  if (rank === 1) {
    copyPlane(target, targetOffset, 0, toStep, source, sourceOffset, 0, fromStep, 1, length);
    return;
  }
  const rows = lengths[outer]!;
  if (rank === 2) {
    copyPlane(
      target,
      targetOffset,
      to[outer]!,
      toStep,
      source,
      sourceOffset,
      from[outer]!,
      fromStep,
      rows,
      length,
    );
    return;
  }
  const rest = (list: readonly number[]): number[] =>
    list.filter((_, d) => d < inner && d !== outer);
  forEachRow(
    rest(lengths),
    [rest(to), rest(from)],
    [targetOffset, sourceOffset],
    (count, steps, places) => {
      for (let i = 0; i < count; i++) {
        copyPlane(
          target,
          places[0]! + i * steps[0]!,
          to[outer]!,
          toStep,
          source,
          places[1]! + i * steps[1]!,
          from[outer]!,
          fromStep,
          rows,
          length,
        );
      }
    },
  );
}

/** How two views of a shape are walked together. */
export function planOf(shape: Shape, targetStrides: Shape, sourceStrides: Shape): CopyPlan {
  const { lengths, strides } = mergeDimensions(shape, [targetStrides, sourceStrides]);
  const from = strides[1]!;
  // A single number.
  if (lengths.length === 0) return { lengths: [1], to: [1], from: [1], outer: 0 };
  return { lengths, to: strides[0]!, from, outer: closest(from, lengths.length - 1) };
}

/** The dimension before `inner` along which the elements lie closest together; the last one if `inner` is closer yet. */
function closest(strides: readonly number[], inner: number): number {
  let found = inner - 1;
  let least = Math.abs(strides[inner]!);
  for (let dim = inner - 1; dim >= 0; dim--) {
    const step = Math.abs(strides[dim]!);
    if (step > 0 && step < least) {
      least = step;
      found = dim;
    }
  }
  return found;
}

/** Copies `rows` rows of `length` elements. */
function copyPlane(
  target: TypedArray,
  to: number,
  toRow: number,
  toStep: number,
  source: TypedArray,
  from: number,
  fromRow: number,
  fromStep: number,
  rows: number,
  length: number,
): void {
  if (toStep === 1 && length >= longRow && (fromStep === 1 || fromStep === 0)) {
    let at = to;
    let start = from;
    for (let row = 0; row < rows; row++) {
      if (fromStep === 1) target.set(source.subarray(start, start + length), at);
      else target.fill(source[start]!, at, at + length);
      at += toRow;
      start += fromRow;
    }
    return;
  }
  const across = Math.abs(fromRow) < Math.abs(fromStep) && rows > 1 && length > 1;
  const copy = across ? copyBlocksFor(target, source) : copyRowsFor(target, source);
  copy(target, to, toRow, toStep, source, from, fromRow, fromStep, rows, length);
}

const copyRowsFor = perDType(function copyRows(
  target: TypedArray,
  to: number,
  toRow: number,
  toStep: number,
  source: TypedArray,
  from: number,
  fromRow: number,
  fromStep: number,
  rows: number,
  length: number,
): void {
  // Four at a time: half of the time goes into the counting of a loop otherwise.
  const even = length - (length % 4);
  for (let row = 0; row < rows; row++) {
    let at = to;
    let start = from;
    for (let i = 0; i < even; i += 4) {
      target[at] = source[start]!;
      target[at + toStep] = source[start + fromStep]!;
      target[at + 2 * toStep] = source[start + 2 * fromStep]!;
      target[at + 3 * toStep] = source[start + 3 * fromStep]!;
      at += 4 * toStep;
      start += 4 * fromStep;
    }
    for (let i = even; i < length; i++) {
      target[at] = source[start]!;
      at += toStep;
      start += fromStep;
    }
    to += toRow;
    from += fromRow;
  }
});

const copyBlocksFor = perDType(function copyBlocks(
  target: TypedArray,
  to: number,
  toRow: number,
  toStep: number,
  source: TypedArray,
  from: number,
  fromRow: number,
  fromStep: number,
  rows: number,
  length: number,
): void {
  const side = 16;
  for (let top = 0; top < rows; top += side) {
    const bottom = Math.min(top + side, rows);
    for (let left = 0; left < length; left += side) {
      const right = Math.min(left + side, length);
      const even = right - ((right - left) % 4);
      for (let row = top; row < bottom; row++) {
        let at = to + row * toRow + left * toStep;
        let start = from + row * fromRow + left * fromStep;
        for (let i = left; i < even; i += 4) {
          target[at] = source[start]!;
          target[at + toStep] = source[start + fromStep]!;
          target[at + 2 * toStep] = source[start + 2 * fromStep]!;
          target[at + 3 * toStep] = source[start + 3 * fromStep]!;
          at += 4 * toStep;
          start += 4 * fromStep;
        }
        for (let i = even; i < right; i++) {
          target[at] = source[start]!;
          at += toStep;
          start += fromStep;
        }
      }
    }
  }
});
