/** Attention in WebAssembly against its formula in double precision, within bounds that follow from the roundings. */
import type { Tensor } from "@chainrule/core";
import {
  attention,
  attentionGradient,
  backendInfo,
  expand,
  lt,
  permute,
  setBackend,
  setThreads,
  tensor,
  tril,
} from "@chainrule/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";

const u = 2 ** -24;
/** Errors of second order, and results that are too small to have all their digits. */
const bound = (error: number): number => 1.01 * error + 2 ** -120;

/** A matrix in double precision, and how far float32 may be from each of its numbers. */
interface Bounded {
  readonly value: number[][];
  readonly error: number[][];
}

type Rows = number[][];

const rowsOf = (x: Tensor): Rows => x.toArray() as Rows;
const exact = (value: Rows): Bounded => ({ value, error: value.map((row) => row.map(() => 0)) });
const turned = ({ value, error }: Bounded, columns: number): Bounded => {
  const turn = (x: Rows): Rows =>
    Array.from({ length: columns }, (_, j) => x.map((row) => row[j]!));
  return { value: turn(value), error: turn(error) };
};

/** A·B: errors of both, and of a sum of k terms in float32. */
function product(a: Bounded, b: Bounded, columns: number): Bounded {
  const k = b.value.length;
  const value: Rows = [];
  const error: Rows = [];
  for (const [i, row] of a.value.entries()) {
    const [sums, errors]: [number[], number[]] = [[], []];
    for (let j = 0; j < columns; j++) {
      let [sum, off, size] = [0, 0, 0];
      for (let p = 0; p < k; p++) {
        const [x, y] = [row[p]!, b.value[p]![j]!];
        sum += x * y;
        size += Math.abs(x * y);
        off += Math.abs(x) * b.error[p]![j]! + a.error[i]![p]! * Math.abs(y);
      }
      sums.push(sum);
      errors.push(off + k * u * size);
    }
    value.push(sums);
    error.push(errors);
  }
  return { value, error };
}

function scaledBy(x: Bounded, factor: number): Bounded {
  return {
    value: x.value.map((row) => row.map((s) => s * factor)),
    // The factor is rounded, too.
    error: x.value.map((row, i) =>
      row.map((s, j) => Math.abs(factor) * (x.error[i]![j]! + 2 * u * Math.abs(s))),
    ),
  };
}

/** Softmax of rows with what a mask adds: each exponential is off by what both of its exponents are, and by 4 ulp. */
function softmaxOf(x: Bounded, added: (i: number, j: number) => number): Bounded {
  const [value, error]: [Rows, Rows] = [[], []];
  for (const [i, row] of x.value.entries()) {
    const scores = row.map((s, j) => s + added(i, j));
    const largest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const positive = scores.map((s) =>
      largest === Number.NEGATIVE_INFINITY ? 0 : Math.exp(s - largest),
    );
    const sum = positive.reduce((a, b) => a + b, 0);
    // What counts is the largest error of a score that is not shut out; the mask's sum and the difference are rounded.
    const off = row.map((_, j) =>
      positive[j] === 0
        ? 0
        : x.error[i]![j]! + u * (Math.abs(scores[j]!) + Math.abs(scores[j]! - largest)),
    );
    const most = off.reduce((a, b) => Math.max(a, b), 0);
    const weights = positive.map((e) => (sum === 0 ? 0 : e / sum));
    value.push(weights);
    error.push(weights.map((w) => w * (Math.expm1(4 * most) + 8 * u) + 2 ** -126));
  }
  return { value, error };
}

interface Drawn {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly c: Tensor;
  readonly mask: Tensor | null;
  readonly added: (i: number, j: number) => number;
  readonly isCausal: boolean;
}

