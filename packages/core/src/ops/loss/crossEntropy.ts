/**
 * Cross-entropy of logits: with class indices in one pass over memory forward and one backward.
 */
import type { TensorLike } from "../../creation.ts";
import { onesLike, tensor, toTensor, zeros } from "../../creation.ts";
import { isFloating } from "../../dtype.ts";
import { ArgumentError, IndexError, ShapeError } from "../../errors.ts";
import {
  crossEntropyBackward,
  crossEntropyForward,
  totalWeight,
} from "../../kernels/crossEntropy.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import { within } from "../../samples.ts";
import type { Shape } from "../../shape.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../arithmetic.ts";
import { ne } from "../comparison.ts";
import { to } from "../convert.ts";
import { div } from "../division.ts";
import { reshape } from "../reshape.ts";
import { softmax, softmaxGradient } from "../softmax.ts";
import { sum } from "../sum.ts";
import {
  checkClassShapes,
  checkedTargets,
  classDim,
  layoutOf,
  numbersOf,
  targetWeights,
} from "./classes.ts";
import type { ClassLoss, CrossEntropyOptions } from "./crossEntropyOptions.ts";
import { readCrossEntropyOptions } from "./crossEntropyOptions.ts";
import { crossEntropyOfProbabilities } from "./probabilities.ts";
import type { LossReduction } from "./reduction.ts";

const advice = " Probabilities instead of indices have the shape of the input and a floating type.";

/** How much of the softmax of each sample enters its gradient: ∂loss/∂logits = share·p − …, for a cotangent of 1. */
function softmaxShares(
  logits: Tensor,
  target: Tensor,
  weight: Tensor | undefined,
  options: ClassLoss,
): Tensor {
  const { ignoreIndex, labelSmoothing, reduction } = options;
  const own = targetWeights(target, weight, ignoreIndex, logits.dtype);
  let shares = own;
  if (labelSmoothing > 0) {
    const classes = logits.shape[classDim(logits.shape)]!;
    const counts = to(ne(target, ignoreIndex), logits.dtype);
    const all = weight === undefined ? classes : sum(weight);
    shares = add(mul(own, 1 - labelSmoothing), mul(mul(counts, all), labelSmoothing / classes));
  }
  return reduction === "mean" ? div(shares, sum(own)) : shares;
}

/** One number for each sample, shaped so that it broadcasts over the classes. */
function overClasses(x: Tensor, logits: Shape): Tensor {
  const dim = classDim(logits);
  return x.ndim === 0
    ? x
    : reshape(
        x,
        logits.map((length, i) => (i === dim ? 1 : length)),
      );
}

function drawClasses(draw: Draw): { logits: Tensor; target: Tensor; classes: number } {
  const classes = draw.length(1, 4);
  const outer = draw.pick([[], [draw.length(1)], [draw.length(1), draw.length(1)], [2, 1, 2]]);
  const [samples, ...inner] = outer;
  const shape = samples === undefined ? [classes] : [samples, classes, ...inner];
  return { logits: draw.tensor(shape), target: draw.indices(outer, classes), classes };
}

/** The fused op behind {@link crossEntropy}. */
const ofClasses: Op<
  (input: TensorLike, target: TensorLike, options?: CrossEntropyOptions) => Tensor
