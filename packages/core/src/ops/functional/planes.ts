/**
 * Elements of planes by their place, and the adjoint: numbers put into planes at their places.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros } from "../../creation.ts";
import { ArgumentError, checkInteger, IndexError, ShapeError } from "../../errors.ts";
import { checkIndices } from "../../kernels/gather.ts";
import { pickFromPlanes, putIntoPlanes } from "../../kernels/pooling.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Shape } from "../../shape.ts";
import { checkShape, elementCount, formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { allBatched } from "./batching.ts";

/** Places that a pool has found itself, and the size of the planes: nobody has to look whether they are in range. */
const found = new WeakMap<Tensor, number>();

/** Notes that these are places in planes of so many numbers. */
export function noteFound(places: Tensor, size: number): void {
  found.set(places, size);
}

function areFound(places: Tensor, size: number): boolean {
  return found.get(places) === size && places.storage.version === 0;
}

/** The shape of the leading dimensions and of the plane, and how many there are of both. */
function planesOf(shape: Shape, rank: number): { lead: Shape; planes: number; size: number } {
  const lead = shape.slice(0, shape.length - rank);
  return { lead, planes: elementCount(lead), size: elementCount(shape.slice(shape.length - rank)) };
}

/**
 * The elements of x at given places of each plane: indices count through the flattened last `rank` dimensions of x; −1
 * gives 0.
 *
 * @throws {ShapeError} when the leading dimensions of x and indices differ.
 * @throws {IndexError} when an index is out of range.
 * @example
 * import { planePick, tensor } from "@chainrule/core";
 * planePick(tensor([[5, 6, 7]]), tensor([[2, 0]], { dtype: "int32" }), 1); // → tensor([[7, 5]])
 */
export const planePick: Op<(x: TensorLike, indices: Tensor, rank: number) => Tensor> = defineOp({
  name: "planePick",
  formula: "y_{pi} = x_{p, k(p, i)}",
  call: (x: TensorLike, indices: Tensor, rank: number) => ({
    operands: [x, indices],
    options: { rank: checkInteger("planePick", "rank", rank, 1) },
  }),
  kinds: ["float", "index"],
  shape: ([x, indices], { rank }) => {
    const lead = x!.shape.slice(0, x!.ndim - rank);
    const other = indices!.shape.slice(0, indices!.ndim - rank);
    if (!sameShape(lead, other)) {
      throw new ShapeError(
        `planePick: x of shape ${formatShape(x!.shape)} and indices of shape ${formatShape(indices!.shape)} must agree but for the last ${rank} dimensions.`,
        { x: x!.shape, indices: indices!.shape },
      );
    }
    return indices!.shape;
  },
  fills: true,
  forward: ([input, indices], y, { rank }) => {
    const x = contiguousOperand(input!);
    const places = contiguousOperand(indices!);
    const { planes, size } = planesOf(x.shape, rank);
    checkIndices("planePick", places, size, -1, [size], -1);
    const count = elementCount(y.shape.slice(y.ndim - rank));
    pickFromPlanes(x, places, planes, size, count, y);
  },
  vjp: [
    (cotangent, node) => {
      const shape = node.shapeOf(0);
      return planePut(cotangent, node.b, shape.slice(shape.length - node.options.rank));
    },
    null,
  ],
  batch: (operands, batched, { rank }) => {
    const [x, indices] = allBatched(operands, batched);
    return planePick(x!, indices!, rank);
  },
  samples: [
    (draw) => {
      const lead = draw.shape(0, 2);
      const size = [draw.length(), draw.length()];
      return [
        draw.tensor([...lead, ...size]),
        draw.indices([...lead, draw.length(0), draw.length()], size[0]! * size[1]!),
        2,
      ];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), zeros([1, 3], { dtype: "int32" }), 1],
      message: /must agree but for the last 1 dimensions/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 3]), tensor([[3]], { dtype: "int32" }), 1],
      message: /planePick: index 3 at \[0, 0\] is out of range/,
      type: IndexError,
    },
    {
      call: () => [zeros([1, 3]), tensor([[0]], { dtype: "int32" }), 0],
      message: /rank must be a whole number of at least 1/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "the same place twice, and none",
      call: () => [tensor([[5, 6]]), tensor([[1, 1, -1]], { dtype: "int32" }), 1],
      result: [6, 6, 0],
      gradients: [[0, 2], null],
    },
  ],
});

/**
 * Numbers put into planes of zeros of the given size, at given places of their flattened dimensions: the adjoint of
 * `planePick`. Where several have the same place they add up; −1 leaves a number out.
 *
 * @throws {ShapeError} when x and indices differ in shape.
 * @throws {IndexError} when an index is out of range.
 * @example
 * import { planePut, tensor } from "@chainrule/core";
 * planePut(tensor([[5, 6]]), tensor([[2, 2]], { dtype: "int32" }), [3]); // → tensor([[ 0,  0, 11]])
 */
export const planePut: Op<(x: TensorLike, indices: Tensor, size: Shape) => Tensor> = defineOp({
  name: "planePut",
  formula: String.raw`y_{pk} = \sum_{i : k(p, i) = k} x_{pi}`,
  call: (x: TensorLike, indices: Tensor, size: Shape) => ({
    operands: [x, indices],
    options: { size: checkShape("planePut", size) },
  }),
  kinds: ["float", "index"],
  shape: ([x, indices], { size }) => {
    if (!sameShape(x!.shape, indices!.shape)) {
      throw new ShapeError(
        `planePut: x of shape ${formatShape(x!.shape)} and indices of shape ${formatShape(indices!.shape)} must have the same shape.`,
        { x: x!.shape, indices: indices!.shape },
      );
    }
    return [...x!.shape.slice(0, x!.ndim - size.length), ...size];
  },
  fills: true,
  forward: ([input, indices], y, { size }) => {
    const x = contiguousOperand(input!);
    const places = contiguousOperand(indices!);
    const { planes, size: count } = planesOf(x.shape, size.length);
    if (!areFound(places, elementCount(size)))
      checkIndices("planePut", places, elementCount(size), -1, size, -1);
    putIntoPlanes(x, places, planes, elementCount(size), count, y);
  },
  vjp: [(cotangent, node) => planePick(cotangent, node.b, node.options.size.length), null],
  batch: (operands, batched, { size }) => {
    const [x, indices] = allBatched(operands, batched);
    return planePut(x!, indices!, size);
  },
  samples: [
    (draw) => {
      const shape = draw.shape(2, 4);
      const size = [draw.length(), draw.length()];
      return [draw.tensor(shape), draw.indices(shape, size[0]! * size[1]!), size];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), zeros([1, 3], { dtype: "int32" }), [4]],
      message: /must have the same shape/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 1]), tensor([[-2]], { dtype: "int32" }), [3]],
      message: /planePut: index -2 at \[0, 0\] is out of range/,
      type: IndexError,
    },
  ],
  edges: [
    {
      note: "the same place twice, and none",
      call: () => [tensor([[5, 6, 7]]), tensor([[1, 1, -1]], { dtype: "int32" }), [2]],
      result: [0, 11],
      gradients: [[1, 1, 0], null],
    },
  ],
});
