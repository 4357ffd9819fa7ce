/**
 * Long short-term memory over a whole sequence, forward and back.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros, zerosLike } from "../../creation.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { lstmSteps, lstmStepsGradient } from "../../kernels/lstm-steps.ts";
import { timesOf } from "../../kernels/steps.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../arithmetic.ts";
import { matmul } from "../matmul.ts";
import { unbind } from "../stack.ts";
import { transpose } from "../transpose.ts";
import { lstmGatesGradient, lstmGradientAdjoint, lstmSlopes } from "./lstmGates.ts";
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
  plus,
  readReverse,
  sequenceKinds,
  sequencesTogether,
  stacked,
  stateWeightGradient,
  stepsOf,
} from "./sequences.ts";

/** What long short-term memory gives over a sequence. */
export interface LstmSequence {
  /** The hidden states of all times, [T, N, H]. */
  readonly hidden: Tensor;
  /** The cell after the last step, [N, H]. */
  readonly cell: Tensor;
  /** The cells of all times, [T, N, H]. */
  readonly cells: Tensor;
  /** The gates i, f, g, o of all times, side by side, [T, N, 4·H]: for the gradient. */
  readonly activations: Tensor;
}

/**
 * Long short-term memory over a whole sequence, in one op: each step as {@link lstmGates} of
 * W_ih·xₜ + W_hh·hₜ₋₁ + b, for an input of shape [T, N, features], states h0 and c0 of [N, H], weights of [4·H, features] and
 * [4·H, H], and a bias of [4·H], or `null`. With `{ reverse: true }` the sequence is read from its end.
 * (Hochreiter & Schmidhuber 1997.)
 *
 * @throws {ShapeError} when shapes do not fit.
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { lstmSequence, ones, zeros } from "@chainrule/core";
 * const state = zeros([1, 1]);
 * const { hidden, cell } = lstmSequence(ones([3, 1, 2]), state, state, ones([4, 2]), ones([4, 1]));
 * [hidden.shape, cell.item().toFixed(3)]; // → [ [ 3, 1, 1 ], '2.561' ]
 */
export const lstmSequence: Op<
  (
    input: TensorLike,
    h0: TensorLike,
    c0: TensorLike,
    weightIh: TensorLike,
    weightHh: TensorLike,
    bias?: TensorLike | null,
    options?: ReverseOptions,
  ) => LstmSequence
