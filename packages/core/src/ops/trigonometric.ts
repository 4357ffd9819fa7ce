/**
 * Trigonometric functions and their inverses; angles in radians.
 */
import { tensor } from "../creation.ts";
import type { Binary, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";
import type { Expression } from "../scalar/expression.ts";
import type { ScalarAlgebra } from "../scalar/primitives.ts";

/**
 * sin x, element by element; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { sin, tensor } from "@chainrule/core";
 * sin(tensor([0, Math.PI / 2])); // → tensor([0, 1])
 */
export const sin: Unary = pointwise({
  name: "sin",
  operands: ["x"],
  value: (s, x) => s.sin(x),
  derivative: (s, x) => [s.cos(x)],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "zero and infinity",
      call: () => [tensor([-0, Infinity])],
      result: [-0, Number.NaN],
      gradients: [[1, Number.NaN]],
    },
  ],
});

/**
 * cos x, element by element; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { cos, tensor } from "@chainrule/core";
 * cos(tensor([0, Math.PI])); // → tensor([1, -1])
 */
export const cos: Unary = pointwise({
  name: "cos",
  operands: ["x"],
  value: (s, x) => s.cos(x),
  derivative: (s, x) => [s.neg(s.sin(x))],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "zero and infinity",
      call: () => [tensor([-0, Infinity])],
      result: [1, Number.NaN],
      gradients: [[0, Number.NaN]],
    },
  ],
});

/**
 * tan x, element by element; whole numbers become floating. The derivative is 1 + tan² x.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { tan, tensor } from "@chainrule/core";
 * tan(tensor([0, Math.PI / 4])); // → tensor([0, 1])
 */
export const tan: Unary = pointwise({
  name: "tan",
  operands: ["x"],
  value: (s, x) => s.tan(x),
  derivative: (s, _x, y) => [s.add(s.one, s.square(y))],
  samples: [{ args: [within(-1.2, 1.2)] }],
  edges: [
    {
      note: "zero and infinity",
      call: () => [tensor([-0, Infinity])],
      result: [-0, Number.NaN],
      gradients: [[1, Number.NaN]],
    },
  ],
});

/**
 * arcsin x, element by element, from −π/2 to π/2; NaN outside of [−1, 1]. The slope is infinite at ±1. Whole numbers become
 * floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { asin, tensor } from "@chainrule/core";
 * asin(tensor([0, 1])); // → tensor([0.0000, 1.5708])
 */
export const asin: Unary = pointwise({
  name: "asin",
  operands: ["x"],
  value: (s, x) => s.asin(x),
  // 1 − x² as a product keeps its digits near ±1.
  derivative: (s, x) => [s.div(s.one, s.sqrt(s.mul(s.sub(s.one, x), s.add(s.one, x))))],
  samples: [{ args: [within(-0.9, 0.9)] }],
  edges: [
    {
      note: "the ends of the domain, and outside",
      call: () => [tensor([1, -1, 2], { dtype: "float64" })],
      result: [Math.PI / 2, -Math.PI / 2, Number.NaN],
      gradients: [[Infinity, Infinity, Number.NaN]],
    },
  ],
});

/**
 * arccos x, element by element, from 0 to π; NaN outside of [−1, 1]. The slope is infinite at ±1. Whole numbers become
 * floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { acos, tensor } from "@chainrule/core";
 * acos(tensor([1, -1])); // → tensor([0.0000, 3.1416])
 */
export const acos: Unary = pointwise({
  name: "acos",
  operands: ["x"],
  value: (s, x) => s.acos(x),
  // 1 − x² as a product keeps its digits near ±1.
  derivative: (s, x) => [s.neg(s.div(s.one, s.sqrt(s.mul(s.sub(s.one, x), s.add(s.one, x)))))],
  samples: [{ args: [within(-0.9, 0.9)] }],
  edges: [
    {
      note: "the ends of the domain, and outside",
      call: () => [tensor([1, -1, 2], { dtype: "float64" })],
      result: [0, Math.PI, Number.NaN],
      gradients: [[-Infinity, -Infinity, Number.NaN]],
    },
  ],
});

/**
 * arctan x, element by element, from −π/2 to π/2; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { atan, tensor } from "@chainrule/core";
 * atan(tensor([0, 1])); // → tensor([0.0000, 0.7854])
 */
export const atan: Unary = pointwise({
  name: "atan",
  operands: ["x"],
  value: (s, x) => s.atan(x),
  derivative: (s, x) => [s.div(s.one, s.add(s.one, s.square(x)))],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "zero and infinity",
      call: () => [tensor([-0, Infinity], { dtype: "float64" })],
      result: [-0, Math.PI / 2],
      gradients: [[1, 0]],
    },
  ],
});

