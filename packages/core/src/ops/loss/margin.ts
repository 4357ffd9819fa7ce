/**
 * Losses that ask for a distance to keep: from a decision boundary, from another score, from other labels.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor, zeros } from "../../creation.ts";
import { ArgumentError, checkBoolean, checkNumber, quoted, ShapeError } from "../../errors.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul, neg, sub } from "../arithmetic.ts";
import { clampMin } from "../clamp.ts";
import { eq, ge, ne } from "../comparison.ts";
import { to } from "../convert.ts";
import { cumprod } from "../cumulative.ts";
import { unsqueeze } from "../dimensions.ts";
import { div } from "../division.ts";
import { gather, scatterAdd } from "../gather.ts";
import { oneHot } from "../one-hot.ts";
import { square } from "../power.ts";
import { relu } from "../rectifiers.ts";
import { reshape } from "../reshape.ts";
import { where as choose } from "../selection.ts";
import { mean, sum } from "../sum.ts";
import { factorFor, logisticTerm } from "./binary.ts";
import { checkClassShapes, checkedTargets, layoutOf, targetWeights } from "./classes.ts";
import type { LossOptions } from "./reduction.ts";
import { alike, optionalTensor, readLossOptions, reduced } from "./reduction.ts";

/** Options of losses with a margin. */
export interface MarginLossOptions extends LossOptions {
  /** The distance that costs nothing. */
  margin?: number | undefined;
}

/** Options of {@link hingeLoss}. */
export interface HingeLossOptions extends MarginLossOptions {
  /** Square each loss, which punishes large ones more and has no kink. */
  squared?: boolean | undefined;
}

/**
 * The hinge loss of scores against signs −1 and 1, as support vector machines minimise it: max(0, margin − t·x).
 *
 * `margin` is 1 unless given. The gradient at the kink is 0.
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { hingeLoss, tensor } from "@chainrule/core";
 * hingeLoss(tensor([2, 0.5, -1]), tensor([1, 1, 1]), { reduction: "none" }); // → tensor([0.0, 0.5, 2.0])
 */
export function hingeLoss(
  input: TensorLike,
  target: TensorLike,
  options: HingeLossOptions = {},
): Tensor {
  const reduction = readLossOptions("hingeLoss", options, ["margin", "squared"]);
  const margin = checkNumber("hingeLoss", "margin", options.margin ?? 1);
  const squared = checkBoolean("hingeLoss", "squared", options.squared, false);
  const [x, t] = alike("hingeLoss", input, target);
  const losses = relu(sub(margin, mul(t, x)));
  return reduced(squared ? square(losses) : losses, reduction);
}

/**
 * The loss of Rosenblatt's perceptron, of scores against signs −1 and 1: max(0, −t·x), which is how far a wrong score is on the
 * wrong side. Where t·x ≤ 0 its gradient by the score is −t, at 0 too: a step against it, sample by sample, is Rosenblatt's rule
 * w += η·t·x.
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { perceptronLoss, tensor } from "@chainrule/core";
 * perceptronLoss(tensor([2, 0.5, -1]), tensor([1, -1, 1]), { reduction: "none" }); // → tensor([0.0, 0.5, 1.0])
 */
export function perceptronLoss(
  input: TensorLike,
  target: TensorLike,
  options: LossOptions = {},
): Tensor {
  const reduction = readLossOptions("perceptronLoss", options);
  const [x, t] = alike("perceptronLoss", input, target);
  return reduced(clampMin(neg(mul(t, x)), 0), reduction);
}

/**
 * A loss of distances against signs: x where t = 1, to bring pairs together, max(0, margin − x) where t = −1, to keep them
 * apart. `margin` is 1 unless given.
 *
 * At the margin the gradient is that of the side below it.
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { hingeEmbeddingLoss, tensor } from "@chainrule/core";
 * hingeEmbeddingLoss(tensor([0.5, 0.25]), tensor([1, -1]), { reduction: "none" }); // → tensor([0.50, 0.75])
 */
