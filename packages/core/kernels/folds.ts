/**
 * Rows of numbers that are folded into one: extrema with their places, sums of squares; and how ties share an extremum.
 */
import type { Local } from "wasmati";
import {
  block,
  br,
  br_if,
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  if_,
  local,
  loop,
  v128,
} from "wasmati";
import type { Kernel } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle } from "./assembler.ts";
import { masked, Row, splat, vectorBytes } from "./row.ts";
import type { Vector } from "./vectors.ts";

/**
 * extremaOfRows(values, places, source, rows, length, flip): for each row the largest number, and its first place; a NaN
 * wins. `flip` is 0, or the bit of the sign, for the smallest number.
 */
export const extremaOfRows: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32"],
  ([values, places, source, rows, length, flip], scope) => {
    const row = new Row(scope, length);
    const i = scope.i32();
    const at = scope.i32();
    const lanes = scope.i32();
    const [x, best, flips, lowest] = scope.vectors(4) as [Vector, Vector, Vector, Vector];
    local.set(flips, i32x4.splat(flip));
    local.set(lowest, v128.const("f32x4", [-Infinity, -Infinity, -Infinity, -Infinity]));
    forEach(i, 0, rows, 1, () => {
      local.set(best, lowest);
      // NaN if either is.
      row.forEach((place, mask) => {
        local.set(x, v128.xor(load(place(source)), flips));
        if (mask !== null) local.set(x, v128.bitselect(x, lowest, mask));
        local.set(best, f32x4.max(best, x));
      });
      local.set(best, f32x4.max(best, shuffle(best, best, [2, 3, 0, 1])));
      local.set(best, f32x4.max(best, shuffle(best, best, [1, 0, 3, 2])));
      local.set(best, v128.xor(best, flips));
      // The first that equals it is in the row: what the last vector holds beyond comes later. Where there is a NaN it is
      // the extremum.
      local.set(at, source);
      block({}, (end) => {
        loop({}, (next) => {
          local.set(x, load(at));
          i32x4.bitmask(v128.or(f32x4.eq(x, best), f32x4.ne(x, x)));
          local.tee(lanes);
          br_if(end);
          advance(at, vectorBytes);
          br(next);
        });
      });
      local.set(at, i32.add(at, i32.shl(i32.ctz(lanes), 2)));
      f32.store({}, values, f32.load({}, at));
      i32.store({}, places, i32.shr_u(i32.sub(at, source), 2));
      for (const pointer of [values, places]) advance(pointer, 4);
      row.next(source);
    });
  },
);

/**
 * shareTies(target, source, extrema, rows, length): 1/k where a number of a row equals its extremum, as k of them do, and 0
 * elsewhere; NaN equals NaN.
 */
export const shareTies: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32"],
  ([target, source, extrema, rows, length], scope) => {
    const row = new Row(scope, length);
    const i = scope.i32();
    const count = scope.i32();
    const [x, ties, extremum, unordered, counts] = scope.vectors(5) as [
      Vector,
      Vector,
      Vector,
      Vector,
      Vector,
    ];
    const compare = (from: Local<"i32">): void => {
      local.set(x, load(from));
      local.set(ties, v128.and(f32x4.ne(x, x), unordered));
      local.set(ties, v128.or(f32x4.eq(x, extremum), ties));
    };
    forEach(i, 0, rows, 1, () => {
      local.set(extremum, v128.load32_splat({ align: 4 }, extrema));
      local.set(unordered, f32x4.ne(extremum, extremum));
      local.set(counts, i32x4.splat(0));
      row.forEach((at, mask) => {
        compare(at(source));
        masked(ties, mask);
        local.set(counts, i32x4.sub(counts, ties));
      });
      local.set(counts, i32x4.add(counts, shuffle(counts, counts, [2, 3, 0, 1])));
      local.set(counts, i32x4.add(counts, shuffle(counts, counts, [1, 0, 3, 2])));
      local.set(count, i32x4.extract_lane(0, counts));
      splat(counts, f32.div(1, f32.convert_i32_s(count)));
      row.forEach((at, mask) => {
        compare(at(source));
        local.set(x, v128.and(counts, ties));
        row.store(at(target), x, mask);
      });
      advance(extrema, 4);
      row.next(target, source);
    });
  },
);

/**
 * sumSquares(target, source, origins, rows, length): for each row Σ (x − o)² as a double, with its origin o, a double, too;
 * 0 if there are none (`origins` is 0).
 */
export const sumSquares: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32"],
  ([target, source, origins, rows, length], scope) => {
    const row = new Row(scope, length);
    const i = scope.i32();
    const [x, origin, half, low, high] = scope.vectors(5) as [
      Vector,
      Vector,
      Vector,
      Vector,
      Vector,
    ];
    const zero = scope.v128();
    local.set(zero, v128.const("f64x2", [0, 0]));
    forEach(i, 0, rows, 1, () => {
      local.set(origin, zero);
      local.get(origins);
      if_({}, () => {
        local.set(origin, v128.load64_splat({}, origins));
        advance(origins, 8);
      });
      local.set(low, zero);
      local.set(high, zero);
      row.forEach((at, mask) => {
        local.set(x, load(at(source)));
        for (const [sum, isUpper] of [
          [low, false],
          [high, true],
        ] as const) {
          if (isUpper) shuffle(x, x, [2, 3, 2, 3]);
          else local.get(x);
          f64x2.promote_low_f32x4();
          local.get(origin);
          f64x2.sub();
          local.set(half);
          if (mask !== null) {
            // Each half of the mask for two doubles.
            const pair = isUpper ? [2, 2, 3, 3] : [0, 0, 1, 1];
            local.set(half, v128.and(half, shuffle(mask, mask, pair)));
          }
          local.set(sum, f64x2.add(sum, f64x2.mul(half, half)));
        }
      });
      local.set(low, f64x2.add(low, high));
      f64.store({}, target, f64.add(f64x2.extract_lane(0, low), f64x2.extract_lane(1, low)));
      advance(target, 8);
      row.next(source);
    });
  },
);
