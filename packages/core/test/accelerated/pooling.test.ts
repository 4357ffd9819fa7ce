/** Accelerated maxima over windows: the bits of the plain loops, and the same places. */
import { adaptiveMaxPool2d, maxPool1d, maxPool2d, setBackend, type Tensor } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend, specialNumbers } from "./backends.ts";

afterEach(() => setBackend("auto"));

function expectSame(compute: (x: Tensor) => Tensor, x: Tensor): void {
  const run = () => {
    const leaf = x.detach().requiresGrad_();
    const y = compute(leaf);
    y.backward(draws(3).plain(y.shape));
    return [y.toTypedArray(), leaf.grad!.toTypedArray()];
  };
  expect(onBackend("wasm", run)).toEqual(onBackend("reference", run));
}

test("any lengths, strides, paddings and dilations, with ties, NaN and infinities", () => {
  const small = fc.integer({ min: 1, max: 3 });
  fc.assert(
    fc.property(
      fc.tuple(small, small, fc.integer({ min: 5, max: 12 }), fc.integer({ min: 5, max: 12 })),
      fc.tuple(small, small),
      fc.tuple(small, small),
      fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
      fc.boolean(),
      fc.integer(),
      (shape, kernelSize, stride, dilation, ceilMode, seed) => {
        const draw = draws(seed);
        const x = draw.plain(shape, -2, 2).round();
        const { data } = x.storage;
        if (draw.integer(2) === 0)
          for (const special of specialNumbers) data[draw.integer(data.length)] = special;
        const padding = kernelSize.map((length) => draw.integer(Math.floor(length / 2) + 1));
        const options = { stride, padding: padding as [number, number], dilation, ceilMode };
        expectSame((t) => maxPool2d(t, kernelSize, options), x);
      },
    ),
    { numRuns: 80 },
  );
});

test("one dimension, and sizes that adapt", () => {
  expectSame((x) => maxPool1d(x, 3, { stride: 2 }), draws(1).plain([4, 5, 23]));
  expectSame((x) => adaptiveMaxPool2d(x, [3, 4]), draws(2).plain([2, 3, 10, 11]));
  expectSame((x) => maxPool2d(x, 2), draws(2).plain([3, 40, 22, 23]));
});
