/**
 * Activation functions.
 */
import type { TensorLike } from "../creation.ts";
import { ArgumentError, checkOptions, quoted } from "../errors.ts";
import type { PointwiseDefinition, Unary, UnaryWith } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";
import type { Tensor } from "../tensor.ts";

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

const gaussianGelu = pointwise({
  name: "gelu",
  operands: ["x"],
  facade: true,
  formula: String.raw`y = x \cdot \Phi(x), \quad \Phi(x) = \tfrac{1}{2}\left(1 + \operatorname{erf}\tfrac{x}{\sqrt{2}}\right)`,
  value: (s, x) => s.mul(x, s.mul(s.constant(0.5), s.erfc(s.mul(x, s.constant(-Math.SQRT1_2))))),
  // Φ + x·φ, with the density φ of the normal distribution.
  derivative: (s, x) => [
    s.add(
      s.mul(s.constant(0.5), s.erfc(s.mul(x, s.constant(-Math.SQRT1_2)))),
      s.mul(
        x,
        s.mul(s.constant(1 / Math.sqrt(2 * Math.PI)), s.exp(s.mul(s.constant(-0.5), s.square(x)))),
      ),
    ),
  ],
  samples: [
    { args: [within(-3, 3)] },
    (draw) => [draw.tensor(draw.shape(0, 4, 0), within(-3, 3)), { approximate: "tanh" }],
  ],
  rejects: [
    {
      call: () => [0, { approximate: "erf" }],
      message: /gelu: approximate must be "none" or "tanh", not "erf"/,
      type: ArgumentError,
    },
  ],
});

// Written with the logistic function: ½(1 + tanh u) = σ(2u), which keeps its precision where tanh u is near −1.
const twiceSlope = 2 * Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

const tanhGelu = pointwise({
  name: "gelu",
  operands: ["x"],
  facade: true,
  formula: String.raw`y = \tfrac{1}{2} x \left(1 + \tanh\left(\sqrt{\tfrac{2}{\pi}} \left(x + 0.044715 x^3\right)\right)\right)`,
  value: (s, x) => {
    const cube = s.mul(s.constant(cubic), s.mul(x, s.square(x)));
    const twiceU = s.mul(s.constant(twiceSlope), s.add(x, cube));
    return s.div(x, s.add(s.one, s.exp(s.neg(twiceU))));
  },
  derivative: (s, x) => {
    const cube = s.mul(s.constant(cubic), s.mul(x, s.square(x)));
    const twiceU = s.mul(s.constant(twiceSlope), s.add(x, cube));
    const gate = s.div(s.one, s.add(s.one, s.exp(s.neg(twiceU))));
    const slope = s.mul(
      s.constant(twiceSlope),
      s.add(s.one, s.mul(s.constant(3 * cubic), s.square(x))),
    );
    return [s.add(gate, s.mul(s.mul(x, slope), s.mul(gate, s.sub(s.one, gate))))];
  },
  samples: [],
});

/** How {@link gelu} computes the normal distribution function. */
export interface GeluOptions {
  /** `"none"` (the default): by the error function. `"tanh"`: by the usual approximation with tanh. */
  readonly approximate?: "none" | "tanh";
}

/** The function {@link gelu}. */
export interface Gelu {
  (x: TensorLike, options?: GeluOptions): Tensor;
  readonly op: PointwiseDefinition;
}

function geluOf(x: TensorLike, options?: GeluOptions): Tensor {
  if (options === undefined) return gaussianGelu(x);
  checkOptions("gelu", options, ["approximate"]);
  const { approximate = "none" } = options;
  if (approximate === "tanh") return tanhGelu(x);
  if (approximate === "none") return gaussianGelu(x);
  throw new ArgumentError(
    `gelu: approximate must be "none" or "tanh", not ${quoted(approximate)}.`,
    { approximate },
  );
}

/**
 * x·Φ(x) with Φ(x) = ½(1 + erf(x/√2)), the normal distribution function; or, with `{ approximate: "tanh" }`, with
 * ½(1 + tanh(√(2/π)(x + 0.044715x³))) in its place. Whole numbers become floating.
 *
 * Source: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
 *
 * @throws {ArgumentError} for an unknown option or approximation.
 * @example
 * import { gelu, tensor } from "@chainrule/core";
 * gelu(tensor([-1, 0, 1])); // → tensor([-0.1587, 0.0000, 0.8413])
 */
export const gelu: Gelu = Object.assign(geluOf, { op: gaussianGelu.op });
