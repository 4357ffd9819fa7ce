/**
 * Gated recurrent units over a whole sequence, forward and back.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros, zerosLike } from "../../creation.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { gruSteps, gruStepsGradient } from "../../kernels/gru-steps.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../arithmetic.ts";
import { cat } from "../cat.ts";
import { matmul } from "../matmul.ts";
import { unbind } from "../stack.ts";
import { transpose } from "../transpose.ts";
import { gruDirect, gruGradientAdjoint } from "./gruGates.ts";
import { partsOf } from "./lstmGates.ts";
import type { ReverseOptions } from "./sequences.ts";
import {
  biasGradient,
  both,
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

/** What gated recurrent units give over a sequence. */
export interface GruSequence {
  /** The states of all times, [T, N, H]. */
  readonly hidden: Tensor;
  /** The gates r, z, n of all times, side by side, [T, N, 3·H]: for the gradient. */
  readonly activations: Tensor;
  /** The state's part of the sum of n, which r multiplies, [T, N, H]: for the gradient. */
  readonly candidates: Tensor;
}

/**
 * Gated recurrent units over a whole sequence, in one op: each step as {@link gruGates} of W_ih·xₜ + b_ih and
 * W_hh·hₜ₋₁ + b_hh, for an input of shape [T, N, features], a state h0 of [N, H], weights of [3·H, features] and [3·H, H], and
 * biases of [3·H], both or none. With `{ reverse: true }` the sequence is read from its end. (Cho et al. 2014, with the reset
 * gate behind the product.)
 *
 * @throws {ShapeError} when shapes do not fit.
 * @throws {ArgumentError} for one bias without the other, and for unknown options.
 * @example
 * import { gruSequence, ones, zeros } from "@chainrule/core";
 * const { hidden } = gruSequence(zeros([3, 1, 2]), ones([1, 1]), zeros([3, 2]), zeros([3, 1]));
 * hidden.flatten(); // → tensor([0.500, 0.250, 0.125])
 */
export const gruSequence: Op<
  (
    input: TensorLike,
    h0: TensorLike,
    weightIh: TensorLike,
    weightHh: TensorLike,
    biasIh?: TensorLike | null,
    biasHh?: TensorLike | null,
    options?: ReverseOptions,
  ) => GruSequence
