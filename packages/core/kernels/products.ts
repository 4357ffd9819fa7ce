/**
 * Products of rows, in double precision.
 */
import type { Local } from "wasmati";
import { f64, f64x2, i32, if_, local, v128 } from "wasmati";
import type { Kernel, Scope } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, whileBelow } from "./assembler.ts";
import { restMask, vectorBytes } from "./row.ts";
import type { Vector } from "./vectors.ts";

/** The magnitudes between which partial products lie. */
class Range {
  private readonly least: Vector;
  private readonly largest: Vector;
  private readonly magnitude: Vector;

  constructor(scope: Scope) {
    this.least = scope.v128();
    this.largest = scope.v128();
    this.magnitude = scope.v128();
  }

  clear(): void {
    for (const bound of [this.least, this.largest]) local.set(bound, v128.const("f64x2", [1, 1]));
  }

  include(...partial: readonly Vector[]): void {
    const { least, largest, magnitude } = this;
    for (const product of partial) {
      local.set(magnitude, f64x2.abs(product));
      local.set(least, f64x2.pmin(least, magnitude));
      local.set(largest, f64x2.pmax(largest, magnitude));
    }
  }

  /** Sets `total` to NaN unless all magnitudes are from 2^low to 2^high. */
  check(total: Local<"f64">, low: number, high: number): void {
    v128.or(
      f64x2.lt(this.least, v128.const("f64x2", [2 ** low, 2 ** low])),
      f64x2.gt(this.largest, v128.const("f64x2", [2 ** high, 2 ** high])),
    );
    v128.any_true();
    if_({}, () => local.set(total, Number.NaN));
  }
}

/**
 * productRows(target, source, rows, length): the product of each row, as a double; NaN where the order of the factors could
 * matter, since a partial product came near the ends of double precision, or is 0.
 *
 * Eight partial products run side by side. After 32 numbers each lies between 2⁻⁴²⁶ and 2⁵¹¹ or the result is NaN: four
 * factors more, of 2⁻¹⁴⁹ to 2¹²⁸, cannot take them out of the range of normal numbers.
 */
export const productRows: Kernel = kernel(
  ["i32", "i32", "i32", "i32"],
  ([target, source, rows, length], scope) => {
    const [i, at, end, bytes] = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    const total = scope.f64();
    const [x, one, mask] = [scope.v128(), scope.v128(), scope.v128()];
    const [a, b, c, d] = scope.fourVectors();
    const range = new Range(scope);
    const joined = new Range(scope);
    local.set(one, v128.const("f32x4", [1, 1, 1, 1]));
    local.set(mask, restMask(length));
    local.set(bytes, i32.shl(length, 2));
    const multiply = (low: Vector, high: Vector): void => {
      local.set(low, f64x2.mul(low, f64x2.promote_low_f32x4(x)));
      f64x2.promote_low_f32x4(shuffle(x, x, [2, 3, 2, 3]));
      local.get(high);
      f64x2.mul();
      local.set(high);
    };
    const multiplyEight = (offset: number): void => {
      local.set(x, load(at, offset));
      multiply(a, b);
      local.set(x, load(at, offset + vectorBytes));
      multiply(c, d);
    };
    const until = (places: number): void => {
      local.set(end, i32.add(source, i32.shl(i32.and(length, -places), 2)));
    };
    forEach(i, 0, rows, 1, () => {
      for (const product of [a, b, c, d]) local.set(product, v128.const("f64x2", [1, 1]));
      range.clear();
      joined.clear();
      local.set(at, source);
      until(32);
      whileBelow(at, end, 8 * vectorBytes, () => {
        for (const eight of [0, 1, 2, 3]) multiplyEight(2 * eight * vectorBytes);
        range.include(a, b, c, d);
      });
      until(8);
      whileBelow(at, end, 2 * vectorBytes, () => multiplyEight(0));
      i32.and(length, 4);
      if_({}, () => {
        local.set(x, load(at));
        multiply(a, b);
        advance(at, vectorBytes);
      });
      i32.and(length, 3);
      if_({}, () => {
        local.set(x, v128.bitselect(load(at), one, mask));
        multiply(c, d);
      });
      local.set(a, f64x2.mul(a, b));
      local.set(c, f64x2.mul(c, d));
      joined.include(a, c);
      local.set(a, f64x2.mul(a, c));
      joined.include(a);
      local.set(a, f64x2.mul(a, shuffle(a, a, [2, 3, 0, 1])));
      joined.include(a);
      local.set(total, f64x2.extract_lane(0, a));
      range.check(total, -426, 511);
      joined.check(total, -1022, 1023);
      f64.store({}, target, total);
      advance(target, 8);
      advance(source, bytes);
    });
  },
);
