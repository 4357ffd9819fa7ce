/**
 * What all losses share: how the losses of elements become one number, and what is refused of their arguments.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { ArgumentError, checkOptions, quoted, ShapeError } from "../../errors.ts";
import { toOperands } from "../../record.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mean, sum } from "../sum.ts";

/** How the losses of elements are put together. */
export type LossReduction = "mean" | "sum" | "none";

/** Options of every loss. */
export interface LossOptions {
  /** `"mean"` unless given, `"sum"`, or `"none"` for the losses themselves. */
  reduction?: LossReduction | undefined;
}

/** Checks the names of the options and gives the reduction. */
export function readLossOptions(
  where: string,
  options: LossOptions | undefined,
  further: readonly string[] = [],
): LossReduction {
  checkOptions(where, options, ["reduction", ...further]);
  const reduction = options?.reduction ?? "mean";
  if (reduction === "mean" || reduction === "sum" || reduction === "none") return reduction;
  throw new ArgumentError(
    `${where}: reduction must be "mean", "sum" or "none", not ${quoted(reduction)}.`,
    { reduction },
  );
}

/** The mean or the sum of the losses, or the losses themselves. */
export function reduced(losses: Tensor, reduction: LossReduction): Tensor {
  return reduction === "mean" ? mean(losses) : reduction === "sum" ? sum(losses) : losses;
}

/**
 * Input and target as tensors of one shape. A number as target stands for all elements; other shapes do not broadcast,
 * because [N, 1] against [N] would silently compare every pair.
 */
export function alike(
  where: string,
  given: TensorLike,
  wanted: TensorLike,
  names: readonly [string, string] = ["input", "target"],
): [input: Tensor, target: Tensor] {
  const [input, target] = toOperands(where, [given, wanted]) as [Tensor, Tensor];
  if (!sameShape(input.shape, target.shape) && target.ndim > 0) {
    throw new ShapeError(
      `${where}: the ${names[0]} has shape ${formatShape(input.shape)}, the ${names[1]} ${formatShape(target.shape)}. ` +
        "They must be equal, so that element meets element: reshape one, or unsqueeze it.",
      { input: input.shape, target: target.shape },
    );
  }
  return [input, target];
}

/** An optional operand as a tensor of the type of the others. */
export function optionalTensor(
  where: string,
  value: TensorLike | null | undefined,
  partner: Tensor,
): Tensor | null {
  return value === undefined || value === null ? null : toTensor(where, value, partner.dtype);
}
