/** Distances, similarities and the rarer pools against their definitions. */

import type { Tensor } from "@chainrule/core";
import {
  adaptiveMaxPool1dWithIndices,
  adaptiveMaxPool2d,
  cdist,
  cosineSimilarity,
  distances,
  grad,
  lpPool1d,
  lpPool2d,
  manualSeed,
  maxPool1dWithIndices,
  maxPool2dWithIndices,
  maxUnpool1d,
  maxUnpool2d,
  normalize,
  ones,
  pairwiseDistance,
  pdist,
  randn,
  resample,
  tensor,
  unitVectors,
  weightedDifferences,
  zeros,
} from "@chainrule/core";
import { assertGradcheck } from "@chainrule/testing";
import { expect, test } from "vitest";
import { built, gap, reader, total } from "./naive.ts";

const float64 = { dtype: "float64" } as const;

function norm(values: number[], p: number): number {
  if (p === Number.POSITIVE_INFINITY) return Math.max(...values.map(Math.abs));
  if (p === 0) return values.filter((v) => v !== 0).length;
  return values.reduce((sum, v) => sum + Math.abs(v) ** p, 0) ** (1 / p);
}

test("distances of all pairs", () => {
  manualSeed(1);
  const [a, b] = [randn([2, 1, 4, 3], float64), randn([5, 2, 3], float64)];
  for (const p of [0, 0.5, 1, 1.5, 2, 3, Number.POSITIVE_INFINITY]) {
    const expected = built([2, 5, 4, 2], (m, n, i, j) =>
      norm(
        [0, 1, 2].map((k) => reader(a)(m!, 0, i!, k) - reader(b)(n!, j!, k)),
        p,
      ),
    );
    expect(gap(cdist(a, b, p), expected)).toBeLessThan(1e-12);
  }
  const set = randn([4, 3], float64);
  const all = cdist(set, set, 3);
  const pairs = [
    [0, 1],
    [0, 2],
    [0, 3],
    [1, 2],
    [1, 3],
    [2, 3],
  ].map(([i, j]) => all.at(i!, j!).item());
  expect(pdist(set, 3).toArray()).toEqual(pairs);
  expect(pdist(ones([1, 3])).shape).toEqual([0]);
  expect(cdist(zeros([2, 0]), zeros([3, 0])).toArray()).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
  expect(cdist(zeros([0, 2]), zeros([3, 2])).shape).toEqual([0, 3]);
});

test("the gradient of equal vectors is 0, in every order", () => {
  manualSeed(2);
  const x = randn([3, 2], float64);
  for (const p of [0.5, 1, 2, 3]) {
    const gradient = grad((a: Tensor) => cdist(a, x, p).sum())(x.add(0));
    expect(Array.from(gradient.toTypedArray()).every(Number.isFinite)).toBe(true);
    const second = grad((a: Tensor) =>
      grad((c: Tensor) => cdist(c, x, p).sum())(a)
        .square()
        .sum(),
    )(x.add(0));
    expect(Array.from(second.toTypedArray()).every(Number.isFinite)).toBe(true);
  }
  assertGradcheck((a) => pdist(a), [x], { order: 2 });
  expect(distances(zeros([1, 1, 2]), zeros([1, 1, 2]), 2).item()).toBe(0);
});

test("sums of differences far from the origin keep their digits", () => {
  const far = tensor([[[1e9 + 1]]], float64);
  const others = tensor([[[1e9], [1e9 + 3]]], float64);
  expect(weightedDifferences(tensor([[[0.5, 0.25]]], float64), far, others).item()).toBe(0);
});

