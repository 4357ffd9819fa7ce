/** Accelerated sums against double precision: they are rounded once. */
import type { Tensor } from "@chainrule/core";
import { setBackend, setThreads } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";
import { rounding } from "./near.ts";

afterEach(() => setBackend("auto"));

test("sums and means over any dimensions, the same for a view and its copy", () => {
  const over = fc.subarray([0, 1, 2, 3, 4]);
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      over,
      fc.boolean(),
      fc.integer(),
      (shape, wanted, isMean, seed) => {
        const x = draws(seed).view(shape);
        const dims = wanted.filter((dim) => dim < shape.length);
        if (dims.length === 0) dims.push(shape.length - 1);
        expectSums((t) => (isMean ? t.mean(dims) : t.sum(dims)), x);
      },
    ),
    { numRuns: 100 },
  );
});

/** Shapes and dimensions for each way in which sums are cut into parts. */
const large: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[40_001], [0]],
  [[3, 40_001], [1]],
  [[9000, 7], [1]],
  [[20_001, 3], [0]],
  [[700, 90], [0]],
  [[40, 1027], [0]],
  [[2, 35_003], [0]],
  [[3, 300, 130], [1]],
  [[3, 5, 4099], [1]],
  [[300, 11, 13], [1]],
  [
    [30, 11, 130],
    [0, 2],
  ],
  [
    [2, 3, 40_001],
    [0, 2],
  ],
  [
    [5, 6, 7, 8, 9],
    [0, 2, 4],
  ],
  [
    [5, 6, 7, 8, 9],
    [1, 3],
  ],
];

test("sums of many numbers, in parts", () => {
  const draw = draws(12);
  for (const [shape, dims] of large) expectSums((t) => t.sum(dims), draw.plain(shape));
});

test("sums of shared memory, of a view too, have the same bits with any number of threads", () => {
  const draw = draws(3);
  for (const [shape, dims] of large) {
    const x = draw.plain(shape).clone();
    const turned = x.movedim(0, -1);
    const compute = () => [x.sum(dims), turned.sum(dims.at(-1)!)].map((y) => y.toTypedArray());
    const before = setThreads(1);
    const wanted = onBackend("wasm", compute);
    setThreads(2);
    expect(onBackend("wasm", compute)).toEqual(wanted);
    setThreads(before);
  }
});

/** Sums in double precision, rounded once. */
function expectSums(compute: (x: Tensor) => Tensor, x: Tensor): void {
  const given = onBackend("wasm", () => compute(x)).toTypedArray();
  const copied = onBackend("wasm", () => compute(x.clone())).toTypedArray();
  expect(copied).toEqual(given);
  const wanted = onBackend("reference", () => compute(x.to("float64"))).toTypedArray();
  const magnitudes = onBackend("reference", () => compute(x.to("float64").abs())).toTypedArray();
  for (const [i, exact] of wanted.entries()) {
    const bound = rounding * Math.abs(exact) + 2 ** -53 * x.numel() * magnitudes[i]! + 2 ** -149;
    if (!(Object.is(given[i], exact) || Math.abs(given[i]! - exact) <= bound))
      expect(given[i], `element ${i} within ${bound}`).toBe(exact);
  }
}
