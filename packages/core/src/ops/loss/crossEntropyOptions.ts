/**
 * The options of cross-entropy.
 */
import type { TensorLike } from "../../creation.ts";
import { ArgumentError, checkInteger, checkNumber } from "../../errors.ts";
import type { LossOptions, LossReduction } from "./reduction.ts";
import { readLossOptions } from "./reduction.ts";

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends LossOptions {
  /** A factor for each class; gets no gradient. */
  weight?: TensorLike | null | undefined;
  /** A target that stands for "does not count"; −100 unless given. */
  ignoreIndex?: number | undefined;
  /** How much of each target is spread evenly over all classes, from 0 to 1; 0 unless given. */
  labelSmoothing?: number | undefined;
}

/** What the graph holds of a call. */
export interface ClassLoss {
  readonly reduction: LossReduction;
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;
}

export function readCrossEntropyOptions(options: CrossEntropyOptions | undefined): ClassLoss {
  const reduction = readLossOptions("crossEntropy", options, [
    "weight",
    "ignoreIndex",
    "labelSmoothing",
  ]);
  const { ignoreIndex = -100, labelSmoothing = 0 } = options ?? {};
  checkInteger("crossEntropy", "ignoreIndex", ignoreIndex);
  checkNumber("crossEntropy", "labelSmoothing", labelSmoothing);
  if (labelSmoothing < 0 || labelSmoothing > 1) {
    throw new ArgumentError(
      `crossEntropy: labelSmoothing lies between 0 and 1, not at ${labelSmoothing}.`,
      { labelSmoothing },
    );
  }
  return { reduction, ignoreIndex, labelSmoothing };
}
