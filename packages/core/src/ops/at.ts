/**
 * Indexing and slicing, and its adjoint: putting a part back into its place among zeros.
 */
import type { TensorLike } from "../creation.ts";
import { arange, zeros } from "../creation.ts";
import { ArgumentError, IndexError, quoted, ShapeError } from "../errors.ts";
import { copyInto } from "../kernels/copy.ts";
import type { Layout, Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Shape } from "../shape.ts";
import { checkShape, contiguousStrides, formatShape, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";

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
export type IndexItem = number | Slice | string | null;

/** One number out of a dimension, a range of it, or a new dimension. */
type Selection =
  | number
  | { readonly start: number; readonly stop: number; readonly step: number }
  | null;

const sliceText = /^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?$/;

function readSlice(item: string | Slice): Slice {
  if (typeof item !== "string") return item;
  const parts = sliceText.exec(item);
  if (parts === null) {
    throw new ArgumentError(
      `at: ${quoted(item)} is no index. Use a whole number, "start:stop:step", { start, stop, step }, null or "...".`,
      { item },
    );
  }
  const [start, stop, step] = parts
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)));
  return { start, stop, step };
}

function resolveSlice(
  slice: Slice,
  dim: number,
  length: number,
): { start: number; stop: number; step: number } {
  const { start = 0, stop = length, step = 1 } = slice;
  for (const bound of [start, stop, step]) {
    if (!Number.isInteger(bound) && Math.abs(bound) !== Number.POSITIVE_INFINITY) {
      throw new ArgumentError(
        `at: a slice needs whole numbers, not ${quoted(bound)}, at dimension ${dim}.`,
        { dim, slice },
      );
    }
  }
  if (step < 1) {
    throw new ArgumentError(
      `at: the step of a slice must be at least 1, not ${step}, at dimension ${dim}. Use flip to go backward.`,
      {
        dim,
        step,
      },
    );
  }
  const clip = (bound: number): number =>
    Math.min(Math.max(bound < 0 ? bound + length : bound, 0), length);
  return { start: clip(start), stop: Math.max(clip(stop), clip(start)), step };
}

/** Resolves items against a shape: one selection a dimension, and the new dimensions in their places. */
function resolve(shape: Shape, items: readonly IndexItem[]): Selection[] {
  const used = items.filter((item) => item !== null && item !== "...").length;
  if (used > shape.length) {
    throw new IndexError(
      `at: ${used} indices for ${shape.length} dimension${shape.length === 1 ? "" : "s"} (shape ${formatShape(shape)}).`,
      {
        indices: used,
        shape,
      },
    );
  }
  if (items.filter((item) => item === "...").length > 1)
    throw new ArgumentError('at: "..." can stand only once.');
  const selections: Selection[] = [];
  let dim = 0;
  const whole = (count: number): void => {
    for (let i = 0; i < count; i++) selections.push({ start: 0, stop: shape[dim++]!, step: 1 });
  };
  for (const item of items) {
    if (item === null) selections.push(null);
    else if (item === "...") whole(shape.length - used);
    else if (typeof item === "number") {
      const length = shape[dim]!;
      if (!Number.isInteger(item) || item < -length || item >= length) {
        const range = length === 0 ? "it has length 0" : `use ${-length} to ${length - 1}`;
        throw new IndexError(
          `at: index ${quoted(item)} is out of range at dimension ${dim} of shape ${formatShape(shape)}; ${range}.`,
          {
            index: item,
            dim,
            shape,
          },
        );
      }
      selections.push(item < 0 ? item + length : item);
      dim++;
    } else if (
      typeof item === "string" ||
      (typeof item === "object" && !Array.isArray(item) && !(item instanceof Tensor))
    ) {
      selections.push(resolveSlice(readSlice(item), dim, shape[dim]!));
      dim++;
    } else {
      throw new ArgumentError(
        `at: ${quoted(item)} is no index. Use a whole number, "start:stop:step", { start, stop, step }, null or "...".`,
        { item },
      );
    }
  }
  whole(shape.length - dim);
  return selections;
}

function layoutOf(
  x: { shape: Shape; strides: Shape; offset: number },
  selections: readonly Selection[],
): Layout {
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
    const stride = x.strides[dim++]!;
    if (typeof selection === "number") {
      offset += selection * stride;
      continue;
    }
    const { start, stop, step } = selection;
    const count = Math.ceil((stop - start) / step);
    shape.push(count);
    strides.push(step * stride);
    if (count > 0) offset += start * stride;
  }
  return { shape, strides, offset };
}

