import { describe, expect, it } from "vitest";
import { ArgumentError, IndexError, ShapeError } from "./errors.ts";
import {
  broadcastAll,
  broadcastShapes,
  broadcastStrides,
  checkShape,
  contiguousStrides,
  elementCount,
  formatShape,
  isRowMajor,
  normalizeDim,
  normalizeDims,
  reducedShape,
  sameShape,
  stridesInOrderOf,
} from "./shape.ts";

describe("elements and strides", () => {
  it("the number of elements is the product of the lengths, 1 for a single number", () => {
    expect(elementCount([])).toBe(1);
    expect(elementCount([2, 3, 4])).toBe(24);
    expect(elementCount([2, 0, 4])).toBe(0);
  });

  it("an order of rows is kept without gaps, any other is row-major", () => {
    expect(stridesInOrderOf([2, 3, 5, 4], [120, 4, 24, 1])).toEqual([60, 4, 12, 1]);
    expect(stridesInOrderOf([2, 3, 5, 4], [60, 4, 12, 1])).toEqual([60, 4, 12, 1]);
    expect(stridesInOrderOf([3, 2], [2, 1])).toEqual([2, 1]);
    // Columns side by side, rows that repeat, other ranks, and no dimension.
    expect(stridesInOrderOf([3, 2], [1, 3])).toEqual([2, 1]);
    expect(stridesInOrderOf([4, 3, 2], [0, 2, 1])).toEqual([6, 2, 1]);
    expect(stridesInOrderOf([4, 3, 2], [2, 1])).toEqual([6, 2, 1]);
    expect(stridesInOrderOf([], [])).toEqual([]);
    // Rows of one number, whose step a dimension of length 1 may share.
    expect(stridesInOrderOf([4, 1, 1], [1, 1, 1])).toEqual([1, 1, 1]);
  });

  it("the last dimension is contiguous", () => {
    expect(contiguousStrides([])).toEqual([]);
    expect(contiguousStrides([2, 3, 4])).toEqual([12, 4, 1]);
    expect(contiguousStrides([5, 1, 2])).toEqual([2, 2, 1]);
  });

  it("is row-major whatever the strides of dimensions of length 1 and of empty tensors", () => {
    expect(isRowMajor([2, 3], [3, 1])).toBe(true);
    expect(isRowMajor([2, 3], [1, 2])).toBe(false);
    expect(isRowMajor([2, 1, 3], [3, 99, 1])).toBe(true);
    expect(isRowMajor([0, 3], [7, 7])).toBe(true);
    expect(isRowMajor([3], [-1])).toBe(false);
    expect(isRowMajor([2, 3], [4, 1])).toBe(false);
    expect(isRowMajor([], [])).toBe(true);
  });

  it("shapes are compared length by length", () => {
    expect(sameShape([2, 3], [2, 3])).toBe(true);
    expect(sameShape([2, 3], [3, 2])).toBe(false);
    expect(sameShape([2], [2, 1])).toBe(false);
    expect(formatShape([2, 3])).toBe("[2, 3]");
    expect(formatShape([])).toBe("[]");
  });
});

describe("checkShape", () => {
  it("returns a copy", () => {
    const given = [2, 3];
    const checked = checkShape("zeros", given);
    expect(checked).toEqual(given);
    expect(checked).not.toBe(given);
  });

  it.each([[[-1]], [[1.5]], [[Number.NaN]], [[2, Number.POSITIVE_INFINITY]], [["2"]]])(
    "refuses %j",
    (shape) => {
      expect(() => checkShape("zeros", shape)).toThrow(ShapeError);
    },
  );

  it("refuses what is no array, and what no memory holds", () => {
    expect(() => checkShape("zeros", 3)).toThrow(ArgumentError);
    expect(() => checkShape("zeros", 3)).toThrow(
      "zeros: a shape is an array such as [2, 3], not 3.",
    );
    expect(() => checkShape("zeros", [2 ** 20, 2 ** 20])).toThrow(
      "has 1099511627776 elements; 2³² are the most",
    );
  });
});

describe("dimensions", () => {
  it("negative ones count from the end", () => {
    expect(normalizeDim("sum", -1, 3)).toBe(2);
    expect(normalizeDim("sum", 0, 3)).toBe(0);
    expect(normalizeDims("sum", [-1, 0], 3)).toEqual([0, 2]);
    expect(normalizeDims("sum", undefined, 3)).toEqual([0, 1, 2]);
    expect(normalizeDims("sum", 1, 3)).toEqual([1]);
  });

  it("a single number takes 0 and -1, and has none", () => {
    expect(normalizeDim("sum", 0, 0)).toBe(0);
    expect(normalizeDim("sum", -1, 0)).toBe(0);
    expect(normalizeDims("sum", -1, 0)).toEqual([]);
    expect(() => normalizeDim("sum", 1, 0)).toThrow(
      "sum: dim 1 is out of range for 0 dimensions; use -1 to 0.",
    );
  });

  it.each([3, -4, 0.5, Number.NaN])("refuses dim %d of 3", (dim) => {
    expect(() => normalizeDim("sum", dim, 3)).toThrow(IndexError);
  });

  it("refuses a dimension named twice, and what is no dimension", () => {
    expect(() => normalizeDims("sum", [0, -3], 3)).toThrow("sum: dim 0 is named twice in [0, -3].");
    expect(() => normalizeDims("sum", "0" as never, 3)).toThrow(ArgumentError);
    expect(() => normalizeDim("sum", 1, 1)).toThrow("for 1 dimension;");
  });

  it("reduced dimensions go, or stay with length 1", () => {
    expect(reducedShape([2, 3, 4], [0, 2], false)).toEqual([3]);
    expect(reducedShape([2, 3, 4], [0, 2], true)).toEqual([1, 3, 1]);
    expect(reducedShape([], [], false)).toEqual([]);
  });
});

describe("broadcasting", () => {
  it.each<[number[], number[], number[]]>([
    [[2, 3], [3], [2, 3]],
    [
      [2, 1],
      [1, 3],
      [2, 3],
    ],
    [[], [2, 3], [2, 3]],
    [
      [4, 1, 3],
      [2, 1],
      [4, 2, 3],
    ],
    [
      [0, 3],
      [1, 3],
      [0, 3],
    ],
    [[1], [0], [0]],
  ])("%j and %j meet in %j", (a, b, met) => {
    expect(broadcastShapes("add", a, b)).toEqual(met);
    expect(broadcastShapes("add", b, a)).toEqual(met);
    expect(broadcastAll("add", [a, b, []])).toEqual(met);
  });

  it("names the lengths that differ", () => {
    expect(() => broadcastShapes("add", [2, 3], [2, 4])).toThrow(
      "add: shapes [2, 3] and [2, 4] do not broadcast: lengths 3 and 4 at dimension -1 differ and neither is 1.",
    );
    expect(() => broadcastShapes("", [0], [2])).toThrow(/^shapes \[0\] and \[2\]/);
    expect(broadcastAll("add", [])).toEqual([]);
  });

  it("stretched dimensions have stride 0", () => {
    expect(broadcastStrides([3], [1], [2, 3])).toEqual([0, 1]);
    expect(broadcastStrides([2, 1], [5, 1], [4, 2, 3])).toEqual([0, 5, 0]);
    expect(broadcastStrides([1], [7], [1])).toEqual([7]);
    expect(broadcastStrides([], [], [2])).toEqual([0]);
  });
});
