import { describe, expect, test } from "vitest";
import { tensor, zeros } from "../creation.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import "../fluent.ts";
import { Generator } from "../random/generator.ts";
import { randint, randn } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { kthvalue, median, nanmedian } from "./median.ts";
import { nanquantile, quantile } from "./quantile.ts";
import { argsort, sort, topk } from "./sort.ts";
import { bincount, histc, unique } from "./unique.ts";

/** Places in the order of the numbers there, NaN last; equals stay as they are. */
function placesInOrder(values: readonly number[], descending = false): number[] {
  const places = values.map((_, i) => i);
  const rank = (x: number): number => (Number.isNaN(x) ? Number.POSITIVE_INFINITY : x);
  return places.sort((i, j) => {
    const [a, b] = descending ? [values[j]!, values[i]!] : [values[i]!, values[j]!];
    if (Number.isNaN(a) !== Number.isNaN(b)) return Number.isNaN(a) ? 1 : -1;
    return Math.sign(rank(a) - rank(b)) || i - j;
  });
}

/** Numbers with many equals and some NaN. */
function withTiesAndNaN(length: number, generator: Generator): number[] {
  return Array.from({ length }, () =>
    generator.chance(0.1) ? Number.NaN : generator.integer(Math.ceil(length / 3)),
  );
}

function listOf(x: Tensor): number[] {
  return Array.from(x.toTypedArray());
}

describe("sorting agrees with a plain sort", () => {
  const generator = new Generator(1);
  const lengths = [0, 1, 2, 3, 11, 12, 13, 24, 25, 47, 48, 49, 100, 1000];

  test.each(lengths)("sort, argsort and topk of %i elements", (length) => {
    for (const descending of [false, true]) {
      const values = withTiesAndNaN(length, generator);
      const expected = placesInOrder(values, descending);
      const x = tensor(values, { dtype: "float64" });
      const { values: sorted, indices } = sort(x, { descending });
      expect(listOf(indices)).toEqual(expected);
      expect(listOf(sorted)).toEqual(expected.map((i) => values[i]!));
      expect(listOf(argsort(x, { descending }))).toEqual(expected);
      for (const k of [0, 1, 5, length >> 1, length]) {
        if (k > length) continue;
        expect(listOf(topk(x, k, { largest: descending }).indices)).toEqual(expected.slice(0, k));
      }
    }
  });

  test.each(lengths.slice(1))("median, nanmedian and kthvalue of %i elements", (length) => {
    const values = withTiesAndNaN(length, generator);
    const order = placesInOrder(values);
    const numbers = values.filter((value) => !Number.isNaN(value)).length;
    const x = tensor(values, { dtype: "float64" });
    const chosen = numbers < length ? order[numbers]! : order[(length - 1) >> 1]!;
    expect(median(x).item()).toBe(values[chosen]);
    expect(median(x, 0).indices.item()).toBe(chosen);
    const ofNumbers = order[Math.max((numbers - 1) >> 1, 0)]!;
    expect(nanmedian(x).item()).toBe(values[ofNumbers]);
    expect(nanmedian(x, 0).indices.item()).toBe(ofNumbers);
    const k = 1 + generator.integer(length);
    expect(kthvalue(x, k).indices.item()).toBe(order[k - 1]);
  });
});

test("whole numbers and masks are sorted in their own type", () => {
  const x = tensor([3, -1, 2], { dtype: "int32" });
  expect(x.sort().values.dtype).toBe("int32");
  expect(tensor([true, false, true]).sort().values.toArray()).toEqual([false, true, true]);
  expect(x.median().item()).toBe(2);
});

test("the median of nothing: NaN over all, an error along a dimension", () => {
  expect(median(zeros([0])).item()).toBeNaN();
  expect(() => median(zeros([0]), 0)).toThrow(ShapeError);
  expect(() => median(zeros([0], { dtype: "int32" }))).toThrow(ShapeError);
});

