/**
 * How users say which part of a tensor they mean: whole numbers, slices, new dimensions, indices and masks.
 */
import type { NestedNumbers } from "../creation.ts";
import { newTensor } from "../creation.ts";
import type { TypedArray } from "../dtype.ts";
import { ArgumentError, IndexError, quoted, ShapeError } from "../errors.ts";
import type { Layout } from "../op.ts";
import type { Shape } from "../shape.ts";
import { formatShape, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import type { TensorIndex } from "./places.ts";
import { readIndex } from "./places.ts";

/** Positions from `start` up to but without `stop`, every `step`-th; negative bounds count from the end. */
export interface Slice {
  readonly start?: number | undefined;
  readonly stop?: number | undefined;
  readonly step?: number | undefined;
}

/**
 * What selects along a dimension: a whole number (the dimension goes), a slice as `{ start, stop, step }` or as `"1:3"` in
 * Python's notation, `null` (a new dimension of length 1), or `"..."` (whole dimensions, as many as are left).
 */
export type PlainItem = number | Slice | string | null;

/** Beside these, indices (int32) and masks (bool) as tensors or arrays; a mask selects from as many dimensions as it has. */
export type IndexItem = PlainItem | Tensor | readonly NestedNumbers[] | TypedArray;

/** One position of a dimension, a range of it, all of it, or a new dimension: with all bounds known. */
export type Selection =
  | number
  | { readonly start: number; readonly stop: number; readonly step: number }
  | ":"
  | null;

const sliceText = /^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?$/;

/** Whether an item is a tensor of indices or a mask, which only `index` understands. */
export function isTensorItem(
  item: IndexItem,
): item is Tensor | readonly NestedNumbers[] | TypedArray {
  return (
    typeof item === "object" &&
    item !== null &&
    (item instanceof Tensor || Array.isArray(item) || ArrayBuffer.isView(item))
  );
}

function noIndex(where: string, item: unknown): ArgumentError {
  return new ArgumentError(
    `${where}: ${quoted(item)} is no index. Use a whole number, "start:stop:step", { start, stop, step }, null, "...", an array of indices or a mask.`,
    { item },
  );
}

function readSlice(where: string, item: string | Slice): Slice {
  if (typeof item !== "string") return item;
  const parts = sliceText.exec(item);
  if (parts === null) throw noIndex(where, item);
  const [start, stop, step] = parts
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)));
  return { start, stop, step };
}

function resolveSlice(where: string, item: string | Slice, dim: number, length: number): Selection {
  if (item === ":") return ":";
  const slice = readSlice(where, item);
  const { start = 0, stop = length, step = 1 } = slice;
  for (const bound of [start, stop, step]) {
    if (!Number.isInteger(bound) && Math.abs(bound) !== Number.POSITIVE_INFINITY) {
      throw new ArgumentError(
        `${where}: a slice needs whole numbers, not ${quoted(bound)}, at dimension ${dim}.`,
        { dim, slice },
      );
    }
  }
  if (step < 1) {
    throw new ArgumentError(
      `${where}: the step of a slice must be at least 1, not ${step}, at dimension ${dim}. Use flip to go backward.`,
      { dim, step },
    );
  }
  const clip = (bound: number): number =>
    Math.min(Math.max(bound < 0 ? bound + length : bound, 0), length);
  const first = clip(start);
  const last = Math.max(clip(stop), first);
  if (first === 0 && last === length && step === 1) return ":";
  return { start: first, stop: last, step: Math.min(step, Math.max(length, 1)) };
}

/** The number of dimensions from which an item selects; −1 for `"..."`. */
function coverage(item: PlainItem | Tensor): number {
  if (item === null) return 0;
  if (item === "...") return -1;
  return item instanceof Tensor && item.dtype === "bool" ? item.ndim : 1;
}

