/**
 * Copies between layouts.
 */
import type { TypedArray } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import { forEachRow } from "./rows.ts";
import { perDType } from "./specialize.ts";

/** Copies a strided view into consecutive elements of `target`, in row-major order. */
export function copyStrided(
  target: TypedArray,
  targetOffset: number,
  source: TypedArray,
  sourceOffset: number,
  shape: Shape,
  strides: Shape,
): void {
  const copy = copyRowFor(target, source);
  let to = targetOffset;
  forEachRow(shape, [strides], [sourceOffset], (length, [step], [from]) => {
    copy(target, to, 1, source, from!, step!, length);
    to += length;
  });
}

/** Copies consecutive elements of `source`, in row-major order, into a strided view of `target`. */
export function copyInto(
  target: TypedArray,
  targetOffset: number,
  targetStrides: Shape,
  source: TypedArray,
  sourceOffset: number,
  sourceStrides: Shape,
  shape: Shape,
): void {
  const copy = copyRowFor(target, source);
  forEachRow(
    shape,
    [targetStrides, sourceStrides],
    [targetOffset, sourceOffset],
    (length, steps, places) => {
      copy(target, places[0]!, steps[0]!, source, places[1]!, steps[1]!, length);
    },
  );
}

const copyRowFor = perDType(function copyRow(
  target: TypedArray,
  to: number,
  toStep: number,
  source: TypedArray,
  from: number,
  fromStep: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) {
    target[to] = source[from]!;
    to += toStep;
    from += fromStep;
  }
});
