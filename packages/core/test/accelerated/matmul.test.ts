/** Accelerated matrix products against those of the plain loops, within the bound that is derived for them. */
import {
  backendInfo,
  linear,
  matmul,
  setBackend,
  setThreads,
  type Tensor,
  tensor,
} from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend, specialNumbers } from "./backends.ts";

afterEach(() => setBackend("auto"));

/** k·2⁻²⁴·Σₚ|aᵢₚ·bₚⱼ|, a trifle of second order, and what underflow loses. */
function bound(k: number, magnitude: number): number {
  return k * 2 ** -24 * 1.001 * magnitude + k * 2 ** -148;
}

function expectProduct(a: Tensor, b: Tensor): void {
  const expected = onBackend("reference", () => matmul(a.to("float64"), b.to("float64")));
  const magnitudes = onBackend("reference", () =>
    matmul(a.to("float64").abs(), b.to("float64").abs()),
  ).toTypedArray();
  const given = onBackend("wasm", () => matmul(a, b));
  expect(given.shape).toEqual(expected.shape);
  expect(given.dtype).toBe("float32");
  const wanted = expected.toTypedArray();
  const k = a.shape.at(-1)!;
  for (const [i, value] of given.toTypedArray().entries()) {
    const exact = wanted[i]!;
    const magnitude = magnitudes[i]!;
    if (Number.isNaN(exact)) expect(value).toBeNaN();
    else if (magnitude === Number.POSITIVE_INFINITY) expect(value).toBe(exact);
    else expect(Math.abs(value - exact)).toBeLessThanOrEqual(bound(k + 1, magnitude));
  }
}

test("the module starts here", () => {
  setBackend("auto");
  expect(backendInfo().inUse).toBe("wasm");
});

const length = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 20 }) },
  { weight: 1, arbitrary: fc.integer({ min: 90, max: 110 }) },
);

test("any lengths and strides, with NaN, infinities, zeros and denormals", () => {
  fc.assert(
    fc.property(length, length, length, fc.integer(), (m, k, n, seed) => {
      const draw = draws(seed);
      expectProduct(draw.view([m, k]), draw.view([k, n]));
    }),
    { numRuns: 150 },
  );
});

test("one element that is special", () => {
  for (const special of specialNumbers) {
    const draw = draws(7);
    const a = draw.view([9, 13]).toArray() as number[][];
    a[3]![5] = special;
    expectProduct(tensor(a), draw.view([13, 10]));
    expectProduct(draw.view([10, 9]), tensor(a));
  }
});

test("more steps, rows and columns than a block has", () => {
  const draw = draws(11);
  for (const [m, k, n] of [
    [100, 800, 17],
    [7, 385, 9],
    [193, 5, 40],
    [3, 6, 2065],
  ] as const)
    expectProduct(draw.plain([m, k]), draw.plain([k, n]));
});

test("stacks, of which one broadcasts", () => {
  const draw = draws(13);
  expectProduct(draw.view([3, 2, 7, 12]), draw.view([2, 12, 9]));
  expectProduct(draw.view([5, 7, 12]), draw.view([12, 9]));
  expectProduct(draw.view([12]), draw.view([4, 12, 9]));
});

test("views that leave most of their memory out", () => {
  const wide = draws(17).plain([40, 2000]);
  expectProduct(wide.slice(1, 5, 35), draws(18).plain([30, 20]));
  expectProduct(wide.transpose(0, 1).slice(0, 3, 33), draws(19).plain([40, 8]));
});

test("a column that is the same number again and again", () => {
  const draw = draws(23);
  expectProduct(draw.plain([8, 1]).expand([8, 30]), draw.plain([1, 9]).expand([30, 9]));
});

test("the same bits from a view and from its copy, and from a part of the rows", () => {
  const draw = draws(29);
  const [a, b] = [draw.view([50, 40]), draw.view([40, 33])];
  const whole = onBackend("wasm", () => matmul(a, b));
  const copied = onBackend("wasm", () => matmul(a.clone(), b.clone()));
  expect(copied.toTypedArray()).toEqual(whole.toTypedArray());
  const part = onBackend("wasm", () => matmul(a.slice(0, 7, 31), b));
  expect(part.toTypedArray()).toEqual(whole.slice(0, 7, 31).toTypedArray());
});

test("a matrix and a vector, whichever way the matrix lies: the same bits on one thread and on two", () => {
  const threads = backendInfo().threads;
  try {
    for (const [m, k] of [
      [2, 1],
      [7, 5],
      [9, 131],
      [64, 37],
      [300, 301],
    ] as const) {
      const draw = draws(m);
      const [a, x] = [draw.plain([m, k]), draw.plain([k])];
      const standing = a.transpose(0, 1).clone().transpose(0, 1);
      const sparse = draw
        .plain([k, 3])
        .copy_(x.unsqueeze(1).expand([k, 3]))
        .select(1, 1);
      expectProduct(a, x);
      expectProduct(x, standing.transpose(0, 1));
      setThreads(1);
      const bits = onBackend("wasm", () => matmul(a, x)).toTypedArray();
      setThreads(2);
      for (const [left, right] of [
        [a, x],
        [standing, sparse],
        [a, sparse],
      ] as const) {
        expect(onBackend("wasm", () => matmul(left, right)).toTypedArray()).toEqual(bits);
        const turned = onBackend("wasm", () => matmul(right, left.transpose(0, 1)));
        expect(turned.toTypedArray()).toEqual(bits);
      }
    }
  } finally {
    setThreads(threads);
  }
});

test("the ways of several threads: many rows or few, several blocks, with a bias: the same bits as one thread gives", () => {
  const threads = backendInfo().threads;
  try {
    for (const [m, k, n] of [
      [577, 13, 9],
      [600, 801, 20],
      [1153, 385, 70],
      // Few rows, or too many columns: both factors are packed first.
      [100, 1200, 140],
      [13, 400, 2100],
      [580, 390, 345],
    ] as const) {
      const draw = draws(m);
      const [x, bias] = [draw.plain([m, k]), draw.plain([2 * n]).slice(0, 0, 2 * n, 2)];
      const weight = draw.plain([k, n]).transpose(0, 1);
      const compute = (rows: Tensor): Buffer =>
        Buffer.from(
          onBackend("wasm", () => linear(rows, weight, bias))
            .toTypedArray()
            .slice().buffer,
        );
      setThreads(1);
      const alone = compute(x);
      setThreads(2);
      expect(compute(x).equals(alone)).toBe(true);
      expect(compute(x.transpose(0, 1).clone().transpose(0, 1)).equals(alone)).toBe(true);
      // A few rows go another way, whose numbers the tests above compare with double precision.
      for (const first of [0, m >> 1, m - 7]) {
        const some = compute(x.slice(0, first, first + 7));
        expect(some.equals(alone.subarray(4 * first * n, 4 * (first + 7) * n))).toBe(true);
      }
    }
  } finally {
    setThreads(threads);
  }
});
