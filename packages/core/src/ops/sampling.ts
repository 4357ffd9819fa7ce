/**
 * Drawing by given probabilities. The draws are whole numbers, so nothing has a gradient here.
 */
import type { TensorLike } from "../creation.ts";
import { newTensor, toTensor } from "../creation.ts";
import { isFloating } from "../dtype.ts";
import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkOptions,
  DTypeError,
  ShapeError,
} from "../errors.ts";
import { drawing } from "../graph/capture.ts";
import { contiguousOperand } from "../op.ts";
import type { Generator } from "../random/generator.ts";
import { checkGenerator } from "../random/generator.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Options of draws. */
export interface SamplingOptions {
  /** Where the random numbers come from; the default generator unless given. */
  generator?: Generator;
}

/** Options of {@link multinomial}. */
export interface MultinomialOptions extends SamplingOptions {
  /** Whether a place may be drawn again; not unless said so. */
  replacement?: boolean;
}

/** The probabilities as a floating tensor. */
function readProbabilities(where: string, given: TensorLike): Tensor {
  const x = toTensor(where, given);
  if (!isFloating(x.dtype)) {
    throw new DTypeError(
      `${where}: probabilities are float32 or float64, not ${x.dtype}. Convert them: x.to("float32").`,
      { dtype: x.dtype },
    );
  }
  return x;
}

/**
 * 1 with the probability that each element of p gives, else 0; in the shape and type of p. It has no gradient.
 *
 * @throws {ArgumentError} when a probability does not lie from 0 to 1, or for an unknown option.
 * @throws {DTypeError} when p is not of a floating type.
 * @example
 * import { bernoulli, tensor } from "@chainrule/core";
 * bernoulli(tensor([0, 1, 1, 0])); // → tensor([0, 1, 1, 0])
 */
export function bernoulli(p: TensorLike, options?: SamplingOptions): Tensor {
  checkOptions("bernoulli", options, ["generator"]);
  const generator = checkGenerator("bernoulli", options?.generator);
  const x = readProbabilities("bernoulli", p);
  return drawing({ dtype: x.dtype, shape: x.shape }, [x], ([given]) => {
    const probabilities = given!.toTypedArray();
    for (const probability of probabilities) {
      if (!(probability >= 0 && probability <= 1)) {
        throw new ArgumentError(
          `bernoulli: a probability lies from 0 to 1, not at ${probability}. Use sigmoid for logits.`,
          { probability },
        );
      }
    }
    const drawn = newTensor(x.dtype, x.shape);
    for (let i = 0; i < probabilities.length; i++) {
      drawn.storage.data[i] = generator.chance(probabilities[i]!) ? 1 : 0;
    }
    return drawn;
  });
}

/**
 * `count` places drawn by weights, as int32: for weights of shape [n] the result is [count], for [m, n] it is [m, count].
 *
 * Place i is drawn with probability wᵢ/Σw; without replacement (the default), one draw after the other among the places
 * that are left. Weights need not add up to 1. It has no gradient.
 *
 * @throws {ArgumentError} when a weight is negative or not finite, when too few are positive, or for an unknown option.
 * @throws {DTypeError} when the weights are not of a floating type.
 * @throws {ShapeError} when the weights do not have one or two dimensions.
 * @example
 * import { multinomial, tensor } from "@chainrule/core";
 * multinomial(tensor([0, 3, 0]), 2, { replacement: true }); // → tensor([1, 1], dtype=int32)
 */
export function multinomial(
  weights: TensorLike,
  count: number,
  options?: MultinomialOptions,
): Tensor {
  checkOptions("multinomial", options, ["generator", "replacement"]);
  checkInteger("multinomial", "count", count, 1);
  const generator = checkGenerator("multinomial", options?.generator);
  const replacement = checkBoolean("multinomial", "replacement", options?.replacement, false);
  const x = readProbabilities("multinomial", weights);
  if (x.ndim < 1 || x.ndim > 2) {
    throw new ShapeError(
      `multinomial: weights have one or two dimensions, not shape ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  const length = x.shape[x.ndim - 1]!;
  const rows = x.ndim === 2 ? x.shape[0]! : 1;
  const shape = x.ndim === 2 ? [rows, count] : [count];
  return drawing({ dtype: "int32", shape }, [x], ([given]) => {
    const { storage, offset } = contiguousOperand(given!);
    for (let row = 0; row < rows; row++) {
      checkWeights(storage.data, offset + row * length, length, replacement ? 1 : count);
    }
    const drawn = newTensor("int32", shape);
    const places = drawn.storage.data;
    const draw = replacement ? drawAgainAndAgain : drawEachOnce;
    for (let row = 0; row < rows; row++) {
      draw(storage.data, offset + row * length, length, generator, places, row * count, count);
    }
    return drawn;
  });
}

/** Refuses weights of which fewer than `least` are positive. */
function checkWeights(
  weights: ArrayLike<number>,
  start: number,
  length: number,
  least: number,
): void {
  let positive = 0;
  for (let i = 0; i < length; i++) {
    const weight = weights[start + i]!;
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new ArgumentError(
        `multinomial: weights are finite and at least 0, but place ${i} has ${weight}.`,
        { place: i, weight },
      );
    }
    if (weight > 0) positive++;
  }
  if (positive < least) {
    throw new ArgumentError(
      least === 1
        ? "multinomial: no weight is positive, so there is nothing to draw."
        : `multinomial: ${least} places cannot be drawn without replacement where ${positive} weights are positive. Give { replacement: true }, or draw fewer.`,
      { wanted: least, positive },
    );
  }
}

/** Each draw by itself: the first place up to which the sum of the weights exceeds a uniform share of the total. */
function drawAgainAndAgain(
  weights: ArrayLike<number>,
  start: number,
  length: number,
  generator: Generator,
  places: { [index: number]: number },
  to: number,
  count: number,
): void {
  const sums = new Float64Array(length);
  let total = 0;
  let last = 0;
  for (let i = 0; i < length; i++) {
    total += weights[start + i]!;
    sums[i] = total;
    if (weights[start + i]! > 0) last = i;
  }
  for (let k = 0; k < count; k++) {
    const share = generator.uniform() * total;
    let low = 0;
    // Rounding may give the total itself: the last place with a weight is drawn then.
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! > share) high = middle;
      else low = middle + 1;
    }
    places[to + k] = low;
  }
}

/**
 * Exponential clocks with the weights as rates: the order in which they ring is that of drawing one after the other, since
 * the first of them is i with probability wᵢ/Σw, and those that are left have no memory.
 */
function drawEachOnce(
  weights: ArrayLike<number>,
  start: number,
  length: number,
  generator: Generator,
  places: { [index: number]: number },
  to: number,
  count: number,
): void {
  const clocks: { readonly place: number; readonly time: number }[] = [];
  for (let i = 0; i < length; i++) {
    const time = generator.exponential() / weights[start + i]!;
    clocks.push({ place: i, time });
  }
  clocks.sort((a, b) => a.time - b.time);
  for (let k = 0; k < count; k++) places[to + k] = clocks[k]!.place;
}
