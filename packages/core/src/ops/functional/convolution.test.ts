/** Convolutions against their definition, written out in loops, on random options. */
import { drawFrom, shrinkingSource } from "@chainrule/testing";
import { assert as checkProperty, gen, property } from "fast-check";
import { expect, test } from "vitest";
import { tensor, zeros } from "../../creation.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { grad } from "../../transforms/grad.ts";
import { vmap } from "../../transforms/vmap.ts";
import { conv1d, conv2d, conv3d } from "./conv.ts";
import { convolution, convolutionInput, convolutionWeight } from "./convolution.ts";
import type { ConvolutionOptions } from "./convolution-options.ts";

/** Element of x at an index that may lie outside, where it is 0. */
function elementAt(x: Tensor, index: readonly number[]): number {
  if (index.some((i, dim) => i < 0 || i >= x.shape[dim]!)) return 0;
  return x.at(...index).item();
}

/** All indices of a shape. */
function* indicesOf(shape: readonly number[]): Generator<number[]> {
  const count = shape.reduce((a, b) => a * b, 1);
  for (let flat = 0; flat < count; flat++) {
    const index: number[] = [];
    let rest = flat;
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      index.unshift(rest % shape[dim]!);
      rest = Math.floor(rest / shape[dim]!);
    }
    yield index;
  }
}

/** The convolution as it is defined. */
function byLoops(
  x: Tensor,
  w: Tensor,
  shape: readonly number[],
  options: ConvolutionOptions,
): number[] {
  const { stride, padding, dilation, groups } = options;
  const perGroup = w.shape[0]! / groups;
  const values: number[] = [];
  for (const [n, o, ...t] of indicesOf(shape) as Generator<[number, number, ...number[]]>) {
    let total = 0;
    for (const [c, ...k] of indicesOf(w.shape.slice(1)) as Generator<[number, ...number[]]>) {
      const channel = Math.floor(o / perGroup) * w.shape[1]! + c;
      const place = t.map((at, i) => at * stride[i]! - padding[i]![0] + k[i]! * dilation[i]!);
      total += elementAt(x, [n, channel, ...place]) * w.at(o, c, ...k).item();
    }
    values.push(total);
  }
  return values;
}

function dot(a: Tensor, b: Tensor): number {
  return a.mul(b).sum().item();
}

test("convolution is its definition, and its adjoints are adjoint", () => {
  const [sample] = convolution.op.samples;
  const seen = { strides: 0, groups: 0, negative: 0, empty: 0 };
  checkProperty(
    property(gen(), (g) => {
      const call = sample!(drawFrom(shrinkingSource(g)));
      const [x, w, bias, options] = call as [Tensor, Tensor, Tensor | null, ConvolutionOptions];
      const y = convolution(x, w, null, options);
      const found = [...y.toTypedArray()];
      const expected = byLoops(x, w, y.shape, options);
      expect(found.length).toBe(expected.length);
      for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 10);
      if (bias !== null) {
        const shifted = y.add(bias.reshape([-1, ...options.stride.map(() => 1)]));
        expect(convolution(x, w, bias, options).toArray()).toEqual(shifted.toArray());
      }
      // ⟨y, y⟩ in three ways.
      const square = dot(y, y);
      const size = options.stride.length;
      const viaInput = dot(x, convolutionInput(y, w, x.shape.slice(-size), options));
      const viaWeight = dot(w, convolutionWeight(x, y, w.shape.slice(-size), options));
      expect(viaInput).toBeCloseTo(square, 8);
      expect(viaWeight).toBeCloseTo(square, 8);
      if (options.stride.some((s) => s > 1)) seen.strides++;
      if (options.groups > 1) seen.groups++;
      if (options.padding.flat().some((p) => p < 0)) seen.negative++;
      if (y.numel() === 0) seen.empty++;
    }),
    { numRuns: 150 },
  );
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(3);
});