> = defineOp({
  name: "crossEntropy",
  formula: String.raw`L = \frac{1}{\sum_n w_{t_n}} \sum_n w_{t_n} \Bigl(\ln \sum_c e^{x_{nc}} - x_{n t_n}\Bigr)`,
  call: (input: TensorLike, target: TensorLike, options?: CrossEntropyOptions) => {
    const weight = options?.weight ?? null;
    return {
      operands: weight === null ? [input, target] : [input, target, weight],
      options: readCrossEntropyOptions(options),
    };
  },
  kinds: ["float", "index", "float"],
  shape: ([logits, target, weight], { reduction }) => {
    checkClassShapes("crossEntropy", logits!.shape, target!.shape, weight?.shape, advice);
    return reduction === "none" ? target!.shape : [];
  },
  forward: ([input, target, weight], result, { reduction, ignoreIndex, labelSmoothing }) => {
    const logits = contiguousOperand(input!);
    const layout = layoutOf(logits.shape);
    const indices = checkedTargets("crossEntropy", target!, layout, ignoreIndex);
    const total = crossEntropyForward(
      reduction === "none" ? result.storage.data : null,
      logits.storage.data,
      logits.offset,
      indices,
      weight === undefined ? null : numbersOf(contiguousOperand(weight)),
      layout,
      ignoreIndex,
      labelSmoothing,
    );
    if (reduction === "sum") result.storage.data[0] = total.loss;
    if (reduction === "mean") result.storage.data[0] = total.loss / total.weight;
  },
  vjp: ([cotangent], node) => {
    const [, , weight] = node.operands;
    const given = weight === undefined ? null : node.c;
    return [
      crossEntropyGradient(cotangent!, node.a, node.b, { ...node.options, weight: given }),
      null,
      null,
    ];
  },
  samples: [
    (draw) => {
      const { logits, target } = drawClasses(draw);
      return [logits, target];
    },
    (draw) => {
      const { logits, target, classes } = drawClasses(draw);
      const weight = draw.boolean() ? draw.tensor([classes], within(0.5, 2)) : null;
      const labelSmoothing = draw.pick([0, 0.1, 1]);
      return [logits, target, { weight, labelSmoothing, reduction: draw.pick(["mean", "none"]) }];
    },
    (draw) => {
      const { logits, target, classes } = drawClasses(draw);
      const weight = draw.boolean() ? draw.tensor([classes], within(0.5, 2)) : null;
      const ignoreIndex = draw.integer(0, classes - 1);
      const labelSmoothing = draw.pick([0, 0.3]);
      // A mean over nothing is NaN, so samples are left out of sums only.
      return [
        logits,
        target,
        { weight, ignoreIndex, labelSmoothing, reduction: draw.pick(["sum", "none"]) },
      ];
    },
  ],
  rejects: [
    {
      call: () => [zeros([4, 3]), zeros([3], { dtype: "int32" })],
      message: /input of shape \[4, 3\] .* takes class indices of shape \[4\], not \[3\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([]), zeros([], { dtype: "int32" })],
      message: /the input needs a dimension of classes/,
      type: ShapeError,
    },
    {
      call: () => [zeros([2, 3]), tensor([0, 3], { dtype: "int32" })],
      message: /target 3 \(number 1\) is no class: there are 3/,
      type: IndexError,
    },
    {
      call: () => [zeros([1, 3]), tensor([-1], { dtype: "int32" })],
      message: /target -1 \(number 0\) is no class/,
      type: IndexError,
    },
    {
      call: () => [zeros([1, 3]), tensor([0], { dtype: "int32" }), { weight: [1, 2] }],
      message: /one weight for each of the 3 classes, not weights of shape \[2\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 3]), tensor([0], { dtype: "int32" }), { labelSmoothing: 2 }],
      message: /labelSmoothing lies between 0 and 1, not at 2/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([1, 3]), tensor([0], { dtype: "int32" }), { reduction: "average" }],
      message: /reduction must be "mean", "sum" or "none", not "average"/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "a sample left out has no loss and no gradient",
      call: () => [zeros([2, 2]), tensor([0, -100], { dtype: "int32" }), { reduction: "none" }],
      result: [Math.LN2, 0],
      gradients: [[-0.5, 0.5, 0, 0], null],
    },
    {
      note: "all left out: the mean of nothing is NaN, the gradient 0",
      call: () => [zeros([1, 2]), tensor([1], { dtype: "int32" }), { ignoreIndex: 1 }],
      result: [Number.NaN],
      gradients: [[0, 0], null],
    },
  ],
});

/** What {@link crossEntropyGradient} needs beside its operands. */
export interface CrossEntropyGradientOptions extends ClassLoss {
  readonly weight: Tensor | null;
}

/**
 * The gradient of {@link crossEntropy} with class indices by the logits: from the cotangent of the loss, that of the logits.
 *
 * w_t·(softmax(x)_c − [c = t])·cotangent, divided by Σ w_t for a mean, of the shape of the logits; label smoothing adds
 * its share.
 *
 * @throws {ShapeError} when target or weights do not fit the logits.
 * @throws {IndexError} for a target that is no class.
 * @example
 * import { crossEntropyGradient, tensor } from "@chainrule/core";
 * const options = { reduction: "mean", ignoreIndex: -100, labelSmoothing: 0, weight: null } as const;
 * crossEntropyGradient(tensor(1), tensor([0, 0]), tensor(1, { dtype: "int32" }), options); // → tensor([0.5, -0.5])
 */
export const crossEntropyGradient: Op<
  (cotangent: Tensor, input: Tensor, target: Tensor, options: CrossEntropyGradientOptions) => Tensor