export function hingeEmbeddingLoss(
  input: TensorLike,
  target: TensorLike,
  options: MarginLossOptions = {},
): Tensor {
  const reduction = readLossOptions("hingeEmbeddingLoss", options, ["margin"]);
  const margin = checkNumber("hingeEmbeddingLoss", "margin", options.margin ?? 1);
  const [x, t] = alike("hingeEmbeddingLoss", input, target);
  // A target that is neither 1 nor −1 counts on both sides, as in PyTorch.
  const apart = choose(ne(t, 1), clampMin(sub(margin, x), 0), 0);
  const together = choose(ne(t, -1), x, 0);
  return reduced(add(apart, together), reduction);
}

/**
 * A loss of pairs of scores: t = 1 says that the first is to be the larger, −1 the second: max(0, margin − t·(x₁ − x₂)).
 *
 * `margin` is 0 unless given. At the kink the gradient is that of the side where the loss is positive.
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { marginRankingLoss, tensor } from "@chainrule/core";
 * marginRankingLoss(tensor([1, 2]), tensor([3, 1]), tensor([1, 1])); // → tensor(1)
 */
export function marginRankingLoss(
  input1: TensorLike,
  input2: TensorLike,
  target: TensorLike,
  options: MarginLossOptions = {},
): Tensor {
  const where = "marginRankingLoss";
  const reduction = readLossOptions(where, options, ["margin"]);
  const margin = checkNumber(where, "margin", options.margin ?? 0);
  const [x1, x2] = alike(where, input1, input2, ["first input", "second"]);
  const [, t] = alike(where, x1, target);
  return reduced(clampMin(add(neg(mul(t, sub(x1, x2))), margin), 0), reduction);
}

/**
 * The logistic loss of scores against signs −1 and 1: ln(1 + e^{−t·x}), without overflow.
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { softMarginLoss, tensor } from "@chainrule/core";
 * softMarginLoss(tensor([0, 0]), tensor([1, -1])); // → tensor(0.6931)
 */
export function softMarginLoss(
  input: TensorLike,
  target: TensorLike,
  options?: LossOptions,
): Tensor {
  const reduction = readLossOptions("softMarginLoss", options);
  const [x, t] = alike("softMarginLoss", input, target);
  return reduced(logisticTerm(mul(t, x), 1, 1), reduction);
}

/** Options of {@link multiMarginLoss}. */
export interface MultiMarginLossOptions extends MarginLossOptions {
  /** 1 or 2: whether excesses are squared; 1 unless given. */
  p?: number | undefined;
  /** A factor for each class; gets no gradient. */
  weight?: TensorLike | null | undefined;
}

/**
 * The hinge loss of several classes: the right one is to lead all others by the margin (Crammer & Singer, "On the
 * algorithmic implementation of multiclass kernel-based vector machines", JMLR 2, 2001).
 *
 * w_t·Σ_{c ≠ t} max(0, margin − x_t + x_c)ᵖ/classes for input [classes] or [samples, classes] and class indices. `margin` is 1
 * unless given; the gradient at the kink is 0.
 *
 * @throws {ShapeError} when shapes do not go together.
 * @throws {IndexError} for a target that is no class.
 * @throws {ArgumentError} for another p, or an unknown option.
 * @example
 * import { multiMarginLoss, tensor } from "@chainrule/core";
 * multiMarginLoss(tensor([[1, 0.5, -2, 0]]), [0]); // → tensor(0.125)
 */
export function multiMarginLoss(
  input: TensorLike,
  target: TensorLike,
  options: MultiMarginLossOptions = {},
): Tensor {
  const where = "multiMarginLoss";
  const reduction = readLossOptions(where, options, ["margin", "p", "weight"]);
  const margin = checkNumber(where, "margin", options.margin ?? 1);
  const { p = 1 } = options;
  if (p !== 1 && p !== 2) {
    throw new ArgumentError(`${where}: p must be 1 or 2, not ${quoted(p)}.`, { p });
  }
  const scores = toTensor(where, input);
  // A single number is the score of the only class.
  const x = scores.ndim === 0 ? reshape(scores, [1]) : scores;
  const given = toTensor(where, target, "int32");
  const t = x.ndim === 1 && sameShape(given.shape, [1]) ? reshape(given, []) : given;
  const weight = optionalTensor(where, options.weight, x);
  if (x.ndim > 2) {
    throw new ShapeError(
      `${where}: the input has shape [classes] or [samples, classes], not ${formatShape(x.shape)}.`,
      { input: x.shape },
    );
  }
  checkClassShapes(where, x.shape, t.shape, weight?.shape);
  if (t.batch === null) checkedTargets(where, t, layoutOf(x.shape));
  const classes = x.shape[x.ndim - 1]!;
  const own = gather(x, -1, unsqueeze(t, -1));
  const excess = relu(add(sub(x, own), margin));
  const others = choose(eq(oneHot(t, classes), 1), 0, p === 2 ? square(excess) : excess);
  const losses = div(sum(others, -1), classes);
  if (weight === null) return reduced(losses, reduction);
  return reduced(mul(losses, targetWeights(t, weight, -1, x.dtype).detach()), reduction);
}

