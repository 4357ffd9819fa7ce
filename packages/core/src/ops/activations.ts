/**
 * Smooth activations around the logistic function and the exponential.
 */
import { tensor } from "../creation.ts";
import { ArgumentError } from "../errors.ts";
import type { Unary, UnaryWith } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";
import type { Expression } from "../scalar/expression.ts";
import type { ScalarAlgebra } from "../scalar/primitives.ts";

/** σ(x) = 1/(1 + e⁻ˣ), which needs no other form for any x: e⁻ˣ may well be infinite. */
function logistic(s: ScalarAlgebra<Expression>, x: Expression): Expression {
  return s.div(s.one, s.add(s.one, s.exp(s.neg(x))));
}

/** ln(1 + eˣ) as max(x, 0) + ln(1 + e^−|x|), which never overflows. */
function softplusOf(s: ScalarAlgebra<Expression>, x: Expression): Expression {
  return s.add(s.maximum(x, s.zero), s.log1p(s.exp(s.neg(s.abs(x)))));
}

/**
 * tanh(ln(1 + eˣ)) = n/(n + 2) with n = (1 + eˣ)² − 1 = eˣ(eˣ + 2), which keeps all digits for negative x. From x = 20 on
 * it is 1 to the last digit, and so it is at 20.
 */
function tanhOfSoftplus(s: ScalarAlgebra<Expression>, x: Expression): Expression {
  const power = s.exp(s.minimum(x, s.constant(20)));
  const n = s.mul(power, s.add(power, s.constant(2)));
  return s.div(n, s.add(n, s.constant(2)));
}

/** −1000, 0 and 1000: where a careless formula overflows. */
const far = () => tensor([-1000, 0, 1000], { dtype: "float64" });

/**
 * The logistic function σ(x) = 1/(1 + e⁻ˣ), element by element; whole numbers become floating. The derivative is y(1 − y).
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { sigmoid, tensor } from "@chainrule/core";
 * sigmoid(tensor([0, 2])); // → tensor([0.5000, 0.8808])
 */
export const sigmoid: Unary = pointwise({
  name: "sigmoid",
  operands: ["x"],
  value: (s, x) => logistic(s, x),
  derivative: (s, _x, y) => [s.mul(y, s.sub(s.one, y))],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    { note: "0 and far away", call: () => [far()], result: [0, 0.5, 1], gradients: [[0, 0.25, 0]] },
  ],
});

/**
 * ln σ(x) = −ln(1 + e⁻ˣ), element by element, without overflow; whole numbers become floating. The derivative is σ(−x).
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { logsigmoid, tensor } from "@chainrule/core";
 * logsigmoid(tensor([0, -1000])); // → tensor([-0.6931, -1000.0000])
 */
export const logsigmoid: Unary = pointwise({
  name: "logsigmoid",
  operands: ["x"],
  formula: String.raw`y = \ln \sigma\left(x\right)`,
  derivativeFormulas: [String.raw`\sigma\left(-x\right)`],
  value: (s, x) => s.neg(softplusOf(s, s.neg(x))),
  derivative: (s, x) => [logistic(s, s.neg(x))],
  samples: [{ args: [within(-3, 3, { avoid: [0], margin: 0.01 })] }],
  edges: [
    {
      note: "0 and far away",
      call: () => [far()],
      result: [-1000, -Math.LN2, -0],
      gradients: [[1, 0.5, 0]],
    },
  ],
});

/**
 * ln(1 + e^{βx})/β, element by element, and x itself where βx exceeds the threshold. β is 1 and the threshold 20 unless given;
 * whole numbers become floating. The derivative is σ(βx), or 1.
 *
 * @throws {ArgumentError} for an unknown option, or a β of 0.
 * @example
 * import { softplus, tensor } from "@chainrule/core";
 * softplus(tensor([0, 100])); // → tensor([  0.6931, 100.0000])
 */
