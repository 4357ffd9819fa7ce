/**
 * Samples of a softmax that gradients flow through.
 */
import type { TensorLike } from "../creation.ts";
import { arange, toTensor } from "../creation.ts";
import { getDefaultDType, isFloating } from "../dtype.ts";
import { ArgumentError, checkBoolean, checkNumber, checkOptions } from "../errors.ts";
import type { Generator } from "../random/generator.ts";
import { checkGenerator } from "../random/generator.ts";
import { standardGumbel } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { add, sub } from "./arithmetic.ts";
import { eq } from "./comparison.ts";
import { to } from "./convert.ts";
import { div } from "./division.ts";
import { argmax } from "./extremum.ts";
import { checkDim } from "./reduction.ts";
import { reshape } from "./reshape.ts";
import { softmax } from "./softmax.ts";

/** Options of {@link gumbelSoftmax}. */
export interface GumbelSoftmaxOptions {
  /** The temperature; 1 unless given. The colder, the closer to 0 and 1. */
  tau?: number;
  /** Whether to give 0 and 1 only, with the gradient of the soft sample. */
  hard?: boolean;
  /** Where the random numbers come from; the default generator unless given. */
  generator?: Generator;
}

/**
 * A sample of the categories whose logits lie along a dimension (the last unless given), relaxed: softmax((x + g)/τ) with
 * standard Gumbel numbers g, of the shape of x. With `{ hard: true }`, 1 for the largest and 0 for the others, and the
 * gradient of the soft sample (straight-through). Whole numbers become the default floating type.
 *
 * Sources: Jang, Gu & Poole, "Categorical reparameterization with Gumbel-softmax"; Maddison, Mnih & Teh, "The concrete
 * distribution", both 2017.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ArgumentError} when the temperature is not positive, or for an unknown option.
 * @example
 * import { gumbelSoftmax, manualSeed, tensor } from "@chainrule/core";
 * manualSeed(1);
 * gumbelSoftmax(tensor([0, 50, 0]), -1, { hard: true }); // → tensor([0, 1, 0])
 */
export function gumbelSoftmax(
  logits: TensorLike,
  dim = -1,
  options?: GumbelSoftmaxOptions,
): Tensor {
  checkOptions("gumbelSoftmax", options, ["tau", "hard", "generator"]);
  const tau = checkNumber("gumbelSoftmax", "tau", options?.tau ?? 1);
  if (!(tau > 0)) {
    throw new ArgumentError(`gumbelSoftmax: tau must be positive, not ${tau}.`, { tau });
  }
  const hard = checkBoolean("gumbelSoftmax", "hard", options?.hard, false);
  const generator = checkGenerator("gumbelSoftmax", options?.generator);
  const given = toTensor("gumbelSoftmax", logits);
  const x = isFloating(given.dtype) ? given : to(given, getDefaultDType());
  const along = checkDim("gumbelSoftmax", x, dim);
  const noise = standardGumbel("gumbelSoftmax", x.shape, { dtype: x.dtype, generator });
  const soft = softmax(div(add(x, noise), tau), along);
  if (!hard) return soft;
  const place = argmax(soft, along, { keepdim: true });
  const chosen = to(eq(positions(x, along), place), x.dtype);
  return add(sub(chosen, soft.detach()), soft);
}

/** 0, 1, 2, … along a dimension, and length 1 along the others. */
function positions(x: Tensor, dim: number): Tensor {
  const length = x.ndim === 0 ? 1 : x.shape[dim]!;
  return reshape(
    arange(length),
    x.shape.map((_, i) => (i === dim ? length : 1)),
  );
}
