/**
 * Connectionist temporal classification: the loss of sequences whose labels are not aligned with the input.
 */
import type { TensorLike } from "../../creation.ts";
import { onesLike, tensor, zeros, zerosLike } from "../../creation.ts";
import { ArgumentError, GradError, IndexError, ShapeError } from "../../errors.ts";
import { gradients } from "../../graph/backward.ts";
import { enableGrad, isGradEnabled } from "../../graph/mode.ts";
import type { Recorded } from "../../graph/node.ts";
import { addCtcGradient, ctcNegativeLogLikelihood } from "../../kernels/ctc.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import { within } from "../../samples.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { alias } from "../alias.ts";
import { add, mul } from "../arithmetic.ts";
import { sum } from "../sum.ts";
import { numbersOf } from "./classes.ts";
import { composedTerm } from "./ctcAlignments.ts";
import type { Ctc, CtcTermOptions } from "./ctcArguments.ts";
import { batchOf, checkShapes, readTermOptions } from "./ctcArguments.ts";

/** Log-probabilities, labels and counts of which every sample has an alignment. */
function drawBatch(draw: Draw): [Tensor, Tensor, Tensor, Tensor] {
  const samples = draw.integer(1, 2);
  const classes = draw.integer(2, 3);
  const width = draw.integer(0, 2);
  const counts = (least: number, most: number): number[] =>
    Array.from({ length: samples }, () => draw.integer(least, most));
  const frames = 2 * width + 1;
  const labels = draw.indices([samples, width], classes - 1);
  return [
    draw.tensor([frames, samples, classes], within(-3, 0)),
    // Labels from 1 on: 0 is the blank.
    add(labels, 1),
    tensor(counts(2 * width, frames), { dtype: "int32" }),
    tensor(counts(0, width), { dtype: "int32" }),
  ];
}

const example = (): [Tensor, Tensor, Tensor, Tensor] => [
  zeros([2, 1, 3]),
  tensor([[1]], { dtype: "int32" }),
  tensor([2], { dtype: "int32" }),
  tensor([1], { dtype: "int32" }),
];

/**
 * The negative log-likelihood of each sample's labels, summed over all their alignments with the frames of the input.
 *
 * −ln Σ_π Π_t p_t(π_t) over the sequences π of classes that become the labels when repetitions are merged and blanks removed.
 * `logProbs` has shape [frames, samples, classes], labels [samples, length] (int32; what is behind a sample's count does not
 * matter); the result has shape [samples]. Labels that do not fit into the frames give ∞, with gradient NaN. The gradient is that
 * by the log-probabilities as such; where they come from `logSoftmax`, so does the gradient of the logits. See `ctcLoss`.
 *
 * @throws {ShapeError} when shapes do not go together.
 * @throws {IndexError} for a label or a blank that is no class.
 * @throws {ArgumentError} for a count that is negative, or larger than there is room for.
 * @example
 * import { ctcTerm, tensor } from "@chainrule/core";
 * const half = Math.log(0.5);
 * // Two frames, each blank or "1" with probability ½: three of four sequences read "1".
 * const logProbs = tensor([[[half, half]], [[half, half]]]);
 * ctcTerm(logProbs, [[1]], [2], [1]).toArray(); // → [ 0.2876… ]
 */
export const ctcTerm: Op<
  (
    logProbs: TensorLike,
    targets: TensorLike,
    inputLengths: TensorLike,
    targetLengths: TensorLike,
    options?: CtcTermOptions,
  ) => Tensor
