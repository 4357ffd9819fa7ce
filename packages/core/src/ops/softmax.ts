/**
 * Softmax and its logarithm: forward and backward each in one pass over memory.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, toTensor } from "../creation.ts";
import { softmaxAlong, softmaxGradientAlong } from "../kernels/softmax.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { within } from "../samples.ts";
import type { Tensor } from "../tensor.ts";
import { mul, neg, sub } from "./arithmetic.ts";
import { exp } from "./exponential.ts";
import type { Along } from "./reduction.ts";
import { alongBatch, alongRejects, alongSamples, checkDim } from "./reduction.ts";
import { sum } from "./sum.ts";

const domain = within(-3, 3);

/** Σ along a dimension, kept with length 1. */
function total(x: Tensor, dim: number): Tensor {
  return sum(x, dim, { keepdim: true });
}

/**
 * The exponentials along a dimension, divided by their sum: positive numbers that add up to 1.
 *
 * exp(x_i) / Σ_j exp(x_j), of the shape of x, computed from x − max x, so that large numbers do no
 * harm. An entry of −∞ gives 0; where all are −∞, or one is ∞, the result is NaN. Whole numbers
 * become the default floating type.
 *
 * @throws {IndexError} when the dimension is out of range, or not given.
 * @example
 * import { softmax, tensor } from "@chainrule/core";
 * softmax(tensor([1000, 1000, 0]), 0); // → tensor([0.5, 0.5, 0.0])
 */
export const softmax: Op<(x: TensorLike, dim: number) => Tensor> = defineOp({
  name: "softmax",
  formula: String.raw`y_i = \frac{e^{x_i}}{\sum_j e^{x_j}}`,
  call: (given: TensorLike, dim: number) => {
    const x = toTensor("softmax", given);
    return { operands: [x], options: { dim: checkDim("softmax", x, dim) } };
  },
  shape: ([x]) => x!.shape,
  fills: true,
  forward: ([x], y, { dim }) => softmaxAlong(x!, dim, false, y),
  vjp: [(cotangent, node) => softmaxGradient(node.result, cotangent, node.options)],
  batch: alongBatch(([x], { dim }) => softmax(x!, dim)),
  samples: alongSamples(domain),
  rejects: alongRejects,
  edges: [
    {
      note: "an entry of −∞ gets 0, and no gradient",
      call: () => [tensor([0, -Infinity, 0]), 0],
      result: [0.5, 0, 0.5],
      gradients: [[0, 0, 0]],
    },
    {
      note: "all −∞",
      call: () => [tensor([-Infinity, -Infinity]), 0],
      result: [Number.NaN, Number.NaN],
      gradients: [[Number.NaN, Number.NaN]],
    },
  ],
});

/**
 * The backward pass of {@link softmax}: from its result y and the cotangent c of y, that of x.
 *
 * y_i·(c_i − Σ_j y_j·c_j), of the shape of y.
 */
export const softmaxGradient: Op<(y: Tensor, cotangent: Tensor, along: Along) => Tensor> = defineOp(
  {
    name: "softmaxGradient",
    formula: String.raw`\bar x_i = y_i \Bigl(\bar y_i - \sum_j y_j \bar y_j\Bigr)`,
    call: (y: Tensor, cotangent: Tensor, along: Along) => ({
      operands: [y, cotangent],
      options: along,
    }),
    shape: ([y]) => y!.shape,
    fills: true,
    forward: ([y, c], out, { dim }) => softmaxGradientAlong(y!, c!, dim, false, out),
    vjp: [
      // With s = Σ y·c: ∂/∂y_k = h_k·(c_k − s) − c_k·Σ h·y.
      (h, node) => {
        const { a: y, b: c, options } = node;
        const weighted = mul(c, total(mul(h, y), options.dim));
        return sub(mul(h, sub(c, total(mul(y, c), options.dim))), weighted);
      },
      // As a function of c it is symmetric: ∂/∂c_k = y_k·(h_k − Σ h·y).
      (h, node) => softmaxGradient(node.a, h, node.options),
    ],
    batch: alongBatch(([y, c], options) => softmaxGradient(y!, c!, options)),
    samples: [
      (draw) => {
        const shape = draw.shape(1, 4, 0);
        const dim = draw.integer(0, shape.length - 1);
        return [draw.tensor(shape, within(0, 1)), draw.tensor(shape), { dim }];
      },
    ],
  },
);

