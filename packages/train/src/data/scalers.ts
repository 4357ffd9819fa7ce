/**
 * Scaling of inputs, remembered from the data that it was fitted on.
 */
import {
  ArgumentError,
  checkNumber,
  checkOptions,
  formatShape,
  quoted,
  ShapeError,
  Tensor,
  tensor,
} from "@chainrule/core";

/** What a scaler has learned, as plain data: y = (x − shift) / scale for each column. */
export interface ScalerStateDict {
  readonly shift: readonly number[];
  readonly scale: readonly number[];
}

/**
 * The base of scalers: each column of a table [samples, …features] is shifted and divided. What is computed from the
 * columns comes from `fit` only, so that test data cannot leak into it.
 */
abstract class Scaler {
  private readonly name: string;
  private learned: ScalerStateDict | null = null;
  private features: readonly number[] = [];

  protected constructor(name: string) {
    this.name = name;
  }

  /** Shift and scale of one column. */
  protected abstract learn(column: Float64Array): { shift: number; scale: number };

  /**
   * Learns shift and scale of each column.
   *
   * @throws {ArgumentError} for no samples, and for NaN or infinity among the numbers.
   */
  fit(x: Tensor): this {
    const { name } = this;
    if (!(x instanceof Tensor) || x.ndim === 0) {
      throw new ArgumentError(
        `${name}.fit: expected a tensor of samples, shape [samples, features], not ${quoted(x)}.`,
      );
    }
    const rows = x.size(0);
    if (rows === 0) throw new ArgumentError(`${name}.fit: there are no samples to learn from.`);
    const width = x.numel() / rows;
    const data = x.toTypedArray();
    const shift: number[] = [];
    const scale: number[] = [];
    const column = new Float64Array(rows);
    for (let j = 0; j < width; j++) {
      for (let i = 0; i < rows; i++) {
        const value = data[i * width + j]!;
        if (!Number.isFinite(value)) {
          throw new ArgumentError(
            `${name}.fit: sample ${i} has ${value} in column ${j}. Repair or leave out such samples first.`,
            { sample: i, column: j, value },
          );
        }
        column[i] = value;
      }
      const learned = this.learn(column);
      shift.push(learned.shift);
      scale.push(learned.scale);
    }
    this.learned = { shift, scale };
    this.features = x.shape.slice(1);
    return this;
  }

  /**
   * The scaled columns, in the type of x (whole numbers in the default type).
   *
   * @throws {ArgumentError} before `fit`. @throws {ShapeError} when x has other features than the data of `fit`.
   */
  transform(x: Tensor): Tensor {
    const { shift, scale } = this.parameters("transform", x);
    return x.sub(shift).div(scale);
  }

  /** Learns from x and scales it. */
  fitTransform(x: Tensor): Tensor {
    return this.fit(x).transform(x);
  }

  /** The numbers from which `transform` made x. */
  inverseTransform(x: Tensor): Tensor {
    const { shift, scale } = this.parameters("inverseTransform", x);
    return x.mul(scale).add(shift);
  }

  /** What was learned. @throws {ArgumentError} before `fit`. */
  stateDict(): ScalerStateDict & { readonly features: readonly number[] } {
    const { shift, scale } = this.known("stateDict");
    return { shift: [...shift], scale: [...scale], features: [...this.features] };
  }

  /** Takes over what another scaler learned. @throws {ArgumentError} for anything that `stateDict` did not give. */
  loadStateDict(state: ReturnType<Scaler["stateDict"]>): void {
    const where = `${this.name}.loadStateDict`;
    checkOptions(where, state, ["shift", "scale", "features"]);
    const { shift, scale, features } = state;
    const lists = [shift, scale, features];
    const numbers = lists.every((list) => Array.isArray(list) && list.every(Number.isFinite));
    const width = numbers ? features.reduce((product, n) => product * n, 1) : -1;
    if (!numbers || shift.length !== width || scale.length !== width || scale.includes(0)) {
      throw new ArgumentError(
        `${where}: expected what stateDict() gave: a shift and a scale other than 0 for each feature.`,
        { state },
      );
    }
    this.learned = { shift: [...shift], scale: [...scale] };
    this.features = [...features];
  }

