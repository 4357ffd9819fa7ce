/** Adding a bias: single roundings, so the bits of the plain loop. */
import { linear, setBackend, setThreads, zeros } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";

afterEach(() => setBackend("auto"));

test("rows of any length, a bias of any step or a single number", () => {
  const lengths = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 130 }));
  fc.assert(
    fc.property(lengths, fc.boolean(), fc.integer(), ([rows, out], isOne, seed) => {
      const bias = draws(seed).view(isOne ? [] : [out]);
      // No features: what is added to is 0.
      const given = onBackend("wasm", () => linear(zeros([rows, 0]), zeros([out, 0]), bias));
      expect(given.toTypedArray()).toEqual(bias.expand([rows, out]).add(0).toTypedArray());
    }),
    { numRuns: 60 },
  );
});

test("in place, with any number of threads", () => {
  const draw = draws(5);
  const [x, w, bias] = [draw.plain([301, 20]), draw.plain([131, 20]), draw.plain([131])];
  for (const threads of [1, 2]) {
    const before = setThreads(threads);
    const given = onBackend("wasm", () => linear(x, w, bias).toTypedArray());
    const product = onBackend("wasm", () => linear(x, w));
    const wanted = onBackend("reference", () => product.add(bias).toTypedArray());
    expect(given).toEqual(wanted);
    setThreads(before);
  }
});
