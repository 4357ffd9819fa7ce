/**
 * Powers and roots.
 */
import type { Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * √x; the slope is infinite at 0.
 *
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
});

/**
 * 1/√x.
 *
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
});

/**
 * x².
 *
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
});
