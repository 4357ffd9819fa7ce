/**
 * Standard normal numbers: the very numbers of `normalQuantile` in src/random/portable.ts, in the same steps, of which
 * IEEE 754 fixes every bit. Never with relaxed multiply-add.
 */
import { f32x4, f64x2, i32, i32x4, i64x2, if_, local, v128 } from "wasmati";
import type { Ratio } from "../src/random/portable.ts";
import { logTerms, quantileBounds, quantiles } from "../src/random/portable.ts";
import type { Kernel, Scope } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store } from "./assembler.ts";
import { storeSome, vectorBytes } from "./row.ts";
import type { Vector } from "./vectors.ts";

/** Arithmetic with pairs of doubles. */
class Pairs {
  private readonly scope: Scope;
  private readonly p: Vector;
  private readonly q: Vector;
  private readonly r: Vector;
  private readonly over: Vector;
  private readonly under: Vector;
  private readonly exponent: Vector;
  private readonly isUpper: Vector;
  private readonly isLower: Vector;
  private readonly isFar: Vector;

  constructor(scope: Scope) {
    this.scope = scope;
    this.p = scope.v128();
    this.q = scope.v128();
    this.r = scope.v128();
    this.over = scope.v128();
    this.under = scope.v128();
    this.exponent = scope.v128();
    this.isUpper = scope.v128();
    this.isLower = scope.v128();
    this.isFar = scope.v128();
  }

  private number(value: number): Vector {
    return this.scope.constant(`pair ${value}`, () => v128.const("f64x2", [value, value]));
  }

  /** A polynomial of r, the coefficients of the highest powers first. */
  private polynomial(target: Vector, coefficients: readonly number[], r: Vector): void {
    local.set(target, this.number(coefficients[0]!));
    for (const coefficient of coefficients.slice(1))
      local.set(target, f64x2.add(f64x2.mul(target, r), this.number(coefficient)));
  }

  /** P(r)/Q(r), the first times a factor. */
  private quotient(target: Vector, { over, under }: Ratio, factor: Vector | null): void {
    this.polynomial(this.over, over, this.r);
    this.polynomial(this.under, under, this.r);
    if (factor !== null) local.set(this.over, f64x2.mul(factor, this.over));
    local.set(target, f64x2.div(this.over, this.under));
  }

  /** ln p for normal numbers p > 0, in place; see `portableLog`. */
  private logarithm(p: Vector): void {
    const { r: s, over: series, under: z, exponent } = this;
    // The exponents, 1023 too large, lie in the even words.
    local.set(exponent, i64x2.shr_u(p, 52));
    local.set(exponent, shuffle(exponent, exponent, [0, 2, 0, 2]));
    f64x2.convert_low_i32x4_s(exponent);
    local.set(exponent);
    local.set(exponent, f64x2.sub(exponent, this.number(1023)));
    // The same digits with exponent 0, of which the larger ones are halved.
    const digits = this.scope.constant("digits", () =>
      v128.const("i64x2", [2n ** 52n - 1n, 2n ** 52n - 1n]),
    );
    local.set(p, v128.or(v128.and(p, digits), this.number(1)));
    local.set(z, f64x2.gt(p, this.number(Math.SQRT2)));
    local.set(exponent, f64x2.add(exponent, v128.and(z, this.number(1))));
    local.set(p, v128.bitselect(f64x2.mul(p, this.number(0.5)), p, z));
    local.set(s, f64x2.sub(p, this.number(1)));
    local.set(s, f64x2.div(s, f64x2.add(p, this.number(1))));
    local.set(z, f64x2.mul(s, s));
    this.polynomial(series, logTerms, z);
    local.set(series, f64x2.add(this.number(1), f64x2.mul(series, z)));
    local.set(s, f64x2.mul(f64x2.mul(this.number(2), s), series));
    local.set(p, f64x2.add(f64x2.mul(exponent, this.number(Math.LN2)), s));
  }

  /** The normal numbers of two pairs of words: an upper and a lower one for each. */
  normal(target: Vector, words: Vector): void {
    const { p, q, r, isUpper, isLower, isFar } = this;
    // (k + ½)/2⁵² for the number k of 52 bits.
    local.set(p, i32x4.shr_u(words, 6));
    local.set(r, shuffle(p, p, [1, 3, 1, 3]));
    local.set(p, shuffle(p, p, [0, 2, 0, 2]));
    local.set(p, f64x2.mul(f64x2.convert_low_i32x4_s(p), this.number(2 ** 26)));
    local.set(p, f64x2.add(p, f64x2.convert_low_i32x4_s(r)));
    local.set(p, f64x2.mul(f64x2.add(p, this.number(0.5)), this.number(2 ** -52)));
    local.set(q, f64x2.sub(p, this.number(0.5)));
    local.set(r, f64x2.sub(this.number(quantileBounds.square), f64x2.mul(q, q)));
    this.quotient(target, quantiles.central, q);
    local.set(isUpper, f64x2.gt(f64x2.abs(q), this.number(quantileBounds.central)));
    v128.any_true(isUpper);
    if_({}, () => {
      local.set(isLower, f64x2.lt(q, this.number(0)));
      local.set(p, v128.bitselect(p, f64x2.sub(this.number(1), p), isLower));
      this.logarithm(p);
      local.set(p, f64x2.sqrt(f64x2.neg(p)));
      local.set(r, f64x2.sub(p, this.number(quantileBounds.upperCentre)));
      this.quotient(q, quantiles.upper, null);
      local.set(isFar, v128.and(isUpper, f64x2.gt(p, this.number(quantileBounds.far))));
      v128.any_true(isFar);
      if_({}, () => {
        local.set(r, f64x2.sub(p, this.number(quantileBounds.far)));
        this.quotient(p, quantiles.far, null);
        local.set(q, v128.bitselect(p, q, isFar));
      });
      local.set(q, v128.bitselect(f64x2.neg(q), q, isLower));
      local.set(target, v128.bitselect(q, target, isUpper));
    });
  }
}

/** toNormal(target, words, count): for each two words a standard normal number, rounded to float32. */
export const toNormal: Kernel = kernel(["i32", "i32", "i32"], ([target, words, count], scope) => {
  const pairs = new Pairs(scope);
  const [numbers, low, high] = [scope.v128(), scope.v128(), scope.v128()];
  const i = scope.i32();
  const left = scope.i32();
  forEach(i, 0, count, 4, () => {
    for (const [half, at] of [
      [low, 0],
      [high, vectorBytes],
    ] as const) {
      local.set(numbers, load(words, at));
      pairs.normal(half, numbers);
    }
    local.set(low, f32x4.demote_f64x2_zero(low));
    local.set(high, f32x4.demote_f64x2_zero(high));
    local.set(numbers, shuffle(low, high, [0, 1, 4, 5]));
    local.set(left, i32.sub(count, i));
    i32.ge_s(left, 4);
    if_(
      {},
      () => store(target, numbers),
      () => storeSome(target, numbers, left),
    );
    advance(target, vectorBytes);
    advance(words, 2 * vectorBytes);
  });
});
