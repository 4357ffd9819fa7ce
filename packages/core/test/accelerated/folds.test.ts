/** Accelerated extrema have the bits of the plain loops; variances and norms are rounded once. */
import type { Tensor } from "@chainrule/core";
import { amax, amin, argmax, max, norm, setBackend, setThreads, tensor } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";
import { rounding } from "./near.ts";

afterEach(() => setBackend("auto"));

const shapes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });

/** Results and the gradients of the operand, as arrays. */
function all(compute: (x: Tensor) => readonly Tensor[], x: Tensor): ArrayLike<number>[] {
  const leaf = x.detach().requiresGrad_();
  const results = compute(leaf);
  const floats = results.filter(({ dtype }) => dtype !== "int32");
  for (const y of floats) y.sum().backward();
  const gradients = floats.length > 0 ? [leaf.grad!] : [];
  return [...results, ...gradients].map((y) => y.detach().toTypedArray().slice());
}

/** As `toEqual`, which takes long for many numbers. */
function expectEqual(given: ArrayLike<number>, wanted: ArrayLike<number>): void {
  let at = 0;
  while (at < wanted.length && Object.is(given[at], wanted[at])) at++;
  if (at < wanted.length || given.length !== at) expect(given).toEqual(wanted);
}

function expectSame(
  compute: (x: Tensor) => readonly Tensor[],
  x: Tensor,
  counts: readonly number[] = [1],
): void {
  const wanted = onBackend("reference", () => all(compute, x));
  const before = setThreads(1);
  for (const threads of counts) {
    setThreads(threads);
    const given = onBackend("wasm", () => all(compute, x));
    for (const [i, numbers] of wanted.entries()) expectEqual(given[i]!, numbers);
  }
  setThreads(before);
}

test("extrema over any dimensions, their places, and how ties share the gradient", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), (shape, seed) => {
      const draw = draws(seed);
      // Whole numbers tie often.
      const x = draw.integer(2) === 0 ? draw.view(shape) : draw.view(shape).round();
      const dims = shape.map((_, i) => i).filter(() => draw.integer(2) === 0);
      const dim = draw.integer(shape.length);
      expectSame((t) => [amax(t, dims), amin(t, dims)], x);
      expectSame((t) => [argmax(t, dim), argmax(t), t.argmin(dim)], x);
      expectSame((t) => Object.values(max(t, dim)), x);
    }),
    { numRuns: 40 },
  );
});

test("the first of equal zeros, infinities, and NaN anywhere", () => {
  const { POSITIVE_INFINITY: high, NEGATIVE_INFINITY: low, NaN: none } = Number;
  for (const row of [
    [-0, 0, -1],
    [0, -0, -1],
    [low, low, low, low, low],
    [high, none, high, 1, 2, none],
    [1, 2, 3, 4, none],
    [2 ** -149, 0, -(2 ** -149)],
  ])
    expectSame((t) => [amax(t, -1), amin(t, -1), argmax(t, -1)], tensor([row, row]));
});

test("rows that are longer than a part", () => {
  const draw = draws(4);
  for (const shape of [[40_001], [2, 17_000], [6000, 3]]) {
    const x = draw.plain(shape).round().clone();
    for (const dim of [0, -1]) expectSame((t) => Object.values(max(t, dim)), x, [1, 2]);
    expectSame((t) => [amax(t), argmax(t)], x, [1, 2]);
    const { data } = x.storage;
    data[10_500] = Number.NaN;
    data[17_500] = Number.NaN;
    expectSame((t) => [amin(t), argmax(t)], x);
  }
});

/** Numbers that are rounded once. */
function expectRounded(compute: (x: Tensor) => Tensor, x: Tensor): void {
  const wanted = onBackend("reference", () => compute(x.to("float64"))).toTypedArray();
  const given = onBackend("wasm", () => compute(x).toTypedArray().slice());
  expectEqual(
    onBackend("wasm", () => compute(x.clone()).toTypedArray()),
    given,
  );
  for (const [i, exact] of wanted.entries()) {
    // Sums in double precision are off by far less.
    const bound = 1.001 * rounding * Math.abs(exact) + 2 ** -149;
    if (!(Object.is(given[i], Math.fround(exact)) || Math.abs(given[i]! - exact) <= bound))
      expect(given[i], `element ${i} within ${bound}`).toBe(exact);
  }
}

test("variances, deviations and norms over any dimensions", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), (shape, seed) => {
      const draw = draws(seed);
      const x = draw.view(shape, 3, 5);
      const chosen = shape.map((_, i) => i).filter(() => draw.integer(2) === 0);
      const dims = chosen.length > 0 ? chosen : [0];
      const correction = draw.integer(2);
      expectRounded((t) => t.var(dims, { correction }), x);
      expectRounded((t) => t.std(dims, { correction }), x);
      expectRounded((t) => norm(t, 2, dims), x);
    }),
    { numRuns: 40 },
  );
});

const orders = [0, 1, 2, 3, 0.5, 2.5, 0.3, 20, -1, -3.5, Infinity, -Infinity];

test("norms of any order, where a power leaves double precision too", () => {
  fc.assert(
    fc.property(shapes, fc.constantFrom(...orders), fc.integer(), (shape, p, seed) => {
      const draw = draws(seed);
      // Magnitudes from 2⁻¹⁴⁰ to 2¹²⁰, in one case of three.
      const far = 2 ** (draw.integer(260) - 140);
      const x = draw.view(shape).mul(draw.integer(3) === 0 ? far : 1);
      const dims = shape.map((_, i) => i).filter(() => draw.integer(2) === 0);
      expectRounded((t) => norm(t, p, dims), x);
    }),
    { numRuns: 150 },
  );
});