/**
 * Part of a tensor, as a view. Along each dimension: a whole number (negative from the end), a slice `"1:3"` or
 * `{ start, stop, step }`, `null` for a new dimension, `"..."` for all dimensions not named.
 *
 * @throws {IndexError} when an index is out of range, or there are more of them than dimensions.
 * @throws {ArgumentError} for anything that is no index.
 * @example
 * import { arange } from "@chainrule/core";
 * const x = arange(12).reshape([3, 4]);
 * x.at(-1); // → tensor([8, 9, 10, 11], dtype=int32)
 * x.at("1:", 0); // → tensor([4, 8], dtype=int32)
 * x.at("...", "::2").shape; // → [ 3, 2 ]
 */
export const at: Op<(x: TensorLike, ...items: IndexItem[]) => Tensor> = defineOp({
  name: "at",
  formula: "y_j = x_{i(j)}",
  call: (x: TensorLike, ...items: IndexItem[]) => ({ operands: [x], options: { items } }),
  kinds: ["any"],
  view: (x, { items }) => layoutOf(x, resolve(x.shape, items)),
  vjp: [(cotangent, node) => place(cotangent, node.shapeOf(0), ...node.options.items)],
  batch: ([x], _batched, { items }) => at(x!, ":", ...items),
  samples: [
    (draw) => [draw.tensor(draw.shape(1, 4)), draw.pick([0, -1])],
    (draw) => [
      draw.tensor(draw.shape(1, 4, 0)),
      draw.pick(["1:", ":-1", "::2", ":", { start: 1, stop: 3 }]),
    ],
    (draw) => [draw.tensor(draw.shape(2, 4)), "...", null, draw.pick([0, -1])],
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), 2],
      message: /index 2 is out of range at dimension 0 of shape \[2, 3\]; use -2 to 1/,
      type: IndexError,
    },
    { call: () => [zeros([2]), 0, 0], message: /2 indices for 1 dimension/, type: IndexError },
    { call: () => [zeros([2]), "a:b"], message: /"a:b" is no index/, type: ArgumentError },
    {
      call: () => [zeros([2]), "::-1"],
      message: /step of a slice must be at least 1/,
      type: ArgumentError,
    },
    { call: () => [zeros([2]), true], message: /true is no index/, type: ArgumentError },
    {
      call: () => [zeros([2]), "...", "..."],
      message: /"\.\.\." can stand only once/,
      type: ArgumentError,
    },
  ],
});

/**
 * A tensor of zeros of a given shape with x put where `at` with the same items would read: the adjoint of `at`.
 *
 * @throws {ShapeError} when x does not have the shape of that part.
 * @example
 * import { place, tensor } from "@chainrule/core";
 * place(tensor([1, 2]), [4], "1:3"); // → tensor([0, 1, 2, 0])
 */
export const place: Op<(x: TensorLike, shape: Shape, ...items: IndexItem[]) => Tensor> = defineOp({
  name: "place",
  formula: "y_{i(j)} = x_j",
  call: (x: TensorLike, shape: Shape, ...items: IndexItem[]) => ({
    operands: [x],
    options: { shape: checkShape("place", shape), items },
  }),
  kinds: ["any"],
  shape: ([x], { shape, items }) => {
    const part = layoutOf(
      { shape, strides: contiguousStrides(shape), offset: 0 },
      resolve(shape, items),
    );
    if (!sameShape(part.shape, x!.shape)) {
      throw new ShapeError(
        `place: the operand has shape ${formatShape(x!.shape)}, but that part of ${formatShape(shape)} has ${formatShape(part.shape)}.`,
        { operand: x!.shape, part: part.shape },
      );
    }
    return shape;
  },
  forward: ([x], y, { items }) => {
    const part = layoutOf(y, resolve(y.shape, items));
    copyInto(
      y.storage.data,
      part.offset,
      part.strides,
      x!.storage.data,
      x!.offset,
      x!.strides,
      part.shape,
    );
  },
  vjp: [(cotangent, { options }) => at(cotangent, ...options.items)],
  batch: ([x], _batched, { shape, items }) => place(x!, [x!.shape[0]!, ...shape], ":", ...items),
  samples: [
    (draw) => {
      const shape = draw.shape(1, 4);
      return [draw.tensor(shape.slice(1)), shape, draw.integer(0, shape[0]! - 1)];
    },
    (draw) => [draw.tensor([3, 2]), [3, draw.integer(3, 4)], ":", "::2"],
    (draw) => [draw.tensor([2]), [draw.integer(3, 6)], "1:3"],
  ],
  rejects: [
    {
      call: () => [arange(3), [5], "0:2"],
      message: /operand has shape \[3\], but that part of \[5\] has \[2\]/,
      type: ShapeError,
    },
  ],
});
