/**
 * NaN and infinity: finding them, and putting numbers in their place.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, toTensor } from "../creation.ts";
import { finfo } from "../dtype.ts";
import { ArgumentError, checkNumber, checkOptions } from "../errors.ts";
import type { Unary, UnaryWith } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { type Sample, within } from "../samples.ts";
import type { Tensor } from "../tensor.ts";
import { where } from "./selection.ts";

/** Numbers of every kind, so that the results differ from place to place. */
const someNotFinite: Sample = (draw) => {
  const x = draw.tensor(draw.shape(0, 3, 0), within(-3, 3), draw.pick(["float32", "float64"]));
  const strange = where(draw.mask(x.shape), draw.pick([Infinity, -Infinity]), Number.NaN);
  return [where(draw.mask(x.shape), strange.to(x.dtype), x)];
};

/**
 * Whether an element is NaN; as bool.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { isnan, tensor } from "@chainrule/core";
 * isnan(tensor([1, NaN, Infinity])); // → tensor([false, true, false], dtype=bool)
 */
export const isnan: Unary = pointwise({
  name: "isnan",
  operands: ["x"],
  formula: String.raw`y = \left[x \ne x\right]`,
  value: (s, x) => s.ne(x, x),
  result: "bool",
  samples: [{ args: [within(-3, 3)] }, someNotFinite],
  edges: [
    {
      note: "every kind of number",
      call: () => [tensor([Number.NaN, Infinity, -Infinity, 0])],
      result: [1, 0, 0, 0],
    },
  ],
});

/**
 * Whether an element is infinite, of either sign; as bool.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { isinf, tensor } from "@chainrule/core";
 * isinf(tensor([1, NaN, Infinity])); // → tensor([false, false, true], dtype=bool)
 */
export const isinf: Unary = pointwise({
  name: "isinf",
  operands: ["x"],
  value: (s, x) => s.eq(s.abs(x), s.constant(Number.POSITIVE_INFINITY)),
  result: "bool",
  samples: [{ args: [within(-3, 3)] }, someNotFinite],
  edges: [
    {
      note: "every kind of number",
      call: () => [tensor([Number.NaN, Infinity, -Infinity, 0])],
      result: [0, 1, 1, 0],
    },
  ],
});

/**
 * Whether an element is a number, neither infinite nor NaN; as bool.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { isfinite, tensor } from "@chainrule/core";
 * isfinite(tensor([1, NaN, Infinity])); // → tensor([true, false, false], dtype=bool)
 */
export const isfinite: Unary = pointwise({
  name: "isfinite",
  operands: ["x"],
  value: (s, x) => s.lt(s.abs(x), s.constant(Number.POSITIVE_INFINITY)),
  result: "bool",
  samples: [{ args: [within(-3, 3)] }, someNotFinite],
  edges: [
    {
      note: "every kind of number",
      call: () => [tensor([Number.NaN, Infinity, -Infinity, 0])],
      result: [0, 0, 0, 1],
    },
  ],
});

const replaced = pointwise({
  name: "nanToNum",
  operands: ["x"],
  parameters: { nan: 0, posinf: Number.MAX_VALUE, neginf: -Number.MAX_VALUE },
  facade: true,
  value: (s, x, p) => {
    const infinity = s.constant(Number.POSITIVE_INFINITY);
    const finite = s.where(s.eq(x, s.neg(infinity)), p.neginf, x);
    return s.where(s.ne(x, x), p.nan, s.where(s.eq(x, infinity), p.posinf, finite));
  },
  derivative: (s, x) => [
    s.where(s.lt(s.abs(x), s.constant(Number.POSITIVE_INFINITY)), s.one, s.zero),
  ],
  result: "same",
  samples: [
    { args: [within(-3, 3)] },
    (draw) => [draw.tensor(draw.shape(0, 3, 0)), { nan: 1, posinf: 2, neginf: -2 }],
  ],
  rejects: [
    {
      call: () => [tensor([1]), { posInf: 1 }],
      message: /nanToNum: unknown option "posInf". Known: nan, posinf, neginf/,
      type: ArgumentError,
    },
    {
      call: () => [tensor([1]), { nan: Number.NaN }],
      message: /nanToNum: nan must be a number, not NaN/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "the largest numbers of float32",
      call: () => [tensor([Number.NaN, Infinity, -Infinity, 1])],
      result: [0, finfo("float32").max, -finfo("float32").max, 1],
      gradients: [[0, 0, 0, 1]],
    },
    {
      note: "numbers that were chosen",
      call: () => [tensor([Number.NaN, Infinity, -Infinity]), { nan: 7, posinf: 8, neginf: 9 }],
      result: [7, 8, 9],
      gradients: [[0, 0, 0]],
    },
  ],
});

/** What {@link nanToNum} puts in the place of NaN and infinity. */
export interface NanToNumOptions {
  /** 0 unless given. */
  readonly nan?: number;
  /** The largest number of the type unless given. */
  readonly posinf?: number | null;
  /** The least number of the type unless given. */
  readonly neginf?: number | null;
}

function nanToNumOf(given: TensorLike, options: NanToNumOptions = {}): Tensor {
  const x = toTensor("nanToNum", given);
  checkOptions("nanToNum", options, ["nan", "posinf", "neginf"]);
  const max = finfo(x.dtype === "float64" ? "float64" : "float32").max;
  return replaced(x, {
    nan: checkNumber("nanToNum", "nan", options.nan ?? 0),
    posinf: checkNumber("nanToNum", "posinf", options.posinf ?? max),
    neginf: checkNumber("nanToNum", "neginf", options.neginf ?? -max),
  });
}

/**
 * x with numbers in the place of NaN (0), ∞ and −∞ (the largest and the least number of its type), or those given by
 * `{ nan, posinf, neginf }`. The gradient is 1 where x is finite, else 0.
 *
 * @throws {ArgumentError} for an unknown option, or NaN for one.
 * @example
 * import { nanToNum, tensor } from "@chainrule/core";
 * nanToNum(tensor([1, NaN, Infinity]), { posinf: 100 }); // → tensor([1, 0, 100])
 */
export const nanToNum: UnaryWith<NanToNumOptions> = Object.assign(nanToNumOf, {
  op: replaced.op,
});
