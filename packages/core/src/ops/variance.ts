/**
 * Variance and standard deviation.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { ArgumentError, checkBoolean, checkNumber, checkOptions } from "../errors.ts";
import { varianceOver } from "../kernels/moments.ts";
import type { Call, KernelLiteral, Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { within } from "../samples.ts";
import type { Dims, Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { eq } from "./comparison.ts";
import { div } from "./division.ts";
import type { Reduction, ReductionOptions } from "./reduction.ts";
import {
  laneLength,
  reductionBatch,
  reductionOf,
  reductionRejects,
  reductionSamples,
  restored,
  shapeAfter,
  splitArguments,
} from "./reduction.ts";
import { where } from "./selection.ts";
import { mean } from "./sum.ts";

const distinct = within(-3, 3, { distinct: true });

/** Options of variances. */
export interface VarianceOptions extends ReductionOptions {
  /** What is taken off the number of elements n in the divisor n − correction; 1 unless given. */
  correction?: number;
  /** `false` is a correction of 0, `true` one of 1. */
  unbiased?: boolean;
}

/** What a variance notes in the graph. */
interface Variance extends Reduction {
  readonly correction: number;
}

function readVariance(
  where: string,
  given: TensorLike,
  dim: Dims | VarianceOptions | undefined,
  options: VarianceOptions | undefined,
): Call<Variance> {
  const { x, dims, rest } = splitArguments(where, given, dim, options);
  checkOptions(where, rest, ["keepdim", "correction", "unbiased"]);
  if (rest?.correction !== undefined && rest.unbiased !== undefined) {
    throw new ArgumentError(
      `${where}: correction and unbiased say the same thing; give one of them.`,
      { correction: rest.correction, unbiased: rest.unbiased },
    );
  }
  const unbiased = checkBoolean(where, "unbiased", rest?.unbiased, true);
  const correction = checkNumber(where, "correction", rest?.correction ?? (unbiased ? 1 : 0));
  return { operands: [x], options: { ...reductionOf(where, x, dims, rest?.keepdim), correction } };
}

/** n − correction, or 0 where that is negative. */
function divisorOf(shape: Shape, options: Variance): number {
  return Math.max(laneLength(shape, options) - options.correction, 0);
}

/** What `var` and `std` have in common. */
function spreadLiteral(
  name: "var" | "std",
): KernelLiteral<
  [x: TensorLike, dim?: Dims | VarianceOptions, options?: VarianceOptions],
  Variance
> {
  const formula = String.raw`\frac{1}{n - c} \sum_i (x_i - \mu)^2, \quad \mu = \frac{1}{n} \sum_i x_i`;
  return {
    name,
    formula: name === "var" ? `y = ${formula}` : `y^2 = ${formula}`,
    call: (x, dim, options) => readVariance(name, x, dim, options),
    shape: ([x], options) => shapeAfter(x!, options),
    forward: ([x], y, options) =>
      varianceOver(x!, options.dim, divisorOf(x!.shape, options), name === "std", y),
    vjp: [
      (cotangent, node) => {
        const { a: x, options } = node;
        const { shape } = x;
        const deviations = sub(x, mean(x, options.dim, { keepdim: true }));
        const whole = restored(cotangent, shape, options);
        const divisor = divisorOf(shape, options);
        if (name === "var") return mul(mul(whole, 2 / divisor), deviations);
        // Equal elements have deviation 0, and gradient 0: dividing by ∞ gives it in every order.
        const deviation = restored(node.result, shape, options);
        const safe = where(eq(deviation, 0), Number.POSITIVE_INFINITY, deviation);
        return mul(div(mul(whole, 1 / divisor), safe), deviations);
      },
    ],
    batch: reductionBatch((x, { dim, keepdim, correction }) =>
      (name === "var" ? variance : std)(x, dim, { keepdim, correction }),
    ),
    samples: [
      (draw) => [draw.tensor(draw.shape(1, 4, 2), distinct)],
      ...reductionSamples(distinct, 2).slice(1, 3),
      (draw) => [draw.tensor(draw.shape(1, 3, 2), distinct), { keepdim: true }],
      (draw) => {
        const x = draw.tensor([draw.length(3), draw.length(3)], distinct);
        return [x, draw.dim(2), { correction: draw.pick([0, 0.5, 2]) }];
      },
      (draw) => [draw.tensor([draw.length(2)], distinct), { unbiased: draw.boolean() }],
      (draw) => [draw.tensor([0, draw.length(2)], distinct), 1],
    ],
    rejects: [
      ...reductionRejects,
      {
        call: () => [zeros([2]), { correction: 1, unbiased: true }],
        message: /correction and unbiased say the same thing/,
        type: ArgumentError,
      },
      {
        call: () => [zeros([2]), { correction: Number.NaN }],
        message: /correction must be a number, not NaN/,
        type: ArgumentError,
      },
    ],
    edges: [
      { note: "one element, corrected", call: () => [tensor([3])], result: [Number.NaN] },
      {
        note: "one element, uncorrected",
        call: () => [tensor([3]), { unbiased: false }],
        result: [0],
        gradients: [[0]],
      },
      {
        note: "equal elements: no gradient",
        call: () => [tensor([0.1, 0.1, 0.1])],
        result: [0],
        gradients: [[0, 0, 0]],
      },
      { note: "no elements", call: () => [zeros([0])], result: [Number.NaN], gradients: [[]] },
    ],
  };
}

