/**
 * Stretching over broadcast dimensions, and its adjoint: the sum over them.
 */
import type { TensorLike } from "../creation.ts";
import { scalarTensor, toTensor, zeros } from "../creation.ts";
import { ArgumentError, quoted, ShapeError } from "../errors.ts";
import { sumOver } from "../kernels/sum.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Shape } from "../shape.ts";
import { broadcastAll, broadcastStrides, checkShape, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./reshape.ts";

/** The lengths that −1 stands for are taken from the operand. */
function expandedShape(from: Shape, wanted: Shape): number[] {
  if (!Array.isArray(wanted)) {
    throw new ArgumentError(`expand: a shape is an array such as [2, -1], not ${quoted(wanted)}.`, {
      shape: wanted,
    });
  }
  const lead = wanted.length - from.length;
  const refuse = (why: string): never => {
    throw new ShapeError(
      `expand: shape ${formatShape(from)} does not stretch to ${formatShape(wanted)}: ${why}.`,
      {
        from,
        to: wanted,
      },
    );
  };
  if (lead < 0) refuse("it has more dimensions");
  const shape = wanted.map((length, i) => {
    const own = i < lead ? undefined : from[i - lead]!;
    if (length === -1) return own ?? refuse(`-1 at dimension ${i} has no length to keep`);
    if (own !== undefined && own !== 1 && own !== length) {
      refuse(`length ${own} at dimension ${i} is neither 1 nor ${length}`);
    }
    return length;
  });
  return checkShape("expand", shape);
}

/**
 * x repeated along dimensions of length 1, and along new ones in front, without copying; −1 keeps a length.
 *
 * @throws {ShapeError} when a dimension is neither of length 1 nor of the wanted length.
 * @example
 * import { expand, tensor } from "@chainrule/core";
 * expand(tensor([[1], [2]]), [2, 3]).toArray(); // → [ [ 1, 1, 1 ], [ 2, 2, 2 ] ]
 */
export const expand: Op<(x: TensorLike, shape: Shape) => Tensor> = defineOp({
  name: "expand",
  formula: String.raw`y_{i_1 \dots i_n} = x_{\dots}`,
  call: (x: TensorLike, shape: Shape) => {
    const source = toTensor("expand", x);
    return { operands: [source], options: { shape: expandedShape(source.shape, shape) } };
  },
  kinds: ["any"],
  view: (x, { shape }) => ({
    shape,
    strides: broadcastStrides(x.shape, x.strides, shape),
    offset: x.offset,
  }),
  vjp: [(cotangent, node) => sumTo(cotangent, node.shapeOf(0))],
  batch: ([x], _batched, { shape }) => {
    const [samples, ...own] = x!.shape;
    const lead = new Array<number>(Math.max(shape.length - own.length, 0)).fill(1);
    return expand(reshape(x!, [samples!, ...lead, ...own]), [samples!, ...shape]);
  },
  samples: [
    (draw) => {
      const shape = draw.shape(0, 4, 0);
      return [draw.tensor(draw.broadcastable(shape)), shape];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), [2, 4]],
      message: /length 3 at dimension 1 is neither 1 nor 4/,
      type: ShapeError,
    },
    { call: () => [zeros([2, 3]), [3]], message: /it has more dimensions/, type: ShapeError },
    { call: () => [zeros([1]), [-2]], message: /whole numbers of at least 0/, type: ShapeError },
    { call: () => [zeros([1]), 2], message: /a shape is an array/, type: ArgumentError },
  ],
  edges: [{ note: "to nothing", call: () => [zeros([1]), [0]], result: [], gradients: [[0]] }],
});

/**
 * x summed over the dimensions in which a tensor of `shape` would have been stretched to x's shape: the gradient of
 * broadcasting.
 *
 * @throws {ShapeError} when `shape` does not broadcast to the shape of x.
 * @example
 * import { ones, sumTo } from "@chainrule/core";
 * sumTo(ones([4, 3]), [3]); // → tensor([4, 4, 4])
 */
