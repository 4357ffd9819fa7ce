/** Random numbers drawn by kernels: the bits of those that a generator draws one by one, and the same state afterwards. */
import { dropout, Generator, ones, rand, setBackend, setThreads } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { onBackend } from "./backends.ts";

afterEach(() => setBackend("auto"));

/** What is drawn, and where the generator stands then. */
function drawn(seed: number, counter: number, used: number, p: number, count: number): unknown {
  const generator = new Generator(seed);
  generator.setState({ seed, counter, left: 0 });
  for (let i = 0; i < used; i++) generator.bits();
  const numbers = rand([count], { generator }).toTypedArray();
  const kept = dropout(ones([count]), { p, generator }).toTypedArray();
  return [numbers, kept, generator.getState(), generator.bits()];
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
