/**
 * Random numbers: the same seed gives the same numbers on every platform.
 *
 * The generator is Philox 4×32 with 10 rounds (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011): the n-th block of four numbers is a function of the key and n alone, so the state is one counter, and any
 * part of the sequence can be computed by itself.
 */
import type { CreationOptions } from "./creation.ts";
import { creationOptionNames, dtypeFrom, finish, newTensor, zeros } from "./creation.ts";
import { getDefaultDType, isFloating } from "./dtype.ts";
import {
  ArgumentError,
  checkInteger,
  checkNumber,
  checkOptions,
  DTypeError,
  quoted,
} from "./errors.ts";
import type { Shape } from "./shape.ts";
import { checkShape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** What a generator needs to go on where it stopped; plain data. */
export interface GeneratorState {
  readonly seed: number;
  /** Blocks of four numbers drawn so far. */
  readonly counter: number;
  /** Numbers left from the last block. */
  readonly left: number;
}

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function upperProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 65536);
  return (
    (aHigh * bHigh +
      Math.floor(middle / 65536) +
      Math.floor(((middle & 0xffff) + aLow * bHigh) / 65536)) >>>
    0
  );
}

/** Ten rounds of Philox 4×32: the block of random bits for a counter under a key. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): number[] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = upperProduct(multiplier0, c0);
    const low0 = Math.imul(multiplier0, c0);
    const high1 = upperProduct(multiplier1, c2);
    const low1 = Math.imul(multiplier1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + weyl0) >>> 0;
    k1 = (k1 + weyl1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/**
 * A source of random numbers with a state of its own.
 *
 * @throws {ArgumentError} for a seed that is no whole number of at least 0.
 * @example
 * import { Generator, rand } from "@chainrule/core";
 * const generator = new Generator(42);
 * const a = rand([2], { generator }).toArray();
 * const b = rand([2], { generator: new Generator(42) }).toArray();
 * String(a) === String(b); // → true
 */
export class Generator {
  private seed: number;
  private counter = 0;
  private block: number[] = [];

  constructor(seed = 0) {
    this.seed = checkInteger("Generator", "seed", seed, 0);
  }

  /** Starts the sequence of another seed. */
  manualSeed(seed: number): this {
    this.seed = checkInteger("manualSeed", "seed", seed, 0);
    this.counter = 0;
    this.block = [];
    return this;
  }

  /** 32 random bits as a whole number from 0 to 2³² − 1. */
  bits(): number {
    if (this.block.length === 0) {
      const n = this.counter++;
      const high = Math.floor(n / 2 ** 32);
      this.block = philox(
        [n >>> 0, high >>> 0, 0, 0],
        [this.seed >>> 0, Math.floor(this.seed / 2 ** 32) >>> 0],
      ).reverse();
    }
    return this.block.pop()!;
  }

  /** A number from [0, 1), of 53 random bits. */
  uniform(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** A whole number from 0 to `count − 1`, each equally likely. */
  integer(count: number): number {
    if (count > 2 ** 32) return Math.floor(this.uniform() * count);
    // Numbers beyond the last whole multiple of count are drawn again, so that none is favoured.
    const limit = 2 ** 32 - (2 ** 32 % count);
    let drawn = this.bits();
    while (drawn >= limit) drawn = this.bits();
    return drawn % count;
  }

  /** A standard normal number, by Marsaglia's polar method. */
  normal(): number {
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * portableLog(s)) / s);
    }
  }

  /** The state, as plain data. */
  getState(): GeneratorState {
    return { seed: this.seed, counter: this.counter, left: this.block.length };
  }

  /**
   * Goes on from a state.
   *
   * @throws {ArgumentError} for anything that `getState` did not give.
   */
  setState(state: GeneratorState): this {
    checkOptions("setState", state, ["seed", "counter", "left"]);
    const seed = checkInteger("setState", "seed", state.seed, 0);
    const counter = checkInteger("setState", "counter", state.counter, 0);
    const left = checkInteger("setState", "left", state.left, 0, 3);
    if (left > 0 && counter === 0) {
      throw new ArgumentError("setState: numbers cannot be left before any were drawn.", { state });
    }
    this.manualSeed(seed);
    this.counter = left > 0 ? counter - 1 : counter;
    for (let i = 0; left > 0 && i < 4 - left; i++) this.bits();
    return this;
  }
}

const bitsOf = new DataView(new ArrayBuffer(8));

/**
 * ln x for x > 0 from arithmetic that IEEE 754 fixes to the last bit: Math.log differs between JavaScript engines.
 *
 * x = 2ᵉ·m with m in [√½, √2); ln m = 2·artanh(s), s = (m − 1)/(m + 1), by its series up to s²¹: |s| < 0.172, so what is
 * cut off is below 2⁻⁵⁸.
 */
