/**
 * What all reductions share: their arguments, their options as the graph holds them, and how `vmap`
 * applies them.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor, zeros } from "../creation.ts";
import { ArgumentError, checkBoolean, checkOptions, IndexError, ShapeError } from "../errors.ts";
import type { BatchRule } from "../graph/node.ts";
import type { Call } from "../op.ts";
import type { Domain, Rejection, Sample } from "../samples.ts";
import type { Dims, Shape } from "../shape.ts";
import { formatShape, normalizeDim, normalizeDims, reducedShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { expand } from "./expand.ts";
import { reshape } from "./reshape.ts";

/** Options of reductions. */
export interface ReductionOptions {
  /** Keep reduced dimensions with length 1. */
  keepdim?: boolean;
}

/** What a reduction notes in the graph. */
export interface Reduction {
  /** The dimensions, counted from the front, in rising order. */
  readonly dim: readonly number[];
  readonly keepdim: boolean;
}

/** The operand and the options of a reduction: `(x, dim?, options?)`, or the options alone. */
export function readReduction(
  where: string,
  given: TensorLike,
  dim: Dims | ReductionOptions | undefined,
  options: ReductionOptions | undefined,
): Call<Reduction> {
  const { x, dims, rest } = splitArguments(where, given, dim, options);
  checkOptions(where, rest, ["keepdim"]);
  return { operands: [x], options: reductionOf(where, x, dims, rest?.keepdim) };
}

/** Tells the dimensions of a reduction from its options, which may stand in their place. */
export function splitArguments<O extends object>(
  where: string,
  given: TensorLike,
  dim: Dims | O | undefined,
  options: O | undefined,
): { x: Tensor; dims: Dims | undefined; rest: O | undefined } {
  const x = toTensor(where, given);
  if (options === undefined && typeof dim === "object" && !Array.isArray(dim)) {
    return { x, dims: undefined, rest: dim as O };
  }
  return { x, dims: dim as Dims | undefined, rest: options };
}

/** The canonical form of a reduction's options. No dimension named, or an empty list: all of them. */
export function reductionOf(
  where: string,
  x: Tensor,
  dims: Dims | undefined,
  keepdim: unknown,
): Reduction {
  const named = Array.isArray(dims) && dims.length === 0 ? undefined : dims;
  return {
    dim: normalizeDims(where, named, x.ndim),
    keepdim: checkBoolean(where, "keepdim", keepdim, false),
  };
}

/** The shape that a reduction leaves. */
export function shapeAfter(x: Tensor, { dim, keepdim }: Reduction): Shape {
  return reducedShape(x.shape, dim, keepdim);
}

/** The number of elements in a lane. */
export function laneLength(shape: Shape, { dim }: Reduction): number {
  return dim.reduce((length, i) => length * shape[i]!, 1);
}

/** Refuses lanes without elements, for reductions that have no value for them. */
export function refuseEmptyLanes(where: string, x: Tensor, { dim }: Reduction): void {
  for (const i of dim) {
    if (x.shape[i] === 0) {
      throw new ShapeError(
        `${where}: dimension ${i} of shape ${formatShape(x.shape)} has length 0, so there is nothing to choose from. Name another dimension, or check for emptiness first.`,
        { shape: x.shape, dim: i },
      );
    }
  }
}

/** `y` with the reduced dimensions back, of length 1, so that it broadcasts against the operand. */
export function restored(y: Tensor, shape: Shape, { dim, keepdim }: Reduction): Tensor {
  return keepdim || dim.length === 0 ? y : reshape(y, reducedShape(shape, dim, true));
}

/** `y` repeated over the lanes it was reduced from. */
export function spread(y: Tensor, shape: Shape, reduction: Reduction): Tensor {
  return expand(restored(y, shape, reduction), shape);
}

/**
 * The batch rule of a reduction: the samples lie along dimension 0, so every dimension moves back by
 * one. A 0-d sample is one lane of one element.
 */
export function reductionBatch<O extends Reduction>(
  apply: (x: Tensor, options: O) => Tensor,
): BatchRule<O> {
  return ([samples], _batched, options) => {
    const x = samples!;
    if (x.ndim === 1) {
      return apply(reshape(x, [x.shape[0]!, 1]), { ...options, dim: [1], keepdim: false });
    }
    return apply(x, { ...options, dim: options.dim.map((i) => i + 1) });
  };
}