export const softplus: UnaryWith<{ beta?: number; threshold?: number }> = pointwise({
  name: "softplus",
  operands: ["x"],
  parameters: { beta: 1, threshold: 20 },
  formula: String.raw`y = \frac{1}{\beta} \ln\left(1 + e^{\beta x}\right)`,
  value: (s, x, p) => {
    const scaled = s.mul(p.beta, x);
    return s.where(s.gt(scaled, p.threshold), x, s.div(softplusOf(s, scaled), p.beta));
  },
  derivative: (s, x, _y, p) => {
    const scaled = s.mul(p.beta, x);
    return [s.where(s.gt(scaled, p.threshold), s.one, logistic(s, scaled))];
  },
  derivativeFormulas: [String.raw`\sigma\left(\beta x\right)`],
  check: (_operands, _dtype, { beta }) => {
    if (beta !== 0) return;
    throw new ArgumentError("softplus: beta divides and must not be 0.", { beta });
  },
  samples: [
    { args: [within(-3, 3)] },
    { args: [within(-3, 3, { avoid: [2] })], options: { beta: 2, threshold: 4 } },
  ],
  rejects: [
    {
      call: () => [tensor([1]), { beta: 0 }],
      message: /softplus: beta divides and must not be 0/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "linear beyond the threshold",
      call: () => [tensor([-1000, 0, 21, 1000], { dtype: "float64" })],
      result: [0, Math.LN2, 21, 1000],
      gradients: [[0, 0.5, 1, 1]],
    },
    {
      note: "another slope and threshold",
      call: () => [tensor([2.5, -500]), { beta: 2, threshold: 4 }],
      result: [2.5, 0],
      gradients: [[1, 0]],
    },
  ],
});

/**
 * x·σ(x), also called swish, element by element; whole numbers become floating. The derivative is σ(x)(1 + x(1 − σ(x))).
 *
 * Source: Elfwing, Uchibe and Doya, Sigmoid-Weighted Linear Units, 2017.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { silu, tensor } from "@chainrule/core";
 * silu(tensor([0, 2])); // → tensor([0.0000, 1.7616])
 */
export const silu: Unary = pointwise({
  name: "silu",
  operands: ["x"],
  derivativeFormulas: [
    String.raw`\sigma\left(x\right) \cdot \left(1 + x \cdot \left(1 - \sigma\left(x\right)\right)\right)`,
  ],
  value: (s, x) => s.div(x, s.add(s.one, s.exp(s.neg(x)))),
  derivative: (s, x) => {
    const gate = logistic(s, x);
    return [s.mul(gate, s.add(s.one, s.mul(x, s.sub(s.one, gate))))];
  },
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "0 and far away",
      call: () => [far()],
      result: [-0, 0, 1000],
      gradients: [[0, 0.5, 1]],
    },
  ],
});

/**
 * x·tanh(ln(1 + eˣ)), element by element; whole numbers become floating.
 *
 * Source: Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { mish, tensor } from "@chainrule/core";
 * mish(tensor([0, 2])); // → tensor([0.0000, 1.9440])
 */
export const mish: Unary = pointwise({
  name: "mish",
  operands: ["x"],
  formula: String.raw`y = x \cdot \tanh\left(\ln\left(1 + e^{x}\right)\right)`,
  derivativeFormulas: [
    String.raw`t + x \cdot \sigma\left(x\right) \cdot \left(1 - t^{2}\right), \quad t = \tanh\left(\ln\left(1 + e^{x}\right)\right)`,
  ],
  value: (s, x) => s.mul(x, tanhOfSoftplus(s, x)),
  derivative: (s, x) => {
    const gate = tanhOfSoftplus(s, x);
    return [s.add(gate, s.mul(x, s.mul(logistic(s, x), s.sub(s.one, s.square(gate)))))];
  },
  samples: [{ args: [within(-3, 3, { avoid: [0], margin: 0.01 })] }],
  edges: [
    {
      note: "0 and far away",
      call: () => [far()],
      result: [-0, 0, 1000],
      gradients: [[0, 0.6, 1]],
    },
  ],
});

/**
 * x above 0, α(eˣ − 1) below, element by element; α is 1 unless given, and whole numbers become floating. The gradient at 0 is
 * α.
 *
 * Source: Clevert, Unterthiner and Hochreiter, Fast and Accurate Deep Network Learning by Exponential Linear Units, 2015.
 *
 * @throws {ArgumentError} for an unknown option, or an α that is no number.
 * @example
 * import { elu, tensor } from "@chainrule/core";
 * elu(tensor([-1, 2])); // → tensor([-0.6321, 2.0000])
 */