/** The items with `"..."` written out, checked for their number. */
function writtenOut<Item extends PlainItem | Tensor>(
  where: string,
  shape: Shape,
  items: readonly Item[],
): (Item | ":")[] {
  let used = 0;
  let open = -1;
  for (const [i, item] of items.entries()) {
    const covered = coverage(item);
    if (covered >= 0) used += covered;
    else if (open < 0) open = i;
    else throw new ArgumentError(`${where}: "..." can stand only once.`);
  }
  if (used > shape.length) {
    throw new IndexError(
      `${where}: ${used} indices for ${shape.length} dimension${shape.length === 1 ? "" : "s"} (shape ${formatShape(shape)}).`,
      { indices: used, shape },
    );
  }
  const whole = new Array<":">(shape.length - used).fill(":");
  return open < 0
    ? [...items, ...whole]
    : [...items.slice(0, open), ...whole, ...items.slice(open + 1)];
}

/** Resolves plain items against a shape: one selection a dimension, and the new dimensions in their places. */
export function resolveItems(
  where: string,
  shape: Shape,
  items: readonly PlainItem[],
): Selection[] {
  let dim = 0;
  return writtenOut(where, shape, items).map((item) => {
    if (item === null) return null;
    const length = shape[dim]!;
    if (typeof item === "number") {
      if (!Number.isInteger(item) || item < -length || item >= length) {
        const range = length === 0 ? "it has length 0" : `use ${-length} to ${length - 1}`;
        throw new IndexError(
          `${where}: index ${quoted(item)} is out of range at dimension ${dim} of shape ${formatShape(shape)}; ${range}.`,
          { index: item, dim, shape },
        );
      }
      dim++;
      return item < 0 ? item + length : item;
    }
    if (typeof item !== "string" && (typeof item !== "object" || isTensorItem(item)))
      throw noIndex(where, item);
    return resolveSlice(where, item, dim++, length);
  });
}

/** How the part that selections name lies in memory. */
export function layoutOfPart(x: Layout, selections: readonly Selection[]): Layout {
  const shape: number[] = [];
  const strides: number[] = [];
  let { offset } = x;
  let dim = 0;
  for (const selection of selections) {
    if (selection === null) {
      shape.push(1);
      strides.push(0);
      continue;
    }
    const stride = x.strides[dim]!;
    const length = x.shape[dim]!;
    dim++;
    if (selection === ":") {
      shape.push(length);
      strides.push(stride);
    } else if (typeof selection === "number") {
      offset += selection * stride;
    } else {
      const { start, stop, step } = selection;
      const count = Math.ceil((stop - start) / step);
      shape.push(count);
      strides.push(step * stride);
      if (count > 0) offset += start * stride;
    }
  }
  return { shape, strides, offset };
}

/** A part in two steps: a view by plain items, and then indices and masks on its dimensions (`null`: none). */
export interface TwoSteps {
  readonly plain: readonly PlainItem[];
  readonly indices: readonly TensorIndex[] | null;
}

/**
 * Takes the indices and masks out of the items. Whole numbers select first, as in PyTorch: their dimensions are gone
 * before it is asked whether indices stand side by side.
 */
export function splitItems(where: string, shape: Shape, items: readonly IndexItem[]): TwoSteps {
  const given = items.map((item) => (isTensorItem(item) ? readIndex(where, item) : item));
  const plain: PlainItem[] = [];
  const indices: TensorIndex[] = [];
  let dim = 0;
  for (const item of writtenOut(where, shape, given)) {
    if (!(item instanceof Tensor)) {
      plain.push(item);
      if (typeof item !== "number") indices.push(null);
      if (item !== null) dim++;
    } else if (item.dtype === "int32") {
      // A single index is a whole number; inside vmap each sample has its own.
      const single = item.ndim === 0 && item.batch === null;
      plain.push(single ? item.item() : ":");
      if (!single) indices.push(item);
      dim++;
    } else if (item.ndim === 0) {
      // A single truth value is a mask over a new dimension of length 1.
      plain.push(null);
      indices.push(newTensor("int32", [item.item() === 0 ? 0 : 1]));
    } else {
      const covered = shape.slice(dim, dim + item.ndim);
      if (!sameShape(item.shape, covered)) {
        throw new ShapeError(
          `${where}: a mask of shape ${formatShape(item.shape)} does not cover the dimensions from ${dim} on of shape ${formatShape(shape)}.`,
          { mask: item.shape, dim, shape },
        );
      }
      for (let i = 0; i < item.ndim; i++) plain.push(":");
      indices.push(item);
      dim += item.ndim;
    }
  }
  return { plain, indices: indices.every((index) => index === null) ? null : indices };
}