> = defineOp({
  name: "lstmSequence",
  formula: String.raw`h_t, c_t = \mathrm{lstm}(W x_t + V h_{t-1} + b,\; c_{t-1})`,
  call: (
    input: TensorLike,
    h0: TensorLike,
    c0: TensorLike,
    weightIh: TensorLike,
    weightHh: TensorLike,
    bias?: TensorLike | null,
    options?: ReverseOptions,
  ) => ({
    operands: [
      input,
      h0,
      c0,
      weightIh,
      weightHh,
      ...(bias === undefined || bias === null ? [] : [bias]),
    ],
    options: readReverse("lstmSequence", options),
  }),
  shapes: ([input, h0, c0, weightIh, weightHh, ...biases]) => {
    checkSequence("lstmSequence", 4, {
      input: input!.shape,
      states: [h0!.shape, c0!.shape],
      weightIh: weightIh!.shape,
      weightHh: weightHh!.shape,
      biases: biases.map(({ shape }) => shape),
    });
    const [steps, samples] = input!.shape as [number, number];
    const width = h0!.shape[1]!;
    const all = [steps, samples, width];
    return [all, [samples, width], all, [steps, samples, 4 * width]];
  },
  forward: ([input, h0, c0, weightIh, weightHh, bias], results, options) => {
    const [hidden, cell, cells, act] = results as [Tensor, Tensor, Tensor, Tensor];
    const first = contiguousOperand(c0!);
    const shift = bias === undefined ? null : contiguousOperand(bias);
    const shape = stepsOf(hidden, options);
    inputProducts(input!, weightIh!, act);
    lstmSteps(act, contiguousOperand(h0!), first, weightHh!, shift, hidden, cells, shape);
    const size = cell.numel();
    const [last] = timesOf(shape, shape.steps - 1);
    const [source, from] = shape.steps === 0 ? [first, first.offset] : [cells, last * size];
    cell.storage.data.set(source.storage.data.subarray(from, from + size));
  },
  returns: ([hidden, cell, cells, activations]) => ({
    hidden: hidden!,
    cell: cell!,
    cells: cells!,
    activations: activations!,
  }),
  vjp: ([hiddenBar = null, cellBar = null, cellsBar = null, actBar = null], node) => {
    const [hidden, cells, act] = [node.resultAt(0), node.resultAt(2), node.resultAt(3)];
    const [input, h0, c0, weightIh, weightHh] = [0, 1, 2, 3, 4].map((k) => node.operand(k)) as [
      ...[Tensor, Tensor, Tensor, Tensor, Tensor],
    ];
    const { options } = node;
    const more =
      cellsBar === null && actBar === null
        ? [null, null]
        : [
            cellsBar ?? zerosLike(cells),
            actBar === null ? zerosLike(act) : mul(actBar, lstmSlopes(act)),
          ];
    const found = lstmSequenceGradient(
      act,
      cells,
      c0,
      weightHh,
      hiddenBar ?? zerosLike(hidden),
      cellBar ?? zerosLike(c0),
      more[0],
      more[1],
      options,
    );
    const { gates } = found;
    return neededGradients(node, [
      () => inputGradient(gates, weightIh, input.shape),
      () => found.hidden,
      () => found.cell,
      () => inputWeightGradient(gates, input),
      () => stateWeightGradient(gates, hidden, h0, weightHh, options),
      () => biasGradient(gates),
    ]);
  },
  batch: (operands, batched, options) =>
    sequencesTogether(
      operands,
      batched,
      ["sequence", "state", "state", "parameter", "parameter", "parameter"],
      { hidden: "sequence", cell: "state", cells: "sequence", activations: "sequence" },
      ([input, h0, c0, weightIh, weightHh, bias]) =>
        lstmSequence(input!, h0!, c0!, weightIh!, weightHh!, bias, options),
    ),
  samples: sequenceKinds.map((kind) => (draw) => {
    const { sequence, state, features, width, options } = drawSequence(draw, kind);
    return [
      sequence(features),
      state(),
      state(),
      draw.tensor([4 * width, features]),
      draw.tensor([4 * width, width]),
      draw.pick([null, draw.tensor([4 * width])]),
      options,
    ];
  }),
  rejects: [
    {
      call: () => [zeros([3, 2]), zeros([2, 1]), zeros([2, 1]), zeros([4, 2]), zeros([4, 1])],
      message: /the input must be a sequence of shape \[T, N, features\], not \[3, 2\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([3, 2, 2]), zeros([2, 1]), zeros([1, 1]), zeros([4, 2]), zeros([4, 1])],
      message: /a state has shape \[1, 1\], but .* it must be \[2, H\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([3, 2, 2]), zeros([2, 1]), zeros([2, 1]), zeros([4, 1]), zeros([4, 1])],
      message: /weightIh has shape \[4, 1\], but .* it must be \[4, 2\]/,
      type: ShapeError,
    },
    {
      call: () => [
        ...[zeros([3, 2, 2]), zeros([2, 1]), zeros([2, 1]), zeros([4, 2]), zeros([4, 1])],
        ...[null, { reversed: true }],
      ],
      message: /unknown option "reversed"/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "gates that are shut: nothing comes in, nothing goes out, nothing is forgotten",
      call: () => [
        zeros([1, 1, 0]),
        zeros([1, 1]),
        tensor([[3]]),
        zeros([4, 0]),
        zeros([4, 1]),
        tensor([-800, 800, 0, -800]),
      ],
      result: [0, 3, 3, 0, 1, 0, 0],
      gradients: [[], [0], [2], [], [0, 0, 0, 0], [0, 0, 1, 0]],
    },
    {
      note: "a sequence without steps leaves the cell as it was",
      call: () => [zeros([0, 1, 1]), tensor([[2]]), tensor([[3]]), zeros([4, 1]), zeros([4, 1])],
      result: [3],
      gradients: [[], [0], [1], [0, 0, 0, 0], [0, 0, 0, 0]],
    },
  ],
});

/** The gradients of the sums and of the first states. */
export interface LstmSequenceGradient {
  /** Of the sums of the gates, [T, N, 4·H]. */
  readonly gates: Tensor;
  readonly hidden: Tensor;
  readonly cell: Tensor;
}

