/**
 * Comparisons: true and false, element by element. They have no derivative, and NaN equals nothing.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, toTensor } from "../creation.ts";
import { ArgumentError, checkBoolean, checkNumber, checkOptions } from "../errors.ts";
import type { Binary, BinaryWith } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";
import { sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const few = within(-2, 2, { whole: true });

/** Pairs of numbers of every kind, for the edge rows. */
const pairs = () => [
  tensor([1, 1, Number.NaN, Infinity, 0]),
  tensor([1, 2, Number.NaN, -Infinity, -0]),
];

/**
 * a = b, element by element; as bool. Operands broadcast.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { eq, tensor } from "@chainrule/core";
 * eq(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([false, true, false], dtype=bool)
 */
export const eq: Binary = pointwise({
  name: "eq",
  operands: ["a", "b"],
  value: (s, a, b) => s.eq(a, b),
  result: "bool",
  samples: [{ args: [few, few] }],
  edges: [{ note: "NaN, infinities, zeros of both signs", call: pairs, result: [1, 0, 0, 0, 1] }],
});

/**
 * a ≠ b, element by element; as bool. Operands broadcast.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { ne, tensor } from "@chainrule/core";
 * ne(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([true, false, true], dtype=bool)
 */
export const ne: Binary = pointwise({
  name: "ne",
  operands: ["a", "b"],
  value: (s, a, b) => s.ne(a, b),
  result: "bool",
  samples: [{ args: [few, few] }],
  edges: [{ note: "NaN, infinities, zeros of both signs", call: pairs, result: [0, 1, 1, 1, 0] }],
});

/**
 * a < b, element by element; as bool. Operands broadcast.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { lt, tensor } from "@chainrule/core";
 * lt(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([true, false, false], dtype=bool)
 */
export const lt: Binary = pointwise({
  name: "lt",
  operands: ["a", "b"],
  value: (s, a, b) => s.lt(a, b),
  result: "bool",
  samples: [{ args: [few, few] }],
  edges: [{ note: "NaN, infinities, zeros of both signs", call: pairs, result: [0, 1, 0, 0, 0] }],
});

/**
 * a ≤ b, element by element; as bool. Operands broadcast.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { le, tensor } from "@chainrule/core";
 * le(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([true, true, false], dtype=bool)
 */
export const le: Binary = pointwise({
  name: "le",
  operands: ["a", "b"],
  value: (s, a, b) => s.le(a, b),
  result: "bool",
  samples: [{ args: [few, few] }],
  edges: [{ note: "NaN, infinities, zeros of both signs", call: pairs, result: [1, 1, 0, 0, 1] }],
});

/**
 * a > b, element by element; as bool. Operands broadcast.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { gt, tensor } from "@chainrule/core";
 * gt(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([false, false, true], dtype=bool)
 */
export const gt: Binary = pointwise({
  name: "gt",
  operands: ["a", "b"],
  value: (s, a, b) => s.gt(a, b),
  result: "bool",
  samples: [{ args: [few, few] }],
  edges: [{ note: "NaN, infinities, zeros of both signs", call: pairs, result: [0, 0, 0, 1, 0] }],
});

/**
 * a ≥ b, element by element; as bool. Operands broadcast.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { ge, tensor } from "@chainrule/core";
 * ge(tensor([1, 2, 3]), tensor([2, 2, 2])); // → tensor([false, true, true], dtype=bool)
 */
export const ge: Binary = pointwise({
  name: "ge",
  operands: ["a", "b"],
  value: (s, a, b) => s.ge(a, b),
  result: "bool",
  samples: [{ args: [few, few] }],
  edges: [{ note: "NaN, infinities, zeros of both signs", call: pairs, result: [1, 0, 0, 1, 1] }],
});

