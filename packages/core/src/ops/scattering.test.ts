/**
 * Combining by index, and searching, against plain loops.
 */
import { seededDraw } from "@chainrule/testing";
import { describe, expect, it } from "vitest";
import type { ScatterReduction } from "../index.ts";
import { bucketize, grad, ShapeError, scatterReduce, searchsorted, tensor } from "../index.ts";

const combine: Record<ScatterReduction, (list: number[]) => number> = {
  sum: (list) => list.reduce((a, b) => a + b, 0),
  mean: (list) => list.reduce((a, b) => a + b, 0) / list.length,
  prod: (list) => list.reduce((a, b) => a * b, 1),
  amax: (list) => list.reduce((a, b) => Math.max(a, b)),
  amin: (list) => list.reduce((a, b) => Math.min(a, b)),
};

describe("scatterReduce", () => {
  it("combines what a loop collects in each place, in any layout", () => {
    for (let seed = 0; seed < 300; seed++) {
      const draw = seededDraw(seed);
      const [rows, columns, count] = [draw.length(), draw.length(), draw.integer(0, 5)];
      const x = draw.tensor([rows, columns]);
      const index = draw.indices([count, columns], rows);
      const source = draw.tensor([count, columns]);
      const reduce = draw.pick(["sum", "mean", "prod", "amax", "amin"] as const);
      const includeSelf = draw.boolean();
      const y = scatterReduce(x, 0, index, source, reduce, { includeSelf });
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const own = x.at(i, j).item();
          const list: number[] = [];
          for (let k = 0; k < count; k++)
            if (index.at(k, j).item() === i) list.push(source.at(k, j).item());
          const all = includeSelf ? [own, ...list] : list;
          const expected = list.length === 0 ? own : combine[reduce](all);
          expect(y.at(i, j).item(), `seed ${seed}, ${reduce}`).toBeCloseTo(expected, 12);
        }
      }
    }
  });

  it("rounds means of int32 down, and multiplies around zeros", () => {
    const x = tensor([0, 0], { dtype: "int32" });
    const source = tensor([-1, -2], { dtype: "int32" });
    const mean = scatterReduce(x, 0, [0, 0], source, "mean", { includeSelf: false });
    expect(mean.toArray()).toEqual([-2, 0]);
    const s = tensor([0, 3, 4], { dtype: "float64", requiresGrad: true });
    const product = scatterReduce(tensor([2], { dtype: "float64" }), 0, [0, 0, 0], s, "prod");
    expect(grad(product.sum(), s)!.toArray()).toEqual([24, 0, 0]);
  });
});

describe("searchsorted", () => {
  it("counts the smaller ones, as a loop does, in any layout", () => {
    for (let seed = 0; seed < 300; seed++) {
      const draw = seededDraw(seed);
      const rows = draw.length();
      const numbers = () => ({
        low: -3,
        high: 3,
        avoid: [],
        margin: 0,
        whole: true,
        distinct: false,
      });
      const sorted = draw.tensor([rows, draw.length(0)], numbers()).sort(1).values;
      const values = draw.tensor([rows, draw.length(0)], numbers());
      const right = draw.boolean();
      const found = searchsorted(sorted, values, { right });
      for (let i = 0; i < rows; i++) {
        const row = sorted.at(i).toTypedArray();
        const expected = Array.from(
          values.at(i).toTypedArray(),
          (v) => Array.from(row).filter((at) => (right ? at <= v : at < v)).length,
        );
        expect(found.at(i).toArray()).toEqual(expected);
      }
    }
  });

  it("NaN is larger than everything else, and equal to itself", () => {
    const row = [1, Number.NaN];
    expect(searchsorted(row, [Number.NaN, 5]).toArray()).toEqual([1, 1]);
    expect(searchsorted(row, [Number.NaN, 5], { right: true }).toArray()).toEqual([2, 1]);
  });

  it("bucketize has one row of boundaries for all", () => {
    expect(
      bucketize(
        [
          [0, 1],
          [2, 3],
        ],
        [1, 2],
      ).toArray(),
    ).toEqual([
      [0, 0],
      [1, 2],
    ]);
    expect(bucketize(1, [1, 2], { right: true }).item()).toBe(1);
    expect(() => bucketize([1], [[1, 2]])).toThrow(ShapeError);
  });
});
