/**
 * Elements by their rank: the median and the k-th smallest.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, toTensor, zeros } from "../creation.ts";
import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkOptions,
  IndexError,
  ShapeError,
} from "../errors.ts";
import type { FirstKept } from "../kernels/sort.ts";
import { sortAlong } from "../kernels/sort.ts";
import type { MultipleLiteral, Op } from "../op.ts";
import { contiguousOperand, defineOp } from "../op.ts";
import { within } from "../samples.ts";
import { reducedShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import type { Choice, ValuesAndIndices } from "./choice.ts";
import {
  asReduction,
  choiceBatch,
  choiceGradient,
  choiceRejects,
  choiceResult,
  choiceSamples,
  choiceShapes,
  readChoice,
} from "./choice.ts";
import type { ReductionOptions } from "./reduction.ts";
import { checkDim, refuseEmptyLanes } from "./reduction.ts";
import { refuseTooMany } from "./sort.ts";
import { stack, unbind } from "./stack.ts";

const distinct = within(-3, 3, { distinct: true });

/** Fills the results of a choice with the element of each sorted lane that `rank` names. */
function chooseByRank(
  x: Tensor,
  { dim }: Choice,
  results: readonly Tensor[],
  rank: FirstKept,
): void {
  const [values, indices] = results;
  if (dim !== null) {
    // One element of each lane: the dimension is put back with length 1.
    const shape = reducedShape(x.shape, x.ndim === 0 ? [] : [dim], true);
    const [chosen, places] = [values!, indices!].map((y) => new Tensor(y.storage, y.dtype, shape));
    sortAlong(x, dim, false, rank, chosen!, places!);
    return;
  }
  if (x.numel() === 0) {
    values!.storage.data[0] = Number.NaN;
    return;
  }
  const flat = contiguousOperand(x);
  const lane = new Tensor(flat.storage, flat.dtype, [flat.numel()], [1], flat.offset);
  sortAlong(lane, 0, false, rank, new Tensor(values!.storage, values!.dtype, [1]), null);
}

/** What `median` and `nanmedian` have in common. */
function medianLiteral(
  name: "median" | "nanmedian",
  rank: FirstKept,
): MultipleLiteral<
  [x: TensorLike, dim?: number, options?: ReductionOptions],
  Choice,
  Tensor | ValuesAndIndices
> {
  const passes = name === "nanmedian";
  return {
    name,
    formula: String.raw`y = x_{\pi(\lceil n/2 \rceil)}, \quad x_{\pi(1)} \le \dots \le x_{\pi(n)}`,
    call: (x, dim, options) => readChoice(name, x, dim, options),
    kinds: ["number"],
    shapes: ([x], options) => {
      const isFloat = x!.dtype === "float32" || x!.dtype === "float64";
      if (options.dim !== null || !isFloat) {
        refuseEmptyLanes(name, x!, asReduction(options, x!.ndim));
      }
      return choiceShapes(x!, options);
    },
    dtypes: ([x]) => [x!.dtype, "int32"],
    forward: ([x], results, options) => chooseByRank(x!, options, results, rank),
    returns: choiceResult,
    vjp: choiceGradient,
    batch: choiceBatch(
      (x, dim, { keepdim }) => (passes ? nanmedian : median)(x, dim, { keepdim }),
      (x) => stack(unbind(x).map((sample) => (passes ? nanmedian : median)(sample))),
    ),
    samples: choiceSamples(distinct),
    rejects: [
      ...choiceRejects,
      {
        call: () => [zeros([2, 0]), 1],
        message: /dimension 1 of shape \[2, 0\] has length 0/,
        type: ShapeError,
      },
    ],
    edges: [
      {
        note: "of an even number, the lower of the middle two",
        call: () => [tensor([4, 1, 3, 2])],
        result: [2],
        gradients: [[0, 0, 0, 1]],
      },
      {
        note: "equals share the gradient evenly",
        call: () => [tensor([2, 1, 2])],
        result: [2],
        gradients: [[0.5, 0, 0.5]],
      },
      {
        note: passes ? "NaN is passed over" : "NaN wins",
        call: () => [tensor([1, Number.NaN, 3])],
        result: [passes ? 1 : Number.NaN],
        gradients: [passes ? [1, 0, 0] : [0, 1, 0]],
      },
      { note: "of nothing", call: () => [zeros([0])], result: [Number.NaN], gradients: [[]] },
    ],
  };
}

const lowerMiddle = defineOp(
  medianLiteral("median", (numbers, length) => (numbers < length ? numbers : (length - 1) >> 1)),
);
const lowerMiddleOfNumbers = defineOp(
  medianLiteral("nanmedian", (numbers) => Math.max((numbers - 1) >> 1, 0)),
);

function medianOf(x: TensorLike): Tensor;
function medianOf(x: TensorLike, dim: number, options?: ReductionOptions): ValuesAndIndices;
function medianOf(
  x: TensorLike,
  dim?: number,
  options?: ReductionOptions,
): Tensor | ValuesAndIndices {
  return lowerMiddle(x, dim, options);
}

