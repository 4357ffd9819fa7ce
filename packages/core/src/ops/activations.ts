/**
 * Activation functions.
 */
import type { Unary, UnaryWith } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * 1/(1 + e⁻ˣ).
 *
 * @example
 * import { sigmoid, tensor } from "@chainrule/core";
 * sigmoid(tensor([0])); // → tensor([0.5])
 */
export const sigmoid: Unary = pointwise({
  name: "sigmoid",
  operands: ["x"],
  value: (s, x) => s.div(s.one, s.add(s.one, s.exp(s.neg(x)))),
  derivative: (s, _x, y) => [s.mul(y, s.sub(s.one, y))],
  samples: [{ args: [within(-3, 3)] }],
});

/**
 * max(x, 0); the gradient at 0 is 0.
 *
 * @example
 * import { relu, tensor } from "@chainrule/core";
 * relu(tensor([-1, 2])); // → tensor([0, 2])
 */
export const relu: Unary = pointwise({
  name: "relu",
  operands: ["x"],
  value: (s, x) => s.maximum(x, s.zero),
  derivative: (s, x) => [s.where(s.gt(x, s.zero), s.one, s.zero)],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [0] })] }],
});

/**
 * x·σ(x).
 *
 * @example
 * import { silu, tensor } from "@chainrule/core";
 * silu(tensor([0])); // → tensor([0])
 */
export const silu: Unary = pointwise({
  name: "silu",
  operands: ["x"],
  value: (s, x) => s.div(x, s.add(s.one, s.exp(s.neg(x)))),
  derivative: (s, x) => {
    const gate = s.div(s.one, s.add(s.one, s.exp(s.neg(x))));
    return [s.mul(gate, s.add(s.one, s.mul(x, s.sub(s.one, gate))))];
  },
  samples: [{ args: [within(-3, 3)] }],
});

/**
 * x above 0, negativeSlope·x below.
 *
 * @example
 * import { leakyRelu, tensor } from "@chainrule/core";
 * leakyRelu(tensor([-1, 2])); // → tensor([-0.01, 2.00])
 */
export const leakyRelu: UnaryWith<{ negativeSlope?: number }> = pointwise({
  name: "leakyRelu",
  operands: ["x"],
  parameters: { negativeSlope: 0.01 },
  value: (s, x, p) => s.where(s.gt(x, s.zero), x, s.mul(p.negativeSlope, x)),
  derivative: (s, x, _y, p) => [s.where(s.gt(x, s.zero), s.one, p.negativeSlope)],
  samples: [{ args: [within(-3, 3, { avoid: [0] })] }],
});

/**
 * x above 0, α(eˣ − 1) below.
 *
 * @example
 * import { elu, tensor } from "@chainrule/core";
 * elu(tensor([0, 2])); // → tensor([0, 2])
 */
export const elu: UnaryWith<{ alpha?: number }> = pointwise({
  name: "elu",
  operands: ["x"],
  parameters: { alpha: 1 },
  value: (s, x, p) => s.where(s.gt(x, s.zero), x, s.mul(p.alpha, s.expm1(x))),
  derivative: (s, x, _y, p) => [s.where(s.gt(x, s.zero), s.one, s.mul(p.alpha, s.exp(x)))],
  samples: [{ args: [within(-3, 3, { avoid: [0] })] }],
});

/**
 * ln(1 + e^{βx})/β, linear where βx > threshold.
 *
 * @example
 * import { softplus, tensor } from "@chainrule/core";
 * softplus(tensor([0])); // → tensor([0.6931])
 */
export const softplus: UnaryWith<{ beta?: number; threshold?: number }> = pointwise({
  name: "softplus",
  operands: ["x"],
  parameters: { beta: 1, threshold: 20 },
  value: (s, x, p) =>
    s.where(
      s.gt(s.mul(p.beta, x), p.threshold),
      x,
      s.div(s.log1p(s.exp(s.mul(p.beta, x))), p.beta),
    ),
  derivative: (s, x, _y, p) => [
    s.where(
      s.gt(s.mul(p.beta, x), p.threshold),
      s.one,
      s.div(s.one, s.add(s.one, s.exp(s.neg(s.mul(p.beta, x))))),
    ),
  ],
  samples: [{ args: [within(-3, 3)] }],
});
