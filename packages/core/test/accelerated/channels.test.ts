/** Accelerated affine maps of channels against double precision, within bounds derived from the roundings. */
import { batchNorm, channelAffine, channelAffineGradient, setThreads } from "@chainrule/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";
import { expectNear } from "./near.ts";

/**
 * x·s + t with one rounding or two: u·(|x·s| + |y|) ≤ u·(2·|y| + |t|), where |t| ≤ 2. A product is rounded once. Sums of
 * products, which doubles hold exactly, are rounded once but for what doubles lose.
 */
const allowed = { own: 3, common: 1, scale: 2 };

const shapes = fc.tuple(
  fc.integer({ min: 1, max: 7 }),
  fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(16, 17, 31, 64)),
  fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }),
);

test("any number of samples, channels and places, with gradients", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), ([samples, channels, places], seed) => {
      const draw = draws(seed);
      const x = draw.plain([samples, channels, ...places]);
      const [scale, shift] = [draw.plain([channels]), draw.plain([channels])];
      expectNear((...t) => channelAffine(t[0]!, t[1]!, t[2]!), [x, scale, shift], seed, allowed);
      // Only of x, and only of x and shift.
      expectNear((t) => channelAffine(t!, scale.to(t!.dtype), shift.to(t!.dtype)), [x], 1, allowed);
      expectNear((t, u) => channelAffine(t!, scale.to(t!.dtype), u!), [x, shift], 2, allowed);
    }),
    { numRuns: 60 },
  );
});

test("operands in any order with any numbers", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), ([samples, channels, places], seed) => {
      const draw = draws(seed);
      const shape = [samples, channels, ...places];
      const [x, scale, shift] = [draw.view(shape), draw.view([channels]), draw.view([channels])];
      const exact = onBackend("reference", () =>
        channelAffine(x.to("float64"), scale.to("float64"), shift.to("float64")),
      ).toTypedArray();
      const given = onBackend("wasm", () => channelAffine(x, scale, shift)).toTypedArray();
      const shifts = shift.to("float64").toTypedArray();
      const size = x.numel() / samples / channels;
      for (const [i, wanted] of exact.entries()) {
        const value = given[i]!;
        const t = Math.abs(shifts[Math.floor(i / size) % channels]!);
        const bound = 2 ** -24 * (3 * Math.abs(wanted) + t) + 2 ** -148;
        if (!(Object.is(value, wanted) || Math.abs(value - wanted) <= bound))
          expect(value, `element ${i}, within ${bound}`).toBe(wanted);
      }
      const c = draw.view(shape);
      const run = (name: "wasm" | "reference") =>
        onBackend(name, () => channelAffineGradient(c, x, scale).x.toTypedArray());
      expect(run("wasm")).toEqual(run("reference"));
    }),
    { numRuns: 60 },
  );
});

/**
 * With a deviation of ½ or more, and numbers of up to 2: the scale, of up to 4, and the shift, of up to 10, are off by some
 * roundings; gradients are sums over a channel.
 */
test("batch norm with running statistics, and the gradients of all", () => {
  const draw = draws(5);
  for (const shape of [
    [7, 5],
    [6, 33],
    [4, 6, 5, 7],
    [3, 2, 9],
  ]) {
    const x = draw.plain(shape);
    const own = [shape[1]!];
    const [mean, weight, bias] = [draw.plain(own), draw.plain(own), draw.plain(own)];
    const variance = draw.plain(own, 0.25, 2);
    const count = x.numel() / shape[1]!;
    expectNear(
      (...t) => batchNorm(t[0]!, t[1]!, t[2]!, t[3]!, t[4]!),
      [x, mean, variance, weight, bias],
      1,
      { own: 30, common: 30, scale: 8 * 8 * count },
    );
  }
});

test("a cotangent that is one number everywhere", () => {
  const draw = draws(8);
  const x = draw.plain([4, 3, 6]).detach().requiresGrad_();
  const scale = draw.plain([3]).detach().requiresGrad_();
  const run = () => {
    x.grad = null;
    scale.grad = null;
    channelAffine(x, scale, [0, 0, 0]).sum().backward();
    return [x.grad!, scale.grad!].map((t) => t.toArray());
  };
  expect(onBackend("wasm", run)).toEqual(onBackend("reference", run));
});

test("the same bits with any number of threads", () => {
  const draw = draws(6);
  for (const shape of [
    [64, 5, 131],
    [3, 300, 77],
    [400, 70, 1],
    [500, 67],
    [9, 33_000],
  ]) {
    const [x, c] = [draw.plain(shape).clone(), draw.plain(shape).clone()];
    const [scale, shift] = [draw.plain([shape[1]!]), draw.plain([shape[1]!])];
    const compute = () => {
      const leaves = [x, scale, shift].map((t) => t.detach().requiresGrad_());
      const y = channelAffine(leaves[0]!, leaves[1]!, leaves[2]!);
      y.backward(c);
      return [y, ...leaves.map((leaf) => leaf.grad!)].map((t) => t.toTypedArray());
    };
    const before = setThreads(1);
    const wanted = onBackend("wasm", compute);
    setThreads(2);
    expect(onBackend("wasm", compute)).toEqual(wanted);
    setThreads(before);
  }
});
