/** Accelerated running sums and products against those of the plain loops in double precision: they are rounded once. */
import type { Tensor } from "@chainrule/core";
import { cumprod, cumsum, setBackend, setThreads, tensor } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";
import { rounding } from "./near.ts";

afterEach(() => setBackend("auto"));

type Scan = (x: Tensor) => Tensor;

/** Compares with double precision; `magnitudes` is what the errors of the additions, of 2⁻⁵³ each, are shares of. */
function expectScan(compute: Scan, magnitudes: Scan, x: Tensor): void {
  const given = onBackend("wasm", () => compute(x).toTypedArray());
  const wide = x.to("float64");
  const wanted = onBackend("reference", () => compute(wide).toTypedArray());
  const scales = onBackend("reference", () => magnitudes(wide).toTypedArray());
  for (const [i, exact] of wanted.entries()) {
    const terms = 2 ** -53 * x.numel() * scales[i]!;
    const bound = rounding * Math.abs(exact) + terms + 2 ** -150;
    if (!(Object.is(given[i], Math.fround(exact)) || Math.abs(given[i]! - exact) <= bound))
      expect(given[i], `element ${i} within ${bound}`).toBe(exact);
  }
}

function expectSums(x: Tensor, dim: number, reverse: boolean): void {
  const compute = (t: Tensor) => cumsum(t, dim, { reverse });
  expectScan(compute, (t) => compute(t.abs()), x);
}

function expectProducts(x: Tensor, dim: number, reverse: boolean): void {
  const compute = (t: Tensor) => cumprod(t, dim, { reverse });
  expectScan(compute, (t) => compute(t).abs(), x);
}

const shapes = fc.array(fc.integer({ min: 1, max: 11 }), { minLength: 1, maxLength: 4 });

test("running sums along any dimension, in both directions", () => {
  fc.assert(
    fc.property(shapes, fc.boolean(), fc.integer(), (shape, reverse, seed) => {
      const draw = draws(seed);
      expectSums(draw.view(shape), draw.integer(shape.length), reverse);
    }),
    { numRuns: 100 },
  );
});

test("running products along any dimension, in both directions", () => {
  fc.assert(
    fc.property(shapes, fc.boolean(), fc.integer(), (shape, reverse, seed) => {
      const draw = draws(seed);
      expectProducts(draw.view(shape), draw.integer(shape.length), reverse);
    }),
    { numRuns: 100 },
  );
});

test("products that leave double precision, and come back", () => {
  const draw = draws(5);
  const powers = (exponent: (i: number) => number) =>
    tensor(Array.from({ length: 203 }, (_, i) => (1 + draw.random()) * 2 ** exponent(i)));
  // Up to ∞, where only the order of the factors decides between ∞ and a number, and down to 0 or a denormal number.
  const orders = [
    powers((i) => (i % 16 < 8 ? 125 : -126)),
    powers((i) => (i % 16 < 8 ? -126 : 125)),
    powers((i) => (i % 22 < 11 ? -97 : 95)),
    powers((i) => (i % 2 === 0 ? 120 : -118)),
    powers((i) => (i < 20 ? 100 : i < 60 ? -100 : 50)),
  ];
  for (const x of orders) {
    const { data } = x.storage;
    for (const reverse of [false, true]) {
      for (const rows of [x, x.unsqueeze(1), x.reshape([7, 29]), x.reshape([29, 7])])
        expectProducts(rows, 0, reverse);
      expectProducts(x.reshape([7, 29]), 1, reverse);
    }
    for (const special of [0, -0, Infinity, Number.NaN]) {
      data[50] = special;
      expectProducts(x, 0, false);
    }
  }
});

/** Shapes and dimensions for each way in which lanes are cut into parts. */
const large: readonly (readonly [readonly number[], number])[] = [
  [[40_001], 0],
  [[9000, 7], 1],
  [[9000, 7], 0],
  [[70, 600], 0],
  [[70, 600], 1],
  [[3, 50, 301], 1],
  [[2000, 5, 3], 1],
];

test("scans of many numbers, with the same bits for any number of threads", () => {
  const draw = draws(9);
  for (const [shape, dim] of large) {
    const x = draw.plain(shape, 0.9, 1.1).clone();
    for (const reverse of [false, true]) {
      expectSums(x.sub(1), dim, reverse);
      expectProducts(x, dim, reverse);
      const scans = () =>
        [cumsum(x, dim, { reverse }), cumprod(x, dim, { reverse })].map((y) => y.toTypedArray());
      const before = setThreads(1);
      const wanted = onBackend("wasm", scans);
      setThreads(2);
      const given = onBackend("wasm", scans);
      setThreads(before);
      expect(given.every((y, i) => y.every((value, at) => value === wanted[i]![at]))).toBe(true);
    }
  }
});