/** What an op along one dimension notes in the graph. */
export interface Along {
  /** The dimension, counted from the front. */
  readonly dim: number;
}

/** Refuses anything but one dimension of `x`. */
export function checkDim(where: string, x: Tensor, dim: unknown): number {
  return normalizeDim(where, dim as number, x.ndim);
}

/**
 * The batch rule of an op along one dimension, for operands of one rank: what is the same for all
 * samples is repeated, and the dimension moves back by one.
 */
export function alongBatch<O extends Along>(
  apply: (operands: readonly Tensor[], options: O) => Tensor,
): BatchRule<O> {
  return (operands, batched, options) => {
    const [samples] = operands[batched.indexOf(true)]!.shape;
    const rank = operands[0]!.ndim - (batched[0] ? 1 : 0);
    const all = operands.map((operand, i) => {
      const repeated = batched[i] ? operand : expand(operand, [samples!, ...operand.shape]);
      return rank === 0 ? reshape(repeated, [samples!, 1]) : repeated;
    });
    const y = apply(all, { ...options, dim: options.dim + 1 });
    return rank === 0 ? reshape(y, [samples!]) : y;
  };
}

/** The batch rule of an op along one dimension with one operand and several results. */
export function alongBatchOfMany<O extends Along, Results extends Readonly<Record<string, Tensor>>>(
  apply: (x: Tensor, options: O) => Results,
): BatchRule<O> {
  return ([samples], _batched, options) => {
    const x = samples!;
    const shifted = { ...options, dim: options.dim + 1 };
    if (x.ndim > 1) return apply(x, shifted);
    // Of 0-d samples, the results are 0-d as well.
    const results = apply(reshape(x, [x.shape[0]!, 1]), shifted);
    return Object.fromEntries(
      Object.entries(results).map(([name, result]) => [name, reshape(result, x.shape)]),
    );
  };
}

/** Calls over all, one and several dimensions, kept and not. `least`: the shortest length. */
export function reductionSamples(domain: Domain, least = 0): readonly Sample[] {
  return [
    (draw) => [draw.tensor(draw.shape(0, 4, least), domain)],
    (draw) => {
      const x = draw.tensor(draw.shape(1, 4, least), domain);
      return [x, draw.dim(x.ndim), { keepdim: draw.boolean() }];
    },
    (draw) => {
      const x = draw.tensor(draw.shape(2, 4, least), domain);
      return [x, draw.pick([[0, -1], [1], [1, 0]]), { keepdim: draw.boolean() }];
    },
    (draw) => [draw.tensor(draw.shape(0, 3, least), domain), { keepdim: true }],
    (draw) => [draw.tensor([], domain), draw.pick([0, -1])],
  ];
}

/** Calls along one dimension, of any length and place. */
export function alongSamples(domain: Domain, least = 0): readonly Sample[] {
  return [
    (draw) => {
      const x = draw.tensor(draw.shape(1, 4, least), domain);
      return [x, draw.dim(x.ndim)];
    },
    (draw) => [draw.tensor([], domain), draw.pick([0, -1])],
  ];
}

/** What every reduction over several dimensions refuses. */
export const reductionRejects: readonly Rejection[] = [
  {
    call: () => [zeros([2, 3]), 2],
    message: /dim 2 is out of range for 2 dimensions/,
    type: IndexError,
  },
  { call: () => [zeros([2, 3]), [0, -2]], message: /dim 0 is named twice/, type: IndexError },
  {
    call: () => [zeros([2, 3]), 0, { keepDim: true }],
    message: /unknown option "keepDim"/,
    type: ArgumentError,
  },
  {
    call: () => [zeros([2, 3]), 0, { keepdim: 1 }],
    message: /keepdim must be true or false, not 1/,
    type: ArgumentError,
  },
];

/** What every op along one dimension refuses. */
export const alongRejects: readonly Rejection[] = [
  {
    call: () => [zeros([2, 3]), 2],
    message: /dim 2 is out of range for 2 dimensions/,
    type: IndexError,
  },
  { call: () => [zeros([2, 3])], message: /dim undefined is out of range/, type: IndexError },
];
