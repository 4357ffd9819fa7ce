/**
 * What recurrent networks over whole sequences share: layers, directions, lengths.
 *
 * One layer in one direction is one op over all times. Where lengths differ, and where states are projected, it is a
 * product for all times and then two nodes a step, so that what depends on the time can stand between them.
 */
import {
  ArgumentError,
  add,
  cat,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  checkTensor,
  dropout,
  formatShape,
  fromTypedArray,
  ShapeError,
  stack,
  Tensor,
  transpose,
  unbind,
  unsqueeze,
  where,
  zeros,
} from "@chainrule/core";
import { Module } from "../module.ts";
import type { RandomParameterOptions } from "./parameters.ts";
import {
  described,
  drawnFrom,
  inverseRoot,
  randomParameterOptions,
  uniformParameter,
} from "./parameters.ts";
import { checkState } from "./recurrentCells.ts";

/** Options of all recurrent networks. */
export interface RecurrentOptions extends RandomParameterOptions {
  /** How many layers lie on one another; 1 unless given. */
  numLayers?: number;
  /** Whether biases are added; true unless given. */
  bias?: boolean;
  /** Whether inputs and outputs are [N, T, …] rather than [T, N, …]; false unless given. States are not affected. */
  batchFirst?: boolean;
  /** The probability of dropout between the layers, while training; 0 unless given. With one layer it has no place. */
  dropout?: number;
  /** Whether a second network reads the sequence from its end; false unless given. */
  bidirectional?: boolean;
}

/** Options of `forward` of the recurrent networks. */
export interface SequenceOptions {
  /**
   * The length of each sequence, from 0 to T, where they differ: behind its end a sequence has outputs of 0, its final state
   * is that at its end, and the second direction begins there.
   */
  lengths?: Tensor | readonly number[] | null;
}

/** The state of one layer in one direction: hidden, and with long short-term memory the cell. */
export type State = readonly Tensor[];

/** One layer in one direction, with its parameters at hand. */
export interface Direction {
  /** All times in one op, from the first on or from the last; `null` where there is none for it. */
  readonly whole: ((input: Tensor, state: State, reverse: boolean) => Scanned) | null;
  readonly stepwise: () => Stepwise;
}

/** The same step by step. */
export interface Stepwise {
  /** The input's part of the gates, for all times at once. */
  readonly project: (input: Tensor) => Tensor;
  readonly step: (fromInput: Tensor, state: State) => State;
}

/** The hidden states of all times, and the state after the last step. */
export interface Scanned {
  readonly output: Tensor;
  readonly final: State;
}

/** The names of parameters of the layers, such as `weightIhL0` and `biasHhL1Reverse`. */
type WeightName = `weight${"Ih" | "Hh" | "Hr"}L${string}`;
type BiasName = `bias${"Ih" | "Hh"}L${string}`;

/** What the recurrent networks share: layers, directions, lengths. */
export abstract class Recurrent extends Module {
  [weight: WeightName]: Tensor;
  [bias: BiasName]: Tensor;
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;
  protected readonly hasBias: boolean;
  /** The features of a hidden state: fewer than `hiddenSize` where it is projected. */
  protected readonly outputSize: number;
  private readonly dropoutOptions: Parameters<typeof dropout>[1];