> = defineOp({
  name: "ctcTerm",
  formula: String.raw`L_n = -\ln \sum_{\pi \to l_n} \prod_t p_{t n \pi_t}`,
  call: (
    logProbs: TensorLike,
    targets: TensorLike,
    inputLengths: TensorLike,
    targetLengths: TensorLike,
    options?: CtcTermOptions,
  ) => ({
    operands: [logProbs, targets, inputLengths, targetLengths],
    options: readTermOptions("ctcTerm", options),
  }),
  kinds: ["float", "index", "index", "index"],
  shape: (operands, options) => {
    checkShapes("ctcTerm", operands, options);
    return [operands[0]!.shape[1]!];
  },
  forward: (operands, result, options) => {
    const batch = batchOf("ctcTerm", operands, options);
    for (let n = 0; n < batch.samples; n++) {
      const loss = ctcNegativeLogLikelihood(batch, n);
      result.storage.data[n] = options.zeroInfinity && loss === Infinity ? 0 : loss;
    }
  },
  vjp: [
    (cotangent, node) => {
      const [logProbs, labels, frames, counts] = node.operands.map((_, i) => node.operand(i));
      return ctcTermGradient(cotangent, logProbs!, labels!, frames!, counts!, node.options);
    },
    null,
    null,
    null,
  ],
  samples: [
    (draw) => drawBatch(draw),
    (draw) => {
      // Another blank: the classes in reverse.
      const [logProbs, labels, frames, counts] = drawBatch(draw);
      const blank = logProbs.shape[2]! - 1;
      return [logProbs, add(labels, -1), frames, counts, { blank, zeroInfinity: draw.boolean() }];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), ...example().slice(1)],
      message: /expected log-probabilities \[frames, samples, classes\]/,
      type: ShapeError,
    },
    {
      call: () => [...example(), { blank: 3 }],
      message: /blank 3 is none of the 3 classes/,
      type: IndexError,
    },
    {
      call: () => [example()[0], tensor([[3]], { dtype: "int32" }), [2], [1]],
      message: /label 3 \(number 0 of sample 0\) is no class/,
      type: IndexError,
    },
    {
      call: () => [example()[0], example()[1], [3], [1]],
      message: /inputLengths\[0\] must be a whole number from 0 to 2, not 3/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "labels that do not fit: infinity, or 0",
      call: () => [zeros([1, 1, 2]), tensor([[1, 1]], { dtype: "int32" }), [1], [2]],
      result: [Infinity],
      gradients: [[Number.NaN, Number.NaN], null, null, null],
    },
    {
      note: "labels that do not fit, with zeroInfinity",
      call: () => [
        zeros([1, 1, 2]),
        tensor([[1, 1]], { dtype: "int32" }),
        [1],
        [2],
        { zeroInfinity: true },
      ],
      result: [0],
      gradients: [[0, 0], null, null, null],
    },
    {
      note: "no labels: blanks throughout",
      call: () => [zeros([2, 1, 2]), zeros([1, 0], { dtype: "int32" }), [2], [0]],
      result: [0],
      gradients: [[-1, 0, -1, 0], null, null, null],
    },
  ],
});

/**
 * The gradient of {@link ctcTerm} by the log-probabilities: from the cotangent of the losses, that of the log-probabilities.
 *
 * −γ_tc·cotangent_n, where γ_tc is the probability that frame t is at class c, given the labels. Its own gradient comes from
 * the same sum written in tensor ops.
 *
 * @throws {ShapeError} when shapes do not go together.
 * @example
 * import { ctcTermGradient, tensor, zeros } from "@chainrule/core";
 * const labels = zeros([1, 0], { dtype: "int32" });
 * const count = (n: number) => tensor([n], { dtype: "int32" });
 * const options = { blank: 0, zeroInfinity: false };
 * ctcTermGradient(tensor([1]), zeros([1, 1, 2]), labels, count(1), count(0), options).flatten(); // → tensor([-1, 0])
 */
export const ctcTermGradient: Op<
  (
    cotangent: Tensor,
    logProbs: Tensor,
    targets: Tensor,
    inputLengths: Tensor,
    targetLengths: Tensor,
    options: Required<CtcTermOptions>,
  ) => Tensor
