/**
 * Division and remainders.
 */
import type { Binary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * a / b; whole numbers become floating.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { div, tensor } from "@chainrule/core";
 * div(tensor([1, 6]), tensor([2, 3])); // → tensor([0.5, 2.0])
 */
export const div: Binary = pointwise({
  name: "div",
  operands: ["a", "b"],
  value: (s, a, b) => s.div(a, b),
  derivative: (s, _a, b, y) => [s.div(s.one, b), s.neg(s.div(y, b))],
  samples: [{ args: [within(-3, 3), within(-3, 3, { avoid: [0], margin: 0.3 })] }],
});

/**
 * The remainder of a / b with the sign of a.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { fmod, tensor } from "@chainrule/core";
 * fmod(tensor([5, -5]), tensor([3, 3])); // → tensor([2, -2])
 */
export const fmod: Binary = pointwise({
  name: "fmod",
  operands: ["a", "b"],
  value: (s, a, b) => s.fmod(a, b),
  derivative: (s, a, b) => [s.one, s.neg(s.trunc(s.div(a, b)))],
  result: "same",
  samples: [{ args: [within(0.2, 0.8), within(1, 2)] }],
});

/**
 * aᵇ; 0⁰ = 1.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { pow, tensor } from "@chainrule/core";
 * pow(tensor([2, 3]), tensor([3, 2])); // → tensor([8, 9])
 */
export const pow: Binary = pointwise({
  name: "pow",
  operands: ["a", "b"],
  value: (s, a, b) => s.pow(a, b),
  derivative: (s, a, b, y) => [
    s.where(s.eq(b, s.zero), s.zero, s.mul(b, s.pow(a, s.sub(b, s.one)))),
    s.where(
      s.eq(a, s.zero),
      s.where(s.ge(b, s.zero), s.zero, s.mul(y, s.log(a))),
      s.mul(y, s.log(a)),
    ),
  ],
  result: "same",
  samples: [{ args: [within(0.5, 3), within(-2, 3)] }],
});