/**
 * The logarithm of {@link softmax}, computed without forming the softmax: ln exp(x_i)/Σ_j exp(x_j).
 *
 * (x_i − m) − ln Σ_j exp(x_j − m) with m = max x, of the shape of x. An entry of −∞ stays −∞; where
 * all are −∞, or one is ∞, the result is NaN. Whole numbers become the default floating type.
 *
 * @throws {IndexError} when the dimension is out of range, or not given.
 * @example
 * import { logSoftmax, tensor } from "@chainrule/core";
 * logSoftmax(tensor([0, 0]), 0); // → tensor([-0.6931, -0.6931])
 */
export const logSoftmax: Op<(x: TensorLike, dim: number) => Tensor> = defineOp({
  name: "logSoftmax",
  formula: String.raw`y_i = x_i - \ln \sum_j e^{x_j}`,
  call: (given: TensorLike, dim: number) => {
    const x = toTensor("logSoftmax", given);
    return { operands: [x], options: { dim: checkDim("logSoftmax", x, dim) } };
  },
  shape: ([x]) => x!.shape,
  fills: true,
  forward: ([x], y, { dim }) => softmaxAlong(x!, dim, true, y),
  vjp: [(cotangent, node) => logSoftmaxGradient(node.result, cotangent, node.options)],
  batch: alongBatch(([x], { dim }) => logSoftmax(x!, dim)),
  samples: alongSamples(domain),
  rejects: alongRejects,
  edges: [
    {
      note: "an entry of −∞ stays, and passes its cotangent on to nothing else",
      call: () => [tensor([0, -Infinity]), 0],
      result: [0, -Infinity],
      gradients: [[-1, 1]],
    },
  ],
});

/**
 * The backward pass of {@link logSoftmax}: from its result y and the cotangent c of y, that of x.
 *
 * c_i − exp(y_i)·Σ_j c_j, of the shape of y.
 */
export const logSoftmaxGradient: Op<(y: Tensor, cotangent: Tensor, along: Along) => Tensor> =
  defineOp({
    name: "logSoftmaxGradient",
    formula: String.raw`\bar x_i = \bar y_i - e^{y_i} \sum_j \bar y_j`,
    call: (y: Tensor, cotangent: Tensor, along: Along) => ({
      operands: [y, cotangent],
      options: along,
    }),
    shape: ([y]) => y!.shape,
    fills: true,
    forward: ([y, c], out, { dim }) => softmaxGradientAlong(y!, c!, dim, true, out),
    vjp: [
      // ∂/∂y_k = −h_k·exp(y_k)·Σ c.
      (h, node) => neg(mul(mul(h, exp(node.a)), total(node.b, node.options.dim))),
      // ∂/∂c_k = h_k − Σ h·exp(y).
      (h, node) => sub(h, total(mul(h, exp(node.a)), node.options.dim)),
    ],
    batch: alongBatch(([y, c], options) => logSoftmaxGradient(y!, c!, options)),
    samples: [
      (draw) => {
        const shape = draw.shape(1, 4, 0);
        const dim = draw.integer(0, shape.length - 1);
        return [draw.tensor(shape, within(-3, 0)), draw.tensor(shape), { dim }];
      },
    ],
  });

/**
 * Softmax of −x along a dimension: the smallest gets the most.
 *
 * exp(−x_i) / Σ_j exp(−x_j), of the shape of x.
 *
 * @throws {IndexError} when the dimension is out of range, or not given.
 * @example
 * import { softmin, tensor } from "@chainrule/core";
 * softmin(tensor([0, 1000]), 0); // → tensor([1, 0])
 */
export function softmin(x: TensorLike, dim: number): Tensor {
  const operand = toTensor("softmin", x);
  return softmax(neg(operand), checkDim("softmin", operand, dim));
}
