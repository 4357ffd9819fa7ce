/** Accelerated pools against the plain loops. */
import {
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool2d,
  avgPool3d,
  maxPool1d,
  maxPool2d,
  maxPool2dWithIndices,
  maxPool3d,
  setBackend,
  setThreads,
  type Tensor,
} from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend, specialNumbers } from "./backends.ts";

afterEach(() => setBackend("auto"));

type Pool = (x: Tensor) => Tensor;

/** What a pool gives, and the gradient of its input. */
function both(pool: Pool, x: Tensor): Float32Array[] {
  const leaf = x.detach().requiresGrad_();
  const y = pool(leaf);
  y.backward(draws(3).plain(y.shape));
  return [y, leaf.grad!].map((t) => t.toTypedArray() as Float32Array);
}

/**
 * The difference of each number, in units of `bound` · 2⁻²⁴ · (what numbers of magnitude |x| give, pooled in the same
 * way); 0 where both are the same, also NaN and infinities.
 */
function expectClose(pool: Pool, magnitudes: Pool, x: Tensor, bound: readonly number[]): void {
  const ours = onBackend("wasm", () => both(pool, x));
  const plain = onBackend("reference", () => both(pool, x));
  const scale = onBackend("reference", () => {
    const leaf = x.detach().abs().requiresGrad_();
    const y = magnitudes(leaf);
    y.backward(draws(3).plain(y.shape).abs());
    return [y, leaf.grad!].map((t) => t.toTypedArray());
  });
  for (const [part, numbers] of ours.entries()) {
    for (const [i, value] of numbers.entries()) {
      const expected = plain[part]![i]!;
      if (Object.is(value, expected) || value === expected) continue;
      const most = bound[part]! * 2 ** -24 * scale[part]![i]!;
      expect(Math.abs(value - expected), `${value} and ${expected}`).toBeLessThanOrEqual(most);
    }
  }
}

/** The numbers of the plain loops, and their gradients, which are added up in the same order. */
function expectSame(pool: Pool, x: Tensor): void {
  const run = () => both(pool, x);
  expect(onBackend("wasm", run)).toEqual(onBackend("reference", run));
}

const small = fc.integer({ min: 1, max: 3 });
const length = fc.integer({ min: 4, max: 14 });
const planes = fc.tuple(small, small, length, length);

function drawn(
  shape: readonly number[],
  seed: number,
): { x: Tensor; integer: (n: number) => number } {
  const draw = draws(seed);
  const x = draw.plain(shape, -2, 2);
  const { data } = x.storage;
  if (draw.integer(2) === 0)
    for (const special of specialNumbers) data[draw.integer(data.length)] = special;
  return { x, integer: draw.integer };
}

test("maxima: any lengths, strides, paddings and dilations, with ties, NaN and infinities", () => {
  const dilations = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 }));
  fc.assert(
    fc.property(
      planes,
      fc.tuple(small, small),
      fc.tuple(small, small),
      dilations,
      fc.boolean(),
      fc.integer(),
      (shape, kernelSize, stride, dilation, ceilMode, seed) => {
        const { x: unrounded, integer } = drawn(
          [...shape.slice(0, 2), shape[2] + 1, shape[3] + 1],
          seed,
        );
        const x = unrounded.round();
        const padding = kernelSize.map((k) => integer(Math.floor(k / 2) + 1));
        const options = { stride, padding: padding as [number, number], dilation, ceilMode };
        const pool = (t: Tensor) => maxPool2d(t, kernelSize, options);
        expectSame(pool, x);
        const places = (name: "wasm" | "reference") =>
          onBackend(name, () =>
            maxPool2dWithIndices(x, kernelSize, options).indices.toTypedArray(),
          );
        expect(places("wasm")).toEqual(places("reference"));
      },
    ),
    { numRuns: 80 },
  );
});

test("means: any lengths, strides and paddings, with NaN and infinities", () => {
  fc.assert(
    fc.property(
      planes,
      fc.tuple(small, small),
      fc.tuple(small, small),
      fc.tuple(fc.boolean(), fc.boolean()),
      fc.constantFrom(null, 3, -0.7),
      fc.integer(),
      (shape, kernelSize, stride, [ceilMode, countIncludePad], divisorOverride, seed) => {
        const { x, integer } = drawn(shape, seed);
        const padding = kernelSize.map((k) => integer(Math.floor(k / 2) + 1)) as [number, number];
        const options = { stride, padding, ceilMode, countIncludePad };
        // A mean is rounded once, in either order of a sum in double precision. A place of the gradient gets a rounded
        // number from each of at most 3 rows of windows, and is rounded at each addition.
        expectClose(
          (t) => avgPool2d(t, kernelSize, { ...options, divisorOverride }),
          (t) =>
            avgPool2d(t, kernelSize, {
              ...options,
              divisorOverride: divisorOverride && Math.abs(divisorOverride),
            }),
          x,
          [1.01, 7],
        );
      },
    ),
    { numRuns: 60 },
  );
});

test("one dimension, three, and sizes that adapt", () => {
  expectSame((x) => maxPool1d(x, 3, { stride: 2 }), draws(1).plain([4, 5, 23]));
  expectSame((x) => maxPool3d(x, [2, 3, 2], { padding: 1 }), draws(1).plain([2, 3, 7, 8, 9]));
  expectSame((x) => adaptiveMaxPool2d(x, [3, 4]), draws(2).plain([2, 3, 10, 11]));
  expectSame((x) => maxPool2d(x, 2), draws(2).plain([3, 40, 22, 23]));
  const bound = [1.01, 9] as const;
  const mean3 = (x: Tensor) => avgPool3d(x, [2, 3, 2], { stride: [2, 1, 1], padding: 1 });
  expectClose(mean3, mean3, draws(4).plain([2, 3, 7, 8, 9]), bound);
  const adaptive = (x: Tensor) => adaptiveAvgPool2d(x, [3, 5]);
  expectClose(adaptive, adaptive, draws(5).plain([2, 7, 10, 13]), bound);
  const global = (x: Tensor) => adaptiveAvgPool2d(x, 1);
  expectClose(global, global, draws(5).plain([2, 7, 10, 13]), bound);
});

test("two threads: the same bits, in shared memory and outside of it", () => {
  for (const pool of [
    (x: Tensor) => maxPool2d(x, 3, { stride: 2, padding: 1 }),
    (x: Tensor) => avgPool2d(x, 3, { stride: 2, padding: 1 }),
  ]) {
    const run = (threads: number) => {
      const before = setThreads(threads);
      try {
        const x = draws(7).plain([3, 50, 23, 22]);
        return [both(pool, x), both(pool, x.mul(1))];
      } finally {
        setThreads(before);
      }
    };
    expect(onBackend("wasm", () => run(2))).toEqual(onBackend("wasm", () => run(1)));
  }
});
