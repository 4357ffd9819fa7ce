/**
 * Combining numbers that go to the same place: sums, means, products and extrema.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { ArgumentError, checkOptions, IndexError, quoted, ShapeError } from "../errors.ts";
import { checkIndices, reduceAlong } from "../kernels/gather.ts";
import type { Op } from "../op.ts";
import { contiguousOperand, defineOp } from "../op.ts";
import { within } from "../samples.ts";
import { normalizeDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { eq } from "./comparison.ts";
import { to } from "./convert.ts";
import { div } from "./division.ts";
import { expand } from "./expand.ts";
import { gather, lengthAlong, scatter, scatterAdd, scatterAll, scatterCall } from "./gather.ts";
import { reshape } from "./reshape.ts";
import { maximum, where } from "./selection.ts";

/** How numbers at one place are combined. */
export type ScatterReduction = "sum" | "mean" | "prod" | "amax" | "amin";

/** Options of {@link scatterReduce}. */
export interface ScatterReduceOptions {
  /** Whether the number of x at a place is one of those combined there; true unless given. */
  includeSelf?: boolean;
}

const reductions: readonly ScatterReduction[] = ["sum", "mean", "prod", "amax", "amin"];

interface Reduction {
  readonly dim: number;
  readonly reduce: ScatterReduction;
  readonly includeSelf: boolean;
}

/** One in each place of x, or in each place of the index, in the type of x. */
function onesLike(x: Tensor, shape: readonly number[]): Tensor {
  return expand(to(tensor(1), x.dtype), shape);
}

/** A cotangent for x: nothing where x was replaced. */
function forSelf(cotangent: Tensor, { dim, includeSelf }: Reduction, index: Tensor): Tensor {
  return includeSelf ? cotangent : scatter(cotangent, dim, index, 0);
}

/** How many numbers were combined in each place, at least 1. */
function counts(x: Tensor, { dim, includeSelf }: Reduction, index: Tensor): Tensor {
  const start = expand(to(tensor(includeSelf ? 1 : 0), x.dtype), x.shape);
  return maximum(scatterAdd(start, dim, index, onesLike(x, index.shape)), 1);
}

/** The gradients of x and of the source, from the cotangent. */
function gradientsOf(
  cotangent: Tensor,
  x: Tensor,
  source: Tensor,
  index: Tensor,
  result: Tensor,
  options: Reduction,
): [Tensor, Tensor] {
  const { dim, reduce, includeSelf } = options;
  const picked = (from: Tensor): Tensor => reshape(gather(from, dim, index), source.shape);
  if (reduce === "sum") return [forSelf(cotangent, options, index), picked(cotangent)];
  if (reduce === "mean") {
    const share = div(cotangent, counts(x, options, index));
    return [forSelf(share, options, index), picked(share)];
  }
  if (reduce === "prod") return productGradients(cotangent, x, source, index, result, options);
  // An extremum that several have is shared evenly by them.
  const taken = includeSelf ? x : scatter(x, dim, index, Number.NaN);
  const isSelf = eq(taken, result);
  const isSource = eq(source, picked(result));
  const holders = scatterAdd(
    to(isSelf, x.dtype),
    dim,
    index,
    reshape(to(isSource, x.dtype), index.shape),
  );
  const share = div(cotangent, maximum(holders, 1));
  return [where(isSelf, share, 0), where(isSource, picked(share), 0)];
}

/**
 * The gradient of a product is the product of the others: the whole divided by the number itself, unless that is 0. Where
 * it is the only zero, the others' product is that with 1 in its place; where there are more, it is 0.
 */
function productGradients(
  cotangent: Tensor,
  x: Tensor,
  source: Tensor,
  index: Tensor,
  result: Tensor,
  options: Reduction,
): [Tensor, Tensor] {
  const { dim, includeSelf } = options;
  const picked = (from: Tensor): Tensor => reshape(gather(from, dim, index), source.shape);
  const product = (start: Tensor, numbers: Tensor): Tensor =>
    scatterReduce(start, dim, index, numbers, "prod", { includeSelf });
  const ones = onesLike(x, x.shape);
  const others = scatterReduce(ones, dim, index, source, "prod");
  const isZero = eq(source, 0);
  const own = includeSelf ? eq(x, 0) : eq(ones, 0);
  const zerosHere = scatterAdd(
    to(own, x.dtype),
    dim,
    index,
    reshape(to(isZero, x.dtype), index.shape),
  );
  const only = to(mul(to(isZero, "int32"), to(eq(picked(zerosHere), 1), "int32")), "bool");
  const withoutZero = product(x, where(only, 1, source));
  const byDivision = div(picked(mul(cotangent, result)), where(isZero, 1, source));
  const forSource = where(only, picked(mul(cotangent, withoutZero)), byDivision);
  return [forSelf(mul(cotangent, others), options, index), forSource];
}

