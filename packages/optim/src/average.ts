/**
 * Averages of weights over the steps of a training: often better than the last weights, and never trained themselves.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  contiguousOperand,
  formatShape,
  fullLike,
  isFloating,
  noGrad,
  perDType,
  ShapeError,
  sameShape,
  writable,
} from "@chainrule/core";
import { named, tensorsOf } from "./groups.ts";

/** Averages as plain data. */
export interface WeightAverageStateDict {
  readonly updates: number;
  readonly averages: readonly Tensor[];
}

/**
 * The base of averages of weights. Give it parameters, and buffers such as running means if they are to be averaged, too;
 * whole numbers and booleans are not averaged but kept up to date.
 */
export abstract class WeightAverage {
  /** How often the weights were taken in. */
  updates = 0;
  private readonly name: string;
  private readonly tensors: readonly Tensor[];
  private readonly averages: readonly Tensor[];

  /** @throws {ArgumentError} for an empty list, or what is no tensor. */
  protected constructor(name: string, parameters: Iterable<Tensor>) {
    this.name = name;
    this.tensors = tensorsOf(name, parameters);
    this.averages = this.tensors.map(copyOf);
  }

  /** How much of the average stays when the weights are taken in for the n-th time, from 1; the first time nothing does. */
  protected abstract share(n: number): number;

  /** Takes the present weights in, usually after each step. */
  update(): void {
    this.updates++;
    const kept = this.updates === 1 ? 0 : this.share(this.updates);
    noGrad(() => {
      for (const [i, tensor] of this.tensors.entries()) {
        const average = this.averages[i]!;
        if (average.dtype !== tensor.dtype || !isFloating(tensor.dtype)) {
          average.copy_(tensor.detach());
          continue;
        }
        const { storage, offset } = contiguousOperand(tensor);
        const means = writable(average);
        mixFor(means)(means, storage.data, offset, 1 - kept);
      }
    });
  }

  /**
   * Calls a function while the weights are their averages, and puts them back: `average.use(() => evaluate(model))`. Of an
   * asynchronous function the weights are back when its promise is settled.
   */
  use<T>(body: () => T): T {
    const before = this.tensors.map(copyOf);
    const back = (): void => {
      for (const [i, tensor] of this.tensors.entries()) noGrad(() => tensor.copy_(before[i]!));
    };
    this.copyTo(this.tensors);
    let result: T;
    try {
      result = body();
    } catch (error) {
      back();
      throw error;
    }
    if (result instanceof Promise) return result.finally(back) as T;
    back();
    return result;
  }

  /**
   * Writes the averages into tensors, those they are the averages of unless given.
   *
   * @throws {ArgumentError} for more or fewer tensors.
   * @throws {ShapeError} for tensors of other shapes. Nothing has changed then.
   */
  copyTo(targets: Iterable<Tensor> = this.tensors): void {
    const list = [...targets];
    checkFit(`${this.name}.copyTo`, list, this.tensors);
    for (const [i, target] of list.entries()) noGrad(() => target.copy_(this.averages[i]!));
  }

  /** The averages, as copies. */
  stateDict(): WeightAverageStateDict {
    return { updates: this.updates, averages: this.averages.map(copyOf) };
  }

  /**
   * Goes on from what {@link WeightAverage.stateDict} gave.
   *
   * @throws {ArgumentError} for more or fewer tensors.
   * @throws {ShapeError} for tensors of other shapes. Nothing has changed then.
   */
  loadStateDict(state: WeightAverageStateDict): void {
    const where = `${this.name}.loadStateDict`;
    checkOptions(where, state, ["updates", "averages"]);
    const updates = checkInteger(where, "updates", state?.updates, 0);
    if (!Array.isArray(state.averages))
      throw new ArgumentError(`${where}: expected the averages.`, { state });
    checkFit(where, state.averages, this.tensors);
    for (const [i, average] of this.averages.entries()) average.copy_(state.averages[i]);
    this.updates = updates;
  }
}

function copyOf(x: Tensor): Tensor {
  return fullLike(x.detach(), 0).copy_(x.detach());
}

