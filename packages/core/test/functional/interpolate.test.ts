/** Resizing and padding against their definitions, element by element. */
import type { InterpolateOptions, PadMode } from "@chainrule/core";
import {
  ArgumentError,
  adaptiveAvgPool2d,
  arange,
  full,
  interpolate,
  manualSeed,
  ones,
  pad,
  randn,
  ShapeError,
  tensor,
  zeros,
} from "@chainrule/core";
import { assertGradcheck } from "@chainrule/testing";
import { expect, test } from "vitest";
import { built, gap, reader } from "./naive.ts";

const float64 = { dtype: "float64" } as const;
const clip = (i: number, n: number): number => Math.min(Math.max(i, 0), n - 1);

/** The place of output t in input coordinates. */
function place(t: number, from: number, to: number, align: boolean, scale = from / to): number {
  if (align) return to === 1 ? 0 : (t * (from - 1)) / (to - 1);
  return (t + 0.5) * scale - 0.5;
}

test("bilinear is the weighted mean of four neighbours", () => {
  manualSeed(1);
  const x = randn([2, 1, 4, 3], float64);
  const at = reader(x);
  for (const alignCorners of [true, false]) {
    for (const size of [
      [7, 5],
      [2, 3],
      [1, 1],
      [4, 6],
    ] as const) {
      const expected = built([2, 1, ...size], (n, c, i, j) => {
        const y = Math.max(place(i!, 4, size[0], alignCorners), 0);
        const z = Math.max(place(j!, 3, size[1], alignCorners), 0);
        const [y0, z0] = [Math.floor(y), Math.floor(z)];
        const read = (a: number, b: number): number => at(n!, c!, clip(a, 4), clip(b, 3));
        const top = read(y0, z0) * (1 - z + z0) + read(y0, z0 + 1) * (z - z0);
        const bottom = read(y0 + 1, z0) * (1 - z + z0) + read(y0 + 1, z0 + 1) * (z - z0);
        return top * (1 - y + y0) + bottom * (y - y0);
      });
      expect(gap(interpolate(x, { size, mode: "bilinear", alignCorners }), expected)).toBeLessThan(
        1e-13,
      );
    }
  }
});

test("bicubic goes through the elements, and keeps constants", () => {
  const constant = interpolate(full([1, 1, 3, 4], 5, float64), { size: [7, 2], mode: "bicubic" });
  expect(gap(constant, full([1, 1, 7, 2], 5, float64))).toBeLessThan(1e-14);
  manualSeed(2);
  const x = randn([1, 1, 4, 5], float64);
  const through = interpolate(x, { size: [7, 9], mode: "bicubic", alignCorners: true });
  for (let i = 0; i < 4; i++)
    for (let j = 0; j < 5; j++)
      expect(through.at(0, 0, 2 * i, 2 * j).item()).toBeCloseTo(x.at(0, 0, i, j).item(), 12);
  // Halfway between two elements Keys' kernel with a = −3/4 weighs (−3, 19, 19, −3)/32.
  const half = interpolate(tensor([[[[1, 10, 100, 1000]]]], float64), {
    size: [1, 7],
    mode: "bicubic",
    alignCorners: true,
  });
  expect(half.at(0, 0, 0, 3).item()).toBeCloseTo((-3 * 1 + 19 * 10 + 19 * 100 - 3 * 1000) / 32, 10);
});

test("nearest rounds down, nearest-exact to the nearest centre; a factor is used as it is", () => {
  const x = arange(0, 5, 1, float64).reshape([1, 1, 5]);
  const values = (options: InterpolateOptions): unknown =>
    interpolate(x, options).reshape([-1]).toArray();
  expect(values({ size: 3 })).toEqual([0, 1, 3]);
  expect(values({ size: 3, mode: "nearest-exact" })).toEqual([0, 2, 4]);
  expect(values({ scaleFactor: 2 })).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  // 5 · 0.7 = 3.5 gives three elements, at steps of 1/0.7 or, recomputed, of 5/3.
  expect(values({ scaleFactor: 0.7 })).toEqual([0, 1, 2]);
  expect(values({ scaleFactor: 0.7, recomputeScaleFactor: true })).toEqual([0, 1, 3]);
  const volume = interpolate(arange(0, 8, 1, float64).reshape([1, 1, 2, 2, 2]), {
    scaleFactor: [1, 2, 1],
  });
  expect(volume.shape).toEqual([1, 1, 2, 4, 2]);
  expect(volume.at(0, 0, 1).toArray()).toEqual([
    [4, 5],
    [4, 5],
    [6, 7],
    [6, 7],
  ]);
});

