/**
 * More room at the ends of dimensions, or less.
 */
import type { TensorLike } from "../creation.ts";
import { arange, toTensor, zeros } from "../creation.ts";
import {
  ArgumentError,
  checkInteger,
  checkNumber,
  checkOptions,
  DTypeError,
  quoted,
  ShapeError,
} from "../errors.ts";
import { copyInto } from "../kernels/copy.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Options of {@link constantPad}. */
export interface ConstantPadOptions {
  /** What the new places hold; 0 unless given. */
  value?: number | undefined;
}

/** How many places are added (negative: taken away) before and after, by dimension. */
export function padAmounts(
  where: string,
  x: Tensor,
  padding: readonly number[],
): [number, number][] {
  if (!Array.isArray(padding) || padding.length % 2 !== 0 || padding.length > 2 * x.ndim) {
    throw new ArgumentError(
      `${where}: the padding of a tensor with ${x.ndim} dimension${x.ndim === 1 ? "" : "s"} is a pair of numbers for the last, then for the one before, …; not ${quoted(padding)}.`,
      { padding, rank: x.ndim },
    );
  }
  for (const amount of padding) checkInteger(where, "the padding", amount);
  return x.shape.map((length, dim) => {
    const pair = 2 * (x.ndim - 1 - dim);
    const before = padding[pair] ?? 0;
    const after = padding[pair + 1] ?? 0;
    if (length + Math.min(before, 0) + Math.min(after, 0) < 0 || length + before + after < 0) {
      throw new ShapeError(
        `${where}: padding ${before} and ${after} takes more than there is from dimension ${dim} of shape ${formatShape(x.shape)}.`,
        { padding, dim, shape: x.shape },
      );
    }
    return [before, after];
  });
}

/**
 * x with `value` around it: `padding` gives the number of places before and after, for the last dimension, then for the
 * one before it, and so on. Negative padding takes places away.
 *
 * @throws {ArgumentError} when the padding is no list of pairs of whole numbers.
 * @throws {ShapeError} when more is taken away than there is.
 * @throws {DTypeError} when the value is broken and x int32.
 * @example
 * import { constantPad, tensor } from "@chainrule/core";
 * constantPad(tensor([1, 2]), [1, 2]).toArray(); // → [ 0, 1, 2, 0, 0 ]
 * constantPad(tensor([1, 2, 3]), [-1, 1], { value: 9 }).toArray(); // → [ 2, 3, 9 ]
 */
export const constantPad: Op<
  (x: TensorLike, padding: readonly number[], options?: ConstantPadOptions) => Tensor
> = defineOp({
  name: "constantPad",
  formula: String.raw`y_{i + p} = x_i,\quad y = v \text{ elsewhere}`,
  call: (x: TensorLike, padding: readonly number[], options?: ConstantPadOptions) => {
    checkOptions("constantPad", options, ["value"]);
    const source = toTensor("constantPad", x);
    padAmounts("constantPad", source, padding);
    const value = checkNumber("constantPad", "value", options?.value ?? 0);
    if (source.dtype === "int32" && value !== (value | 0)) {
      throw new DTypeError(
        `constantPad: an int32 tensor cannot hold the value ${value}. Convert it: x.to("float32").`,
        { value },
      );
    }
    return { operands: [source], options: { padding: padding.slice(), value } };
  },
  kinds: ["any"],
  shape: ([x], { padding }) =>
    padAmounts("constantPad", x!, padding).map(
      ([before, after], dim) => before + x!.shape[dim]! + after,
    ),
  forward: ([x], y, { padding, value }) => {
    const { data } = y.storage;
    if (value !== 0) data.fill(y.dtype === "bool" ? 1 : value);
    const shape: number[] = [];
    let from = x!.offset;
    let to = 0;
    for (const [dim, [before, after]] of padAmounts("constantPad", x!, padding).entries()) {
      shape.push(x!.shape[dim]! + Math.min(before, 0) + Math.min(after, 0));
      if (before < 0) from -= before * x!.strides[dim]!;
      else to += before * y.strides[dim]!;
    }
    copyInto(data, to, y.strides, x!.storage.data, from, x!.strides, shape);
  },
  // Padding and cropping are each other's adjoints: what was added is cut off, what was cut off gets zeros.
  vjp: [
    (cotangent, { options }) =>
      constantPad(
        cotangent,
        options.padding.map((amount) => 0 - amount),
      ),
  ],
  batch: ([x], _batched, { padding, value }) => constantPad(x!, padding, { value }),
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(1, 3, 0));
      return [x, [draw.integer(0, 2), draw.integer(0, 2)], { value: draw.integer(-1, 1) }];
    },
    (draw) => {
      const padding = Array.from({ length: 4 }, () => draw.integer(-1, 2));
      return [draw.tensor([draw.length(), draw.length(2), draw.length(2)]), padding];
    },
    (draw) => [draw.tensor(draw.shape(0, 3)), []],
  ],
  rejects: [
    {
      call: () => [zeros([2]), [1]],
      message: /a pair of numbers for the last/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([2]), [1, 1, 1, 1]],
      message: /with 1 dimension is/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([2]), [0.5, 1]],
      message: /padding must be a whole/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([2, 3]), [-2, -2]],
      message: /padding -2 and -2 takes more than there is from dimension 1 of shape \[2, 3\]/,
      type: ShapeError,
    },
    { call: () => [zeros([2]), [1, 1], { fill: 1 }], message: /unknown option "fill"/ },
    {
      call: () => [zeros([2]), [1, 1], { value: Number.NaN }],
      message: /value must be a number/,
    },
    {
      call: () => [arange(2), [1, 1], { value: 0.5 }],
      message: /an int32 tensor cannot hold the value 0.5/,
      type: DTypeError,
    },
  ],
  edges: [
    {
      note: "cropped to nothing",
      call: () => [zeros([2]), [-1, -1]],
      result: [],
      gradients: [[0, 0]],
    },
    {
      note: "-Infinity around",
      call: () => [zeros([1]), [1, 0], { value: Number.NEGATIVE_INFINITY }],
      result: [Number.NEGATIVE_INFINITY, 0],
      gradients: [[1]],
    },
  ],
});
