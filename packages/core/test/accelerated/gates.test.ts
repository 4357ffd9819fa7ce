/** The accelerated gates of long short-term memory against double precision. */
import type { Tensor } from "@chainrule/core";
import { lstmGates, lstmGatesGradient, setBackend, tensor } from "@chainrule/core";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";

afterEach(() => setBackend("auto"));

const rounding = 2 ** -24;

const shapes = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }));

function expectNear(given: Tensor, exact: Tensor, scale: number): void {
  const wanted = exact.toTypedArray();
  for (const [i, value] of given.toTypedArray().entries())
    expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(rounding * scale);
}

test("gates of rows of any width, and their gradient", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), ([rows, width], seed) => {
      const draw = draws(seed);
      const gates = draw.plain([rows, 4 * width], -4, 4);
      const [cell, hiddenBar, nextBar] = [0, 1, 2].map(() => draw.plain([rows, width], -2, 2)) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const wide = (x: Tensor): Tensor => x.to("float64");
      const given = onBackend("wasm", () => lstmGates(gates, cell));
      const exact = onBackend("reference", () => lstmGates(wide(gates), wide(cell)));
      // Gates are at most 1 and off by 6 roundings; a cell is at most 3, the sum of two products of such numbers.
      expectNear(given.activations, exact.activations, 6);
      expectNear(given.cell, exact.cell, 30);
      expectNear(given.hidden, exact.hidden, 40);
      const { activations, cell: next } = given;
      const operands = [activations, cell, next, hiddenBar, nextBar] as const;
      const gradient = onBackend("wasm", () => lstmGatesGradient(...operands));
      const [a, c, n, h, b] = operands.map(wide) as [Tensor, Tensor, Tensor, Tensor, Tensor];
      const wanted = onBackend("reference", () => lstmGatesGradient(a, c, n, h, b));
      // d is at most 4 and comes of ten roundings, in it tanh with 6 times 2; it is multiplied by at most 2.
      expectNear(gradient.gates, wanted.gates, 120);
      expectNear(gradient.cell, wanted.cell, 120);
    }),
    { numRuns: 30 },
  );
});

test("gates that are shut or wide open, infinities and NaN", () => {
  const numbers = [-800, 800, 0, -0, Infinity, -Infinity, Number.NaN, 1e-40];
  const gates = tensor(numbers.flatMap((x) => [x, x, x, x])).reshape([2, 16]);
  const cell = tensor([1, -1, Infinity, 0, 2, Number.NaN, 0.5, -0]).reshape([2, 4]);
  const given = onBackend("wasm", () => lstmGates(gates, cell));
  const wanted = onBackend("reference", () => lstmGates(gates, cell));
  for (const name of ["hidden", "cell", "activations"] as const) {
    const exact = wanted[name].toTypedArray();
    for (const [i, value] of given[name].toTypedArray().entries()) {
      if (Number.isFinite(exact[i]!)) expect(Math.abs(value - exact[i]!)).toBeLessThan(1e-6);
      else expect(value).toBe(exact[i]);
    }
  }
});
