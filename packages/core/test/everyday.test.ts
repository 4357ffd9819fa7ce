/**
 * Functions that are compositions of ops: values as PyTorch has them, gradients by differences, and what they refuse.
 */
import {
  ArgumentError,
  aminmax,
  argwhere,
  blockDiag,
  cartesianProd,
  corrcoef,
  cov,
  cumulativeTrapezoid,
  diagflat,
  diff,
  dsplit,
  equal,
  expandAs,
  fliplr,
  flipud,
  hsplit,
  IndexError,
  isin,
  logspace,
  manualSeed,
  mode,
  moveaxis,
  randn,
  ravel,
  renorm,
  ShapeError,
  tensor,
  tensorSplit,
  trapezoid,
  unique,
  uniqueConsecutive,
  vander,
  vsplit,
  zeros,
} from "@chainrule/core";
import { assertGradcheck } from "@chainrule/testing";
import { describe, expect, test } from "vitest";

const x = tensor(
  [
    [3, 1, 4],
    [1, 5, 9],
  ],
  { dtype: "float64" },
);

describe("values", () => {
  test("differences and areas", () => {
    expect(diff(x).toArray()).toEqual([
      [-2, 3],
      [4, 4],
    ]);
    expect(diff(x, { dim: 0, prepend: zeros([1, 3]), append: x }).shape).toEqual([4, 3]);
    expect(diff(x, { n: 5 }).shape).toEqual([2, 0]);
    expect(diff(x, { n: 0 })).toBe(x);
    expect(diff(tensor([true, false, false])).toArray()).toEqual([true, false]);
    expect(trapezoid(x).toArray()).toEqual([4.5, 10]);
    expect(trapezoid(x, { dx: 2, dim: 0 }).toArray()).toEqual([4, 6, 13]);
    expect(trapezoid(x, [0, 1, 3]).toArray()).toEqual([7, 17]);
    expect(trapezoid(x, x.mul(2), { dim: 0 }).toArray()).toEqual([-8, 24, 65]);
  });

  test("the most frequent value, the smallest of several, where it was last", () => {
    const { values, indices } = mode(
      tensor([
        [2, 1, 2, 1],
        [5, 5, 4, 0],
      ]),
    );
    expect(values.toArray()).toEqual([1, 5]);
    expect(indices.toArray()).toEqual([3, 1]);
    expect(mode(x, 0, { keepdim: true }).values.toArray()).toEqual([[1, 1, 4]]);
    expect(mode(tensor(7)).values.item()).toBe(7);
  });

  test("covariances and correlations", () => {
    const c = cov(x, { fweights: [1, 2, 1], aweights: [0.5, 1, 2] }).toArray() as number[][];
    // Σ w = 4.5, means 11.5/4.5 and 28.5/4.5, d = 4.5 − 6.25/4.5.
    expect(c[0]![0]).toBeCloseTo((4.5 + 2 + 32 - 11.5 ** 2 / 4.5) / (4.5 - 6.25 / 4.5), 12);
    expect(c[0]![1]).toBeCloseTo((1.5 + 10 + 72 - (11.5 * 28.5) / 4.5) / (4.5 - 6.25 / 4.5), 12);
    expect(cov(tensor([1, 2, 4], { dtype: "float64" })).item()).toBeCloseTo(7 / 3, 14);
    const r = corrcoef(x).toArray() as number[][];
    expect(r[0]![0]).toBe(1);
    expect(r[0]![1]).toBeCloseTo(4 / Math.sqrt((14 / 3) * 32), 14);
    expect(corrcoef(tensor([1, 2])).item()).toBe(1);
  });

  test("different values, slices and runs", () => {
    const rows = tensor([
      [1, 2],
      [0, 5],
      [1, 2],
    ]);
    const { values, inverse, counts } = unique(rows, {
      dim: 0,
      returnInverse: true,
      returnCounts: true,
    });
    expect(values.toArray()).toEqual([
      [0, 5],
      [1, 2],
    ]);
    expect(inverse.toArray()).toEqual([1, 0, 1]);
    expect(counts.toArray()).toEqual([1, 2]);
    expect(unique(rows, { dim: 1 }).shape).toEqual([3, 2]);
    const runs = uniqueConsecutive(
      tensor([
        [1, 1],
        [1, 3],
      ]),
      {
        returnInverse: true,
        returnCounts: true,
      },
    );
    expect(runs.values.toArray()).toEqual([1, 3]);
    expect(runs.inverse.toArray()).toEqual([
      [0, 0],
      [0, 1],
    ]);
    expect(runs.counts.toArray()).toEqual([3, 1]);
    expect(uniqueConsecutive(rows, { dim: 0 }).shape).toEqual([3, 2]);
  });

  test("other names and small things", () => {
    expect(fliplr(x).toArray()).toEqual(x.flip(1).toArray());
    expect(flipud(x).toArray()).toEqual(x.flip(0).toArray());
    expect(moveaxis(zeros([2, 3, 4]), 0, 1).shape).toEqual([3, 2, 4]);
    expect(ravel(x).shape).toEqual([6]);
    expect(expandAs(tensor([1, 2, 3]), x).shape).toEqual([2, 3]);
    expect(
      argwhere(
        tensor([
          [0, 2],
          [3, 0],
        ]),
      ).toArray(),
    ).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect([
      equal(x, x.clone()),
      equal(x, x.add(1)),
      equal(tensor(Number.NaN), Number.NaN),
    ]).toEqual([true, false, false]);
    expect(isin(x, [1, 9], { invert: true }).toArray()).toEqual([
      [true, false, true],
      [false, true, false],
    ]);
    expect(aminmax(x, 1).min.toArray()).toEqual([1, 1]);
    expect(aminmax(x).max.item()).toBe(9);
    expect(diagflat(tensor([1, 2]), { offset: -1 }).shape).toEqual([3, 3]);
    expect(vander(tensor([2, 3])).toArray()).toEqual([
      [2, 1],
      [3, 1],
    ]);
    expect(cartesianProd([tensor([1, 2])]).toArray()).toEqual([1, 2]);
    expect(logspace(0, 3, 4, { base: 2, dtype: "float64" }).toArray()).toEqual([1, 2, 4, 8]);
    expect(tensorSplit(ravel(x), [1, 4]).map((part) => part.numel())).toEqual([1, 3, 2]);
    expect(tensorSplit(ravel(x), 4).map((part) => part.numel())).toEqual([2, 2, 1, 1]);
  });
});

