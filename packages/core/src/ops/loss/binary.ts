/**
 * Cross-entropy of two classes.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros } from "../../creation.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { checking } from "../../graph/capture.ts";
import type { Binary, Ternary } from "../../pointwise.ts";
import { pointwise } from "../../pointwise.ts";
import { within } from "../../samples.ts";
import type { Expression } from "../../scalar/expression.ts";
import type { ScalarAlgebra } from "../../scalar/primitives.ts";
import { broadcastShapes, formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mul } from "../arithmetic.ts";
import type { LossOptions } from "./reduction.ts";
import { alike, optionalTensor, readLossOptions, reduced } from "./reduction.ts";

type Scalars = ScalarAlgebra<Expression>;

/** e^{−|x|}, written so that its derivative at 0 is that of one side: e^{−x} where x ≥ 0. */
function decay(s: Scalars, x: Expression): Expression {
  return s.exp(s.where(s.ge(x, s.zero), s.neg(x), x));
}

/** ln(1 + eˣ) without overflow: max(x, 0) + ln(1 + e^{−|x|}). Right in all derivatives, also at 0. */
function softplusOf(s: Scalars, x: Expression): Expression {
  return s.add(s.where(s.ge(x, s.zero), x, s.zero), s.log1p(decay(s, x)));
}

/** 1/(1 + e^{−x}) without overflow. */
function sigmoidOf(s: Scalars, x: Expression): Expression {
  const e = decay(s, x);
  return s.div(s.where(s.ge(x, s.zero), s.one, e), s.add(s.one, e));
}

/**
 * The binary cross-entropy of each element, from a probability: −(t·ln x + (1 − t)·ln(1 − x)).
 *
 * Logarithms are cut off at −100, so that a wrong certainty costs 100 and not infinity; the gradient
 * (x − t)/(x(1 − x)) divides by 10⁻¹² at least. Both as PyTorch has it.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { binaryCrossEntropyTerm, tensor } from "@chainrule/core";
 * binaryCrossEntropyTerm(tensor([0.5, 0]), tensor([1, 1])); // → tensor([0.6931, 100.0000])
 */
export const binaryCrossEntropyTerm: Binary = pointwise({
  name: "binaryCrossEntropyTerm",
  operands: ["x", "t"],
  formula: String.raw`y = -t \ln x - (1 - t) \ln(1 - x)`,
  value: (s, x, t) => {
    const least = s.constant(-100);
    const positive = s.mul(t, s.maximum(s.log(x), least));
    const negative = s.mul(s.sub(s.one, t), s.maximum(s.log1p(s.neg(x)), least));
    return s.neg(s.add(positive, negative));
  },
  derivative: (s, x, t) => {
    const least = s.constant(-100);
    const spread = s.maximum(s.mul(x, s.sub(s.one, x)), s.constant(1e-12));
    return [
      s.div(s.sub(x, t), spread),
      s.sub(s.maximum(s.log1p(s.neg(x)), least), s.maximum(s.log(x), least)),
    ];
  },
  samples: [{ args: [within(0.05, 0.95), within(0, 1)] }],
  edges: [
    {
      note: "certainty, right and wrong",
      call: () => [tensor([0, 1, 0, 1]), tensor([0, 1, 1, 0])],
      result: [0, 0, 100, 100],
      gradients: [
        [0, 0, -1e12, 1e12],
        [100, -100, 100, -100],
      ],
    },
  ],
  rejects: [
    { call: () => [zeros([2]), zeros([3])], message: /do not broadcast/, type: ShapeError },
  ],
});

/**
 * The binary cross-entropy of each element, from a logit x, with a factor for the positive class:
 * (1 − t)·ln(1 + eˣ) + posWeight·t·ln(1 + e⁻ˣ).
 *
 * Computed from e^{−|x|}, so no logit is too large. ∂/∂x = (1 − t)·σ(x) − posWeight·t·σ(−x).
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { logisticTerm, tensor } from "@chainrule/core";
 * logisticTerm(tensor([0, 1000, -1000]), tensor([1, 1, 1]), 1); // → tensor([0.6931, 0.0000, 1000.0000])
 */
