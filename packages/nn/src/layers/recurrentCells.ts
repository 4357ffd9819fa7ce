/**
 * Cells of recurrent networks: one step in time.
 */
import type { Shape, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  add,
  checkBoolean,
  checkInteger,
  checkOptions,
  checkTensor,
  formatShape,
  gruGates,
  linear,
  lstmGates,
  quoted,
  relu,
  ShapeError,
  sameShape,
  tanh,
  zeros,
} from "@chainrule/core";
import { Module } from "../module.ts";
import type { RandomParameterOptions } from "./parameters.ts";
import { inverseRoot, randomParameterOptions, uniformParameter } from "./parameters.ts";

/** Options of the cells. */
export interface CellOptions extends RandomParameterOptions {
  /** Whether biases are added; true unless given. */
  bias?: boolean;
}

/** What a plain recurrent network puts its sums through. */
export type RecurrentNonlinearity = "tanh" | "relu";

/** Options of {@link RNNCell}. */
export interface RNNCellOptions extends CellOptions {
  /** "tanh" unless given. */
  nonlinearity?: RecurrentNonlinearity;
}

/** The hidden state and the cell of long short-term memory. */
export type LSTMState = readonly [hidden: Tensor, cell: Tensor];

/** The function of a nonlinearity. @throws {ArgumentError} for an unknown one. */
export function nonlinearityOf(where: string, name: RecurrentNonlinearity): (x: Tensor) => Tensor {
  if (name === "tanh") return tanh;
  if (name === "relu") return relu;
  throw new ArgumentError(`${where}: nonlinearity must be "tanh" or "relu", not ${quoted(name)}.`, {
    nonlinearity: name,
  });
}

/** Refuses an initial state that is no tensor of the shape that the input asks for. */
export function checkState(where: string, name: string, state: unknown, expected: Shape): void {
  const found = checkTensor(`${where}, initial ${name}`, state);
  if (!sameShape(found.shape, expected)) {
    throw new ShapeError(
      `${where}: the initial ${name} has shape ${formatShape(found.shape)}, but must have ${formatShape(expected)}.`,
      { state: found.shape, expected },
    );
  }
}

/** The state of long short-term memory as its two tensors. */
export function readLSTMState(where: string, state: unknown): LSTMState {
  if (Array.isArray(state) && state.length === 2) return [state[0], state[1]];
  throw new ArgumentError(
    `${where}: the initial state must be an array [hidden, cell], not ${quoted(state)}.`,
  );
}

/** What the cells share: parameters for as many gates as they have. */
abstract class Cell extends Module {
  readonly inputSize: number;
  readonly hiddenSize: number;
  weightIh: Tensor;
  weightHh: Tensor;
  biasIh: Tensor | null;
  biasHh: Tensor | null;

  protected constructor(
    gates: number,
    inputSize: number,
    hiddenSize: number,
    options: CellOptions,
    more: readonly string[] = [],
  ) {
    super();
    const { name } = this.constructor;
    checkOptions(name, options, ["bias", ...more, ...randomParameterOptions]);
    this.inputSize = checkInteger(name, "inputSize", inputSize, 1);
    this.hiddenSize = checkInteger(name, "hiddenSize", hiddenSize, 1);
    const hasBias = checkBoolean(name, "bias", options.bias, true);
    const bound = inverseRoot(hiddenSize);
    const rows = gates * hiddenSize;
    this.weightIh = uniformParameter([rows, inputSize], bound, options);
    this.weightHh = uniformParameter([rows, hiddenSize], bound, options);
    this.biasIh = hasBias ? uniformParameter([rows], bound, options) : null;
    this.biasHh = hasBias ? uniformParameter([rows], bound, options) : null;
  }

  /** The shape of the state for an input of shape [N, inputSize] or [inputSize]. */
  protected stateShape(x: Tensor): number[] {
    const { name } = this.constructor;
    checkTensor(name, x);
    if ((x.ndim !== 1 && x.ndim !== 2) || x.shape.at(-1) !== this.inputSize) {
      throw new ShapeError(
        `${name}: expected an input of shape [N, ${this.inputSize}] or [${this.inputSize}], not ${formatShape(x.shape)}.`,
        { shape: x.shape },
      );
    }
    return [...x.shape.slice(0, -1), this.hiddenSize];
  }

  protected initial(name: string, state: Tensor | null | undefined, x: Tensor): Tensor {
    const shape = this.stateShape(x);
    if (state === null || state === undefined) return zeros(shape, { dtype: x.dtype });
    checkState(this.constructor.name, name, state, shape);
    return state;
  }

