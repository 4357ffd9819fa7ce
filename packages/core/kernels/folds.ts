/**
 * Rows of numbers that are folded into one: extrema with their places, sums of powers; and how ties share an extremum.
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
import type { Kernel, Scope } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle } from "./assembler.ts";
import { powers } from "./powers.ts";
import type { Whole } from "./row.ts";
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

/** A part of a sum of two doubles, from two numbers: leaves it on the stack. */
type Term = (pair: Vector) => void;

/** Makes a function that sums the terms of the row at a pointer, four numbers at a time. */
function termSum(
  scope: Scope,
  length: Whole,
  term: Term,
): { readonly row: Row; readonly sum: (source: Whole, total: Local<"f64">) => void } {
  const row = new Row(scope, length);
  const [x, pair, low, high] = scope.fourVectors();
  const sum = (source: Whole, total: Local<"f64">): void => {
    for (const half of [low, high]) local.set(half, v128.const("f64x2", [0, 0]));
    row.forEach((at, mask) => {
      local.set(x, load(at(source)));
      for (const [half, isUpper] of [
        [low, false],
        [high, true],
      ] as const) {
        if (isUpper) shuffle(x, x, [2, 3, 2, 3]);
        else local.get(x);
        f64x2.promote_low_f32x4();
        local.set(pair);
        term(pair);
        local.set(pair);
        // Each half of the mask for two doubles.
        if (mask !== null)
          local.set(
            pair,
            v128.and(pair, shuffle(mask, mask, isUpper ? [2, 2, 3, 3] : [0, 0, 1, 1])),
          );
        local.set(half, f64x2.add(half, pair));
      }
    });
    local.set(low, f64x2.add(low, high));
    local.set(total, f64.add(f64x2.extract_lane(0, low), f64x2.extract_lane(1, low)));
  };
  return { row, sum };
}

/** For each row Σ term(x) as a double; `beforeRow` prepares what its terms need. */
function addTerms(
  scope: Scope,
  [target, source, rows, length]: readonly [Whole, Whole, Whole, Whole],
  term: Term,
  beforeRow?: () => void,
): void {
  const i = scope.i32();
  const total = scope.f64();
  const { row, sum } = termSum(scope, length, term);
  forEach(i, 0, rows, 1, () => {
    beforeRow?.();
    sum(source, total);
    f64.store({}, target, total);
    advance(target, 8);
    row.next(source);
  });
}

/**
 * sumSquares(target, source, origins, rows, length): for each row Σ (x − o)² as a double, with its origin o, a double, too;
 * 0 if there are none (`origins` is 0).
 */
export const sumSquares: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32"],
  ([target, source, origins, rows, length], scope) => {
    const origin = scope.v128();
    const term = (pair: Vector): void => {
      local.set(pair, f64x2.sub(pair, origin));
      f64x2.mul(pair, pair);
    };
    addTerms(scope, [target, source, rows, length], term, () => {
      local.set(origin, v128.const("f64x2", [0, 0]));
      local.get(origins);
      if_({}, () => {
        local.set(origin, v128.load64_splat({}, origins));
        advance(origins, 8);
      });
    });
  },
);

function sumsOf(makeTerm: (scope: Scope) => Term): Kernel {
  return kernel(["i32", "i32", "i32", "i32"], (args, scope) =>
    addTerms(scope, args, makeTerm(scope)),
  );
}

/** countNonzero(target, source, rows, length): how many numbers of each row are not 0; NaN is one. */
export const countNonzero: Kernel = sumsOf((scope) => {
  const zero = scope.constant("wide 0", () => v128.const("f64x2", [0, 0]));
  const one = scope.constant("wide 1", () => v128.const("f64x2", [1, 1]));
  return (pair) => v128.and(f64x2.ne(pair, zero), one);
});

/** sumMagnitudes(target, source, rows, length): Σ |x| of each row. */
export const sumMagnitudes: Kernel = sumsOf(() => (pair) => f64x2.abs(pair));

/** sumRoots(target, source, rows, length): Σ √|x| of each row. */
export const sumRoots: Kernel = sumsOf(() => (pair) => f64x2.sqrt(f64x2.abs(pair)));

/** sumCubes(target, source, rows, length): Σ |x|³ of each row. */
export const sumCubes: Kernel = sumsOf(
  () => (pair) => f64x2.mul(f64x2.mul(pair, pair), f64x2.abs(pair)),
);

/**
 * sumPowers(target, source, rows, length, p, atZero): Σ |x|^p of each row, where 0^p is `atZero`; see `powers` for its
 * limits.
 */
export const sumPowers: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "f64", "f64"],
  ([target, source, rows, length, p, atZero], scope) => {
    addTerms(scope, [target, source, rows, length], powers(scope, p, atZero));
  },
);

/**
 * extremeMagnitudes(target, source, rows, length, isSmallest): the largest or the smallest |x| of each row, as a double; a
 * NaN wins.
 *
 * Magnitudes are in the order of their bits, NaN behind ∞. Bits taken from those of ∞ are in the opposite order of
 * magnitudes, and what NaN gives is negative: without a sign, again behind all others.
 */
export const extremeMagnitudes: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32"],
  ([target, source, rows, length, isSmallest], scope) => {
    const row = new Row(scope, length);
    const i = scope.i32();
    const best = scope.i32();
    const [x, most, magnitude, infinite] = scope.fourVectors();
    local.set(magnitude, i32x4.splat(0x7fffffff));
    local.set(infinite, i32x4.splat(0x7f800000));
    const extreme = (isFromInfinite: boolean): void => {
      local.set(most, i32x4.splat(0));
      row.forEach((at, mask) => {
        local.set(x, v128.and(load(at(source)), magnitude));
        if (isFromInfinite) local.set(x, i32x4.sub(infinite, x));
        masked(x, mask);
        local.set(most, i32x4.max_u(most, x));
      });
      local.set(most, i32x4.max_u(most, shuffle(most, most, [2, 3, 0, 1])));
      local.set(most, i32x4.max_u(most, shuffle(most, most, [1, 0, 3, 2])));
      local.set(best, i32x4.extract_lane(0, most));
      if (isFromInfinite) local.set(best, i32.sub(0x7f800000, best));
    };
    forEach(i, 0, rows, 1, () => {
      local.get(isSmallest);
      if_(
        {},
        () => extreme(true),
        () => extreme(false),
      );
      f64.store({}, target, f64.promote_f32(f32.reinterpret_i32(best)));
      advance(target, 8);
      row.next(source);
    });
  },
);
