/**
 * Hyperbolic functions.
 */
import type { Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * tanh x, the hyperbolic tangent.
 *
 * @example
 * import { tanh, tensor } from "@chainrule/core";
 * tanh(tensor([0])); // → tensor([0])
 */
export const tanh: Unary = pointwise({
  name: "tanh",
  operands: ["x"],
  value: (s, x) => s.tanh(x),
  derivative: (s, _x, y) => [s.sub(s.one, s.square(y))],
  samples: [{ args: [within(-3, 3)] }],
});