  protected constructor(
    gates: number,
    inputSize: number,
    hiddenSize: number,
    options: RecurrentOptions & { projSize?: number },
    more: readonly string[] = [],
  ) {
    super();
    const { name } = this.constructor;
    const known = ["numLayers", "bias", "batchFirst", "dropout", "bidirectional", ...more];
    checkOptions(name, options, [...known, ...randomParameterOptions]);
    const { numLayers = 1, dropout: p = 0, projSize = 0 } = options;
    this.inputSize = checkInteger(name, "inputSize", inputSize, 1);
    this.hiddenSize = checkInteger(name, "hiddenSize", hiddenSize, 1);
    this.numLayers = checkInteger(name, "numLayers", numLayers, 1);
    this.hasBias = checkBoolean(name, "bias", options.bias, true);
    this.batchFirst = checkBoolean(name, "batchFirst", options.batchFirst, false);
    this.bidirectional = checkBoolean(name, "bidirectional", options.bidirectional, false);
    this.dropout = checkNumber(name, "dropout", p);
    if (p < 0 || p > 1) {
      throw new ArgumentError(`${name}: dropout is a probability, from 0 to 1, not ${p}.`, {
        dropout: p,
      });
    }
    this.dropoutOptions = { p, ...drawnFrom(options) };
    checkInteger(name, "projSize", projSize, 0, hiddenSize - 1);
    this.outputSize = projSize === 0 ? hiddenSize : projSize;

    const bound = inverseRoot(hiddenSize);
    const rows = gates * hiddenSize;
    const draw = (...shape: number[]): Tensor => uniformParameter(shape, bound, options);
    for (const [layer, suffix] of this.suffixes()) {
      const width = layer === 0 ? inputSize : this.outputSize * this.directions;
      this[`weightIh${suffix}`] = draw(rows, width);
      this[`weightHh${suffix}`] = draw(rows, this.outputSize);
      if (this.hasBias) {
        this[`biasIh${suffix}`] = draw(rows);
        this[`biasHh${suffix}`] = draw(rows);
      }
      if (projSize > 0) this[`weightHr${suffix}`] = draw(projSize, hiddenSize);
    }
  }

  /** One layer in one direction, with its parameters read once. */
  protected abstract direction(suffix: `L${string}`): Direction;

  protected get directions(): number {
    return this.bidirectional ? 2 : 1;
  }

  /** The layers and directions with what their parameters' names end in. */
  private *suffixes(): IterableIterator<[layer: number, suffix: `L${string}`]> {
    for (let layer = 0; layer < this.numLayers; layer++) {
      yield [layer, `L${layer}`];
      if (this.bidirectional) yield [layer, `L${layer}Reverse`];
    }
  }

  /** Both biases as one, for gates that add them anyway. */
  protected biasSum(suffix: `L${string}`): Tensor | null {
    return this.hasBias ? add(this[`biasIh${suffix}`]!, this[`biasHh${suffix}`]!) : null;
  }

  /** A sequence as [T, N, features], and whether it came without N. */
  private readInput(x: Tensor): { input: Tensor; isSingle: boolean } {
    const { name } = this.constructor;
    checkTensor(name, x);
    const order = this.batchFirst ? "N, T" : "T, N";
    if ((x.ndim !== 2 && x.ndim !== 3) || x.shape.at(-1) !== this.inputSize) {
      throw new ShapeError(
        `${name}: expected a sequence of shape [${order}, ${this.inputSize}] or [T, ${this.inputSize}], not ${formatShape(x.shape)}.`,
        { shape: x.shape },
      );
    }
    const isSingle = x.ndim === 2;
    const input = isSingle ? unsqueeze(x, 1) : this.batchFirst ? transpose(x, 0, 1) : x;
    if (input.shape[0] === 0) {
      throw new ShapeError(
        `${name}: a sequence needs one step at least, but the input has shape ${formatShape(x.shape)}.`,
        { shape: x.shape },
      );
    }
    return { input, isSingle };
  }

  /** The initial states, a tensor for each layer and direction; of zeros where none are given. */
  private readState(
    name: string,
    given: Tensor | null,
    features: number,
    input: Tensor,
    isSingle: boolean,
  ): readonly Tensor[] {
    const count = this.numLayers * this.directions;
    const samples = input.shape[1]!;
    if (given === null) {
      const zero = zeros([samples, features], { dtype: input.dtype });
      return new Array<Tensor>(count).fill(zero);
    }
    const shape = isSingle ? [count, features] : [count, samples, features];
    checkState(this.constructor.name, name, given, shape);
    return unbind(isSingle ? unsqueeze(given, 1) : given);
  }