/**
 * The gradient of `lstmSequence` by the sums of its gates and by its first states: back through all steps, each as
 * {@link lstmGatesGradient}, with h̄ₜ₋₁ = W_hhᵀ·āₜ added to the cotangent of hₜ₋₁. Takes the gates and cells of all times,
 * c0, the weight of the state, the cotangents of all hidden states and of the last cell and, both or neither, those of all
 * cells and what comes to the sums directly.
 *
 * @throws {ShapeError} when shapes do not fit.
 * @throws {ArgumentError} when one of the last two cotangents is missing, and for unknown options.
 * @example
 * import { lstmSequenceGradient, ones, zeros } from "@chainrule/core";
 * const act = zeros([2, 1, 4]).add(0.5);
 * const [all, state] = [zeros([2, 1, 1]), ones([1, 1])];
 * lstmSequenceGradient(act, all, state, zeros([4, 1]), all, state).cell; // → tensor([[0.25]])
 */
export const lstmSequenceGradient: Op<
  (
    activations: TensorLike,
    cells: TensorLike,
    c0: TensorLike,
    weightHh: TensorLike,
    hiddenBar: TensorLike,
    cellBar: TensorLike,
    cellsBar?: TensorLike | null,
    gatesBar?: TensorLike | null,
    options?: ReverseOptions,
  ) => LstmSequenceGradient
