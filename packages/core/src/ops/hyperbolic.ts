/**
 * Hyperbolic functions and their inverses.
 */
import { tensor } from "../creation.ts";
import type { Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * sinh x = (eˣ − e⁻ˣ)/2, element by element; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { sinh, tensor } from "@chainrule/core";
 * sinh(tensor([0, 1])); // → tensor([0.0000, 1.1752])
 */
export const sinh: Unary = pointwise({
  name: "sinh",
  operands: ["x"],
  value: (s, x) => s.sinh(x),
  derivative: (s, x) => [s.cosh(x)],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "zero, and beyond the range of numbers",
      call: () => [tensor([-0, 800])],
      result: [-0, Infinity],
      gradients: [[1, Infinity]],
    },
  ],
});

/**
 * cosh x = (eˣ + e⁻ˣ)/2, element by element; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { cosh, tensor } from "@chainrule/core";
 * cosh(tensor([0, 1])); // → tensor([1.0000, 1.5431])
 */
export const cosh: Unary = pointwise({
  name: "cosh",
  operands: ["x"],
  value: (s, x) => s.cosh(x),
  derivative: (s, x) => [s.sinh(x)],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "zero, and beyond the range of numbers",
      call: () => [tensor([0, -800])],
      result: [1, Infinity],
      gradients: [[0, -Infinity]],
    },
  ],
});

/**
 * The hyperbolic tangent sinh x/cosh x, element by element; whole numbers become floating. The derivative is 1 − tanh² x.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { tanh, tensor } from "@chainrule/core";
 * tanh(tensor([0, 1])); // → tensor([0.0000, 0.7616])
 */
export const tanh: Unary = pointwise({
  name: "tanh",
  operands: ["x"],
  value: (s, x) => s.tanh(x),
  derivative: (s, _x, y) => [s.sub(s.one, s.square(y))],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "saturated",
      call: () => [tensor([-1000, -0, Infinity])],
      result: [-1, -0, 1],
      gradients: [[0, 1, 0]],
    },
  ],
});

/**
 * The inverse of sinh, ln(x + √(x² + 1)), element by element; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { asinh, tensor } from "@chainrule/core";
 * asinh(tensor([0, 1])); // → tensor([0.0000, 0.8814])
 */
export const asinh: Unary = pointwise({
  name: "asinh",
  operands: ["x"],
  value: (s, x) => s.asinh(x),
  derivative: (s, x) => [s.div(s.one, s.sqrt(s.add(s.square(x), s.one)))],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "zero and infinity",
      call: () => [tensor([-0, -Infinity])],
      result: [-0, -Infinity],
      gradients: [[1, 0]],
    },
  ],
});

/**
 * The inverse of cosh, ln(x + √(x² − 1)), element by element; NaN below 1, where the slope is infinite. Whole numbers become
 * floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { acosh, tensor } from "@chainrule/core";
 * acosh(tensor([1, 2])); // → tensor([0.0000, 1.3170])
 */
export const acosh: Unary = pointwise({
  name: "acosh",
  operands: ["x"],
  value: (s, x) => s.acosh(x),
  // x² − 1 as a product keeps its digits near 1.
  derivative: (s, x) => [s.div(s.one, s.sqrt(s.mul(s.sub(x, s.one), s.add(x, s.one))))],
  samples: [{ args: [within(1.2, 4)] }],
  edges: [
    {
      note: "the end of the domain, and outside",
      call: () => [tensor([1, 0.5, Infinity])],
      result: [0, Number.NaN, Infinity],
      gradients: [[Infinity, Number.NaN, 0]],
    },
  ],
});

/**
 * The inverse of tanh, ½ ln((1 + x)/(1 − x)), element by element; ±∞ at ±1, NaN outside. Whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { atanh, tensor } from "@chainrule/core";
 * atanh(tensor([0, 0.5])); // → tensor([0.0000, 0.5493])
 */
export const atanh: Unary = pointwise({
  name: "atanh",
  operands: ["x"],
  value: (s, x) => s.atanh(x),
  // 1 − x² as a product keeps its digits near ±1.
  derivative: (s, x) => [s.div(s.one, s.mul(s.sub(s.one, x), s.add(s.one, x)))],
  samples: [{ args: [within(-0.9, 0.9)] }],
  edges: [
    {
      note: "the ends of the domain, and outside",
      call: () => [tensor([1, -1, 2, -0], { dtype: "float64" })],
      result: [Infinity, -Infinity, Number.NaN, -0],
      gradients: [[Infinity, Infinity, -1 / 3, 1]],
    },
  ],
});
