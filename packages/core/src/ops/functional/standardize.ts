/**
 * Subtracting the mean and dividing by the standard deviation: what all normalisations have in common.
 *
 * x is read as [A, C, B], and each of the C groups, of m = A·B elements, is standardised by itself:
 *
 *     y = (x − μ) · r,    μ = mean x,    v = mean (x − μ)²,    r = (v + ε)^(−1/2).
 *
 * Batch norm has samples in A and places in B; layer, group and instance norm have one row for each group (A = 1). Without
 * centring, μ is 0: root-mean-square norm.
 *
 * The derivatives, per group: ∂vᵢ = 2·yᵢ / (r·m), ∂μᵢ = 1/m, and for y
 *
 *     x̄ = G(ȳ) = r · (ȳ − mean ȳ − y · mean(ȳ·y)),
 *
 * which is symmetric in ȳ, so that its own gradient in ȳ is G again.
 */
import type { TensorLike } from "../../creation.ts";
import { zeros } from "../../creation.ts";
import { checkBoolean, checkNumber, checkOptions, ShapeError } from "../../errors.ts";
import { standardizeGroups, standardizeGroupsGradient } from "../../kernels/standardize.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import { within } from "../../samples.ts";
import type { Shape } from "../../shape.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../arithmetic.ts";
import { div } from "../division.ts";
import { expand } from "../expand.ts";
import { rsqrt } from "../power.ts";
import { mean, sum } from "../sum.ts";
import {
  allBatched,
  intoChannels,
  merged,
  outOfChannels,
  parted,
  sampleCount,
} from "./batching.ts";

