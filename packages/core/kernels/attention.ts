/**
 * The rows of attention: scores become weights, and what comes back to weights becomes what comes back to scores.
 *
 * Rows are computed in place and may belong to another thread at their end, so nothing is written beyond them.
 */
import { f32, f32x4, f64, i32, if_, local, v128 } from "wasmati";
import { exp } from "../src/accelerated/vector/functions.ts";
import type { Kernel, Scope, Variant } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";
import type { Whole } from "./row.ts";
import { DoubleSum, masked, Row, splat, vectorBytes } from "./row.ts";
import { vectorsOf } from "./vectors.ts";

/**
 * attendRows(weights, step, rows, used, length, causal, mask, maskStep, kind, scale): rows of scores, of which `used` are
 * there, become weights: exp(s − max s), divided by its sum, for s the score times `scale`, with its mask: kind 1 adds
 * numbers, kind 2 makes −∞ of scores where no bits are set. If `causal` is not negative the first row has causal + 1
 * numbers, and each has one more than the row before. All others up to `length` are 0, and so are rows of −∞.
 */
export function attendRows(variant: Variant): Kernel {
  return kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "f32"],
    ([weights, step, rows, used, length, causal, mask, maskStep, kind, scale], scope) => {
      const v = vectorsOf(scope, variant);
      const i = scope.i32();
      const count = scope.i32();
      const to = scope.i32();
      const end = scope.i32();
      const x = scope.v128();
      const m = scope.v128();
      const factor = scope.v128();
      const largest = scope.v128();
      const sum = new DoubleSum(scope);
      const total = scope.f64();
      const lowest = v.number(Number.NEGATIVE_INFINITY);
      splat(factor, scale);

      /** Scaled and masked scores, and the largest. */
      const score = (row: Row, change?: (at: (pointer: Whole) => Whole) => void) => {
        row.forEach((at, part) => {
          local.set(x, f32x4.mul(load(at(weights)), factor));
          change?.(at);
          row.store(at(weights), x, part);
          if (part !== null) local.set(x, v128.bitselect(x, lowest, part));
          local.set(largest, f32x4.pmax(largest, x));
        });
      };

      forEach(i, 0, rows, 1, () => {
        local.set(count, used);
        i32.ge_s(causal, 0);
        if_({}, () => {
          local.set(count, i32.add(i32.add(causal, i), 1));
          i32.gt_s(count, used);
          if_({}, () => local.set(count, used));
        });
        const row = new Row(scope, count);
        local.set(largest, lowest);
        i32.eqz(kind);
        if_(
          {},
          () => score(row),
          () => {
            i32.eq(kind, 1);
            if_(
              {},
              () => score(row, (at) => local.set(x, f32x4.add(x, load(at(mask))))),
              () =>
                score(row, (at) => {
                  local.set(m, load(at(mask)));
                  local.set(x, v128.bitselect(x, lowest, m));
                }),
            );
          },
        );
        local.set(largest, f32x4.pmax(largest, shuffle(largest, largest, [2, 3, 0, 1])));
        local.set(largest, f32x4.pmax(largest, shuffle(largest, largest, [1, 0, 3, 2])));
        // Without a number to shift by there are only −∞, whose exponentials are 0, and NaN.
        local.set(largest, v128.andnot(largest, f32x4.eq(largest, lowest)));
        sum.clear();
        row.forEach((at, part) => {
          local.set(x, f32x4.sub(load(at(weights)), largest));
          local.set(x, exp(v, x));
          masked(x, part);
          sum.add(x);
          row.store(at(weights), x, part);
        });
        sum.total(total);
        f64.ne(total, 0);
        if_({}, () => local.set(total, f64.div(1, total)));
        local.set(m, f32x4.splat(f32.demote_f64(total)));
        row.forEach((at, part) => {
          const place = at(weights);
          row.store(place, f32x4.mul(load(place), m), part);
        });
        // What follows in the row.
        local.set(to, i32.add(weights, i32.shl(count, 2)));
        local.set(end, i32.add(weights, i32.shl(length, 2)));
        local.set(x, v128.const("f32x4", [0, 0, 0, 0]));
        whileBelow(to, i32Less(scope, end, vectorBytes - 1), vectorBytes, () => store(to, x));
        whileBelow(to, end, 4, () => {
          f32.store({}, to, 0);
        });
        advance(weights, step);
        advance(mask, maskStep);
      });
    },
  );
}

function i32Less(scope: Scope, x: Whole, by: number): Whole {
  const variable = scope.i32();
  local.set(variable, i32.sub(x, by));
  return variable;
}

/**
 * attendSlopes(target, step, weights, weightStep, rows, used, scale): in place, for rows p of what comes back to weights w,
 * what comes back to the scores: scale·w·(p − Σ w·p). The rest of a last vector in `target` is written over.
 */
export const attendSlopes: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "f32"],
  ([target, step, weights, weightStep, rows, used, scale], scope) => {
    const row = new Row(scope, used);
    const i = scope.i32();
    const a = scope.v128();
    const b = scope.v128();
    const mean = scope.v128();
    const factor = scope.v128();
    const sum = new DoubleSum(scope);
    const total = scope.f64();
    splat(factor, scale);
    forEach(i, 0, rows, 1, () => {
      sum.clear();
      row.forEach((at, mask) => {
        local.set(a, load(at(weights)));
        local.set(b, load(at(target)));
        masked(a, mask);
        masked(b, mask);
        sum.add(a, b);
      });
      sum.total(total);
      splat(mean, f32.demote_f64(total));
      row.forEach((at) => {
        local.set(a, f32x4.mul(load(at(weights)), factor));
        local.set(b, f32x4.sub(load(at(target)), mean));
        store(at(target), f32x4.mul(a, b));
      });
      advance(target, step);
      advance(weights, weightStep);
    });
  },
);
