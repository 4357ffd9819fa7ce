/**
 * Parts of a tensor along one dimension: `at` by other names.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { ArgumentError, checkInteger, IndexError, quoted, ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { at } from "./at.ts";
import { existingDim } from "./dimensions.ts";
import type { PlainItem } from "./items.ts";

/** The items that leave all dimensions before `dim` whole and select from that one. */
function selecting(dim: number, item: PlainItem): PlainItem[] {
  const items = new Array<PlainItem>(dim).fill(":");
  items.push(item);
  return items;
}

/**
 * The positions from `start` up to but without `end` along a dimension, every `step`-th of them, as a view. Bounds may be
 * negative, then they count from the end, and may lie outside, then they are clipped.
 *
 * @throws {ArgumentError} when a bound is no whole number, or the step is less than 1.
 * @throws {IndexError} when `dim` is out of range.
 * @example
 * import { arange, slice } from "@chainrule/core";
 * slice(arange(6), 0, 1, 5, 2).toArray(); // → [ 1, 3 ]
 * slice(arange(6), 0, -2).toArray(); // → [ 4, 5 ]
 */
export function slice(
  x: TensorLike,
  dim: number,
  start?: number,
  end?: number,
  step?: number,
): Tensor {
  const source = toTensor("slice", x);
  const along = existingDim("slice", dim, source.shape);
  for (const bound of [start, end, step]) {
    if (bound !== undefined && !Number.isInteger(bound) && Math.abs(bound) !== Infinity) {
      throw new ArgumentError(`slice: the bounds must be whole numbers, not ${quoted(bound)}.`, {
        bound,
      });
    }
  }
  return at(source, ...selecting(along, { start, stop: end, step }));
}

/**
 * `length` positions from `start` on along a dimension, as a view. A negative start counts from the end; it may be a
 * tensor of a single number.
 *
 * @throws {IndexError} when the part reaches beyond the dimension, or `dim` is out of range.
 * @example
 * import { arange, narrow } from "@chainrule/core";
 * narrow(arange(6), 0, 2, 3).toArray(); // → [ 2, 3, 4 ]
 */
export function narrow(x: TensorLike, dim: number, start: number | Tensor, length: number): Tensor {
  const source = toTensor("narrow", x);
  const position = typeof start === "object" ? toTensor("narrow", start).item() : start;
  const along = existingDim("narrow", dim, source.shape);
  const whole = source.shape[along]!;
  checkInteger("narrow", "start", position);
  checkInteger("narrow", "length", length, 0);
  const first = position < 0 ? position + whole : position;
  if (first < 0 || first + length > whole) {
    throw new IndexError(
      `narrow: ${length} positions from ${position} on reach beyond dimension ${along} of shape ${formatShape(source.shape)}.`,
      { start: position, length, dim: along, shape: source.shape },
    );
  }
  return at(source, ...selecting(along, { start: first, stop: first + length }));
}

/**
 * The slice at one position of a dimension, without that dimension, as a view; a negative index counts from the end.
 *
 * @throws {IndexError} when the index or `dim` is out of range.
 * @example
 * import { arange, select } from "@chainrule/core";
 * select(arange(6).reshape([2, 3]), 1, -1).toArray(); // → [ 2, 5 ]
 */
export function select(x: TensorLike, dim: number, index: number): Tensor {
  const source = toTensor("select", x);
  const along = existingDim("select", dim, source.shape);
  checkInteger("select", "the index", index);
  return at(source, ...selecting(along, index));
}

/**
 * x in parts along a dimension, as views: so many of as equal lengths as there can be, the longer ones first; or cut at
 * the places named.
 *
 * @throws {ArgumentError} when the number of parts is no whole number of at least 1, or a place no whole number.
 * @throws {IndexError} when `dim` is out of range.
 * @example
 * import { arange, tensorSplit } from "@chainrule/core";
 * tensorSplit(arange(7), 3).map((part) => part.toArray()); // → [ [ 0, 1, 2 ], [ 3, 4 ], [ 5, 6 ] ]
 * tensorSplit(arange(7), [2, 5]).map((part) => part.numel()); // → [ 2, 3, 2 ]
 */
