/**
 * Magnitude and sign.
 */
import { tensor } from "../creation.ts";
import type { Binary, Unary } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";

/**
 * |x|, element by element. The gradient is the sign of x, and 0 at 0.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { abs, tensor } from "@chainrule/core";
 * abs(tensor([-2, 3])); // → tensor([2, 3])
 */
export const abs: Unary = pointwise({
  name: "abs",
  operands: ["x"],
  value: (s, x) => s.abs(x),
  derivative: (s, x) => [s.sign(x)],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [0] })] }],
  edges: [
    {
      note: "0 and infinities",
      call: () => [tensor([-2, -0, 0, -Infinity])],
      result: [2, 0, 0, Infinity],
      gradients: [[-1, 0, 0, -1]],
    },
  ],
});

/**
 * −1, 0 or 1, element by element; 0 for NaN, as in PyTorch. The gradient is 0.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { sign, tensor } from "@chainrule/core";
 * sign(tensor([3, -2, 0])); // → tensor([1, -1, 0])
 */
export const sign: Unary = pointwise({
  name: "sign",
  operands: ["x"],
  value: (s, x) => s.sign(x),
  derivative: (s) => [s.zero],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [0] })] }],
  edges: [
    {
      note: "0, NaN and infinities",
      call: () => [tensor([0, Number.NaN, Infinity, -Infinity])],
      result: [0, 0, 1, -1],
      gradients: [[0, 0, 0, 0]],
    },
  ],
});

/**
 * The step of Heaviside, element by element: 0 where x < 0, 1 where x > 0, and at 0 the number of `values`, ½ for one half of
 * the books and 1 for a perceptron. Operands broadcast; NaN gives 0, as in PyTorch.
 *
 * It is flat, so the gradient of x is 0, at the step too: nothing is learned through it. (A surrogate is a matter of
 * `customOp`.) The gradient of `values` is 1 where x = 0.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { heaviside, tensor } from "@chainrule/core";
 * heaviside(tensor([-2, 0, 3]), 1); // → tensor([0, 1, 1])
 */
export const heaviside: Binary = pointwise({
  name: "heaviside",
  operands: ["x", "values"],
  value: (s, x, values) =>
    s.where(s.eq(x, s.zero), values, s.where(s.gt(x, s.zero), s.one, s.zero)),
  derivative: (s, x) => [s.zero, s.where(s.eq(x, s.zero), s.one, s.zero)],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [0] }), within(-3, 3)] }],
  edges: [
    {
      note: "at 0, whatever its sign, the other number counts; NaN",
      call: () => [tensor([-0, 0, Number.NaN, Infinity, -Infinity]), tensor([2, 3, 4, 5, 6])],
      result: [2, 3, 0, 1, 0],
      gradients: [
        [0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
      ],
    },
  ],
});

/**
 * Whether the sign is a minus, that of −0 too, element by element; as bool.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { signbit, tensor } from "@chainrule/core";
 * signbit(tensor([-1, 0, 1])); // → tensor([true, false, false], dtype=bool)
 */
export const signbit: Unary = pointwise({
  name: "signbit",
  operands: ["x"],
  value: (s, x) => s.lt(s.copysign(s.one, x), s.zero),
  result: "bool",
  samples: [{ args: [within(-3, 3)] }],
  edges: [
    {
      note: "zeros have a sign",
      call: () => [tensor([-0, 0, -Infinity, 2])],
      result: [1, 0, 1, 0],
    },
  ],
});

/**
 * The magnitude of a with the sign of b, signed zeros included, element by element; operands broadcast. The gradient of a is
 * ±1, and 0 where a = 0; that of b is 0. Whole numbers become floating.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { copysign, tensor } from "@chainrule/core";
 * copysign(tensor([1, -2]), tensor([-3, 4])); // → tensor([-1, 2])
 */
export const copysign: Binary = pointwise({
  name: "copysign",
  operands: ["a", "b"],
  value: (s, a, b) => s.copysign(a, b),
  derivative: (s, a, _b, y) => [s.mul(s.sign(a), s.sign(y)), s.zero],
  samples: [{ args: [within(-3, 3, { avoid: [0] }), within(-3, 3, { avoid: [0] })] }],
  edges: [
    {
      note: "signed zeros",
      call: () => [tensor([1, -1, 0, -0]), tensor([-0, 0, -1, 1])],
      result: [-1, 1, -0, 0],
      gradients: [
        [-1, -1, 0, 0],
        [0, 0, 0, 0],
      ],
    },
  ],
});