  private known(method: string): ScalerStateDict {
    if (this.learned === null) {
      throw new ArgumentError(
        `${this.name}.${method}: nothing was learned yet. Call fit with the training data first.`,
      );
    }
    return this.learned;
  }

  private parameters(method: string, x: Tensor): { shift: Tensor; scale: Tensor } {
    const { shift, scale } = this.known(method);
    const { features } = this;
    if (!(x instanceof Tensor) || x.ndim === 0 || x.shape.slice(1).join() !== features.join()) {
      throw new ShapeError(
        `${this.name}.${method}: expected shape [${["samples", ...features].join(", ")}], as in the data that was fitted, not ${x instanceof Tensor ? formatShape(x.shape) : quoted(x)}.`,
        { features },
      );
    }
    const options = x.dtype === "float64" ? { dtype: "float64" as const } : {};
    const shaped = (list: readonly number[]): Tensor => tensor(list, options).reshape(features);
    return { shift: shaped(shift), scale: shaped(scale) };
  }
}

/**
 * Brings each column to mean 0 and variance 1: y = (x − mean)/σ, with σ² = Σ(x − mean)²/n over the data of `fit`. A
 * column that never changes is only shifted.
 *
 * @example
 * import { tensor } from "@chainrule/core";
 * import { StandardScaler } from "@chainrule/train";
 * const scaler = new StandardScaler().fit(tensor([[1, 10], [3, 30]]));
 * scaler.transform(tensor([[2, 40]])).toArray(); // → [ [ 0, 2 ] ]
 */
export class StandardScaler extends Scaler {
  constructor() {
    super("StandardScaler");
  }

  protected override learn(column: Float64Array): { shift: number; scale: number } {
    let sum = 0;
    for (const value of column) sum += value;
    const shift = sum / column.length;
    let squares = 0;
    for (const value of column) squares += (value - shift) ** 2;
    const deviation = Math.sqrt(squares / column.length);
    // Rounding leaves a constant column with a deviation of about an ulp, by which nobody wants to divide.
    const constant = deviation <= 1e-15 * Math.abs(shift) * Math.sqrt(column.length);
    return { shift, scale: constant ? 1 : deviation };
  }
}

/** Options of {@link MinMaxScaler}. */
export interface MinMaxScalerOptions {
  /** What the smallest and the largest number become; [0, 1] unless given. */
  range?: readonly [number, number];
}

/**
 * Brings each column into a range: the smallest number of the data of `fit` to its beginning, the largest to its end. A
 * column that never changes goes to the beginning. Other data may lie outside.
 *
 * @throws {ArgumentError} for a range that does not rise.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { MinMaxScaler } from "@chainrule/train";
 * new MinMaxScaler().fit(tensor([[0], [10]])).transform(tensor([[5], [20]])).toArray(); // → [ [ 0.5 ], [ 2 ] ]
 */
export class MinMaxScaler extends Scaler {
  private readonly range: readonly [number, number];

  constructor(options: MinMaxScalerOptions = {}) {
    super("MinMaxScaler");
    checkOptions("MinMaxScaler", options, ["range"]);
    const [low, high] = options.range ?? [0, 1];
    checkNumber("MinMaxScaler", "the range's beginning", low);
    checkNumber("MinMaxScaler", "the range's end", high);
    if (!(low < high)) {
      throw new ArgumentError(`MinMaxScaler: the range [${low}, ${high}] must rise.`, {
        range: options.range,
      });
    }
    this.range = [low, high];
  }

  protected override learn(column: Float64Array): { shift: number; scale: number } {
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (const value of column) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    const [low, high] = this.range;
    // low + (x − least)·(high − low)/(most − least) as (x − shift)/scale.
    const scale = most > least ? (most - least) / (high - low) : 1;
    return { shift: least - low * scale, scale };
  }
}
