/**
 * A plain recurrent network over a whole sequence, forward and back.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros, zerosLike } from "../../creation.ts";
import { ArgumentError, checkOptions, quoted, ShapeError } from "../../errors.ts";
import { rnnSteps, rnnStepsGradient } from "../../kernels/rnn-steps.ts";
import type { Nonlinearity } from "../../kernels/steps.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import { within } from "../../samples.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../arithmetic.ts";
import { gt } from "../comparison.ts";
import { matmul } from "../matmul.ts";
import { where } from "../selection.ts";
import { unbind } from "../stack.ts";
import { transpose } from "../transpose.ts";
import { tanhSlope } from "./lstmGates.ts";
import type { ReverseOptions } from "./sequences.ts";
import {
  biasGradient,
  checkParts,
  checkSequence,
  checkTimes,
  drawSequence,
  inputGradient,
  inputProducts,
  inputWeightGradient,
  neededGradients,
  orderOf,
  readReverse,
  sequenceKinds,
  sequencesTogether,
  stacked,
  stateWeightGradient,
  stepsOf,
} from "./sequences.ts";

/** Options of {@link rnnSequence}. */
export interface RnnSequenceOptions extends ReverseOptions {
  /** What sums are put through: "tanh" unless given. */
  nonlinearity?: "tanh" | "relu";
}

function readOptions(name: string, options: RnnSequenceOptions = {}): Required<RnnSequenceOptions> {
  checkOptions(name, options, ["reverse", "nonlinearity"]);
  const { nonlinearity = "tanh", ...others } = options;
  if (nonlinearity !== "tanh" && nonlinearity !== "relu") {
    throw new ArgumentError(
      `${name}: nonlinearity must be "tanh" or "relu", not ${quoted(nonlinearity)}.`,
      { nonlinearity },
    );
  }
  return { ...readReverse(name, others), nonlinearity };
}

/** A cotangent times the slope of the nonlinearity, by its value; exactly 0 where a rectifier is shut. */
function timesSlope(cotangent: Tensor, hidden: Tensor, nonlinearity: Nonlinearity): Tensor {
  return nonlinearity === "tanh"
    ? mul(cotangent, tanhSlope(hidden))
    : where(gt(hidden, 0), cotangent, 0);
}

/**
 * A plain recurrent network over a whole sequence, in one op: hₜ = tanh(W_ih·xₜ + W_hh·hₜ₋₁ + b), or max(0, ·) with
 * `{ nonlinearity: "relu" }`, for an input of shape [T, N, features], a state h0 of [N, H], weights of [H, features] and
 * [H, H], and a bias of [H], or `null`. With `{ reverse: true }` the sequence is read from its end. Gives the states of all
 * times, [T, N, H]. (Elman 1990.)
 *
 * @throws {ShapeError} when shapes do not fit.
 * @throws {ArgumentError} for another nonlinearity, and for unknown options.
 * @example
 * import { ones, rnnSequence, zeros } from "@chainrule/core";
 * const options = { nonlinearity: "relu" } as const;
 * rnnSequence(ones([3, 1, 2]), zeros([1, 1]), ones([1, 2]), ones([1, 1]), null, options).flatten(); // → tensor([2, 4, 6])
 */
export const rnnSequence: Op<
  (
    input: TensorLike,
    h0: TensorLike,
    weightIh: TensorLike,
    weightHh: TensorLike,
    bias?: TensorLike | null,
    options?: RnnSequenceOptions,
  ) => Tensor
