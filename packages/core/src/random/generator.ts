/**
 * Sources of random numbers: the same seed gives the same numbers on every platform.
 */
import { ArgumentError, checkInteger, checkOptions, quoted } from "../errors.ts";
import { capture } from "../graph/capture.ts";
import { philoxBlocks } from "./philox.ts";
import { normalQuantile, portableLog } from "./portable.ts";

/** What a generator needs to go on where it stopped; plain data. */
export interface GeneratorState {
  readonly seed: number;
  /** Blocks of four 32-bit words drawn so far. */
  readonly counter: number;
  /** Words left from the last block. */
  readonly left: number;
}

/** Blocks computed at a time; divides 2³², so that the counter's first word overflows between such stretches only. */
const stretch = 16;

/**
 * A source of random numbers with a state of its own: Philox 4×32-10 with the seed as its key and the number of the block
 * as its counter.
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
  /** The next block to be computed. */
  private nextBlock = 0;
  private readonly words = new Int32Array(4 * stretch);
  /** The next word to be handed out. */
  private next = 4 * stretch;

  constructor(seed = 0) {
    this.seed = checkInteger("Generator", "seed", seed, 0);
  }

  /** Starts the sequence of another seed. */
  manualSeed(seed: number): this {
    if (capture !== null) refuseToCompile();
    this.seed = checkInteger("manualSeed", "seed", seed, 0);
    this.nextBlock = 0;
    this.next = this.words.length;
    return this;
  }

  /** 32 random bits as a whole number from −2³¹ to 2³¹ − 1. */
  private word(): number {
    if (this.next === this.words.length) this.refill();
    return this.words[this.next++]!;
  }

  private refill(): void {
    const low = this.nextBlock >>> 0;
    const high = Math.floor(this.nextBlock / 2 ** 32);
    const key1 = Math.floor(this.seed / 2 ** 32);
    philoxBlocks(this.words, stretch, [low, high, 0, 0], this.seed >>> 0, key1);
    this.nextBlock += stretch;
    this.next = 0;
  }

  /** 32 random bits as a whole number from 0 to 2³² − 1. */
  bits(): number {
    if (capture !== null) refuseToCompile();
    return this.word() >>> 0;
  }

  /** A number from [0, 1), of 53 random bits. */
  uniform(): number {
    if (capture !== null) refuseToCompile();
    const high = this.word() >>> 5;
    const low = this.word() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** A number from (0, 1), of 52 random bits: (k + ½)/2⁵². The ends are as far away as neighbours are. */
  uniformInside(): number {
    if (capture !== null) refuseToCompile();
    const high = this.word() >>> 6;
    const low = this.word() >>> 6;
    return (high * 2 ** 26 + low + 0.5) / 2 ** 52;
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

  /** A standard normal number: the quantile of a uniform one. */
  normal(): number {
    return normalQuantile(this.uniformInside());
  }

  /** A number with density e⁻ˣ: −ln of a uniform one. */
  exponential(): number {
    return -portableLog(this.uniformInside());
  }

  /** A number of the standard Gumbel distribution, P(x ≤ z) = exp(−e⁻ᶻ): −ln of an exponential one. */
  gumbel(): number {
    return -portableLog(this.exponential());
  }

  /** True with probability p, to 32 bits. */
  chance(p: number): boolean {
    if (capture !== null) refuseToCompile();
    return this.word() >>> 0 < p * 0x100000000;
  }

  /** The state, as plain data. */
  getState(): GeneratorState {
    const used = 4 * (this.nextBlock - stretch) + this.next;
    const counter = Math.ceil(used / 4);
    return { seed: this.seed, counter, left: 4 * counter - used };
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
    const used = 4 * counter - left;
    const firstBlock = Math.floor(used / (4 * stretch)) * stretch;
    this.manualSeed(seed);
    this.nextBlock = firstBlock;
    if (used > 4 * firstBlock) {
      this.refill();
      this.next = used - 4 * firstBlock;
    }
    return this;
  }
}

/** Ops draw each time that a compiled function runs; whoever asks a generator himself would do so once. */
function refuseToCompile(): void {
  capture?.refuse(
    "seeds a generator or asks it for a number",
    "Do it outside of the compiled function; what rand, dropout and their kin draw is drawn each time",
  );
}

/** The generator that is used where none is handed in. */
export const defaultGenerator: Generator = new Generator(0);

/** Seeds the default generator. @throws {ArgumentError} for a seed that is no whole number of at least 0. */
export function manualSeed(seed: number): void {
  defaultGenerator.manualSeed(seed);
}

/** The generator that was handed in, or the default one. */
export function checkGenerator(where: string, generator: unknown): Generator {
  if (generator === undefined) return defaultGenerator;
  if (generator instanceof Generator) return generator;
  throw new ArgumentError(`${where}: generator must be a Generator, not ${quoted(generator)}.`, {
    generator,
  });
}
