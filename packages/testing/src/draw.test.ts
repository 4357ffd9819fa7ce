import type { Draw } from "@chainrule/core";
import { broadcastShapes, elementCount, within } from "@chainrule/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  drawFrom,
  seededDraw,
  shrinkingSource,
  transposedTwin,
  withGaps,
  withOffset,
} from "./draw.ts";

function times(count: number, body: (draw: Draw) => void): void {
  for (let seed = 0; seed < count; seed++) body(seededDraw(seed));
}

describe("draws", () => {
  test("the same seed draws the same", () => {
    const drawn = (seed: number): string => {
      const draw = seededDraw(seed);
      return String(draw.tensor(draw.shape(0, 3, 0)));
    };
    expect(drawn(5)).toBe(drawn(5));
    expect(new Set(Array.from({ length: 50 }, (_, seed) => drawn(seed))).size).toBeGreaterThan(40);
  });

  test("shapes keep their bounds, stay small, and have lengths 0 and 1 among them", () => {
    const ranks = new Set<number>();
    const lengths = new Set<number>();
    times(400, (draw) => {
      const shape = draw.shape(0, 4, 0);
      ranks.add(shape.length);
      for (const length of shape) lengths.add(length);
      expect(elementCount(shape)).toBeLessThanOrEqual(36);
      expect(draw.shape(2, 2, 1)).toSatisfy(
        (own: number[]) => own.length === 2 && own.every((length) => length > 0),
      );
    });
    expect([...ranks].sort()).toEqual([0, 1, 2, 3, 4]);
    expect([...lengths].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test("lengths reach both ends and no further", () => {
    const seen = new Set<number>();
    times(300, (draw) => seen.add(draw.length(2, 5)));
    expect([...seen].sort()).toEqual([2, 3, 4, 5]);
  });

  test("broadcastable shapes broadcast", () => {
    let different = 0;
    times(200, (draw) => {
      const shape = draw.shape(0, 4, 0);
      const own = draw.broadcastable(shape);
      expect(broadcastShapes("", own, shape)).toEqual(shape);
      if (own.join() !== shape.join()) different++;
    });
    expect(different).toBeGreaterThan(50);
  });

  test("dims count from both ends; a 0-d tensor takes 0 and −1", () => {
    const seen = new Set<number>();
    times(200, (draw) => seen.add(draw.dim(3)));
    expect([...seen].sort()).toEqual([-1, -2, -3, 0, 1, 2]);
    times(50, (draw) => expect([0, -1]).toContain(draw.dim(0)));
  });

  test("numbers keep to their domain", () => {
    times(200, (draw) => {
      const x = draw.tensor([6], within(-1, 2, { avoid: [0, 1], margin: 0.2 }));
      for (const value of x.toTypedArray()) {
        expect(value).toBeGreaterThanOrEqual(-1);
        expect(value).toBeLessThanOrEqual(2);
        expect(Math.abs(value)).toBeGreaterThanOrEqual(0.2 - 1e-12);
        expect(Math.abs(value - 1)).toBeGreaterThanOrEqual(0.2 - 1e-12);
      }
      const whole = draw.tensor([5], within(-3, 3, { whole: true, avoid: [0], margin: 0.5 }));
      for (const value of whole.toTypedArray())
        expect(Number.isInteger(value) && value !== 0).toBe(true);
    });
  });

  test("distinct numbers differ by 0.1 where the domain has room, and stay off what is avoided", () => {
    times(100, (draw) => {
      const x = draw.tensor([4, 5], within(-2, 2, { distinct: true, avoid: [0] }));
      const sorted = Array.from(x.toTypedArray()).sort((a, b) => a - b);
      for (let i = 1; i < sorted.length; i++)
        expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThan(0.09);
      expect(sorted.every((value) => Math.abs(value) >= 0.1 && Math.abs(value) <= 2)).toBe(true);
    });
    const many = seededDraw(1)
      .tensor([6, 6], within(0, 1, { distinct: true }))
      .toTypedArray();
    expect(new Set(many).size).toBe(36);
  });

  test("indices and masks", () => {
    times(50, (draw) => {
      const indices = draw.indices([2, 3], 4);
      expect(indices.dtype).toBe("int32");
      expect(indices.toTypedArray().every((value) => value >= 0 && value < 4)).toBe(true);
      expect(draw.mask([3]).dtype).toBe("bool");
    });
  });

  test("many tensors are no contiguous ones, and some have an offset", () => {
    let strided = 0;
    let shifted = 0;
    times(400, (draw) => {
      const x = draw.tensor([2, 3]);
      if (!x.isContiguous()) strided++;
      if (x.offset > 0) shifted++;
    });
    expect(strided).toBeGreaterThan(50);
    expect(shifted).toBeGreaterThan(20);
  });

  test.each([
    ["an offset", withOffset],
    ["a transpose", transposedTwin],
    ["gaps", (x: Parameters<typeof withGaps>[0]) => withGaps(x, 0)],
  ])("%s keeps the numbers", (_name, layout) => {
    times(50, (draw) => {
      const x = draw.tensor(draw.shape(0, 4, 0));
      const twin = layout(x);
      expect(twin.shape).toEqual(x.shape);
      expect(twin.toTypedArray()).toEqual(x.toTypedArray());
      expect(twin.storage).not.toBe(x.storage);
    });
  });

  test("draws over fast-check shrink to the smallest call that fails", () => {
    const found: number[][] = [];
    const smallLengths = fc.property(fc.gen(), (gen) => {
      const shape = drawFrom(shrinkingSource(gen)).shape(0, 3);
      if (elementCount(shape) < 6) return true;
      found.push(shape);
      return false;
    });
    expect(fc.check(smallLengths, { seed: 1, numRuns: 200 }).failed).toBe(true);
    expect(elementCount(found.at(-1)!)).toBeLessThanOrEqual(8);
  });
});
