/** Embeddings and bags of them against their definitions. */

import type { Tensor } from "@chainrule/core";
import {
  embedding,
  embeddingBag,
  embeddingGradient,
  embeddingRows,
  grad,
  manualSeed,
  noGrad,
  randn,
  tensor,
  vmap,
} from "@chainrule/core";
import { assertGradcheck } from "@chainrule/testing";
import { expect, test } from "vitest";
import { built, gap, reader, total } from "./naive.ts";

const float64 = { dtype: "float64" } as const;

function indices(values: number[] | number[][]): Tensor {
  return tensor(values, { dtype: "int32" });
}

test("the gradient of a row is the sum over the places where it was looked up", () => {
  const table = tensor(
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    float64,
  );
  const index = indices([
    [2, 0],
    [2, 2],
  ]);
  const cotangent = tensor(
    [
      [
        [1, 10],
        [2, 20],
      ],
      [
        [3, 30],
        [4, 40],
      ],
    ],
    float64,
  );
  const gradient = (options?: Parameters<typeof embedding>[2]): unknown =>
    grad((w: Tensor) => embedding(index, w, options).mul(cotangent).sum())(table).toArray();
  expect(gradient()).toEqual([
    [2, 20],
    [0, 0],
    [8, 80],
  ]);
  expect(gradient({ paddingIdx: 2 })).toEqual([
    [2, 20],
    [0, 0],
    [0, 0],
  ]);
  expect(gradient({ paddingIdx: -3 })).toEqual([
    [0, 0],
    [0, 0],
    [8, 80],
  ]);
  expect(gradient({ scaleGradByFreq: true })).toEqual(
    [
      [2, 20],
      [0, 0],
      [8 / 3, 80 / 3],
    ].map((row) => row.map((v) => expect.closeTo(v, 12))),
  );
});

test("embeddingRows is the adjoint of embeddingGradient", () => {
  manualSeed(1);
  const index = indices([1, 3, 1, 0, 2, 1]);
  const [x, y] = [randn([6, 2], float64), randn([4, 2], float64)];
  for (const options of [
    {},
    { paddingIdx: 3 },
    { scaleGradByFreq: true },
    { paddingIdx: -1, scaleGradByFreq: true },
  ]) {
    const left = embeddingGradient(x, index, 4, options).mul(y).sum().item();
    const right = embeddingRows(index, y, options).mul(x).sum().item();
    expect(left).toBeCloseTo(right, 12);
  }
  const rows = embeddingRows(indices([1, 0, 1]), tensor([[6], [8]]), { scaleGradByFreq: true });
  expect(rows.toArray()).toEqual([[4], [6], [4]]);
});

test("maxNorm shortens rows in place, and only those looked up", () => {
  const table = tensor(
    [
      [3, 4],
      [0.3, 0.4],
      [30, 40],
    ],
    float64,
  );
  embedding([0, 1], table, { maxNorm: 1 });
  expect(table.at(0).norm().item()).toBeCloseTo(1, 6);
  expect(table.at("1:").toArray()).toEqual([
    [0.3, 0.4],
    [30, 40],
  ]);
  const leaf = tensor([[3, 4]], { ...float64, requiresGrad: true });
  embedding([0], leaf, { maxNorm: 7, normType: 1 }).sum().backward();
  expect(leaf.grad?.toArray()).toEqual([[1, 1]]);
  embedding([0], leaf, { maxNorm: 3.5, normType: 1 });
  expect(noGrad(() => leaf.sum()).item()).toBeCloseTo(3.5, 6);
});

