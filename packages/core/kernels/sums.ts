/**
 * Sums of rows, and of columns, in double precision.
 *
 * Results are float32 numbers where a kernel adds up all terms, or doubles, parts of larger sums that `addUp` joins.
 */
import type { Local } from "wasmati";
import { f32, f32x4, f64, f64x2, i32, if_, local, v128 } from "wasmati";
import type { Kernel, Scope } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";
import type { Whole } from "./row.ts";
import { restMask, storeSome, vectorBytes } from "./row.ts";
import type { Vector } from "./vectors.ts";

/** Adds the lower or the upper two numbers of a vector to two doubles. */
function addHalf(sum: Vector, x: Vector, isUpper: boolean): void {
  local.get(sum);
  if (isUpper) shuffle(x, x, [2, 3, 2, 3]);
  else local.get(x);
  f64x2.promote_low_f32x4();
  f64x2.add();
  local.set(sum);
}

function clear(sums: readonly Vector[]): void {
  for (const sum of sums) local.set(sum, v128.const("f64x2", [0, 0]));
}

/** Makes a function that sums the row at a pointer, eight numbers at a time. */
function rowSum(scope: Scope, length: Whole): (source: Whole, total: Local<"f64">) => void {
  const at = scope.i32();
  const end = scope.i32();
  const x = scope.v128();
  const mask = scope.v128();
  const sums = scope.vectors(4);
  const [a, b, c, d] = sums as [Vector, Vector, Vector, Vector];
  local.set(mask, restMask(length));
  return (source, total) => {
    clear(sums);
    local.set(at, source);
    local.set(end, i32.add(source, i32.shl(i32.and(length, -8), 2)));
    whileBelow(at, end, 2 * vectorBytes, () => {
      local.set(x, load(at));
      addHalf(a, x, false);
      addHalf(b, x, true);
      local.set(x, load(at, vectorBytes));
      addHalf(c, x, false);
      addHalf(d, x, true);
    });
    i32.and(length, 4);
    if_({}, () => {
      local.set(x, load(at));
      addHalf(a, x, false);
      addHalf(b, x, true);
      advance(at, vectorBytes);
    });
    i32.and(length, 3);
    if_({}, () => {
      local.set(x, v128.and(load(at), mask));
      addHalf(c, x, false);
      addHalf(d, x, true);
    });
    local.set(a, f64x2.add(f64x2.add(a, b), f64x2.add(c, d)));
    local.set(total, f64.add(f64x2.extract_lane(0, a), f64x2.extract_lane(1, a)));
  };
}

/** sumRows(target, source, rows, length, divisor): the sum of each row, divided. */
export const sumRows: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "f64"],
  ([target, source, rows, length, divisor], scope) => {
    const sum = rowSum(scope, length);
    const total = scope.f64();
    const i = scope.i32();
    const bytes = scope.i32();
    local.set(bytes, i32.shl(length, 2));
    forEach(i, 0, rows, 1, () => {
      sum(source, total);
      f32.store({}, target, f32.demote_f64(f64.div(total, divisor)));
      advance(target, 4);
      advance(source, bytes);
    });
  },
);

/** sumRowsWide(target, source, rows, length): the sum of each row, as doubles. */
export const sumRowsWide: Kernel = kernel(
  ["i32", "i32", "i32", "i32"],
  ([target, source, rows, length], scope) => {
    const sum = rowSum(scope, length);
    const total = scope.f64();
    const i = scope.i32();
    const bytes = scope.i32();
    local.set(bytes, i32.shl(length, 2));
    forEach(i, 0, rows, 1, () => {
      sum(source, total);
      f64.store({}, target, total);
      advance(target, 8);
      advance(source, bytes);
    });
  },
);

/**
 * Calls `finish` with the sums of four columns after four, two doubles in each vector, and how many of the columns are
 * there: `null` for all. Rows are `rowStep` bytes apart.
 */