export const elu: UnaryWith<{ alpha?: number }> = pointwise({
  name: "elu",
  operands: ["x"],
  parameters: { alpha: 1 },
  value: (s, x, p) => s.where(s.gt(x, s.zero), x, s.mul(p.alpha, s.expm1(x))),
  derivative: (s, x, _y, p) => [s.where(s.le(x, s.zero), s.mul(p.alpha, s.exp(x)), s.one)],
  samples: [
    { args: [within(-3, 3, { avoid: [0] })] },
    { args: [within(-3, 3, { avoid: [0] })], options: { alpha: 1.5 } },
  ],
  edges: [
    {
      note: "at 0, and far away",
      call: () => [far(), { alpha: 2 }],
      result: [-2, 0, 1000],
      gradients: [[0, 2, 1]],
    },
  ],
});

/**
 * x above 0, α(e^{x/α} − 1) below, element by element; α is 1 unless given, and whole numbers become floating. Smooth for every
 * α.
 *
 * Source: Barron, Continuously Differentiable Exponential Linear Units, 2017.
 *
 * @throws {ArgumentError} for an unknown option, or an α of 0.
 * @example
 * import { celu, tensor } from "@chainrule/core";
 * celu(tensor([-1, 2])); // → tensor([-0.6321, 2.0000])
 */
export const celu: UnaryWith<{ alpha?: number }> = pointwise({
  name: "celu",
  operands: ["x"],
  parameters: { alpha: 1 },
  value: (s, x, p) => s.where(s.gt(x, s.zero), x, s.mul(p.alpha, s.expm1(s.div(x, p.alpha)))),
  derivative: (s, x, _y, p) => [s.where(s.le(x, s.zero), s.exp(s.div(x, p.alpha)), s.one)],
  check: (_operands, _dtype, { alpha }) => {
    if (alpha !== 0) return;
    throw new ArgumentError("celu: alpha divides and must not be 0.", { alpha });
  },
  samples: [
    { args: [within(-3, 3, { avoid: [0] })] },
    { args: [within(-3, 3, { avoid: [0] })], options: { alpha: 1.5 } },
  ],
  rejects: [
    {
      call: () => [tensor([1]), { alpha: 0 }],
      message: /celu: alpha divides and must not be 0/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "at 0, and far away",
      call: () => [tensor([-4000, 0, 1000], { dtype: "float64" }), { alpha: 2 }],
      result: [-2, 0, 1000],
      gradients: [[0, 1, 1]],
    },
  ],
});

/** The fixed point of mean 0 and variance 1 asks for these two numbers. */
const seluAlpha = 1.6732632423543772848170429916717;
const seluScale = 1.0507009873554804934193349852946;

/**
 * λx above 0, λα(eˣ − 1) below, element by element, with the λ ≈ 1.0507 and α ≈ 1.6733 that keep activations at mean 0 and
 * variance 1. Whole numbers become floating. The gradient at 0 is λα.
 *
 * Source: Klambauer et al., Self-Normalizing Neural Networks, 2017.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { selu, tensor } from "@chainrule/core";
 * selu(tensor([-1, 2])); // → tensor([-1.1113, 2.1014])
 */
export const selu: Unary = pointwise({
  name: "selu",
  operands: ["x"],
  formula: String.raw`y = \begin{cases} \lambda x & \text{if } x > 0 \\ \lambda \alpha \left(e^{x} - 1\right) & \text{otherwise} \end{cases}`,
  value: (s, x) =>
    s.where(
      s.gt(x, s.zero),
      s.mul(s.constant(seluScale), x),
      s.mul(s.constant(seluScale * seluAlpha), s.expm1(x)),
    ),
  derivative: (s, x) => [
    s.where(
      s.le(x, s.zero),
      s.mul(s.constant(seluScale * seluAlpha), s.exp(x)),
      s.constant(seluScale),
    ),
  ],
  samples: [{ args: [within(-3, 3, { avoid: [0] })] }],
  edges: [
    {
      note: "0 and far away",
      call: () => [far()],
      result: [-seluScale * seluAlpha, 0, 1000 * seluScale],
      gradients: [[0, seluScale * seluAlpha, seluScale]],
    },
  ],
});

