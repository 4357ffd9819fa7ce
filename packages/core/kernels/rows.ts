/**
 * Functions of rows: softmax and its kin, standardising, sums.
 *
 * Rows follow one another without gaps. The last vector of a row may reach into the next one: what it holds there is
 * kept out of sums by a mask, and what is written there is written over by the next row. Behind the last row there is
 * room. Sums are kept in double precision.
 */
import type { Input, Local } from "wasmati";
import { f32, f32x4, f64, f64x2, i32, i32x4, if_, local, v128 } from "wasmati";
import { exp, log } from "../src/accelerated/vector/functions.ts";
import type { Kernel, Scope, Variant } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";
import type { Vector } from "./vectors.ts";
import { vectorsOf } from "./vectors.ts";

type Whole = Local<"i32">;

/** Walks along rows, vector by vector. */
class Row {
  private readonly scope: Scope;
  private readonly bytes: Whole;
  private readonly at: Whole;
  private readonly whole: Whole;
  private readonly mask: Vector;

  /** For rows of `length` numbers. */
  constructor(scope: Scope, length: Whole) {
    this.scope = scope;
    this.bytes = scope.i32();
    this.at = scope.i32();
    this.whole = scope.i32();
    this.mask = scope.v128();
    local.set(this.bytes, i32.shl(length, 2));
    local.set(this.whole, i32.shl(i32.and(length, -4), 2));
    v128.const("i32x4", [0, 1, 2, 3]);
    i32x4.splat(i32.and(length, 3));
    i32x4.lt_s();
    local.set(this.mask);
  }

  /**
   * Calls `body` with a function that gives the next vector of a row, for whole vectors and then, masked, for the rest.
   */
  forEach(body: (at: (pointer: Whole) => Whole, mask: Vector | null) => void): void {
    const { at, bytes, whole } = this;
    const pointers = new Map<Whole, Whole>();
    const address = (pointer: Whole): Whole => {
      let variable = pointers.get(pointer);
      if (variable === undefined) {
        variable = this.scope.i32();
        pointers.set(pointer, variable);
      }
      local.set(variable, i32.add(pointer, at));
      return variable;
    };
    local.set(at, 0);
    whileBelow(at, whole, vectorBytes, () => body(address, null));
    i32.lt_s(at, bytes);
    if_({}, () => body(address, this.mask));
  }

  /** Moves pointers to the next row. */
  next(...pointers: Whole[]): void {
    for (const pointer of pointers) advance(pointer, this.bytes);
  }
}

const vectorBytes = 16;

/** A sum in double precision, of two numbers at a time. */
class DoubleSum {
  private readonly low: Vector;
  private readonly high: Vector;
  private readonly swapped: Vector;

  constructor(scope: Scope) {
    this.low = scope.v128();
    this.high = scope.v128();
    this.swapped = scope.v128();
  }

  clear(): void {
    for (const half of [this.low, this.high]) local.set(half, v128.const("f64x2", [0, 0]));
  }

  /** Adds x, or x·y with the product in double precision. */
  add(x: Vector, y?: Vector): void {
    const { low, high, swapped } = this;
    const upper = (vector: Vector) => shuffle(vector, vector, [2, 3, 2, 3]);
    if (y === undefined) {
      local.set(low, f64x2.add(low, f64x2.promote_low_f32x4(x)));
      local.set(high, f64x2.add(high, f64x2.promote_low_f32x4(upper(x))));
      return;
    }
    f64x2.promote_low_f32x4(x);
    f64x2.promote_low_f32x4(y);
    f64x2.mul();
    local.set(swapped);
    local.set(low, f64x2.add(low, swapped));
    f64x2.promote_low_f32x4(upper(x));
    f64x2.promote_low_f32x4(upper(y));
    f64x2.mul();
    local.set(swapped);
    local.set(high, f64x2.add(high, swapped));
  }

  total(target: Local<"f64">): void {
    const { low, high } = this;
    local.set(low, f64x2.add(low, high));
    f64.add(f64x2.extract_lane(0, low), f64x2.extract_lane(1, low));
    local.set(target);
  }
}

/** x where the mask is set, else 0. */
function masked(x: Vector, mask: Vector | null): void {
  if (mask !== null) local.set(x, v128.and(x, mask));
}

function splat(target: Vector, value: Input<"f32">): void {
  local.set(target, f32x4.splat(value));
}

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
          store(at(target), y);
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
        row.forEach((at) => {
          const place = at(target);
          store(place, f32x4.mul(load(place), scale));
        });
        row.next(target, source);
      });
    },
  );
}

/**
 * sumExp(target, source, rows, length): for each row the largest number m, and Σ exp(x − m) as the sum of two float32
 * numbers, large and small.
 */