function checkFit(where: string, given: readonly Tensor[], expected: readonly Tensor[]): void {
  if (given.length !== expected.length) {
    throw new ArgumentError(
      `${where}: ${given.length} tensors were given for ${expected.length} averages.`,
      { given: given.length, expected: expected.length },
    );
  }
  for (const [i, tensor] of tensorsOf(where, given).entries()) {
    if (!sameShape(tensor.shape, expected[i]!.shape)) {
      throw new ShapeError(
        `${where}: tensor ${i}${named(tensor)} has shape ${formatShape(tensor.shape)}, but its average ${formatShape(expected[i]!.shape)}.`,
        { tensor: i },
      );
    }
  }
}

const mixFor = perDType(function mix(
  means: { [index: number]: number; length: number },
  values: ArrayLike<number>,
  start: number,
  weight: number,
): void {
  // A weight of 1 copies, also what is not finite.
  if (weight === 1) for (let i = 0; i < means.length; i++) means[i] = values[start + i]!;
  else
    for (let i = 0; i < means.length; i++)
      means[i] = means[i]! + weight * (values[start + i]! - means[i]!);
});

/** Options of {@link ExponentialMovingAverage}. */
export interface ExponentialMovingAverageOptions {
  /** How much of the average stays at each update; 0.999 unless given. */
  decay?: number;
  /** Whether less of it stays at first, at most (1 + n)/(10 + n) at update n; false unless given. */
  warmup?: boolean;
}

/**
 * The exponential moving average of weights: a ← decay·a + (1 − decay)·θ. It looks back over about 1/(1 − decay) updates.
 *
 * @throws {ArgumentError} for an empty list, what is no tensor, and a decay that is not from 0 to 1.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { ExponentialMovingAverage, SGD } from "@chainrule/optim";
 * const w = tensor(4, { requiresGrad: true });
 * const optimizer = new SGD([w], { lr: 1 });
 * const average = new ExponentialMovingAverage([w], { decay: 0.75 });
 * for (let step = 0; step < 3; step++) {
 *   optimizer.zeroGrad();
 *   w.square().backward(); // w jumps between -4 and 4
 *   optimizer.step();
 *   average.update();
 * }
 * average.use(() => w.item()); // → -2.5
 * w.item(); // → -4
 */
export class ExponentialMovingAverage extends WeightAverage {
  private readonly decay: number;
  private readonly warmup: boolean;

  constructor(parameters: Iterable<Tensor>, options: ExponentialMovingAverageOptions = {}) {
    const where = "ExponentialMovingAverage";
    checkOptions(where, options, ["decay", "warmup"]);
    const decay = checkNumber(where, "decay", options.decay ?? 0.999);
    if (!(decay >= 0 && decay <= 1)) {
      throw new ArgumentError(`${where}: decay must be from 0 to 1, not ${decay}.`, { decay });
    }
    const warmup = checkBoolean(where, "warmup", options.warmup, false);
    super(where, parameters);
    this.decay = decay;
    this.warmup = warmup;
  }

  protected override share(n: number): number {
    return this.warmup ? Math.min(this.decay, (1 + n) / (10 + n)) : this.decay;
  }
}

/**
 * The mean of the weights over all updates (Izmailov et al., "Averaging weights leads to wider optima and better
 * generalization", UAI 2018): `update()` after each epoch of the last part of a training, at a high rate.
 *
 * @throws {ArgumentError} for an empty list, or what is no tensor.
 * @example
 * import { noGrad, tensor } from "@chainrule/core";
 * import { StochasticWeightAverage } from "@chainrule/optim";
 * const w = tensor(0, { requiresGrad: true });
 * const average = new StochasticWeightAverage([w]);
 * for (const value of [1, 2, 6]) {
 *   noGrad(() => w.fill_(value));
 *   average.update();
 * }
 * average.copyTo();
 * w.item(); // → 3
 */
export class StochasticWeightAverage extends WeightAverage {
  constructor(parameters: Iterable<Tensor>) {
    super("StochasticWeightAverage", parameters);
  }

  protected override share(n: number): number {
    return 1 - 1 / n;
  }
}
