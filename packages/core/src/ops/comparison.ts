/**
 * Comparisons: true and false, element by element. They have no derivative.
 */
import type { Binary, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * a = b, element by element; as bool.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { eq, tensor } from "@chainrule/core";
 * eq(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([false, true, false], dtype=bool)
 */
export const eq: Binary = pointwise({
  name: "eq",
  operands: ["a", "b"],
  value: (s, a, b) => s.eq(a, b),
  result: "bool",
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
});

/**
 * a ≠ b, element by element; as bool.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { ne, tensor } from "@chainrule/core";
 * ne(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([true, false, true], dtype=bool)
 */
export const ne: Binary = pointwise({
  name: "ne",
  operands: ["a", "b"],
  value: (s, a, b) => s.ne(a, b),
  result: "bool",
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
});

/**
 * a < b, element by element; as bool.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { lt, tensor } from "@chainrule/core";
 * lt(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([true, false, false], dtype=bool)
 */
export const lt: Binary = pointwise({
  name: "lt",
  operands: ["a", "b"],
  value: (s, a, b) => s.lt(a, b),
  result: "bool",
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
});

/**
 * a ≤ b, element by element; as bool.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { le, tensor } from "@chainrule/core";
 * le(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([true, true, false], dtype=bool)
 */
export const le: Binary = pointwise({
  name: "le",
  operands: ["a", "b"],
  value: (s, a, b) => s.le(a, b),
  result: "bool",
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
});

/**
 * a > b, element by element; as bool.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { gt, tensor } from "@chainrule/core";
 * gt(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([false, false, true], dtype=bool)
 */
export const gt: Binary = pointwise({
  name: "gt",
  operands: ["a", "b"],
  value: (s, a, b) => s.gt(a, b),
  result: "bool",
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
});

/**
 * a ≥ b, element by element; as bool.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { ge, tensor } from "@chainrule/core";
 * ge(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([false, true, true], dtype=bool)
 */
export const ge: Binary = pointwise({
  name: "ge",
  operands: ["a", "b"],
  value: (s, a, b) => s.ge(a, b),
  result: "bool",
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
});

/**
 * Whether an element is NaN; as bool.
 *
 * @example
 * import { isnan, tensor } from "@chainrule/core";
 * isnan(tensor([1, NaN, Infinity])); // → tensor([false, true, false], dtype=bool)
 */
export const isnan: Unary = pointwise({
  name: "isnan",
  operands: ["x"],
  value: (s, x) => s.ne(x, x),
  result: "bool",
  samples: [{ args: [within(-3, 3)] }],
});

/**
 * Whether an element is infinite, of either sign; as bool.
 *
 * @example
 * import { isinf, tensor } from "@chainrule/core";
 * isinf(tensor([1, NaN, Infinity])); // → tensor([false, false, true], dtype=bool)
 */
export const isinf: Unary = pointwise({
  name: "isinf",
  operands: ["x"],
  value: (s, x) => s.eq(s.abs(x), s.constant(Number.POSITIVE_INFINITY)),
  result: "bool",
  samples: [{ args: [within(-3, 3)] }],
});

/**
 * Whether an element is a number, neither infinite nor NaN; as bool.
 *
 * @example
 * import { isfinite, tensor } from "@chainrule/core";
 * isfinite(tensor([1, NaN, Infinity])); // → tensor([true, false, false], dtype=bool)
 */
export const isfinite: Unary = pointwise({
  name: "isfinite",
  operands: ["x"],
  value: (s, x) => s.lt(s.abs(x), s.constant(Number.POSITIVE_INFINITY)),
  result: "bool",
  samples: [{ args: [within(-3, 3)] }],
});
