/**
 * Running sums and products of rows, and of columns, in double precision: each result is rounded once.
 */
import type { Local } from "wasmati";
import { f32, f32x4, f64, f64x2, i32, i64, if_, local, v128 } from "wasmati";
import type { Kernel } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store, whileBelow } from "./assembler.ts";
import { storeSome, vectorBytes } from "./row.ts";
import type { Vector } from "./vectors.ts";

/** What numbers are joined with. */
interface Joining {
  /** What joined with any number gives that number. */
  readonly neutral: 0 | 1;
  /** Of two doubles. */
  readonly pair: typeof f64x2.add;
  readonly single: typeof f64.add;
}

const sums: Joining = { neutral: 0, pair: f64x2.add, single: f64.add };
const products: Joining = { neutral: 1, pair: f64x2.mul, single: f64.mul };

/**
 * Makes the condition under which a product may be multiplied by four float32 numbers in any order: with an exponent from
 * −426 to 511 no order leaves the range of double precision, since the four lie from 2⁻¹⁴⁹ to 2¹²⁸.
 */
function isSafe(product: Local<"f64">): void {
  const exponent = i32.and(i32.wrap_i64(i64.shr_u(i64.reinterpret_f64(product), 52n)), 0x7ff);
  i32.le_u(i32.sub(exponent, 1023 - 426), 426 + 511);
}

/**
 * (target, source, rows, length): joins each number with all before it, or behind it.
 *
 * Four numbers at a time, so that a sum waits for one addition only: with s of those before, s + x₀, s + (x₀ + x₁),
 * s + ((x₀ + x₁) + x₂) and s + ((x₀ + x₁) + (x₂ + x₃)).
 */
function joinRows({ neutral, pair, single }: Joining, isBackward: boolean): Kernel {
  return kernel(["i32", "i32", "i32", "i32"], ([target, source, rows, length], scope) => {
    const [i, done, four, bytes] = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    const [from, to] = [scope.i32(), scope.i32()];
    const all = scope.f64();
    const [x, low, high, before] = scope.fourVectors();
    const start = scope.v128();
    local.set(start, v128.const("f64x2", [neutral, neutral]));
    const step = isBackward ? -4 : 4;
    /** The places of numbers in memory in the order in which they are joined, and the other way round. */
    const inOrder = (vector: Vector): void => {
      if (isBackward) local.set(vector, shuffle(vector, vector, [3, 2, 1, 0]));
    };
    const joinOne = (): void => {
      local.set(all, single(all, f64.promote_f32(f32.load({}, from))));
      f32.store({}, to, f32.demote_f64(all));
      advance(from, step);
      advance(to, step);
    };
    const joinFour = (): void => {
      // Backwards, the pointers are those of the last of the four.
      if (isBackward) for (const pointer of [from, to]) advance(pointer, 3 * step);
      local.set(x, load(from));
      inOrder(x);
      local.set(low, f64x2.promote_low_f32x4(x));
      local.set(high, f64x2.promote_low_f32x4(shuffle(x, x, [2, 3, 2, 3])));
      local.set(low, pair(low, shuffle(start, low, [0, 1, 4, 5])));
      local.set(high, pair(high, shuffle(start, high, [0, 1, 4, 5])));
      local.set(high, pair(shuffle(low, low, [2, 3, 2, 3]), high));
      local.set(before, f64x2.splat(all));
      local.set(low, pair(before, low));
      local.set(high, pair(before, high));
      local.set(all, f64x2.extract_lane(1, high));
      local.set(low, f32x4.demote_f64x2_zero(low));
      local.set(high, f32x4.demote_f64x2_zero(high));
      local.set(low, shuffle(low, high, [0, 1, 4, 5]));
      inOrder(low);
      store(to, low);
      for (const pointer of [from, to]) advance(pointer, isBackward ? step : 4 * step);
    };
    local.set(bytes, i32.shl(length, 2));
    local.set(four, i32.and(length, -4));
    forEach(i, 0, rows, 1, () => {
      local.set(all, neutral);
      local.set(from, source);
      local.set(to, target);
      if (isBackward)
        for (const pointer of [from, to]) local.set(pointer, i32.sub(i32.add(pointer, bytes), 4));
      local.set(done, 0);
      whileBelow(done, four, 4, () => {
        if (neutral === 0) {
          joinFour();
          return;
        }
        isSafe(all);
        if_({}, joinFour, () => {
          for (let k = 0; k < 4; k++) joinOne();
        });
      });
      whileBelow(done, length, 1, joinOne);
      for (const pointer of [source, target]) advance(pointer, bytes);
    });
  });
}

/**
 * (target, source, sums, rows, columns, step): joins each number with those above it; rows are `step` bytes apart, and may
 * lie below one another. `sums` is room for a double for each column, and two more.
 */
function joinColumns({ neutral, pair }: Joining): Kernel {
  return kernel(
    ["i32", "i32", "i32", "i32", "i32", "i32"],
    ([target, source, room, rows, columns, step], scope) => {
      const [i, column, four, rest] = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
      const [from, to, sum] = [scope.i32(), scope.i32(), scope.i32()];
      const [x, low, high, start] = scope.fourVectors();
      local.set(start, v128.const("f64x2", [neutral, neutral]));
      local.set(four, i32.and(columns, -4));
      local.set(rest, i32.and(columns, 3));
      local.set(sum, room);
      forEach(column, 0, columns, 2, () => {
        store(sum, start);
        advance(sum, vectorBytes);
      });
      const join = (write: () => void): void => {
        local.set(x, load(from));
        local.set(low, pair(load(sum), f64x2.promote_low_f32x4(x)));
        f64x2.promote_low_f32x4(shuffle(x, x, [2, 3, 2, 3]));
        local.set(high);
        local.set(high, pair(load(sum, vectorBytes), high));
        store(sum, low);
        store(sum, high, vectorBytes);
        local.set(low, f32x4.demote_f64x2_zero(low));
        local.set(high, f32x4.demote_f64x2_zero(high));
        local.set(x, shuffle(low, high, [0, 1, 4, 5]));
        write();
      };
      forEach(i, 0, rows, 1, () => {
        local.set(from, source);
        local.set(to, target);
        local.set(sum, room);
        local.set(column, 0);
        whileBelow(column, four, 4, () => {
          join(() => store(to, x));
          advance(from, vectorBytes);
          advance(to, vectorBytes);
          advance(sum, 2 * vectorBytes);
        });
        local.get(rest);
        if_({}, () => join(() => storeSome(to, x, rest)));
        advance(source, step);
        advance(target, step);
      });
    },
  );
}

export const runSums: Kernel = joinRows(sums, false);
export const runSumsBack: Kernel = joinRows(sums, true);
export const runSumsDown: Kernel = joinColumns(sums);
export const runProducts: Kernel = joinRows(products, false);
export const runProductsBack: Kernel = joinRows(products, true);
export const runProductsDown: Kernel = joinColumns(products);
