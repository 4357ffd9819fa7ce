/**
 * Ops of one's own, one of each kind, ready for `npm run conformance -- docs/examples/my-op.ts`.
 */
import {
  defineOp,
  expand,
  mul,
  type Op,
  pointwise,
  ShapeError,
  type Tensor,
  type TensorLike,
  type Unary,
  within,
  zeros,
} from "@chainrule/core";

/** The squared sigmoid, element by element: an expression and its derivative are all there is to say. */
export const squaredSigmoid: Unary = pointwise({
  name: "squaredSigmoid",
  operands: ["x"],
  value: (s, x) => s.square(s.div(s.one, s.add(s.one, s.exp(s.neg(x))))),
  derivative: (s, _x, y) => [s.mul(s.constant(2), s.mul(y, s.sub(s.one, s.sqrt(y))))],
  samples: [{ args: [within(-4, 4)] }],
  edges: [
    { note: "a quarter at 0", call: () => [zeros([1])], result: [0.25], gradients: [[0.25]] },
  ],
});

/** The mean of the squares of a row: a shape rule, a loop, and a gradient in tensor ops. */
export const meanSquare: Op<(x: TensorLike) => Tensor> = defineOp({
  name: "meanSquare",
  formula: String.raw`y_i = \frac{1}{n} \sum_j x_{ij}^2`,
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  shape: ([x]) => {
    if (x!.ndim === 0 || x!.shape.at(-1) === 0) {
      throw new ShapeError(`meanSquare: shape [${x!.shape.join(", ")}] has no rows to average.`);
    }
    return x!.shape.slice(0, -1);
  },
  forward: ([x], y) => {
    const values = x!.toTypedArray();
    const n = x!.shape.at(-1)!;
    const { data } = y.storage;
    for (let row = 0; row < data.length; row++) {
      let sum = 0;
      for (let i = row * n; i < (row + 1) * n; i++) sum += values[i]! * values[i]!;
      data[row] = sum / n;
    }
  },
  vjp: [
    (cotangent, { a }) => {
      const perRow = expand(cotangent.unsqueeze(-1), a.shape);
      return mul(perRow, mul(a, 2 / a.shape.at(-1)!));
    },
  ],
  samples: [(draw) => [draw.tensor(draw.shape(1, 3), within(-2, 2))]],
  rejects: [{ call: () => [zeros([2, 0])], message: /has no rows to average/, type: ShapeError }],
  edges: [{ note: "flat at 0", call: () => [zeros([2])], result: [0], gradients: [[0, 0]] }],
});
