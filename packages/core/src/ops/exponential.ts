/**
 * Exponentials and logarithms.
 */
import { tensor } from "../creation.ts";
import type { Binary, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";
import type { ScalarAlgebra } from "../scalar/primitives.ts";

/**
 * eˣ, element by element; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { exp, tensor } from "@chainrule/core";
 * exp(tensor([0, 1])); // → tensor([1.0000, 2.7183])
 */
export const exp: Unary = pointwise({
  name: "exp",
  operands: ["x"],
  value: (s, x) => s.exp(x),
  derivative: (_s, _x, y) => [y],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "beyond the range of numbers",
      call: () => [tensor([800, -800, Infinity, -Infinity])],
      result: [Infinity, 0, Infinity, 0],
      gradients: [[Infinity, 0, Infinity, 0]],
    },
  ],
});

/**
 * 2ˣ, element by element; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { exp2, tensor } from "@chainrule/core";
 * exp2(tensor([3, -1])); // → tensor([8.0, 0.5])
 */
export const exp2: Unary = pointwise({
  name: "exp2",
  operands: ["x"],
  value: (s, x) => s.exp2(x),
  derivative: (s, _x, y) => [s.mul(s.constant(Math.LN2), y)],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "exact at whole numbers; beyond the range of numbers",
      call: () => [tensor([10, -3, 2000, -Infinity], { dtype: "float64" })],
      result: [1024, 0.125, Infinity, 0],
      gradients: [[1024 * Math.LN2, 0.125 * Math.LN2, Infinity, 0]],
    },
  ],
});

/**
 * eˣ − 1, element by element, with all digits for small x too; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { expm1, tensor } from "@chainrule/core";
 * expm1(tensor([0, 1])); // → tensor([0.0000, 1.7183])
 */
export const expm1: Unary = pointwise({
  name: "expm1",
  operands: ["x"],
  value: (s, x) => s.expm1(x),
  derivative: (s, _x, y) => [s.add(y, s.one)],
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "accurate near 0",
      call: () => [tensor([1e-20, -0, -1000], { dtype: "float64" })],
      result: [1e-20, -0, -1],
      gradients: [[1, 1, 0]],
    },
  ],
});

/**
 * The natural logarithm ln x, element by element; −∞ at 0, NaN below. Whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { log, tensor } from "@chainrule/core";
 * log(tensor([1, 2])); // → tensor([0.0000, 0.6931])
 */
export const log: Unary = pointwise({
  name: "log",
  operands: ["x"],
  value: (s, x) => s.log(x),
  derivative: (s, x) => [s.div(s.one, x)],
  samples: [{ args: [within(0.1, 5)] }],
  edges: [
    {
      note: "zero, below and infinity",
      call: () => [tensor([0, -1, 1, Infinity])],
      result: [-Infinity, Number.NaN, 0, Infinity],
      gradients: [[Infinity, -1, 1, 0]],
    },
  ],
});

/**
 * The logarithm to the base 2, element by element; −∞ at 0, NaN below. Whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { log2, tensor } from "@chainrule/core";
 * log2(tensor([1, 8])); // → tensor([0, 3])
 */
export const log2: Unary = pointwise({
  name: "log2",
  operands: ["x"],
  value: (s, x) => s.log2(x),
  derivative: (s, x) => [s.div(s.one, s.mul(x, s.constant(Math.LN2)))],
  samples: [{ args: [within(0.1, 5)] }],
  edges: [
    {
      note: "zero, below, and whole powers",
      call: () => [tensor([0, -1, 8], { dtype: "float64" })],
      result: [-Infinity, Number.NaN, 3],
      gradients: [[Infinity, -1 / Math.LN2, 1 / (8 * Math.LN2)]],
    },
  ],
});

/**
 * The logarithm to the base 10, element by element; −∞ at 0, NaN below. Whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { log10, tensor } from "@chainrule/core";
 * log10(tensor([1, 1000])); // → tensor([0, 3])
 */
export const log10: Unary = pointwise({
  name: "log10",
  operands: ["x"],
  value: (s, x) => s.log10(x),
  derivative: (s, x) => [s.div(s.one, s.mul(x, s.constant(Math.LN10)))],
  samples: [{ args: [within(0.1, 5)] }],
  edges: [
    {
      note: "zero, below, and whole powers",
      call: () => [tensor([0, -1, 1000], { dtype: "float64" })],
      result: [-Infinity, Number.NaN, 3],
      gradients: [[Infinity, -1 / Math.LN10, 1 / (1000 * Math.LN10)]],
    },
  ],
});

/**
 * ln(1 + x), element by element, with all digits for small x too; −∞ at −1, NaN below. Whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { log1p, tensor } from "@chainrule/core";
 * log1p(tensor([0, 1])); // → tensor([0.0000, 0.6931])
 */
export const log1p: Unary = pointwise({
  name: "log1p",
  operands: ["x"],
  value: (s, x) => s.log1p(x),
  derivative: (s, x) => [s.div(s.one, s.add(x, s.one))],
  samples: [{ args: [within(-0.8, 5)] }],
  edges: [
    {
      note: "−1, below, and accurate near 0",
      call: () => [tensor([-1, -2, 1e-20, -0], { dtype: "float64" })],
      result: [-Infinity, Number.NaN, 1e-20, -0],
      gradients: [[Infinity, -1, 1, 1]],
    },
  ],
});

/** −|a − b|: 0 where both are the same infinity, of which the difference would be NaN. */
function distanceDown<T>(s: ScalarAlgebra<T>, a: T, b: T): T {
  return s.neg(s.abs(s.where(s.eq(a, b), s.zero, s.sub(a, b))));
}

