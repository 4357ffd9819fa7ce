/**
 * Tensors one after another along a dimension, and the reverse: a tensor in parts.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor, zeros } from "../creation.ts";
import { ArgumentError, checkInteger, IndexError, quoted, ShapeError } from "../errors.ts";
import { copyInto } from "../kernels/copy.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { formatShape, normalizeDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { existingDim } from "./dimensions.ts";
import { expand, zerosView } from "./expand.ts";
import { reshape } from "./reshape.ts";

/** Refuses anything but a list with tensors in it. */
export function checkList(where: string, tensors: unknown): readonly TensorLike[] {
  if (!Array.isArray(tensors) || tensors.length === 0) {
    const what = Array.isArray(tensors) ? "an empty one" : quoted(tensors);
    throw new ArgumentError(`${where}: expected an array of tensors, not ${what}.`, { tensors });
  }
  return tensors;
}

/** Tensors of shape [0] fit in anywhere and add nothing, as in PyTorch. */
function isVoid({ shape }: Tensor): boolean {
  return shape.length === 1 && shape[0] === 0;
}

/** The tensor whose shape the others must follow. */
function leading(tensors: readonly Tensor[]): Tensor {
  return tensors.find((x) => !isVoid(x)) ?? tensors[0]!;
}

/** The length along `dim` that a tensor contributes. */
function lengthOf(x: Tensor, dim: number): number {
  return isVoid(x) ? 0 : x.shape[dim]!;
}

/**
 * Tensors one after another along a dimension. Shapes are equal but for that dimension; element types meet; tensors of
 * shape [0] add nothing, whatever the others' shape.
 *
 * @throws {ArgumentError} for anything but an array with tensors in it.
 * @throws {ShapeError} when shapes differ elsewhere.
 * @throws {IndexError} when `dim` is out of range.
 * @example
 * import { cat, tensor } from "@chainrule/core";
 * cat([tensor([[1, 2]]), tensor([[3, 4]])]).toArray(); // → [ [ 1, 2 ], [ 3, 4 ] ]
 * cat([tensor([[1, 2]]), tensor([[3, 4]])], 1).toArray(); // → [ [ 1, 2, 3, 4 ] ]
 */