> = defineOp({
  name: "crossEntropyGradient",
  formula: String.raw`\bar x_{nc} = \bar L \, \frac{w_{t_n}}{\sum_n w_{t_n}} \bigl(p_{nc} - [c = t_n]\bigr)`,
  call: (
    cotangent: Tensor,
    input: Tensor,
    target: Tensor,
    { weight, ...options }: CrossEntropyGradientOptions,
  ) => ({
    operands: weight === null ? [cotangent, input, target] : [cotangent, input, target, weight],
    options,
  }),
  kinds: ["float", "float", "index", "float"],
  shape: ([cotangent, logits, target, weight], { reduction }) => {
    checkClassShapes("crossEntropyGradient", logits!.shape, target!.shape, weight?.shape);
    const expected = reduction === "none" ? target!.shape : [];
    if (!sameShape(cotangent!.shape, expected)) {
      throw new ShapeError(
        `crossEntropyGradient: the cotangent has shape ${formatShape(cotangent!.shape)}, the loss ${formatShape(expected)}.`,
        { cotangent: cotangent!.shape, loss: expected },
      );
    }
    return logits!.shape;
  },
  forward: ([cotangent, input, target, weight], result, options) => {
    const { reduction, ignoreIndex, labelSmoothing } = options;
    const logits = contiguousOperand(input!);
    const layout = layoutOf(logits.shape);
    const indices = checkedTargets("crossEntropyGradient", target!, layout, ignoreIndex);
    const weights = weight === undefined ? null : numbersOf(contiguousOperand(weight));
    const c = contiguousOperand(cotangent!);
    crossEntropyBackward(
      result.storage.data,
      logits.storage.data,
      logits.offset,
      indices,
      weights,
      layout,
      ignoreIndex,
      labelSmoothing,
      c.storage.data,
      c.offset,
      reduction !== "none",
      reduction === "mean" ? 1 / totalWeight(indices, layout.samples, weights, ignoreIndex) : 1,
    );
  },
  // The gradient is linear in the cotangent; in the logits only the softmax moves.
  vjp: ([h], node) => {
    const [, , target, weight] = node.operands.map((_, i) => node.operand(i));
    const { a: cotangent, b: logits, options } = node;
    const dim = classDim(logits.shape);
    const given = weight ?? null;
    const byCotangent = (): Tensor => {
      const one = onesLike(cotangent);
      const product = mul(
        h!,
        crossEntropyGradient(one, logits, target!, { ...options, weight: given }),
      );
      return options.reduction === "none" ? sum(product, dim) : sum(product);
    };
    const byLogits = (): Tensor => {
      const shares = softmaxShares(logits, target!, weight, options);
      const factor = overClasses(mul(cotangent, shares), logits.shape);
      return softmaxGradient(softmax(logits, dim), mul(h!, factor), { dim });
    };
    return [node.needs(0) ? byCotangent() : null, node.needs(1) ? byLogits() : null, null, null];
  },
  samples: [
    (draw) => {
      const { logits, target, classes } = drawClasses(draw);
      const reduction = draw.pick<LossReduction>(["mean", "sum", "none"]);
      const cotangent = draw.tensor(reduction === "none" ? target.shape : []);
      const weight = draw.boolean() ? draw.tensor([classes], within(0.5, 2)) : null;
      const ignoreIndex = reduction === "mean" ? -100 : draw.integer(0, classes - 1);
      const labelSmoothing = draw.pick([0, 0.1]);
      return [cotangent, logits, target, { reduction, ignoreIndex, labelSmoothing, weight }];
    },
  ],
  rejects: [
    {
      call: () => [
        zeros([2]),
        zeros([2, 3]),
        zeros([2], { dtype: "int32" }),
        { reduction: "mean", ignoreIndex: -100, labelSmoothing: 0, weight: null },
      ],
      message: /the cotangent has shape \[2\], the loss \[\]/,
      type: ShapeError,
    },
  ],
});

/**
 * The cross-entropy of logits against classes, or against probabilities of classes: what a classifier is trained with.
 *
 * −w_t·log softmax(x)_t for a class index t, −Σ_c w_c·q_c·log softmax(x)_c for probabilities q. Logits have shape [classes] or
 * [samples, classes, …]; class indices (int32) have that shape without the classes, probabilities (floating) have it whole.
 * Computed from x − max x, so that large logits do no harm. The mean divides by the sum of the targets' weights, or with
 * probabilities by the number of samples; if all targets are ignored it is NaN. Label smoothing ε trains towards
 * (1 − ε)·target + ε/classes. Class indices go through one fused op; its gradient can be differentiated again.
 *
 * @throws {ShapeError} when shapes do not go together.
 * @throws {IndexError} for a target that is neither a class nor `ignoreIndex`.
 * @throws {ArgumentError} for `ignoreIndex` with probabilities, or smoothing outside of [0, 1].
 * @example
 * import { crossEntropy, tensor } from "@chainrule/core";
 * const logits = tensor([[2, 0, 0], [0, 0, 0]]);
 * crossEntropy(logits, [0, 1]); // → tensor(0.6691)
 * crossEntropy(logits, [0, 1], { reduction: "none" }); // → tensor([0.2395, 1.0986])
 * crossEntropy(logits, tensor([[1, 0, 0], [0, 1, 0]])); // → tensor(0.6691)
 */
export const crossEntropy: Op<
  (input: TensorLike, target: TensorLike, options?: CrossEntropyOptions) => Tensor
> = Object.assign(
  (input: TensorLike, target: TensorLike, options?: CrossEntropyOptions): Tensor => {
    const q = toTensor("crossEntropy", target, "int32");
    return isFloating(q.dtype)
      ? crossEntropyOfProbabilities(input, q, options)
      : ofClasses(input, q, options);
  },
  { op: ofClasses.op },
);
