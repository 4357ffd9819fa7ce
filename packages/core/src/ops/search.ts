/**
 * Where numbers belong among sorted ones.
 */
import type { TensorLike } from "../creation.ts";
import { newTensor, toTensor, zeros } from "../creation.ts";
import type { DType } from "../dtype.ts";
import { checkBoolean, checkOptions, ShapeError } from "../errors.ts";
import { searchRows } from "../kernels/search.ts";
import type { Op } from "../op.ts";
import { contiguousOperand, defineOp } from "../op.ts";
import { within } from "../samples.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Options of {@link searchsorted} and {@link bucketize}. */
export interface SearchOptions {
  /** Behind the numbers that are equal, rather than before them. */
  right?: boolean;
}

/**
 * The place at which each value would go into a sorted row so that it stays sorted: how many of its numbers are smaller
 * (with `right`: not larger). int32, of the shape of the values; NaN comes last. Rows lie in the last dimension: one for
 * all values, or one for each row of values.
 *
 * @throws {ShapeError} when there are several rows, but not as many as rows of values.
 * @example
 * import { searchsorted } from "@chainrule/core";
 * searchsorted([1, 3, 5], [0, 3, 9]).toArray(); // → [ 0, 1, 3 ]
 * searchsorted([1, 3, 5], [0, 3, 9], { right: true }).toArray(); // → [ 0, 2, 3 ]
 */
export const searchsorted: Op<
  (sorted: TensorLike, values: TensorLike, options?: SearchOptions) => Tensor
> = defineOp({
  name: "searchsorted",
  formula: String.raw`y_j = \#\{ i : x_i < v_j \}`,
  call: (sorted: TensorLike, values: TensorLike, options?: SearchOptions) => {
    checkOptions("searchsorted", options, ["right"]);
    return { operands: [sorted, values], options: { right: options?.right ?? false } };
  },
  kinds: ["number"],
  shape: ([sorted, values]) => {
    const alike =
      sorted!.ndim === 1 ||
      (sorted!.ndim > 1 && sameShape(sorted!.shape.slice(0, -1), values!.shape.slice(0, -1)));
    if (!alike) {
      throw new ShapeError(
        `searchsorted: sorted rows of shape ${formatShape(sorted!.shape)} do not go with values of shape ${formatShape(values!.shape)}. Give one row, or one for each row of values.`,
        { sorted: sorted!.shape, values: values!.shape },
      );
    }
    return values!.shape;
  },
  dtype: (): DType => "int32",
  forward: ([sorted, values], y, { right }) =>
    searchRows(contiguousOperand(sorted!), contiguousOperand(values!), y, right),
  samples: [
    (draw) => {
      const shape = draw.shape(1, 3, 0);
      const rows = draw.boolean() ? [] : shape.slice(0, -1);
      const sorted = draw.tensor([...rows, draw.length(0)], within(-3, 3, { whole: true }));
      const values = draw.tensor(shape, within(-3, 3, { whole: true }));
      return [sorted.sort(-1).values, values, { right: draw.boolean() }];
    },
    (draw) => [[1, 2, 3], draw.tensor([], within(0, 4))],
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), zeros([3, 3])],
      message: /rows of shape \[2, 3\] do not go with values of shape \[3, 3\]/,
      type: ShapeError,
    },
    { call: () => [1, [1]], message: /rows of shape \[\] do not go/, type: ShapeError },
    { call: () => [[1], [1], { side: "right" }], message: /unknown option "side"/ },
  ],
  edges: [
    { note: "nothing to search", call: () => [[], [1, 2]], result: [0, 0] },
    { note: "NaN comes last", call: () => [[1, 2], [Number.NaN]], result: [2] },
    {
      note: "infinities at the ends",
      call: () => [
        [Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY],
        [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
      ],
      result: [0, 2],
    },
  ],
});

/**
 * The bucket of each value between boundaries in rising order: how many boundaries are smaller (with `right`: not larger).
 *
 * @throws {ShapeError} when the boundaries are no single row.
 * @example
 * import { bucketize } from "@chainrule/core";
 * bucketize([0.5, 1, 7], [1, 2, 3]).toArray(); // → [ 0, 0, 3 ]
 */
export function bucketize(x: TensorLike, boundaries: TensorLike, options?: SearchOptions): Tensor {
  checkOptions("bucketize", options, ["right"]);
  const rows = toTensor("bucketize", boundaries);
  if (rows.ndim !== 1) {
    throw new ShapeError(
      `bucketize: the boundaries are a row of numbers, not of shape ${formatShape(rows.shape)}.`,
      { boundaries: rows.shape },
    );
  }
  return searchsorted(rows, x, options);
}

/** Options of {@link isin}. */
export interface IsInOptions {
  /** Whether to ask for what is in none of them, instead. */
  invert?: boolean;
}

/**
 * Whether each element is one of some values; bool, of the shape of x. NaN is in nothing.
 *
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { isin, tensor } from "@chainrule/core";
 * isin(tensor([1, 2, 3]), [2, 3, 5]); // → tensor([false, true, true], dtype=bool)
 */
export function isin(x: TensorLike, values: TensorLike, options?: IsInOptions): Tensor {
  checkOptions("isin", options, ["invert"]);
  const invert = checkBoolean("isin", "invert", options?.invert, false);
  const source = toTensor("isin", x);
  const wanted = new Set<number>(toTensor("isin", values).toTypedArray());
  wanted.delete(Number.NaN);
  const y = newTensor("bool", source.shape);
  for (const [i, value] of source.toTypedArray().entries())
    y.storage.data[i] = Number(wanted.has(value) !== invert);
  return y;
}