/** What {@link standardize} gives: the standardised numbers, and mean and (biased) variance of each group, of shape [C]. */
export interface Standardized {
  readonly values: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Options of {@link standardize}. */
export interface StandardizeOptions {
  /** Added to the variance; 1e-5 unless given. */
  readonly eps?: number;
  /** Whether the mean is subtracted; true unless given. */
  readonly center?: boolean;
}

function readOptions(
  where: string,
  options: StandardizeOptions | undefined,
): Required<StandardizeOptions> {
  checkOptions(where, options, ["eps", "center"]);
  return {
    eps: checkNumber(where, "eps", options?.eps ?? 1e-5),
    center: checkBoolean(where, "center", options?.center, true),
  };
}

function checkGroups(where: string, shape: Shape): void {
  if (shape.length !== 3) {
    throw new ShapeError(
      `${where}: the operand has shape ${formatShape(shape)}, but must have three dimensions, of which the middle one counts groups.`,
      { shape },
    );
  }
}

/** The sum over each group, as [1, C, 1]. */
function groupSum(x: Tensor): Tensor {
  return sum(x, [0, 2], { keepdim: true });
}

function groupMean(x: Tensor): Tensor {
  return mean(x, [0, 2], { keepdim: true });
}

/** A number for each group, as [1, C, 1]. */
function perGroup(x: Tensor): Tensor {
  return x.reshape([1, x.shape[0]!, 1]);
}

function drawGroups(draw: Draw): Tensor {
  const shape = [draw.integer(1, 2), draw.length(0, 3), draw.integer(2, 4)];
  return draw.tensor(shape, within(-2, 2, { distinct: true }));
}

/**
 * Groups standardised to mean 0 and variance 1: x of shape [A, C, B], each of the C groups by itself. The core of
 * `batchNorm`, `layerNorm`, `groupNorm`, `instanceNorm` and `rmsNorm`, in one pass forward and one back.
 *
 * y = (x − μ) / √(v + ε); without `center`, y = x / √(mean x² + ε), and the mean is 0. Means are kept in double precision.
 *
 * @throws {ShapeError} unless x has three dimensions.
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { standardize, tensor } from "@chainrule/core";
 * standardize(tensor([[[1, 3]]]), { eps: 0 }).values; // → tensor([[[-1,  1]]])
 */
export const standardize: Op<(x: TensorLike, options?: StandardizeOptions) => Standardized> =
  defineOp({
    name: "standardize",
    formula: String.raw`y = \frac{x - \mu}{\sqrt{v + \varepsilon}}`,
    call: (x: TensorLike, options?: StandardizeOptions) => ({
      operands: [x],
      options: readOptions("standardize", options),
    }),
    shapes: ([x]) => {
      checkGroups("standardize", x!.shape);
      return [x!.shape, [x!.shape[1]!], [x!.shape[1]!]];
    },
    fills: true,
    forward: ([input], [y, mu, variance], { eps, center }) => {
      standardizeGroups(contiguousOperand(input!), y!, mu!, variance!, eps, center);
    },
    returns: ([values, mu, variance]) => ({ values: values!, mean: mu!, variance: variance! }),
    vjp: ([yBar = null, muBar = null, varianceBar = null], node) => {
      const { eps, center } = node.options;
      const [y, variance] = [node.resultAt(0), node.resultAt(2)];
      const [a, , b] = y.shape;
      const count = a! * b!;
      let gradient: Tensor | null = null;
      const plus = (term: Tensor): void => {
        gradient = gradient === null ? term : add(gradient, term);
      };
      if (yBar !== null) plus(standardizeGradient(yBar, y, variance, { eps, center }));
      if (varianceBar !== null) {
        const deviation = add(variance, eps).sqrt();
        plus(mul(y, perGroup(mul(mul(varianceBar, deviation), 2 / count))));
      }
      if (muBar !== null && center) plus(expand(perGroup(mul(muBar, 1 / count)), y.shape));
      return [gradient];
    },
    batch: ([samples], _batched, options) => {
      // [N, A, C, B] as [A, N·C, B]: each sample's groups are groups by themselves.
      const x = samples!;
      const found = standardize(intoChannels(x), options);
      return {
        values: outOfChannels(found.values, x.shape[0]!),
        mean: parted(found.mean, x.shape[0]!),
        variance: parted(found.variance, x.shape[0]!),
      };
    },
    samples: [
      (draw) => [drawGroups(draw), { eps: draw.pick([1e-5, 0.1]), center: true }],
      (draw) => [drawGroups(draw), { eps: draw.pick([0.1, 1]), center: false }],
    ],
    rejects: [
      {
        call: () => [zeros([2, 3]), { eps: 1e-5 }],
        message: /the operand has shape \[2, 3\], but must have three dimensions/,
        type: ShapeError,
      },
    ],
    edges: [
      {
        note: "a constant group is 0, and the gradient is finite",
        call: () => [zeros([1, 1, 3]), { eps: 1 }],
        result: [0, 0, 0, 0, 0],
        gradients: [[1 / 3, 1 / 3, 1 / 3]],
      },
    ],
  });

/**
 * The gradient of `standardize` in x: G(c) = (c − mean c − y·mean(c·y)) / √(v + ε), where y and v are what
 * `standardize` gave for each group; without `center` the mean of c is left out.
 *
 * @throws {ShapeError} unless c and y have the same three dimensions, and v one number for each group.
 * @example
 * import { standardizeGradient, tensor } from "@chainrule/core";
 * const y = tensor([[[-1, 1]]]);
 * standardizeGradient(tensor([[[1, 2]]]), y, tensor([1]), { eps: 0 }); // → tensor([[[0, 0]]])
 */
export const standardizeGradient: Op<
  (cotangent: TensorLike, y: Tensor, variance: Tensor, options?: StandardizeOptions) => Tensor
> = defineOp({
  name: "standardizeGradient",
  formula: String.raw`\bar x = \frac{\bar y - \operatorname{mean} \bar y - y \operatorname{mean} (\bar y y)}{\sqrt{v + \varepsilon}}`,
  call: (cotangent: TensorLike, y: Tensor, variance: Tensor, options?: StandardizeOptions) => ({
    operands: [cotangent, y, variance],
    options: readOptions("standardizeGradient", options),
  }),
  shape: ([c, y, variance]) => {
    checkGroups("standardizeGradient", c!.shape);
    if (!sameShape(c!.shape, y!.shape) || !sameShape(variance!.shape, [c!.shape[1]!])) {
      throw new ShapeError(
        `standardizeGradient: the cotangent has shape ${formatShape(c!.shape)}, but y ${formatShape(y!.shape)} and the variances ${formatShape(variance!.shape)}.`,
        { cotangent: c!.shape, y: y!.shape, variance: variance!.shape },
      );
    }
    return c!.shape;
  },
  fills: true,
  forward: ([cotangent, standardized, variance], x, { eps, center }) => {
    standardizeGroupsGradient(
      contiguousOperand(cotangent!),
      contiguousOperand(standardized!),
      contiguousOperand(variance!),
      x,
      eps,
      center,
    );
  },
  vjp: [
    (d, node) => standardizeGradient(d, node.b, node.c, node.options),
    // ⟨d, G⟩ holds −r · (Σ d·y) · mean(c·y), in which y stands twice.
    (d, node) => {
      const { a: c, b: y, c: variance } = node;
      const scale = perGroup(rsqrt(add(variance, node.options.eps)));
      const both = add(mul(d, groupMean(mul(c, y))), mul(c, groupMean(mul(d, y))));
      return mul(both, mul(scale, -1));
    },
    // ∂r/∂v = −r/2 · 1/(v + ε).
    (d, node) => {
      const inner = groupSum(mul(d, node.result)).reshape(node.shapeOf(2));
      return div(mul(inner, -0.5), add(node.c, node.options.eps));
    },
  ],
  batch: (operands, batched, options) => {
    const [cotangent, y, variance] = allBatched(operands, batched);
    const x = standardizeGradient(
      intoChannels(cotangent!),
      intoChannels(y!),
      merged(variance!),
      options,
    );
    return outOfChannels(x, sampleCount(operands, batched));
  },
  samples: [
    (draw) => {
      const y = drawGroups(draw);
      const variance = draw.tensor([y.shape[1]!], within(0.5, 2));
      return [draw.tensor(y.shape), y, variance, { eps: 0.1, center: draw.boolean() }];
    },
  ],
  rejects: [
    {
      call: () => [zeros([1, 2, 3]), zeros([1, 2, 3]), zeros([3]), { eps: 1 }],
      message: /the cotangent has shape \[1, 2, 3\], but y \[1, 2, 3\] and the variances \[3\]/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "a group of one number",
      call: () => [zeros([1, 1, 1]), zeros([1, 1, 1]), zeros([1]), { eps: 1 }],
      result: [0],
      gradients: [[0], [0], [0]],
    },
  ],
});
