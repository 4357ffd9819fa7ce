/**
 * The ways to do it wrong.
 */
import type { Tensor } from "@chainrule/core";

/** A way to do it wrong. */
export type WrongMode = "naiveRecursion" | "noAccumulation" | "forgottenZeroGrad";

/** The gradients of one leaf: the right ones, and what each mistake gives. */
export interface MistakenGradient {
  readonly name: string;
  readonly right: Tensor;
  readonly naiveRecursion: Tensor;
  readonly noAccumulation: Tensor;
  readonly forgottenZeroGrad: Tensor;
}

/** All ways to do it wrong. */
export const wrongModes = [
  "naiveRecursion",
  "noAccumulation",
  "forgottenZeroGrad",
] as const satisfies readonly WrongMode[];
