/**
 * One index for each element of the result, and the adjoint: adding up at those places.
 */
import type { TensorLike } from "../creation.ts";
import { arange, tensor, toTensor, zeros } from "../creation.ts";
import { DTypeError, IndexError, ShapeError } from "../errors.ts";
import { checkIndices, gatherAlong, scatterAlong, startWith } from "../kernels/gather.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Rejection, Sample } from "../samples.ts";
import type { Shape } from "../shape.ts";
import { formatShape, normalizeDim, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { at } from "./at.ts";
import { eq } from "./comparison.ts";
import { expand, zerosView } from "./expand.ts";
import { reshape } from "./reshape.ts";
import { where } from "./selection.ts";

/** Refuses an index that does not go with x: another rank, or longer than x elsewhere than along `dim`. */
function checkIndexShape(where: string, x: Tensor, dim: number, index: Tensor): void {
  const fits =
    Math.max(index.ndim, 1) === Math.max(x.ndim, 1) &&
    index.shape.every((length, d) => d === dim || length <= x.shape[d]!);
  if (fits || index.numel() === 0) return;
  throw new ShapeError(
    `${where}: the index has shape ${formatShape(index.shape)}, which must have as many dimensions as ${formatShape(x.shape)} and be no longer elsewhere than in dimension ${dim}.`,
    { index: index.shape, shape: x.shape, dim },
  );
}

export function lengthAlong(x: Tensor, dim: number): number {
  return x.ndim === 0 ? 1 : x.shape[dim]!;
}

function samplesOf(operands: readonly Tensor[], batched: readonly boolean[]): number {
  return operands[batched.indexOf(true)]!.shape[0]!;
}

/** The operand with the samples in front and one further dimension at least. */
function spread(x: Tensor, batched: boolean, size: number): Tensor {
  const whole = batched ? x : expand(x, [size, ...x.shape]);
  return whole.ndim === 1 ? reshape(whole, [size, 1]) : whole;
}

/** The numbers to be written, in the type of x; a single one stands for as many as are needed. */
function sourceFor(where: string, x: Tensor, source: TensorLike, index: Tensor): Tensor {
  const given = toTensor(where, source, x.dtype);
  if (given.dtype !== x.dtype) {
    throw new DTypeError(
      `${where}: the source is ${given.dtype}, but the tensor it goes into is ${x.dtype}. Convert one of them with to(…).`,
      { source: given.dtype, dtype: x.dtype },
    );
  }
  if (given.ndim === 0) return index.ndim === 0 ? given : expand(given, index.shape);
  const fits =
    given.ndim === Math.max(index.ndim, 1) && index.shape.every((n, d) => n <= given.shape[d]!);
  if (!fits) {
    throw new ShapeError(
      `${where}: the index has shape ${formatShape(index.shape)}, which reaches beyond the source of shape ${formatShape(given.shape)}.`,
      { index: index.shape, source: given.shape },
    );
  }
  // Of a larger source, the part before the end of the index is used.
  if (index.ndim === 0) return at(given, 0);
  return sameShape(given.shape, index.shape)
    ? given
    : at(given, ...index.shape.map((stop) => ({ stop })));
}

/** What `scatter` and `scatterAdd` have in common: their arguments sorted and checked. */
export function scatterCall(
  where: string,
  x: TensorLike,
  dim: number,
  index: TensorLike,
  source: TensorLike,
): { operands: Tensor[]; options: { dim: number } } {
  const into = toTensor(where, x);
  const along = normalizeDim(where, dim, into.ndim);
  const places = toTensor(where, index, "int32");
  if (places.dtype !== "int32") {
    throw new DTypeError(
      `${where}: the index must be int32, not ${places.dtype}. Convert it: x.to("int32").`,
      { dtype: places.dtype },
    );
  }
  checkIndexShape(where, into, along, places);
  return {
    operands: [into, sourceFor(where, into, source, places), places],
    options: { dim: along },
  };
}

const scatterSample: Sample = (draw) => {
  const shape = draw.shape(1, 3);
  const dim = draw.dim(shape.length);
  const along = normalizeDim("", dim, shape.length);
  const chosen = shape.map((length, d) =>
    d === along ? draw.integer(0, 4) : draw.integer(0, length),
  );
  const larger = chosen.map((length) => length + draw.integer(0, 1));
  const index = draw.indices(chosen, shape[along]!);
  return [draw.tensor(shape), dim, index, draw.tensor(draw.boolean() ? chosen : larger)];
};

const scatterRejects: readonly Rejection[] = [
  {
    call: () => [zeros([2, 3]), 1, [[0, 3]], zeros([2, 3])],
    message: /index 3 at \[0, 1\] is out of range at dimension 1 of shape \[2, 3\]; use 0 to 2/,
    type: IndexError,
  },
  {
    call: () => [zeros([2]), 0, [0, 1], zeros([1])],
    message: /index has shape \[2\], which reaches beyond the source of shape \[1\]/,
    type: ShapeError,
  },
  {
    call: () => [zeros([2]), 0, [0], zeros([1], { dtype: "float64" })],
    message: /the source is float64, but the tensor it goes into is float32/,
    type: DTypeError,
  },
  { call: () => [zeros([2]), 0, [0.5], 1], message: /must be int32/, type: DTypeError },
  { call: () => [zeros([2]), 1, [0], 1], message: /dim 1 is out of range/, type: IndexError },
  { call: () => [zeros([2, 3]), 0, [0], 1], message: /as many dimensions as/, type: ShapeError },
];

/**
 * Numbers of x picked along a dimension, by an index for each element of the result: `y[i, j] = x[index[i, j], j]` for
 * `dim` 0. The result has the shape of the index; where an element is picked several times, its gradient adds up.
 *
 * @throws {IndexError} when an index is out of range (negative ones are), or `dim` is.
 * @throws {ShapeError} when the index has another rank than x, or is longer elsewhere than along `dim`.
 * @throws {DTypeError} when the index is not int32.
 * @example
 * import { gather, tensor } from "@chainrule/core";
 * gather(tensor([[1, 2], [3, 4]]), 1, [[0, 0], [1, 0]]).toArray(); // → [ [ 1, 1 ], [ 4, 3 ] ]
 */
export const gather: Op<(x: TensorLike, dim: number, index: TensorLike) => Tensor> = defineOp({
  name: "gather",
  formula: String.raw`y_{i j} = x_{k_{ij}\, j}`,
  call: (x: TensorLike, dim: number, index: TensorLike) => {
    const source = toTensor("gather", x);
    return {
      operands: [source, index],
      options: { dim: normalizeDim("gather", dim, source.ndim) },
    };
  },
  kinds: ["any", "index"],
  shape: ([x, index], { dim }) => {
    checkIndexShape("gather", x!, dim, index!);
    return index!.shape;
  },
  forward: ([x, index], y, { dim }) => {
    checkIndices("gather", index!, lengthAlong(x!, dim), dim, x!.shape);
    gatherAlong(x!, dim, index!, y);
  },
  vjp: [
    (cotangent, node) =>
      scatterAdd(
        zerosView(cotangent, node.shapeOf(0)),
        node.options.dim,
        node.operand(1),
        cotangent,
      ),
    null,
  ],
  batch: ([x, index], batched, { dim }) => {
    const size = samplesOf([x!, index!], batched);
    const picked = gather(
      spread(x!, batched[0]!, size),
      dim + 1,
      spread(index!, batched[1]!, size),
    );
    return reshape(picked, batched[1] ? index!.shape : [size, ...index!.shape]);
  },
  samples: [
    (draw) => {
      const shape = draw.shape(1, 3);
      const dim = draw.dim(shape.length);
      const along = normalizeDim("", dim, shape.length);
      const chosen = shape.map((length, d) =>
        d === along ? draw.integer(0, 4) : draw.integer(0, length),
      );
      return [draw.tensor(shape), dim, draw.indices(chosen, shape[along]!)];
    },
    (draw) => [draw.tensor([]), 0, draw.indices(draw.pick([[], [3]]), 1)],
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), 1, tensor([[0, 3]], { dtype: "int32" })],
      message: /index 3 at \[0, 1\] is out of range at dimension 1 of shape \[2, 3\]; use 0 to 2/,
      type: IndexError,
    },
    { call: () => [zeros([2]), 0, [-1]], message: /index -1 at \[0\] is out/, type: IndexError },
    { call: () => [zeros([2, 3]), 0, [0]], message: /as many dimensions as/, type: ShapeError },
    { call: () => [zeros([2, 3]), 2, [[0]]], message: /dim 2 is out of range/, type: IndexError },
    { call: () => [zeros([2]), 0, [0.5]], message: /must be int32/, type: DTypeError },
  ],
  edges: [
    {
      note: "one element several times",
      call: () => [tensor([1, 2]), 0, [1, 1, 1]],
      result: [2, 2, 2],
      gradients: [[0, 3]],
    },
    {
      note: "nothing picked",
      call: () => [zeros([2]), 0, []],
      result: [],
      gradients: [[0, 0]],
    },
  ],
});