function drawn(seed: number): Drawn {
  const { integer, plain, random } = draws(seed);
  const pick = <T>(list: readonly T[]): T => list[integer(list.length)]!;
  const [l, s] = [pick([1, 2, 5, 7, 24, 31, 50, 98]), pick([1, 3, 4, 8, 17, 26, 49, 101, 400])];
  const [e, w] = [pick([1, 2, 4, 5, 8, 19]), pick([1, 3, 4, 8, 11])];
  // Rows or columns side by side, with gaps, or neither.
  const matrix = (rows: number, columns: number): Tensor => {
    const way = integer(4);
    if (way === 0) return plain([columns, rows]).transpose(0, 1);
    if (way === 1) return plain([rows, columns + 3]).narrow(1, 2, columns);
    if (way === 2)
      return plain([rows, 2 * columns])
        .reshape([rows, columns, 2])
        .select(2, 1);
    return plain([rows, columns]);
  };
  const [q, k, v, c] = [matrix(l, e), matrix(s, e), matrix(s, w), matrix(l, w)];
  const kind = pick(["none", "causal", "bool", "numbers", "row"] as const);
  const none = { q: q!, k: k!, v: v!, c: c!, mask: null, added: () => 0, isCausal: false };
  const nothing = Number.NEGATIVE_INFINITY;
  if (kind === "none") return none;
  if (kind === "causal") return { ...none, isCausal: true, added: (i, j) => (j > i ? nothing : 0) };
  if (kind === "numbers") {
    const mask = plain([l, s]);
    if (random() < 0.5) mask.storage.data.fill(nothing, 0, s);
    const numbers = rowsOf(mask);
    return { ...none, mask, added: (i, j) => numbers[i]![j]! };
  }
  const mask = lt(plain(kind === "row" ? [s] : [l, s], 0, 1), 0.6);
  const flags = rowsOf(expand(mask, [l, s])) as unknown[][];
  return { ...none, mask, added: (i, j) => (flags[i]![j] ? 0 : nothing) };
}

function expectWithin(found: Tensor, { value, error }: Bounded): void {
  const rows = rowsOf(found);
  for (const [i, row] of value.entries())
    for (const [j, wanted] of row.entries()) {
      const gap = Math.abs(rows[i]![j]! - wanted);
      if (!(gap <= bound(error[i]![j]!)))
        expect.fail(`[${i}, ${j}]: ${rows[i]![j]} is not ${wanted} within ${bound(error[i]![j]!)}`);
    }
}

function check({ q, k, v, c, mask, added, isCausal }: Drawn): void {
  const [s, e] = k.shape as [number, number];
  const [l, w] = c.shape as [number, number];
  const scale = 0.3;
  const [Q, K, V, C] = [q, k, v, c].map((x) => exact(rowsOf(x))) as [
    Bounded,
    Bounded,
    Bounded,
    Bounded,
  ];
  const scores = scaledBy(product(Q, turned(K, e), s), scale);
  const weights = softmaxOf(scores, added);
  const { output, weights: found } = attention(q, k, v, mask, { isCausal, scale });
  expectWithin(found, weights);
  expectWithin(output, product(weights, V, w));
  // The gradient of given weights: those that were found.
  const W = exact(rowsOf(found));
  const P = product(C, turned(V, w), s);
  const slopes: Bounded = { value: [], error: [] };
  for (let i = 0; i < l; i++) {
    const row = W.value[i]!;
    const mean = row.reduce((sum, x, j) => sum + x * P.value[i]![j]!, 0);
    const off = row.reduce((sum, x, j) => sum + x * P.error[i]![j]!, u * Math.abs(mean));
    slopes.value.push(row.map((x, j) => scale * x * (P.value[i]![j]! - mean)));
    slopes.error.push(
      row.map((x, j) => {
        const gap = Math.abs(P.value[i]![j]! - mean);
        return scale * x * (P.error[i]![j]! + off + 4 * u * (gap + P.error[i]![j]! + off));
      }),
    );
  }
  const gradients = attentionGradient(q, k, v, found, c, { isCausal, scale });
  expectWithin(gradients.query, product(slopes, K, e));
  expectWithin(gradients.key, product(turned(slopes, s), Q, e));
  expectWithin(gradients.value, product(turned(W, s), C, w));
}

let before: string;
beforeEach(() => {
  before = setBackend("wasm");
});
afterEach(() => {
  setBackend(before as "auto");
});

describe("attention is its formula within the roundings of float32", () => {
  test.each([1, 2, 3, 4, 5, 6])("calls of all kinds, part %i", (part) => {
    for (let i = 0; i < 25; i++) check(drawn(1000 * part + i));
  });
});

