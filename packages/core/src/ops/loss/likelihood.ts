/**
 * Divergence of distributions, and likelihoods of counts and of measurements with an uncertainty.
 */
import type { TensorLike } from "../../creation.ts";
import {
  ArgumentError,
  checkBoolean,
  checkNumber,
  checkOptions,
  quoted,
  ShapeError,
} from "../../errors.ts";
import { checking } from "../../graph/capture.ts";
import { toOperands } from "../../record.ts";
import { broadcastShapes, formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul, sub } from "../arithmetic.ts";
import { eq, gt } from "../comparison.ts";
import { unsqueeze } from "../dimensions.ts";
import { div } from "../division.ts";
import { exp, log } from "../exponential.ts";
import { square } from "../power.ts";
import { where as choose, maximum } from "../selection.ts";
import type { LossOptions, LossReduction } from "./reduction.ts";
import { alike, readLossOptions, reduced } from "./reduction.ts";

/** Options of {@link klDiv}. */
export interface KlDivOptions {
  /** As for other losses, or `"batchmean"`: the sum divided by the length of dimension 0, the divergence itself. */
  reduction?: LossReduction | "batchmean" | undefined;
  /** Whether the target holds log-probabilities, too. */
  logTarget?: boolean | undefined;
}

/**
 * The Kullback–Leibler divergence of the target from the input, which holds log-probabilities: t·(ln t − x).
 *
 * A target of 0 adds 0. With `logTarget`, eᵗ·(t − x). The mean is that over all elements, as in PyTorch; the divergence of the
 * distributions in the rows of a matrix is `{ reduction: "batchmean" }`.
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { klDiv, tensor } from "@chainrule/core";
 * const input = tensor([[0.5, 0.5]]).log();
 * klDiv(input, tensor([[1, 0]]), { reduction: "batchmean" }); // → tensor(0.6931)
 */
export function klDiv(input: TensorLike, target: TensorLike, options: KlDivOptions = {}): Tensor {
  checkOptions("klDiv", options, ["reduction", "logTarget"]);
  const { reduction = "mean" } = options;
  const logTarget = checkBoolean("klDiv", "logTarget", options.logTarget, false);
  const isBatchMean = reduction === "batchmean";
  const plain = isBatchMean ? "sum" : readKlReduction(reduction);
  const [x, t] = alike("klDiv", input, target);
  const total = reduced(logTarget ? mul(exp(t), sub(t, x)) : sub(entropyTerm(t), mul(t, x)), plain);
  return isBatchMean ? div(total, x.ndim === 0 ? 1 : x.shape[0]!) : total;
}

function readKlReduction(reduction: unknown): LossReduction {
  if (reduction === "mean" || reduction === "sum" || reduction === "none") return reduction;
  throw new ArgumentError(
    `klDiv: reduction must be "batchmean", "mean", "sum" or "none", not ${quoted(reduction)}.`,
    { reduction },
  );
}

/** t·ln t, and 0 for t = 0. */
function entropyTerm(t: Tensor): Tensor {
  const isZero = eq(t, 0);
  // The logarithm is kept away from 0, so that no infinity meets the zero gradient of the branch not taken.
  return choose(isZero, 0, mul(t, log(choose(isZero, 1, t))));
}

/** Options of {@link poissonNllLoss}. */
export interface PoissonNllLossOptions extends LossOptions {
  /** Whether the input is the logarithm of the expected count; true unless given. */
  logInput?: boolean | undefined;
  /** Whether to add Stirling's approximation of ln t!, which training does not need. */
  full?: boolean | undefined;
  /** Keeps the logarithm of an expected count from 0; 1e-8 unless given. */
  eps?: number | undefined;
}

/**
 * The negative log-likelihood of counts under Poisson distributions, up to a constant: eˣ − t·x, or without `logInput`
 * x − t·ln(x + eps).
 *
 * With `full`, t·ln t − t + ½·ln(2πt) is added where t > 1.
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { poissonNllLoss, tensor } from "@chainrule/core";
 * poissonNllLoss(tensor([0, 1]), tensor([1, 0]), { reduction: "none" }); // → tensor([1.0000, 2.7183])
 */
