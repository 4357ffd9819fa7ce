/**
 * The error function and its kin, and the logarithm of the gamma function with its derivatives.
 */
import type { TensorLike } from "../creation.ts";
import { tensor } from "../creation.ts";
import { ArgumentError, checkInteger } from "../errors.ts";
import type { PointwiseDefinition, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";
import { setDerivativeRule } from "../scalar/differentiate.ts";
import { highestPolygamma } from "../scalar/gamma.ts";
import type { Tensor } from "../tensor.ts";
import { normalDensity } from "./normal-density.ts";

const slopeAtZero = 2 / Math.sqrt(Math.PI);

/**
 * The error function 2/√π ∫₀ˣ e^−t² dt, element by element; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { erf, tensor } from "@chainrule/core";
 * erf(tensor([0, 1])); // → tensor([0.0000, 0.8427])
 */
export const erf: Unary = pointwise({
  name: "erf",
  operands: ["x"],
  value: (s, x) => s.erf(x),
  derivative: (s, x) => [s.mul(s.constant(slopeAtZero), s.exp(s.neg(s.square(x))))],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "zero and far",
      call: () => [tensor([-0, 30, -Infinity], { dtype: "float64" })],
      result: [-0, 1, -1],
      gradients: [[slopeAtZero, 0, 0]],
    },
  ],
});

/**
 * 1 − erf x, element by element, with all digits for large x too; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { erfc, tensor } from "@chainrule/core";
 * erfc(tensor([0, 5])); // → tensor([1.0000e+0, 1.5375e-12])
 */
export const erfc: Unary = pointwise({
  name: "erfc",
  operands: ["x"],
  value: (s, x) => s.erfc(x),
  derivative: (s, x) => [s.mul(s.constant(-slopeAtZero), s.exp(s.neg(s.square(x))))],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "zero and far",
      call: () => [tensor([0, 30, -Infinity], { dtype: "float64" })],
      result: [1, 0, 2],
      gradients: [[-slopeAtZero, -0, -0]],
    },
  ],
});

/**
 * The inverse of {@link erf}, element by element: ±∞ at ±1, NaN beyond. The derivative is √π/2·e^y² of the result y. √2·erfinv(2p − 1)
 * is the p-quantile of the standard normal distribution. Whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { erfinv, tensor } from "@chainrule/core";
 * erfinv(tensor([0, 0.5, 0.95])).mul(Math.SQRT2); // → tensor([0.0000, 0.6745, 1.9600])
 */
export const erfinv: Unary = pointwise({
  name: "erfinv",
  operands: ["x"],
  value: (s, x) => s.erfinv(x),
  derivative: (s, _x, y) => [s.mul(s.constant(1 / slopeAtZero), s.exp(s.square(y)))],
  samples: [{ args: [within(-0.9, 0.9)] }],
  edges: [
    {
      note: "the ends, and beyond",
      call: () => [tensor([-0, 1, -1, 1.5], { dtype: "float64" })],
      result: [-0, Infinity, -Infinity, Number.NaN],
      gradients: [[1 / slopeAtZero, Infinity, Infinity, Number.NaN]],
    },
  ],
});

/**
 * The standard normal distribution function Φ(x) = ½(1 + erf(x/√2)), element by element, with all digits in both tails; its
 * derivative is the density e^(−x²/2)/√(2π). Whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { ndtr, tensor } from "@chainrule/core";
 * ndtr(tensor([-1.96, 0, 1.96])); // → tensor([0.0250, 0.5000, 0.9750])
 */
export const ndtr: Unary = pointwise({
  name: "ndtr",
  operands: ["x"],
  value: (s, x) => s.ndtr(x),
  derivative: (s, x) => [normalDensity(s, x)],
  samples: [{ args: [within(-4, 4)] }],
  edges: [
    {
      note: "zero and far",
      call: () => [tensor([0, -40, 40, -Infinity, Infinity], { dtype: "float64" })],
      result: [0.5, 0, 1, 0, 1],
      gradients: [[1 / Math.sqrt(2 * Math.PI), 0, 0, 0, 0]],
    },
  ],
});

/**
 * ln |Γ(x)|, element by element; +∞ at 0, at negative whole numbers and at both infinities. The derivative is
 * {@link digamma}. Whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { lgamma, tensor } from "@chainrule/core";
 * lgamma(tensor([1, 5])); // → tensor([0.0000, 3.1781])
 */