test("cosines, pairs and unit vectors", () => {
  manualSeed(3);
  const [a, b] = [randn([2, 4, 3], float64), randn([4, 1], float64)];
  const cosine = built([2, 3], (n, k) => {
    const [x, y] = [0, 1, 2, 3]
      .map((i) => [reader(a)(n!, i, k!), reader(b)(i, 0)])
      .reduce<[number[], number[]]>(
        ([l, r], [u, v]) => [
          [...l, u!],
          [...r, v!],
        ],
        [[], []],
      );
    return x.reduce((sum, v, i) => sum + v * y[i]!, 0) / (norm(x, 2) * norm(y, 2));
  });
  expect(gap(cosineSimilarity(a, b), cosine)).toBeLessThan(1e-14);
  const shifted = built([2, 4], (n, i) =>
    norm(
      [0, 1, 2].map((k) => reader(a)(n!, i!, k) - reader(b)(i!, 0) + 0.1),
      3,
    ),
  );
  expect(gap(pairwiseDistance(a, b, 3, { eps: 0.1 }), shifted)).toBeLessThan(1e-14);
  expect(pairwiseDistance(a, b, 2, { keepdim: true }).shape).toEqual([2, 4, 1]);
  expect(gap(normalize(a, 2, [1, 2]), unitVectors(a, [-2, -1], 1e-12))).toBe(0);
  expect(gap(normalize(a, 3, -1), a.div(a.norm(3, -1, { keepdim: true })))).toBe(0);
  expect(normalize(tensor([[3e300, 4e300]], float64)).toArray()).toEqual([[0.6, 0.8]]);
  expect(() => cosineSimilarity(a, ones([5, 3]))).toThrow(/do not broadcast/);
  expect(() => pairwiseDistance(a, b, 2, { keepDim: true } as never)).toThrow(
    /unknown option "keepDim"/,
  );
  expect(() => cdist(a, ones([2, 2]))).toThrow(/two sets of vectors of one length/);
  expect(() => pdist(a)).toThrow(/needs a matrix of vectors/);
});

test("what was pooled goes back to its place", () => {
  const x = tensor(
    [
      [
        [1, 9, 2, 3],
        [8, 4, 5, 6],
        [0, 7, 1, 1],
      ],
    ],
    float64,
  );
  const { values, indices } = maxPool2dWithIndices(x, [1, 2], { stride: [2, 2] });
  const back = maxUnpool2d(values, indices, [1, 2], { stride: [2, 2] });
  expect(back.toArray()).toEqual([
    [
      [0, 9, 0, 3],
      [0, 0, 0, 0],
      [0, 7, 1, 0],
    ],
  ]);
  const wider = maxUnpool2d(values, indices.add(indices.ge(4).to("int32").mul(2)), [1, 2], {
    stride: [2, 2],
    outputSize: [4, 5],
  });
  expect(wider.shape).toEqual([1, 4, 5]);
  // Windows that overlap may find the same maximum: it is put once.
  const overlapping = maxPool1dWithIndices(tensor([[1, 5, 2]]), 2, { stride: 1 });
  expect(maxUnpool1d(overlapping.values, overlapping.indices, 2, { stride: 1 }).toArray()).toEqual([
    [0, 5, 0],
  ]);
  expect(() => maxUnpool1d(ones([1, 2]), tensor([[0, 9]], { dtype: "int32" }), 2)).toThrow(
    /index 9 lies outside of the 4 places/,
  );
  expect(() =>
    maxUnpool1d(ones([1, 2]), tensor([[0, 1]], { dtype: "int32" }), 2, { outputSize: [6] }),
  ).toThrow(/is not within one stride/);
  expect(() => maxUnpool1d(ones([1, 2]), tensor([[0]], { dtype: "int32" }), 2)).toThrow(
    /need the same shape/,
  );
});

test("pools by powers, and adaptive maxima with their places", () => {
  manualSeed(4);
  const x = randn([1, 5, 4], float64).abs();
  const expected = built(
    [1, 2, 2],
    (n, i, j) => total([2, 2], (p, q) => reader(x)(n!, 2 * i! + p!, 2 * j! + q!) ** 3) ** (1 / 3),
  );
  expect(gap(lpPool2d(x, 3, 2), expected)).toBeLessThan(1e-14);
  assertGradcheck((a) => lpPool1d(a, 2, 2, { stride: 1 }), [x], { order: 2 });
  expect(() => lpPool1d(x, 0, 2)).toThrow(/p must be a finite number other than 0/);
  const { values, indices } = adaptiveMaxPool1dWithIndices(tensor([[1, 5, 3, 2, 4]]), 2);
  expect([values.toArray(), indices.toArray()]).toEqual([[[5, 4]], [[1, 4]]]);
  expect(adaptiveMaxPool2d(x, [null, 1]).shape).toEqual([1, 5, 1]);
  expect(() => adaptiveMaxPool2d(x, [1, 2, 3])).toThrow(/output size must be/);
});

test("resample is a product with its matrix", () => {
  manualSeed(5);
  const x = randn([2, 3, 4], float64);
  const map = {
    inputLength: 3,
    starts: [0, 2, 2, 5],
    places: [2, 0, 1, 1, 2],
    weights: [0.5, -1, 2, 3, 1],
  };
  const matrix = tensor(
    [
      [-1, 0, 0.5],
      [0, 0, 0],
      [0, 5, 1],
    ],
    float64,
  );
  expect(gap(resample(x, 1, map), matrix.matmul(x))).toBeLessThan(1e-14);
});
