/**
 * Softmax and its kin, of rows that follow one another without gaps. Sums are kept in double precision.
 */
import type { Local } from "wasmati";
import { f32, f32x4, f64, if_, local, v128 } from "wasmati";
import { exp, log } from "../src/accelerated/vector/functions.ts";
import type { Kernel, Scope, Variant } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle } from "./assembler.ts";
import type { Whole } from "./row.ts";
import { DoubleSum, masked, Row, splat } from "./row.ts";
import type { Vector } from "./vectors.ts";
import { vectorsOf } from "./vectors.ts";

/** The largest number of the row at `source`, four times; NaN does not count. −∞ for none. */
function largestOf(scope: Scope, row: Row, source: Whole): Vector {
  const largest = scope.v128();
  const x = scope.v128();
  const lowest = scope.constant("lowest", () =>
    v128.const("f32x4", [-Infinity, -Infinity, -Infinity, -Infinity]),
  );
  local.set(largest, lowest);
  row.forEach((at, mask) => {
    local.set(x, load(at(source)));
    if (mask !== null) local.set(x, v128.bitselect(x, lowest, mask));
    local.set(largest, f32x4.pmax(largest, x));
  });
  local.set(largest, f32x4.pmax(largest, shuffle(largest, largest, [2, 3, 0, 1])));
  local.set(largest, f32x4.pmax(largest, shuffle(largest, largest, [1, 0, 3, 2])));
  return largest;
}

/**
 * softmax(target, source, factors, rows, length): exp(x − max x), divided by its sum, and multiplied by the row's
 * factor if there are any (`factors` is not 0).
 */
export function softmax(variant: Variant): Kernel {
  return kernel(
    ["i32", "i32", "i32", "i32", "i32"],
    ([target, source, factors, rows, length], scope) => {
      const v = vectorsOf(scope, variant);
      const row = new Row(scope, length);
      const i = scope.i32();
      const y = scope.v128();
      const scale = scope.v128();
      const sum = new DoubleSum(scope);
      const total = scope.f64();
      forEach(i, 0, rows, 1, () => {
        const largest = largestOf(scope, row, source);
        sum.clear();
        row.forEach((at, mask) => {
          local.set(y, load(at(source)));
          local.set(y, f32x4.sub(y, largest));
          local.set(y, exp(v, y));
          row.store(at(target), y, mask);
          masked(y, mask);
          sum.add(y);
        });
        sum.total(total);
        local.set(total, f64.div(1, total));
        local.get(factors);
        if_({}, () => {
          local.set(total, f64.mul(total, f64.promote_f32(f32.load({}, factors))));
          advance(factors, 4);
        });
        splat(scale, f32.demote_f64(total));
        row.forEach((at, mask) => {
          const place = at(target);
          row.store(place, f32x4.mul(load(place), scale), mask);
        });
        row.next(target, source);
      });
    },
  );
}

/**
 * sumExp(target, source, weights, rows, length): for each row the largest number m, and Σ exp(x − m) as the sum of two
 * float32 numbers, large and small; then, where there are weights (`weights` is not 0), Σ w·(x − m), too.
 */
export function sumExp(variant: Variant): Kernel {
  return kernel(["i32", "i32", "i32", "i32", "i32"], (args, scope) => {
    const [target, source, weights, rows, length] = args;
    const row = new Row(scope, length);
    const i = scope.i32();
    const x = scope.v128();
    const w = scope.v128();
    const products = new DoubleSum(scope);
    const large = scope.f32();
    const storeTwo = (total: Local<"f64">): void => {
      local.set(large, f32.demote_f64(total));
      f32.store({ offset: 4 }, target, large);
      local.set(total, f64.sub(total, f64.promote_f32(large)));
      f32.store({ offset: 8 }, target, f32.demote_f64(total));
      advance(target, 8);
    };
    forEach(i, 0, rows, 1, () => {
      const { largest, total } = sumOfExp(scope, variant, row, source);
      f32.store({}, target, f32x4.extract_lane(0, largest));
      storeTwo(total);
      local.get(weights);
      if_({}, () => {
        products.clear();
        row.forEach((at, mask) => {
          local.set(x, f32x4.sub(load(at(source)), largest));
          local.set(w, load(at(weights)));
          masked(x, mask);
          masked(w, mask);
          products.add(x, w);
        });
        products.total(total);
        storeTwo(total);
      });
      advance(target, 4);
      row.next(source);
    });
  });
}