> = defineOp({
  name: "gruSequence",
  formula: String.raw`h_t = \mathrm{gru}(W x_t + b,\; V h_{t-1} + c,\; h_{t-1})`,
  call: (
    input: TensorLike,
    h0: TensorLike,
    weightIh: TensorLike,
    weightHh: TensorLike,
    biasIh: TensorLike | null = null,
    biasHh: TensorLike | null = null,
    options?: ReverseOptions,
  ) => ({
    operands: [
      ...[input, h0, weightIh, weightHh],
      ...both("gruSequence", "biasIh and biasHh", biasIh, biasHh),
    ],
    options: readReverse("gruSequence", options),
  }),
  shapes: ([input, h0, weightIh, weightHh, ...biases]) => {
    checkSequence("gruSequence", 3, {
      input: input!.shape,
      states: [h0!.shape],
      weightIh: weightIh!.shape,
      weightHh: weightHh!.shape,
      biases: biases.map(({ shape }) => shape),
    });
    const [steps, samples] = input!.shape as [number, number];
    const width = h0!.shape[1]!;
    const all = [steps, samples, width];
    return [all, [steps, samples, 3 * width], all];
  },
  forward: ([input, h0, weightIh, weightHh, ...biases], results, options) => {
    const [hidden, act, candidates] = results as [Tensor, Tensor, Tensor];
    const shifts = biases.map(contiguousOperand);
    inputProducts(input!, weightIh!, act);
    const first = contiguousOperand(h0!);
    gruSteps(act, first, weightHh!, shifts, hidden, candidates, stepsOf(hidden, options));
  },
  returns: ([hidden, activations, candidates]) => ({
    hidden: hidden!,
    activations: activations!,
    candidates: candidates!,
  }),
  vjp: ([hiddenBar = null, actBar = null, candidatesBar = null], node) => {
    const [hidden, act, candidates] = [0, 1, 2].map((k) => node.resultAt(k)) as [
      ...[Tensor, Tensor, Tensor],
    ];
    const [input, h0, weightIh, weightHh] = [0, 1, 2, 3].map((k) => node.operand(k)) as [
      ...[Tensor, Tensor, Tensor, Tensor],
    ];
    const { options } = node;
    const [direct = null, directState = null] =
      actBar === null && candidatesBar === null
        ? []
        : directParts(act, candidates, actBar, candidatesBar);
    const bars = hiddenBar ?? zerosLike(hidden);
    const found = gruSequenceGradient(
      ...[act, candidates, hidden, h0, weightHh, bars, direct, directState, options],
    );
    const { inputGates, stateGates } = found;
    return neededGradients(node, [
      () => inputGradient(inputGates, weightIh, input.shape),
      () => found.hidden,
      () => inputWeightGradient(inputGates, input),
      () => stateWeightGradient(stateGates, hidden, h0, weightHh, options),
      () => biasGradient(inputGates),
      () => biasGradient(stateGates),
    ]);
  },
  batch: (operands, batched, options) =>
    sequencesTogether(
      operands,
      batched,
      ["sequence", "state", "parameter", "parameter", "parameter", "parameter"],
      { hidden: "sequence", activations: "sequence", candidates: "sequence" },
      ([input, h0, weightIh, weightHh, biasIh, biasHh]) =>
        gruSequence(input!, h0!, weightIh!, weightHh!, biasIh, biasHh, options),
    ),
  samples: sequenceKinds.map((kind) => (draw) => {
    const { sequence, state, features, width, options } = drawSequence(draw, kind);
    const rows = 3 * width;
    const weights = [draw.tensor([rows, features]), draw.tensor([rows, width])];
    const biases = draw.pick([
      [null, null],
      [draw.tensor([rows]), draw.tensor([rows])],
    ]);
    return [sequence(features), state(), ...weights, ...biases, options];
  }),
  rejects: [
    {
      call: () => [zeros([3, 2]), zeros([2, 1]), zeros([3, 2]), zeros([3, 1])],
      message: /the input must be a sequence of shape \[T, N, features\], not \[3, 2\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([3, 2, 2]), zeros([2, 1]), zeros([3, 2]), zeros([4, 1])],
      message: /weightHh has shape \[4, 1\], but .* it must be \[3, 1\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([3, 2, 2]), zeros([2, 1]), zeros([3, 2]), zeros([3, 1]), zeros([3])],
      message: /biasIh and biasHh go together/,
      type: ArgumentError,
    },
    {
      call: () => [
        ...[zeros([3, 2, 2]), zeros([2, 1]), zeros([3, 2]), zeros([3, 1])],
        ...[zeros([3]), zeros([1])],
      ],
      message: /a bias has shape \[1\], but .* it must be \[3\]/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "an open update gate keeps the state",
      call: () => [
        ...[zeros([1, 1, 0]), tensor([[3]]), zeros([3, 0]), zeros([3, 1])],
        ...[tensor([0, 800, 0]), zeros([3])],
      ],
      result: [3, 0.5, 1, 0, 0],
      // Of the sum of all results, candidates included.
      gradients: [[], [1], [], [0.75, 0, 4.5], [0.25, 0, 1], [0.25, 0, 1.5]],
    },
    {
      note: "a sequence without steps",
      call: () => [zeros([0, 1, 1]), tensor([[2]]), zeros([3, 1]), zeros([3, 1])],
      result: [],
      gradients: [[], [0], [0, 0, 0], [0, 0, 0]],
    },
  ],
});

/** What cotangents of the gates and of bₙ are as such of both parts of the sums. */
function directParts(
  act: Tensor,
  candidates: Tensor,
  actBar: Tensor | null,
  candidatesBar: Tensor | null,
): [input: Tensor, state: Tensor] {
  const [input, state] = gruDirect(act, candidates, actBar ?? zerosLike(act));
  if (candidatesBar === null) return [input, state];
  const none = zerosLike(candidates);
  return [input, add(state, cat([none, none, candidatesBar], -1))];
}

/** The gradients of both parts of the sums, and of the first state. */
export interface GruSequenceGradient {
  /** Of the input's part, [T, N, 3·H]. */
  readonly inputGates: Tensor;
  /** Of the state's part. */
  readonly stateGates: Tensor;
  readonly hidden: Tensor;
}

