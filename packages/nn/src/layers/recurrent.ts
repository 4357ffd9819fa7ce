/**
 * Recurrent networks over whole sequences.
 */
import {
  addmm,
  at,
  gruGates,
  gruSequence,
  linear,
  lstmGates,
  lstmSequence,
  matmul,
  rnnSequence,
  type Tensor,
  transpose,
} from "@chainrule/core";
import type { Direction, RecurrentOptions, SequenceOptions } from "./recurrentBase.ts";
import { Recurrent } from "./recurrentBase.ts";
import type { LSTMState, RecurrentNonlinearity } from "./recurrentCells.ts";
import { nonlinearityOf, readLSTMState } from "./recurrentCells.ts";

/** Options of {@link RNN}. */
export interface RNNOptions extends RecurrentOptions {
  /** "tanh" unless given. */
  nonlinearity?: RecurrentNonlinearity;
}

/** Options of {@link LSTM}. */
export interface LSTMOptions extends RecurrentOptions {
  /** To how many features hidden states are projected; 0, which is not at all, unless given. */
  projSize?: number;
}

/**
 * A plain recurrent network over sequences: hₜ = tanh(W_ih·xₜ + b_ih + W_hh·hₜ₋₁ + b_hh), in layers on one another.
 *
 * `forward(x, h0, { lengths })` takes x of shape [T, N, inputSize] ([N, T, inputSize] with `batchFirst`, or [T, inputSize])
 * and h0 of [numLayers·D, N, hiddenSize], 0 unless given, with D = 2 if `bidirectional` and else 1. It gives the outputs of the
 * last layer, [T, N, D·hiddenSize], and the final states, of the shape of h0. The parameters of layer k are `weightIhLk`,
 * `weightHhLk`, `biasIhLk`, `biasHhLk`, those of the second direction end in `Reverse`; all begin uniform in ±1/√hiddenSize.
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @throws {ShapeError} in `forward`, when input or state have other shapes, and for an empty sequence.
 * @example
 * import { ones } from "@chainrule/core";
 * import { RNN } from "@chainrule/nn";
 * const rnn = new RNN(3, 8, { numLayers: 2, batchFirst: true });
 * const [output, state] = rnn.forward(ones([5, 7, 3]));
 * [output.shape, state.shape]; // → [ [ 5, 7, 8 ], [ 2, 5, 8 ] ]
 */
export class RNN extends Recurrent {
  static override readonly isConfined = true;

  readonly nonlinearity: RecurrentNonlinearity;
  private readonly activation: (x: Tensor) => Tensor;

  constructor(inputSize: number, hiddenSize: number, options: RNNOptions = {}) {
    super(1, inputSize, hiddenSize, options, ["nonlinearity"]);
    this.nonlinearity = options.nonlinearity ?? "tanh";
    this.activation = nonlinearityOf("RNN", this.nonlinearity);
  }

  protected override direction(suffix: `L${string}`): Direction {
    const { activation, nonlinearity } = this;
    const weight = this[`weightIh${suffix}`]!;
    const weightHh = this[`weightHh${suffix}`]!;
    const bias = this.biasSum(suffix);
    return {
      whole: (input, [h], reverse) => {
        const options = { reverse, nonlinearity };
        const hidden = rnnSequence(input, h!, weight, weightHh, bias, options);
        return { output: hidden, final: [at(hidden, reverse ? 0 : -1)] };
      },
      stepwise: () => {
        const recurrent = transpose(weightHh, 0, 1);
        return {
          project: (input) => linear(input, weight, bias),
          step: (fromInput, [hidden]) => [activation(addmm(fromInput, hidden!, recurrent))],
        };
      },
    };
  }

  override forward(
    x: Tensor,
    h0: Tensor | null = null,
    options?: SequenceOptions,
  ): readonly [output: Tensor, hidden: Tensor] {
    const { output, states } = this.run(x, [h0], options);
    return [output, states[0]!];
  }
}