function sumOfExp(
  scope: Scope,
  variant: Variant,
  row: Row,
  source: Whole,
): { largest: Vector; total: Local<"f64"> } {
  const v = vectorsOf(scope, variant);
  const x = scope.v128();
  const sum = new DoubleSum(scope);
  const total = scope.f64();
  const largest = largestOf(scope, row, source);
  sum.clear();
  row.forEach((at, mask) => {
    local.set(x, load(at(source)));
    local.set(x, f32x4.sub(x, largest));
    local.set(x, exp(v, x));
    masked(x, mask);
    sum.add(x);
  });
  sum.total(total);
  return { largest, total };
}

/** logSoftmax(target, source, rows, length): x − max x − ln Σ exp(x − max x). */
export function logSoftmax(variant: Variant): Kernel {
  return kernel(["i32", "i32", "i32", "i32"], ([target, source, rows, length], scope) => {
    const v = vectorsOf(scope, variant);
    const row = new Row(scope, length);
    const i = scope.i32();
    const all = scope.v128();
    forEach(i, 0, rows, 1, () => {
      const { largest, total } = sumOfExp(scope, variant, row, source);
      splat(all, f32.demote_f64(total));
      const shift = log(v, all);
      row.forEach((at, mask) => {
        const x = at(source);
        row.store(at(target), f32x4.sub(f32x4.sub(load(x), largest), shift), mask);
      });
      row.next(target, source);
    });
  });
}

/** softmaxGradient(target, y, c, rows, length): y·(c − Σ y·c). */
export const softmaxGradient: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32"],
  ([target, y, c, rows, length], scope) => {
    const row = new Row(scope, length);
    const i = scope.i32();
    const a = scope.v128();
    const b = scope.v128();
    const mean = scope.v128();
    const sum = new DoubleSum(scope);
    const total = scope.f64();
    forEach(i, 0, rows, 1, () => {
      sum.clear();
      row.forEach((at, mask) => {
        local.set(a, load(at(y)));
        local.set(b, load(at(c)));
        masked(a, mask);
        masked(b, mask);
        sum.add(a, b);
      });
      sum.total(total);
      splat(mean, f32.demote_f64(total));
      row.forEach((at, mask) => {
        local.set(a, load(at(y)));
        local.set(b, load(at(c)));
        row.store(at(target), f32x4.mul(a, f32x4.sub(b, mean)), mask);
      });
      row.next(target, y, c);
    });
  },
);

/** logSoftmaxGradient(target, y, c, rows, length): c − exp(y)·Σ c. */
export function logSoftmaxGradient(variant: Variant): Kernel {
  return kernel(["i32", "i32", "i32", "i32", "i32"], ([target, y, c, rows, length], scope) => {
    const v = vectorsOf(scope, variant);
    const row = new Row(scope, length);
    const i = scope.i32();
    const a = scope.v128();
    const b = scope.v128();
    const all = scope.v128();
    const sum = new DoubleSum(scope);
    const total = scope.f64();
    forEach(i, 0, rows, 1, () => {
      sum.clear();
      row.forEach((at, mask) => {
        local.set(b, load(at(c)));
        masked(b, mask);
        sum.add(b);
      });
      sum.total(total);
      splat(all, f32.demote_f64(total));
      row.forEach((at, mask) => {
        local.set(a, load(at(y)));
        local.set(a, exp(v, a));
        local.set(b, load(at(c)));
        row.store(at(target), f32x4.sub(b, f32x4.mul(a, all)), mask);
      });
      row.next(target, y, c);
    });
  });
}

/** addRow(target, step, addend, rows, length): adds the same row to each; they are `step` bytes apart. */
export const addRow: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32"],
  ([target, step, addend, rows, length], scope) => {
    const row = new Row(scope, length);
    const i = scope.i32();
    forEach(i, 0, rows, 1, () => {
      row.forEach((at, mask) => {
        const place = at(target);
        row.store(place, f32x4.add(load(place), load(at(addend))), mask);
      });
      advance(target, step);
    });
  },
);

/** subtractProducts(target, factors, weights, rows, length): takes factor·weight off each number, by row and column. */
export const subtractProducts: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32"],
  ([target, factors, weights, rows, length], scope) => {
    const row = new Row(scope, length);
    const i = scope.i32();
    const factor = scope.v128();
    const product = scope.v128();
    forEach(i, 0, rows, 1, () => {
      local.set(factor, v128.load32_splat({ align: 4 }, factors));
      row.forEach((at, mask) => {
        const place = at(target);
        local.set(product, f32x4.mul(load(at(weights)), factor));
        row.store(place, f32x4.sub(load(place), product), mask);
      });
      advance(factors, 4);
      row.next(target);
    });
  },
);
