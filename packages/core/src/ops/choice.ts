/**
 * What ops share that choose one element of a lane: `max`, `min`, `median`, `kthvalue`, …
 */
import type { TensorLike } from "../creation.ts";
import { toTensor, zeros } from "../creation.ts";
import { ArgumentError, checkBoolean, checkOptions } from "../errors.ts";
import type { BatchRule, JointVJP } from "../graph/node.ts";
import type { Call } from "../op.ts";
import type { Domain, Rejection, Sample } from "../samples.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { zerosView } from "./expand.ts";
import { tieShares } from "./extremum.ts";
import { scatterAdd } from "./gather.ts";
import type { Reduction, ReductionOptions } from "./reduction.ts";
import { alongRejects, checkDim, restored, shapeAfter } from "./reduction.ts";
import { reshape } from "./reshape.ts";

/** Elements chosen along a dimension, and their places in it. */
export interface ValuesAndIndices {
  readonly values: Tensor;
  /** int32. */
  readonly indices: Tensor;
}

/** What an op that chooses one element notes in the graph. */
export interface Choice {
  /** The dimension, counted from the front; `null`: all of them. */
  readonly dim: number | null;
  readonly keepdim: boolean;
}

/** The operand and the options of a choice: `(x)` or `(x, dim, { keepdim }?)`. */
export function readChoice(
  where: string,
  given: TensorLike,
  dim: number | undefined,
  options: ReductionOptions | undefined,
): Call<Choice> {
  if (typeof dim === "object" || (dim === undefined && options !== undefined)) {
    throw new ArgumentError(
      `${where}: options need a dimension, as in ${where}(x, 0, { keepdim: true }).`,
      { dim, options },
    );
  }
  const x = toTensor(where, given);
  checkOptions(where, options, ["keepdim"]);
  const keepdim = checkBoolean(where, "keepdim", options?.keepdim, false);
  const along = dim === undefined ? null : checkDim(where, x, dim);
  return { operands: [x], options: { dim: along, keepdim } };
}

/** The same as a reduction, for a tensor of this rank. */
export function asReduction({ dim, keepdim }: Choice, rank: number): Reduction {
  if (dim === null) return { dim: Array.from({ length: rank }, (_, i) => i), keepdim };
  return { dim: rank === 0 ? [] : [dim], keepdim };
}

/** The shapes of the results: the value alone over all dimensions, value and place along one. */
export function choiceShapes(x: Tensor, choice: Choice): readonly Shape[] {
  const shape = shapeAfter(x, asReduction(choice, x.ndim));
  return choice.dim === null ? [shape] : [shape, shape];
}

/** What the user gets of these results. */
export function choiceResult(results: readonly Tensor[]): Tensor | ValuesAndIndices {
  const [values, indices] = results;
  return indices === undefined ? values! : { values: values!, indices };
}

/**
 * Along a dimension, the gradient goes to the place that was chosen. Over all dimensions, it is
 * shared evenly among all elements that equal the chosen one.
 */
export const choiceGradient: JointVJP<Choice> = ([cotangent], node) => {
  if (cotangent === null || cotangent === undefined) return [null];
  const shape = node.shapeOf(0);
  const { options } = node;
  const reduction = asReduction(options, shape.length);
  const whole = restored(cotangent, shape, reduction);
  if (options.dim === null) {
    return [mul(whole, tieShares(node.a, restored(node.result, shape, reduction), reduction))];
  }
  const indices = restored(node.resultAt(1), shape, reduction);
  return [scatterAdd(zerosView(whole, shape), options.dim, indices, whole)];
};

/** The batch rule of a choice, from the choice along a dimension and that of one number of each sample. */
export function choiceBatch<O extends Choice>(
  along: (x: Tensor, dim: number, options: O) => ValuesAndIndices,
  ofEach: (samples: Tensor) => Tensor,
): BatchRule<O> {
  return ([samples], _batched, options) => {
    const x = samples!;
    if (options.dim === null) return ofEach(x);
    if (x.ndim > 1) return { ...along(x, options.dim + 1, options) };
    return { ...along(reshape(x, [x.shape[0]!, 1]), 1, { ...options, keepdim: false }) };
  };
}

/** Calls over all dimensions and along one. */
export function choiceSamples(domain: Domain): readonly Sample[] {
  return [
    (draw) => [draw.tensor(draw.shape(0, 3), domain)],
    (draw) => {
      const x = draw.tensor(draw.shape(1, 4), domain);
      return [x, draw.dim(x.ndim), { keepdim: draw.boolean() }];
    },
    (draw) => [draw.tensor([], domain), draw.pick([0, -1])],
  ];
}

/** What every choice refuses. */
export const choiceRejects: readonly Rejection[] = [
  alongRejects[0]!,
  {
    call: () => [zeros([2]), { keepdim: true }],
    message: /options need a dimension/,
    type: ArgumentError,
  },
  {
    call: () => [zeros([2]), 0, { keepDim: true }],
    message: /unknown option "keepDim"/,
    type: ArgumentError,
  },
];
