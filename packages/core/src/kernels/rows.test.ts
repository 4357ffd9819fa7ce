import { seededDraw } from "@chainrule/testing";
import { describe, expect, it } from "vitest";
import type { Shape } from "../shape.ts";
import { contiguousStrides } from "../shape.ts";
import { copyInto, copyStrided } from "./copy.ts";
import { forEachRow, mergeDimensions } from "./rows.ts";

/** The places that rows visit, in order, one list a view. */
function placesByRows(shape: Shape, strides: readonly Shape[], offsets: Shape): number[][] {
  const visited: number[][] = strides.map(() => []);
  forEachRow(shape, strides, offsets, (length, steps, places) => {
    for (const [view, list] of visited.entries())
      for (let i = 0; i < length; i++) list.push(places[view]! + i * steps[view]!);
  });
  return visited;
}

/** The same by counting elements. */
function placesByElements(shape: Shape, strides: Shape, offset: number): number[] {
  const places: number[] = [];
  const count = shape.reduce((a, b) => a * b, 1);
  const units = contiguousStrides(shape);
  for (let n = 0; n < count; n++) {
    places.push(
      shape.reduce(
        (at, length, d) => at + (Math.floor(n / units[d]!) % length) * strides[d]!,
        offset,
      ),
    );
  }
  return places;
}

describe("mergeDimensions", () => {
  it("makes one row of a contiguous tensor, whatever its rank", () => {
    expect(mergeDimensions([2, 3, 4], [[12, 4, 1]])).toEqual({ lengths: [24], strides: [[1]] });
    expect(mergeDimensions([], [[]])).toEqual({ lengths: [], strides: [[]] });
    expect(mergeDimensions([1, 1], [[5, 9]])).toEqual({ lengths: [], strides: [[]] });
  });

  it("merges only what every view walks evenly", () => {
    expect(
      mergeDimensions(
        [2, 3],
        [
          [3, 1],
          [0, 1],
        ],
      ),
    ).toEqual({
      lengths: [2, 3],
      strides: [
        [3, 1],
        [0, 1],
      ],
    });
    expect(
      mergeDimensions(
        [2, 3],
        [
          [3, 1],
          [0, 0],
        ],
      ),
    ).toEqual({ lengths: [6], strides: [[1], [0]] });
    expect(mergeDimensions([2, 1, 3], [[3, 77, 1]])).toEqual({ lengths: [6], strides: [[1]] });
    expect(mergeDimensions([2, 3], [[-3, -1]])).toEqual({ lengths: [6], strides: [[-1]] });
  });
});

describe("forEachRow", () => {
  it("visits every element once and in row-major order, for all kinds of strides", () => {
    for (let seed = 0; seed < 500; seed++) {
      const draw = seededDraw(seed);
      const shape = draw.shape(0, 5, 0);
      const views = draw.integer(1, 3);
      const strides = Array.from({ length: views }, () =>
        draw.boolean() ? contiguousStrides(shape) : shape.map(() => draw.integer(-5, 5)),
      );
      const offsets = strides.map(() => draw.integer(0, 9));
      expect(placesByRows(shape, strides, offsets), `seed ${seed}`).toEqual(
        strides.map((steps, view) => placesByElements(shape, steps, offsets[view]!)),
      );
    }
  });

  it("visits nothing of an empty tensor, and a single number once", () => {
    expect(placesByRows([3, 0, 2], [[0, 2, 1]], [0])).toEqual([[]]);
    expect(placesByRows([], [[]], [7])).toEqual([[7]]);
    expect(placesByRows([1, 1], [[4, 4]], [7])).toEqual([[7]]);
  });
});

describe("copies", () => {
  const source = Float64Array.from({ length: 4096 }, (_, i) => i);

  it("give the elements in row-major order, for all kinds of strides and types", () => {
    for (let seed = 0; seed < 500; seed++) {
      const draw = seededDraw(seed);
      const shape = draw.shape(0, 5, 0);
      const strides = draw.boolean()
        ? contiguousStrides([...shape].reverse())
            .slice()
            .reverse()
        : shape.map(() => draw.integer(-3, 40));
      const count = shape.reduce((a, b) => a * b, 1);
      for (const target of [
        new Float64Array(count + 2),
        new Float32Array(count + 2),
        new Int32Array(count + 2),
      ]) {
        copyStrided(target, 1, source, 500, shape, strides);
        expect(Array.from(target), `seed ${seed}`).toEqual([
          0,
          ...placesByElements(shape, strides, 500),
          0,
        ]);
      }
    }
  });

  it("transpose in blocks, with edges that are no whole block", () => {
    for (const [rows, columns] of [
      [1, 70],
      [70, 1],
      [16, 16],
      [33, 50],
      [50, 33],
      [3, 100],
      [100, 3],
    ] as const) {
      const target = new Float32Array(rows * columns);
      copyStrided(target, 0, source, 0, [rows, columns], [1, rows]);
      expect(Array.from(target)).toEqual(placesByElements([rows, columns], [1, rows], 0));
    }
    const target = new Float64Array(2 * 20 * 3 * 20);
    const strides = [1200, 1, 400, 20];
    copyStrided(target, 0, source, 0, [2, 20, 3, 20], strides);
    expect(Array.from(target)).toEqual(placesByElements([2, 20, 3, 20], strides, 0));
  });

  it("fill long rows with one number, and copy long rows at once", () => {
    const target = new Float64Array(400);
    copyStrided(target, 0, source, 5, [2, 200], [3, 0]);
    expect([target[0], target[199], target[200], target[399]]).toEqual([5, 5, 8, 8]);
    copyStrided(target, 0, source, 5, [2, 200], [300, 1]);
    expect([target[0], target[199], target[200], target[399]]).toEqual([5, 204, 305, 504]);
  });

  it("write into strided targets", () => {
    for (let seed = 0; seed < 200; seed++) {
      const draw = seededDraw(seed);
      const shape = draw.shape(1, 3);
      // The places of a larger contiguous tensor, every second along each dimension: no two are the same.
      const wide = contiguousStrides(shape.map((length) => 2 * length)).map((step) => 2 * step);
      const target = new Float64Array(shape.reduce((a, b) => a * 2 * b, 1) + 3).fill(-1);
      const strides = shape.map(() => draw.integer(0, 9));
      copyInto(target, 3, wide, source, 0, strides, shape);
      const expected = new Float64Array(target.length).fill(-1);
      const from = placesByElements(shape, strides, 0);
      for (const [i, to] of placesByElements(shape, wide, 3).entries()) expected[to] = from[i]!;
      expect(Array.from(target), `seed ${seed}`).toEqual(Array.from(expected));
    }
  });
});
