/**
 * Definitions written out in loops, for tests.
 */
import type { Shape, Tensor } from "@chainrule/core";
import { elementCount, fromTypedArray } from "@chainrule/core";

/** All indices of a shape, in row-major order. */
export function indicesOf(shape: Shape): number[][] {
  return Array.from({ length: elementCount(shape) }, (_, flat) => {
    const index: number[] = [];
    let rest = flat;
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      index.unshift(rest % shape[dim]!);
      rest = Math.floor(rest / shape[dim]!);
    }
    return index;
  });
}

/** A float64 tensor whose elements are given by a function of their index. */
export function built(shape: Shape, f: (...index: number[]) => number): Tensor {
  return fromTypedArray(
    Float64Array.from(indicesOf(shape), (index) => f(...index)),
    shape,
  );
}

/** A reader of single elements; 0 outside. */
export function reader(x: Tensor): (...index: number[]) => number {
  const { shape } = x;
  const data = x.toTypedArray();
  return (...index) => {
    let at = 0;
    for (const [dim, i] of index.entries()) {
      if (i < 0 || i >= shape[dim]!) return 0;
      at = at * shape[dim]! + i;
    }
    return data[at]!;
  };
}

/** Σ f(index) over all indices of a shape. */
export function total(shape: Shape, f: (...index: number[]) => number): number {
  return indicesOf(shape).reduce((sum, index) => sum + f(...index), 0);
}

/** The largest difference between two tensors of one shape. */
export function gap(a: Tensor, b: Tensor): number {
  const [left, right] = [a.toTypedArray(), b.toTypedArray()];
  if (a.shape.join() !== b.shape.join()) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < left.length; i++) most = Math.max(most, Math.abs(left[i]! - right[i]!));
  return most;
}