/**
 * x with the numbers of `source` combined into the places that an index gives along a dimension: summed, averaged,
 * multiplied, or the largest or smallest taken. Places that the index does not name keep the number of x.
 *
 * Extrema that several share divide the gradient evenly; means of int32 are rounded down.
 *
 * @throws {IndexError} when an index is out of range (negative ones are), or `dim` is.
 * @throws {ShapeError} when the index does not fit x or reaches beyond the source.
 * @throws {DTypeError} when the index is not int32, or the source is of another type than x.
 * @throws {ArgumentError} for another reduction.
 * @example
 * import { scatterReduce, tensor } from "@chainrule/core";
 * const x = tensor([1, 2]);
 * scatterReduce(x, 0, [0, 0, 1], tensor([5, 6, 7]), "amax").toArray(); // → [ 6, 7 ]
 * scatterReduce(x, 0, [0, 0], tensor([5, 6]), "mean", { includeSelf: false }).toArray(); // → [ 5.5, 2 ]
 */
export const scatterReduce: Op<
  (
    x: TensorLike,
    dim: number,
    index: TensorLike,
    source: TensorLike,
    reduce: ScatterReduction,
    options?: ScatterReduceOptions,
  ) => Tensor
> = defineOp({
  name: "scatterReduce",
  formula: String.raw`y_{k_{ij}\, j} = \operatorname{reduce}(x_{k_{ij}\, j}, s_{ij}, \dots)`,
  call: (
    x: TensorLike,
    dim: number,
    index: TensorLike,
    source: TensorLike,
    reduce: ScatterReduction,
    options?: ScatterReduceOptions,
  ) => {
    checkOptions("scatterReduce", options, ["includeSelf"]);
    if (!reductions.includes(reduce)) {
      throw new ArgumentError(
        `scatterReduce: unknown reduction ${quoted(reduce)}. Known: ${reductions.join(", ")}.`,
        { reduce },
      );
    }
    const call = scatterCall("scatterReduce", x, dim, index, source);
    const includeSelf = options?.includeSelf ?? true;
    return { operands: call.operands, options: { ...call.options, reduce, includeSelf } };
  },
  kinds: ["any", "any", "index"],
  shape: ([x]) => x!.shape,
  forward: ([x, source, index], y, { dim, reduce, includeSelf }) => {
    checkIndices("scatterReduce", index!, lengthAlong(x!, dim), dim, x!.shape);
    reduceAlong(contiguousOperand(x!), y, dim, index!, source!, reduce, includeSelf);
  },
  vjp: ([cotangent], node) => {
    const [x, source, index] = [node.operand(0), node.operand(1), node.operand(2)];
    const needsResult = node.options.reduce !== "sum" && node.options.reduce !== "mean";
    const result = needsResult ? node.result : cotangent!;
    return [...gradientsOf(cotangent!, x, source, index, result, node.options), null];
  },
  batch: (operands, batched, { dim, reduce, includeSelf }) =>
    scatterAll(
      (x, along, index, source) => scatterReduce(x, along, index, source, reduce, { includeSelf }),
      operands,
      batched,
      dim,
    ),
  samples: [
    (draw) => {
      const shape = draw.shape(1, 3);
      const dim = draw.dim(shape.length);
      const along = normalizeDim("", dim, shape.length);
      const chosen = shape.map((length, d) =>
        d === along ? draw.integer(0, 4) : draw.integer(0, length),
      );
      const index = draw.indices(chosen, shape[along]!);
      const reduce = draw.pick(reductions);
      // Numbers from two grids that never meet: no extremum is shared.
      const x = draw.tensor(shape, within(-2, 2, { avoid: [0], distinct: true }));
      const source = draw.tensor(chosen, within(-2.0171, 2.0133, { avoid: [0], distinct: true }));
      return [x, dim, index, source, reduce, { includeSelf: draw.boolean() }];
    },
    (draw) => [
      draw.tensor([]),
      0,
      draw.indices([2], 1),
      draw.tensor([2]),
      draw.pick(["sum", "mean"]),
    ],
  ],
  rejects: [
    {
      call: () => [zeros([2]), 0, [2], zeros([1]), "sum"],
      message: /index 2 at \[0\] is out of range at dimension 0 of shape \[2\]/,
      type: IndexError,
    },
    {
      call: () => [zeros([2]), 0, [0], zeros([1]), "max"],
      message: /unknown reduction "max". Known: sum, mean, prod, amax, amin/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([2]), 0, [0, 1], zeros([1]), "sum"],
      message: /reaches beyond the source/,
      type: ShapeError,
    },
    {
      call: () => [zeros([2]), 0, [0], 1, "sum", { self: true }],
      message: /unknown option "self"/,
    },
  ],
  edges: [
    {
      note: "ties share the gradient",
      call: () => [tensor([3, 0]), 0, [0, 0], tensor([3, 3]), "amax"],
      result: [3, 0],
      gradients: [
        [1 / 3, 1],
        [1 / 3, 1 / 3],
      ],
    },
    {
      note: "without self, ties with it do not count",
      call: () => [tensor([3, 0]), 0, [0, 0], tensor([3, 3]), "amax", { includeSelf: false }],
      result: [3, 0],
      gradients: [
        [0, 1],
        [0.5, 0.5],
      ],
    },
    {
      note: "products with one zero and with two",
      call: () => [tensor([2, 2]), 0, [0, 0, 1, 1], tensor([0, 5, 0, 0]), "prod"],
      result: [0, 0],
      gradients: [
        [0, 0],
        [10, 0, 0, 0],
      ],
    },
    {
      note: "NaN is the extremum",
      call: () => [tensor([1]), 0, [0], tensor([Number.NaN]), "amin"],
      result: [Number.NaN],
    },
  ],
});