function nanmedianOf(x: TensorLike): Tensor;
function nanmedianOf(x: TensorLike, dim: number, options?: ReductionOptions): ValuesAndIndices;
function nanmedianOf(
  x: TensorLike,
  dim?: number,
  options?: ReductionOptions,
): Tensor | ValuesAndIndices {
  return lowerMiddleOfNumbers(x, dim, options);
}

/**
 * The median of all elements; or along a dimension, with its place there: `{ values, indices }`.
 *
 * Of an even number of elements, the lower of the middle two: use `quantile(x, 0.5)` for their mean.
 * A NaN wins; the median of nothing is NaN. Over all elements, those equal to the median share the
 * gradient evenly; along a dimension, the place that is named gets all of it. Results have the shape of x
 * without `dim`; `{ keepdim: true }` keeps it with length 1. Indices are int32.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ShapeError} when there is nothing to choose from along the dimension.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { median, tensor } from "@chainrule/core";
 * median(tensor([4, 1, 3, 2])); // → tensor(2)
 * median(tensor([[4, 1, 3], [2, 9, 5]]), 1).values; // → tensor([3, 5])
 */
export const median: Op<typeof medianOf> = Object.assign(medianOf, { op: lowerMiddle.op });

/**
 * The median of the elements that are not NaN; NaN where there are none. As {@link median} in every
 * other respect.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ShapeError} when there is nothing to choose from along the dimension.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { nanmedian, tensor } from "@chainrule/core";
 * nanmedian(tensor([4, NaN, 3])); // → tensor(3)
 */
export const nanmedian: Op<typeof nanmedianOf> = Object.assign(nanmedianOf, {
  op: lowerMiddleOfNumbers.op,
});

/** What `kthvalue` notes in the graph. */
interface Rank extends Choice {
  readonly k: number;
}

/**
 * The k-th smallest element along a dimension, counted from 1, and its place: `{ values, indices }`.
 *
 * Along the last dimension unless given. NaN counts as the largest; of equals, each has a rank of its
 * own, in order. Results have the shape of x without the dimension; `{ keepdim: true }` keeps it with
 * length 1. Indices are int32.
 *
 * @throws {IndexError} when the dimension is out of range, or has fewer than k elements.
 * @throws {ArgumentError} when k is no whole number of at least 1, or for an unknown option.
 * @example
 * import { kthvalue, tensor } from "@chainrule/core";
 * kthvalue(tensor([3, 1, 4, 1, 5]), 2).values; // → tensor(1)
 */
export const kthvalue: Op<
  (
    x: TensorLike,
    k: number,
    dim?: number | ReductionOptions,
    options?: ReductionOptions,
  ) => ValuesAndIndices
> = defineOp({
  name: "kthvalue",
  formula: String.raw`y = x_{\pi(k)}, \quad x_{\pi(1)} \le x_{\pi(2)} \le \dots`,
  call: (
    given: TensorLike,
    k: number,
    dim?: number | ReductionOptions,
    options?: ReductionOptions,
  ) => {
    const x = toTensor("kthvalue", given);
    const isOptions = options === undefined && typeof dim === "object";
    const rest = isOptions ? dim : options;
    checkOptions("kthvalue", rest, ["keepdim"]);
    const along = checkDim("kthvalue", x, (isOptions ? undefined : dim) ?? -1);
    checkInteger("kthvalue", "k", k, 1);
    refuseTooMany("kthvalue", x, along, k);
    const keepdim = checkBoolean("kthvalue", "keepdim", rest?.keepdim, false);
    const read: Rank = { k, dim: along, keepdim };
    return { operands: [x], options: read };
  },
  kinds: ["number"],
  shapes: ([x], options) => choiceShapes(x!, options),
  dtypes: ([x]) => [x!.dtype, "int32"],
  forward: ([x], results, options) => chooseByRank(x!, options, results, () => options.k - 1),
  returns: ([values, indices]) => ({ values: values!, indices: indices! }),
  vjp: choiceGradient,
  batch: choiceBatch(
    (x, dim, { k, keepdim }) => kthvalue(x, k, dim, { keepdim }),
    (x) => x,
  ),
  samples: [
    (draw) => {
      const x = draw.tensor([draw.integer(2, 4), draw.integer(2, 4), 2], distinct);
      return [x, draw.integer(1, 2), draw.dim(3), { keepdim: draw.boolean() }];
    },
    (draw) => [draw.tensor([draw.integer(2, 5)], distinct), 2],
    (draw) => [draw.tensor([], distinct), 1, 0],
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), 4],
      message: /kthvalue: k = 4 elements of dimension 1, which has 3/,
      type: IndexError,
    },
    {
      call: () => [zeros([2, 3]), 0],
      message: /k must be a whole number of at least 1, not 0/,
      type: ArgumentError,
    },
    { call: () => [zeros([2, 3]), 1, 2], message: /dim 2 is out of range/, type: IndexError },
  ],
  edges: [
    {
      note: "equals have ranks of their own",
      call: () => [tensor([1, 1, 0]), 3],
      result: [1, 1],
      gradients: [[0, 1, 0]],
    },
    {
      note: "NaN is the largest",
      call: () => [tensor([Number.NaN, 1]), 2],
      result: [Number.NaN, 0],
      gradients: [[1, 0]],
    },
  ],
});
