/**
 * Indexing by tensors of whole numbers and by masks, and the adjoint: putting numbers at such places.
 */
import type { TensorLike } from "../creation.ts";
import { arange, tensor, toTensor, zeros } from "../creation.ts";
import { ArgumentError, checkOptions, DTypeError, IndexError, ShapeError } from "../errors.ts";
import { startWith } from "../kernels/gather.ts";
import { gatherRows, scatterRows } from "../kernels/placed-rows.ts";
import type { Op } from "../op.ts";
import { contiguousOperand, defineOp } from "../op.ts";
import type { Draw } from "../samples.ts";
import type { Shape } from "../shape.ts";
import { broadcastStrides, elementCount, formatShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { behind, bySample, inFront, sampleCount, withSamples } from "./advanced-samples.ts";
import { eq } from "./comparison.ts";
import { sumTo, zerosView } from "./expand.ts";
import type { Indices, TensorIndex } from "./places.ts";
import {
  asArguments,
  placesOf,
  planOf,
  recordedIndices,
  sortIndices,
  unitOf,
  withoutMasks,
} from "./places.ts";
import { reshape } from "./reshape.ts";
import { where as choose } from "./selection.ts";

/**
 * The elements of x at places given by tensors: one index for each dimension, `null` for a whole dimension, or a bool mask
 * over several. Indices broadcast against one another; their dimensions stand in the place of those indexed, or in front
 * if a whole dimension lies between them. This is `x.at(…)` without numbers and slices.
 *
 * @throws {IndexError} when an index is out of range (from −length to length − 1), or there are too many.
 * @throws {ShapeError} when indices do not broadcast, or a mask does not have the shape of what it covers.
 * @throws {DTypeError} when an index is neither int32 nor bool.
 * @example
 * import { index, tensor } from "@chainrule/core";
 * const x = tensor([[1, 2], [3, 4], [5, 6]]);
 * index(x, [[2, 0]]).toArray(); // → [ [ 5, 6 ], [ 1, 2 ] ]
 * index(x, [[2, 0], [1, 1]]).toArray(); // → [ 6, 2 ]
 * index(x, [null, [-1]]).toArray(); // → [ [ 2 ], [ 4 ], [ 6 ] ]
 * index(x, [x.gt(3)]).toArray(); // → [ 4, 5, 6 ]
 */
export const index: Op<(x: TensorLike, indices: readonly TensorIndex[]) => Tensor> = defineOp({
  name: "index",
  formula: "y_b = x_{i_b\\, j_b \\dots}",
  call: (x: TensorLike, indices: readonly TensorIndex[]) => {
    const source = toTensor("index", x);
    const { dims, tensors } = sortIndices("index", source.shape, indices);
    return { operands: [source, ...tensors], options: { dims } };
  },
  kinds: ["any"],
  shape: ([x, ...tensors], { dims }) => planOf("index", x!.shape, { dims, tensors }).result,
  forward: ([x, ...tensors], y, { dims }) => {
    const indices = withoutMasks("index", { dims, tensors });
    const { chosen, outer, inner } = planOf("index", x!.shape, indices);
    const { shape, strides, storage } = x!;
    const places = placesOf("index", shape, strides, indices, chosen, storage.data);
    gatherRows(x!, outer, inner, places, y);
  },
  vjp: ([cotangent], node) => {
    const indices = recordedIndices(node, 1);
    const zero = zerosView(cotangent!, node.shapeOf(0));
    const gradient = indexPut(zero, asArguments(indices), cotangent!, { accumulate: true });
    return [gradient, ...indices.tensors.map(() => null)];
  },
  batch: (operands, batched, { dims }) => {
    if (operands.some((x, i) => i > 0 && batched[i] && x.dtype === "bool")) {
      return bySample(operands, batched, ([x, ...tensors]) =>
        index(x!, asArguments({ dims, tensors })),
      );
    }
    const [x, ...tensors] = operands;
    const { whole, sample, indices } = withSamples(
      x!,
      { dims, tensors },
      batched[0]!,
      batched.slice(1),
      sampleCount(operands, batched),
    );
    return behind(index(whole, asArguments(indices)), sample.outer.length, sample.chosen.length);
  },
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(1, 3));
      return [x, [draw.indices(draw.shape(0, 2, 0), x.shape[0]!)]];
    },
    (draw) => {
      const [m, n, k] = [draw.length(), draw.length(), draw.length()];
      const chosen = draw.shape(1, 2);
      const first = draw.indices(draw.broadcastable(chosen), m);
      const last = draw.indices(chosen, k);
      const middle = draw.indices(draw.broadcastable(chosen), n);
      return draw.pick([
        [draw.tensor([m, n, k]), [first, null, last]],
        [draw.tensor([m, n, k]), [first, middle, last]],
        [draw.tensor([m, n, k]), [null, middle, last]],
        [draw.tensor([m, n, k]), [null, null, last]],
      ]);
    },
    (draw) => {
      const shape = draw.shape(1, 3);
      return [draw.tensor(shape), [draw.mask(shape.slice(0, draw.integer(1, shape.length)))]];
    },
    (draw) => {
      const [m, n, k] = [draw.length(), draw.length(), draw.length()];
      return [draw.tensor([m, n, k]), [null, draw.mask([n]), draw.indices([1], k)]];
    },
  ],
  rejects: [
    {
      call: () => [
        zeros([2, 3]),
        [
          [0, 1],
          [0, 3],
        ],
      ],
      message: /index 3 at \[1\] is out of range at dimension 1 of shape \[2, 3\]; use -3 to 2/,
      type: IndexError,
    },
    { call: () => [zeros([2]), [[-3]]], message: /index -3 at \[0\] is out/, type: IndexError },
    { call: () => [zeros([0]), [[0]]], message: /it has length 0/, type: IndexError },
    { call: () => [zeros([2]), [[0], [0]]], message: /2 indices for 1 dim/, type: IndexError },
    { call: () => [zeros([2]), [[0.5]]], message: /must be int32 or a bool/, type: DTypeError },
    { call: () => [zeros([2]), [null]], message: /there is no index/, type: ArgumentError },
    { call: () => [zeros([2]), 0], message: /an array with an index or null/, type: ArgumentError },
    {
      call: () => [zeros([2, 3]), [[[true, false]]]],
      message: /mask of shape \[1, 2\] does not cover the dimensions from 0 on of shape \[2, 3\]/,
      type: ShapeError,
    },
    {
      call: () => [
        zeros([4, 4]),
        [
          [0, 1],
          [0, 1, 2],
        ],
      ],
      message: /shapes \[2\] and \[3\] do not broadcast/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "one element several times",
      call: () => [tensor([1, 2]), [[1, -1, 1]]],
      result: [2, 2, 2],
      gradients: [[0, 3]],
    },
    {
      note: "a mask without a place",
      call: () => [zeros([2]), [[false, false]]],
      result: [],
      gradients: [[0, 0]],
    },
  ],
});