test("products over any dimensions", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), (shape, seed) => {
      const draw = draws(seed);
      const x = draw.view(shape);
      const dims = shape.map((_, i) => i).filter(() => draw.integer(2) === 0);
      expectRounded((t) => t.prod(dims), x);
    }),
    { numRuns: 60 },
  );
});

/** The product of all numbers is that of the plain loops, or exact and rounded once. */
function expectProduct(x: Tensor): void {
  const given = onBackend("wasm", () => x.prod().item());
  if (
    Object.is(
      given,
      onBackend("reference", () => x.prod().item()),
    )
  )
    return;
  const exact = productOf(x.storage.data);
  expect(Math.abs(given - exact)).toBeLessThanOrEqual(1.001 * rounding * Math.abs(exact));
}

test("products of factors whose order decides what comes of them", () => {
  const draw = draws(6);
  const row = (length: number, exponent: (i: number) => number) =>
    tensor(Array.from({ length }, (_, i) => (1 + draw.random()) * 2 ** exponent(i)));
  for (const length of [1, 3, 4, 7, 8, 31, 32, 33, 64, 100, 515]) {
    for (const x of [
      row(length, (i) => (i % 2 === 0 ? 100 : -101)),
      row(length, (i) => (i % 2 === 0 ? -100 : 99)),
      row(length, (i) => (i % 64 < 32 ? 14 : -15)),
      row(length, (i) => (i % 64 < 32 ? -34 : 33)),
      row(length, (i) => (i % 8 === 7 ? -149 : 1)),
      row(length, () => -2),
      row(length, () => -0.5),
    ])
      for (const special of [1, -1, 0, -0, Infinity, Number.NaN]) {
        x.storage.data[length - 1]! *= special;
        expectProduct(x);
      }
  }
});

test("products of some of the factors that leave double precision, unlike those of all", () => {
  const draw = draws(7);
  const expectExact = (length: number, exponent: (i: number) => number): void => {
    const numbers = Array.from({ length }, (_, i) => (1 + draw.random()) * 2 ** exponent(i));
    expectProduct(tensor(numbers));
  };
  // Every second factor; and the first eleven of each eight that are multiplied side by side.
  for (let low = -8; low < -6.5; low += 0.02) expectExact(304, (i) => (i % 2 === 0 ? low : 6.2));
  for (let low = -98; low < -95; low += 0.02) expectExact(176, (i) => (i < 88 ? low : 96));
});

/** A product whose parts cannot leave the range of numbers. */
function productOf(numbers: ArrayLike<number>): number {
  let mantissa = 1;
  let exponent = 0;
  for (const x of Array.from(numbers)) {
    mantissa *= x;
    const shift = Math.floor(Math.log2(Math.abs(mantissa)));
    if (!Number.isFinite(shift)) continue;
    mantissa *= 2 ** -shift;
    exponent += shift;
  }
  return mantissa * 2 ** exponent;
}

test("norms of zeros, infinities and NaN", () => {
  const { POSITIVE_INFINITY: high, NEGATIVE_INFINITY: low, NaN: none } = Number;
  const rows = [
    [0, -0, 0, 0, 0],
    [0, 1, 2, 3, 4],
    [low, 1, 2, 3, high],
    [1, 2, 3, 4, none],
    [high, none, 1, 0, 2],
    [2 ** -149, 2 ** -149, 0, 0, 0],
    [3e38, -3e38, 3e38, 1, 1],
  ];
  for (const p of [...orders, 9, 0.9]) expectRounded((t) => norm(t, p, -1), tensor(rows));
});

test("variances and norms of many numbers, with the same bits for any number of threads", () => {
  const draw = draws(8);
  for (const shape of [[50_001], [3, 20_000], [300, 90], [9000, 3]]) {
    const x = draw.plain(shape, 10, 11).clone();
    for (const dim of [0, -1]) {
      const norms = [2, 2.5].map((p) => (t: Tensor) => norm(t, p, dim));
      for (const compute of [(t: Tensor) => t.var(dim), ...norms]) {
        expectRounded(compute, x);
        const before = setThreads(1);
        const wanted = onBackend("wasm", () => compute(x).toTypedArray().slice());
        setThreads(2);
        expectEqual(
          onBackend("wasm", () => compute(x).toTypedArray()),
          wanted,
        );
        setThreads(before);
      }
    }
  }
});

test("products of many numbers, with the same bits for any number of threads", () => {
  const draw = draws(2);
  for (const shape of [[50_001], [3, 20_000], [300, 90], [9000, 3]]) {
    const x = draw.plain(shape, 0.99, 1.01).clone();
    for (const dim of [0, -1]) {
      expectRounded((t) => t.prod(dim), x);
      const before = setThreads(1);
      const wanted = onBackend("wasm", () => x.prod(dim).toTypedArray().slice());
      setThreads(2);
      expectEqual(
        onBackend("wasm", () => x.prod(dim).toTypedArray()),
        wanted,
      );
      setThreads(before);
    }
  }
});

test("equal numbers have no variance", () => {
  const x = draws(1).plain([1]).expand([30_000]).clone();
  expect(onBackend("wasm", () => x.var().item())).toBe(0);
});
