/**
 * Choosing between numbers.
 */
import { tensor, zeros } from "../creation.ts";
import { DTypeError } from "../errors.ts";
import type { Binary, Ternary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

const anywhere = within(-3, 3);

/**
 * The larger of two, element by element; NaN if either is. Operands broadcast. Where they are equal, each gets half of the
 * gradient; where either is NaN both get all of it, so that nothing is hidden.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { maximum, tensor } from "@chainrule/core";
 * maximum(tensor([1, 5]), tensor([3, 2])); // → tensor([3, 5])
 */
export const maximum: Binary = pointwise({
  name: "maximum",
  operands: ["a", "b"],
  value: (s, a, b) => s.maximum(a, b),
  derivative: (s, a, b) => [
    s.where(s.lt(a, b), s.zero, s.where(s.eq(a, b), s.constant(0.5), s.one)),
    s.where(s.gt(a, b), s.zero, s.where(s.eq(a, b), s.constant(0.5), s.one)),
  ],
  result: "same",
  samples: [{ args: [anywhere, anywhere] }],
  edges: [
    {
      note: "ties share; NaN wins",
      call: () => [tensor([1, 2, Number.NaN]), tensor([1, 3, 0])],
      result: [1, 3, Number.NaN],
      gradients: [
        [0.5, 0, 1],
        [0.5, 1, 1],
      ],
    },
  ],
});

/**
 * The smaller of two, element by element; NaN if either is. Operands broadcast. Where they are equal, each gets half of the
 * gradient; where either is NaN both get all of it, so that nothing is hidden.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { minimum, tensor } from "@chainrule/core";
 * minimum(tensor([1, 5]), tensor([3, 2])); // → tensor([1, 2])
 */
export const minimum: Binary = pointwise({
  name: "minimum",
  operands: ["a", "b"],
  value: (s, a, b) => s.minimum(a, b),
  derivative: (s, a, b) => [
    s.where(s.gt(a, b), s.zero, s.where(s.eq(a, b), s.constant(0.5), s.one)),
    s.where(s.lt(a, b), s.zero, s.where(s.eq(a, b), s.constant(0.5), s.one)),
  ],
  result: "same",
  samples: [{ args: [anywhere, anywhere] }],
  edges: [
    {
      note: "ties share; NaN wins",
      call: () => [tensor([1, 2, Number.NaN]), tensor([1, 3, 0])],
      result: [1, 2, Number.NaN],
      gradients: [
        [0.5, 1, 1],
        [0.5, 0, 1],
      ],
    },
  ],
});

/**
 * The larger of two, element by element, where a number wins over NaN. Operands broadcast. The gradient goes to the one that
 * was taken, to a where they are equal.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { fmax, tensor } from "@chainrule/core";
 * fmax(tensor([1, NaN]), tensor([3, 2])); // → tensor([3, 2])
 */
export const fmax: Binary = pointwise({
  name: "fmax",
  operands: ["a", "b"],
  formula: String.raw`y = \max\left(a, b\right)`,
  value: (s, a, b) => s.where(s.ne(a, a), b, s.where(s.ne(b, b), a, s.maximum(a, b))),
  derivative: (s, a, b) => {
    const isA = s.logicalOr(s.ge(a, b), s.ne(b, b));
    return [s.where(isA, s.one, s.zero), s.where(isA, s.zero, s.one)];
  },
  result: "same",
  samples: [{ args: [anywhere, anywhere] }],
  edges: [
    {
      note: "numbers win over NaN, the first over its equal",
      call: () => [tensor([Number.NaN, 1, Number.NaN, 2]), tensor([1, Number.NaN, Number.NaN, 2])],
      result: [1, 1, Number.NaN, 2],
      gradients: [
        [0, 1, 1, 1],
        [1, 0, 0, 0],
      ],
    },
  ],
});

/**
 * The smaller of two, element by element, where a number wins over NaN. Operands broadcast. The gradient goes to the one
 * that was taken, to a where they are equal.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { fmin, tensor } from "@chainrule/core";
 * fmin(tensor([1, NaN]), tensor([3, 2])); // → tensor([1, 2])
 */
export const fmin: Binary = pointwise({
  name: "fmin",
  operands: ["a", "b"],
  formula: String.raw`y = \min\left(a, b\right)`,
  value: (s, a, b) => s.where(s.ne(a, a), b, s.where(s.ne(b, b), a, s.minimum(a, b))),
  derivative: (s, a, b) => {
    const isA = s.logicalOr(s.le(a, b), s.ne(b, b));
    return [s.where(isA, s.one, s.zero), s.where(isA, s.zero, s.one)];
  },
  result: "same",
  samples: [{ args: [anywhere, anywhere] }],
  edges: [
    {
      note: "numbers win over NaN, the first over its equal",
      call: () => [tensor([Number.NaN, 1, Number.NaN, 2]), tensor([1, Number.NaN, Number.NaN, 2])],
      result: [1, 1, Number.NaN, 2],
      gradients: [
        [0, 1, 1, 1],
        [1, 0, 0, 0],
      ],
    },
  ],
});

/**
 * a where the condition is true, else b, element by element; all three broadcast. The gradient goes to the one that was
 * taken, exactly 0 to the other, whatever infinities it holds. As a method: `a.where(condition, b)`.
 *
 * An infinite slope in what is not taken still makes NaN on the way back, as 0·∞: `where(x.gt(0), x.log(), 0)` at x = 0.
 * Choose before the logarithm, too: `where(x.gt(0), where(x.gt(0), x, 1).log(), 0)`.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {DTypeError} when the condition is not bool.
 * @example
 * import { tensor, where } from "@chainrule/core";
 * where(tensor([true, false]), tensor([1, 2]), 0); // → tensor([1, 0])
 */
export const where: Ternary = pointwise({
  name: "where",
  operands: ["condition", "a", "b"],
  value: (s, condition, a, b) => s.where(condition, a, b),
  derivative: (s, condition) => [
    s.zero,
    s.where(condition, s.one, s.zero),
    s.where(condition, s.zero, s.one),
  ],
  result: "same",
  condition: true,
  check: ([condition]) => {
    if (condition!.dtype === "bool") return;
    throw new DTypeError(
      `where: the condition must be bool, not ${condition!.dtype}. Compare: x.ne(0).`,
      { dtype: condition!.dtype },
    );
  },
  samples: [{ args: [anywhere, anywhere] }],
  rejects: [
    {
      call: () => [zeros([2]), zeros([2]), 1],
      message: /where: the condition must be bool, not float32\. Compare: x\.ne\(0\)/,
      type: DTypeError,
    },
  ],
  edges: [
    {
      note: "what is not taken does not count, infinite or not",
      call: () => [tensor([true, false]), tensor([1, Infinity]), tensor([Number.NaN, 2])],
      result: [1, 2],
      gradients: [null, [1, 0], [0, 1]],
    },
  ],
});
