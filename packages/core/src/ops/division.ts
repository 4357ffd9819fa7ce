/**
 * Division, quotients rounded to whole numbers, and remainders.
 */
import type { TensorLike } from "../creation.ts";
import { tensor } from "../creation.ts";
import type { DType } from "../dtype.ts";
import { ArgumentError, checkOptions, quoted } from "../errors.ts";
import { checking } from "../graph/capture.ts";
import type { Binary, BinaryWith, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import type { Rejection } from "../samples.ts";
import { within } from "../samples.ts";
import type { Tensor } from "../tensor.ts";

const divisor = within(-3, 3, { avoid: [0], margin: 0.3 });

/** Whole numbers have no infinity to give where the divisor is 0. */
function refuseWholeByZero(where: string) {
  return ([, b]: readonly Tensor[], dtype: DType): void => {
    if (dtype !== "int32") return;
    checking([b!], ([divisors]) => {
      let zeros = 0;
      for (const value of divisors!.toTypedArray()) if (value === 0) zeros++;
      if (zeros === 0) return;
      throw new ArgumentError(
        `${where}: ${zeros} of ${b!.numel()} whole divisors are 0. Convert one operand: x.to("float32") divides to infinity or NaN.`,
        { zeros },
      );
    });
  };
}

function wholeByZero(where: string, ...options: readonly unknown[]): Rejection {
  return {
    call: () => [
      tensor([1, 2], { dtype: "int32" }),
      tensor([0, 1], { dtype: "int32" }),
      ...options,
    ],
    message: new RegExp(`${where}: 1 of 2 whole divisors are 0`),
    type: ArgumentError,
  };
}

const quotient = pointwise({
  name: "div",
  operands: ["a", "b"],
  value: (s, a, b) => s.div(a, b),
  derivative: (s, _a, b, y) => [s.div(s.one, b), s.neg(s.div(y, b))],
  samples: [
    { args: [within(-3, 3), divisor] },
    (draw) => [
      draw.tensor(draw.shape(0, 3, 0), within(0.6, 0.9)),
      draw.pick([0.25, -0.5]),
      { roundingMode: draw.pick(["trunc", "floor"]) },
    ],
  ],
  rejects: [
    {
      call: () => [1, 2, { roundingMode: "round" }],
      message: /div: roundingMode must be "trunc", "floor" or left out, not "round"/,
      type: ArgumentError,
    },
    wholeByZero("div", { roundingMode: "trunc" }),
  ],
  edges: [
    {
      note: "by zeros of either sign",
      call: () => [tensor([1, -1, 0, 1]), tensor([0, 0, 0, -0])],
      result: [Infinity, -Infinity, Number.NaN, -Infinity],
      gradients: [
        [Infinity, Infinity, Infinity, -Infinity],
        [-Infinity, Infinity, Number.NaN, -Infinity],
      ],
    },
  ],
});

const truncatedQuotient = pointwise({
  name: "div",
  operands: ["a", "b"],
  value: (s, a, b) => s.trunc(s.div(a, b)),
  derivative: (s) => [s.zero, s.zero],
  result: "same",
  check: refuseWholeByZero("div"),
  samples: [],
});

/** How {@link div} rounds. */
export interface DivOptions {
  /** Towards zero, downwards, or not at all (the default). */
  readonly roundingMode?: "trunc" | "floor" | null;
}

function divOf(a: TensorLike, b: TensorLike, options?: DivOptions): Tensor {
  if (options === undefined) return quotient(a, b);
  checkOptions("div", options, ["roundingMode"]);
  const { roundingMode } = options;
  switch (roundingMode) {
    case undefined:
    case null:
      return quotient(a, b);
    case "trunc":
      return truncatedQuotient(a, b);
    case "floor":
      return floorDivide(a, b);
    default:
      throw new ArgumentError(
        `div: roundingMode must be "trunc", "floor" or left out, not ${quoted(roundingMode)}.`,
        { roundingMode },
      );
  }
}

/**
 * a / b, element by element; operands broadcast. Whole numbers become floating, unless the quotient is rounded: with
 * `{ roundingMode: "trunc" }` towards zero, with `{ roundingMode: "floor" }` downwards, as {@link floorDivide}. A rounded
 * quotient has gradients of 0.
 *
 * Division by 0 gives an infinity, or NaN for 0/0; a rounded quotient of whole numbers refuses it.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {ArgumentError} for an unknown rounding mode, and for whole divisors of 0.
 * @example
 * import { div, tensor } from "@chainrule/core";
 * div(tensor([1, 6]), tensor([2, 3])); // → tensor([0.5, 2.0])
 * div(tensor([-7]), 2, { roundingMode: "trunc" }); // → tensor([-3])
 */
export const div: BinaryWith<DivOptions> = Object.assign(divOf, { op: quotient.op });

/**
 * 1/x, element by element; whole numbers become floating.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { reciprocal, tensor } from "@chainrule/core";
 * reciprocal(tensor([4, -2])); // → tensor([0.25, -0.50])
 */
export const reciprocal: Unary = pointwise({
  name: "reciprocal",
  operands: ["x"],
  value: (s, x) => s.div(s.one, x),
  derivative: (s, _x, y) => [s.neg(s.square(y))],
  samples: [{ args: [divisor] }],
  edges: [
    {
      note: "at zeros and infinities",
      call: () => [tensor([0, -0, Infinity, -Infinity])],
      result: [Infinity, -Infinity, 0, -0],
      gradients: [[-Infinity, -Infinity, -0, -0]],
    },
  ],
});

/**
 * ⌊a/b⌋, element by element; operands broadcast, and whole numbers stay whole. As Python's `//`: exact where the floating
 * quotient would round up to a whole number, so that a = b·floorDivide(a, b) + remainder(a, b). The gradients are 0.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {ArgumentError} for whole divisors of 0.
 * @example
 * import { floorDivide, tensor } from "@chainrule/core";
 * floorDivide(tensor([7, -7]), 2); // → tensor([3, -4])
 */
export const floorDivide: Binary = pointwise({
  name: "floorDivide",
  operands: ["a", "b"],
  value: (s, a, b) => s.floorDivide(a, b),
  derivative: (s) => [s.zero, s.zero],
  result: "same",
  check: refuseWholeByZero("floorDivide"),
  samples: [
    { args: [within(0.2, 0.8), within(1, 2)] },
    { args: [within(-0.8, -0.2), within(1, 2)] },
  ],
  rejects: [wholeByZero("floorDivide")],
  edges: [
    {
      note: "towards −∞, also where signs differ",
      call: () => [tensor([7, 6, -7]), tensor([2, -3, 2])],
      result: [3, -2, -4],
    },
    {
      note: "downwards for all signs; 1 // 0.1 is 9, as 0.1 is a little more than a tenth; by zero; the sign of a zero",
      call: () => [
        tensor([7, -7, 7, -7, 1, 1, -0.5], { dtype: "float64" }),
        tensor([2, 2, -2, -2, 0.1, 0, -2], { dtype: "float64" }),
      ],
      result: [3, -4, -4, 3, 9, Infinity, 0],
      gradients: [
        [0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
      ],
    },
    {
      note: "whole numbers",
      call: () => [tensor([7, -7], { dtype: "int32" }), tensor([2, 2], { dtype: "int32" })],
      result: [3, -4],
    },
  ],
});

/**
 * The remainder of a/b with the sign of a, as C's `fmod`: a − b·trunc(a/b). Operands broadcast, and whole numbers stay
 * whole. The gradient of b is −trunc(a/b). NaN where b is 0 or a is infinite.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {ArgumentError} for whole divisors of 0.
 * @example
 * import { fmod, tensor } from "@chainrule/core";
 * fmod(tensor([5, -5]), tensor([3, 3])); // → tensor([2, -2])
 */
export const fmod: Binary = pointwise({
  name: "fmod",
  operands: ["a", "b"],
  value: (s, a, b) => s.fmod(a, b),
  derivative: (s, a, b) => [s.one, s.neg(s.trunc(s.div(a, b)))],
  result: "same",
  check: refuseWholeByZero("fmod"),
  samples: [
    { args: [within(0.2, 0.8), within(1, 2)] },
    { args: [within(-2.8, -2.2), within(0.95, 1.05)] },
  ],
  rejects: [wholeByZero("fmod")],
  edges: [
    {
      note: "the sign of the dividend; NaN by zero and for an infinite dividend",
      call: () => [tensor([5.5, -5.5, 5.5, -5.5, 1, Infinity]), tensor([3, 3, -3, -3, 0, 1])],
      result: [2.5, -2.5, 2.5, -2.5, Number.NaN, Number.NaN],
    },
  ],
});

/**
 * The remainder of a/b with the sign of b, as Python's `%`: a − b·⌊a/b⌋. Operands broadcast, and whole numbers stay whole.
 * The gradient of b is −⌊a/b⌋. NaN where b is 0 or a is infinite.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {ArgumentError} for whole divisors of 0.
 * @example
 * import { remainder, tensor } from "@chainrule/core";
 * remainder(tensor([5, -5]), tensor([3, 3])); // → tensor([2, 1])
 */
export const remainder: Binary = pointwise({
  name: "remainder",
  operands: ["a", "b"],
  value: (s, a, b) => s.remainder(a, b),
  derivative: (s, a, b) => [s.one, s.neg(s.floorDivide(a, b))],
  result: "same",
  check: refuseWholeByZero("remainder"),
  samples: [
    { args: [within(0.2, 0.8), within(1, 2)] },
    { args: [within(-2.8, -2.2), within(0.95, 1.05)] },
  ],
  rejects: [wholeByZero("remainder")],
  edges: [
    {
      note: "the sign of the divisor",
      call: () => [tensor([5.5, -5.5, 5.5, -5.5]), tensor([3, 3, -3, -3])],
      result: [2.5, 0.5, -0.5, -2.5],
      gradients: [
        [1, 1, 1, 1],
        [-1, 2, 2, -1],
      ],
    },
  ],
});