export const sumTo: Op<(x: TensorLike, shape: Shape) => Tensor> = defineOp({
  name: "sumTo",
  formula: String.raw`y_{j} = \sum_{i \to j} x_{i}`,
  call: (x: TensorLike, shape: Shape) => ({
    operands: [x],
    options: { shape: checkShape("sumTo", shape) },
  }),
  kinds: ["number"],
  shape: ([x], { shape }) => {
    const lead = x!.ndim - shape.length;
    if (lead < 0 || !shape.every((length, i) => length === 1 || length === x!.shape[lead + i])) {
      throw new ShapeError(
        `sumTo: shape ${formatShape(shape)} does not broadcast to ${formatShape(x!.shape)}.`,
        {
          from: x!.shape,
          to: shape,
        },
      );
    }
    return shape;
  },
  fills: true,
  forward: ([x], y, { shape }) => {
    const lead = x!.ndim - shape.length;
    const dims: number[] = [];
    for (let i = 0; i < x!.ndim; i++)
      if (i < lead || (shape[i - lead] === 1 && x!.shape[i] !== 1)) dims.push(i);
    sumOver(x!, dims, y);
  },
  vjp: [(cotangent, node) => expand(cotangent, node.shapeOf(0))],
  batch: ([x], _batched, { shape }) => {
    const samples = x!.shape[0]!;
    const lead = new Array<number>(Math.max(x!.ndim - 1 - shape.length, 0)).fill(1);
    return reshape(sumTo(x!, [samples, ...lead, ...shape]), [samples, ...shape]);
  },
  samples: [
    (draw) => {
      const shape = draw.shape(0, 4, 0);
      return [draw.tensor(shape), draw.broadcastable(shape)];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), [2]],
      message: /\[2\] does not broadcast to \[2, 3\]/,
      type: ShapeError,
    },
  ],
  edges: [
    { note: "of nothing", call: () => [zeros([0, 2]), [2]], result: [0, 0], gradients: [[]] },
  ],
});

/**
 * x stretched to a shape; NumPy's name for {@link expand}.
 *
 * @throws {ShapeError} when a dimension is neither of length 1 nor of the wanted length.
 * @example
 * import { broadcastTo, tensor } from "@chainrule/core";
 * broadcastTo(tensor([1, 2]), [2, 2]).toArray(); // → [ [ 1, 2 ], [ 1, 2 ] ]
 */
export function broadcastTo(x: TensorLike, shape: Shape): Tensor {
  return expand(x, shape);
}

/**
 * x stretched to the shape of another tensor, as {@link expand} does.
 *
 * @throws {ShapeError} when a dimension is neither of length 1 nor of the wanted length.
 * @example
 * import { expandAs, tensor, zeros } from "@chainrule/core";
 * expandAs(tensor([1, 2]), zeros([3, 2])).shape; // → [ 3, 2 ]
 */
export function expandAs(x: TensorLike, other: Tensor): Tensor {
  return expand(x, toTensor("expandAs", other).shape);
}

/**
 * Tensors stretched to the shape in which all of them meet; views.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {ArgumentError} for anything but an array of tensors.
 * @example
 * import { broadcastTensors, zeros } from "@chainrule/core";
 * broadcastTensors([zeros([2, 1]), zeros([3])]).map((x) => x.shape); // → [ [ 2, 3 ], [ 2, 3 ] ]
 */
export function broadcastTensors(tensors: readonly TensorLike[]): Tensor[] {
  if (!Array.isArray(tensors)) {
    throw new ArgumentError(
      `broadcastTensors: expected an array of tensors, not ${quoted(tensors)}.`,
      { tensors },
    );
  }
  const all = tensors.map((x) => toTensor("broadcastTensors", x));
  const shape = broadcastAll(
    "broadcastTensors",
    all.map((x) => x.shape),
  );
  return all.map((x) => expand(x, shape));
}

/** Zeros in the type of x, all of them the same number in memory. */
export function zerosView(x: Tensor, shape: Shape): Tensor {
  return expand(scalarTensor(0, x.dtype), shape);
}
