/** Random numbers drawn by kernels: the bits of those that a generator draws one by one, and the same state afterwards. */
import {
  alphaDropout,
  dropout,
  dropout1d,
  Generator,
  ones,
  rand,
  randn,
  setThreads,
} from "@chainrule/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { acceleratorFor } from "../../src/accelerated/backend.ts";
import { normalQuantile } from "../../src/random/portable.ts";
import { draws, onBackend } from "./backends.ts";

/** What is drawn, and where the generator stands then. */
function drawn(seed: number, counter: number, used: number, p: number, count: number): unknown {
  const generator = new Generator(seed);
  generator.setState({ seed, counter, left: 0 });
  for (let i = 0; i < used; i++) generator.bits();
  const numbers = rand([count], { generator }).toTypedArray();
  const kept = dropout(ones([count]), { p, generator }).toTypedArray();
  const normal = randn([count], { generator }).toTypedArray();
  const channels = dropout1d(ones([count, 2, 3]), { p, generator }).toTypedArray();
  const alpha = alphaDropout(ones([count]), { p, generator }).toTypedArray();
  return [numbers, kept, normal, channels, alpha, generator.getState(), generator.bits()];
}

test("any seed, place in the sequence, probability and length", () => {
  const counters = fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    // Where the first word of the counter overflows, and beyond.
    fc.integer({ min: 2 ** 32 - 200, max: 2 ** 32 + 200 }),
  );
  fc.assert(
    fc.property(
      fc.maxSafeNat(),
      counters,
      fc.integer({ min: 0, max: 70 }),
      fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(1e-12, 0.5, 1)),
      fc.integer({ min: 1, max: 700 }),
      (seed, counter, used, p, count) => {
        const run = () => drawn(seed, counter, used, p, count);
        expect(onBackend("wasm", run)).toEqual(onBackend("reference", run));
      },
    ),
    { numRuns: 100 },
  );
});

test("normal numbers of all words: in the middle, at the ends and where the intervals meet", () => {
  const words = draws(3);
  const word = () => words.integer(2 ** 32);
  // The 52 bits of probabilities from 2⁻⁵³ on, on both sides of ½.
  const pairs = Array.from({ length: 54 }, (_, bits) => {
    const [high, low] = [Math.floor(2 ** (32 - bits)), Math.floor(2 ** (58 - bits)) % 2 ** 32];
    return [
      [high, low],
      [2 ** 32 - 1 - high, 2 ** 32 - 1 - low],
    ];
  }).flat() as [number, number][];
  for (const p of [0.075, 0.925, Math.exp(-25), 1 - Math.exp(-25)])
    for (let step = -3; step <= 3; step++) {
      const k = Math.floor(p * 2 ** 52) + step;
      pairs.push([Math.floor(k / 2 ** 26) * 64, (k % 2 ** 26) * 64]);
    }
  while (pairs.length % 4 !== 3) pairs.push([word(), word()]);
  const { kernels, scratch } = onBackend("wasm", () => acceleratorFor(1, 0)!);
  expect(scratch.begin(4 * pairs.length, 2)).toBe(true);
  const [from, to] = [scratch.take(2 * pairs.length + 4), scratch.take(pairs.length + 1)];
  scratch.words.set(pairs.flat(), from >> 2);
  scratch.floats[(to >> 2) + pairs.length] = 7;
  kernels.toNormal(to, from, pairs.length);
  const given = [...scratch.floats.subarray(to >> 2, (to >> 2) + pairs.length + 1)];
  const wanted = pairs.map(([high, low]) =>
    Math.fround(normalQuantile(((high >>> 6) * 2 ** 26 + (low >>> 6) + 0.5) / 2 ** 52)),
  );
  expect(given).toEqual([...wanted, 7]);
  expect(Math.max(...wanted)).toBeGreaterThan(8);
});

/**
 * What is kept is multiplied by a float32 scale or, in plain loops, by a double: two roundings or one, and the same of the
 * gradient.
 */
test("dropout of operands in any order with any numbers, and its gradient", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (seed, shape, p) => {
        const draw = draws(seed);
        const x = draw.view(shape);
        const c = draw.plain(shape);
        const run = () => {
          const leaf = x.detach().requiresGrad_();
          const y = dropout(leaf, { p, generator: new Generator(seed >>> 0) });
          y.backward(c);
          return [...y.toTypedArray(), ...leaf.grad!.toTypedArray()];
        };
        const wanted = onBackend("reference", run);
        for (const [i, value] of onBackend("wasm", run).entries()) {
          const exact = wanted[i]!;
          const bound = 2 ** -23 * Math.abs(exact) + 2 ** -149;
          if (!(Object.is(value, exact) || Math.abs(value - exact) <= bound))
            expect(value, `element ${i}`).toBe(exact);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test("more than one part, by one thread and by two", () => {
  const run = () => drawn(7, 0, 3, 0.3, 50_001);
  const plain = onBackend("reference", run);
  for (const threads of [1, 2]) {
    const before = setThreads(threads);
    try {
      expect(onBackend("wasm", run)).toEqual(plain);
    } finally {
      setThreads(before);
    }
  }
});