export const cat: Op<(tensors: readonly TensorLike[], dim?: number) => Tensor> = defineOp({
  name: "cat",
  formula: String.raw`y = [x_1 \mid x_2 \mid \dots]`,
  call: (tensors: readonly TensorLike[], dim = 0) => ({
    operands: checkList("cat", tensors),
    options: { dim },
  }),
  kinds: ["number"],
  shape: (tensors, options) => {
    const first = leading(tensors);
    const dim = existingDim("cat", options.dim, first.shape);
    const shape = first.shape.slice();
    shape[dim] = 0;
    for (const [i, x] of tensors.entries()) {
      if (isVoid(x)) continue;
      const fits =
        x.ndim === first.ndim && x.shape.every((n, d) => d === dim || n === first.shape[d]);
      if (!fits) {
        throw new ShapeError(
          `cat: tensor ${i} has shape ${formatShape(x.shape)}, which differs from ${formatShape(first.shape)} elsewhere than in dimension ${dim}.`,
          { tensor: i, shape: x.shape, first: first.shape, dim },
        );
      }
      shape[dim]! += x.shape[dim]!;
    }
    return shape;
  },
  fills: true,
  forward: (tensors, y, options) => {
    const dim = normalizeDim("cat", options.dim, y.ndim);
    const step = y.strides[dim]!;
    let at = 0;
    for (const x of tensors) {
      if (isVoid(x)) continue;
      copyInto(y.storage.data, at, y.strides, x.storage.data, x.offset, x.strides, x.shape);
      at += x.shape[dim]! * step;
    }
  },
  vjp: ([cotangent], node) => {
    const { operands } = node;
    const dim = normalizeDim("cat", node.options.dim, cotangent!.ndim);
    const lengths = operands.map((x) => lengthOf(x, dim));
    return split(cotangent!, lengths, dim).map((part, i) => {
      if (!node.needs(i)) return null;
      return isVoid(operands[i]!) ? reshape(part, [0]) : part;
    });
  },
  batch: (tensors, batched, options) => {
    const size = tensors[batched.indexOf(true)]!.shape[0]!;
    const whole = tensors.map((x, i) => (batched[i] ? x : expand(x, [size, ...x.shape])));
    // What adds nothing for one sample adds nothing for all.
    const parts = whole.filter((x) => !(x.ndim === 2 && x.shape[1] === 0));
    return cat(parts.length === 0 ? whole : parts, options.dim < 0 ? options.dim : options.dim + 1);
  },
  samples: [
    (draw) => {
      const shape = draw.shape(1, 3, 0);
      const dim = draw.dim(shape.length);
      const at = normalizeDim("", dim, shape.length);
      const parts = Array.from({ length: draw.integer(1, 3) }, () =>
        draw.tensor(shape.map((length, i) => (i === at ? draw.length(0, 3) : length))),
      );
      return [parts, dim];
    },
    (draw) => [[draw.tensor([0]), draw.tensor([2, draw.length()]), draw.tensor([0])], draw.dim(2)],
    (draw) => {
      const x = draw.tensor(draw.shape(1, 2));
      return [[x, x]];
    },
  ],
  rejects: [
    {
      call: () => [[zeros([2, 3]), zeros([2, 4])]],
      message: /tensor 1 has shape \[2, 4\], which differs from \[2, 3\] elsewhere than in dim/,
      type: ShapeError,
    },
    { call: () => [[zeros([2]), zeros([2, 1])]], message: /tensor 1 has shape/, type: ShapeError },
    { call: () => [[zeros([])]], message: /a 0-d tensor has no dimensions/, type: ShapeError },
    { call: () => [[zeros([2])], 1], message: /dim 1 is out of range/, type: IndexError },
    {
      call: () => [[]],
      message: /expected an array of tensors, not an empty/,
      type: ArgumentError,
    },
    { call: () => [zeros([2])], message: /expected an array of tensors/, type: ArgumentError },
  ],
  edges: [
    {
      note: "nothing beside something",
      call: () => [[zeros([0]), zeros([2])]],
      result: [0, 0],
      gradients: [[], [1, 1]],
    },
  ],
});

/** The lengths of the parts: those given, or as many of one length as it takes. */
function partLengths(length: number, sizes: number | readonly number[], dim: number): number[] {
  if (typeof sizes === "number") {
    checkInteger("split", "the length of the parts", sizes, 0);
    if (sizes === 0 && length > 0) {
      throw new ArgumentError(
        `split: parts of length 0 never add up to the length ${length} of dimension ${dim}.`,
        { length, dim },
      );
    }
    const count = sizes === 0 ? 1 : Math.max(Math.ceil(length / sizes), 1);
    return Array.from({ length: count }, (_, i) => Math.min(sizes, length - i * sizes));
  }
  if (!Array.isArray(sizes)) {
    throw new ArgumentError(
      `split: the sizes must be a whole number or an array of them, not ${quoted(sizes)}.`,
      { sizes },
    );
  }
  let sum = 0;
  for (const size of sizes) sum += checkInteger("split", "the length of a part", size, 0);
  if (sum !== length) {
    throw new ShapeError(
      `split: the lengths ${formatShape(sizes)} add up to ${sum}, not to the length ${length} of dimension ${dim}.`,
      { sizes, sum, length, dim },
    );
  }
  return sizes.slice();
}

/**
 * x in parts along a dimension, as views: all of one length but the last, or of the lengths given.
 *
 * @throws {ShapeError} when the lengths do not add up to that of the dimension, or x is 0-d.
 * @throws {ArgumentError} when a length is no whole number of at least 0.
 * @throws {IndexError} when `dim` is out of range.
 * @example
 * import { arange, split } from "@chainrule/core";
 * split(arange(5), 2).map((part) => part.toArray()); // → [ [ 0, 1 ], [ 2, 3 ], [ 4 ] ]
 * split(arange(5), [1, 4]).map((part) => part.shape); // → [ [ 1 ], [ 4 ] ]
 */
