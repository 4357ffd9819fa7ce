/**
 * Sums, products and their kin, element by element with broadcasting.
 */
import type { TensorLike } from "../creation.ts";
import { tensor } from "../creation.ts";
import { ArgumentError, checkNumber, checkOptions } from "../errors.ts";
import type { Binary, BinaryWith, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { toOperands } from "../record.ts";
import type { Rejection } from "../samples.ts";
import { within } from "../samples.ts";
import type { Tensor } from "../tensor.ts";

const anywhere = within(-3, 3);

/** A factor for the second operand of a sum or difference. */
export interface AlphaOptions {
  /** 1 unless given. */
  readonly alpha?: number;
}

/** alpha·b, in the type in which a and b meet. */
function scaled(
  where: string,
  a: TensorLike,
  b: TensorLike,
  options: AlphaOptions,
): readonly [Tensor, Tensor] {
  checkOptions(where, options, ["alpha"]);
  const alpha = checkNumber(where, "alpha", options.alpha ?? 1);
  const [left, right] = toOperands(where, [a, b]);
  return [left!, alpha === 1 ? right! : mul(right!, alpha)];
}

/** The rows of `rejects` that `add` and `sub` share. */
const alphaRejects: readonly Rejection[] = [
  {
    call: () => [tensor([1]), tensor([1]), { alpha: Number.NaN }],
    message: /^(add|sub): alpha must be a number, not NaN/,
    type: ArgumentError,
  },
];

const plus = pointwise({
  name: "add",
  operands: ["a", "b"],
  value: (s, a, b) => s.add(a, b),
  derivative: (s) => [s.one, s.one],
  result: "same",
  samples: [
    { args: [anywhere, anywhere] },
    (draw) => {
      const shape = draw.shape(0, 3, 0);
      return [draw.tensor(shape), draw.tensor(draw.broadcastable(shape)), { alpha: -2.5 }];
    },
  ],
  rejects: alphaRejects,
  edges: [
    {
      note: "opposite infinities, and zeros",
      call: () => [tensor([Infinity, -0]), tensor([-Infinity, -0])],
      result: [Number.NaN, -0],
      gradients: [
        [1, 1],
        [1, 1],
      ],
    },
    {
      note: "int32 wraps around",
      call: () => [tensor([2 ** 31 - 1], { dtype: "int32" }), 1],
      result: [-(2 ** 31)],
    },
  ],
});

const minus = pointwise({
  name: "sub",
  operands: ["a", "b"],
  value: (s, a, b) => s.sub(a, b),
  derivative: (s) => [s.one, s.constant(-1)],
  result: "same",
  samples: [
    { args: [anywhere, anywhere] },
    (draw) => {
      const shape = draw.shape(0, 3, 0);
      return [draw.tensor(shape), draw.tensor(draw.broadcastable(shape)), { alpha: 0.5 }];
    },
  ],
  rejects: alphaRejects,
  edges: [
    {
      note: "equal infinities",
      call: () => [tensor([Infinity, 0]), tensor([Infinity, 0])],
      result: [Number.NaN, 0],
      gradients: [
        [1, 1],
        [-1, -1],
      ],
    },
  ],
});

function addOf(a: TensorLike, b: TensorLike, options?: AlphaOptions): Tensor {
  return options === undefined ? plus(a, b) : plus(...scaled("add", a, b, options));
}

function subOf(a: TensorLike, b: TensorLike, options?: AlphaOptions): Tensor {
  return options === undefined ? minus(a, b) : minus(...scaled("sub", a, b, options));
}

/**
 * a + b, or a + alpha·b with `{ alpha }`, element by element. Operands broadcast; int32 and bool give int32, which wraps
 * around like the 32-bit integers of C.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {ArgumentError} for an unknown option, or an alpha that is no number.
 * @example
 * import { add, tensor } from "@chainrule/core";
 * add(tensor([1, 2]), 10); // → tensor([11, 12])
 * add(tensor([1, 2]), tensor([3, 4]), { alpha: 2 }); // → tensor([7, 10])
 */
export const add: BinaryWith<AlphaOptions> = Object.assign(addOf, { op: plus.op });

/**
 * a − b, or a − alpha·b with `{ alpha }`, element by element. Operands broadcast; int32 and bool give int32, which wraps
 * around like the 32-bit integers of C.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {ArgumentError} for an unknown option, or an alpha that is no number.
 * @example
 * import { sub, tensor } from "@chainrule/core";
 * sub(tensor([1, 2]), 10); // → tensor([-9, -8])
 */
export const sub: BinaryWith<AlphaOptions> = Object.assign(subOf, { op: minus.op });

/**
 * a · b, element by element (the Hadamard product). Operands broadcast; int32 and bool give int32, which wraps around
 * like the 32-bit integers of C.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { mul, tensor } from "@chainrule/core";
 * mul(tensor([1, 2]), tensor([3, 4])); // → tensor([3, 8])
 */
export const mul: Binary = pointwise({
  name: "mul",
  operands: ["a", "b"],
  value: (s, a, b) => s.mul(a, b),
  derivative: (_s, a, b) => [b, a],
  result: "same",
  samples: [{ args: [anywhere, anywhere] }],
  edges: [
    {
      note: "0 times infinity",
      call: () => [tensor([0, -2]), tensor([Infinity, 0])],
      result: [Number.NaN, -0],
      gradients: [
        [Infinity, 0],
        [0, -2],
      ],
    },
    {
      note: "int32 keeps the lower 32 bits of the product",
      call: () => [tensor([123456789, -1], { dtype: "int32" }), 987654321],
      result: [-67153019, -987654321],
    },
  ],
});

/**
 * −x, element by element.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { neg, tensor } from "@chainrule/core";
 * neg(tensor([1, -2])); // → tensor([-1, 2])
 */
export const neg: Unary = pointwise({
  name: "neg",
  operands: ["x"],
  value: (s, x) => s.neg(x),
  derivative: (s) => [s.constant(-1)],
  result: "same",
  samples: [{ args: [anywhere] }],
  edges: [
    {
      note: "zeros change their sign",
      call: () => [tensor([0, -0, Infinity])],
      result: [-0, 0, -Infinity],
      gradients: [[-1, -1, -1]],
    },
  ],
});