export function portableLog(x: number): number {
  bitsOf.setFloat64(0, x);
  let exponent = ((bitsOf.getUint32(0) >>> 20) & 0x7ff) - 1023;
  let mantissa = x / 2 ** exponent;
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let series = 0;
  for (let n = 21; n >= 3; n -= 2) series = (series + 1 / n) * z;
  return exponent * Math.LN2 + 2 * s * (1 + series);
}

/** The generator that is used where none is handed in. */
export const defaultGenerator: Generator = new Generator(0);

/** Seeds the default generator. @throws {ArgumentError} for a seed that is no whole number of at least 0. */
export function manualSeed(seed: number): void {
  defaultGenerator.manualSeed(seed);
}

/** Options of everything that draws random tensors. */
export interface RandomOptions extends CreationOptions {
  /** Where the numbers come from; the default generator unless given. */
  generator?: Generator;
}

function drawn(
  where: string,
  shape: Shape,
  options: RandomOptions | undefined,
  draw: (generator: Generator) => number,
  otherwise: "float32" | "float64" | "int32" = getDefaultDType(),
): Tensor {
  checkOptions(where, options, [...creationOptionNames, "generator"]);
  const { generator = defaultGenerator, ...creation } = options ?? {};
  if (!(generator instanceof Generator)) {
    throw new ArgumentError(`${where}: generator must be a Generator, not ${quoted(generator)}.`, {
      generator,
    });
  }
  const dtype = dtypeFrom(where, creation, otherwise);
  if (otherwise !== "int32" && !isFloating(dtype)) {
    throw new DTypeError(
      `${where}: draws float32 or float64, not ${dtype}. Use randint for whole numbers.`,
      { dtype },
    );
  }
  const x = newTensor(dtype, checkShape(where, shape));
  const { data } = x.storage;
  for (let i = 0; i < data.length; i++) data[i] = draw(generator);
  return finish(x, creation);
}

/**
 * Uniform numbers from [0, 1).
 *
 * @example
 * import { manualSeed, rand } from "@chainrule/core";
 * manualSeed(1);
 * rand([2, 3]).shape; // → [ 2, 3 ]
 */
export function rand(shape: Shape, options?: RandomOptions): Tensor {
  // The largest double below 1 would round to 1 in float32: 24 bits are drawn for it.
  const dtype = options?.dtype ?? getDefaultDType();
  return drawn(
    "rand",
    shape,
    options,
    dtype === "float32" ? (g) => (g.bits() >>> 8) / 2 ** 24 : (g) => g.uniform(),
  );
}

/** Standard normal numbers, with mean 0 and variance 1. */
export function randn(shape: Shape, options?: RandomOptions): Tensor {
  return drawn("randn", shape, options, (g) => g.normal());
}

/**
 * Whole numbers from `low` up to but without `high`, as int32.
 *
 * @throws {ArgumentError} when there is no number between the bounds.
 */
export function randint(low: number, high: number, shape: Shape, options?: RandomOptions): Tensor {
  checkInteger("randint", "low", low, -(2 ** 31));
  checkInteger("randint", "high", high, low + 1, 2 ** 31);
  return drawn("randint", shape, options, (g) => low + g.integer(high - low), "int32");
}

/** The whole numbers from 0 to `count − 1` in random order, as int32 (Fisher–Yates). */
export function randperm(count: number, options?: RandomOptions): Tensor {
  checkInteger("randperm", "count", count, 0);
  const generator = options?.generator ?? defaultGenerator;
  const x = drawn("randperm", [0], options, () => 0, "int32");
  const order = zeros([count], { dtype: x.dtype });
  const { data } = order.storage;
  for (let i = 0; i < count; i++) data[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const j = generator.integer(i + 1);
    const kept = data[i]!;
    data[i] = data[j]!;
    data[j] = kept;
  }
  return order;
}

/** Uniform numbers from [0, 1) in the shape and type of `x`. */
export function randLike(x: Tensor, options?: RandomOptions): Tensor {
  return rand(x.shape, { ...options, dtype: options?.dtype ?? x.dtype });
}

/** Standard normal numbers in the shape and type of `x`. @see randn */
export function randnLike(x: Tensor, options?: RandomOptions): Tensor {
  return randn(x.shape, { ...options, dtype: options?.dtype ?? x.dtype });
}

/** A number from the default generator, for code that draws single numbers. */
export function checkedProbability(where: string, p: number): number {
  checkNumber(where, "p", p);
  if (p < 0 || p > 1)
    throw new ArgumentError(`${where}: a probability lies between 0 and 1, not at ${p}.`, { p });
  return p;
}
