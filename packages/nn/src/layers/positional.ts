/**
 * Positions of the elements of a sequence, for layers that do not know them.
 */
import type { DType, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  add,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  checkTensor,
  formatShape,
  fromTypedArray,
  isFloating,
  mul,
  reshape,
  ShapeError,
  stack,
  sub,
  unsqueeze,
  zeros,
} from "@chainrule/core";
import { normal_ } from "../init.ts";
import { Module } from "../module.ts";
import { parameter } from "../registry.ts";
import type { RandomParameterOptions } from "./parameters.ts";
import { described, drawnFrom, ofType, randomParameterOptions } from "./parameters.ts";

/** Options of {@link SinusoidalPositionalEncoding}. */
export interface SinusoidalOptions {
  /** Whether sequences are [N, T, E] rather than [T, N, E]; false unless given. */
  batchFirst?: boolean;
  /** The longest wavelength divided by 2π; 10000 unless given. */
  base?: number;
}

/** Options of {@link LearnedPositionalEncoding}. */
export interface LearnedPositionalOptions extends RandomParameterOptions {
  /** Whether sequences are [N, T, E] rather than [T, N, E]; false unless given. */
  batchFirst?: boolean;
  /** The standard deviation of the first numbers; 0.02 unless given. */
  std?: number;
}

/** Options of {@link RotaryPositionalEncoding}. */
export interface RotaryOptions {
  /** The longest wavelength divided by 2π; 10000 unless given. */
  base?: number;
}

/** Options of `forward` of the positional encodings. */
export interface PositionOptions {
  /** The position of the first element; 0 unless given. */
  offset?: number;
}

function readOffset(where: string, options: PositionOptions): number {
  checkOptions(`${where}.forward`, options, ["offset"]);
  return checkInteger(where, "offset", options.offset ?? 0, 0);
}

/** Refuses anything but floating sequences of so many features; gives their length. */
function sequenceLength(where: string, x: Tensor, features: number, timeDim: number): number {
  checkTensor(where, x);
  if (x.ndim < 2 || x.shape.at(-1) !== features || !isFloating(x.dtype)) {
    throw new ShapeError(
      `${where}: expected sequences of ${features} features, not ${x.dtype} of shape ${formatShape(x.shape)}.`,
      { shape: x.shape, features },
    );
  }
  return x.shape.at(timeDim)!;
}

/** θ = (offset + t)·base^(−2k/features) for each time and each pair of features, through `f`. */
function angles(
  f: (angle: number) => number,
  length: number,
  features: number,
  offset: number,
  base: number,
  dtype: DType,
): Tensor {
  const pairs = Math.ceil(features / 2);
  const numbers = new Float64Array(length * pairs);
  for (let k = 0; k < pairs; k++) {
    const frequency = base ** ((-2 * k) / features);
    for (let t = 0; t < length; t++) numbers[t * pairs + k] = f((offset + t) * frequency);
  }
  return fromTypedArray(numbers, [length, pairs]).to(dtype);
}

/** Positions of shape [T, E] as what is added to sequences. */
function placed(positions: Tensor, x: Tensor, batchFirst: boolean): Tensor {
  return x.ndim > 2 && !batchFirst ? unsqueeze(positions, 1) : positions;
}

/**
 * Adds waves to the features, by which positions can be told: feature 2k gets sin(t·base^(−2k/features)) at position t, and
 * feature 2k + 1 the cosine. For sequences of shape [T, N, features] ([N, T, features] with `batchFirst`, or [T, features]) of any
 * length; `forward(x, { offset })` begins at a later position. (Vaswani et al., "Attention is all you need", NeurIPS 2017.)
 *
 * @throws {ArgumentError} for a size that is none, and unknown options.
 * @throws {ShapeError} in `forward`, for other features.
 * @example
 * import { zeros } from "@chainrule/core";
 * import { SinusoidalPositionalEncoding } from "@chainrule/nn";
 * new SinusoidalPositionalEncoding(4).forward(zeros([2, 4]));
 * // →
 * // tensor([[0.0000, 1.0000, 0.0000, 1.0000],
 * //         [0.8415, 0.5403, 0.0100, 0.9999]])
 */
export class SinusoidalPositionalEncoding extends Module {
  static override readonly isConfined = true;

  readonly features: number;
  readonly batchFirst: boolean;
  readonly base: number;

  constructor(features: number, options: SinusoidalOptions = {}) {
    super();
    const name = "SinusoidalPositionalEncoding";
    checkOptions(name, options, ["batchFirst", "base"]);
    this.features = checkInteger(name, "features", features, 1);
    this.batchFirst = checkBoolean(name, "batchFirst", options.batchFirst, false);
    this.base = checkNumber(name, "base", options.base ?? 10000);
  }