test("gradients", () => {
  manualSeed(1);
  const y = randn([3, 5], { dtype: "float64" });
  assertGradcheck((a) => diff(a, { n: 2, append: a.mul(2) }), [y], { order: 2 });
  assertGradcheck((a) => trapezoid(a, a.square()), [y], { order: 2 });
  assertGradcheck((a) => cumulativeTrapezoid(a, a.square()), [y], { order: 2 });
  assertGradcheck((a) => renorm(a, 3, 1, 1), [y], { order: 2 });
  assertGradcheck((a) => blockDiag([a, a.t().square()]), [y], { order: 2 });
  assertGradcheck((a) => cov(a, { aweights: [1, 2, 3, 1, 1] }), [y], { order: 2 });
  assertGradcheck((a) => corrcoef(a).tril({ diagonal: -1 }), [y], { order: 2 });
  assertGradcheck((a) => mode(a, 0).values, [y], { order: 2 });
  assertGradcheck((a) => vander(a.select(0, 0)), [y], { order: 2 });
});

test("what they refuse", () => {
  expect(() => diff(tensor(1))).toThrow(/diff: a 0-d tensor has no neighbours/);
  expect(() => diff(x, { n: -1 })).toThrow(ArgumentError);
  expect(() => diff(x, { dim: 2 })).toThrow(IndexError);
  expect(() => trapezoid(tensor(1))).toThrow(ShapeError);
  expect(() => trapezoid(x, [1, 2])).toThrow(/places of shape \[2\] do not go with samples/);
  expect(() => trapezoid(x, [1, 2, 3], { dx: 1 })).toThrow(/not both/);
  expect(() => cumulativeTrapezoid(x, [1, 2])).toThrow(/cumulativeTrapezoid: places of shape/);
  expect(() => hsplit(x, 2)).toThrow(/3 along dimension 1 cannot be cut into 2 parts/);
  expect(() => vsplit(ravel(x), 2)).toThrow(/vsplit: expected 2 dimensions or more/);
  expect(() => dsplit(x, [1])).toThrow(ShapeError);
  expect(() => blockDiag([x, zeros([1, 2, 3])])).toThrow(/number 1 has the shape \[1, 2, 3\]/);
  expect(() => renorm(ravel(x), 2, 0, 1)).toThrow(/expected two dimensions or more/);
  expect(() => renorm(x, 0, 0, 1)).toThrow(/p must be above 0/);
  expect(() => mode(zeros([2, 0]))).toThrow(ShapeError);
  expect(() => mode(x, 3)).toThrow(IndexError);
  expect(() => cov(zeros([2, 2, 2]))).toThrow(/a row for each variable/);
  expect(() => cov(x, { aweights: [1] })).toThrow(/do not go with 3 observations/);
  expect(() => corrcoef(zeros([2, 2, 2]))).toThrow(ShapeError);
  expect(() => unique(x, { dim: 5 })).toThrow(IndexError);
  expect(() => uniqueConsecutive(x, { dims: 1 } as never)).toThrow(/unknown option "dims"/);
  expect(() => vander(x)).toThrow(/expected one dimension/);
  expect(() => cartesianProd([])).toThrow(/one or more/);
  expect(() => cartesianProd([x])).toThrow(ShapeError);
  expect(() => tensorSplit(x, 0)).toThrow(ArgumentError);
  expect(() => fliplr(tensor([1]))).toThrow(IndexError);
  expect(() => flipud(tensor(1))).toThrow(ShapeError);
  expect(() => logspace(0, 1, -1)).toThrow(ArgumentError);
  expect(() => isin(x, [1], { inverted: true } as never)).toThrow(/unknown option "inverted"/);
});
