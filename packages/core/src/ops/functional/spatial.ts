/**
 * Options that hold for each spatial dimension: strides, paddings, kernel sizes.
 */
import { ArgumentError, quoted } from "../../errors.ts";

/** One whole number for all spatial dimensions, or one for each of them. */
export type PerDim = number | readonly number[];

/**
 * A whole number for each of `rank` dimensions.
 *
 * @throws {ArgumentError} for another number of entries, and for entries that are no whole numbers of at least `least`.
 */
export function readPerDim(
  where: string,
  name: string,
  value: unknown,
  rank: number,
  least: number = Number.MIN_SAFE_INTEGER,
): number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isWhole = list.every((n) => Number.isSafeInteger(n) && (n as number) >= least);
  if (!isWhole || (list.length !== rank && list.length !== 1)) {
    const bound = least === Number.MIN_SAFE_INTEGER ? "" : ` of at least ${least}`;
    const several = rank === 1 ? "" : `, or ${rank} of them`;
    throw new ArgumentError(
      `${where}: ${name} must be a whole number${bound}${several}, not ${quoted(value)}.`,
      { [name]: value },
    );
  }
  return Array.from({ length: rank }, (_, i) => list[list.length === 1 ? 0 : i] as number);
}

/** Lengths for the three dimensions in which kernels compute: `filler` in front of those that are there. */
export function threefold(lengths: readonly number[], filler: number): number[] {
  return [...new Array<number>(3 - lengths.length).fill(filler), ...lengths];
}