export function poissonNllLoss(
  input: TensorLike,
  target: TensorLike,
  options: PoissonNllLossOptions = {},
): Tensor {
  const where = "poissonNllLoss";
  const reduction = readLossOptions(where, options, ["logInput", "full", "eps"]);
  const logInput = checkBoolean(where, "logInput", options.logInput, true);
  const full = checkBoolean(where, "full", options.full, false);
  const eps = checkNumber(where, "eps", options.eps ?? 1e-8);
  const [x, t] = alike(where, input, target);
  const losses = logInput ? sub(exp(x), mul(t, x)) : sub(x, mul(t, log(add(x, eps))));
  return reduced(full ? add(losses, stirling(t)) : losses, reduction);
}

/** ln t! ≈ t·ln t − t + ½·ln(2πt) for t > 1, else 0. */
function stirling(t: Tensor): Tensor {
  const counts = gt(t, 1);
  const safe = choose(counts, t, 1);
  const terms = add(sub(mul(safe, log(safe)), safe), mul(log(mul(safe, 2 * Math.PI)), 0.5));
  return choose(counts, terms, 0);
}

/** Options of {@link gaussianNllLoss}. */
export interface GaussianNllLossOptions extends LossOptions {
  /** Whether to add the constant ½·ln 2π. */
  full?: boolean | undefined;
  /** The least variance; 1e-6 unless given. */
  eps?: number | undefined;
}

/**
 * The negative log-likelihood of targets under normal distributions with mean x and variance v:
 * ½·(ln v + (x − t)²/v).
 *
 * The variance has the shape of the input, or that without the last dimension, or 1 there: one variance for several numbers.
 * Where it is below eps, eps stands in its place, and the gradient passes as if it did not (as in PyTorch).
 *
 * @throws {ShapeError} when the variance fits none of these, or target and input do not broadcast.
 * @throws {ArgumentError} for a negative variance, an eps that is not positive, an unknown option.
 * @example
 * import { gaussianNllLoss, tensor } from "@chainrule/core";
 * gaussianNllLoss(tensor([1, 2]), tensor([1, 4]), tensor([1, 2])); // → tensor(0.6733)
 */
export function gaussianNllLoss(
  input: TensorLike,
  target: TensorLike,
  variance: TensorLike,
  options: GaussianNllLossOptions = {},
): Tensor {
  const where = "gaussianNllLoss";
  const reduction = readLossOptions(where, options, ["full", "eps"]);
  const full = checkBoolean(where, "full", options.full, false);
  const eps = checkNumber(where, "eps", options.eps ?? 1e-6);
  if (eps <= 0) throw new ArgumentError(`${where}: eps must be positive, not ${eps}.`, { eps });
  const [x, t, given] = toOperands(where, [input, target, variance]) as [Tensor, Tensor, Tensor];
  const v = fittedVariance(where, x, given);
  broadcastShapes(where, broadcastShapes(where, x.shape, t.shape), v.shape);
  if (v.batch === null) {
    checking([v], ([variances]) => {
      const odd = variances!.toTypedArray().find((value) => value < 0);
      if (odd === undefined) return;
      throw new ArgumentError(`${where}: a variance is at least 0, not ${odd}.`, { variance: odd });
    });
  }
  const lifted = add(v, sub(maximum(v.detach(), eps), v.detach()));
  const losses = mul(add(log(lifted), div(square(sub(x, t)), lifted)), 0.5);
  return reduced(full ? add(losses, 0.5 * Math.log(2 * Math.PI)) : losses, reduction);
}

/** The variance, shaped so that it broadcasts against the input. */
function fittedVariance(where: string, x: Tensor, v: Tensor): Tensor {
  if (sameShape(v.shape, x.shape) || v.ndim === 0) return v;
  if (sameShape(v.shape, x.shape.slice(0, -1))) return unsqueeze(v, -1);
  if (
    v.ndim === x.ndim &&
    v.shape[v.ndim - 1] === 1 &&
    sameShape(v.shape.slice(0, -1), x.shape.slice(0, -1))
  )
    return v;
  throw new ShapeError(
    `${where}: the variance has shape ${formatShape(v.shape)}, which must be that of the input, ${formatShape(x.shape)}, or that without the last dimension, or with 1 there.`,
    { variance: v.shape, input: x.shape },
  );
}
