/**
 * Indexing by tensors of whole numbers and by masks, and the adjoint: putting numbers at such places.
 */
import type { TensorLike } from "../creation.ts";
import { arange, newTensor, toTensor, zeros } from "../creation.ts";
import {
  ArgumentError,
  checkOptions,
  DTypeError,
  IndexError,
  quoted,
  ShapeError,
} from "../errors.ts";
import { copyStrided } from "../kernels/copy.ts";
import { checkIndices, gatherRows, scatterRows } from "../kernels/gather.ts";
import type { Op } from "../op.ts";
import { contiguousOperand, defineOp } from "../op.ts";
import type { Draw } from "../samples.ts";
import type { Shape } from "../shape.ts";
import { broadcastAll, broadcastStrides, elementCount, formatShape, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { zerosView } from "./cat.ts";
import { expand, sumTo } from "./expand.ts";
import { nonzeroOf } from "./nonzero.ts";
import { reshape } from "./reshape.ts";
import { where as choose } from "./selection.ts";
import { permute } from "./transpose.ts";

/** What selects along dimensions: int32 indices, a bool mask over as many dimensions as it has, `null` for all. */
export type TensorIndex = TensorLike | null;

/** The dimensions of x that tensors of indices select from, in rising order. */
interface IndexOptions {
  readonly dims: readonly number[];
}

/** An index as a tensor: int32, or bool for a mask. Arrays of booleans are masks. */
export function readIndex(where: string, item: TensorLike): Tensor {
  const given = item instanceof Tensor ? item : toTensor(where, item);
  if (given.dtype === "int32" || given.dtype === "bool") return given;
  const whole = item instanceof Tensor ? given : toTensor(where, item, "int32");
  if (whole.dtype === "int32") return whole;
  throw new DTypeError(
    `${where}: an index must be int32 or a bool mask, not ${given.dtype}. Convert it: x.to("int32").`,
    { dtype: given.dtype },
  );
}

/** Sorts indices into one int32 tensor for each dimension indexed; masks become the places where they are true. */
function sortIndices(
  where: string,
  shape: Shape,
  indices: readonly TensorIndex[],
): { dims: number[]; tensors: Tensor[] } {
  if (!Array.isArray(indices)) {
    throw new ArgumentError(
      `${where}: the indices are an array with an index or null for each dimension, not ${quoted(indices)}.`,
      { indices },
    );
  }
  const dims: number[] = [];
  const tensors: Tensor[] = [];
  let dim = 0;
  for (const item of indices) {
    if (item === null) {
      dim++;
      continue;
    }
    const index = readIndex(where, item);
    if (index.dtype === "int32") {
      dims.push(dim++);
      tensors.push(index);
      continue;
    }
    const covered = shape.slice(dim, dim + index.ndim);
    if (index.ndim === 0 || !sameShape(index.shape, covered)) {
      throw new ShapeError(
        `${where}: a mask of shape ${formatShape(index.shape)} does not cover the dimensions from ${dim} on of shape ${formatShape(shape)}.`,
        { mask: index.shape, dim, shape },
      );
    }
    for (const places of nonzeroOf(where, index)) {
      dims.push(dim++);
      tensors.push(places);
    }
  }
  if (dim > shape.length) {
    throw new IndexError(
      `${where}: ${dim} indices for ${shape.length} dimension${shape.length === 1 ? "" : "s"} (shape ${formatShape(shape)}).`,
      { indices: dim, shape },
    );
  }
  if (tensors.length === 0)
    throw new ArgumentError(`${where}: there is no index among ${quoted(indices)}.`, { indices });
  return { dims, tensors };
}

/** Where the dimensions of the result come from. */
interface Plan {
  /** The shape that the indices have together. */
  readonly chosen: Shape;
  /** The dimensions of x before and after those of the indices in the result. */
  readonly outer: readonly number[];
  readonly inner: readonly number[];
  readonly result: Shape;
}

/**
 * Indices that stand side by side give their dimensions there; those with a whole dimension between them give theirs in
 * front of all others.
 */
function planOf(
  where: string,
  shape: Shape,
  dims: readonly number[],
  tensors: readonly Tensor[],
): Plan {
  const chosen = broadcastAll(
    where,
    tensors.map((index) => index.shape),
  );
  const first = dims[0]!;
  const adjacent = dims.at(-1)! - first === dims.length - 1;
  const rest = shape.flatMap((_, dim) => (dims.includes(dim) ? [] : [dim]));
  const outer = adjacent ? rest.filter((dim) => dim < first) : [];
  const inner = adjacent ? rest.filter((dim) => dim > first) : rest;
  const lengths = (list: readonly number[]): number[] => list.map((dim) => shape[dim]!);
  return { chosen, outer, inner, result: [...lengths(outer), ...chosen, ...lengths(inner)] };
}

/** The step from the start of x to each place that the indices choose; refuses those out of range. */
function placesOf(
  where: string,
  shape: Shape,
  strides: Shape,
  dims: readonly number[],
  tensors: readonly Tensor[],
  chosen: Shape,
): Float64Array {
  for (const [i, index] of tensors.entries()) {
    const length = shape[dims[i]!]!;
    checkIndices(where, index, length, dims[i]!, shape, -length);
  }
  const places = new Float64Array(elementCount(chosen));
  const one = new Int32Array(places.length);
  for (const [i, index] of tensors.entries()) {
    copyStrided(
      one,
      0,
      index.storage.data,
      index.offset,
      chosen,
      broadcastStrides(index.shape, index.strides, chosen),
    );
    const length = shape[dims[i]!]!;
    const step = strides[dims[i]!]!;
    for (let k = 0; k < one.length; k++) {
      const at = one[k]!;
      places[k]! += (at < 0 ? at + length : at) * step;
    }
  }
  return places;
}

/** The indices of a recorded call, in the form in which the op takes them. */
function asArguments(dims: readonly number[], tensors: readonly Tensor[]): TensorIndex[] {
  const list = new Array<TensorIndex>(dims.at(-1)! + 1).fill(null);
  for (const [i, dim] of dims.entries()) list[dim] = tensors[i]!;
  return list;
}

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
    return { operands: [source, ...tensors], options: { dims } as IndexOptions };
  },
  kinds: ["any", "index"],
  shape: ([x, ...tensors], { dims }) => planOf("index", x!.shape, dims, tensors).result,
  forward: ([x, ...tensors], y, { dims }) => {
    const { chosen, outer, inner } = planOf("index", x!.shape, dims, tensors);
    const places = placesOf("index", x!.shape, x!.strides, dims, tensors, chosen);
    gatherRows(x!, outer, inner, places, y);
  },
  vjp: ([cotangent], node) => {
    const tensors = node.operands.slice(1).map((_, i) => node.operand(i + 1));
    const zero = zerosView(cotangent!, node.shapeOf(0));
    const places = asArguments(node.options.dims, tensors);
    return [indexPut(zero, places, cotangent!, { accumulate: true }), ...tensors.map(() => null)];
  },
  batch: ([x, ...tensors], [xBatched, ...batched], { dims }) => {
    const shifted = dims.map((dim) => dim + 1);
    if (!batched.includes(true)) return index(x!, asArguments(shifted, tensors));
    const size = (xBatched ? x! : tensors[batched.indexOf(true)]!).shape[0]!;
    const whole = xBatched ? x! : expand(x!, [size, ...x!.shape]);
    const all = sampleIndices(size, tensors, batched);
    const found = index(whole, asArguments([0, ...shifted], all));
    const { outer, chosen } = planOf(
      "index",
      whole.shape.slice(1),
      dims,
      tensors.map((t, i) => (batched[i] ? sampleOf(t) : t)),
    );
    return behind(found, outer.length, chosen.length);
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
});

