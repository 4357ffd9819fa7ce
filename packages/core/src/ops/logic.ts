/**
 * Logic on truth values, element by element. Anything but 0 counts as true, NaN too. No derivatives.
 */
import type { Binary, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

const zeroOrOne = within(0, 1, { whole: true });

/**
 * Whether both are true; as bool.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { logicalAnd, tensor } from "@chainrule/core";
 * logicalAnd(tensor([true, true]), tensor([true, false])); // → tensor([true, false], dtype=bool)
 */
export const logicalAnd: Binary = pointwise({
  name: "logicalAnd",
  operands: ["a", "b"],
  value: (s, a, b) => s.logicalAnd(a, b),
  result: "bool",
  samples: [{ args: [zeroOrOne, zeroOrOne] }],
});

/**
 * Whether one is true, or both; as bool.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { logicalOr, tensor } from "@chainrule/core";
 * logicalOr(tensor([true, false]), tensor([false, false])); // → tensor([true, false], dtype=bool)
 */
export const logicalOr: Binary = pointwise({
  name: "logicalOr",
  operands: ["a", "b"],
  value: (s, a, b) => s.logicalOr(a, b),
  result: "bool",
  samples: [{ args: [zeroOrOne, zeroOrOne] }],
});

/**
 * Whether exactly one is true; as bool.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { logicalXor, tensor } from "@chainrule/core";
 * logicalXor(tensor([true, true]), tensor([true, false])); // → tensor([false, true], dtype=bool)
 */
export const logicalXor: Binary = pointwise({
  name: "logicalXor",
  operands: ["a", "b"],
  value: (s, a, b) => s.logicalXor(a, b),
  result: "bool",
  samples: [{ args: [zeroOrOne, zeroOrOne] }],
});

/**
 * Whether an element is false, that is 0; as bool.
 *
 * @example
 * import { logicalNot, tensor } from "@chainrule/core";
 * logicalNot(tensor([0, 2])); // → tensor([true, false], dtype=bool)
 */
export const logicalNot: Unary = pointwise({
  name: "logicalNot",
  operands: ["x"],
  value: (s, x) => s.logicalNot(x),
  result: "bool",
  samples: [{ args: [zeroOrOne] }],
});
