/** Accelerated convolutions and their gradients against double precision, within the bound that is derived for them. */
import type { Tensor } from "@chainrule/core";
import { conv1d, conv2d, conv3d, convTranspose2d, setBackend, setThreads } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";

afterEach(() => setBackend("auto"));

/**
 * The results of a function that is linear in each operand, and its gradients. On magnitudes it gives Σ|a·b|: a sum of
 * k products is off by at most (k + 2)·2⁻²⁴ of it; there are never more than `terms`.
 */
function expectSums(
  compute: (...operands: Tensor[]) => Tensor,
  operands: readonly Tensor[],
  terms: number,
): void {
  const all = (tensors: readonly Tensor[], ofMagnitudes: boolean): Tensor[] => {
    const leaves = tensors.map((x) => (ofMagnitudes ? x.abs() : x).detach().requiresGrad_());
    const result = compute(...leaves);
    const cotangent = draws(99).plain(result.shape).to(result.dtype);
    result.backward(ofMagnitudes ? cotangent.abs() : cotangent);
    return [result, ...leaves.map((leaf) => leaf.grad!)];
  };
  const wide = operands.map((x) => x.to("float64"));
  const wanted = onBackend("reference", () => all(wide, false));
  const magnitudes = onBackend("reference", () => all(wide, true));
  const given = onBackend("wasm", () => all(operands, false));
  for (const [i, result] of given.entries()) {
    expect(result.shape).toEqual(wanted[i]!.shape);
    const exact = wanted[i]!.toTypedArray();
    const sums = magnitudes[i]!.toTypedArray();
    for (const [at, value] of result.toTypedArray().entries()) {
      const error = Math.abs(value - exact[at]!);
      if (!(error <= (terms + 2) * 2 ** -24 * sums[at]! + 2 ** -140))
        expect(value, `result ${i}, element ${at} within ${terms} roundings of ${sums[at]}`).toBe(
          exact[at],
        );
    }
  }
}

test("any lengths, strides, paddings, dilations and groups", () => {
  const small = fc.integer({ min: 1, max: 3 });
  fc.assert(
    fc.property(
      fc.record({
        samples: small,
        groups: fc.integer({ min: 1, max: 5 }),
        inChannels: small,
        outChannels: fc.integer({ min: 1, max: 5 }),
        height: fc.integer({ min: 3, max: 9 }),
        width: fc.integer({ min: 3, max: 14 }),
        kernel: fc.tuple(small, small),
        stride: fc.tuple(small, small),
        padding: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 })),
        dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
        hasBias: fc.boolean(),
        seed: fc.integer(),
      }),
      ({ samples, groups, inChannels, outChannels, height, width, kernel, hasBias, ...rest }) => {
        const { stride, padding, dilation, seed } = rest;
        fc.pre(height + 2 * padding[0] > dilation[0] * (kernel[0] - 1));
        fc.pre(width + 2 * padding[1] > dilation[1] * (kernel[1] - 1));
        const draw = draws(seed);
        const x = draw.plain([samples, groups * inChannels, height, width]);
        const w = draw.plain([groups * outChannels, inChannels, ...kernel]);
        const operands = hasBias ? [x, w, draw.plain([groups * outChannels])] : [x, w];
        expectSums(
          (...[a, b, c]) => conv2d(a!, b!, c ?? null, { stride, padding, dilation, groups }),
          operands,
          samples * height * width + inChannels * outChannels * 9,
        );
      },
    ),
    { numRuns: 60 },
  );
});

test("one and three dimensions, and the transposed convolution", () => {
  const draw = draws(3);
  const [x1, w1] = [draw.plain([2, 3, 30]), draw.plain([7, 3, 5])];
  expectSums((x, w) => conv1d(x!, w!, null, { padding: 2, stride: 2 }), [x1, w1], 100);
  const [x3, w3] = [draw.plain([2, 2, 5, 6, 7]), draw.plain([3, 2, 2, 3, 2])];
  expectSums((x, w) => conv3d(x!, w!, null, { padding: 1 }), [x3, w3], 600);
  const [xt, wt] = [draw.plain([2, 4, 6, 5]), draw.plain([4, 3, 3, 3])];
  expectSums((x, w) => convTranspose2d(x!, w!, null, { stride: 2, padding: 1 }), [xt, wt], 300);
});

test("more products, outputs and channels than a block has", () => {
  const draw = draws(4);
  const deep = [draw.plain([1, 60, 8, 8]), draw.plain([100, 60, 3, 3])];
  expectSums((x, w) => conv2d(x!, w!, null, { padding: 1 }), deep, 900);
  const wide = [draw.plain([1, 2, 50, 50]), draw.plain([3, 2, 3, 3])];
  expectSums((x, w) => conv2d(x!, w!), wide, 2500);
});

test("two threads: the same bits, for many samples, few, and blocks of the kernel's gradient", () => {
  const shapes = [
    [
      [9, 3, 20, 30],
      [8, 3, 3, 3],
    ],
    [
      [1, 4, 70, 75],
      [9, 4, 5, 3],
    ],
    [
      [3, 40, 9, 9],
      [32, 40, 3, 3],
    ],
    [
      [9, 10, 31, 19],
      [10, 1, 3, 3],
    ],
  ] as const;
  for (const [i, [inputs, weights]] of shapes.entries()) {
    const run = (threads: number) => {
      const before = setThreads(threads);
      try {
        // Made by an op, it lies in shared memory where it is large.
        const x = draws(i).plain(inputs).mul(1).requiresGrad_();
        const w = draws(i + 10)
          .plain(weights)
          .requiresGrad_();
        const bias = draws(i + 20).plain([weights[0]]);
        const y = conv2d(x, w, bias, { padding: [1, 0], groups: inputs[1] / weights[1] });
        y.backward(
          draws(i + 30)
            .plain(y.shape)
            .mul(1),
        );
        return [y, x.grad!, w.grad!].map((t) => t.toTypedArray());
      } finally {
        setThreads(before);
      }
    };
    expect(onBackend("wasm", () => run(2))).toEqual(onBackend("wasm", () => run(1)));
  }
});

test("small gradients of the input are rounded once where there are few channels, larger ones at each step", () => {
  const draw = draws(8);
  for (const [channels, inChannels, stride, padding] of [
    [3, 3, 2, 2],
    [4, 2, 1, 0],
    [1, 5, 1, 1],
    [2, 2, 3, 1],
  ] as const) {
    const small = [draw.plain([1, channels, 6, 7]), draw.plain([channels, inChannels, 3, 3])];
    const compute = (x: Tensor, w: Tensor) => convTranspose2d(x, w, null, { stride, padding });
    const wide = small.map((x) => x.to("float64"));
    const exact = onBackend("reference", () => compute(wide[0]!, wide[1]!)).toTypedArray();
    const given = onBackend("wasm", () => compute(small[0]!, small[1]!)).toTypedArray();
    for (const [i, value] of exact.entries())
      expect(Math.abs(given[i]! - value)).toBeLessThanOrEqual(1.001 * 2 ** -24 * Math.abs(value));
    const large = [draw.plain([2, channels, 24, 25]), draw.plain([channels, inChannels, 3, 3])];
    expectSums((x, w) => compute(x!, w!), large, 2400);
  }
});