export function sumExp(variant: Variant): Kernel {
  return kernel(["i32", "i32", "i32", "i32"], ([target, source, rows, length], scope) => {
    const row = new Row(scope, length);
    const i = scope.i32();
    const large = scope.f32();
    forEach(i, 0, rows, 1, () => {
      const { largest, total } = sumOfExp(scope, variant, row, source);
      f32.store({}, target, f32x4.extract_lane(0, largest));
      local.set(large, f32.demote_f64(total));
      f32.store({ offset: 4 }, target, large);
      local.set(total, f64.sub(total, f64.promote_f32(large)));
      f32.store({ offset: 8 }, target, f32.demote_f64(total));
      advance(target, 12);
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
      row.forEach((at) => {
        const x = at(source);
        store(at(target), f32x4.sub(f32x4.sub(load(x), largest), shift));
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
      row.forEach((at) => {
        local.set(a, load(at(y)));
        local.set(b, load(at(c)));
        store(at(target), f32x4.mul(a, f32x4.sub(b, mean)));
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
      row.forEach((at) => {
        local.set(a, load(at(y)));
        local.set(a, exp(v, a));
        local.set(b, load(at(c)));
        store(at(target), f32x4.sub(b, f32x4.mul(a, all)));
      });
      row.next(target, y, c);
    });
  });
}

/**
 * standardize(target, source, moments, rows, length, eps, centers): (x − μ)/√(v + ε) for each row, with its mean μ (0
 * unless `centers`) and variance v, which are written to `moments` as pairs.
 */
export const standardize: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "f64", "i32"],
  ([target, source, moments, rows, length, eps, centers], scope) => {
    const row = new Row(scope, length);
    const i = scope.i32();
    const x = scope.v128();
    const mean = scope.v128();
    const scale = scope.v128();
    const sum = new DoubleSum(scope);
    const total = scope.f64();
    const count = scope.f64();
    local.set(count, f64.convert_i32_s(length));
    forEach(i, 0, rows, 1, () => {
      local.set(total, 0);
      local.get(centers);
      if_({}, () => {
        sum.clear();
        row.forEach((at, mask) => {
          local.set(x, load(at(source)));
          masked(x, mask);
          sum.add(x);
        });
        sum.total(total);
        local.set(total, f64.div(total, count));
      });
      f32.store({}, moments, f32.demote_f64(total));
      splat(mean, f32.demote_f64(total));
      sum.clear();
      row.forEach((at, mask) => {
        local.set(x, f32x4.sub(load(at(source)), mean));
        masked(x, mask);
        sum.add(x, x);
      });
      sum.total(total);
      local.set(total, f64.div(total, count));
      f32.store({ offset: 4 }, moments, f32.demote_f64(total));
      f64.div(1, f64.sqrt(f64.add(total, eps)));
      f32.demote_f64();
      f32x4.splat();
      local.set(scale);
      row.forEach((at) => {
        local.set(x, f32x4.sub(load(at(source)), mean));
        store(at(target), f32x4.mul(x, scale));
      });
      advance(moments, 8);
      row.next(target, source);
    });
  },
);

/**
 * standardizeGradient(target, c, y, variances, rows, length, eps, centers): (c − mean c − y·mean(c·y))/√(v + ε), the
 * first mean 0 unless `centers`.
 */
export const standardizeGradient: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "f64", "i32"],
  ([target, c, y, variances, rows, length, eps, centers], scope) => {
    const row = new Row(scope, length);
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
    local.set(count, f64.convert_i32_s(length));
    forEach(i, 0, rows, 1, () => {
      plain.clear();
      product.clear();
      row.forEach((at, mask) => {
        local.set(a, load(at(c)));
        local.set(b, load(at(y)));
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
      f64.add(f64.promote_f32(f32.load({}, variances)), eps);
      f64.sqrt();
      local.set(total);
      splat(scale, f32.demote_f64(f64.div(1, total)));
      row.forEach((at) => {
        local.set(a, f32x4.sub(load(at(c)), mean));
        local.set(b, f32x4.mul(load(at(y)), along));
        store(at(target), f32x4.mul(f32x4.sub(a, b), scale));
      });
      advance(variances, 4);
      row.next(target, c, y);
    });
  },
);

/** sumRows(target, source, rows, length, divisor): the sum of each row, divided. */
export const sumRows: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "f64"],
  ([target, source, rows, length, divisor], scope) => {
    const row = new Row(scope, length);
    const i = scope.i32();
    const x = scope.v128();
    const sum = new DoubleSum(scope);
    const total = scope.f64();
    forEach(i, 0, rows, 1, () => {
      sum.clear();
      row.forEach((at, mask) => {
        local.set(x, load(at(source)));
        masked(x, mask);
        sum.add(x);
      });
      sum.total(total);
      f32.store({}, target, f32.demote_f64(f64.div(total, divisor)));
      advance(target, 4);
      row.next(source);
    });
  },
);

/**
 * addRows(sums, source, rows, length): adds the rows to `sums`, doubles of which there are as many as a row has
 * numbers, and up to three more.
 */
export const addRows: Kernel = kernel(["i32", "i32", "i32", "i32"], (args, scope) => {
  const [sums, source, rows, length] = args;
  const i = scope.i32();
  const column = scope.i32();
  const bytes = scope.i32();
  const from = scope.i32();
  const low = scope.v128();
  const high = scope.v128();
  const x = scope.v128();
  local.set(bytes, i32.shl(length, 2));
  // Four columns at a time, whose sums stay in registers.
  forEach(column, 0, bytes, vectorBytes, () => {
    local.set(low, load(sums));
    local.set(high, load(sums, vectorBytes));
    local.set(from, i32.add(source, column));
    forEach(i, 0, rows, 1, () => {
      local.set(x, load(from));
      local.set(low, f64x2.add(low, f64x2.promote_low_f32x4(x)));
      local.set(x, shuffle(x, x, [2, 3, 2, 3]));
      local.set(high, f64x2.add(high, f64x2.promote_low_f32x4(x)));
      advance(from, bytes);
    });
    store(sums, low);
    store(sums, high, vectorBytes);
    advance(sums, 2 * vectorBytes);
  });
});