export function tensorSplit(x: TensorLike, parts: number | readonly number[], dim = 0): Tensor[] {
  const source = toTensor("tensorSplit", x);
  const at = existingDim("tensorSplit", dim, source.shape);
  const length = source.shape[at]!;
  const cuts: number[] = [0];
  if (typeof parts === "number") {
    checkInteger("tensorSplit", "the number of parts", parts, 1);
    for (let i = 0; i < parts; i++)
      cuts.push(cuts[i]! + Math.floor(length / parts) + (i < length % parts ? 1 : 0));
  } else {
    for (const place of parts) {
      checkInteger("tensorSplit", "a place", place);
      cuts.push(Math.min(Math.max(place < 0 ? place + length : place, 0), length));
    }
    cuts.push(length);
  }
  return cuts.slice(1).map((end, i) => narrow(source, at, cuts[i]!, Math.max(end - cuts[i]!, 0)));
}

/**
 * x in parts side by side: {@link tensorSplit} along dimension 1, or 0 if there is no other. A number of parts must divide the
 * length.
 *
 * @throws {ShapeError} when x has no dimension, or the parts would differ in length.
 * @example
 * import { hsplit, tensor } from "@chainrule/core";
 * hsplit(tensor([[1, 2, 3, 4]]), 2).map((x) => x.toArray()); // → [ [ [ 1, 2 ] ], [ [ 3, 4 ] ] ]
 */
export function hsplit(x: TensorLike, parts: number | readonly number[]): Tensor[] {
  const source = toTensor("hsplit", x);
  return evenSplit("hsplit", source, parts, source.ndim === 1 ? 0 : 1, 1);
}

/**
 * x in parts below one another: {@link tensorSplit} along dimension 0 of a matrix or more. A number of parts must divide the
 * length.
 *
 * @throws {ShapeError} when x has fewer than two dimensions, or the parts would differ in length.
 * @example
 * import { tensor, vsplit } from "@chainrule/core";
 * vsplit(tensor([[1, 2], [3, 4]]), 2).map((x) => x.toArray()); // → [ [ [ 1, 2 ] ], [ [ 3, 4 ] ] ]
 */
export function vsplit(x: TensorLike, parts: number | readonly number[]): Tensor[] {
  return evenSplit("vsplit", toTensor("vsplit", x), parts, 0, 2);
}

/**
 * x in parts behind one another: {@link tensorSplit} along dimension 2. A number of parts must divide the length.
 *
 * @throws {ShapeError} when x has fewer than three dimensions, or the parts would differ in length.
 * @example
 * import { arange, dsplit } from "@chainrule/core";
 * dsplit(arange(8).reshape([1, 2, 4]), 2).map((x) => x.shape); // → [ [ 1, 2, 2 ], [ 1, 2, 2 ] ]
 */
export function dsplit(x: TensorLike, parts: number | readonly number[]): Tensor[] {
  return evenSplit("dsplit", toTensor("dsplit", x), parts, 2, 3);
}

function evenSplit(
  where: string,
  x: Tensor,
  parts: number | readonly number[],
  dim: number,
  least: number,
): Tensor[] {
  if (x.ndim < least) {
    throw new ShapeError(
      `${where}: expected ${least === 1 ? "one dimension" : `${least} dimensions`} or more, but the shape is ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  if (typeof parts === "number") {
    checkInteger(where, "the number of parts", parts, 1);
    if (x.shape[dim]! % parts !== 0) {
      throw new ShapeError(
        `${where}: ${x.shape[dim]} along dimension ${dim} cannot be cut into ${parts} parts of one length. tensorSplit gives parts that differ by one.`,
        { shape: x.shape, parts },
      );
    }
  }
  return tensorSplit(x, parts, dim);
}
