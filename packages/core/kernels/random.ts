/**
 * Philox 4×32 with 10 rounds, four blocks at a time: the very words of `philoxBlocks` in src/random/philox.ts, where the
 * source is named.
 */
import { f32x4, i32, i32x4, i64x2, local, v128 } from "wasmati";
import type { Kernel, Scope } from "./assembler.ts";
import { advance, forEach, kernel, load, shuffle, store } from "./assembler.ts";
import type { Whole } from "./row.ts";
import { Row } from "./row.ts";
import type { Vector } from "./vectors.ts";

type Four = readonly [Vector, Vector, Vector, Vector];

const rounds = 10;
const multipliers = [0xd2511f53 | 0, 0xcd9e8d57 | 0] as const;
/** Weyl sequences: the golden ratio and √3 − 1. */
const keySteps = [0x9e3779b9 | 0, 0xbb67ae85 | 0] as const;
const blocksAtATime = 4;

function splatted(scope: Scope, value: number): Vector {
  const vector = scope.v128();
  local.set(vector, i32x4.splat(value));
  return vector;
}

/**
 * For each four of so many blocks, whose number four divides, calls `body` with their words in the order in which they
 * are drawn, four to a vector.
 */
function forEachBlocks(
  scope: Scope,
  [blocks, low, high, key0, key1]: readonly [Whole, Whole, Whole, Whole, Whole],
  body: (words: Four) => void,
): void {
  const keys = Array.from({ length: rounds }, () =>
    ([key0, key1] as const).map((key, i) => {
      const vector = scope.v128();
      local.set(vector, i32x4.splat(key));
      local.set(key, i32.add(key, keySteps[i]!));
      return vector;
    }),
  ) as [Vector, Vector][];
  const factors = multipliers.map((multiplier) => splatted(scope, multiplier)) as [Vector, Vector];
  const counter = scope.v128();
  const upper = splatted(scope, 0);
  local.set(upper, i32x4.splat(high));
  const zero = splatted(scope, 0);
  const step = splatted(scope, blocksAtATime);
  i32x4.splat(low);
  v128.const("i32x4", [0, 1, 2, 3]);
  i32x4.add();
  local.set(counter);
  const even = scope.v128();
  const odd = scope.v128();
  /** The lower and the upper halves of the products of four words. */
  const product = (word: Vector, factor: Vector, lower: Vector, higher: Vector): void => {
    local.set(even, i64x2.extmul_low_i32x4_u(word, factor));
    local.set(odd, i64x2.extmul_high_i32x4_u(word, factor));
    local.set(lower, shuffle(even, odd, [0, 2, 4, 6]));
    local.set(higher, shuffle(even, odd, [1, 3, 5, 7]));
  };
  const words = scope.fourVectors();
  const [a, b, c, d] = words;
  const [lower0, higher0, lower1, higher1] = scope.fourVectors();
  const i = scope.i32();
  forEach(i, 0, blocks, blocksAtATime, () => {
    local.set(a, counter);
    local.set(b, upper);
    local.set(c, zero);
    local.set(d, zero);
    for (const [k0, k1] of keys) {
      product(a, factors[0], lower0, higher0);
      product(c, factors[1], lower1, higher1);
      local.set(a, v128.xor(v128.xor(higher1, b), k0));
      local.set(b, lower1);
      local.set(c, v128.xor(v128.xor(higher0, d), k1));
      local.set(d, lower0);
    }
    // Four words of each block, where there were four blocks of each word.
    for (const half of [0, 2]) {
      const pairs = [half, half + 4, half + 1, half + 5];
      local.set(half === 0 ? lower0 : lower1, shuffle(a, b, pairs));
      local.set(half === 0 ? higher0 : higher1, shuffle(c, d, pairs));
    }
    local.set(a, shuffle(lower0, higher0, [0, 1, 4, 5]));
    local.set(b, shuffle(lower0, higher0, [2, 3, 6, 7]));
    local.set(c, shuffle(lower1, higher1, [0, 1, 4, 5]));
    local.set(d, shuffle(lower1, higher1, [2, 3, 6, 7]));
    body(words);
    local.set(counter, i32x4.add(counter, step));
  });
}

/** drawWords(target, blocks, low, high, key0, key1): the words. `low` and `high` are the counter of the first block. */
export const drawWords: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32"],
  ([target, blocks, low, high, key0, key1], scope) => {
    forEachBlocks(scope, [blocks, low, high, key0, key1], (words) => {
      for (const [i, word] of words.entries()) store(target, word, 16 * i);
      advance(target, 64);
    });
  },
);

/** toUniform(target, words, count): for each word its upper 24 bits, as a number from [0, 1). */
export const toUniform: Kernel = kernel(["i32", "i32", "i32"], ([target, words, count], scope) => {
  const row = new Row(scope, count);
  const unit = scope.v128();
  const scale = 2 ** -24;
  local.set(unit, v128.const("f32x4", [scale, scale, scale, scale]));
  row.forEach((at, mask) => {
    const to = at(target);
    row.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(load(at(words)), 8)), unit), mask);
  });
});

/** toMask(target, words, count, limit): for each word 1 if it is below a limit, as a number from 0 to 2³² − 1, else 0. */
export const toMask: Kernel = kernel(
  ["i32", "i32", "i32", "i32"],
  ([target, words, count, limit], scope) => {
    const row = new Row(scope, count);
    const [limits, one] = [scope.v128(), scope.v128()];
    local.set(limits, i32x4.splat(limit));
    local.set(one, v128.const("f32x4", [1, 1, 1, 1]));
    row.forEach((at, mask) => {
      row.store(at(target), v128.and(one, i32x4.lt_u(load(at(words)), limits)), mask);
    });
  },
);

/**
 * toDropout(target, mask, source, words, count, limit, scale): the mask of `toMask`, and the numbers of `source` times mask
 * and scale.
 */
export const toDropout: Kernel = kernel(
  ["i32", "i32", "i32", "i32", "i32", "i32", "f32"],
  ([target, mask, source, words, count, limit, scale], scope) => {
    const row = new Row(scope, count);
    const [limits, one, scales, isKept, product] = scope.vectors(5) as [
      Vector,
      Vector,
      Vector,
      Vector,
      Vector,
    ];
    local.set(limits, i32x4.splat(limit));
    local.set(one, v128.const("f32x4", [1, 1, 1, 1]));
    local.set(scales, f32x4.splat(scale));
    row.forEach((at, rest) => {
      local.set(isKept, i32x4.lt_u(load(at(words)), limits));
      row.store(at(mask), v128.and(one, isKept), rest);
      local.set(product, f32x4.mul(load(at(source)), v128.and(scales, isKept)));
      row.store(at(target), product, rest);
    });
  },
);