> = defineOp({
  name: "rnnSequence",
  formula: String.raw`h_t = \tanh(W x_t + V h_{t-1} + b)`,
  call: (
    input: TensorLike,
    h0: TensorLike,
    weightIh: TensorLike,
    weightHh: TensorLike,
    bias?: TensorLike | null,
    options?: RnnSequenceOptions,
  ) => ({
    operands: [
      ...[input, h0, weightIh, weightHh],
      ...(bias === undefined || bias === null ? [] : [bias]),
    ],
    options: readOptions("rnnSequence", options),
  }),
  shape: ([input, h0, weightIh, weightHh, ...biases]) => {
    checkSequence("rnnSequence", 1, {
      input: input!.shape,
      states: [h0!.shape],
      weightIh: weightIh!.shape,
      weightHh: weightHh!.shape,
      biases: biases.map(({ shape }) => shape),
    });
    return [...input!.shape.slice(0, 2), h0!.shape[1]!];
  },
  forward: ([input, h0, weightIh, weightHh, bias], hidden, options) => {
    const shift = bias === undefined ? null : contiguousOperand(bias);
    inputProducts(input!, weightIh!, hidden);
    const first = contiguousOperand(h0!);
    rnnSteps(options.nonlinearity, hidden, first, weightHh!, shift, stepsOf(hidden, options));
  },
  vjp: ([hiddenBar], node) => {
    const hidden = node.result;
    const [input, h0, weightIh, weightHh] = [0, 1, 2, 3].map((k) => node.operand(k)) as [
      ...[Tensor, Tensor, Tensor, Tensor],
    ];
    const { options } = node;
    const found = rnnSequenceGradient(hidden, weightHh, hiddenBar!, options);
    return neededGradients(node, [
      () => inputGradient(found.sums, weightIh, input.shape),
      () => found.hidden,
      () => inputWeightGradient(found.sums, input),
      () => stateWeightGradient(found.sums, hidden, h0, weightHh, options),
      () => biasGradient(found.sums),
    ]);
  },
  batch: (operands, batched, options) => {
    const roles = ["sequence", "state", "parameter", "parameter", "parameter"] as const;
    const all = sequencesTogether(
      operands,
      batched,
      roles,
      { hidden: "sequence" },
      ([input, h0, weightIh, weightHh, bias]) => ({
        hidden: rnnSequence(input!, h0!, weightIh!, weightHh!, bias, options),
      }),
    );
    return all.hidden!;
  },
  samples: [
    ...sequenceKinds.map((kind) => (draw: Draw) => {
      const { sequence, state, features, width, options } = drawSequence(draw, kind);
      const bias = draw.pick([null, draw.tensor([width])]);
      const weights = [draw.tensor([width, features]), draw.tensor([width, width])];
      return [sequence(features), state(), ...weights, bias, options];
    }),
    (draw) => {
      const { features, width, options, steps, samples } = drawSequence(
        draw,
        draw.pick(sequenceKinds.slice(1)),
      );
      // All rectifiers are open, or all are shut, far from their kink.
      const positive = within(0.5, 1);
      const bias = draw.tensor([width], draw.pick([positive, within(-40, -30)]));
      return [
        draw.tensor([steps, samples, features], positive),
        draw.tensor([samples, width], positive),
        draw.tensor([width, features], positive),
        draw.tensor([width, width], positive),
        bias,
        { ...options, nonlinearity: "relu" },
      ];
    },
  ],
  rejects: [
    {
      call: () => [zeros([3, 2]), zeros([2, 1]), zeros([1, 2]), zeros([1, 1])],
      message: /the input must be a sequence of shape \[T, N, features\], not \[3, 2\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([3, 2, 2]), zeros([2, 1]), zeros([1, 3]), zeros([1, 1])],
      message: /weightIh has shape \[1, 3\], but .* it must be \[1, 2\]/,
      type: ShapeError,
    },
    {
      call: () => [
        ...[zeros([3, 2, 2]), zeros([2, 1]), zeros([1, 2]), zeros([1, 1])],
        ...[null, { nonlinearity: "sine" }],
      ],
      message: /nonlinearity must be "tanh" or "relu", not "sine"/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "a rectifier at 0 passes nothing on",
      call: () => [
        ...[tensor([[[1]], [[2]]]), tensor([[0]]), tensor([[0]]), tensor([[3]])],
        ...[null, { nonlinearity: "relu" }],
      ],
      result: [0, 0],
      gradients: [[0, 0], [0], [0], [0]],
    },
    {
      note: "a sequence without steps",
      call: () => [zeros([0, 1, 1]), tensor([[2]]), zeros([1, 1]), zeros([1, 1])],
      result: [],
      gradients: [[], [0], [0], [0]],
    },
  ],
});

/** The gradients of the sums, and of the first state. */
export interface RnnSequenceGradient {
  /** Of the sums, [T, N, H]. */
  readonly sums: Tensor;
  readonly hidden: Tensor;
}

/**
 * The gradient of `rnnSequence` by its sums and by its first state: back through all steps, āₜ = (h̄ₜ + W_hhᵀ·āₜ₊₁)·(1 − hₜ²),
 * or, with a rectifier, as it is where hₜ > 0 and else 0. Takes the states of all times, the weight of the state, and the
 * cotangents of all states.
 *
 * @throws {ShapeError} when shapes do not fit.
 * @throws {ArgumentError} for another nonlinearity, and for unknown options.
 * @example
 * import { ones, rnnSequenceGradient, zeros } from "@chainrule/core";
 * rnnSequenceGradient(zeros([3, 1, 1]), ones([1, 1]), ones([3, 1, 1])).sums.flatten(); // → tensor([3, 2, 1])
 */
