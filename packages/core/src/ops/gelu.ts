/**
 * The Gaussian error linear unit.
 */
import type { TensorLike } from "../creation.ts";
import { tensor } from "../creation.ts";
import { ArgumentError, checkOptions, quoted } from "../errors.ts";
import type { UnaryWith } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";
import type { Expression } from "../scalar/expression.ts";
import type { ScalarAlgebra } from "../scalar/primitives.ts";
import type { Tensor } from "../tensor.ts";
import { normalDensity } from "./normal-density.ts";

const gaussianGelu = pointwise({
  name: "gelu",
  operands: ["x"],
  formula: String.raw`y = x \cdot \Phi\left(x\right), \quad \Phi\left(x\right) = \tfrac{1}{2} \left(1 + \operatorname{erf}\left(\tfrac{x}{\sqrt{2}}\right)\right)`,
  value: (s, x) => s.mul(x, s.ndtr(x)),
  // Φ + x·φ, with the density φ of the normal distribution.
  derivative: (s, x) => [s.add(s.ndtr(x), s.mul(x, normalDensity(s, x)))],
  derivativeFormulas: [String.raw`\Phi\left(x\right) + \frac{x}{\sqrt{2\pi}} \cdot e^{-x^{2}/2}`],
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
  edges: [
    {
      note: "0 and far away",
      call: () => [tensor([-1000, 0, 1000])],
      result: [-0, 0, 1000],
      gradients: [[0, 0.5, 1]],
    },
    {
      note: "0 and far away, by tanh",
      call: () => [tensor([-1000, 0, 1000]), { approximate: "tanh" }],
      result: [-0, 0, 1000],
      gradients: [[0, 0.5, 1]],
    },
  ],
});

const twiceSlope = 2 * Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/** ½(1 + tanh u) = σ(2u), which keeps its precision where tanh u is near −1; u = √(2/π)(x + 0.044715x³). */
function nearlyNormal(s: ScalarAlgebra<Expression>, x: Expression): Expression {
  const cube = s.mul(s.constant(cubic), s.mul(x, s.square(x)));
  const twiceU = s.mul(s.constant(twiceSlope), s.add(x, cube));
  return s.div(s.one, s.add(s.one, s.exp(s.neg(twiceU))));
}

const tanhGelu = pointwise({
  name: "gelu",
  operands: ["x"],
  facade: true,
  formula: String.raw`y = \tfrac{1}{2} x \left(1 + \tanh\left(\sqrt{\tfrac{2}{\pi}} \left(x + 0.044715 x^{3}\right)\right)\right)`,
  value: (s, x) => s.mul(x, nearlyNormal(s, x)),
  derivative: (s, x) => {
    const gate = nearlyNormal(s, x);
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
 * x·Φ(x), element by element, with Φ(x) = ½(1 + erf(x/√2)), the normal distribution function; or, with
 * `{ approximate: "tanh" }`, with ½(1 + tanh(√(2/π)(x + 0.044715x³))) in its place. Whole numbers become floating.
 *
 * Source: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
 *
 * @throws {ArgumentError} for an unknown option or approximation.
 * @example
 * import { gelu, tensor } from "@chainrule/core";
 * gelu(tensor([-1, 0, 1])); // → tensor([-0.1587, 0.0000, 0.8413])
 */
export const gelu: UnaryWith<GeluOptions> = Object.assign(geluOf, { op: gaussianGelu.op });