export const lgamma: Unary = pointwise({
  name: "lgamma",
  operands: ["x"],
  value: (s, x) => s.lgamma(x),
  derivative: (s, x) => [s.digamma(x)],
  samples: [{ args: [within(0.3, 5)] }, { args: [within(-2.8, -2.2)] }],
  edges: [
    {
      note: "poles, zeros and infinity",
      call: () => [tensor([0, -1, 1, 2, Infinity], { dtype: "float64" })],
      result: [Infinity, Infinity, 0, 0, Infinity],
      gradients: [[-Infinity, Number.NaN, -0.5772156649015329, 0.42278433509846713, Infinity]],
    },
  ],
});

/**
 * ψ(x), the derivative of ln Γ(x), element by element; −∞ at 0, +∞ at −0, NaN at negative whole numbers. Whole numbers become
 * floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { digamma, tensor } from "@chainrule/core";
 * digamma(tensor([1, 2])); // → tensor([-0.5772, 0.4228])
 */
export const digamma: Unary = pointwise({
  name: "digamma",
  operands: ["x"],
  value: (s, x) => s.digamma(x),
  derivative: (s, x) => [s.polygamma(s.one, x)],
  samples: [{ args: [within(0.3, 5)] }, { args: [within(-2.8, -2.2)] }],
  edges: [
    {
      note: "poles and infinity",
      call: () => [tensor([0, -0, -1, 1, Infinity], { dtype: "float64" })],
      result: [-Infinity, Infinity, Number.NaN, -0.5772156649015329, Infinity],
      gradients: [[Infinity, Infinity, Infinity, Math.PI ** 2 / 6, 0]],
    },
  ],
});

const polygammaOf = pointwise({
  name: "polygamma",
  operands: ["x"],
  parameters: { n: 0 },
  facade: true,
  formula: String.raw`y = \psi^{(n)}\left(x\right)`,
  value: (s, x, p) => s.polygamma(p.n, x),
  derivative: (s, x, _y, p) => [s.polygamma(s.add(p.n, s.one), x)],
  samples: [
    (draw) => [draw.integer(0, 4), draw.tensor(draw.shape(0, 3, 0), within(0.5, 5))],
    (draw) => [draw.integer(0, 2), draw.tensor(draw.shape(0, 3, 0), within(-1.7, -1.3))],
  ],
  rejects: [
    {
      call: () => [-1, tensor([1])],
      message: /polygamma: n must be a whole number from 0 to 1000, not -1/,
      type: ArgumentError,
    },
    {
      call: () => [0.5, tensor([1])],
      message: /polygamma: n must be a whole number from 0 to 1000, not 0.5/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "odd orders are positive at poles, and vanish at infinity",
      call: () => [1, tensor([0, -2, Infinity, 1], { dtype: "float64" })],
      result: [Infinity, Infinity, 0, Math.PI ** 2 / 6],
      gradients: [[-Infinity, -Infinity, -0, -2.4041138063191885]],
    },
  ],
});

// The order is a whole number: by it there is nothing to differentiate.
setDerivativeRule("polygamma", (s, [n, x]) => [s.zero, s.polygamma(s.add(n!, s.one), x!)]);

/** The function {@link polygamma}. */
export interface Polygamma {
  (n: number, x: TensorLike): Tensor;
  readonly op: PointwiseDefinition;
}

/**
 * ψ⁽ⁿ⁾(x), the n-th derivative of {@link digamma}, element by element: (−1)ⁿ⁺¹ n! Σₖ 1/(x + k)ⁿ⁺¹. For n ≥ 1 it is infinite
 * at 0 and at negative whole numbers, with the sign that it has to the right of them. Whole numbers become floating.
 *
 * @throws {ArgumentError} when n is no whole number from 0 to 1000.
 * @example
 * import { polygamma, tensor } from "@chainrule/core";
 * polygamma(1, tensor([1, 2])); // → tensor([1.6449, 0.6449])
 */
export const polygamma: Polygamma = Object.assign(
  (n: number, x: TensorLike): Tensor =>
    polygammaOf(x, { n: checkInteger("polygamma", "n", n, 0, highestPolygamma) }),
  { op: polygammaOf.op },
);