/**
 * x/(1 + |x|), element by element; whole numbers become floating. The derivative is 1/(1 + |x|)².
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { softsign, tensor } from "@chainrule/core";
 * softsign(tensor([-1, 3])); // → tensor([-0.50, 0.75])
 */
export const softsign: Unary = pointwise({
  name: "softsign",
  operands: ["x"],
  value: (s, x) => s.div(x, s.add(s.one, s.abs(x))),
  derivative: (s, x) => [s.div(s.one, s.square(s.add(s.one, s.abs(x))))],
  samples: [{ args: [within(-3, 3, { avoid: [0] })] }],
  edges: [
    {
      note: "at 0",
      call: () => [tensor([-1, 0, 1])],
      result: [-0.5, 0, 0.5],
      gradients: [[0.25, 1, 0.25]],
    },
  ],
});

/**
 * x − tanh x, element by element; whole numbers become floating. The derivative is tanh² x.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { tanhshrink, tensor } from "@chainrule/core";
 * tanhshrink(tensor([0, 2])); // → tensor([0.0000, 1.0360])
 */
export const tanhshrink: Unary = pointwise({
  name: "tanhshrink",
  operands: ["x"],
  value: (s, x) => s.sub(x, s.tanh(x)),
  derivative: (s, x) => [s.square(s.tanh(x))],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    { note: "0 and far away", call: () => [far()], result: [-999, 0, 999], gradients: [[1, 0, 1]] },
  ],
});

/**
 * ln(x/(1 − x)), the inverse of the logistic function, element by element. ±∞ at 1 and 0, NaN outside, with a NaN gradient.
 * With `{ eps }`, x is first brought between eps and 1 − eps; outside of them the gradient is 0. Whole numbers become floating.
 *
 * @throws {ArgumentError} for an unknown option, or an eps that is no number.
 * @example
 * import { logit, tensor } from "@chainrule/core";
 * logit(tensor([0.5, 0.9])); // → tensor([0.0000, 2.1972])
 * logit(tensor([0, 1]), { eps: 0.1 }); // → tensor([-2.1972, 2.1972])
 */
export const logit: UnaryWith<{ eps?: number }> = pointwise({
  name: "logit",
  operands: ["x"],
  // Below 0: none.
  parameters: { eps: -1 },
  formula: String.raw`y = \ln\left(\frac{x}{1 - x}\right)`,
  value: (s, x, p) => {
    const hasEps = s.ge(p.eps, s.zero);
    const low = s.where(hasEps, p.eps, s.constant(Number.NEGATIVE_INFINITY));
    const high = s.where(hasEps, s.sub(s.one, p.eps), s.constant(Number.POSITIVE_INFINITY));
    const inside = s.where(s.lt(x, low), low, s.where(s.gt(x, high), high, x));
    return s.log(s.div(inside, s.sub(s.one, inside)));
  },
  derivative: (s, x, _y, p) => {
    const low = s.where(s.ge(p.eps, s.zero), p.eps, s.zero);
    const isOutside = s.logicalOr(s.lt(x, low), s.gt(x, s.sub(s.one, low)));
    const outside = s.where(s.ge(p.eps, s.zero), s.zero, s.constant(Number.NaN));
    return [s.where(isOutside, outside, s.div(s.one, s.mul(x, s.sub(s.one, x))))];
  },
  derivativeFormulas: [String.raw`\frac{1}{x \cdot \left(1 - x\right)}`],
  samples: [
    { args: [within(0.1, 0.9)] },
    { args: [within(-0.5, 1.5, { avoid: [0.25, 0.75] })], options: { eps: 0.25 } },
  ],
  edges: [
    {
      note: "the ends of the domain, and outside",
      call: () => [tensor([0, 1, 0.5, 1.5, -0.5])],
      result: [-Infinity, Infinity, 0, Number.NaN, Number.NaN],
      gradients: [[Infinity, Infinity, 4, Number.NaN, Number.NaN]],
    },
    {
      note: "clamped: no gradient outside",
      call: () => [tensor([0, 0.25, 0.5, 1], { dtype: "float64" }), { eps: 0.25 }],
      result: [-Math.log(3), -Math.log(3), 0, Math.log(3)],
      gradients: [[0, 16 / 3, 4, 0]],
    },
  ],
});