test("bags are sums, means and maxima of their rows", () => {
  manualSeed(2);
  const table = randn([6, 3], float64);
  const at = reader(table);
  const flat = [4, 1, 1, 5, 0, 2, 4];
  const bags = [[4, 1], [], [1, 5, 0], [2, 4]];
  const offsets = [0, 2, 2, 5];
  const reduce = {
    sum: (values: number[]) => values.reduce((a, b) => a + b, 0),
    mean: (values: number[]) =>
      values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length,
    max: (values: number[]) => (values.length === 0 ? 0 : Math.max(...values)),
  };
  for (const mode of ["sum", "mean", "max"] as const) {
    for (const paddingIdx of [null, 1, -2]) {
      const skipped = paddingIdx === -2 ? 4 : paddingIdx;
      const expected = built([4, 3], (bag, k) =>
        reduce[mode](bags[bag!]!.filter((i) => i !== skipped).map((i) => at(i, k!))),
      );
      expect(gap(embeddingBag(flat, table, offsets, { mode, paddingIdx }), expected)).toBeLessThan(
        1e-14,
      );
      const withEnd = embeddingBag(flat, table, [...offsets, 7], {
        mode,
        paddingIdx,
        includeLastOffset: true,
      });
      expect(gap(withEnd, expected)).toBeLessThan(1e-14);
      assertGradcheck((w) => embeddingBag(flat, w, offsets, { mode }), [table], { order: 2 });
    }
  }
  const rows = [
    [0, 1],
    [2, 2],
  ];
  const means = built([2, 3], (bag, k) => (at(rows[bag!]![0]!, k!) + at(rows[bag!]![1]!, k!)) / 2);
  expect(gap(embeddingBag(rows, table), means)).toBeLessThan(1e-14);
});

test("weights of samples, with their gradient", () => {
  manualSeed(3);
  const [table, weights] = [randn([4, 2], float64), randn([2, 3], float64)];
  const index = [
    [0, 3, 1],
    [3, 3, 2],
  ];
  const expected = built([2, 2], (bag, k) =>
    total([3], (i) => reader(weights)(bag!, i!) * reader(table)(index[bag!]![i!]!, k!)),
  );
  const options = { mode: "sum", perSampleWeights: weights } as const;
  expect(gap(embeddingBag(index, table, options), expected)).toBeLessThan(1e-14);
  assertGradcheck(
    (w, v) => embeddingBag(index, w, { mode: "sum", perSampleWeights: v, paddingIdx: 1 }),
    [table, weights],
    { order: 2 },
  );
});

test("embeddings in vmap", () => {
  const tables = tensor(
    [
      [[1], [2]],
      [[3], [4]],
    ],
    float64,
  );
  const index = indices([
    [1, 1],
    [0, 1],
  ]);
  const found = vmap((i: Tensor, w: Tensor) => embedding(i, w, { paddingIdx: 0 }))(index, tables);
  expect(found.toArray()).toEqual([
    [[2], [2]],
    [[3], [4]],
  ]);
  const each = vmap(
    grad((w: Tensor, i: Tensor) => embedding(i, w).sum()),
    { inDims: [null, 0] },
  );
  expect(each(tables.at(0), index).toArray()).toEqual([
    [[0], [2]],
    [[1], [1]],
  ]);
});

test("errors", () => {
  const table = tensor([[1], [2]]);
  expect(() => embedding(tensor([0.5]), table)).toThrow(/must be int32/);
  expect(() => embeddingBag(tensor([[0.5]]), table)).toThrow(/must be int32/);
  expect(() => embeddingBag([0, 1], table)).toThrow(
    /indices must have two dimensions .* or one and offsets/,
  );
  expect(() => embeddingBag([[0, 1]], table, [0])).toThrow(/offsets have no place/);
  expect(() => embeddingBag([0, 1], table, [1])).toThrow(/offsets must begin with 0/);
  expect(() => embeddingBag([0, 1], table, [0, 2, 1])).toThrow(/never fall/);
  expect(() => embeddingBag([0, 1], table, [0, 1], { includeLastOffset: true })).toThrow(
    /last offset must be the number of indices, 2, not 1/,
  );
  expect(() => embeddingBag([0, 2], table, [0])).toThrow(/index 2 at \[1\] is out of range/);
  expect(() => embeddingBag([[0]], table, { mode: "min" as never })).toThrow(/mode must be/);
  expect(() => embeddingBag([[0]], table, { perSampleWeights: [[1]] })).toThrow(
    /perSampleWeights .* mode "sum", not "mean"/,
  );
  expect(() => embeddingBag([[0]], table, { paddingIdx: 2 })).toThrow(
    /paddingIdx 2 is out of range/,
  );
});
