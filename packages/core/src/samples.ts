/**
 * How an op's literal says on which calls it is to be tested, and which calls it must refuse.
 *
 * A sample draws the arguments of one call: tensors of random shapes with numbers from a safe domain, and options. The
 * laws of `@chainrule/testing` draw hundreds of calls from each; the reference page and the benchmark draw one.
 */
import type { DType } from "./dtype.ts";
import type { ChainruleError } from "./errors.ts";
import type { Shape } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** Where the numbers of an operand come from. */
export interface Domain {
  readonly low: number;
  readonly high: number;
  /** Numbers to stay clear of, by at least `margin`: kinks and poles. */
  readonly avoid: readonly number[];
  readonly margin: number;
  /** Whole numbers only. */
  readonly whole: boolean;
  /** All different, by at least 0.1: for sorting, maxima and pooling. */
  readonly distinct: boolean;
}

/** Numbers from `low` to `high`, away from the kinks and poles named in `avoid`. */
export function within(
  low: number,
  high: number,
  options: { avoid?: readonly number[]; margin?: number; whole?: boolean; distinct?: boolean } = {},
): Domain {
  const { avoid = [], margin = 0.1, whole = false, distinct = false } = options;
  return { low, high, avoid, margin, whole, distinct };
}

/** Draws what a sample needs; implemented by the testing package over a seeded, shrinking source. */
export interface Draw {
  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number;
  boolean(): boolean;
  pick<T>(choices: readonly T[]): T;
  /** A length of a dimension: small, now and then 1, and 0 where `least` allows it. */
  length(least?: number, most?: number): number;
  /** A shape with a rank from `leastRank` to `mostRank`. */
  shape(leastRank?: number, mostRank?: number, leastLength?: number): number[];
  /** A shape that broadcasts to `shape`: dimensions dropped in front or set to 1. */
  broadcastable(shape: Shape): number[];
  /** A dimension of a tensor of this rank, negative now and then. */
  dim(rank: number): number;
  /** A tensor with numbers from a domain, float64 unless named; often a non-contiguous view. */
  tensor(shape: Shape, domain?: Domain, dtype?: DType): Tensor;
  /** Whole numbers from 0 to `count − 1`, as int32. */
  indices(shape: Shape, count: number): Tensor;
  /** True and false. */
  mask(shape: Shape): Tensor;
}

/** Draws the arguments of one call of the op, options included. */
export type Sample = (draw: Draw) => readonly unknown[];

/** A call that the op must refuse. */
export interface Rejection {
  /** The arguments of the call. */
  readonly call: () => readonly unknown[];
  /** What the message must match. */
  readonly message: RegExp;
  readonly type?: new (...args: never[]) => ChainruleError;
}

/** A call with its exact result, for kinks, ties, poles and empty tensors. */
export interface EdgeCase {
  readonly note: string;
  readonly call: () => readonly unknown[];
  /** The result as flat numbers. */
  readonly result: readonly number[];
  /** The gradient of the sum of the results with respect to each operand, `null` where there is none. */
  readonly gradients?: readonly (readonly number[] | null)[];
}