/**
 * The hinge loss of several labels at once: each label of a sample is to lead each class that is none by 1.
 *
 * Σ_{j ∈ labels} Σ_{i ∉ labels} max(0, 1 − (x_j − x_i))/classes. The target has the shape of the input, [classes] or
 * [samples, classes], and lists each sample's labels as indices; −1 ends the list, and what comes after does not count.
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {IndexError} for a label that is no class.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { multilabelMarginLoss, tensor } from "@chainrule/core";
 * multilabelMarginLoss(tensor([0.1, 0.2, 0.4, 0.8]), [3, 0, -1, 1]); // → tensor(0.85)
 */
export function multilabelMarginLoss(
  input: TensorLike,
  target: TensorLike,
  options?: LossOptions,
): Tensor {
  const where = "multilabelMarginLoss";
  const reduction = readLossOptions(where, options);
  const given = toTensor(where, input);
  const labels = toTensor(where, target, "int32");
  if (!sameShape(given.shape, labels.shape) || given.ndim > 2) {
    throw new ShapeError(
      `${where}: the input has shape ${formatShape(given.shape)}, the labels ${formatShape(labels.shape)}. Both must be [classes] or [samples, classes].`,
      { input: given.shape, target: labels.shape },
    );
  }
  const isSingle = given.ndim === 0;
  const x = isSingle ? reshape(given, [1]) : given;
  const list = isSingle ? reshape(labels, [1]) : labels;
  const classes = x.shape[x.ndim - 1]!;
  // 1 for entries before the first −1.
  const counts = cumprod(to(ge(list, 0), "int32"), -1);
  const places = mul(list, counts);
  if (places.batch === null) {
    const flat = { samples: places.numel(), classes, inner: 1 };
    checkedTargets(where, places, flat);
  }
  const times = to(scatterAdd(zeros(x.shape, { dtype: "int32" }), -1, places, counts), x.dtype);
  const isOther = to(eq(times, 0), x.dtype);
  // Row j, column i: by how much class i comes too close to label j.
  const excess = relu(add(sub(unsqueeze(x, -2), unsqueeze(x, -1)), 1));
  const pairs = mul(mul(excess, unsqueeze(times, -1)), unsqueeze(isOther, -2));
  return reduced(div(sum(pairs, [-1, -2]), classes), reduction);
}

/** Options of {@link multilabelSoftMarginLoss}. */
export interface MultilabelSoftMarginLossOptions extends LossOptions {
  /** A factor for each class. */
  weight?: TensorLike | null | undefined;
}

/**
 * One yes-or-no question for each class: the mean over the last dimension of w·((1 − t)·ln(1 + eˣ) + t·ln(1 + e⁻ˣ)).
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { multilabelSoftMarginLoss, tensor } from "@chainrule/core";
 * multilabelSoftMarginLoss(tensor([[0, 0]]), tensor([[1, 0]])); // → tensor(0.6931)
 */
export function multilabelSoftMarginLoss(
  input: TensorLike,
  target: TensorLike,
  options: MultilabelSoftMarginLossOptions = {},
): Tensor {
  const where = "multilabelSoftMarginLoss";
  const reduction = readLossOptions(where, options, ["weight"]);
  const [x, t] = alike(where, input, target);
  const weight = factorFor(where, "weight", options.weight, x);
  const terms = logisticTerm(x, t, 1);
  const losses = weight === null ? terms : mul(terms, weight);
  return reduced(x.ndim === 0 ? losses : mean(losses, -1), reduction);
}