test("blocks of columns give what one block gives", () => {
  // 2 · 40 · 40 output places with 9 · 8 elements each are more than one block, within and across samples.
  const x = zeros([3, 8, 42, 42], { dtype: "float64" });
  const w = zeros([2, 8, 3, 3], { dtype: "float64" });
  for (let i = 0; i < x.numel(); i++) x.storage.data[i] = (i * 7919) % 23;
  for (let i = 0; i < w.numel(); i++) w.storage.data[i] = ((i * 31) % 7) - 3;
  const whole = conv2d(x, w);
  for (const [n, o, i, j] of [
    [0, 0, 0, 0],
    [1, 1, 20, 39],
    [2, 0, 39, 39],
    [2, 1, 13, 7],
  ] as const) {
    let total = 0;
    for (let c = 0; c < 8; c++)
      for (let p = 0; p < 3; p++)
        for (let q = 0; q < 3; q++)
          total += x.at(n, c, i + p, j + q).item() * w.at(o, c, p, q).item();
    expect(whole.at(n, o, i, j).item()).toBe(total);
  }
  const options = {
    stride: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
    dilation: [1, 1],
    groups: 1,
  } as const;
  const square = dot(whole, whole);
  expect(dot(x, convolutionInput(whole, w, [42, 42], options))).toBe(square);
  expect(dot(w, convolutionWeight(x, whole, [3, 3], options))).toBe(square);
});

test("the bias may be left out, and inputs may come without samples", () => {
  const x = tensor([[1, 2, 3, 4]]);
  const w = tensor([[[1, -1]]]);
  expect(conv1d(x, w, { stride: 3 }).toArray()).toEqual([[-1]]);
  expect(conv1d(x, w, null, { stride: 3 }).toArray()).toEqual([[-1]]);
  expect(conv1d(x, w, [10]).toArray()).toEqual([[9, 9, 9]]);
  expect(conv1d(x, w, { padding: "same" }).shape).toEqual([1, 4]);
  expect(conv1d(x, w, { padding: "same" }).toArray()).toEqual([[-1, -1, -1, 4]]);
  expect(conv3d(zeros([2, 4, 5, 6]), zeros([3, 2, 1, 1, 1]), { padding: [1, 0, 0] }).shape).toEqual(
    [3, 6, 5, 6],
  );
});

test("errors name the call and say what to do", () => {
  const x = zeros([1, 2, 5, 5]);
  const w = zeros([4, 2, 3, 3]);
  expect(() => conv2d(zeros([5, 5]), w)).toThrow(ShapeError);
  expect(() => conv2d(x, zeros([4, 3, 3, 3]))).toThrow(
    /conv2d: the input has 2 channels, but the weight/,
  );
  expect(() => conv2d(x, w, zeros([3]))).toThrow(
    /conv2d: the bias has shape \[3\], but there are 4/,
  );
  expect(() => conv2d(x, w, { stride: 2, padding: "same" })).toThrow(/"same" keeps the lengths/);
  expect(() => conv2d(x, w, { strides: 2 } as never)).toThrow(/unknown option "strides"/);
  expect(() => conv2d(x, w, { stride: [1, 2, 3] })).toThrow(ArgumentError);
  expect(() => conv2d(x, w, { padding: "full" as never })).toThrow(
    /must be "same", "valid" or whole numbers/,
  );
  expect(() => conv2d(x, zeros([4, 2, 7, 7]))).toThrow(
    /conv2d: the kernel reaches over 7 elements, but spatial dimension 0 has 5/,
  );
});

test("vmap goes over samples, kernels and both", () => {
  const x = tensor([[[[1, 2, 3]]], [[[4, 5, 7]]]], { dtype: "float64" });
  const w = tensor([[[[1, -1]]], [[[2, 3]]]], { dtype: "float64" });
  const each = (a: Tensor, b: Tensor): Tensor => conv1d(a, b);
  expect(vmap(each, { inDims: [0, null] })(x, w.at(0)).toArray()).toEqual([
    [[[-1, -1]]],
    [[[-1, -2]]],
  ]);
  expect(vmap(each, { inDims: [null, 0] })(x.at(0), w).toArray()).toEqual([
    [[[-1, -1]]],
    [[[8, 13]]],
  ]);
  expect(vmap(each)(x, w).toArray()).toEqual([[[[-1, -1]]], [[[23, 31]]]]);
  const loss = (b: Tensor, a: Tensor): Tensor => conv1d(a, b).sum();
  const perSample = vmap(grad(loss), { inDims: [null, 0] })(w.at(0), x);
  expect(perSample.toArray()).toEqual([[[[3, 5]]], [[[9, 12]]]]);
});