/** pᵃ/(pᵃ + pᵇ) and pᵇ/(pᵃ + pᵇ) for the power of a base p, from the difference alone; halves of the same infinity. */
function shares<T>(s: ScalarAlgebra<T>, a: T, b: T, power: (exponent: T) => T): readonly [T, T] {
  const infinity = s.constant(Number.POSITIVE_INFINITY);
  const sameInfinity = s.logicalAnd(s.eq(a, b), s.eq(s.abs(a), infinity));
  const difference = s.where(sameInfinity, s.zero, s.sub(a, b));
  return [
    s.div(s.one, s.add(s.one, power(s.neg(difference)))),
    s.div(s.one, s.add(s.one, power(difference))),
  ];
}

/**
 * ln(eᵃ + eᵇ), element by element, without overflow; operands broadcast. The gradients are the shares eᵃ⁻ʸ and eᵇ⁻ʸ, halves
 * where both are the same infinity.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { logaddexp, tensor } from "@chainrule/core";
 * logaddexp(tensor([0, 1000]), tensor([0, 1000])); // → tensor([0.6931, 1000.6932])
 */
export const logaddexp: Binary = pointwise({
  name: "logaddexp",
  operands: ["a", "b"],
  formula: String.raw`y = \ln\left(e^{a} + e^{b}\right)`,
  // max + ln(1 + e^−|difference|).
  value: (s, a, b) => s.add(s.maximum(a, b), s.log1p(s.exp(distanceDown(s, a, b)))),
  derivative: (s, a, b) => shares(s, a, b, s.exp),
  derivativeFormulas: [
    String.raw`\frac{e^{a}}{e^{a} + e^{b}}`,
    String.raw`\frac{e^{b}}{e^{a} + e^{b}}`,
  ],
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
  edges: [
    {
      note: "large numbers and infinities",
      call: () => [
        tensor([1000, -1000, 0, -Infinity, Infinity], { dtype: "float64" }),
        tensor([1000, 0, -Infinity, -Infinity, Infinity], { dtype: "float64" }),
      ],
      result: [1000 + Math.LN2, 0, 0, -Infinity, Infinity],
      gradients: [
        [0.5, 0, 1, 0.5, 0.5],
        [0.5, 1, 0, 0.5, 0.5],
      ],
    },
  ],
});

/**
 * log₂(2ᵃ + 2ᵇ), element by element, without overflow; operands broadcast. The gradients are the shares 2ᵃ⁻ʸ and 2ᵇ⁻ʸ, halves
 * where both are the same infinity.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { logaddexp2, tensor } from "@chainrule/core";
 * logaddexp2(tensor([0, 2000]), tensor([0, 2000])); // → tensor([1, 2001])
 */
export const logaddexp2: Binary = pointwise({
  name: "logaddexp2",
  operands: ["a", "b"],
  formula: String.raw`y = \log_2\left(2^{a} + 2^{b}\right)`,
  value: (s, a, b) => {
    const rest = s.log1p(s.exp2(distanceDown(s, a, b)));
    return s.add(s.maximum(a, b), s.mul(rest, s.constant(Math.LOG2E)));
  },
  derivative: (s, a, b) => shares(s, a, b, s.exp2),
  derivativeFormulas: [
    String.raw`\frac{2^{a}}{2^{a} + 2^{b}}`,
    String.raw`\frac{2^{b}}{2^{a} + 2^{b}}`,
  ],
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
  edges: [
    {
      note: "large numbers and infinities",
      call: () => [
        tensor([2000, -2000, 0, -Infinity, Infinity], { dtype: "float64" }),
        tensor([2000, 0, -Infinity, -Infinity, Infinity], { dtype: "float64" }),
      ],
      result: [2001, 0, 0, -Infinity, Infinity],
      gradients: [
        [0.5, 0, 1, 0.5, 0.5],
        [0.5, 1, 0, 0.5, 0.5],
      ],
    },
  ],
});

/**
 * x·ln y, element by element, and 0 where x = 0 unless y is NaN; operands broadcast. The gradient of x is ln y, but 0 where
 * x = 0 ≥ y; that of y is x/y.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { tensor, xlogy } from "@chainrule/core";
 * xlogy(tensor([0, 2]), tensor([0, 1])); // → tensor([0, 0])
 */
export const xlogy: Binary = pointwise({
  name: "xlogy",
  operands: ["x", "y"],
  formula: String.raw`z = x \cdot \ln\left(y\right)`,
  value: (s, x, y) => {
    const isZero = s.logicalAnd(s.eq(x, s.zero), s.eq(y, y));
    return s.where(isZero, s.zero, s.mul(x, s.log(y)));
  },
  derivative: (s, x, y) => [
    s.where(s.logicalAnd(s.eq(x, s.zero), s.le(y, s.zero)), s.zero, s.log(y)),
    s.div(x, y),
  ],
  derivativeFormulas: [String.raw`\ln\left(y\right)`, String.raw`\frac{x}{y}`],
  samples: [{ args: [within(-3, 3), within(0.3, 3)] }],
  edges: [
    {
      note: "0 wins, but not over NaN",
      call: () => [tensor([0, 0, 0, 2]), tensor([0, Number.NaN, Infinity, 1])],
      result: [0, Number.NaN, 0, 0],
      gradients: [
        [0, Number.NaN, Infinity, 0],
        [Number.NaN, Number.NaN, 0, 2],
      ],
    },
  ],
});
