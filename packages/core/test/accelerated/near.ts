/** Comparing accelerated kernels with double precision. */
import type { Tensor } from "@chainrule/core";
import { expect } from "vitest";
import { draws, onBackend } from "./backends.ts";

/** Half the distance of float32 numbers around 1: what a rounding may change a number by, as a share of it. */
export const rounding = 2 ** -24;

/** A result and the gradients of its operands. */
export function withGradients(
  compute: (...operands: Tensor[]) => Tensor,
  operands: readonly Tensor[],
  cotangent: (shape: readonly number[]) => Tensor,
): number[][] {
  const leaves = operands.map((x) => x.detach().requiresGrad_());
  const result = compute(...leaves);
  result.backward(cotangent(result.shape).to(result.dtype));
  return [result, ...leaves.map((leaf) => leaf.grad!)].map((x) => Array.from(x.toTypedArray()));
}

/**
 * Compares with double precision: `allowed` is how many roundings of the number itself, and how many of numbers of
 * magnitude `scale`, an element may be off by.
 */
export function expectNear(
  compute: (...operands: Tensor[]) => Tensor,
  operands: readonly Tensor[],
  seed: number,
  allowed: { readonly own: number; readonly common: number; readonly scale: number },
): void {
  const cotangent = (shape: readonly number[]) => draws(seed).plain(shape);
  const wide = operands.map((x) => x.to("float64"));
  const wanted = onBackend("reference", () => withGradients(compute, wide, cotangent));
  const given = onBackend("wasm", () => withGradients(compute, operands, cotangent));
  for (const [i, numbers] of wanted.entries()) {
    expect(given[i]).toHaveLength(numbers.length);
    for (const [at, exact] of numbers.entries()) {
      const value = given[i]![at]!;
      const own = allowed.own * Math.abs(exact);
      const bound = rounding * (own + allowed.common * allowed.scale) + 2 ** -140;
      if (!(Object.is(value, exact) || Math.abs(value - exact) <= bound))
        expect(value, `result ${i}, element ${at}, within ${bound}`).toBe(exact);
    }
  }
}