  /** For each time whether the sequences go on there, as [N, 1]; `null` where all do. */
  private masks(
    options: SequenceOptions | undefined,
    input: Tensor,
  ): readonly (Tensor | null)[] | null {
    const where = this.constructor.name;
    checkOptions(where, options, ["lengths"]);
    const given = options?.lengths ?? null;
    if (given === null) return null;
    const [steps, samples] = input.shape as [number, number];
    const lengths: readonly number[] =
      given instanceof Tensor ? Array.from(given.toTypedArray()) : given;
    if (!Array.isArray(lengths) || lengths.length !== samples) {
      throw new ArgumentError(
        `${where}: lengths must hold one number for each of the ${samples} sequences, but there are ${lengths.length}.`,
        { lengths: lengths.length, samples },
      );
    }
    for (const length of lengths) checkInteger(where, "each of the lengths", length, 0, steps);
    return Array.from({ length: steps }, (_, t) => {
      if (lengths.every((length) => t < length)) return null;
      const goesOn = Uint8Array.from(lengths, (length) => (t < length ? 1 : 0));
      return fromTypedArray(goesOn, [samples, 1]);
    });
  }

  /** One layer in one direction, over all times. */
  private scan(
    suffix: `L${string}`,
    input: Tensor,
    initial: State,
    masks: readonly (Tensor | null)[] | null,
    isReverse: boolean,
  ): Scanned {
    const { whole, stepwise } = this.direction(suffix);
    if (whole !== null && masks === null) return whole(input, initial, isReverse);
    const { project, step } = stepwise();
    const parts = unbind(project(input));
    const outputs = new Array<Tensor>(parts.length);
    let state = initial;
    for (let k = 0; k < parts.length; k++) {
      const t = isReverse ? parts.length - 1 - k : k;
      const next = step(parts[t]!, state);
      const mask = masks?.[t] ?? null;
      if (mask === null) {
        state = next;
        outputs[t] = next[0]!;
      } else {
        const before = state;
        state = next.map((x, i) => where(mask, x, before[i]!));
        outputs[t] = where(mask, next[0]!, 0);
      }
    }
    return { output: stack(outputs), final: state };
  }

  /** All layers and directions: the outputs of the last layer, and the final states by kind. */
  protected run(
    x: Tensor,
    given: readonly (Tensor | null)[],
    options: SequenceOptions | undefined,
  ): { output: Tensor; states: readonly Tensor[] } {
    const { input, isSingle } = this.readInput(x);
    const masks = this.masks(options, input);
    const features = [this.outputSize, this.hiddenSize];
    const names = ["hidden state", "cell"];
    const initial = given.map((state, kind) =>
      this.readState(names[kind]!, state, features[kind]!, input, isSingle),
    );
    const finals: Tensor[][] = given.map(() => []);
    let y = input;
    for (let layer = 0; layer < this.numLayers; layer++) {
      if (layer > 0 && this.training && this.dropout > 0) y = dropout(y, this.dropoutOptions);
      const outputs: Tensor[] = [];
      for (let way = 0; way < this.directions; way++) {
        const place = layer * this.directions + way;
        const suffix: `L${string}` = `L${layer}${way === 1 ? "Reverse" : ""}`;
        const states = initial.map((list) => list[place]!);
        const { output, final } = this.scan(suffix, y, states, masks, way === 1);
        outputs.push(output);
        for (const [kind, state] of final.entries()) finals[kind]!.push(state);
      }
      y = outputs.length === 1 ? outputs[0]! : cat(outputs, -1);
    }
    const states = finals.map((list) => stack(list));
    if (isSingle) return { output: y.squeeze(1), states: states.map((state) => state.squeeze(1)) };
    return { output: this.batchFirst ? transpose(y, 0, 1) : y, states };
  }

  override extraRepr(): string {
    const { inputSize, hiddenSize, numLayers, batchFirst, bidirectional } = this;
    return described({
      inputSize,
      hiddenSize,
      numLayers: numLayers === 1 ? undefined : numLayers,
      bias: this.hasBias ? undefined : false,
      batchFirst: batchFirst || undefined,
      dropout: this.dropout === 0 ? undefined : this.dropout,
      bidirectional: bidirectional || undefined,
      projSize: this.outputSize === hiddenSize ? undefined : this.outputSize,
    });
  }
}
