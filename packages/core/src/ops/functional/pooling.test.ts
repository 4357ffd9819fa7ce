/** Pools against their definition, written out in loops, on random options. */
import { drawFrom, shrinkingSource } from "@chainrule/testing";
import { assert as checkProperty, gen, property } from "fast-check";
import { expect, test } from "vitest";
import { tensor, zeros } from "../../creation.ts";
import type { Tensor } from "../../tensor.ts";
import { grad } from "../../transforms/grad.ts";
import type { MeanWindows } from "./avgPool.ts";
import { avgPool, avgPool1d, avgPool2d, avgPool3d } from "./avgPool.ts";
import {
  maxPool,
  maxPool1d,
  maxPool2d,
  maxPool2dWithIndices,
  maxPool3d,
  maxPoolIndices,
} from "./maxPool.ts";
import type { WindowOptions } from "./windows.ts";
import { spatialRank } from "./windows.ts";

/** The places of each window along one dimension that lie in the input, and how many there are with padding. */
function windowsByDefinition(
  length: number,
  count: number,
  options: WindowOptions,
  dim: number,
): { places: number[]; padded: number }[] {
  return Array.from({ length: count }, (_, i) => {
    const places: number[] = [];
    let padded = 0;
    if ("outputSize" in options) {
      for (let p = 0; p < length; p++)
        if (p >= Math.floor((i * length) / count) && p < ((i + 1) * length) / count) places.push(p);
      return { places, padded: places.length };
    }
    const { kernelSize, stride, padding, dilation } = options;
    for (let k = 0; k < kernelSize[dim]!; k++) {
      const place = i * stride[dim]! - padding[dim]! + k * dilation[dim]!;
      if (place >= 0 && place < length) places.push(place);
      if (place < length + padding[dim]!) padded++;
    }
    return { places, padded };
  });
}

/** The elements of each window, and how many the window has with its padding. */
function elementsOfWindows(
  x: Tensor,
  y: Tensor,
  options: WindowOptions,
): { places: number[]; values: number[]; padded: number }[] {
  const rank = spatialRank(options);
  const lead = x.ndim - rank;
  const along = Array.from({ length: rank }, (_, i) =>
    windowsByDefinition(x.shape[lead + i]!, y.shape[lead + i]!, options, i),
  );
  const planes = x.shape.slice(0, lead).reduce((a, b) => a * b, 1);
  const size = x.shape.slice(lead).reduce((a, b) => a * b, 1);
  const data = x.toTypedArray();
  const found: { places: number[]; values: number[]; padded: number }[] = [];
  for (let plane = 0; plane < planes; plane++) {
    let windows = [{ places: [0], padded: 1 }];
    for (const [i, next] of along.entries()) {
      windows = windows.flatMap(({ places, padded }) =>
        next.map((window) => ({
          places: places.flatMap((p) => window.places.map((q) => p * x.shape[lead + i]! + q)),
          padded: padded * window.padded,
        })),
      );
    }
    for (const { places, padded } of windows)
      found.push({ places, values: places.map((p) => data[plane * size + p]!), padded });
  }
  return found;
}

test("maxPool is its definition", () => {
  checkProperty(
    property(gen(), (g) => {
      const [x, windows] = maxPool.op.samples[0]!(drawFrom(shrinkingSource(g))) as [
        Tensor,
        WindowOptions,
      ];
      const y = maxPool(x, windows);
      const places = maxPoolIndices(x, windows).toTypedArray();
      for (const [i, window] of elementsOfWindows(x, y, windows).entries()) {
        const most = Math.max(...window.values);
        expect(y.toTypedArray()[i]).toBe(most);
        expect(places[i]).toBe(window.places[window.values.indexOf(most)] ?? -1);
      }
    }),
    { numRuns: 150 },
  );
});

test("avgPool is its definition", () => {
  checkProperty(
    property(gen(), (g) => {
      const [x, windows] = avgPool.op.samples[0]!(drawFrom(shrinkingSource(g))) as [
        Tensor,
        MeanWindows,
      ];
      const y = avgPool(x, windows).toTypedArray();
      const all = elementsOfWindows(x, avgPool(x, windows), windows);
      for (const [i, { values, padded }] of all.entries()) {
        const count = windows.divisor || (windows.countIncludePad ? padded : values.length);
        const expected = count === 0 ? 0 : values.reduce((a, b) => a + b, 0) / count;
        expect(y[i]).toBeCloseTo(expected, 12);
      }
    }),
    { numRuns: 150 },
  );
});

test("ties go to the first, NaN wins, and the gradient follows", () => {
  const pooled = (x: Tensor): Tensor => maxPool2d(x, 2).sum();
  const ties = tensor([
    [
      [1, 1, 2, 2],
      [1, 1, 2, 3],
    ],
  ]);
  expect(grad(pooled)(ties).toArray()).toEqual([
    [
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ],
  ]);
  const broken = tensor([
    [
      [Number.NaN, 9],
      [1, 2],
    ],
  ]);
  expect(maxPool2d(broken, 2).item()).toBeNaN();
  expect(grad(pooled)(broken).toArray()).toEqual([
    [
      [1, 0],
      [0, 0],
    ],
  ]);
});

test("values and indices together", () => {
  const x = tensor([
    [
      [1, 5, 3],
      [7, 2, 9],
    ],
  ]);
  const { values, indices } = maxPool2dWithIndices(x, [2, 1], { stride: 1 });
  expect(values.toArray()).toEqual([[[7, 5, 9]]]);
  expect(indices.toArray()).toEqual([[[3, 1, 5]]]);
  expect(indices.dtype).toBe("int32");
});

test("shapes and errors", () => {
  expect(maxPool1d(zeros([2, 7]), 3, { stride: 2, ceilMode: true }).shape).toEqual([2, 3]);
  expect(maxPool1d(zeros([2, 7]), 3, { stride: [] }).shape).toEqual([2, 2]);
  expect(maxPool3d(zeros([1, 2, 4, 4, 4]), 2).shape).toEqual([1, 2, 2, 2, 2]);
  expect(avgPool3d(zeros([2, 4, 4, 4]), [1, 2, 4]).shape).toEqual([2, 4, 2, 1]);
  expect(() => maxPool2d(zeros([3, 3]), 2)).toThrow(/maxPool2d: the input needs 4 dimensions/);
  expect(() => maxPool2d(zeros([1, 3, 3]), 4)).toThrow(
    /a window reaches over 4 elements, but spatial dimension 0 has 3/,
  );
  expect(() => maxPool2d(zeros([1, 3, 3]), 2, { padding: 2 })).toThrow(
    /padding 2 is more than half of the kernel/,
  );
  expect(() => maxPool2d(zeros([1, 3, 3]), 0)).toThrow(
    /kernelSize must be a whole number of at least 1/,
  );
  expect(() => maxPool2d(zeros([1, 3, 3]), 2, { ceil: true } as never)).toThrow(
    /unknown option "ceil"/,
  );
  expect(() => avgPool2d(zeros([1, 3, 3]), 2, { divisorOverride: 0 })).toThrow(/must not be 0/);
  expect(() => avgPool1d(zeros([1, 3]), 2, { countIncludePad: 1 as never })).toThrow(
    /must be true or false/,
  );
});