/** The call of a scatter op for all samples at once. */
export function scatterAll(
  scatterOp: (x: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor,
  [x, source, index]: readonly Tensor[],
  batched: readonly boolean[],
  dim: number,
): Tensor {
  const size = samplesOf([x!, source!, index!], batched);
  const result = scatterOp(
    spread(x!, batched[0]!, size),
    dim + 1,
    spread(index!, batched[2]!, size),
    spread(source!, batched[1]!, size),
  );
  return reshape(result, batched[0] ? x!.shape : [size, ...x!.shape]);
}

/**
 * x with the numbers of `source` added at the places that an index gives along a dimension:
 * `y[index[i, j], j] += source[i, j]` for `dim` 0. Numbers that go to the same place add up, in double precision. The
 * adjoint of {@link gather}.
 *
 * @throws {IndexError} when an index is out of range (negative ones are), or `dim` is.
 * @throws {ShapeError} when the index does not fit x or reaches beyond the source.
 * @throws {DTypeError} when the index is not int32, or the source is of another type than x.
 * @example
 * import { scatterAdd, tensor, zeros } from "@chainrule/core";
 * scatterAdd(zeros([3]), 0, [0, 2, 2], tensor([1, 10, 100])).toArray(); // → [ 1, 0, 110 ]
 */
export const scatterAdd: Op<
  (x: TensorLike, dim: number, index: TensorLike, source: TensorLike) => Tensor
> = defineOp({
  name: "scatterAdd",
  formula: String.raw`y = x,\quad y_{k_{ij}\, j} \mathrel{+}= s_{ij}`,
  call: (x: TensorLike, dim: number, index: TensorLike, source: TensorLike) =>
    scatterCall("scatterAdd", x, dim, index, source),
  kinds: ["any", "any", "index"],
  shape: ([x]) => x!.shape,
  forward: ([x, source, index], y, { dim }) => {
    checkIndices("scatterAdd", index!, lengthAlong(x!, dim), dim, x!.shape);
    startWith(y, x!);
    scatterAlong(y, dim, index!, source!, true);
  },
  vjp: [
    (cotangent) => cotangent,
    (cotangent, node) =>
      reshape(gather(cotangent, node.options.dim, node.operand(2)), node.shapeOf(1)),
    null,
  ],
  batch: (operands, batched, { dim }) => scatterAll(scatterAdd, operands, batched, dim),
  samples: [
    scatterSample,
    (draw) => [draw.tensor([]), 0, draw.indices([2], 1), draw.tensor([3])],
    (draw) => [draw.tensor([3]), 0, draw.indices([2], 3), draw.tensor([])],
  ],
  rejects: scatterRejects,
  edges: [
    {
      note: "several at one place",
      call: () => [tensor([1, 2]), 0, [1, 1], tensor([10, 20])],
      result: [1, 32],
      gradients: [
        [1, 1],
        [1, 1],
      ],
    },
  ],
});

/**
 * x with the numbers of `source`, or one number, at the places that an index gives along a dimension:
 * `y[index[i, j], j] = source[i, j]` for `dim` 0. Where several go to the same place, the last one in row-major order
 * stays, and has the gradient.
 *
 * @throws {IndexError} when an index is out of range (negative ones are), or `dim` is.
 * @throws {ShapeError} when the index does not fit x or reaches beyond the source.
 * @throws {DTypeError} when the index is not int32, or the source is of another type than x.
 * @example
 * import { scatter, tensor, zeros } from "@chainrule/core";
 * scatter(zeros([3]), 0, [2, 0], tensor([1, 2])).toArray(); // → [ 2, 0, 1 ]
 * scatter(zeros([2, 2]), 1, [[1], [0]], 5).toArray(); // → [ [ 0, 5 ], [ 5, 0 ] ]
 */
export const scatter: Op<
  (x: TensorLike, dim: number, index: TensorLike, source: TensorLike) => Tensor
> = defineOp({
  name: "scatter",
  formula: String.raw`y = x,\quad y_{k_{ij}\, j} = s_{ij}`,
  call: (x: TensorLike, dim: number, index: TensorLike, source: TensorLike) =>
    scatterCall("scatter", x, dim, index, source),
  kinds: ["any", "any", "index"],
  shape: ([x]) => x!.shape,
  forward: ([x, source, index], y, { dim }) => {
    checkIndices("scatter", index!, lengthAlong(x!, dim), dim, x!.shape);
    startWith(y, x!);
    scatterAlong(y, dim, index!, source!, false);
  },
  vjp: [
    (cotangent, node) => scatter(cotangent, node.options.dim, node.operand(2), 0),
    (cotangent, node) => {
      const index = node.operand(2);
      const picked = gather(cotangent, node.options.dim, index);
      const stays = lastWriters(node.shapeOf(0), node.options.dim, index);
      return reshape(where(stays, picked, 0), node.shapeOf(1));
    },
    null,
  ],
  batch: (operands, batched, { dim }) => scatterAll(scatter, operands, batched, dim),
  samples: [
    scatterSample,
    (draw) => [draw.tensor([]), 0, draw.indices([2], 1), draw.tensor([3])],
    (draw) => [draw.tensor([3]), 0, draw.indices([2], 3), draw.tensor([])],
  ],
  rejects: scatterRejects,
  edges: [
    {
      note: "several at one place: the last stays and has the gradient",
      call: () => [tensor([1, 2]), 0, [1, 1], tensor([10, 20])],
      result: [1, 20],
      gradients: [
        [1, 0],
        [0, 1],
      ],
    },
  ],
});

/** Which numbers stay when several are written to the same place: true for the last. */
function lastWriters(shape: Shape, dim: number, index: Tensor): Tensor {
  const writers = reshape(arange(index.numel()), index.shape);
  const winners = scatter(zeros(shape, { dtype: "int32" }), dim, index, writers);
  return eq(gather(winners, dim, index), writers);
}