/** Heads that lie side by side in one tensor, as a layer has them. */
function heads(samples: number, length: number, count: number, width: number): Tensor[] {
  const { plain } = draws(length);
  return [0, 1, 2, 3].map((i) =>
    permute(
      plain([samples, length, 4 * count * width])
        .narrow(2, i * count * width, count * width)
        .reshape([samples, length, count, width]),
      [0, 2, 1, 3],
    ),
  );
}

const bitsOf = (x: Tensor): number[] =>
  Array.from(new Int32Array((x.toTypedArray() as Float32Array).slice().buffer));

test("heads in place, copied, and by two threads: the same bits", () => {
  const threads = backendInfo().threads;
  const compute = (given: readonly Tensor[], isCausal: boolean): number[][] => {
    const [q, k, v, c] = given as [Tensor, Tensor, Tensor, Tensor];
    const { output, weights } = attention(q, k, v, null, { isCausal });
    const { query, key, value } = attentionGradient(q, k, v, weights, c, { isCausal, scale: 0.5 });
    return [output, weights, query, key, value].map(bitsOf);
  };
  try {
    // Many heads; few, of several blocks, in memory that threads share.
    for (const [samples, length, count, width] of [
      [3, 20, 4, 8],
      [1, 200, 2, 48],
    ] as const) {
      const given = heads(samples, length, count, width);
      for (const isCausal of [false, true]) {
        setThreads(1);
        const alone = compute(given, isCausal);
        expect(
          compute(
            given.map((x) => tensor(x.toArray() as number[][])),
            isCausal,
          ),
        ).toEqual(alone);
        setThreads(2);
        expect(compute(given, isCausal)).toEqual(alone);
      }
    }
  } finally {
    setThreads(threads);
  }
});

test("keys and values that all heads share", () => {
  const { plain } = draws(5);
  const [q, k, v] = [plain([3, 7, 8]), plain([9, 8]), plain([1, 9, 4])];
  const run = (): unknown => {
    const { output, weights } = attention(q, k, v);
    return [output.shape, weights.shape, weights.sum(-1).mul(1e6).round().toArray()];
  };
  expect(run()).toEqual(onBackend("reference", run));
});

test("NaN and infinite numbers reach what they reach in plain loops", () => {
  const { integer, plain } = draws(9);
  const special = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0,
    -0,
    2 ** -149,
  ];
  for (let round = 0; round < 60; round++) {
    const [l, s] = [1 + integer(9), 1 + integer(12)];
    const given = [plain([l, 3]), plain([s, 3]), plain([s, 5])] as const;
    const mask = round % 3 === 0 ? null : round % 3 === 1 ? plain([l, s]) : lt(plain([l, s]), 0.5);
    const holders = mask?.dtype === "float32" ? [...given, mask] : given;
    for (let i = 0; i < 2; i++) {
      const { data } = holders[integer(holders.length)]!.storage;
      data[integer(data.length)] = special[integer(special.length)]!;
    }
    const kindsOf = (): unknown => {
      const { output, weights } = attention(...given, mask);
      return [output, weights].map((x) =>
        Array.from(x.toTypedArray(), (y) => (Number.isNaN(y) ? "NaN" : Number.isFinite(y) ? 0 : y)),
      );
    };
    expect(kindsOf()).toEqual(onBackend("reference", kindsOf));
  }
});

test("weights above the diagonal are not needed", () => {
  const { plain } = draws(3);
  const [q, k, v, c] = [plain([30, 4]), plain([33, 4]), plain([33, 4]), plain([30, 4])];
  const weights = tril(plain([30, 33], 0, 1));
  const run = (isCausal: boolean): Tensor[] =>
    Object.values(attentionGradient(q, k, v, weights, c, { isCausal, scale: 1 }));
  for (const name of ["wasm", "reference"] as const)
    onBackend(name, () => {
      const all = run(false);
      for (const [i, x] of run(true).entries())
        expect(x.sub(all[i]!).abs().max().item()).toBeLessThan(1e-4);
    });
});