describe("quantile", () => {
  const x = tensor([4, 1, 3, 2, 7], { dtype: "float64" });

  test("interpolates as asked", () => {
    // Rank 0.3·4 = 1.2 lies between 2 and 3.
    const at = (interpolation: "linear" | "lower" | "higher" | "nearest" | "midpoint"): number =>
      quantile(x, 0.3, { interpolation }).item();
    expect(at("linear")).toBeCloseTo(2.2, 14);
    expect(at("lower")).toBe(2);
    expect(at("higher")).toBe(3);
    expect(at("nearest")).toBe(2);
    expect(at("midpoint")).toBe(2.5);
    // Halves go to the even rank: 0.375·4 = 1.5 to 2.
    expect(quantile(x, 0.375, { interpolation: "nearest" }).item()).toBe(3);
  });

  test("has the quantiles in front, and the shape of the rest", () => {
    const y = randn([2, 5, 3]);
    expect(quantile(y, 0.5, 1).shape).toEqual([2, 3]);
    expect(quantile(y, 0.5, 1, { keepdim: true }).shape).toEqual([2, 1, 3]);
    expect(quantile(y, [0.1, 0.5, 0.9, 1], -1).shape).toEqual([4, 2, 5]);
    expect(quantile(y, tensor([0.5]), 1, { keepdim: true }).shape).toEqual([1, 2, 1, 3]);
    expect(quantile(y, tensor(0.5)).shape).toEqual([]);
    expect(quantile(y, 0, { keepdim: true }).shape).toEqual([1, 1, 1]);
    expect(quantile(tensor(3), [0, 1], 0).toArray()).toEqual([3, 3]);
    expect(listOf(quantile(y, 0.5, 1))).toEqual(listOf(y.median(1).values));
  });

  test("NaN wins, or is passed over", () => {
    const y = tensor([
      [4, Number.NaN, 3],
      [1, 2, 5],
    ]);
    expect(quantile(y, 0.5, 1).toArray()).toEqual([Number.NaN, 2]);
    expect(nanquantile(y, 0.5, 1).toArray()).toEqual([3.5, 2]);
    expect(nanquantile(tensor([Number.NaN]), 0.5).item()).toBeNaN();
  });

  test("infinities stay what they are", () => {
    const y = tensor([-Infinity, -Infinity, 0, Infinity]);
    expect(quantile(y, [0, 1 / 3, 2 / 3, 1]).toArray()).toEqual([
      -Infinity,
      -Infinity,
      0,
      Infinity,
    ]);
  });

  test("the gradient goes to the neighbours by their weights", () => {
    const y = tensor([4, 1, 3, 2, 7], { dtype: "float64", requiresGrad: true });
    quantile(y, [0.3, 1]).sum().backward();
    const expected = [0, 0, 0.2, 0.8, 1].map((g) => expect.closeTo(g, 12));
    expect(y.grad!.toArray()).toEqual(expected);
  });

  test("bad calls are refused", () => {
    expect(() => quantile(x, 1.5)).toThrow(/lies from 0 to 1, not at 1.5/);
    expect(() => quantile(x, [0.5, Number.NaN])).toThrow(ArgumentError);
    expect(() => quantile(x, 0.5, { interpolation: "cubic" as never })).toThrow(
      /unknown interpolation "cubic". Known: linear, lower/,
    );
    expect(() => quantile(zeros([0]), 0.5)).toThrow(ShapeError);
    expect(() => quantile(tensor([1], { dtype: "int32" }), 0.5)).toThrow(DTypeError);
    expect(() => quantile(x, 0.5, 1)).toThrow(/dim 1 is out of range/);
  });
});

describe("unique", () => {
  test("puts everything back together", () => {
    const x = randint(0, 9, [6, 7], { generator: new Generator(2) });
    const { values, inverse, counts } = unique(x, { returnInverse: true });
    expect(values.toArray()).toEqual([...new Set(listOf(x))].sort((a, b) => a - b));
    expect(values.indexSelect(0, inverse.flatten()).reshape([6, 7]).toArray()).toEqual(x.toArray());
    expect(counts.sum().item()).toBe(42);
    expect(counts.toArray()).toEqual(listOf(bincount(x.flatten())).filter((n) => n > 0));
  });

  test("NaN are all different, and empty is empty", () => {
    expect(unique(tensor([Number.NaN, 1, Number.NaN])).toArray()).toEqual([
      1,
      Number.NaN,
      Number.NaN,
    ]);
    expect(unique(zeros([0, 3])).shape).toEqual([0]);
    expect(() => unique(zeros([2]), { dims: 0 } as never)).toThrow(/unknown option "dims"/);
  });
});

describe("bincount and histc", () => {
  test("count, weigh and pad", () => {
    const x = tensor([1, 3, 1], { dtype: "int32" });
    expect(bincount(x).toArray()).toEqual([0, 2, 0, 1]);
    const weights = tensor([0.5, 1, 0.25], { dtype: "float64" });
    expect(bincount(x, weights, { minlength: 5 }).toArray()).toEqual([0, 0.75, 0, 1, 0]);
    expect(bincount(tensor([], { dtype: "int32" })).shape).toEqual([0]);
  });

  test("histograms include both ends and nothing beyond", () => {
    const x = tensor([0, 1, 2, 3, 4, -1, Number.NaN]);
    expect(histc(x, { bins: 2, min: 0, max: 4 }).toArray()).toEqual([2, 3]);
    expect(histc(tensor([1, 2, 3]), { bins: 3 }).toArray()).toEqual([1, 1, 1]);
    expect(
      histc(tensor([5, 5]), { bins: 2 })
        .sum()
        .item(),
    ).toBe(2);
    expect(histc(zeros([0]), { bins: 2 }).toArray()).toEqual([0, 0]);
  });

  test("bad calls are refused", () => {
    expect(() => bincount(tensor([-1], { dtype: "int32" }))).toThrow(/-1 is negative/);
    expect(() => bincount(tensor([0.5]))).toThrow(DTypeError);
    expect(() => bincount(zeros([2, 2], { dtype: "int32" }))).toThrow(ShapeError);
    expect(() => bincount(zeros([2], { dtype: "int32" }), zeros([3]))).toThrow(ShapeError);
    expect(() => histc(zeros([2]), { bins: 0 })).toThrow(ArgumentError);
    expect(() => histc(zeros([2]), { min: 1, max: 0 })).toThrow(/no bins from 1 to 0/);
    expect(() => histc(tensor([Infinity]))).toThrow(ArgumentError);
  });
});