export const logisticTerm: Ternary = pointwise({
  name: "logisticTerm",
  operands: ["x", "t", "posWeight"],
  formula: String.raw`y = (1 - t) \ln(1 + e^{x}) + w t \ln(1 + e^{-x})`,
  value: (s, x, t, w) =>
    s.add(s.mul(s.sub(s.one, t), softplusOf(s, x)), s.mul(s.mul(w, t), softplusOf(s, s.neg(x)))),
  derivative: (s, x, t, w) => {
    const positive = softplusOf(s, s.neg(x));
    return [
      s.sub(s.mul(s.sub(s.one, t), sigmoidOf(s, x)), s.mul(s.mul(w, t), sigmoidOf(s, s.neg(x)))),
      s.sub(s.mul(w, positive), softplusOf(s, x)),
      s.mul(t, positive),
    ];
  },
  samples: [{ args: [within(-3, 3), within(0, 1), within(0.5, 2)] }],
  edges: [
    {
      note: "far away and in the middle",
      call: () => [tensor([1000, -1000, 0]), tensor([0, 0, 1]), tensor(1)],
      result: [1000, 0, Math.LN2],
      gradients: [[1, 0, -0.5], [-1000, 1000, 0], [Math.LN2]],
    },
  ],
  rejects: [
    {
      call: () => [zeros([2]), zeros([3]), 1],
      message: /do not broadcast/,
      type: ShapeError,
    },
  ],
});

/** Options of {@link binaryCrossEntropy}. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** A factor for each element; broadcasts to the input. */
  weight?: TensorLike | null | undefined;
}

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** A factor for positive examples: above 1 favours recall, below precision; broadcasts to the input. */
  posWeight?: TensorLike | null | undefined;
}

/** A factor that may repeat itself over the input, but not repeat the input. */
export function factorFor(
  where: string,
  name: string,
  value: TensorLike | null | undefined,
  input: Tensor,
): Tensor | null {
  const factor = optionalTensor(where, value, input);
  if (
    factor !== null &&
    !sameShape(broadcastShapes(where, input.shape, factor.shape), input.shape)
  ) {
    throw new ShapeError(
      `${where}: ${name} of shape ${formatShape(factor.shape)} must broadcast to the input of shape ${formatShape(input.shape)}, not beyond it.`,
      { [name]: factor.shape, input: input.shape },
    );
  }
  return factor;
}

/**
 * The cross-entropy of probabilities of the positive class against targets from 0 to 1:
 * −w·(t·ln x + (1 − t)·ln(1 − x)).
 *
 * Logarithms are cut off at −100. From logits, `binaryCrossEntropyWithLogits` is more exact.
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for an input that is no probability, or an unknown option.
 * @example
 * import { binaryCrossEntropy, tensor } from "@chainrule/core";
 * binaryCrossEntropy(tensor([0.5, 0.75]), tensor([1, 1])); // → tensor(0.4904)
 */
export function binaryCrossEntropy(
  input: TensorLike,
  target: TensorLike,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  const where = "binaryCrossEntropy";
  const reduction = readLossOptions(where, options, ["weight"]);
  const [x, t] = alike(where, input, target);
  const weight = factorFor(where, "weight", options.weight, x);
  checkProbabilities(where, x);
  const losses = binaryCrossEntropyTerm(x, t);
  return reduced(weight === null ? losses : mul(losses, weight), reduction);
}

function checkProbabilities(where: string, x: Tensor): void {
  // Inside of vmap the numbers are not those of one sample; they are checked where the op runs on plain tensors.
  if (x.batch !== null) return;
  checking([x], ([given]) => {
    const odd = given!.toTypedArray().find((value) => value < 0 || value > 1);
    if (odd === undefined) return;
    throw new ArgumentError(
      `${where}: the input must hold probabilities, from 0 to 1, but holds ${odd}. Put it through sigmoid, or use binaryCrossEntropyWithLogits.`,
      { value: odd },
    );
  });
}

/**
 * The cross-entropy of logits of the positive class against targets from 0 to 1: what a yes-or-no classifier is trained
 * with.
 *
 * w·((1 − t)·ln(1 + eˣ) + posWeight·t·ln(1 + e⁻ˣ)): the cross-entropy of σ(x), without overflow for any x.
 *
 * @throws {ShapeError} when the shapes differ, or a factor does not broadcast to the input.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { binaryCrossEntropyWithLogits, tensor } from "@chainrule/core";
 * binaryCrossEntropyWithLogits(tensor([0, 1000]), tensor([1, 1])); // → tensor(0.3466)
 */
export function binaryCrossEntropyWithLogits(
  input: TensorLike,
  target: TensorLike,
  options: BinaryCrossEntropyWithLogitsOptions = {},
): Tensor {
  const where = "binaryCrossEntropyWithLogits";
  const reduction = readLossOptions(where, options, ["weight", "posWeight"]);
  const [x, t] = alike(where, input, target);
  const weight = factorFor(where, "weight", options.weight, x);
  const posWeight = factorFor(where, "posWeight", options.posWeight, x);
  const losses = logisticTerm(x, t, posWeight ?? 1);
  return reduced(weight === null ? losses : mul(losses, weight), reduction);
}
