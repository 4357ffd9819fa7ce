/** Accelerated normalisation against double precision, within bounds derived from the roundings. */
import {
  batchNorm,
  groupNorm,
  layerNorm,
  setBackend,
  setThreads,
  standardize,
} from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";
import { expectNear } from "./near.ts";

afterEach(() => setBackend("auto"));

/**
 * With a deviation of 1/3 or more: numbers of up to 3 are rounded and divided by it, and multiplied by up to 2; the
 * gradients of weight and bias are sums over a group.
 */
const allowedFor = (count: number) => ({ own: 30, common: 30, scale: 6 * 9 * count });

test("layer norm, with gradients", () => {
  fc.assert(
    fc.property(
      fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70 })),
      fc.integer(),
      ([rows, width], seed) => {
        const length = width + 3;
        const draw = draws(seed);
        const x = draw.plain([rows, length], -2, 3);
        const [weight, bias] = [draw.plain([length]), draw.plain([length])];
        expectNear(
          (t, w, b) => layerNorm(t!, [length], w!, b!),
          [x, weight, bias],
          seed,
          allowedFor(rows),
        );
      },
    ),
    { numRuns: 40 },
  );
});

test("groups of rows and of columns, with gradients", () => {
  const lengths = fc.tuple(...[6, 9, 11].map((max) => fc.integer({ min: 1, max })));
  fc.assert(
    fc.property(lengths, fc.boolean(), fc.integer(), ([outer, groups, inner], center, seed) => {
      const shape = [outer! + 3, groups!, inner!];
      const x = draws(seed).plain(shape, -2, 3);
      const count = shape[0]! * shape[2]!;
      const results = ["values", "variance", ...(center ? ["mean" as const] : [])] as const;
      for (const result of results)
        expectNear((t) => standardize(t!, { center })[result], [x], seed, allowedFor(count));
    }),
    { numRuns: 60 },
  );
});

test("batch norm and group norm", () => {
  const draw = draws(4);
  for (const shape of [
    [7, 5],
    [6, 33],
    [4, 6, 5, 7],
    [3, 2, 9],
  ]) {
    const x = draw.plain(shape, -2, 3);
    const [weight, bias] = [draw.plain([shape[1]!]), draw.plain([shape[1]!])];
    const batch = { training: true };
    const allowed = allowedFor(x.numel());
    expectNear(
      (t, w, b) => batchNorm(t!, null, null, w!, b!, batch),
      [x, weight, bias],
      1,
      allowed,
    );
    if (shape[1]! % 2 === 0)
      expectNear((t, w, b) => groupNorm(t!, 2, w!, b!), [x, weight, bias], 2, allowed);
  }
});

test("a large common part costs no more digits than the numbers have", () => {
  const x = draws(9).plain([64, 3], 1000, 1001).mul(1);
  for (const t of [x, x.reshape([8, 3, 8]), x.reshape([1, 12, 16])]) {
    const groups = t.ndim === 2 ? t.reshape([64, 3, 1]) : t;
    const exact = onBackend("reference", () => standardize(groups.to("float64")).values);
    const given = onBackend("wasm", () => standardize(groups).values);
    const difference = given.to("float64").sub(exact).abs().max().item();
    // Deviations of up to ½, divided by 0.29.
    expect(difference).toBeLessThan(2 ** -20);
  }
});

test("the same bits with any number of threads", () => {
  const draw = draws(6);
  for (const shape of [
    [64, 5, 131],
    [1, 300, 77],
    [400, 70, 1],
  ]) {
    const [x, c] = [draw.plain(shape).clone(), draw.plain(shape).clone()];
    const compute = () => {
      const leaf = x.detach().requiresGrad_();
      const { values, mean, variance } = standardize(leaf);
      values.backward(c);
      return [values, mean, variance, leaf.grad!].map((t) => t.toTypedArray());
    };
    const before = setThreads(1);
    const wanted = onBackend("wasm", compute);
    setThreads(2);
    expect(onBackend("wasm", compute)).toEqual(wanted);
    setThreads(before);
  }
});