/** One index for the samples and those of a call, aligned so that each sample has its own. */
function sampleIndices(
  size: number,
  tensors: readonly Tensor[],
  batched: readonly boolean[],
): Tensor[] {
  const rank = tensors.reduce((most, t, i) => Math.max(most, t.ndim - (batched[i] ? 1 : 0)), 0);
  const ones = new Array<number>(rank).fill(1);
  const aligned = tensors.map((t, i) => {
    if (!batched[i]) return t;
    const own = t.shape.slice(1);
    return reshape(t, [size, ...ones.slice(own.length), ...own]);
  });
  return [reshape(arange(size), [size, ...ones]), ...aligned];
}

/** The first sample of an index, for its shape. */
function sampleOf(x: Tensor): Tensor {
  return newTensor(x.dtype, x.shape.slice(1));
}

/** Moves the dimensions of the indices, which follow the samples, behind those of x that precede them in a sample. */
function behind(x: Tensor, before: number, chosen: number): Tensor {
  if (before === 0) return x;
  const order = x.shape.map((_, dim) => dim);
  const moved = order.splice(1, chosen);
  order.splice(1 + before, 0, ...moved);
  return permute(x, order);
}

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
  kinds: ["any", "any", "index"],
  shape: ([x, values, ...tensors], { dims }) => {
    const { result } = planOf("indexPut", x!.shape, dims, tensors);
    const lead = result.length - values!.ndim;
    const fits = lead >= 0 && values!.shape.every((n, dim) => n === 1 || n === result[lead + dim]);
    if (!fits) {
      throw new ShapeError(
        `indexPut: values of shape ${formatShape(values!.shape)} do not broadcast to the places, which have shape ${formatShape(result)}.`,
        { values: values!.shape, places: result },
      );
    }
    return x!.shape;
  },
  forward: ([x, values, ...tensors], y, { dims, accumulate }) => {
    const { chosen, outer, inner, result } = planOf("indexPut", x!.shape, dims, tensors);
    const places = placesOf("indexPut", y.shape, y.strides, dims, tensors, chosen);
    copyStrided(y.storage.data, 0, x!.storage.data, x!.offset, x!.shape, x!.strides);
    const all = contiguousOperand(
      new Tensor(
        values!.storage,
        values!.dtype,
        result,
        broadcastStrides(values!.shape, values!.strides, result),
        values!.offset,
      ),
    );
    scatterRows(y, outer, inner, places, all, accumulate);
  },
  vjp: ([cotangent], node) => {
    const { dims, accumulate } = node.options;
    const tensors = node.operands.slice(2).map((_, i) => node.operand(i + 2));
    const places = asArguments(dims, tensors);
    const none = tensors.map(() => null);
    const forX = (): Tensor => (accumulate ? cotangent! : indexPut(cotangent!, places, 0));
    const forValues = (): Tensor => {
      const picked = index(cotangent!, places);
      const last = accumulate ? null : lastRows(node.shapeOf(0), dims, tensors);
      return sumTo(last === null ? picked : choose(last, picked, 0), node.shapeOf(1));
    };
    return [node.needs(0) ? forX() : null, node.needs(1) ? forValues() : null, ...none];
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
});

