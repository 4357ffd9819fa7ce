/**
 * Random numbers whose distribution has parameters. They are drawn by transforming standard ones, so gradients flow to the
 * parameters (reparameterisation).
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import type { DType } from "../dtype.ts";
import { getDefaultDType, isFloating } from "../dtype.ts";
import { ArgumentError, checkOptions, ShapeError } from "../errors.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { div } from "../ops/division.ts";
import type { RandomOptions } from "../random.ts";
import { rand, randn, standardExponential, standardGumbel } from "../random.ts";
import { meetAll, toOperands } from "../record.ts";
import type { Shape } from "../shape.ts";
import { broadcastAll, checkShape, formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Generator } from "./generator.ts";

/** Options of distributions with parameters. */
export interface DistributionOptions {
  /** Where the numbers come from; the default generator unless given. */
  generator?: Generator;
  /** The element type, if the parameters are plain numbers; theirs otherwise. */
  dtype?: "float32" | "float64";
}

/** Standard numbers of a shape. */
type DrawStandard = (shape: Shape, options: RandomOptions) => Tensor;

/** The parameters as tensors, and standard numbers in the shape in which they meet, or in the one given. */
function withNoise(
  where: string,
  given: readonly TensorLike[],
  shape: Shape | DistributionOptions | undefined,
  options: DistributionOptions | undefined,
  draw: DrawStandard,
): { parameters: Tensor[]; noise: Tensor } {
  const hasShape = Array.isArray(shape);
  const rest = hasShape || shape === undefined ? options : (shape as DistributionOptions);
  checkOptions(where, rest, ["generator", "dtype"]);
  const numbers = given.every((parameter) => typeof parameter === "number");
  const parameters = numbers
    ? given.map((parameter) => toTensor(where, parameter, rest?.dtype ?? getDefaultDType()))
    : toOperands(where, given);
  const dtype: DType = rest?.dtype ?? floating(meetAll(parameters));
  const met = broadcastAll(
    where,
    parameters.map((parameter) => parameter.shape),
  );
  const whole = hasShape ? checkShape(where, shape) : met;
  if (!sameShape(broadcastAll(where, [whole, met]), whole)) {
    throw new ShapeError(
      `${where}: parameters of shape ${formatShape(met)} do not broadcast to ${formatShape(whole)}. Give a larger shape.`,
      { parameters: met, shape: whole },
    );
  }
  const from = rest?.generator === undefined ? {} : { generator: rest.generator };
  return { parameters, noise: draw(whole, { dtype, ...from }) };
}

function floating(dtype: DType): DType {
  return isFloating(dtype) ? dtype : getDefaultDType();
}

/** Refuses a plain number that is no positive one. Tensors are taken as they are. */
function refuseUnless(
  where: string,
  name: string,
  value: unknown,
  holds: (x: number) => boolean,
  what: string,
): void {
  if (typeof value === "number" && !holds(value)) {
    throw new ArgumentError(`${where}: ${name} must be ${what}, not ${value}.`, { [name]: value });
  }
}

/**
 * Normal numbers of a mean and a standard deviation: mean + std·ε with standard normal ε. Gradients flow to both.
 *
 * The shape is that in which mean and deviation meet, or the one given, to which they broadcast.
 *
 * @throws {ArgumentError} when the deviation is a negative number, or for an unknown option.
 * @throws {ShapeError} when the parameters do not broadcast.
 * @example
 * import { manualSeed, normal, tensor } from "@chainrule/core";
 * manualSeed(1);
 * const mean = tensor([0, 100], { requiresGrad: true });
 * normal(mean, 0.1).sum().backward();
 * mean.grad; // → tensor([1, 1])
 * normal(0, 1, [2, 3]).shape; // → [ 2, 3 ]
 */
export function normal(
  mean: TensorLike,
  std: TensorLike,
  shape?: Shape | DistributionOptions,
  options?: DistributionOptions,
): Tensor {
  refuseUnless("normal", "std", std, (x) => x >= 0, "a number of at least 0");
  const { parameters, noise } = withNoise("normal", [mean, std], shape, options, randn);
  return add(parameters[0]!, mul(parameters[1]!, noise));
}

/**
 * Uniform numbers from [low, high): low + (high − low)·u with u from [0, 1). Gradients flow to both ends.
 *
 * The shape is that in which both ends meet, or the one given, to which they broadcast. Rounding may give `high` itself.
 *
 * @throws {ArgumentError} when both ends are numbers and low > high, or for an unknown option.
 * @throws {ShapeError} when the parameters do not broadcast.
 * @example
 * import { manualSeed, uniform } from "@chainrule/core";
 * manualSeed(1);
 * uniform(-1, 1, [2, 3]).shape; // → [ 2, 3 ]
 */
export function uniform(
  low: TensorLike,
  high: TensorLike,
  shape?: Shape | DistributionOptions,
  options?: DistributionOptions,
): Tensor {
  if (typeof low === "number" && typeof high === "number" && !(low <= high)) {
    throw new ArgumentError(`uniform: there are no numbers from ${low} to ${high}.`, { low, high });
  }
  const { parameters, noise } = withNoise("uniform", [low, high], shape, options, rand);
  const [from, to] = parameters;
  return add(from!, mul(sub(to!, from!), noise));
}

/**
 * Exponential numbers, with density rate·exp(−rate·x) for x ≥ 0: E/rate with standard exponential E. Gradients flow to the
 * rate.
 *
 * The shape is that of the rate, or the one given, to which it broadcasts.
 *
 * @throws {ArgumentError} when the rate is a number that is not positive, or for an unknown option.
 * @throws {ShapeError} when the rate does not broadcast to the shape.
 * @example
 * import { exponential, manualSeed } from "@chainrule/core";
 * manualSeed(1);
 * exponential(2, [1000]).mean().item().toFixed(1); // → 0.5
 */
export function exponential(
  rate: TensorLike,
  shape?: Shape | DistributionOptions,
  options?: DistributionOptions,
): Tensor {
  refuseUnless("exponential", "rate", rate, (x) => x > 0, "a positive number");
  const draw: DrawStandard = (whole, rest) => standardExponential("exponential", whole, rest);
  const { parameters, noise } = withNoise("exponential", [rate], shape, options, draw);
  return div(noise, parameters[0]!);
}

/**
 * Gumbel numbers, with P(x ≤ z) = exp(−exp(−(z − location)/scale)): location + scale·G with standard G. Gradients flow to
 * both. The largest of logits plus standard Gumbel numbers is a sample of their softmax.
 *
 * The shape is that in which the parameters meet, or the one given, to which they broadcast.
 *
 * @throws {ArgumentError} when the scale is a number that is not positive, or for an unknown option.
 * @throws {ShapeError} when the parameters do not broadcast.
 * @example
 * import { gumbel, manualSeed } from "@chainrule/core";
 * manualSeed(1);
 * gumbel(0, 1, [4]).shape; // → [ 4 ]
 */
export function gumbel(
  location: TensorLike,
  scale: TensorLike,
  shape?: Shape | DistributionOptions,
  options?: DistributionOptions,
): Tensor {
  refuseUnless("gumbel", "scale", scale, (x) => x > 0, "a positive number");
  const draw: DrawStandard = (whole, rest) => standardGumbel("gumbel", whole, rest);
  const { parameters, noise } = withNoise("gumbel", [location, scale], shape, options, draw);
  return add(parameters[0]!, mul(parameters[1]!, noise));
}
