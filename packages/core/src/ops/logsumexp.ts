/**
 * Logarithms of sums of exponentials, in all and running.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { scanLogSums, scanLogSumsGradient } from "../kernels/scan.ts";
import { logSumExpOver } from "../kernels/softmax.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { within } from "../samples.ts";
import type { Dims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import type { Scan, ScanOptions } from "./cumulative.ts";
import { linearRecurrence, readScan, scanRejects, shift } from "./cumulative.ts";
import { div } from "./division.ts";
import { exp } from "./exponential.ts";
import { isfinite } from "./nan.ts";
import type { ReductionOptions } from "./reduction.ts";
import {
  alongBatch,
  alongSamples,
  readReduction,
  reductionBatch,
  reductionRejects,
  reductionSamples,
  restored,
  shapeAfter,
} from "./reduction.ts";
import { where } from "./selection.ts";
import { sum } from "./sum.ts";

/**
 * The logarithm of the sum of the exponentials of all elements, or along dimensions: a smooth
 * maximum.
 *
 * ln Σᵢ exp(xᵢ), computed as m + ln Σᵢ exp(xᵢ − m) with m = max x, so that large numbers do no harm;
 * −∞ over nothing. The gradient is the softmax; where the result is not finite it is NaN. Whole
 * numbers become the default floating type. The result has the shape of x without the dimensions
 * `dim`; `{ keepdim: true }` keeps them with length 1.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { logsumexp, tensor } from "@chainrule/core";
 * logsumexp(tensor([1000, 1000]), 0); // → tensor(1000.6932)
 */
export const logsumexp: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp({
  name: "logsumexp",
  formula: String.raw`y = \ln \sum_i e^{x_i}`,
  call: (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) =>
    readReduction("logsumexp", x, dim, options),
  shape: ([x], options) => shapeAfter(x!, options),
  forward: ([x], y, { dim }) => logSumExpOver(x!, dim, y),
  vjp: [
    (cotangent, node) => {
      const { a: x, options } = node;
      // exp(x − y) up to a factor: y is rounded, which for large x is far from nothing. The factor cancels in the
      // quotient, so y is a constant here; where y is not finite there is nothing to divide by.
      const shares = exp(sub(x, restored(node.result.detach(), x.shape, options)));
      const total = sum(shares, options.dim, { keepdim: true });
      const weights = div(shares, where(isfinite(total), total, 1));
      return mul(restored(cotangent, x.shape, options), weights);
    },
  ],
  batch: reductionBatch((x, { dim, keepdim }) => logsumexp(x, dim, { keepdim })),
  samples: reductionSamples(within(-3, 3), 1),
  rejects: reductionRejects,
  edges: [
    { note: "over nothing", call: () => [zeros([0, 1]), 0], result: [-Infinity], gradients: [[]] },
    {
      note: "an entry of −∞ adds nothing",
      call: () => [tensor([-Infinity, 1]), 0],
      result: [1],
      gradients: [[0, 1]],
    },
    {
      note: "all −∞",
      call: () => [tensor([-Infinity, -Infinity]), 0],
      result: [-Infinity],
      gradients: [[Number.NaN, Number.NaN]],
    },
    {
      note: "far from 0 the shares of float32 still sum to 1",
      call: () => [tensor([1000, 1000]), 0],
      result: [Math.fround(1000 + Math.LN2)],
      gradients: [[0.5, 0.5]],
    },
    {
      note: "∞",
      call: () => [tensor([Infinity, 1]), 0],
      result: [Infinity],
      gradients: [[Number.NaN, 0]],
    },
  ],
});

/**
 * Running logarithms of sums of exponentials along a dimension: ln Σ_{j ≤ i} exp(x_j), of the shape
 * of x. Large numbers do no harm.
 *
 * With `{ reverse: true }` they run from the end. The gradient is NaN where the result is not finite.
 * Whole numbers become the default floating type.
 *
 * @throws {IndexError} when the dimension is out of range, or not given.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { logcumsumexp, tensor } from "@chainrule/core";
 * logcumsumexp(tensor([1000, 1000]), 0); // → tensor([1000.0000, 1000.6932])
 */
export const logcumsumexp: Op<(x: TensorLike, dim: number, options?: ScanOptions) => Tensor> =
  defineOp({
    name: "logcumsumexp",
    formula: String.raw`y_i = \ln \sum_{j \le i} e^{x_j}`,
    call: (x: TensorLike, dim: number, options?: ScanOptions) =>
      readScan("logcumsumexp", x, dim, options),
    shape: ([x]) => x!.shape,
    forward: ([x], y, { dim, reverse }) => scanLogSums(x!, dim, reverse, y),
    vjp: [(cotangent, node) => logcumsumexpGradient(node.a, cotangent, node.options)],
    batch: alongBatch(([x], { dim, reverse }) => logcumsumexp(x!, dim, { reverse })),
    samples: [
      ...alongSamples(within(-3, 3)),
      (draw) => [draw.tensor([2, draw.length()], within(-3, 3)), 1, { reverse: true }],
    ],
    rejects: scanRejects,
    edges: [
      {
        note: "large numbers",
        call: () => [tensor([1000, -1000]), 0],
        result: [1000, 1000],
        gradients: [[2, 0]],
      },
    ],
  });

/**
 * The backward pass of {@link logcumsumexp}: from its operand x and the cotangent c of its result y,
 * that of x.
 *
 * Σ_{i ≥ j} c_i·exp(x_j − y_i) = exp(x_j − y_j)·s_j with s_j = c_j + exp(y_j − y_{j+1})·s_{j+1}: all
 * exponents are at most 0.
 */
export const logcumsumexpGradient: Op<(x: Tensor, cotangent: Tensor, scan: Scan) => Tensor> =
  defineOp({
    name: "logcumsumexpGradient",
    formula: String.raw`\bar x_j = \sum_{i \ge j} \bar y_i e^{x_j - y_i}`,
    call: (x: Tensor, cotangent: Tensor, scan: Scan) => ({
      operands: [x, cotangent],
      options: scan,
    }),
    shape: ([x]) => x!.shape,
    forward: ([x, c], out, { dim, reverse }) => scanLogSumsGradient(x!, c!, dim, reverse, out),
    // With t_i = Σ_{j ≤ i} h_j·exp(x_j − y_i), which is the cotangent of c, that of x is
    // h_k·result_k − Σ_{i ≥ k} c_i·t_i·exp(x_k − y_i): the second part comes from y_i.
    vjp: ([h], node) => {
      const { a: x, b: c, options } = node;
      const { dim, reverse } = options;
      const y = logcumsumexp(x, dim, { reverse });
      const before = shift(y, dim, reverse ? -1 : 1, Number.NEGATIVE_INFINITY);
      const own = mul(h!, exp(sub(x, y)));
      const t = linearRecurrence(exp(sub(before, y)), own, dim, { reverse });
      return [
        node.needs(0)
          ? sub(mul(h!, node.result), logcumsumexpGradient(x, mul(c, t), options))
          : null,
        t,
      ];
    },
    batch: alongBatch(([x, c], scan) => logcumsumexpGradient(x!, c!, scan)),
    samples: [
      (draw) => {
        const shape = draw.shape(1, 3, 0);
        const scan = { dim: draw.integer(0, shape.length - 1), reverse: draw.boolean() };
        return [draw.tensor(shape), draw.tensor(shape), scan];
      },
    ],
  });