test("linear, trilinear and area", () => {
  const x = tensor([[[0, 4, 8]]], float64);
  expect(interpolate(x, { scaleFactor: 2, mode: "linear" }).toArray()).toEqual([
    [[0, 1, 3, 5, 7, 8]],
  ]);
  const cube = arange(0, 8, 1, float64).reshape([1, 1, 2, 2, 2]);
  const middle = interpolate(cube, { size: 3, mode: "trilinear", alignCorners: true });
  expect(middle.at(0, 0, 1, 1, 1).item()).toBe(3.5);
  expect(middle.at(0, 0, 2, 0, 1).item()).toBe(4.5);
  manualSeed(3);
  const image = randn([2, 2, 5, 7], float64);
  expect(
    gap(interpolate(image, { size: [2, 3], mode: "area" }), adaptiveAvgPool2d(image, [2, 3])),
  ).toBe(0);
});

test("gradients of every mode", () => {
  manualSeed(4);
  const x = randn([1, 2, 3, 2], float64);
  for (const mode of ["nearest", "nearest-exact", "bilinear", "bicubic", "area"] as const)
    assertGradcheck((a) => interpolate(a, { size: [4, 3], mode }), [x], { order: 2 });
  for (const mode of ["reflect", "replicate", "circular", "constant"] as const)
    assertGradcheck((a) => pad(a, [1, -1, 2, 1], { mode }), [x], { order: 2 });
});

test("padding copies what its mode says", () => {
  manualSeed(5);
  const x = randn([2, 4, 3], float64);
  const at = reader(x);
  const source: Record<Exclude<PadMode, "constant">, (i: number, n: number) => number> = {
    reflect: (i, n) => (i < 0 ? -i : i >= n ? 2 * n - 2 - i : i),
    replicate: clip,
    circular: (i, n) => ((i % n) + n) % n,
  };
  for (const mode of ["reflect", "replicate", "circular"] as const) {
    // A circle closes behind the row that is taken away.
    const rows = mode === "circular" ? 3 : 4;
    const expected = built([2, 4 + 3 - 1, 3 + 2 + 1], (n, i, j) =>
      at(n!, source[mode](i! - 3, rows), source[mode](j! - 2, 3)),
    );
    expect(gap(pad(x, [2, 1, 3, -1], { mode }), expected)).toBe(0);
  }
  // PyTorch's results.
  const circle = arange(4);
  expect(pad(circle, [-1, 3], { mode: "circular" }).toArray()).toEqual([1, 2, 3, 1, 2, 3]);
  expect(pad(circle, [2, -1], { mode: "circular" }).toArray()).toEqual([1, 2, 0, 1, 2]);
  const constant = built([2, 4, 6], (n, i, j) => (j! < 2 || j! > 4 ? 7 : at(n!, i!, j! - 2)));
  expect(gap(pad(x, [2, 1], { value: 7 }), constant)).toBe(0);
  expect(pad(zeros([0, 3]), [1, 1], { mode: "reflect" }).shape).toEqual([0, 5]);
});

test("errors", () => {
  const image = ones([1, 1, 3, 3]);
  expect(() => interpolate(image, {})).toThrow(/give either size or scaleFactor/);
  expect(() => interpolate(image, { size: 2, scaleFactor: 2 })).toThrow(ArgumentError);
  expect(() => interpolate(image, { size: 2, mode: "linear" })).toThrow(
    /mode "linear" needs .* 1 spatial dimension, but/,
  );
  expect(() => interpolate(image, { size: 2, mode: "cubic" as never })).toThrow(
    /unknown mode "cubic"/,
  );
  expect(() => interpolate(image, { size: 2, alignCorners: true })).toThrow(
    /alignCorners has a meaning in linear/,
  );
  expect(() => interpolate(image, { scaleFactor: -1 })).toThrow(
    /scaleFactor must be a positive number/,
  );
  expect(() => interpolate(image, { scaleFactor: 0.1 })).toThrow(/leaves nothing/);
  expect(() => interpolate(ones([1, 1, 0]), { size: 2 })).toThrow(ShapeError);
  expect(() => interpolate(image, { sizes: 2 } as never)).toThrow(/unknown option "sizes"/);
  expect(() => pad(image, [3, 0], { mode: "reflect" })).toThrow(/padding 3 and 0 is more than 2/);
  expect(() => pad(image, [4, 0], { mode: "circular" })).toThrow(/is more than 3/);
  expect(() => pad(ones([1, 0]), [1, 0], { mode: "replicate" })).toThrow(/has nothing to copy/);
  expect(() => pad(image, [-2, -1], { mode: "replicate" })).toThrow(/leaves nothing/);
  expect(() => pad(image, [1, 1], { mode: "mirror" as never })).toThrow(/unknown mode "mirror"/);
  expect(() => pad(image, [1, 1], { mode: "reflect", value: 2 })).toThrow(
    /a value has a meaning in mode "constant"/,
  );
  expect(() => pad(image, [1])).toThrow(/a pair of numbers/);
});
