/**
 * Powers of magnitudes, in double precision.
 */
import type { Local } from "wasmati";
import { f64x2, i32x4, i64x2, local, v128 } from "wasmati";
import type { Scope } from "./assembler.ts";
import { shuffle } from "./assembler.ts";
import type { Vector } from "./vectors.ts";

/**
 * log₂((1 + s)/(1 − s))/s from s², for |s| ≤ 0.1716 (√½ to √2): 2/ln 2·(1 + s²/3 + s⁴/5 + …), of which the first term
 * left out is 2⁻³⁹ of it.
 */
const logarithm = [1, 3, 5, 7, 9, 11, 13].map((k) => 2 / (k * Math.LN2));

/** 2ʳ for |r| ≤ ½: Σ (r·ln 2)ᵏ/k!, of which the first term left out is 2⁻³⁷. */
const exponential = factorials(10).map((factorial, k) => Math.LN2 ** k / factorial);

function factorials(count: number): number[] {
  const found = [1];
  for (let k = 1; k < count; k++) found.push(found[k - 1]! * k);
  return found;
}

const bitsOfSqrtHalf = new BigInt64Array(new Float64Array([Math.SQRT1_2]).buffer)[0]!;

/**
 * Makes a function that leaves |x|^p on the stack, for two float32 numbers x in double precision; `atZero` is 0^p. Beyond
 * 2⁻¹⁰²² and 2¹⁰²³ powers stay near these; infinities and NaN give NaN.
 *
 * As 2^(p·log₂|x|). The logarithm is off by 2⁻⁴⁰ at most (½·2⁻³⁹, and what rounding numbers up to 149 makes), so the power is
 * by |p|·2⁻⁴⁰ and 2⁻³⁷ of it, and the p-th root of a sum of powers by 2⁻⁴⁰ + 2⁻³⁷/|p|.
 */
export function powers(
  scope: Scope,
  p: Local<"f64">,
  atZero: Local<"f64">,
): (pair: Vector) => void {
  const wide = (value: number): Vector =>
    scope.constant(`wide ${value}`, () => v128.const("f64x2", [value, value]));
  const [exponents, zeros] = [scope.v128(), scope.v128()];
  const [x, e, s, square] = scope.fourVectors();
  const [sum, isZero, bits, first] = scope.fourVectors();
  const [odd, twice] = [scope.v128(), scope.v128()];
  local.set(exponents, f64x2.splat(p));
  local.set(zeros, f64x2.splat(atZero));
  local.set(first, i64x2.splat(bitsOfSqrtHalf));
  const horner = (target: Vector, variable: Vector, coefficients: readonly number[]): void => {
    local.set(target, wide(coefficients.at(-1)!));
    for (const coefficient of coefficients.slice(0, -1).reverse())
      local.set(target, f64x2.add(f64x2.mul(target, variable), wide(coefficient)));
  };
  // Two short chains of instructions for one long one.
  const polynomial = (variable: Vector, coefficients: readonly number[]): void => {
    local.set(twice, f64x2.mul(variable, variable));
    const half = (rest: number) => coefficients.filter((_, i) => i % 2 === rest);
    horner(sum, twice, half(0));
    horner(odd, twice, half(1));
    local.set(sum, f64x2.add(sum, f64x2.mul(odd, variable)));
  };
  return (pair) => {
    local.set(x, f64x2.abs(pair));
    local.set(isZero, f64x2.eq(x, wide(0)));
    // |x| = 2ᵉ·m with √½ ≤ m < √2, and s = (m − 1)/(m + 1).
    local.set(bits, i64x2.shr_s(i64x2.sub(x, first), 52));
    local.set(s, i64x2.sub(x, i64x2.shl(bits, 52)));
    local.set(e, f64x2.convert_low_i32x4_s(shuffle(bits, bits, [0, 2, 0, 2])));
    local.set(s, f64x2.div(f64x2.sub(s, wide(1)), f64x2.add(s, wide(1))));
    local.set(square, f64x2.mul(s, s));
    polynomial(square, logarithm);
    local.set(e, f64x2.mul(exponents, f64x2.add(e, f64x2.mul(s, sum))));
    local.set(e, f64x2.pmin(wide(1023), f64x2.pmax(wide(-1022), e)));
    local.set(s, f64x2.nearest(e));
    local.set(e, f64x2.sub(e, s));
    polynomial(e, exponential);
    local.set(bits, i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(s)));
    local.set(bits, i64x2.add(i64x2.shl(bits, 52), wide(1)));
    local.set(sum, f64x2.mul(sum, bits));
    local.set(sum, v128.bitselect(zeros, sum, isZero));
    // ∞ − ∞ and NaN − NaN are NaN.
    f64x2.add(sum, f64x2.sub(x, x));
  };
}
