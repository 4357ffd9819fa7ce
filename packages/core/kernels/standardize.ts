/**
 * Standardising groups of numbers, and the gradient of it. Means are kept in double precision.
 *
 * A group is made of rows of consecutive numbers, or of a column. With m = h + l, a mean as two float32 numbers, the
 * deviation (x − h) − l is off by its own rounding only.
 */
import type { Local } from "wasmati";
import { f32, f32x4, f64, f64x2, i32, if_, local, v128 } from "wasmati";
import type { Kernel, Scope } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle } from "./assembler.ts";
import type { Four } from "./groups.ts";
import { addFour, Columns, clearFour, forEachFour, Group, narrow } from "./groups.ts";
import type { Whole } from "./row.ts";
import { DoubleSum, masked, splat } from "./row.ts";
import type { Vector } from "./vectors.ts";

/** A mean as the sum of two float32 numbers, each four times. */
class Mean {
  private readonly high: Vector;
  private readonly low: Vector;
  private readonly rounded: Local<"f32">;

  constructor(scope: Scope) {
    this.high = scope.v128();
    this.low = scope.v128();
    this.rounded = scope.f32();
  }

  set(mean: Local<"f64">): void {
    local.set(this.rounded, f32.demote_f64(mean));
    splat(this.high, this.rounded);
    splat(this.low, f32.demote_f64(f64.sub(mean, f64.promote_f32(this.rounded))));
  }

  /** x − m, in place. */
  subtract(x: Vector): void {
    local.set(x, f32x4.sub(f32x4.sub(x, this.high), this.low));
  }
}

/** 1/√(v + ε) as a float32 number. */
function pushScale(variance: Local<"f64">, eps: Local<"f64">): void {
  f64.div(1, f64.sqrt(f64.add(variance, eps)));
  f32.demote_f64();
}

/**
 * standardize(target, source, means, variances, groups, outer, length, groupStep, outerStep, eps, centers):
 * (x − μ)/√(v + ε) for each group of `outer` rows of `length` numbers, with its mean μ (0 unless `centers`) and variance
 * v.
 */
export const standardize: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "f64", "i32"],
  (args, scope) => {
    const [target, source, means, variances, groups, outer, length] = args;
    const [, , , , , , , groupStep, outerStep, eps, centers] = args;
    const group = new Group(scope, outer, length, outerStep);
    const i = scope.i32();
    const x = scope.v128();
    const scale = scope.v128();
    const mean = new Mean(scope);
    const sum = new DoubleSum(scope);
    const total = scope.f64();
    const count = scope.f64();
    local.set(count, f64.convert_i32_s(i32.mul(outer, length)));
    forEach(i, 0, groups, 1, () => {
      local.set(total, 0);
      local.get(centers);
      if_({}, () => {
        sum.clear();
        group.forEach([source], ([from], mask) => {
          local.set(x, load(from!));
          masked(x, mask);
          sum.add(x);
        });
        sum.total(total);
        local.set(total, f64.div(total, count));
      });
      f32.store({}, means, f32.demote_f64(total));
      mean.set(total);
      sum.clear();
      group.forEach([source], ([from], mask) => {
        local.set(x, load(from!));
        mean.subtract(x);
        masked(x, mask);
        sum.add(x, x);
      });
      sum.total(total);
      local.set(total, f64.div(total, count));
      f32.store({}, variances, f32.demote_f64(total));
      pushScale(total, eps);
      f32x4.splat();
      local.set(scale);
      group.forEach([target, source], ([to, from], mask) => {
        local.set(x, load(from!));
        mean.subtract(x);
        local.set(x, f32x4.mul(x, scale));
        group.store(to!, x, mask);
      });
      for (const pointer of [means, variances]) advance(pointer, 4);
      for (const pointer of [target, source]) advance(pointer, groupStep);
    });
  },
);

/**
 * standardizeGradient(target, c, y, variances, groups, outer, length, groupStep, outerStep, eps, centers):
 * (c − mean c − y·mean(c·y))/√(v + ε) for each group, the first mean 0 unless `centers`.
 */
export const standardizeGradient: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "f64", "i32"],
  (args, scope) => {
    const [target, c, y, variances, groups, outer, length] = args;
    const [, , , , , , , groupStep, outerStep, eps, centers] = args;
    const group = new Group(scope, outer, length, outerStep);
    const i = scope.i32();
    const a = scope.v128();
    const b = scope.v128();
    const mean = scope.v128();
    const along = scope.v128();
    const scale = scope.v128();
    const plain = new DoubleSum(scope);
    const product = new DoubleSum(scope);
    const total = scope.f64();
    const count = scope.f64();
    local.set(count, f64.convert_i32_s(i32.mul(outer, length)));
    forEach(i, 0, groups, 1, () => {
      plain.clear();
      product.clear();
      group.forEach([c, y], ([ofC, ofY], mask) => {
        local.set(a, load(ofC!));
        local.set(b, load(ofY!));
        masked(a, mask);
        masked(b, mask);
        plain.add(a);
        product.add(a, b);
      });
      product.total(total);
      splat(along, f32.demote_f64(f64.div(total, count)));
      plain.total(total);
      i32.eqz(centers);
      if_({}, () => {
        local.set(total, 0);
      });
      splat(mean, f32.demote_f64(f64.div(total, count)));
      local.set(total, f64.promote_f32(f32.load({}, variances)));
      pushScale(total, eps);
      f32x4.splat();
      local.set(scale);
      group.forEach([target, c, y], ([to, ofC, ofY], mask) => {
        local.set(a, f32x4.sub(load(ofC!), mean));
        local.set(b, f32x4.mul(load(ofY!), along));
        local.set(a, f32x4.mul(f32x4.sub(a, b), scale));
        group.store(to!, a, mask);
      });
      advance(variances, 4);
      for (const pointer of [target, c, y]) advance(pointer, groupStep);
    });
  },
);

