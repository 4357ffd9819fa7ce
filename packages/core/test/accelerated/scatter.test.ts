/** Numbers added at places by kernels: the bits of the plain loops. */
import type { Tensor } from "@chainrule/core";
import {
  gather,
  indexAdd,
  indexPut,
  scatterAdd,
  setAt,
  setBackend,
  setThreads,
  take,
  tensor,
  zeros,
} from "@chainrule/core";
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

test("rows added at places, of views, with special numbers", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), (shape, seed) => {
      const draw = draws(seed);
      const x = draw.view(shape);
      const dim = draw.integer(shape.length);
      const rows = 1 + draw.integer(12);
      const wanted = shape.map((length, i) => (i === dim ? rows : length));
      const source = draw.view(wanted);
      const index = indexOf([rows], shape[dim]!, seed + 1);
      expectSame(() => indexAdd(x, dim, index, source));
      const places = indexOf([2, rows], shape[0]!, seed + 2);
      const values = draw.view([2, rows, ...shape.slice(1)]);
      expectSame(() => indexPut(x, [places], values, { accumulate: true }));
    }),
    { numRuns: 150 },
  );
});

test("rows and numbers added to a part of a tensor that does not lie in one piece", () => {
  const draw = draws(7);
  const rows = indexOf([12], 4, 8);
  const columns = indexOf([12], 5, 9);
  const [ofRows, ofNumbers] = [draw.plain([12, 5]), draw.plain([12])];
  for (const part of [
    (x: Tensor) => x.narrow(1, 1, 5),
    (x: Tensor) => x.narrow(0, 2, 4).narrow(1, 0, 5),
    (x: Tensor) => x.t().narrow(0, 3, 4).narrow(1, 1, 5),
  ]) {
    for (const [items, values] of [
      [[rows], ofRows],
      [[rows, columns], ofNumbers],
    ] as const) {
      expectSame(() => {
        const x = zeros([7, 7]);
        setAt(part(x).narrow(0, 0, 4), items, values, { accumulate: true });
        return x;
      });
    }
  }
});

test("many rows, with the same bits for any number of threads", () => {
  const draw = draws(5);
  for (const [rows, width, added] of [
    [3000, 64, 20_000],
    [40_000, 7, 3000],
    [2, 1001, 900],
  ] as const) {
    const x = draw.plain([rows, width]).clone();
    const source = draw.plain([added, width]).clone();
    const index = indexOf([added], rows, 6);
    expectSame(() => indexAdd(x, 0, index, source), [1, 2]);
  }
});