/**
 * The angle of the point (x, y) as seen from the origin, from −π to π, element by element; operands broadcast. y comes
 * first. Zeros of either sign choose the side of the cut as in C. The gradients are x/(x² + y²) and −y/(x² + y²), NaN at the
 * origin.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { atan2, tensor } from "@chainrule/core";
 * atan2(tensor([1, -1]), tensor([-1, 0])); // → tensor([2.3562, -1.5708])
 */
export const atan2: Binary = pointwise({
  name: "atan2",
  operands: ["y", "x"],
  formula: String.raw`z = \operatorname{atan2}\left(y, x\right)`,
  value: (s, y, x) => s.atan2(y, x),
  // Divided twice by the distance, so that its square neither overflows nor vanishes.
  derivative: (s, y, x) => {
    const distance = s.hypot(x, y);
    return [s.div(s.div(x, distance), distance), s.neg(s.div(s.div(y, distance), distance))];
  },
  derivativeFormulas: [String.raw`\frac{x}{x^{2} + y^{2}}`, String.raw`-\frac{y}{x^{2} + y^{2}}`],
  samples: [
    { args: [within(-3, 3, { avoid: [0] }), within(0.3, 3)] },
    { args: [within(0.3, 3), within(-3, 3)] },
  ],
  edges: [
    {
      note: "the origin, and zeros of either sign",
      call: () => [
        tensor([0, 0, -0, 0, -0, 1, -1], { dtype: "float64" }),
        tensor([0, 1, 1, -1, -1, 0, 0], { dtype: "float64" }),
      ],
      result: [0, 0, -0, Math.PI, -Math.PI, Math.PI / 2, -Math.PI / 2],
      gradients: [
        [Number.NaN, 1, 1, -1, -1, 0, 0],
        [Number.NaN, -0, 0, -0, 0, -1, 1],
      ],
    },
  ],
});

/** sin z/z as its power series in w = z²: Σₖ (−w)ᵏ/(2k + 1)!, exact to the last digit for |z| < 1. */
function seriesOfSinc(s: ScalarAlgebra<Expression>, w: Expression): Expression {
  let sum = s.one;
  for (let k = 11; k > 0; k--) {
    sum = s.sub(s.one, s.mul(s.mul(w, s.constant(1 / (2 * k * (2 * k + 1)))), sum));
  }
  return sum;
}

/**
 * sin(πx)/(πx), element by element, and 1 at 0; whole numbers become floating. All derivatives are exact at 0, too.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { sinc, tensor } from "@chainrule/core";
 * sinc(tensor([0, 0.5, 1])); // → tensor([1.0000e+0, 6.3662e-1, 3.8982e-17])
 */
export const sinc: Unary = pointwise({
  name: "sinc",
  operands: ["x"],
  formula: String.raw`y = \frac{\sin\left(\pi x\right)}{\pi x}`,
  // The derivative of a quotient loses its digits near 0; that of the series does not.
  value: (s, x) => {
    const z = s.mul(s.constant(Math.PI), x);
    return s.where(s.lt(s.abs(z), s.one), seriesOfSinc(s, s.square(z)), s.div(s.sin(z), z));
  },
  derivativeFormulas: [String.raw`\frac{\cos\left(\pi x\right) - y}{x}`],
  samples: [{ args: [within(-3, 3)] }, { args: [within(-0.3, 0.3)] }],
  edges: [
    {
      note: "0, a zero and an extremum",
      call: () => [tensor([0, 1, 0.5, Infinity], { dtype: "float64" })],
      result: [1, Math.sin(Math.PI) / Math.PI, 2 / Math.PI, Number.NaN],
      gradients: [[0, -1, -4 / Math.PI, Number.NaN]],
    },
  ],
});

/**
 * Degrees to radians, x·π/180, element by element; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { deg2rad, tensor } from "@chainrule/core";
 * deg2rad(tensor([180])); // → tensor([3.1416])
 */
export const deg2rad: Unary = pointwise({
  name: "deg2rad",
  operands: ["x"],
  value: (s, x) => s.mul(x, s.constant(Math.PI / 180)),
  derivative: (s) => [s.constant(Math.PI / 180)],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "a half turn; infinity",
      call: () => [tensor([180, -Infinity], { dtype: "float64" })],
      result: [Math.PI, -Infinity],
      gradients: [[Math.PI / 180, Math.PI / 180]],
    },
  ],
});

/**
 * Radians to degrees, x·180/π, element by element; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { rad2deg, tensor } from "@chainrule/core";
 * rad2deg(tensor([Math.PI])); // → tensor([180])
 */
export const rad2deg: Unary = pointwise({
  name: "rad2deg",
  operands: ["x"],
  value: (s, x) => s.mul(x, s.constant(180 / Math.PI)),
  derivative: (s) => [s.constant(180 / Math.PI)],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "a half turn; infinity",
      call: () => [tensor([Math.PI, -Infinity], { dtype: "float64" })],
      result: [180, -Infinity],
      gradients: [[180 / Math.PI, 180 / Math.PI]],
    },
  ],
});
