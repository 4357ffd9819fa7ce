/** Normalisations against their formulas, with their gradients, and what they do to running statistics. */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  batchNorm,
  GradError,
  groupNorm,
  instanceNorm,
  layerNorm,
  localResponseNorm,
  manualSeed,
  ones,
  randn,
  rmsNorm,
  ShapeError,
  tensor,
  zeros,
} from "@chainrule/core";
import { assertGradcheck } from "@chainrule/testing";
import { expect, test } from "vitest";
import { built, gap, reader, total } from "./naive.ts";

const float64 = { dtype: "float64" } as const;

/** x standardised over the elements that share `group(index)`. */
function standardizedBy(x: Tensor, eps: number, group: (...index: number[]) => string): Tensor {
  const at = reader(x);
  const members = new Map<string, number[]>();
  built(x.shape, (...index) => {
    const key = group(...index);
    members.set(key, [...(members.get(key) ?? []), at(...index)]);
    return 0;
  });
  return built(x.shape, (...index) => {
    const values = members.get(group(...index))!;
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    return (at(...index) - mean) / Math.sqrt(variance + eps);
  });
}

function draw(...shape: number[]): Tensor {
  return randn(shape, float64);
}

test("each norm is its formula", () => {
  manualSeed(1);
  const x = draw(3, 4, 2, 3);
  const near = (found: Tensor, group: (...index: number[]) => string, eps = 1e-5): void =>
    expect(gap(found, standardizedBy(x, eps, group))).toBeLessThan(1e-12);
  near(layerNorm(x, 3), (n, c, h) => `${n} ${c} ${h}`);
  near(layerNorm(x, [4, 2, 3], { eps: 0.5 }), (n) => `${n}`, 0.5);
  near(groupNorm(x, 2), (n, c) => `${n} ${Math.floor(c! / 2)}`);
  near(groupNorm(x, 4, null, null, { eps: 0.1 }), (n, c) => `${n} ${c}`, 0.1);
  near(instanceNorm(x), (n, c) => `${n} ${c}`);
  near(batchNorm(x, null, null, { training: true }), (_n, c) => `${c}`);
  const [w, b] = [draw(4), draw(4)];
  const plain = reader(groupNorm(x, 2));
  const scaled = built(x.shape, (...i) => plain(...i) * reader(w)(i[1]!) + reader(b)(i[1]!));
  expect(gap(groupNorm(x, 2, w, b), scaled)).toBeLessThan(1e-12);
  const rms = built(x.shape, (...i) => {
    const row = total([3], (j) => reader(x)(i[0]!, i[1]!, i[2]!, j) ** 2) / 3;
    return reader(x)(...i) / Math.sqrt(row + 0.1);
  });
  expect(gap(rmsNorm(x, 3, { eps: 0.1 }), rms)).toBeLessThan(1e-12);
  // Four channels about each: from c − 2 to c + 1.
  const local = built(x.shape, (n, c, h, v) => {
    const squares = total([4], (j) => reader(x)(n!, c! - 2 + j, h!, v!) ** 2) / 4;
    return reader(x)(n!, c!, h!, v!) / (1.5 + 0.5 * squares) ** 0.25;
  });
  expect(gap(localResponseNorm(x, 4, { alpha: 0.5, beta: 0.25, k: 1.5 }), local)).toBeLessThan(
    1e-12,
  );
});

test("gradients go through means and variances, in both orders", () => {
  manualSeed(2);
  const [x, w, b] = [draw(3, 2, 2), draw(2), draw(2)];
  const training = { training: true };
  assertGradcheck((...a) => batchNorm(a[0], null, null, a[1], a[2], training), [x, w, b], {
    order: 2,
  });
  assertGradcheck((...a) => layerNorm(a[0], 2, a[1], a[2]), [x, w, b], { order: 2 });
  assertGradcheck((...a) => groupNorm(a[0], 1, a[1], a[2]), [x, w, b], { order: 2 });
  assertGradcheck((...a) => instanceNorm(a[0], null, null, a[1], a[2]), [x, w, b], { order: 2 });
  assertGradcheck((...a) => rmsNorm(a[0], 2, a[1]), [x, w], { order: 2 });
  assertGradcheck((a) => localResponseNorm(a, 2, { alpha: 0.3 }), [x], { order: 2 });
  const [mean, variance] = [draw(2), draw(2).square().add(0.5)];
  assertGradcheck((...a) => batchNorm(a[0], mean, variance, a[1], a[2]), [x, w, b], { order: 2 });
  // What is known of the statistics may itself depend on something.
  assertGradcheck((...a) => batchNorm(a[0], a[1], a[2], a[3]), [x, mean, variance, w], {
    order: 2,
  });
});

