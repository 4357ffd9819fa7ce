/**
 * Trigonometric functions; angles in radians.
 */
import type { Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * sin x.
 *
 * @example
 * import { sin, tensor } from "@chainrule/core";
 * sin(tensor([0])); // → tensor([0])
 */
export const sin: Unary = pointwise({
  name: "sin",
  operands: ["x"],
  value: (s, x) => s.sin(x),
  derivative: (s, x) => [s.cos(x)],
  samples: [{ args: [within(-3, 3)] }],
});

/**
 * cos x.
 *
 * @example
 * import { cos, tensor } from "@chainrule/core";
 * cos(tensor([0])); // → tensor([1])
 */
export const cos: Unary = pointwise({
  name: "cos",
  operands: ["x"],
  value: (s, x) => s.cos(x),
  derivative: (s, x) => [s.neg(s.sin(x))],
  samples: [{ args: [within(-3, 3)] }],
});

/**
 * tan x.
 *
 * @example
 * import { tan, tensor } from "@chainrule/core";
 * tan(tensor([0])); // → tensor([0])
 */
export const tan: Unary = pointwise({
  name: "tan",
  operands: ["x"],
  value: (s, x) => s.tan(x),
  derivative: (s, _x, y) => [s.add(s.one, s.square(y))],
  samples: [{ args: [within(-1.2, 1.2)] }],
});
