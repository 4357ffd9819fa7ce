/**
 * The cells of recurrent networks against their equations, written with ordinary ops.
 */
import type { Tensor } from "@chainrule/core";
import {
  grad,
  gruGates,
  gruGatesGradient,
  lstmGates,
  lstmGatesGradient,
  mul,
  randn,
  sub,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";

const [rows, width] = [3, 4];
const drawn = (columns: number): Tensor =>
  randn([rows, columns], { dtype: "float64" }).requiresGrad_();

function apart(a: Tensor, b: Tensor): number {
  return sub(a, b).abs().max().item();
}

describe("lstmGates", () => {
  const gates = drawn(4 * width);
  const cell = drawn(width);
  const [i, f, g, o] = gates.chunk(4, -1) as [Tensor, Tensor, Tensor, Tensor];
  const next = f.sigmoid().mul(cell).add(i.sigmoid().mul(g.tanh()));
  const hidden = o.sigmoid().mul(next.tanh());
  const found = lstmGates(gates, cell);

  test("is what its equations say", () => {
    expect(apart(found.cell, next)).toBeLessThan(1e-15);
    expect(apart(found.hidden, hidden)).toBeLessThan(1e-15);
    const all = [i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()];
    for (const [k, part] of found.activations.chunk(4, -1).entries())
      expect(apart(part, all[k]!)).toBeLessThan(1e-15);
  });

  test("has their gradients, and lstmGatesGradient is them", () => {
    const [hBar, cBar] = [drawn(width).detach(), drawn(width).detach()];
    const of = (h: Tensor, c: Tensor) =>
      grad([h, c], [gates, cell], { gradOutputs: [hBar, cBar], retainGraph: true });
    const expected = of(hidden, next);
    for (const [k, gradient] of of(found.hidden, found.cell).entries())
      expect(apart(gradient, expected[k]!)).toBeLessThan(1e-14);
    const direct = lstmGatesGradient(found.activations, cell, found.cell, hBar, cBar);
    expect(apart(direct.gates, expected[0]!)).toBeLessThan(1e-14);
    expect(apart(direct.cell, expected[1]!)).toBeLessThan(1e-14);
  });
});

describe("gruGates", () => {
  const [a, b] = [drawn(3 * width), drawn(3 * width)];
  const state = drawn(width);
  const [ar, az, an] = a.chunk(3, -1) as [Tensor, Tensor, Tensor];
  const [br, bz, bn] = b.chunk(3, -1) as [Tensor, Tensor, Tensor];
  const r = ar.add(br).sigmoid();
  const z = az.add(bz).sigmoid();
  const n = an.add(r.mul(bn)).tanh();
  const hidden = sub(1, z).mul(n).add(mul(z, state));
  const found = gruGates(a, b, state);

  test("is what its equations say", () => {
    expect(apart(found.hidden, hidden)).toBeLessThan(1e-15);
    for (const [k, part] of found.activations.chunk(3, -1).entries())
      expect(apart(part, [r, z, n][k]!)).toBeLessThan(1e-15);
  });

  test("has their gradients, and gruGatesGradient is them", () => {
    const hBar = drawn(width).detach();
    const of = (h: Tensor) => grad(h, [a, b, state], { gradOutputs: [hBar], retainGraph: true });
    const expected = of(hidden);
    for (const [k, gradient] of of(found.hidden).entries())
      expect(apart(gradient, expected[k]!)).toBeLessThan(1e-14);
    const direct = gruGatesGradient(found.activations, b, state, hBar);
    for (const [k, gradient] of [direct.inputGates, direct.stateGates, direct.hidden].entries())
      expect(apart(gradient, expected[k]!)).toBeLessThan(1e-14);
  });
});
