/**
 * From tensors to ordinary JavaScript values.
 */
import type { TypedArray } from "./dtype.ts";
import { allocate } from "./dtype.ts";
import { ArgumentError, ShapeError } from "./errors.ts";
import { capture } from "./graph/capture.ts";
import { copyStrided } from "./kernels/copy.ts";
import { formatShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Numbers (booleans for dtype bool) nested to the depth of a tensor's rank. */
export type NestedArray = number | boolean | NestedArray[];

/** Inside `vmap` a tensor stands for all samples at once: there is no one number to read. */
function refuseBatched(where: string, x: Tensor): void {
  if (x.batch === null) return;
  throw new ArgumentError(
    `${where}: inside vmap a tensor stands for all ${x.batch.size} samples, so its numbers cannot be read. Return it from the function, or choose with where.`,
    { samples: x.batch.size },
  );
}

export function readItem(x: Tensor): number {
  refuseBatched("item", x);
  capture?.reads(x);
  if (x.numel() !== 1) {
    throw new ShapeError(
      `item: a tensor of shape ${formatShape(x.shape)} has ${x.numel()} elements, not one. Reduce it first, or use toArray().`,
      { shape: x.shape },
    );
  }
  return x.storage.data[x.offset]!;
}

export function readTypedArray(x: Tensor): TypedArray {
  refuseBatched("toTypedArray", x);
  capture?.reads(x);
  const { data } = x.storage;
  if (x.isContiguous()) return data.slice(x.offset, x.offset + x.numel());
  const copy = allocate(x.dtype, x.numel());
  copyStrided(copy, 0, data, x.offset, x.shape, x.strides);
  return copy;
}

export function readNested(x: Tensor): NestedArray {
  const flat = readTypedArray(x);
  const isBool = x.dtype === "bool";
  const read = (i: number): number | boolean => (isBool ? flat[i] !== 0 : flat[i]!);
  if (x.ndim === 0) return read(0);
  // Rows are built from the innermost dimension outwards, so nothing recurses.
  let level: NestedArray[] = Array.from(flat, (_, i) => read(i));
  for (let dim = x.ndim - 1; dim > 0; dim--) {
    const length = x.shape[dim]!;
    const rows = x.shape.slice(0, dim).reduce((product, n) => product * n, 1);
    const next: NestedArray[] = [];
    for (let row = 0; row < rows; row++) next.push(level.slice(row * length, (row + 1) * length));
    level = next;
  }
  return level;
}
