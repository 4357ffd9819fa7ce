/**
 * Logic on truth values, element by element. Anything but 0 counts as true, NaN too. No derivatives.
 */
import { tensor } from "../creation.ts";
import type { Binary, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

const zeroOrOne = within(0, 1, { whole: true });

/** Every pair of truth values, for the edge rows: NaN is true, −0 is false. */
const pairs = () => [tensor([Number.NaN, 1, -0, 0]), tensor([2, 0, -1, -0])];

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
  edges: [
    { note: "NaN is true, zeros of both signs are false", call: pairs, result: [1, 0, 0, 0] },
  ],
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
  edges: [
    { note: "NaN is true, zeros of both signs are false", call: pairs, result: [1, 1, 1, 0] },
  ],
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
  edges: [
    { note: "NaN is true, zeros of both signs are false", call: pairs, result: [0, 1, 1, 0] },
  ],
});

/**
 * Whether an element is false, that is 0; as bool.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
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
  edges: [
    {
      note: "NaN is true, zeros of both signs are false",
      call: () => [tensor([Number.NaN, 1, -0])],
      result: [0, 0, 1],
    },
  ],
});