/**
 * standardizeColumns(target, source, means, variances, rows, columns, rowStep, eps, centers): the same for columns.
 */
export const standardizeColumns: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "f64", "i32"],
  ([target, source, means, variances, rows, columns, rowStep, eps, centers], scope) => {
    const four = new Columns(scope, rows, columns, rowStep);
    const sums: Four = [scope.v128(), scope.v128()];
    const [x, spare, high, low, scale, count] = scope.vectors(6) as [
      Vector,
      Vector,
      Vector,
      Vector,
      Vector,
      Vector,
    ];
    local.set(count, f64x2.splat(f64.convert_i32_s(rows)));
    const divide = (): void => {
      for (const sum of sums) local.set(sum, f64x2.div(sum, count));
    };
    const deviation = (from: Whole): void => {
      local.set(x, f32x4.sub(f32x4.sub(load(from), high), low));
    };
    forEachFour(scope, columns, [target, source, means, variances], () => {
      clearFour(sums);
      local.get(centers);
      if_({}, () => {
        four.forEach([source], ([from]) => {
          local.set(x, load(from!));
          addFour(sums, x, null, spare);
        });
        divide();
      });
      narrow(high, sums, spare);
      four.store(means, high);
      // What is left of the means.
      local.set(sums[0], f64x2.sub(sums[0], f64x2.promote_low_f32x4(high)));
      f64x2.promote_low_f32x4(shuffle(high, high, [2, 3, 2, 3]));
      local.set(spare);
      local.set(sums[1], f64x2.sub(sums[1], spare));
      narrow(low, sums, spare);
      clearFour(sums);
      four.forEach([source], ([from]) => {
        deviation(from!);
        addFour(sums, x, x, spare);
      });
      divide();
      narrow(scale, sums, spare);
      four.store(variances, scale);
      scaleOf(scale, sums, eps, spare);
      four.forEach([target, source], ([to, from]) => {
        deviation(from!);
        local.set(x, f32x4.mul(x, scale));
        four.store(to!, x);
      });
      four.next();
    });
  },
);

/** 1/√(v + ε) of four variances, which are lost. */
function scaleOf(scale: Vector, variances: Four, eps: Local<"f64">, spare: Vector): void {
  for (const variance of variances) {
    local.set(spare, f64x2.sqrt(f64x2.add(variance, f64x2.splat(eps))));
    local.set(variance, f64x2.div(v128.const("f64x2", [1, 1]), spare));
  }
  narrow(scale, variances, spare);
}

/** standardizeColumnsGradient(target, c, y, variances, rows, columns, rowStep, eps, centers): the same for columns. */
export const standardizeColumnsGradient: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "f64", "i32"],
  ([target, c, y, variances, rows, columns, rowStep, eps, centers], scope) => {
    const four = new Columns(scope, rows, columns, rowStep);
    const plain: Four = [scope.v128(), scope.v128()];
    const product: Four = [scope.v128(), scope.v128()];
    const [a, b, spare, mean, along, scale, count] = scope.vectors(7) as [
      Vector,
      Vector,
      Vector,
      Vector,
      Vector,
      Vector,
      Vector,
    ];
    local.set(count, f64x2.splat(f64.convert_i32_s(rows)));
    forEachFour(scope, columns, [target, c, y, variances], () => {
      clearFour(plain);
      clearFour(product);
      four.forEach([c, y], ([ofC, ofY]) => {
        local.set(a, load(ofC!));
        local.set(b, load(ofY!));
        addFour(plain, a, null, spare);
        addFour(product, a, b, spare);
      });
      i32.eqz(centers);
      if_({}, () => clearFour(plain));
      for (const sum of [...plain, ...product]) local.set(sum, f64x2.div(sum, count));
      narrow(mean, plain, spare);
      narrow(along, product, spare);
      local.set(a, load(variances));
      local.set(plain[0], f64x2.promote_low_f32x4(a));
      local.set(plain[1], f64x2.promote_low_f32x4(shuffle(a, a, [2, 3, 2, 3])));
      scaleOf(scale, plain, eps, spare);
      four.forEach([target, c, y], ([to, ofC, ofY]) => {
        local.set(a, f32x4.sub(load(ofC!), mean));
        local.set(b, f32x4.mul(load(ofY!), along));
        local.set(a, f32x4.mul(f32x4.sub(a, b), scale));
        four.store(to!, a);
      });
      four.next();
    });
  },
);