export const rnnSequenceGradient: Op<
  (
    hidden: TensorLike,
    weightHh: TensorLike,
    hiddenBar: TensorLike,
    options?: RnnSequenceOptions,
  ) => RnnSequenceGradient
> = defineOp({
  name: "rnnSequenceGradient",
  formula: String.raw`\bar a_t = (1 - h_t^2)(\bar h_t + V^\top \bar a_{t+1})`,
  call: (
    hidden: TensorLike,
    weightHh: TensorLike,
    hiddenBar: TensorLike,
    options?: RnnSequenceOptions,
  ) => ({
    operands: [hidden, weightHh, hiddenBar],
    options: readOptions("rnnSequenceGradient", options),
  }),
  shapes: ([hidden, weightHh, hiddenBar]) => {
    const all = hidden!.shape;
    const width = all[2]!;
    checkTimes("rnnSequenceGradient", "the states", all);
    checkParts("rnnSequenceGradient", [
      ["weightHh", weightHh!, [width, width]],
      ["hiddenBar", hiddenBar!, all],
    ]);
    return [all, all.slice(1)];
  },
  forward: (operands, results, options) => {
    const parts = operands.map((x, i) => (i === 1 ? x : contiguousOperand(x)));
    rnnStepsGradient(options.nonlinearity, parts, results, stepsOf(operands[0]!, options));
  },
  returns: ([sums, hidden]) => ({ sums: sums!, hidden: hidden! }),
  // From the first step to the last: u is the cotangent of what a step passes on to the state before.
  vjp: ([sumsBar = null, firstBar = null], node) => {
    const [hidden, weight, hiddenBar] = [0, 1, 2].map((k) => node.operand(k)) as [
      ...[Tensor, Tensor, Tensor],
    ];
    const { nonlinearity } = node.options;
    const order = orderOf(hidden, node.options);
    const sums = node.resultAt(0);
    const [states, bars, passed, sumsBars] = [
      ...[hidden, hiddenBar],
      ...[matmul(sums, weight), sumsBar ?? zerosLike(sums)],
    ].map((x) => unbind(x)) as [...[Tensor[], Tensor[], Tensor[], Tensor[]]];
    const list = (): Tensor[] => new Array<Tensor>(order.length);
    const [toStates, toBars, left] = [list(), list(), list()];
    let u = firstBar ?? zerosLike(node.resultAt(1));
    for (const [s, [time]] of order.entries()) {
      left[time] = u;
      const own = add(sumsBars[time]!, matmul(u, transpose(weight, 0, 1)));
      const state = states[time]!;
      const after = order[s + 1];
      const given = after === undefined ? bars[time]! : add(bars[time]!, passed[after[0]]!);
      toStates[time] =
        nonlinearity === "tanh" ? mul(mul(mul(own, given), state), -2) : zerosLike(state);
      u = timesSlope(own, state, nonlinearity);
      toBars[time] = u;
    }
    return [
      stacked(toStates, hidden),
      inputWeightGradient(sums, stacked(left, hidden)),
      stacked(toBars, hiddenBar),
    ];
  },
  batch: (operands, batched, options) =>
    sequencesTogether(
      operands,
      batched,
      ["sequence", "parameter", "sequence"],
      { sums: "sequence", hidden: "state" },
      ([hidden, weightHh, hiddenBar]) =>
        rnnSequenceGradient(hidden!, weightHh!, hiddenBar!, options),
    ),
  samples: sequenceKinds.map((kind) => (draw) => {
    const { sequence, width, options, steps, samples } = drawSequence(draw, kind);
    const hidden = draw.tensor([steps, samples, width], within(-2, 2, { avoid: [0] }));
    const nonlinearity = draw.pick(["tanh", "relu"]);
    return [hidden, draw.tensor([width, width]), sequence(width), { ...options, nonlinearity }];
  }),
  rejects: [
    {
      call: () => [zeros([2, 1, 1]), zeros([1, 1]), zeros([2, 1, 2])],
      message: /hiddenBar has shape \[2, 1, 2\], but must have \[2, 1, 1\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 1]), zeros([1, 1]), zeros([1, 1])],
      message: /the states must have the shape \[T, N, H\], not \[1, 1\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 1, 1]), zeros([1, 1]), zeros([1, 1, 1]), { nonlinearity: "sine" }],
      message: /nonlinearity must be "tanh" or "relu", not "sine"/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "a rectifier at 0 passes nothing on",
      call: () => [[[[0]], [[1]]], [[2]], [[[3]], [[4]]], { nonlinearity: "relu" }],
      result: [0, 4, 0],
    },
  ],
});
