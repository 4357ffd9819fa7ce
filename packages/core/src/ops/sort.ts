/**
 * Sorting along a dimension.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, toTensor, zeros } from "../creation.ts";
import type { DType } from "../dtype.ts";
import { ArgumentError, checkBoolean, checkInteger, checkOptions, IndexError } from "../errors.ts";
import type { JointVJP } from "../graph/node.ts";
import { lengthAlong } from "../kernels/lanes.ts";
import { sortAlong } from "../kernels/sort.ts";
import type { Call, Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Rejection } from "../samples.ts";
import { within } from "../samples.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { ValuesAndIndices } from "./choice.ts";
import { zerosView } from "./expand.ts";
import { scatterAdd } from "./gather.ts";
import type { Along } from "./reduction.ts";
import { alongBatch, alongBatchOfMany, alongRejects, checkDim } from "./reduction.ts";

/** Options of {@link sort} and {@link argsort}. */
export interface SortOptions {
  /** From the largest to the smallest. */
  descending?: boolean;
  /** Whether equals are to keep their order. They always do. */
  stable?: boolean;
}

/** Options of {@link topk}. */
export interface TopKOptions {
  /** Choose the largest, which is the default, or the smallest. */
  largest?: boolean;
  /** Whether they are to be in order. They always are. */
  sorted?: boolean;
}

const distinct = within(-3, 3, { distinct: true });

/** The gradient of each element goes back to the place that it came from. */
export const placesGradient: JointVJP<Along> = ([cotangent], node) => {
  if (cotangent === null || cotangent === undefined) return [null];
  const origin = zerosView(cotangent, node.shapeOf(0));
  return [scatterAdd(origin, node.options.dim, node.resultAt(1), cotangent)];
};

/** What a sort notes in the graph. */
interface Order extends Along {
  readonly descending: boolean;
}

function readSort(
  where: string,
  given: TensorLike,
  dim: number | SortOptions | undefined,
  options: SortOptions | undefined,
): Call<Order> {
  if (options === undefined && typeof dim === "object") {
    return readSort(where, given, undefined, dim);
  }
  const x = toTensor(where, given);
  checkOptions(where, options, ["descending", "stable"]);
  checkBoolean(where, "stable", options?.stable, true);
  const descending = checkBoolean(where, "descending", options?.descending, false);
  return { operands: [x], options: { dim: checkDim(where, x, dim ?? -1), descending } };
}

const sortRejects: readonly Rejection[] = [
  alongRejects[0]!,
  {
    call: () => [zeros([2]), 0, { reverse: true }],
    message: /unknown option "reverse". Known: descending, stable/,
    type: ArgumentError,
  },
];

/**
 * The elements along a dimension in rising order, and where each came from: `{ values, indices }`.
 *
 * Along the last dimension unless given; `{ descending: true }` for falling order. Equals keep their
 * order; NaN counts as the largest. Both results have the shape of x; indices are int32.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { sort, tensor } from "@chainrule/core";
 * const { values, indices } = sort(tensor([3, 1, 2]));
 * values; // → tensor([1, 2, 3])
 * indices; // → tensor([1, 2, 0], dtype=int32)
 */
export const sort: Op<
  (x: TensorLike, dim?: number | SortOptions, options?: SortOptions) => ValuesAndIndices
> = defineOp({
  name: "sort",
  formula: String.raw`y_i = x_{\pi(i)}, \quad y_1 \le y_2 \le \dots`,
  call: (x: TensorLike, dim?: number | SortOptions, options?: SortOptions) => {
    return readSort("sort", x, dim, options);
  },
  kinds: ["number"],
  shapes: ([x]) => [x!.shape, x!.shape],
  dtypes: ([x]) => [x!.dtype, "int32"],
  forward: ([x], [values, indices], { dim, descending }) =>
    sortAlong(x!, dim, descending, () => 0, values!, indices!),
  returns: ([values, indices]) => ({ values: values!, indices: indices! }),
  vjp: placesGradient,
  batch: alongBatchOfMany((x, { dim, descending }) => ({ ...sort(x, dim, { descending }) })),
  samples: [
    (draw) => [draw.tensor(draw.shape(0, 3, 0), distinct)],
    (draw) => {
      const x = draw.tensor(draw.shape(1, 4, 0), distinct);
      return [x, draw.dim(x.ndim), { descending: draw.boolean() }];
    },
    (draw) => [
      draw.tensor([draw.integer(10, 40)], within(-9, 9, { distinct: true })),
      { descending: draw.boolean() },
    ],
  ],
  rejects: sortRejects,
  edges: [
    {
      note: "equals keep their order",
      call: () => [tensor([2, 1, 2, 1])],
      result: [1, 1, 2, 2, 1, 3, 0, 2],
    },
    {
      note: "also in falling order",
      call: () => [tensor([2, 1, 2, 1]), { descending: true }],
      result: [2, 2, 1, 1, 0, 2, 1, 3],
    },
    {
      note: "NaN is the largest",
      call: () => [tensor([2, Number.NaN, 1])],
      result: [1, 2, Number.NaN, 2, 0, 1],
    },
    {
      note: "NaN comes first in falling order",
      call: () => [tensor([2, Number.NaN, 3]), { descending: true }],
      result: [Number.NaN, 3, 2, 1, 2, 0],
    },
  ],
});

/**
 * The places that {@link sort} would take the elements from, as int32. It has no gradient.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { argsort, tensor } from "@chainrule/core";
 * argsort(tensor([3, 1, 2])); // → tensor([1, 2, 0], dtype=int32)
 */
