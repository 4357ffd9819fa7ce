/**
 * Comparing tensors number by number.
 */
import type { Tensor } from "@chainrule/core";
import { formatShape, fromTypedArray, sameShape } from "@chainrule/core";

/** The same numbers in contiguous storage of their own, outside of the graph. */
export function contiguousTwin(x: Tensor): Tensor {
  return fromTypedArray(x.toTypedArray(), x.shape);
}

/** The position of a flat index: `[1, 0, 2]`, and `""` for a 0-d tensor. */
export function positionOf(flat: number, shape: readonly number[]): string {
  if (shape.length === 0) return "";
  const position: number[] = [];
  let rest = flat;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    position.unshift(rest % shape[dim]!);
    rest = Math.floor(rest / shape[dim]!);
  }
  return formatShape(position);
}

/** How two tensors differ in shape, type or any bit of their numbers; `null` where they do not. NaN equals NaN. */
export function bitDifference(a: Tensor, b: Tensor): string | null {
  if (!sameShape(a.shape, b.shape))
    return `shapes ${formatShape(a.shape)} and ${formatShape(b.shape)} differ`;
  if (a.dtype !== b.dtype) return `dtypes ${a.dtype} and ${b.dtype} differ`;
  const left = a.toTypedArray();
  const right = b.toTypedArray();
  for (let i = 0; i < left.length; i++) {
    if (!Object.is(left[i], right[i]))
      return `${left[i]} and ${right[i]} differ at ${positionOf(i, a.shape) || "the number"}`;
  }
  return null;
}

/** As {@link bitDifference}, for numbers that may differ by |a − b| ≤ tolerance·max(1, |b|). */
export function difference(a: Tensor, b: Tensor, tolerance: number): string | null {
  if (!sameShape(a.shape, b.shape))
    return `shapes ${formatShape(a.shape)} and ${formatShape(b.shape)} differ`;
  const left = a.toTypedArray();
  const right = b.toTypedArray();
  for (let i = 0; i < left.length; i++) {
    if (!isClose(left[i]!, right[i]!, tolerance)) {
      return `${left[i]} and ${right[i]} differ at ${positionOf(i, a.shape) || "the number"}`;
    }
  }
  return null;
}

/** |a − b| ≤ tolerance·max(1, |b|); NaN only equals NaN, an infinity only itself. */
export function isClose(a: number, b: number, tolerance: number): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));
}
