/**
 * The lengths of a convolution.
 */

/** Lengths of a convolution; spatial ones always threefold. */
export interface ConvolutionGeometry {
  readonly samples: number;
  readonly groups: number;
  /** Channels of x and of the result within one group. */
  readonly inChannels: number;
  readonly outChannels: number;
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly output: readonly number[];
  readonly stride: readonly number[];
  /** The padding before the first element; what comes after the last follows from the lengths. */
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
}

/** The number of places. */
export function volume(lengths: readonly number[]): number {
  return lengths[0]! * lengths[1]! * lengths[2]!;
}
