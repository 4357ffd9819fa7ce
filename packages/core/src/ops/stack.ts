/**
 * Tensors of one shape side by side along a new dimension, and the reverse.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor, zeros } from "../creation.ts";
import { ArgumentError, IndexError, ShapeError } from "../errors.ts";
import { copyInto } from "../kernels/copy.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Shape } from "../shape.ts";
import { formatShape, normalizeDim, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkList } from "./cat.ts";
import { existingDim } from "./dimensions.ts";
import { expand, zerosView } from "./expand.ts";

function without(list: Shape, dim: number): number[] {
  return list.filter((_, i) => i !== dim);
}

/**
 * Tensors of one shape side by side along a new dimension: `yᵢ = xᵢ` for `dim` 0. Element types meet.
 *
 * @throws {ArgumentError} for anything but an array with tensors in it.
 * @throws {ShapeError} when shapes differ.
 * @throws {IndexError} when `dim` is out of range; it counts the dimensions of the result.
 * @example
 * import { stack, tensor } from "@chainrule/core";
 * stack([tensor([1, 2]), tensor([3, 4])]).toArray(); // → [ [ 1, 2 ], [ 3, 4 ] ]
 * stack([tensor([1, 2]), tensor([3, 4])], 1).toArray(); // → [ [ 1, 3 ], [ 2, 4 ] ]
 */
export const stack: Op<(tensors: readonly TensorLike[], dim?: number) => Tensor> = defineOp({
  name: "stack",
  formula: "y_i = x_i",
  call: (tensors: readonly TensorLike[], dim = 0) => ({
    operands: checkList("stack", tensors),
    options: { dim },
  }),
  kinds: ["number"],
  shape: (tensors, options) => {
    const { shape } = tensors[0]!;
    const dim = normalizeDim("stack", options.dim, shape.length + 1);
    for (const [i, x] of tensors.entries()) {
      if (!sameShape(x.shape, shape)) {
        throw new ShapeError(
          `stack: tensor ${i} has shape ${formatShape(x.shape)}, but tensor 0 has ${formatShape(shape)}. They must be equal; cat joins along a dimension that is there.`,
          { tensor: i, shape: x.shape, first: shape },
        );
      }
    }
    return [...shape.slice(0, dim), tensors.length, ...shape.slice(dim)];
  },
  fills: true,
  forward: (tensors, y, options) => {
    const dim = normalizeDim("stack", options.dim, y.ndim);
    const strides = without(y.strides, dim);
    for (const [i, { storage, offset, shape, strides: own }] of tensors.entries()) {
      copyInto(y.storage.data, i * y.strides[dim]!, strides, storage.data, offset, own, shape);
    }
  },
  vjp: ([cotangent], node) =>
    unbind(cotangent!, node.options.dim).map((part, i) => (node.needs(i) ? part : null)),
  batch: (tensors, batched, { dim }) => {
    const size = tensors[batched.indexOf(true)]!.shape[0]!;
    const whole = tensors.map((x, i) => (batched[i] ? x : expand(x, [size, ...x.shape])));
    return stack(whole, dim < 0 ? dim : dim + 1);
  },
  samples: [
    (draw) => {
      const shape = draw.shape(0, 3, 0);
      const parts = Array.from({ length: draw.integer(1, 3) }, () => draw.tensor(shape));
      return [parts, draw.dim(shape.length + 1)];
    },
    (draw) => {
      const x = draw.tensor(draw.shape(0, 2));
      return [[x, x]];
    },
  ],
  rejects: [
    {
      call: () => [[zeros([2, 3]), zeros([3])]],
      message: /tensor 1 has shape \[3\], but tensor 0 has \[2, 3\]/,
      type: ShapeError,
    },
    { call: () => [[zeros([2])], 2], message: /dim 2 is out of range for 2/, type: IndexError },
    {
      call: () => [[]],
      message: /expected an array of tensors, not an empty/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "empty tensors",
      call: () => [[zeros([0]), zeros([0])]],
      result: [],
      gradients: [[], []],
    },
  ],
});

/**
 * The slices of x along a dimension, without it, as views: `unbind(x)[i]` is `x.at(i)`. One node of the graph for all of
 * them, so that the gradients of many steps are joined once.
 *
 * @throws {ShapeError} when x is 0-d.
 * @throws {IndexError} when `dim` is out of range.
 * @example
 * import { arange, unbind } from "@chainrule/core";
 * unbind(arange(6).reshape([2, 3])).map((row) => row.toArray()); // → [ [ 0, 1, 2 ], [ 3, 4, 5 ] ]
 */
export const unbind: Op<(x: TensorLike, dim?: number) => Tensor[]> = defineOp({
  name: "unbind",
  formula: "y_i = x_i",
  call: (x: TensorLike, dim = 0) => {
    const source = toTensor("unbind", x);
    return { operands: [source], options: { dim: existingDim("unbind", dim, source.shape) } };
  },
  kinds: ["any"],
  views: (x, { dim }) => {
    const shape = without(x.shape, dim);
    const strides = without(x.strides, dim);
    const step = x.numel() > 0 ? x.strides[dim]! : 0;
    return Array.from({ length: x.shape[dim]! }, (_, i) => ({
      shape,
      strides,
      offset: x.offset + i * step,
    }));
  },
  returns: (parts) => parts.slice(),
  vjp: (cotangents, node) => {
    const { dim } = node.options;
    const shape = without(node.shapeOf(0), dim);
    const missing = zerosView(node.operands[0]!, shape);
    return [
      stack(
        cotangents.map((cotangent) => cotangent ?? missing),
        dim,
      ),
    ];
  },
  batch: ([x], _batched, { dim }) => unbind(x!, dim + 1),
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(1, 3, 0));
      return [x, draw.dim(x.ndim)];
    },
    (draw) => [draw.tensor([draw.integer(1, 4), 2])],
  ],
  rejects: [
    { call: () => [zeros([])], message: /a 0-d tensor has no dimensions/, type: ShapeError },
    { call: () => [zeros([2, 3]), -3], message: /dim -3 is out of range/, type: IndexError },
  ],
  edges: [
    { note: "no slices", call: () => [zeros([0, 2])], result: [] },
    { note: "empty slices", call: () => [zeros([2, 0])], result: [], gradients: [[]] },
  ],
});
