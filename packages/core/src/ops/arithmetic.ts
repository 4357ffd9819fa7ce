/**
 * Sums, products and their kin, element by element with broadcasting.
 */

import type { Binary, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

const anywhere = within(-3, 3);

/**
 * a + b, element by element. Operands broadcast; int32 and bool give int32.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { add, tensor } from "@chainrule/core";
 * add(tensor([1, 2]), 10); // → tensor([11, 12])
 */
export const add: Binary = pointwise({
  name: "add",
  operands: ["a", "b"],
  value: (s, a, b) => s.add(a, b),
  derivative: (s) => [s.one, s.one],
  result: "same",
  samples: [{ args: [anywhere, anywhere] }],
});

/**
 * a − b, element by element. Operands broadcast; int32 and bool give int32.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 */
export const sub: Binary = pointwise({
  name: "sub",
  operands: ["a", "b"],
  value: (s, a, b) => s.sub(a, b),
  derivative: (s) => [s.one, s.constant(-1)],
  result: "same",
  samples: [{ args: [anywhere, anywhere] }],
});

/**
 * a · b, element by element (the Hadamard product). Operands broadcast; int32 and bool give int32.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 */
export const mul: Binary = pointwise({
  name: "mul",
  operands: ["a", "b"],
  value: (s, a, b) => s.mul(a, b),
  derivative: (_s, a, b) => [b, a],
  result: "same",
  samples: [{ args: [anywhere, anywhere] }],
});

/** −x, element by element. */
export const neg: Unary = pointwise({
  name: "neg",
  operands: ["x"],
  value: (s, x) => s.neg(x),
  derivative: (s) => [s.constant(-1)],
  result: "same",
  samples: [{ args: [anywhere] }],
});