/**
 * The gradient of `gruSequence` by both parts of its sums and by its first state: back through all steps, each as
 * {@link gruGatesGradient}, with W_hhᵀ times the cotangent of the state's part added to that of hₜ₋₁. Takes the gates, the
 * state's parts of n and the states of all times, h0, the weight of the state, the cotangents of all states and, both or
 * neither, what comes directly to the input's and the state's part.
 *
 * @throws {ShapeError} when shapes do not fit.
 * @throws {ArgumentError} when one of the last two cotangents is missing, and for unknown options.
 * @example
 * import { gruSequenceGradient, ones, tensor, zeros } from "@chainrule/core";
 * const act = tensor([[[0.5, 0.25, 0]], [[0.5, 0.25, 0]]]);
 * const all = zeros([2, 1, 1]);
 * gruSequenceGradient(act, all, all, zeros([1, 1]), zeros([3, 1]), all.add(1)).hidden; // → tensor([[0.3125]])
 */
export const gruSequenceGradient: Op<
  (
    activations: TensorLike,
    candidates: TensorLike,
    hidden: TensorLike,
    h0: TensorLike,
    weightHh: TensorLike,
    hiddenBar: TensorLike,
    inputBar?: TensorLike | null,
    stateBar?: TensorLike | null,
    options?: ReverseOptions,
  ) => GruSequenceGradient