test("running statistics move towards those of the batch, the variance without bias", () => {
  const x = tensor(
    [
      [1, 10],
      [3, 30],
    ],
    float64,
  );
  const [mean, variance] = [tensor([0, 100], float64), tensor([1, 1], float64)];
  batchNorm(x, mean, variance, { training: true, momentum: 0.25 });
  expect(mean.toArray()).toEqual([0.5, 80]);
  expect(variance.toArray()).toEqual([0.75 + 0.25 * 2, 0.75 + 0.25 * 200]);
  const evaluated = batchNorm(x, mean, variance, { eps: 0 });
  expect(evaluated.at(0, 0).item()).toBeCloseTo((1 - 0.5) / Math.sqrt(1.25), 14);
  expect(mean.toArray()).toEqual([0.5, 80]);

  const images = tensor([[[1, 3]], [[5, 9]]], float64);
  const [means, variances] = [zeros([1], float64), ones([1], float64)];
  instanceNorm(images, means, variances, { momentum: 0.5 });
  expect(means.toArray()).toEqual([0.5 * ((2 + 7) / 2)]);
  expect(variances.toArray()).toEqual([0.5 + 0.5 * ((2 + 8) / 2)]);
  const used = instanceNorm(images, zeros([1]), tensor([4]), { useInputStats: false, eps: 0 });
  expect(used.toArray()).toEqual([[[0.5, 1.5]], [[2.5, 4.5]]]);
});

test("a refused call changes nothing", () => {
  const x = ones([2, 3]);
  const [mean, variance] = [zeros([3]), ones([3])];
  expect(() => batchNorm(x, mean, variance, ones([2]), { training: true })).toThrow(
    /batchNorm: the weight has shape \[2\], but must have \[3\]/,
  );
  expect(() => batchNorm(x, mean, variance, { training: true, momentun: 1 } as never)).toThrow(
    ArgumentError,
  );
  expect(() => batchNorm(ones([1, 3]), mean, variance, { training: true })).toThrow(
    /one number a channel has no variance/,
  );
  expect(() => batchNorm(x, mean, null, { training: true })).toThrow(
    /both the running mean and the running variance/,
  );
  expect(() => batchNorm(x)).toThrow(/a running mean and a running variance are needed/);
  expect(() => batchNorm(ones([3]), mean, variance)).toThrow(ShapeError);
  const tracked = zeros([3], { requiresGrad: true }).mul(2);
  expect(() => batchNorm(x, tracked, variance, { training: true })).toThrow(GradError);
  expect([mean.toArray(), variance.toArray()]).toEqual([
    [0, 0, 0],
    [1, 1, 1],
  ]);
  expect(() => batchNorm(x, mean, tracked.add(1), { training: true })).toThrow(GradError);
  expect(mean.toArray()).toEqual([0, 0, 0]);
  expect(() => layerNorm(x, 3, { eps: 1 }, ones([3]))).toThrow(/layerNorm: the options come last/);
  expect(() => layerNorm(x, 2)).toThrow(
    /input of shape \[2, 3\] does not end in the normalized shape \[2\]/,
  );
  expect(() => layerNorm(x, 3, ones([2]))).toThrow(
    /the weight has shape \[2\], but must have \[3\]/,
  );
  expect(() => rmsNorm(x, 3, { epsilon: 1 } as never)).toThrow(/unknown option "epsilon"/);
  expect(() => groupNorm(x, 2)).toThrow(/its channels must fall into 2 equal groups/);
  expect(() => instanceNorm(ones([2, 3, 1]))).toThrow(/more than one place/);
  expect(() => localResponseNorm(x, 2)).toThrow(/at least one more dimension/);
  expect(() => localResponseNorm(ones([1, 1, 1]), 0)).toThrow(
    /size must be a whole number of at least 1/,
  );
});

test("large numbers with a small spread keep their digits", () => {
  const x = tensor([[1e8 + 1, 1e8 + 2, 1e8 + 3]], float64);
  expect(
    gap(layerNorm(x, 3, { eps: 0 }), layerNorm(tensor([[1, 2, 3]], float64), 3, { eps: 0 })),
  ).toBeLessThan(1e-12);
});