export const argsort: Op<
  (x: TensorLike, dim?: number | SortOptions, options?: SortOptions) => Tensor
> = defineOp({
  name: "argsort",
  formula: String.raw`y = \pi, \quad x_{\pi(1)} \le x_{\pi(2)} \le \dots`,
  call: (x: TensorLike, dim?: number | SortOptions, options?: SortOptions) => {
    return readSort("argsort", x, dim, options);
  },
  kinds: ["number"],
  shape: ([x]) => x!.shape,
  dtype: (): DType => "int32",
  forward: ([x], indices, { dim, descending }) =>
    sortAlong(x!, dim, descending, () => 0, null, indices),
  batch: alongBatch(([x], { dim, descending }) => argsort(x!, dim, { descending })),
  samples: [
    (draw) => [draw.tensor(draw.shape(0, 3, 0), distinct)],
    (draw) => {
      const x = draw.tensor(draw.shape(1, 4, 0), distinct);
      return [x, draw.dim(x.ndim), { descending: draw.boolean() }];
    },
  ],
  rejects: sortRejects,
  edges: [
    { note: "equals keep their order", call: () => [tensor([2, 1, 2, 1])], result: [1, 3, 0, 2] },
  ],
});

/** The shape of x with another length along a dimension. */
function withLength(x: Tensor, dim: number, length: number): Shape {
  return x.shape.map((own, i) => (i === dim ? length : own));
}

/**
 * The k largest elements along a dimension, from the largest down, and their places:
 * `{ values, indices }`.
 *
 * Along the last dimension unless given; `{ largest: false }` chooses the smallest, from the smallest
 * up. Of equals, the first are chosen; NaN counts as the largest. The results have the shape of x with
 * length k along the dimension; indices are int32.
 *
 * @throws {IndexError} when the dimension is out of range, or has fewer than k elements.
 * @throws {ArgumentError} when k is no whole number of at least 0 (of a 0-d tensor: 1), or for an unknown option.
 * @example
 * import { tensor, topk } from "@chainrule/core";
 * topk(tensor([3, 1, 4, 1, 5]), 2).values; // → tensor([5, 4])
 */
export const topk: Op<
  (x: TensorLike, k: number, dim?: number | TopKOptions, options?: TopKOptions) => ValuesAndIndices
> = defineOp({
  name: "topk",
  formula: String.raw`y_i = x_{\pi(i)}, \quad y_1 \ge \dots \ge y_k \ge \text{all others}`,
  call: (given: TensorLike, k: number, dim?: number | TopKOptions, options?: TopKOptions) => {
    const x = toTensor("topk", given);
    const isOptions = options === undefined && typeof dim === "object";
    const rest = isOptions ? dim : options;
    checkOptions("topk", rest, ["largest", "sorted"]);
    checkBoolean("topk", "sorted", rest?.sorted, true);
    const along = checkDim("topk", x, (isOptions ? undefined : dim) ?? -1);
    // A 0-d tensor stays 0-d, so its one element is all there is to choose.
    checkInteger("topk", "k", k, x.ndim === 0 ? 1 : 0);
    refuseTooMany("topk", x, along, k);
    const largest = checkBoolean("topk", "largest", rest?.largest, true);
    return { operands: [x], options: { k, dim: along, largest } };
  },
  kinds: ["number"],
  shapes: ([x], { k, dim }) => [withLength(x!, dim, k), withLength(x!, dim, k)],
  dtypes: ([x]) => [x!.dtype, "int32"],
  forward: ([x], [values, indices], { dim, largest }) =>
    sortAlong(x!, dim, largest, () => 0, values!, indices!),
  returns: ([values, indices]) => ({ values: values!, indices: indices! }),
  vjp: placesGradient,
  batch: alongBatchOfMany((x, { k, dim, largest }) => ({ ...topk(x, k, dim, { largest }) })),
  samples: [
    (draw) => [draw.tensor([draw.length(), draw.integer(2, 5)], distinct), draw.integer(0, 2)],
    (draw) => {
      const x = draw.tensor([draw.integer(2, 4), draw.integer(2, 5), 2], distinct);
      return [x, draw.integer(1, 2), draw.dim(3), { largest: draw.boolean() }];
    },
    (draw) => [draw.tensor([]), 1],
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), 4],
      message: /topk: k = 4 elements of dimension 1, which has 3/,
      type: IndexError,
    },
    {
      call: () => [zeros([2, 3]), 1.5],
      message: /k must be a whole number of at least 0, not 1.5/,
      type: ArgumentError,
    },
    { call: () => [zeros([2, 3]), 1, 2], message: /dim 2 is out of range/, type: IndexError },
    {
      call: () => [zeros([2, 3]), 1, 0, { smallest: true }],
      message: /unknown option "smallest"/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "of equals, the first",
      call: () => [tensor([1, 3, 3, 3]), 2],
      result: [3, 3, 1, 2],
      gradients: [[0, 1, 1, 0]],
    },
    {
      note: "NaN is the largest",
      call: () => [tensor([1, Number.NaN, 3]), 2],
      result: [Number.NaN, 3, 1, 2],
    },
  ],
});

/** Refuses to choose more elements than there are. */
export function refuseTooMany(where: string, x: Tensor, dim: number, k: number): void {
  const length = lengthAlong(x, dim);
  if (k > length) {
    throw new IndexError(
      `${where}: k = ${k} elements of dimension ${dim}, which has ${length}, cannot be chosen. Use k ≤ ${length}.`,
      { k, dim, length },
    );
  }
}