  protected fromInput(x: Tensor): Tensor {
    return linear(x, this.weightIh, this.biasIh);
  }

  protected fromState(hidden: Tensor): Tensor {
    return linear(hidden, this.weightHh, this.biasHh);
  }

  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.biasIh === null ? ", bias=false" : ""}`;
  }
}

/**
 * One step of a plain recurrent network: h′ = tanh(W_ih·x + b_ih + W_hh·h + b_hh), for x of shape [N, inputSize] and h of
 * [N, hiddenSize] (or both without N); h is 0 unless given. (Elman 1990.)
 *
 * `weightIh` has shape [hiddenSize, inputSize], `weightHh` [hiddenSize, hiddenSize]; all begin uniform in ±1/√hiddenSize.
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @throws {ShapeError} in `forward`, when input or state have other shapes.
 * @example
 * import { ones } from "@chainrule/core";
 * import { RNNCell } from "@chainrule/nn";
 * const cell = new RNNCell(3, 8);
 * let h = cell.forward(ones([5, 3]));
 * h = cell.forward(ones([5, 3]), h);
 * h.shape; // → [ 5, 8 ]
 */
export class RNNCell extends Cell {
  static override readonly isConfined = true;

  readonly nonlinearity: RecurrentNonlinearity;
  private readonly activation: (x: Tensor) => Tensor;

  constructor(inputSize: number, hiddenSize: number, options: RNNCellOptions = {}) {
    super(1, inputSize, hiddenSize, options, ["nonlinearity"]);
    this.nonlinearity = options.nonlinearity ?? "tanh";
    this.activation = nonlinearityOf("RNNCell", this.nonlinearity);
  }

  override forward(x: Tensor, hidden?: Tensor | null): Tensor {
    const h = this.initial("hidden state", hidden, x);
    return this.activation(add(this.fromInput(x), this.fromState(h)));
  }
}

/**
 * One step of long short-term memory: `forward(x, [h, c])` gives [h′, c′], with gates (i, f, g, o) = (σ, σ, tanh, σ) of
 * W_ih·x + b_ih + W_hh·h + b_hh, c′ = f·c + i·g and h′ = o·tanh c′; see `lstmGates`. Both states are 0 unless given.
 * (Hochreiter & Schmidhuber 1997.)
 *
 * `weightIh` has shape [4·hiddenSize, inputSize], `weightHh` [4·hiddenSize, hiddenSize]; all begin uniform in ±1/√hiddenSize.
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @throws {ShapeError} in `forward`, when input or states have other shapes.
 * @example
 * import { ones } from "@chainrule/core";
 * import { LSTMCell } from "@chainrule/nn";
 * const [h, c] = new LSTMCell(3, 8).forward(ones([5, 3]));
 * [h.shape, c.shape]; // → [ [ 5, 8 ], [ 5, 8 ] ]
 */
export class LSTMCell extends Cell {
  static override readonly isConfined = true;

  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super(4, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, state?: LSTMState | null): LSTMState {
    const [h0, c0] =
      state === null || state === undefined ? [null, null] : readLSTMState("LSTMCell", state);
    const h = this.initial("hidden state", h0, x);
    const c = this.initial("cell", c0, x);
    const { hidden, cell } = lstmGates(add(this.fromInput(x), this.fromState(h)), c);
    return [hidden, cell];
  }
}

/**
 * One step of a gated recurrent unit: with (aᵣ, a_z, aₙ) = W_ih·x + b_ih and (bᵣ, b_z, bₙ) = W_hh·h + b_hh, r = σ(aᵣ + bᵣ),
 * z = σ(a_z + b_z), n = tanh(aₙ + r·bₙ) and h′ = (1 − z)·n + z·h; see `gruGates`. h is 0 unless given. (Cho et al. 2014.)
 *
 * `weightIh` has shape [3·hiddenSize, inputSize], `weightHh` [3·hiddenSize, hiddenSize]; all begin uniform in ±1/√hiddenSize.
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @throws {ShapeError} in `forward`, when input or state have other shapes.
 * @example
 * import { ones } from "@chainrule/core";
 * import { GRUCell } from "@chainrule/nn";
 * new GRUCell(3, 8).forward(ones([5, 3])).shape; // → [ 5, 8 ]
 */
export class GRUCell extends Cell {
  static override readonly isConfined = true;

  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super(3, inputSize, hiddenSize, options);
  }

  override forward(x: Tensor, hidden?: Tensor | null): Tensor {
    const h = this.initial("hidden state", hidden, x);
    return gruGates(this.fromInput(x), this.fromState(h), h).hidden;
  }
}