> = defineOp({
  name: "gruSequenceGradient",
  formula: String.raw`\bar a_t, \bar b_t = \mathrm{gru}'(\bar h_t + z_{t+1} \bar h_{t+1} + V^\top \bar b_{t+1})`,
  call: (
    activations: TensorLike,
    candidates: TensorLike,
    hidden: TensorLike,
    h0: TensorLike,
    weightHh: TensorLike,
    hiddenBar: TensorLike,
    inputBar: TensorLike | null = null,
    stateBar: TensorLike | null = null,
    options?: ReverseOptions,
  ) => ({
    operands: [
      ...[activations, candidates, hidden, h0, weightHh, hiddenBar],
      ...both("gruSequenceGradient", "inputBar and stateBar", inputBar, stateBar),
    ],
    options: readReverse("gruSequenceGradient", options),
  }),
  shapes: ([act, candidates, hidden, h0, weightHh, hiddenBar, inputBar, stateBar]) => {
    const all = hidden!.shape;
    const [steps, samples, width] = all as [number, number, number];
    checkTimes("gruSequenceGradient", "the states", all);
    const gates = [steps, samples, 3 * width];
    checkParts("gruSequenceGradient", [
      ["activations", act!, gates],
      ["candidates", candidates!, all],
      ["h0", h0!, [samples, width]],
      ["weightHh", weightHh!, [3 * width, width]],
      ["hiddenBar", hiddenBar!, all],
      ["inputBar", inputBar ?? act!, gates],
      ["stateBar", stateBar ?? act!, gates],
    ]);
    return [gates, gates, [samples, width]];
  },
  forward: (operands, results, options) => {
    gruStepsGradient(
      operands.map((x, i) => (i === 4 ? x : contiguousOperand(x))),
      results,
      stepsOf(operands[2]!, options),
    );
  },
  returns: ([inputGates, stateGates, hidden]) => ({
    inputGates: inputGates!,
    stateGates: stateGates!,
    hidden: hidden!,
  }),
  // From the first step to the last: u is the cotangent of what a step passes on to the state before.
  vjp: ([inputBar = null, stateBar = null, firstBar = null], node) => {
    const [act, candidates, hidden, h0, weight, hiddenBar] = [0, 1, 2, 3, 4, 5].map((k) =>
      node.operand(k),
    ) as [...[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]];
    const isExtended = node.operands.length > 6;
    const order = orderOf(hidden, node.options);
    const stateGates = node.resultAt(1);
    const [acts, parts, states, bars, passed] = [
      ...[act, candidates, hidden, hiddenBar],
      matmul(stateGates, weight),
    ].map((x) => unbind(x)) as [...[Tensor[], Tensor[], Tensor[], Tensor[], Tensor[]]];
    // What each step was given: the cotangent of its state, by its place in the order.
    const given = new Array<Tensor>(order.length);
    for (let s = order.length - 1; s >= 0; s--) {
      given[s] = bars[order[s]![0]]!;
      if (s === order.length - 1) continue;
      const [after] = order[s + 1]!;
      const z = partsOf(acts[after]!, 3)[1]!;
      given[s] = add(given[s]!, add(mul(given[s + 1]!, z), passed[after]!));
    }
    const list = (): Tensor[] => new Array<Tensor>(order.length);
    const [toActs, toParts, toStates, toBars] = [list(), list(), list(), list()];
    const [toInputs, toSums, left] = [list(), list(), list()];
    const [inputBars, stateBars] = [inputBar, stateBar].map((x) =>
      unbind(x ?? zerosLike(stateGates)),
    ) as [Tensor[], Tensor[]];
    let u = firstBar ?? zerosLike(h0);
    let toFirst = zerosLike(h0);
    for (const [s, [time, before]] of order.entries()) {
      left[time] = u;
      toInputs[time] = inputBars[time]!;
      toSums[time] = add(stateBars[time]!, matmul(u, transpose(weight, 0, 1)));
      const state = before < 0 ? h0 : states[before]!;
      const [actBar, partBar, stateBarBefore, next] = gruGradientAdjoint(
        [acts[time]!, parts[time]!, state, given[s]!],
        toInputs[time]!,
        toSums[time]!,
        u,
      );
      toActs[time] = actBar;
      toParts[time] = partBar;
      toStates[time] = zerosLike(state);
      if (before < 0) toFirst = stateBarBefore;
      else toStates[before] = stateBarBefore;
      toBars[time] = next;
      u = next;
    }
    return [
      stacked(toActs, act),
      stacked(toParts, candidates),
      stacked(toStates, hidden),
      toFirst,
      inputWeightGradient(stateGates, stacked(left, hidden)),
      stacked(toBars, hiddenBar),
      ...(isExtended ? [stacked(toInputs, act), stacked(toSums, act)] : []),
    ];
  },
  batch: (operands, batched, options) =>
    sequencesTogether(
      operands,
      batched,
      [
        ...(["sequence", "sequence", "sequence", "state"] as const),
        ...(["parameter", "sequence", "sequence", "sequence"] as const),
      ],
      { inputGates: "sequence", stateGates: "sequence", hidden: "state" },
      ([act, candidates, hidden, h0, weightHh, hiddenBar, inputBar, stateBar]) =>
        gruSequenceGradient(
          act!,
          candidates!,
          hidden!,
          h0!,
          weightHh!,
          hiddenBar!,
          inputBar,
          stateBar,
          options,
        ),
    ),
  samples: sequenceKinds.map((kind) => (draw) => {
    const { sequence, state, width, options } = drawSequence(draw, kind);
    const all = (): Tensor => sequence(width);
    const gates = (): Tensor => sequence(3 * width);
    const weight = draw.tensor([3 * width, width]);
    const more = draw.pick([
      [null, null],
      [gates(), gates()],
    ]);
    return [gates(), all(), all(), state(), weight, all(), ...more, options];
  }),
  rejects: [
    {
      call: () => [
        ...[zeros([2, 1, 3]), zeros([2, 1, 1]), zeros([2, 1, 1])],
        ...[zeros([1, 1]), zeros([3, 1]), zeros([2, 1, 2])],
      ],
      message: /hiddenBar has shape \[2, 1, 2\], but must have \[2, 1, 1\]/,
      type: ShapeError,
    },
    {
      call: () => [
        ...[zeros([2, 1, 3]), zeros([2, 1, 1]), zeros([2, 1, 1])],
        ...[zeros([1, 1]), zeros([3, 1]), zeros([2, 1, 1]), zeros([2, 1, 3])],
      ],
      message: /inputBar and stateBar go together/,
      type: ArgumentError,
    },
    {
      call: () => [
        ...[zeros([1, 3]), zeros([1, 1]), zeros([1, 1])],
        ...[zeros([1, 1]), zeros([3, 1]), zeros([1, 1])],
      ],
      message: /the states must have the shape \[T, N, H\], not \[1, 1\]/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "an open update gate hands the gradient on, through all steps",
      call: () => [
        [[[0.5, 1, 0]], [[0.5, 1, 0]]],
        zeros([2, 1, 1]),
        [[[3]], [[3]]],
        [[3]],
        zeros([3, 1]),
        [[[0]], [[5]]],
      ],
      result: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5],
    },
  ],
});