/** Options of {@link indexPut}. */
export interface IndexPutOptions {
  /** Add to what is there, rather than replace it. */
  accumulate?: boolean;
}

/**
 * x with numbers put at the places that {@link index} would read, or added to what is there. `values` broadcast to the
 * shape of those places. Where several go to the same place they add up, in double precision, or the last one in
 * row-major order stays (and has the gradient).
 *
 * @throws {IndexError} when an index is out of range, or there are too many.
 * @throws {ShapeError} when the values do not broadcast to the places.
 * @throws {DTypeError} when an index is neither int32 nor bool, or the values are of another type than x.
 * @example
 * import { indexPut, tensor, zeros } from "@chainrule/core";
 * indexPut(zeros([3]), [[0, 2]], tensor([1, 2])).toArray(); // → [ 1, 0, 2 ]
 * indexPut(zeros([3]), [[0, 0]], tensor([1, 2]), { accumulate: true }).toArray(); // → [ 3, 0, 0 ]
 */
export const indexPut: Op<
  (
    x: TensorLike,
    indices: readonly TensorIndex[],
    values: TensorLike,
    options?: IndexPutOptions,
  ) => Tensor
> = defineOp({
  name: "indexPut",
  formula: "y = x,\\quad y_{i_b\\, j_b \\dots} = v_b",
  call: (
    x: TensorLike,
    indices: readonly TensorIndex[],
    values: TensorLike,
    options?: IndexPutOptions,
  ) => {
    checkOptions("indexPut", options, ["accumulate"]);
    const into = toTensor("indexPut", x);
    const { dims, tensors } = sortIndices("indexPut", into.shape, indices);
    const given = toTensor("indexPut", values, into.dtype);
    if (given.dtype !== into.dtype) {
      throw new DTypeError(
        `indexPut: the values are ${given.dtype}, but the tensor they go into is ${into.dtype}. Convert one of them with to(…).`,
        { values: given.dtype, dtype: into.dtype },
      );
    }
    return {
      operands: [into, given, ...tensors],
      options: { dims, accumulate: options?.accumulate ?? false },
    };
  },
  kinds: ["any"],
  shape: ([x, values, ...tensors], { dims }) => {
    checkValues("indexPut", values!, planOf("indexPut", x!.shape, { dims, tensors }).result);
    return x!.shape;
  },
  forward: ([x, values, ...tensors], y, { dims, accumulate }) => {
    putInto("indexPut", y, { dims, tensors }, values!, accumulate, () => startWith(y, x!));
  },
  vjp: ([cotangent], node) => {
    const indices = recordedIndices(node, 2);
    const places = asArguments(indices);
    const { accumulate } = node.options;
    const forX = (): Tensor => (accumulate ? cotangent! : indexPut(cotangent!, places, 0));
    const forValues = (): Tensor => {
      const picked = index(cotangent!, places);
      const staying = (): Tensor => lastWriters(node.shapeOf(0), places, picked.shape);
      return sumTo(accumulate ? picked : choose(staying(), picked, 0), node.shapeOf(1));
    };
    return [
      node.needs(0) ? forX() : null,
      node.needs(1) ? forValues() : null,
      ...indices.tensors.map(() => null),
    ];
  },
  batch: (operands, batched, { dims, accumulate }) => {
    if (operands.some((x, i) => i > 1 && batched[i] && x.dtype === "bool")) {
      return bySample(operands, batched, ([x, values, ...tensors]) =>
        indexPut(x!, asArguments({ dims, tensors }), values!, { accumulate }),
      );
    }
    const [x, values, ...tensors] = operands;
    const { whole, sample, indices } = withSamples(
      x!,
      { dims, tensors },
      batched[0]!,
      batched.slice(2),
      sampleCount(operands, batched),
    );
    const own = batched[1] ? values!.shape.slice(1) : values!.shape;
    const ones = new Array<number>(sample.result.length - own.length).fill(1);
    const full = reshape(values!, [batched[1] ? whole.shape[0]! : 1, ...ones, ...own]);
    const ahead = inFront(full, sample.outer.length, sample.chosen.length);
    return indexPut(whole, asArguments(indices), ahead, { accumulate });
  },
  samples: [
    (draw) => putSample(draw, { accumulate: draw.boolean() }),
    (draw) => {
      const x = draw.tensor([draw.length(), draw.length(), 2]);
      const chosen = draw.shape(1, 2);
      const first = draw.indices(draw.broadcastable(chosen), x.shape[0]!);
      const last = draw.indices(chosen, 2);
      const places = [...chosen, x.shape[1]!];
      const values = draw.tensor(draw.broadcastable(places));
      return [x, [first, null, last], values, { accumulate: draw.boolean() }];
    },
    (draw) => {
      const shape = draw.shape(1, 3);
      return [draw.tensor(shape), [draw.mask(shape)], draw.tensor([])];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), [[5]], 1],
      message: /index 5 at \[0\] is out of range at dimension 0 of shape \[2, 3\]/,
      type: IndexError,
    },
    {
      call: () => [zeros([2, 3]), [[0, 1]], zeros([2, 2])],
      message: /values of shape \[2, 2\] do not broadcast to the places, which have shape \[2, 3\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([2]), [[0]], zeros([1], { dtype: "float64" })],
      message: /the values are float64, but the tensor they go into is float32/,
      type: DTypeError,
    },
    { call: () => [zeros([2]), [[0]], 1, { add: true }], message: /unknown option "add"/ },
  ],
  edges: [
    {
      note: "several at one place: the last stays and has the gradient",
      call: () => [tensor([1, 2]), [[1, 1]], tensor([10, 20])],
      result: [1, 20],
      gradients: [
        [1, 0],
        [0, 1],
      ],
    },
    {
      note: "several at one place add up",
      call: () => [tensor([1, 2]), [[1, 1]], tensor([10, 20]), { accumulate: true }],
      result: [1, 32],
      gradients: [
        [1, 1],
        [1, 1],
      ],
    },
  ],
});