> = defineOp({
  name: "lstmSequenceGradient",
  formula: String.raw`\bar a_t = \mathrm{lstm}'(\bar h_t + V^\top \bar a_{t+1},\; \bar c_t)`,
  call: (
    activations: TensorLike,
    cells: TensorLike,
    c0: TensorLike,
    weightHh: TensorLike,
    hiddenBar: TensorLike,
    cellBar: TensorLike,
    cellsBar: TensorLike | null = null,
    gatesBar: TensorLike | null = null,
    options?: ReverseOptions,
  ) => ({
    operands: [
      ...[activations, cells, c0, weightHh, hiddenBar, cellBar],
      ...both("lstmSequenceGradient", "cellsBar and gatesBar", cellsBar, gatesBar),
    ],
    options: readReverse("lstmSequenceGradient", options),
  }),
  shapes: ([act, cells, c0, weightHh, hiddenBar, cellBar, cellsBar, gatesBar]) => {
    const [steps, samples, width] = cells!.shape as [number, number, number];
    checkTimes("lstmSequenceGradient", "the cells", cells!.shape);
    const all = cells!.shape;
    const gates = [steps, samples, 4 * width];
    const state = [samples, width];
    checkParts("lstmSequenceGradient", [
      ["activations", act!, gates],
      ["c0", c0!, state],
      ["weightHh", weightHh!, [4 * width, width]],
      ["hiddenBar", hiddenBar!, all],
      ["cellBar", cellBar!, state],
      ["cellsBar", cellsBar ?? cells!, all],
      ["gatesBar", gatesBar ?? act!, gates],
    ]);
    return [gates, state, state];
  },
  forward: (operands, results, options) => {
    lstmStepsGradient(
      operands.map((x, i) => (i === 3 ? x : contiguousOperand(x))),
      results,
      stepsOf(operands[1]!, options),
    );
  },
  returns: ([gates, hidden, cell]) => ({ gates: gates!, hidden: hidden!, cell: cell! }),
  // From the first step to the last: u and v are the cotangents of what a step passes on to the state before.
  vjp: ([gatesBar = null, firstBar = null, cellBar = null], node) => {
    const [act, cells, c0, weight, hiddenBar, lastBar] = [0, 1, 2, 3, 4, 5].map((k) =>
      node.operand(k),
    ) as [...[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]];
    const isExtended = node.operands.length > 6;
    const order = orderOf(cells, node.options);
    const steps = order.length;
    const [acts, states, bars] = [act, cells, hiddenBar].map((x) => unbind(x)) as [
      ...[Tensor[], Tensor[], Tensor[]],
    ];
    const moreBars = isExtended ? unbind(node.operand(6)) : [];
    const gates = node.resultAt(0);
    const passed = unbind(matmul(gates, weight));
    // What each step was given: its operands, by its place in the order.
    const given = new Array<readonly Tensor[]>(steps);
    let next = lastBar;
    for (let s = steps - 1; s >= 0; s--) {
      const [time, before] = order[s]!;
      const h = s === steps - 1 ? bars[time]! : add(bars[time]!, passed[order[s + 1]![0]]!);
      const c = plus(next, moreBars[time]);
      given[s] = [acts[time]!, before < 0 ? c0 : states[before]!, states[time]!, h, c];
      const [a, cell, after] = given[s] as [Tensor, Tensor, Tensor];
      next = lstmGatesGradient(a, cell, after, h, c).cell;
    }
    const zerosOf = (): Tensor[] => new Array<Tensor>(steps);
    const [toActs, toCells, toBars, toMore, toGates, left] = Array.from({ length: 6 }, zerosOf) as [
      ...[Tensor[], Tensor[], Tensor[], Tensor[], Tensor[], Tensor[]],
    ];
    const gatesBars = unbind(gatesBar ?? zerosLike(gates));
    let u = firstBar ?? zerosLike(c0);
    let v = cellBar ?? zerosLike(c0);
    let toFirst = zerosLike(c0);
    for (const [s, [time, before]] of order.entries()) {
      left[time] = u;
      toGates[time] = add(gatesBars[time]!, matmul(u, transpose(weight, 0, 1)));
      const [actBar, cell, after, h, c] = lstmGradientAdjoint(given[s]!, toGates[time]!, v);
      toActs[time] = actBar;
      toCells[time] = after;
      if (before < 0) toFirst = cell;
      else toCells[before] = add(toCells[before]!, cell);
      toBars[time] = h;
      toMore[time] = c;
      u = h;
      v = c;
    }
    const weightBar = inputWeightGradient(gates, stacked(left, cells));
    return [
      stacked(toActs, act),
      stacked(toCells, cells),
      toFirst,
      weightBar,
      stacked(toBars, hiddenBar),
      v,
      ...(isExtended ? [stacked(toMore, cells), stacked(toGates, gates)] : []),
    ];
  },
  batch: (operands, batched, options) =>
    sequencesTogether(
      operands,
      batched,
      [
        ...(["sequence", "sequence", "state", "parameter"] as const),
        ...(["sequence", "state", "sequence", "sequence"] as const),
      ],
      { gates: "sequence", hidden: "state", cell: "state" },
      ([act, cells, c0, weightHh, hiddenBar, cellBar, cellsBar, gatesBar]) =>
        lstmSequenceGradient(
          act!,
          cells!,
          c0!,
          weightHh!,
          hiddenBar!,
          cellBar!,
          cellsBar,
          gatesBar,
          options,
        ),
    ),
  samples: sequenceKinds.map((kind) => (draw) => {
    const { sequence, state, width, options } = drawSequence(draw, kind);
    const all = (): Tensor => sequence(width);
    const gates = (): Tensor => sequence(4 * width);
    const weight = draw.tensor([4 * width, width]);
    const more = draw.pick([
      [null, null],
      [all(), gates()],
    ]);
    return [gates(), all(), state(), weight, all(), state(), ...more, options];
  }),
  rejects: [
    {
      call: () => [
        ...[zeros([2, 1, 4]), zeros([2, 1, 1]), zeros([1, 1])],
        ...[zeros([4, 1]), zeros([2, 1, 2]), zeros([1, 1])],
      ],
      message: /hiddenBar has shape \[2, 1, 2\], but must have \[2, 1, 1\]/,
      type: ShapeError,
    },
    {
      call: () => [
        ...[zeros([2, 1, 4]), zeros([2, 1, 1]), zeros([1, 1])],
        ...[zeros([4, 1]), zeros([2, 1, 1]), zeros([1, 1]), zeros([2, 1, 1])],
      ],
      message: /cellsBar and gatesBar go together/,
      type: ArgumentError,
    },
    {
      call: () => [
        ...[zeros([1, 4]), zeros([1, 1]), zeros([1, 1])],
        ...[zeros([4, 1]), zeros([1, 1]), zeros([1, 1])],
      ],
      message: /the cells must have the shape \[T, N, H\]/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "an open forget gate hands the gradient of the cell on, through all steps",
      call: () => [
        [[[0, 1, 0, 0]], [[0, 1, 0, 0]]],
        [[[3]], [[3]]],
        [[3]],
        zeros([4, 1]),
        zeros([2, 1, 1]),
        [[5]],
      ],
      result: [0, 0, 0, 0, 0, 0, 0, 0, 0, 5],
    },
  ],
});