/**
 * Long short-term memory over sequences, in layers on one another; each step as in {@link LSTMCell}.
 *
 * `forward(x, [h0, c0], { lengths })` gives [outputs, [h, c]]; shapes and names as of {@link RNN}, with gates (i, f, g, o) one
 * below the other in the parameters. With `projSize` hidden states and outputs have so many features: hₜ = W_hr·(o·tanh cₜ).
 * (Hochreiter & Schmidhuber 1997.)
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @throws {ShapeError} in `forward`, when input or states have other shapes, and for an empty sequence.
 * @example
 * import { ones } from "@chainrule/core";
 * import { LSTM } from "@chainrule/nn";
 * const lstm = new LSTM(3, 8, { bidirectional: true, batchFirst: true });
 * const [output, [h, c]] = lstm.forward(ones([5, 7, 3]), null, { lengths: [7, 7, 4, 2, 1] });
 * [output.shape, h.shape, c.shape]; // → [ [ 5, 7, 16 ], [ 2, 5, 8 ], [ 2, 5, 8 ] ]
 */
export class LSTM extends Recurrent {
  static override readonly isConfined = true;

  constructor(inputSize: number, hiddenSize: number, options: LSTMOptions = {}) {
    super(4, inputSize, hiddenSize, options, ["projSize"]);
  }

  protected override direction(suffix: `L${string}`): Direction {
    const weight = this[`weightIh${suffix}`]!;
    const weightHh = this[`weightHh${suffix}`]!;
    const bias = this.biasSum(suffix);
    const isProjected = this.outputSize !== this.hiddenSize;
    return {
      whole: isProjected
        ? null
        : (input, [h, c], reverse) => {
            const all = lstmSequence(input, h!, c!, weight, weightHh, bias, { reverse });
            return { output: all.hidden, final: [at(all.hidden, reverse ? 0 : -1), all.cell] };
          },
      stepwise: () => {
        const recurrent = transpose(weightHh, 0, 1);
        const projection = isProjected ? transpose(this[`weightHr${suffix}`]!, 0, 1) : null;
        return {
          project: (input) => linear(input, weight, bias),
          step: (fromInput, [h, c]) => {
            const { hidden, cell } = lstmGates(addmm(fromInput, h!, recurrent), c!);
            return [projection === null ? hidden : matmul(hidden, projection), cell];
          },
        };
      },
    };
  }

  override forward(
    x: Tensor,
    state: LSTMState | null = null,
    options?: SequenceOptions,
  ): readonly [output: Tensor, state: LSTMState] {
    const given = state === null ? [null, null] : readLSTMState("LSTM", state);
    const { output, states } = this.run(x, given, options);
    return [output, [states[0]!, states[1]!]];
  }
}

/**
 * Gated recurrent units over sequences, in layers on one another; each step as in {@link GRUCell}.
 *
 * `forward(x, h0, { lengths })` gives [outputs, h]; shapes and names as of {@link RNN}, with gates (r, z, n) one below the
 * other in the parameters. (Cho et al. 2014.)
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @throws {ShapeError} in `forward`, when input or state have other shapes, and for an empty sequence.
 * @example
 * import { ones } from "@chainrule/core";
 * import { GRU } from "@chainrule/nn";
 * const [output, h] = new GRU(3, 8).forward(ones([7, 5, 3]));
 * [output.shape, h.shape]; // → [ [ 7, 5, 8 ], [ 1, 5, 8 ] ]
 */
export class GRU extends Recurrent {
  static override readonly isConfined = true;

  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(3, inputSize, hiddenSize, options);
  }

  protected override direction(suffix: `L${string}`): Direction {
    const weight = this[`weightIh${suffix}`]!;
    const recurrent = this[`weightHh${suffix}`]!;
    const [bias, recurrentBias] = this.hasBias
      ? [this[`biasIh${suffix}`]!, this[`biasHh${suffix}`]!]
      : [null, null];
    return {
      whole: (input, [h], reverse) => {
        const biases = [bias, recurrentBias] as const;
        const { hidden } = gruSequence(input, h!, weight, recurrent, ...biases, { reverse });
        return { output: hidden, final: [at(hidden, reverse ? 0 : -1)] };
      },
      stepwise: () => ({
        project: (input) => linear(input, weight, bias),
        step: (fromInput, [h]) => [
          gruGates(fromInput, linear(h!, recurrent, recurrentBias), h!).hidden,
        ],
      }),
    };
  }

  override forward(
    x: Tensor,
    h0: Tensor | null = null,
    options?: SequenceOptions,
  ): readonly [output: Tensor, hidden: Tensor] {
    const { output, states } = this.run(x, [h0], options);
    return [output, states[0]!];
  }
}