function putSample(draw: Draw, options: IndexPutOptions): readonly unknown[] {
  const x = draw.tensor(draw.shape(1, 3));
  const chosen = draw.shape(0, 2, 0);
  const values = draw.tensor(draw.broadcastable([...chosen, ...x.shape.slice(1)]));
  return [x, [draw.indices(chosen, x.shape[0]!)], values, options];
}

/** Refuses values that do not broadcast to the places they are for. */
function checkValues(where: string, values: Tensor, places: Shape): void {
  const lead = places.length - values.ndim;
  if (lead >= 0 && values.shape.every((n, dim) => n === 1 || n === places[lead + dim])) return;
  throw new ShapeError(
    `${where}: values of shape ${formatShape(values.shape)} do not broadcast to the places, which have shape ${formatShape(places)}.`,
    { values: values.shape, places },
  );
}

/**
 * Puts numbers into y at the places of the indices, or adds them there. `prepare` runs once everything was found to be in
 * order, and before anything is written.
 */
export function putInto(
  where: string,
  y: Tensor,
  given: Indices,
  values: Tensor,
  accumulate: boolean,
  prepare?: () => void,
): void {
  const indices = withoutMasks(where, given);
  const { chosen, outer, inner, result } = planOf(where, y.shape, indices);
  checkValues(where, values, result);
  const places = placesOf(where, y.shape, y.strides, indices, chosen, y.storage.data);
  prepare?.();
  const { storage, dtype, offset, shape, strides } = values;
  const all = new Tensor(storage, dtype, result, broadcastStrides(shape, strides, result), offset);
  const unit = unitOf(y.strides, indices);
  scatterRows(y, outer, inner, places, contiguousOperand(all), accumulate, unit);
}

/** Which of the numbers of a shape stay when several are put at the same place: true for the last. */
function lastWriters(into: Shape, places: readonly TensorIndex[], shape: Shape): Tensor {
  const writers = reshape(arange(elementCount(shape)), shape);
  const winners = indexPut(zeros(into, { dtype: "int32" }), places, writers);
  return eq(index(winners, places), writers);
}