function putSample(draw: Draw, options: IndexPutOptions): readonly unknown[] {
  const x = draw.tensor(draw.shape(1, 3));
  const chosen = draw.shape(0, 2, 0);
  const values = draw.tensor(draw.broadcastable([...chosen, ...x.shape.slice(1)]));
  return [x, [draw.indices(chosen, x.shape[0]!)], values, options];
}

/** Which numbers stay when several are written to the same place: true for the last; `null` if all stay. */
function lastRows(
  shape: Shape,
  dims: readonly number[],
  tensors: readonly Tensor[],
): Tensor | null {
  const { chosen, outer, inner, result } = planOf("indexPut", shape, dims, tensors);
  const lengths = dims.map((dim) => shape[dim]!);
  const strides = new Array<number>(shape.length).fill(0);
  let step = 1;
  for (let i = dims.length - 1; i >= 0; i--) {
    strides[dims[i]!] = step;
    step *= lengths[i]!;
  }
  const places = placesOf("indexPut", shape, strides, dims, tensors, chosen);
  const writer = new Int32Array(step).fill(-1);
  for (let i = 0; i < places.length; i++) writer[places[i]!] = i;
  const stays = newTensor("bool", [...chosen, ...inner.map(() => 1)]);
  let all = true;
  for (let i = 0; i < places.length; i++) {
    const stay = writer[places[i]!] === i;
    stays.storage.data[i] = stay ? 1 : 0;
    all &&= stay;
  }
  return all ? null : expand(stays, result.slice(outer.length)).expand(result);
}
