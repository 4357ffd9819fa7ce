/**
 * The error function.
 */
import type { Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * 2/√π ∫₀ˣ exp(−t²) dt.
 *
 * @example
 * import { erf, tensor } from "@chainrule/core";
 * erf(tensor([0])); // → tensor([0])
 */
export const erf: Unary = pointwise({
  name: "erf",
  operands: ["x"],
  value: (s, x) => s.erf(x),
  derivative: (s, x) => [s.mul(s.constant(2 / Math.sqrt(Math.PI)), s.exp(s.neg(s.square(x))))],
  samples: [{ args: [within(-3, 3)] }],
});

/**
 * 1 − erf(x), without cancellation for large x.
 *
 * @example
 * import { erfc, tensor } from "@chainrule/core";
 * erfc(tensor([0])); // → tensor([1])
 */
export const erfc: Unary = pointwise({
  name: "erfc",
  operands: ["x"],
  value: (s, x) => s.erfc(x),
  derivative: (s, x) => [s.mul(s.constant(-2 / Math.sqrt(Math.PI)), s.exp(s.neg(s.square(x))))],
  samples: [{ args: [within(-3, 3)] }],
});
