/** Sorting and selecting against the order that JavaScript's own stable sort gives. */
import { kthvalue, median, nanmedian, sort, tensor, topk } from "@chainrule/core";
import fc from "fast-check";
import { expect, test } from "vitest";

const dtypes = ["float32", "float64", "int32"] as const;
type Kind = (typeof dtypes)[number];

/** Numbers with equals, zeros of both signs, infinities, NaN, and neighbours that differ in their last digit. */
function draw(length: number, dtype: Kind, spread: number, seed: number): number[] {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  random();
  const specials = [
    0,
    -0,
    Infinity,
    -Infinity,
    Number.NaN,
    2 ** -149,
    -(2 ** -149),
    2 ** 127,
    -(2 ** 127),
  ];
  const hasSpecials = random() < 0.5;
  return Array.from({ length }, () => {
    if (dtype === "int32") return Math.round((random() - 0.5) * spread) | 0;
    if (hasSpecials && random() < 0.2) return specials[Math.floor(random() * specials.length)]!;
    const x = Math.round((random() - 0.5) * spread) * 1.1;
    return dtype === "float32" ? Math.fround(x) : x;
  });
}

/** Places in rising or falling order, stable, with NaN as the largest. */
function orderOf(numbers: readonly number[], descending: boolean): number[] {
  const compare = (a: number, b: number): number => {
    if (Number.isNaN(a) || Number.isNaN(b))
      return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return a === b ? 0 : a < b ? -1 : 1;
  };
  return numbers
    .map((_, i) => i)
    .sort((i, j) => compare(numbers[i]!, numbers[j]!) * (descending ? -1 : 1));
}

function same(given: ArrayLike<number>, wanted: readonly number[]): boolean {
  return given.length === wanted.length && wanted.every((x, i) => Object.is(x, given[i]));
}

function check(length: number, dtype: Kind, spread: number, seed: number): void {
  const numbers = draw(length, dtype, spread, seed);
  const x = tensor(numbers, { dtype });
  const rank = Math.abs(seed) % length;
  for (const descending of [false, true]) {
    const order = orderOf(numbers, descending);
    const sorted = sort(x, 0, { descending });
    expect(same(sorted.indices.toTypedArray(), order)).toBe(true);
    expect(
      same(
        sorted.values.toTypedArray(),
        order.map((i) => numbers[i]!),
      ),
    ).toBe(true);
    const most = topk(x, rank + 1, 0, { largest: descending });
    expect(same(most.indices.toTypedArray(), order.slice(0, rank + 1))).toBe(true);
  }
  const order = orderOf(numbers, false);
  const chosen = kthvalue(x, rank + 1);
  expect(chosen.indices.item()).toBe(order[rank]);
  expect(Object.is(chosen.values.item(), numbers[order[rank]!])).toBe(true);
  const count = numbers.filter((value) => !Number.isNaN(value)).length;
  const middle = count < length ? count : (length - 1) >> 1;
  expect(median(x, 0).indices.item()).toBe(order[middle]);
  expect(nanmedian(x, 0).indices.item()).toBe(order[Math.max((count - 1) >> 1, 0)]);
}

const spreads = fc.constantFrom(1, 6, 300, 1e9);

test("lanes of up to some hundred numbers, as they are sorted by insertion and by digits", () => {
  const lengths = fc.integer({ min: 1, max: 400 });
  fc.assert(fc.property(lengths, fc.constantFrom(...dtypes), spreads, fc.integer(), check), {
    numRuns: 300,
  });
});

test("long lanes", () => {
  const lengths = fc.integer({ min: 4000, max: 9000 });
  fc.assert(fc.property(lengths, fc.constantFrom(...dtypes), spreads, fc.integer(), check), {
    numRuns: 12,
  });
});

test("lanes along any dimension of a view", () => {
  const numbers = draw(60 * 50, "float32", 40, 5);
  const x = tensor(numbers).reshape([60, 50]);
  for (const [view, at] of [
    [x.transpose(0, 1), (row: number, i: number) => numbers[i * 50 + row]!],
    [x.at({ start: 10 }), (row: number, i: number) => numbers[(row + 10) * 50 + i]!],
  ] as const) {
    const { indices } = view.sort(1);
    for (let row = 0; row < view.shape[0]!; row++) {
      const lane = Array.from({ length: view.shape[1]! }, (_, i) => at(row, i));
      expect(same(indices.at(row).toTypedArray(), orderOf(lane, false))).toBe(true);
    }
  }
});