/**
 * The variance of all elements, or along dimensions.
 *
 * Σᵢ (xᵢ − mean)² / (n − correction), in double precision inside. The correction is 1 unless given
 * (the unbiased estimate); `{ unbiased: false }` makes it 0. NaN where n − correction is 0 and all
 * deviations are. Whole numbers become the default floating type. The result has the shape of x
 * without the dimensions `dim`; `{ keepdim: true }` keeps them with length 1.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option, or both `correction` and `unbiased`.
 * @example
 * import { tensor } from "@chainrule/core";
 * const x = tensor([1, 2, 3, 4]);
 * x.var({ correction: 0 }); // → tensor(1.25)
 */
export const variance: Op<
  (x: TensorLike, dim?: Dims | VarianceOptions, options?: VarianceOptions) => Tensor
> = defineOp(spreadLiteral("var"));

/**
 * The standard deviation of all elements, or along dimensions: the root of the variance.
 *
 * Options, shapes and conventions are those of `var`. Where all elements are equal it is 0, and so
 * is its gradient.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option, or both `correction` and `unbiased`.
 * @example
 * import { std, tensor } from "@chainrule/core";
 * std(tensor([1, 3, 5])); // → tensor(2)
 */
export const std: Op<
  (x: TensorLike, dim?: Dims | VarianceOptions, options?: VarianceOptions) => Tensor
> = defineOp(spreadLiteral("std"));

/**
 * Variance and mean together: `[variance, mean]`. Arguments and conventions are those of `var`.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option, or both `correction` and `unbiased`.
 * @example
 * import { tensor, varMean } from "@chainrule/core";
 * const [variance, mean] = varMean(tensor([1, 3, 5]));
 * variance; // → tensor(4)
 * mean; // → tensor(3)
 */
export function varMean(
  x: TensorLike,
  dim?: Dims | VarianceOptions,
  options?: VarianceOptions,
): [variance: Tensor, mean: Tensor] {
  return [variance(x, dim, options), meanAlike("varMean", x, dim, options)];
}

/**
 * Standard deviation and mean together: `[deviation, mean]`. Arguments and conventions are those of
 * `std`.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option, or both `correction` and `unbiased`.
 * @example
 * import { stdMean, tensor } from "@chainrule/core";
 * stdMean(tensor([1, 3, 5]))[0]; // → tensor(2)
 */
export function stdMean(
  x: TensorLike,
  dim?: Dims | VarianceOptions,
  options?: VarianceOptions,
): [deviation: Tensor, mean: Tensor] {
  return [std(x, dim, options), meanAlike("stdMean", x, dim, options)];
}

/** The mean over the dimensions of a variance. */
function meanAlike(
  where: string,
  given: TensorLike,
  dim: Dims | VarianceOptions | undefined,
  options: VarianceOptions | undefined,
): Tensor {
  const { x, dims, rest } = splitArguments(where, given, dim, options);
  const { dim: all, keepdim } = reductionOf(where, x, dims, rest?.keepdim);
  return mean(x, all, { keepdim });
}
