/**
 * Powers and roots.
 */
import { tensor } from "../creation.ts";
import type { Binary, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * aᵇ, element by element; operands broadcast, either may be a number.
 *
 * 0⁰ = 1, and so are NaN⁰ and 1ᴺᵃᴺ. A negative base gives NaN unless the exponent is whole. The gradient of a is b·aᵇ⁻¹,
 * and 0 where b = 0; that of b is aᵇ·ln a, 0 where a = 0 ≤ b, and NaN for negative bases. Whole numbers stay whole, modulo
 * 2³²; a negative whole exponent gives 1 for the base 1, ±1 for the base −1, else 0.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { pow, tensor } from "@chainrule/core";
 * pow(tensor([2, 3]), tensor([3, 2])); // → tensor([8, 9])
 * pow(2, tensor([0, 1, 2])); // → tensor([1, 2, 4])
 */
export const pow: Binary = pointwise({
  name: "pow",
  operands: ["a", "b"],
  value: (s, a, b) => s.pow(a, b),
  // The conditions hold only where the products would be 0·∞ or 0·NaN, so that second derivatives are right elsewhere; in
  // float32 1/a is ∞ for denormal numbers, too.
  derivative: (s, a, b, y) => [
    s.where(
      s.logicalAnd(s.eq(b, s.zero), s.logicalNot(s.ge(s.abs(a), s.constant(2 ** -126)))),
      s.zero,
      s.mul(b, s.pow(a, s.sub(b, s.one))),
    ),
    s.where(s.logicalAnd(s.eq(a, s.zero), s.ge(b, s.zero)), s.zero, s.mul(y, s.log(a))),
  ],
  derivativeFormulas: [String.raw`b \cdot a^{b - 1}`, String.raw`y \cdot \ln\left(a\right)`],
  result: "same",
  samples: [
    { args: [within(0.5, 3), within(-2, 3)] },
    (draw) => [
      draw.tensor(draw.shape(0, 3, 0), within(-2, 2, { avoid: [0], margin: 0.5 })),
      draw.pick([-2, -1, 0, 1, 2, 3, 4]),
    ],
    (draw) => [draw.tensor(draw.shape(0, 3, 0), within(0.5, 3)), draw.pick([0.5, -0.5, 2.5])],
  ],
  edges: [
    {
      note: "base 0",
      call: () => [tensor([0, 0, 0, 0, 0]), tensor([0, 1, 2, 0.5, -1])],
      result: [1, 0, 0, 0, Infinity],
      gradients: [
        [0, 1, 0, Infinity, -Infinity],
        [0, 0, 0, 0, -Infinity],
      ],
    },
    {
      note: "negative base",
      call: () => [tensor([-2, -2, -2]), tensor([3, -1, 2.5])],
      result: [-8, -0.5, Number.NaN],
      gradients: [
        [12, -0.25, Number.NaN],
        [Number.NaN, Number.NaN, Number.NaN],
      ],
    },
    {
      note: "exponent 0: the derivative is 0, even at NaN",
      call: () => [tensor([0, -3, Number.NaN]), 0],
      result: [1, 1, 1],
      gradients: [[0, -0, 0]],
    },
    {
      note: "whole numbers stay whole, modulo 2³²",
      call: () => [
        tensor([3, 7, 2, -1, 0, -2], { dtype: "int32" }),
        tensor([4, 12, -1, -3, 0, 31], { dtype: "int32" }),
      ],
      result: [81, 956385313, 0, -1, 1, -(2 ** 31)],
    },
  ],
});

/**
 * x², element by element; int32 and bool give int32, which wraps around.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { square, tensor } from "@chainrule/core";
 * square(tensor([3, -2])); // → tensor([9, 4])
 */
export const square: Unary = pointwise({
  name: "square",
  operands: ["x"],
  value: (s, x) => s.square(x),
  derivative: (s, x) => [s.mul(s.constant(2), x)],
  result: "same",
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "zeros and infinities",
      call: () => [tensor([-0, -Infinity])],
      result: [0, Infinity],
      gradients: [[-0, -Infinity]],
    },
  ],
});

/**
 * √x, element by element; NaN below 0. The slope 1/(2√x) is infinite at 0.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { sqrt, tensor } from "@chainrule/core";
 * sqrt(tensor([4, 9])); // → tensor([2, 3])
 */
export const sqrt: Unary = pointwise({
  name: "sqrt",
  operands: ["x"],
  value: (s, x) => s.sqrt(x),
  derivative: (s, _x, y) => [s.div(s.one, s.mul(s.constant(2), y))],
  samples: [{ args: [within(0.1, 5)] }],
  edges: [
    {
      note: "zeros and below",
      call: () => [tensor([0, -0, -1])],
      result: [0, -0, Number.NaN],
      gradients: [[Infinity, -Infinity, Number.NaN]],
    },
  ],
});

/**
 * 1/√x, element by element; ∞ at 0, NaN below.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { rsqrt, tensor } from "@chainrule/core";
 * rsqrt(tensor([4])); // → tensor([0.5])
 */
export const rsqrt: Unary = pointwise({
  name: "rsqrt",
  operands: ["x"],
  value: (s, x) => s.div(s.one, s.sqrt(x)),
  derivative: (s, x, y) => [s.mul(s.constant(-0.5), s.div(y, x))],
  samples: [{ args: [within(0.1, 5)] }],
  edges: [
    {
      note: "zero and below",
      call: () => [tensor([0, -1, Infinity])],
      result: [Infinity, Number.NaN, 0],
      gradients: [[-Infinity, Number.NaN, -0]],
    },
  ],
});

/**
 * √(a² + b²), element by element, without overflow or underflow on the way; operands broadcast. ∞ if either is infinite,
 * even beside NaN. The gradients a/y and b/y are NaN where both are 0.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { hypot, tensor } from "@chainrule/core";
 * hypot(tensor([3, 5]), tensor([4, 12])); // → tensor([5, 13])
 */
export const hypot: Binary = pointwise({
  name: "hypot",
  operands: ["a", "b"],
  formula: String.raw`y = \sqrt{a^{2} + b^{2}}`,
  value: (s, a, b) => s.hypot(a, b),
  derivative: (s, a, b, y) => [s.div(a, y), s.div(b, y)],
  samples: [{ args: [within(-3, 3, { avoid: [0], margin: 0.3 }), within(-3, 3)] }],
  edges: [
    {
      note: "both 0; infinite beside NaN; the squares would overflow",
      call: () => [
        tensor([0, Infinity, Number.NaN, 3e200, 3e-200], { dtype: "float64" }),
        tensor([0, Number.NaN, 1, 4e200, 4e-200], { dtype: "float64" }),
      ],
      result: [0, Infinity, Number.NaN, 5e200, 5e-200],
      gradients: [
        [Number.NaN, Number.NaN, Number.NaN, 0.6, 0.6],
        [Number.NaN, Number.NaN, Number.NaN, 0.8, 0.8],
      ],
    },
  ],
});