const closeness = pointwise({
  name: "isclose",
  operands: ["a", "b"],
  parameters: { rtol: 1e-5, atol: 1e-8, nans: 0 },
  formula: String.raw`y = \left[\left| a - b \right| \le \mathrm{atol} + \mathrm{rtol} \cdot \left| b \right|\right]`,
  value: (s, a, b, p) => {
    const gap = s.abs(s.sub(a, b));
    const isNear = s.logicalAnd(
      s.lt(gap, s.constant(Number.POSITIVE_INFINITY)),
      s.le(gap, s.add(p.atol, s.mul(p.rtol, s.abs(b)))),
    );
    const bothNaN = s.logicalAnd(p.nans, s.logicalAnd(s.ne(a, a), s.ne(b, b)));
    return s.logicalOr(s.eq(a, b), s.logicalOr(isNear, bothNaN));
  },
  result: "bool",
  facade: true,
  samples: [
    { args: [few, few] },
    (draw) => [draw.tensor([3]), draw.tensor([3]), { atol: 1, equalNan: draw.boolean() }],
  ],
  rejects: [
    {
      call: () => [1, 2, { rtol: -1 }],
      message: /isclose: rtol and atol must be at least 0, not -1 and 1e-8/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "infinities equal themselves, NaN only if asked for",
      call: pairs,
      result: [1, 0, 0, 0, 1],
    },
    {
      note: "at the border; NaN equal to NaN",
      call: () => [
        tensor([1.25, 1.5, Number.NaN, Infinity]),
        tensor([1, 1, Number.NaN, Infinity]),
        { rtol: 0, atol: 0.25, equalNan: true },
      ],
      result: [1, 0, 1, 1],
    },
  ],
});

/** How near numbers must be for {@link isclose} and {@link allclose}. */
export interface ClosenessOptions {
  /** Relative to b; 1e-5 unless given. */
  readonly rtol?: number;
  /** 1e-8 unless given. */
  readonly atol?: number;
  /** Whether NaN is close to NaN; not unless given. */
  readonly equalNan?: boolean;
}

function iscloseOf(a: TensorLike, b: TensorLike, options: ClosenessOptions = {}): Tensor {
  checkOptions("isclose", options, ["rtol", "atol", "equalNan"]);
  const rtol = checkNumber("isclose", "rtol", options.rtol ?? 1e-5);
  const atol = checkNumber("isclose", "atol", options.atol ?? 1e-8);
  if (rtol < 0 || atol < 0) {
    throw new ArgumentError(`isclose: rtol and atol must be at least 0, not ${rtol} and ${atol}.`, {
      rtol,
      atol,
    });
  }
  const nans = checkBoolean("isclose", "equalNan", options.equalNan, false) ? 1 : 0;
  return closeness(a, b, { rtol, atol, nans });
}

/**
 * Whether |a − b| ≤ atol + rtol·|b|, element by element; as bool. Operands broadcast. Infinities are close to themselves
 * only; NaN to nothing, or with `{ equalNan: true }` to NaN.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {ArgumentError} for an unknown option, or a negative tolerance.
 * @example
 * import { isclose, tensor } from "@chainrule/core";
 * isclose(tensor([1, 2]), tensor([1.000001, 2.1])); // → tensor([true, false], dtype=bool)
 */
export const isclose: BinaryWith<ClosenessOptions> = Object.assign(iscloseOf, {
  op: closeness.op,
});

/**
 * Whether all elements are close, as {@link isclose} has it; a boolean.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {ArgumentError} for an unknown option, or a negative tolerance.
 * @example
 * import { allclose, tensor } from "@chainrule/core";
 * allclose(tensor([1, 2]), tensor([1.000001, 2])); // → true
 */
export function allclose(a: TensorLike, b: TensorLike, options?: ClosenessOptions): boolean {
  for (const value of isclose(a, b, options).toTypedArray()) if (value === 0) return false;
  return true;
}

/**
 * Whether two tensors have the same shape and the same numbers, of whatever type; a boolean. NaN equals nothing.
 *
 * @example
 * import { equal, tensor } from "@chainrule/core";
 * equal(tensor([1, 2]), tensor([1, 2])); // → true
 * equal(tensor([1, 2]), tensor([[1, 2]])); // → false
 */
export function equal(a: TensorLike, b: TensorLike): boolean {
  const [x, y] = [toTensor("equal", a), toTensor("equal", b)];
  if (!sameShape(x.shape, y.shape)) return false;
  const [left, right] = [x.toTypedArray(), y.toTypedArray()];
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
