/**
 * Exponentials and logarithms.
 */
import type { Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * eˣ, element by element.
 *
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
});

/**
 * eˣ − 1, exact for small x too.
 *
 * @example
 * import { expm1, tensor } from "@chainrule/core";
 * expm1(tensor([0])); // → tensor([0])
 */
export const expm1: Unary = pointwise({
  name: "expm1",
  operands: ["x"],
  value: (s, x) => s.expm1(x),
  derivative: (s, _x, y) => [s.add(y, s.one)],
  samples: [{ args: [within(-3, 3)] }],
});

/**
 * ln x; −∞ at 0, NaN below.
 *
 * @example
 * import { log, tensor } from "@chainrule/core";
 * log(tensor([1])); // → tensor([0])
 */
export const log: Unary = pointwise({
  name: "log",
  operands: ["x"],
  value: (s, x) => s.log(x),
  derivative: (s, x) => [s.div(s.one, x)],
  samples: [{ args: [within(0.1, 5)] }],
});

/**
 * ln(1 + x), exact for small x too.
 *
 * @example
 * import { log1p, tensor } from "@chainrule/core";
 * log1p(tensor([0])); // → tensor([0])
 */
export const log1p: Unary = pointwise({
  name: "log1p",
  operands: ["x"],
  value: (s, x) => s.log1p(x),
  derivative: (s, x) => [s.div(s.one, s.add(x, s.one))],
  samples: [{ args: [within(-0.8, 5)] }],
});
