/**
 * Hyperbolic functions of float32 vectors, and their inverses; see functions.ts for what holds of all of them, and for tanh.
 */
import type { Vectors } from "./algebra.ts";
import { halfExp, log1p, oddOf, signOf, where } from "./functions.ts";

/** (sinh x − x)/x³ from x², for |x| ≤ 1, with an error of 2⁻³⁴ of sinh x. */
const sinhTail = [
  0.1666666649756095, 0.008333350058172087, 0.00019836159777990563, 2.816951225871611e-6,
];

/** sinh x; 2 ulp. */
export function sinh<V>(v: Vectors<V>, x: V): V {
  const magnitude = v.abs(x);
  // eˣ/2 − e⁻ˣ/2.
  const half = halfExp(v, magnitude);
  const far = v.sub(half, v.div(v.number(0.25), half));
  const near = oddOf(v, magnitude, sinhTail);
  return v.or(where(v, v.lt(magnitude, v.number(1)), near, far), signOf(v, x));
}

/** cosh x; 2 ulp. */
export function cosh<V>(v: Vectors<V>, x: V): V {
  const half = halfExp(v, v.abs(x));
  return v.add(half, v.div(v.number(0.25), half));
}

/** From here on x is all of √(x² ± 1), and x² may overflow. */
const large = 2 ** 30;

/** ln(1 + t), and of 2t where x is large, whose t is x. */
function logOf<V>(v: Vectors<V>, x: V, t: V): V {
  const isLarge = v.gt(x, v.number(large));
  return v.add(log1p(v, where(v, isLarge, x, t)), v.and(isLarge, v.number(Math.LN2)));
}

/** arsinh x = ln(1 + t) with t = |x| + x²/(1 + √(1 + x²)), for x ≥ 0; 2 ulp. */
export function asinh<V>(v: Vectors<V>, x: V): V {
  const magnitude = v.abs(x);
  const [one, square] = [v.number(1), v.mul(x, x)];
  const t = v.add(magnitude, v.div(square, v.add(one, v.sqrt(v.add(square, one)))));
  return v.or(logOf(v, magnitude, t), signOf(v, x));
}

/** arcosh x = ln(1 + t) with t = u + √(u·(u + 2)), u = x − 1; 3 ulp. */
export function acosh<V>(v: Vectors<V>, x: V): V {
  const u = v.sub(x, v.number(1));
  const t = v.add(u, v.sqrt(v.mul(u, v.add(u, v.number(2)))));
  return where(v, v.lt(x, v.number(1)), v.number(Number.NaN), logOf(v, x, t));
}

/** artanh x = ½·ln(1 + 2x/(1 − x)), for x ≥ 0; 3 ulp. */
export function atanh<V>(v: Vectors<V>, x: V): V {
  const magnitude = v.abs(x);
  const t = v.div(v.add(magnitude, magnitude), v.sub(v.number(1), magnitude));
  return v.or(v.mul(log1p(v, t), v.number(0.5)), signOf(v, x));
}