export const split: Op<
  (x: TensorLike, sizes: number | readonly number[], dim?: number) => Tensor[]
> = defineOp({
  name: "split",
  formula: String.raw`[y_1 \mid y_2 \mid \dots] = x`,
  call: (x: TensorLike, sizes: number | readonly number[], dim = 0) => {
    const source = toTensor("split", x);
    const at = existingDim("split", dim, source.shape);
    return {
      operands: [source],
      options: { sizes: partLengths(source.shape[at]!, sizes, at), dim: at },
    };
  },
  kinds: ["any"],
  views: ({ shape, strides, offset }, { sizes, dim }) => {
    let start = 0;
    return sizes.map((size) => {
      const part = shape.slice();
      part[dim] = size;
      const layout = {
        shape: part,
        strides,
        offset: size > 0 ? offset + start * strides[dim]! : 0,
      };
      start += size;
      return layout;
    });
  },
  returns: (parts) => parts.slice(),
  vjp: (cotangents, node) => {
    const shape = node.shapeOf(0);
    const { sizes, dim } = node.options;
    const whole = cotangents.map((cotangent, i) => {
      if (cotangent !== null) return cotangent;
      const part = shape.slice();
      part[dim] = sizes[i]!;
      return zerosView(node.operands[0]!, part);
    });
    return [cat(whole, dim)];
  },
  batch: ([x], _batched, { sizes, dim }) => split(x!, sizes, dim + 1),
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(1, 3, 0));
      return [x, draw.integer(1, 3), draw.dim(x.ndim)];
    },
    (draw) => {
      const sizes = Array.from({ length: draw.integer(1, 3) }, () => draw.integer(0, 2));
      const length = sizes.reduce((sum, size) => sum + size, 0);
      const shape = draw.shape(0, 2);
      const dim = draw.integer(0, shape.length);
      shape.splice(dim, 0, length);
      return [draw.tensor(shape), sizes, dim];
    },
  ],
  rejects: [
    {
      call: () => [zeros([5]), [2, 2]],
      message: /lengths \[2, 2\] add up to 4, not to the length 5 of dimension 0/,
      type: ShapeError,
    },
    { call: () => [zeros([5]), 0], message: /parts of length 0 never add up/, type: ArgumentError },
    { call: () => [zeros([5]), 1.5], message: /whole number of at least 0/, type: ArgumentError },
    { call: () => [zeros([5]), "2"], message: /the sizes must be/, type: ArgumentError },
    { call: () => [zeros([5]), [-1, 6]], message: /whole number of at least/, type: ArgumentError },
    { call: () => [zeros([5]), 2, 1], message: /dim 1 is out of range/, type: IndexError },
    { call: () => [zeros([]), 2], message: /0-d tensor has no dimensions/, type: ShapeError },
  ],
  edges: [
    {
      note: "a part of length 0",
      call: () => [zeros([2]), [0, 2]],
      result: [0, 0],
      gradients: [[1, 1]],
    },
    { note: "nothing in parts", call: () => [zeros([0]), 2], result: [], gradients: [[]] },
  ],
});

/**
 * x in at most `chunks` parts of equal length along a dimension, as views; the last may be shorter, and there may be
 * fewer of them.
 *
 * @throws {ArgumentError} when `chunks` is no whole number of at least 1.
 * @throws {IndexError} when `dim` is out of range.
 * @example
 * import { arange, chunk } from "@chainrule/core";
 * chunk(arange(7), 3).map((part) => part.toArray()); // → [ [ 0, 1, 2 ], [ 3, 4, 5 ], [ 6 ] ]
 */
export function chunk(x: TensorLike, chunks: number, dim = 0): Tensor[] {
  const source = toTensor("chunk", x);
  const at = existingDim("chunk", dim, source.shape);
  checkInteger("chunk", "the number of chunks", chunks, 1);
  const length = source.shape[at]!;
  // Nothing in n parts is n times nothing, as in PyTorch.
  const sizes = length === 0 ? new Array<number>(chunks).fill(0) : Math.ceil(length / chunks);
  return split(source, sizes, at);
}