  override forward(x: Tensor, options: PositionOptions = {}): Tensor {
    const name = "SinusoidalPositionalEncoding";
    const offset = readOffset(name, options);
    const { features, base, batchFirst } = this;
    const length = sequenceLength(name, x, features, batchFirst || x.ndim === 2 ? -2 : 0);
    const sines = angles(Math.sin, length, features, offset, base, x.dtype);
    const cosines = angles(Math.cos, length, features, offset, base, x.dtype);
    const both = reshape(stack([sines, cosines], -1), [length, -1]);
    // An odd number of features does without the last cosine.
    return add(x, placed(both.narrow(1, 0, features), x, batchFirst));
  }

  override extraRepr(): string {
    return described({ features: this.features, batchFirst: this.batchFirst || undefined });
  }
}

/**
 * Adds to the features what was learned for each position: `weight` has shape [maxLength, features] and begins normal with
 * standard deviation `std`. For sequences as of {@link SinusoidalPositionalEncoding}.
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @throws {ShapeError} in `forward`, for other features, and for positions beyond maxLength.
 * @example
 * import { zeros } from "@chainrule/core";
 * import { LearnedPositionalEncoding } from "@chainrule/nn";
 * const positions = new LearnedPositionalEncoding(16, 4, { batchFirst: true });
 * positions.forward(zeros([5, 7, 4])).shape; // → [ 5, 7, 4 ]
 */
export class LearnedPositionalEncoding extends Module {
  static override readonly isConfined = true;

  readonly batchFirst: boolean;
  weight: Tensor;

  constructor(maxLength: number, features: number, options: LearnedPositionalOptions = {}) {
    super();
    const name = "LearnedPositionalEncoding";
    checkOptions(name, options, ["batchFirst", "std", ...randomParameterOptions]);
    checkInteger(name, "maxLength", maxLength, 1);
    checkInteger(name, "features", features, 1);
    this.batchFirst = checkBoolean(name, "batchFirst", options.batchFirst, false);
    const std = checkNumber(name, "std", options.std ?? 0.02);
    const drawn = normal_(zeros([maxLength, features], ofType(options)), {
      std,
      ...drawnFrom(options),
    });
    this.weight = parameter(drawn);
  }

  override forward(x: Tensor, options: PositionOptions = {}): Tensor {
    const name = "LearnedPositionalEncoding";
    const offset = readOffset(name, options);
    const [most, features] = this.weight.shape as [number, number];
    const timeDim = this.batchFirst || x.ndim === 2 ? -2 : 0;
    const length = sequenceLength(name, x, features, timeDim);
    if (offset + length > most) {
      throw new ShapeError(
        `${name}: positions ${offset} to ${offset + length - 1} were asked for, but only ${most} were made. Make more, or shorten the sequence.`,
        { offset, length, maxLength: most },
      );
    }
    return add(x, placed(this.weight.narrow(0, offset, length), x, this.batchFirst));
  }

  override extraRepr(): string {
    const [maxLength, features] = this.weight.shape;
    return described({ maxLength, features, batchFirst: this.batchFirst || undefined });
  }
}

/**
 * Turns each pair of features (2k, 2k + 1) by the angle t·base^(−2k/features) at position t, so that the product of a query and a
 * key depends on the distance of their positions only. For queries and keys of shape [*, T, features], positions along the last
 * dimension but one; `forward(x, { offset })` begins at a later position. (Su et al., "RoFormer", 2021.)
 *
 * @throws {ArgumentError} for an odd number of features, and unknown options.
 * @throws {ShapeError} in `forward`, for other features.
 * @example
 * import { ones } from "@chainrule/core";
 * import { RotaryPositionalEncoding } from "@chainrule/nn";
 * const rotate = new RotaryPositionalEncoding(4);
 * const [q, k] = [rotate.forward(ones([5, 4])), rotate.forward(ones([5, 4]), { offset: 3 })];
 * const scores = q.matmul(k.T);
 * Math.abs(scores.at(0, 0).item() - scores.at(4, 4).item()) < 1e-5; // → true
 */
export class RotaryPositionalEncoding extends Module {
  static override readonly isConfined = true;

  readonly features: number;
  readonly base: number;

  constructor(features: number, options: RotaryOptions = {}) {
    super();
    const name = "RotaryPositionalEncoding";
    checkOptions(name, options, ["base"]);
    this.features = checkInteger(name, "features", features, 2);
    if (features % 2 !== 0) {
      throw new ArgumentError(`${name}: features come in pairs, so there cannot be ${features}.`, {
        features,
      });
    }
    this.base = checkNumber(name, "base", options.base ?? 10000);
  }

  override forward(x: Tensor, options: PositionOptions = {}): Tensor {
    const name = "RotaryPositionalEncoding";
    const offset = readOffset(name, options);
    const { features, base } = this;
    const length = sequenceLength(name, x, features, -2);
    const sin = angles(Math.sin, length, features, offset, base, x.dtype);
    const cos = angles(Math.cos, length, features, offset, base, x.dtype);
    const even = x.at("...", "::2");
    const odd = x.at("...", "1::2");
    const turned = [sub(mul(even, cos), mul(odd, sin)), add(mul(even, sin), mul(odd, cos))];
    return reshape(stack(turned, -1), x.shape);
  }

  override extraRepr(): string {
    return described({ features: this.features, base: this.base });
  }
}
