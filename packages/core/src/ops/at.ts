/**
 * Indexing and slicing, and the adjoint of slicing: putting a part back into its place among zeros.
 */
import type { TensorLike } from "../creation.ts";
import { arange, toTensor, zeros } from "../creation.ts";
import { ArgumentError, IndexError, ShapeError } from "../errors.ts";
import { copyInto } from "../kernels/copy.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Shape } from "../shape.ts";
import { checkShape, contiguousStrides, formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { index } from "./advanced.ts";
import type { IndexItem, PlainItem } from "./items.ts";
import { isTensorItem, layoutOfPart, resolveItems, splitItems } from "./items.ts";

const part: Op<(x: TensorLike, ...items: PlainItem[]) => Tensor> = defineOp({
  name: "at",
  formula: "y_j = x_{i(j)}",
  call: (x: TensorLike, ...items: PlainItem[]) => {
    const source = toTensor("at", x);
    return { operands: [source], options: { items: resolveItems("at", source.shape, items) } };
  },
  kinds: ["any"],
  view: (x, { items }) => layoutOfPart(x, items),
  vjp: [(cotangent, node) => place(cotangent, node.shapeOf(0), ...node.options.items)],
  batch: ([x], _batched, { items }) => part(x!, ":", ...items),
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
    { call: () => [zeros([0]), 0], message: /it has length 0/, type: IndexError },
    { call: () => [zeros([2]), 0.5], message: /index 0.5 is out of range/, type: IndexError },
    { call: () => [zeros([2]), 0, 0], message: /2 indices for 1 dimension/, type: IndexError },
    { call: () => [zeros([2]), "a:b"], message: /"a:b" is no index/, type: ArgumentError },
    { call: () => [zeros([2]), "::-1"], message: /step of a slice must be at least 1/ },
    { call: () => [zeros([2]), { start: 0.5 }], message: /a slice needs whole numbers, not 0.5/ },
    { call: () => [zeros([2]), true], message: /true is no index/, type: ArgumentError },
    { call: () => [zeros([2]), "...", "..."], message: /"\.\.\." can stand only once/ },
  ],
  edges: [
    {
      note: "a slice that begins behind its end is empty",
      call: () => [zeros([3]), "2:1"],
      result: [],
      gradients: [[0, 0, 0]],
    },
    {
      note: "bounds outside are clipped",
      call: () => [arange(3, { dtype: "float32" }), "-9:9"],
      result: [0, 1, 2],
      gradients: [[1, 1, 1]],
    },
  ],
});

function partAt(x: TensorLike, ...items: IndexItem[]): Tensor {
  if (!items.some(isTensorItem)) return part(x, ...(items as PlainItem[]));
  const source = toTensor("at", x);
  const { plain, indices } = splitItems("at", source.shape, items);
  const view = plain.every((item) => item === ":") ? source : part(source, ...plain);
  return indices === null ? view : index(view, indices);
}

/**
 * Part of a tensor. Along each dimension: a whole number (negative from the end), a slice `"1:3"` or
 * `{ start, stop, step }`, `null` for a new dimension, `"..."` for all dimensions not named: that is a view. Or int32
 * indices, as a tensor or an array, or a bool mask over as many dimensions as it has: that is a copy, see {@link index}.
 *
 * Indices broadcast against one another. If they stand side by side, their dimensions come in their place; if a slice or a
 * new dimension lies between them, in front of all others. Whole numbers select before that is decided, as in PyTorch
 * (NumPy counts them among the indices).
 *
 * @throws {IndexError} when an index is out of range, or there are more of them than dimensions.
 * @throws {ShapeError} when indices do not broadcast, or a mask has not the shape of what it covers.
 * @throws {DTypeError} when an index is neither int32 nor bool.
 * @throws {ArgumentError} for anything that is no index.
 * @example
 * import { arange } from "@chainrule/core";
 * const x = arange(12).reshape([3, 4]);
 * x.at(-1); // → tensor([8, 9, 10, 11], dtype=int32)
 * x.at("1:", 0); // → tensor([4, 8], dtype=int32)
 * x.at("...", "::2").shape; // → [ 3, 2 ]
 * x.at([0, 2], [1, -1]); // → tensor([1, 11], dtype=int32)
 * x.at(x.gt(9)); // → tensor([10, 11], dtype=int32)
 */
export const at: Op<(x: TensorLike, ...items: IndexItem[]) => Tensor> = Object.assign(partAt, {
  op: part.op,
});

/**
 * A tensor of zeros of a given shape with x put where `at` with the same items would read: the adjoint of `at`.
 *
 * @throws {ShapeError} when x does not have the shape of that part.
 * @throws {IndexError} when an index is out of range, or there are more of them than dimensions.
 * @throws {ArgumentError} for anything that is no index.
 * @example
 * import { place, tensor } from "@chainrule/core";
 * place(tensor([1, 2]), [4], "1:3"); // → tensor([0, 1, 2, 0])
 */
export const place: Op<(x: TensorLike, shape: Shape, ...items: PlainItem[]) => Tensor> = defineOp({
  name: "place",
  formula: "y_{i(j)} = x_j",
  call: (x: TensorLike, shape: Shape, ...items: PlainItem[]) => {
    const whole = checkShape("place", shape);
    return {
      operands: [x],
      options: { shape: whole, items: resolveItems("place", whole, items) },
    };
  },
  kinds: ["any"],
  shape: ([x], { shape, items }) => {
    const part = layoutOfPart({ shape, strides: contiguousStrides(shape), offset: 0 }, items);
    if (!sameShape(part.shape, x!.shape)) {
      throw new ShapeError(
        `place: the operand has shape ${formatShape(x!.shape)}, but that part of ${formatShape(shape)} has ${formatShape(part.shape)}.`,
        { operand: x!.shape, part: part.shape },
      );
    }
    return shape;
  },
  forward: ([x], y, { items }) => {
    const part = layoutOfPart(y, items);
    const { storage, offset, strides } = x!;
    copyInto(y.storage.data, part.offset, part.strides, storage.data, offset, strides, part.shape);
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
    {
      call: () => [arange(3), [2], 2],
      message: /place: index 2 is out of range/,
      type: IndexError,
    },
  ],
  edges: [
    {
      note: "an empty part",
      call: () => [zeros([0]), [2], "2:"],
      result: [0, 0],
      gradients: [[]],
    },
  ],
});