function forEachFourColumns(
  scope: Scope,
  [source, rows, columns, rowStep]: readonly [Whole, Whole, Whole, Whole],
  finish: (low: Vector, high: Vector, rest: Whole | null) => void,
): void {
  const column = scope.i32();
  const row = scope.i32();
  const at = scope.i32();
  const x = scope.v128();
  const sums = scope.vectors(4);
  const left = scope.i32();
  const addColumns = (vectors: number): void => {
    const used = sums.slice(0, 2 * vectors);
    clear(used);
    local.set(at, i32.add(source, i32.shl(column, 2)));
    forEach(row, 0, rows, 1, () => {
      for (let i = 0; i < vectors; i++) {
        local.set(x, load(at, i * vectorBytes));
        addHalf(used[2 * i]!, x, false);
        addHalf(used[2 * i + 1]!, x, true);
      }
      advance(at, rowStep);
    });
  };
  const end = scope.i32();
  local.set(end, i32.and(columns, -8));
  local.set(column, 0);
  whileBelow(column, end, 8, () => {
    addColumns(2);
    finish(sums[0]!, sums[1]!, null);
    finish(sums[2]!, sums[3]!, null);
  });
  i32.and(columns, 4);
  if_({}, () => {
    addColumns(1);
    finish(sums[0]!, sums[1]!, null);
    local.set(column, i32.add(column, 4));
  });
  local.set(left, i32.and(columns, 3));
  local.get(left);
  if_({}, () => {
    addColumns(1);
    finish(sums[0]!, sums[1]!, left);
  });
}

/** The two pairs of doubles as four float32 numbers. */
function narrowed(low: Vector, high: Vector, spare: Vector): void {
  local.set(spare, f32x4.demote_f64x2_zero(high));
  local.set(low, f32x4.demote_f64x2_zero(low));
  shuffle(low, spare, [0, 1, 4, 5]);
}

/**
 * sumColumns(target, source, outer, rows, columns, rowStep, toOuter, fromOuter, divisor): for each of `outer` blocks of
 * rows the sum of each column, divided.
 */
export const sumColumns: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "f64"],
  ([target, source, outer, rows, columns, rowStep, toOuter, fromOuter, divisor], scope) => {
    const i = scope.i32();
    const to = scope.i32();
    const spare = scope.v128();
    const by = scope.v128();
    local.set(by, f64x2.splat(divisor));
    forEach(i, 0, outer, 1, () => {
      local.set(to, target);
      forEachFourColumns(scope, [source, rows, columns, rowStep], (low, high, rest) => {
        local.set(low, f64x2.div(low, by));
        local.set(high, f64x2.div(high, by));
        narrowed(low, high, spare);
        local.set(spare);
        if (rest === null) store(to, spare);
        else storeSome(to, spare, rest);
        advance(to, vectorBytes);
      });
      advance(target, toOuter);
      advance(source, fromOuter);
    });
  },
);

/**
 * sumColumnsWide(target, source, rows, columns, rowStep): the sum of each column, as doubles, of which the last four are
 * written together.
 */
export const sumColumnsWide: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32"],
  ([target, source, rows, columns, rowStep], scope) => {
    forEachFourColumns(scope, [source, rows, columns, rowStep], (low, high) => {
      store(target, low);
      store(target, high, vectorBytes);
      advance(target, 2 * vectorBytes);
    });
  },
);

/**
 * addUp(target, sums, results, resultStep, outer, outerStep, blocks, blockStep, divisor): each result from the doubles
 * of its `outer` times `blocks` parts, divided.
 */
export const addUp: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "f64"],
  ([target, sums, results, resultStep, outer, outerStep, blocks, blockStep, divisor], scope) => {
    const [i, j, k] = [scope.i32(), scope.i32(), scope.i32()];
    const first = scope.i32();
    const at = scope.i32();
    const total = scope.f64();
    forEach(i, 0, results, 1, () => {
      local.set(total, 0);
      local.set(first, sums);
      forEach(j, 0, outer, 1, () => {
        local.set(at, first);
        forEach(k, 0, blocks, 1, () => {
          local.set(total, f64.add(total, f64.load({}, at)));
          advance(at, blockStep);
        });
        advance(first, outerStep);
      });
      f32.store({}, target, f32.demote_f64(f64.div(total, divisor)));
      advance(target, 4);
      advance(sums, resultStep);
    });
  },
);
