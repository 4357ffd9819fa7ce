/**
 * Choosing between numbers.
 */
import type { Binary, Ternary, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * |x|; the gradient at 0 is 0.
 *
 * @example
 * import { abs, tensor } from "@chainrule/core";
 * abs(tensor([-2, 3])); // → tensor([2, 3])
 */
export const abs: Unary = pointwise({
  name: "abs",
  operands: ["x"],
  value: (s, x) => s.abs(x),
  derivative: (s, x) => [s.sign(x)],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [0] })] }],
});

/**
 * The larger of two; NaN if either is. Where they are equal, each gets half of the gradient.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { maximum, tensor } from "@chainrule/core";
 * maximum(tensor([1, 5]), tensor([3, 2])); // → tensor([3, 5])
 */
export const maximum: Binary = pointwise({
  name: "maximum",
  operands: ["a", "b"],
  value: (s, a, b) => s.maximum(a, b),
  derivative: (s, a, b) => [
    s.where(s.gt(a, b), s.one, s.where(s.eq(a, b), s.constant(0.5), s.zero)),
    s.where(s.lt(a, b), s.one, s.where(s.eq(a, b), s.constant(0.5), s.zero)),
  ],
  result: "same",
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
});

/**
 * The smaller of two; NaN if either is. Where they are equal, each gets half of the gradient.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { minimum, tensor } from "@chainrule/core";
 * minimum(tensor([1, 5]), tensor([3, 2])); // → tensor([1, 2])
 */
export const minimum: Binary = pointwise({
  name: "minimum",
  operands: ["a", "b"],
  value: (s, a, b) => s.minimum(a, b),
  derivative: (s, a, b) => [
    s.where(s.lt(a, b), s.one, s.where(s.eq(a, b), s.constant(0.5), s.zero)),
    s.where(s.gt(a, b), s.one, s.where(s.eq(a, b), s.constant(0.5), s.zero)),
  ],
  result: "same",
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
});

/**
 * a where the condition is true, else b. The gradient goes to the one that was taken.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { tensor, where } from "@chainrule/core";
 * where(tensor([true, false]), tensor([1, 2]), 0); // → tensor([1, 0])
 */
export const where: Ternary = pointwise({
  name: "where",
  operands: ["condition", "a", "b"],
  value: (s, condition, a, b) => s.where(condition, a, b),
  derivative: (s, condition) => [
    s.zero,
    s.where(condition, s.one, s.zero),
    s.where(condition, s.zero, s.one),
  ],
  result: "same",
  condition: true,
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
});
