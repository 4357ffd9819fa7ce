/** Numbers added at places by kernels: the bits of the plain loops. */
import type { Tensor } from "@chainrule/core";
import { gather, scatterAdd, setBackend, setThreads, take, tensor } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";

afterEach(() => setBackend("auto"));

/** Numbers of `compute` on each backend are the same, with any number of threads. */
function expectSame(compute: () => Tensor, counts: readonly number[] = [1]): void {
  const wanted = onBackend("reference", compute).toTypedArray();
  const before = setThreads(1);
  for (const threads of counts) {
    setThreads(threads);
    const given = onBackend("wasm", compute).toTypedArray();
    let at = 0;
    while (at < wanted.length && Object.is(given[at], wanted[at])) at++;
    if (at < wanted.length) expect(given[at], `element ${at}`).toBe(wanted[at]);
  }
  setThreads(before);
}

function indexOf(shape: readonly number[], length: number, seed: number): Tensor {
  const draw = draws(seed);
  const count = shape.reduce((product, n) => product * n, 1);
  const places = Array.from({ length: count }, () => draw.integer(length));
  return tensor(places, { dtype: "int32" }).reshape([...shape]);
}

const shapes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });

test("sums at an index along any dimension, of views, with special numbers", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), (shape, seed) => {
      const draw = draws(seed);
      const x = draw.view(shape);
      const dim = draw.integer(shape.length);
      const lines = 1 + draw.integer(12);
      // An index that is shorter elsewhere, too, is left to plain loops.
      const wanted = shape.map((length, i) => (i === dim ? lines : length));
      if (draw.integer(4) === 0) wanted[draw.integer(wanted.length)] = 1;
      const source = draw.view(wanted.map((length) => length + draw.integer(2)));
      const index = indexOf(wanted, shape[dim]!, seed + 1);
      expectSame(() => scatterAdd(x, dim, index, source));
    }),
    { numRuns: 150 },
  );
});

test("gradients of what is gathered and taken", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), (shape, seed) => {
      const draw = draws(seed);
      const dim = draw.integer(shape.length);
      const x = draw.plain(shape);
      const lines = shape.map((length, i) => (i === dim ? 1 + draw.integer(12) : length));
      const index = indexOf(lines, shape[dim]!, seed);
      const cotangent = draw.plain(lines);
      const flat = indexOf([1 + draw.integer(40)], x.numel(), seed + 2);
      expectSame(() => {
        const leaf = x.detach().requiresGrad_();
        gather(leaf, dim, index).backward(cotangent);
        take(leaf, flat).square().sum().backward();
        return leaf.grad!;
      });
    }),
    { numRuns: 60 },
  );
});

test("many numbers, with the same bits for any number of threads", () => {
  const draw = draws(3);
  for (const [shape, dim, lines] of [
    [[5000], 0, 40_000],
    [[30, 700], 0, 90],
    [[30, 700], 1, 900],
    [[12, 20, 300], 1, 50],
    [[70_000], 0, 20_000],
  ] as const) {
    const x = draw.plain(shape).clone();
    const wanted = shape.map((length, i) => (i === dim ? lines : length));
    const source = draw.plain(wanted).clone();
    const index = indexOf(wanted, shape[dim]!, 4);
    expectSame(() => scatterAdd(x, dim, index, source), [1, 2]);
  }
});