> = defineOp({
  name: "ctcTermGradient",
  formula: String.raw`\bar x_{tnc} = -\bar L_n \, P(\pi_t = c \mid l_n)`,
  call: (
    cotangent: Tensor,
    logProbs: Tensor,
    targets: Tensor,
    inputLengths: Tensor,
    targetLengths: Tensor,
    options: Required<CtcTermOptions>,
  ) => ({
    operands: [cotangent, logProbs, targets, inputLengths, targetLengths],
    options: readTermOptions("ctcTermGradient", options),
  }),
  kinds: ["float", "float", "index", "index", "index"],
  shape: ([cotangent, ...operands], options) => {
    checkShapes("ctcTermGradient", operands, options);
    const [logProbs] = operands;
    if (!sameShape(cotangent!.shape, [logProbs!.shape[1]!])) {
      throw new ShapeError(
        `ctcTermGradient: the cotangent has shape ${formatShape(cotangent!.shape)}, but there are ${logProbs!.shape[1]} samples.`,
        { cotangent: cotangent!.shape },
      );
    }
    return logProbs!.shape;
  },
  forward: ([cotangent, ...operands], result, options) => {
    const batch = batchOf("ctcTermGradient", operands, options);
    const factors = numbersOf(contiguousOperand(cotangent!));
    for (let n = 0; n < batch.samples; n++) {
      if (options.zeroInfinity && ctcNegativeLogLikelihood(batch, n) === Infinity) continue;
      addCtcGradient(batch, n, factors[n]!, result.storage.data);
    }
  },
  vjp: ([h], node) => {
    const byCotangent = (): Tensor => {
      const [cotangent, ...operands] = node.operands.map((_, i) => node.operand(i));
      const [logProbs, labels, frames, counts] = operands;
      const one = onesLike(cotangent!);
      const gradient = ctcTermGradient(one, logProbs!, labels!, frames!, counts!, node.options);
      return sum(mul(h!, gradient), [0, 2]);
    };
    return [
      node.needs(0) ? byCotangent() : null,
      node.needs(1) ? secondDerivative(h!, node) : null,
      null,
      null,
      null,
    ];
  },
  edges: [
    {
      note: "labels that do not fit, with zeroInfinity: no gradient",
      call: () => [
        tensor([1]),
        zeros([1, 1, 2]),
        tensor([[1, 1]], { dtype: "int32" }),
        [1],
        [2],
        { blank: 0, zeroInfinity: true },
      ],
      result: [0, 0],
    },
  ],
  samples: [
    (draw) => {
      const [logProbs, ...rest] = drawBatch(draw);
      const cotangent = draw.tensor([logProbs!.shape[1]!]);
      return [cotangent, logProbs, ...rest, { blank: 0, zeroInfinity: draw.boolean() }];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2]), ...example(), { blank: 0, zeroInfinity: false }],
      message: /the cotangent has shape \[2\], but there are 1 samples/,
      type: ShapeError,
    },
  ],
});

/** ∂/∂logProbs of Σ h·gradient: the Hessian of Σ cotangent·loss times h, by differentiating the sum written in tensor ops. */
function secondDerivative(h: Tensor, node: Recorded<Ctc>): Tensor {
  const [cotangent, logProbs, labels, frames, counts] = node.operands.map((_, i) =>
    node.operand(i),
  );
  if (node.operands.some((operand) => operand.batch !== null) || h.batch !== null) {
    throw new GradError(
      "ctcLoss: the second derivative does not go through vmap; loop over the samples.",
    );
  }
  // Without a graph of the result, nothing beyond these tensors may be walked, nor freed behind them.
  const createGraph = isGradEnabled();
  const linked = (operand: Tensor): Tensor => (createGraph ? operand : operand.detach());
  return enableGrad(() => {
    const x = linked(logProbs!).requiresGrad
      ? alias(logProbs!)
      : logProbs!.detach().requiresGrad_();
    const losses = composedTerm(x, [labels!, frames!, counts!], node.options);
    const total = sum(mul(linked(cotangent!), losses));
    const [gradient] = gradients(total, [x], { createGraph: true });
    const along = sum(mul(gradient!, linked(h)));
    const [second] = gradients(along, [x], { createGraph, allowUnused: true });
    return second ?? zerosLike(logProbs!);
  });
}
