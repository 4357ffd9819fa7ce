/**
 * The density of the standard normal distribution, of which derivatives of other ops are made.
 */
import type { Expression } from "../scalar/expression.ts";
import type { ScalarAlgebra } from "../scalar/primitives.ts";

/** φ(x) = e^(−x²/2)/√(2π). */
export function normalDensity(s: ScalarAlgebra<Expression>, x: Expression): Expression {
  const exponential = s.exp(s.mul(s.constant(-0.5), s.square(x)));
  return s.mul(s.constant(1 / Math.sqrt(2 * Math.PI)), exponential);
}
