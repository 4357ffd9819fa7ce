/**
 * Losses of vectors: what belongs together is to be near, what does not is to be apart.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { ArgumentError, checkBoolean, checkNumber, ShapeError } from "../../errors.ts";
import { toOperands } from "../../record.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul, sub } from "../arithmetic.ts";
import { clampMin } from "../clamp.ts";
import { eq } from "../comparison.ts";
import { div } from "../division.ts";
import { vectorNorm } from "../norm.ts";
import { sqrt, square } from "../power.ts";
import { where as choose, minimum } from "../selection.ts";
import { sum } from "../sum.ts";
import type { MarginLossOptions } from "./margin.ts";
import type { LossOptions } from "./reduction.ts";
import { readLossOptions, reduced } from "./reduction.ts";

/** Added to squared lengths, so that a zero vector has an angle. */
const leastSquare = 1e-12;

/**
 * A loss of pairs of vectors against signs: 1 − cos where t = 1, max(0, cos − margin) where t = −1, with the cosine of the angle
 * between them.
 *
 * Inputs of shape [samples, features] with targets [samples], or [features] with one target. `margin` is 0 unless given; at the
 * kink the gradient is that of the side where the loss is positive.
 *
 * @throws {ShapeError} when shapes do not go together.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { cosineEmbeddingLoss, tensor } from "@chainrule/core";
 * const a = tensor([[1, 0], [1, 0]]);
 * const b = tensor([[0, 1], [3, 4]]);
 * cosineEmbeddingLoss(a, b, tensor([1, -1]), { reduction: "none" }); // → tensor([1.0, 0.6])
 */
export function cosineEmbeddingLoss(
  input1: TensorLike,
  input2: TensorLike,
  target: TensorLike,
  options: MarginLossOptions = {},
): Tensor {
  const where = "cosineEmbeddingLoss";
  const reduction = readLossOptions(where, options, ["margin"]);
  const margin = checkNumber(where, "margin", options.margin ?? 0);
  const [x1, x2] = toOperands(where, [input1, input2]) as [Tensor, Tensor];
  const t = toTensor(where, target, x1.dtype);
  if (!sameShape(x1.shape, x2.shape) || !sameShape(t.shape, x1.shape.slice(0, -1)) || t.ndim > 1) {
    throw new ShapeError(
      `${where}: the inputs have shapes ${formatShape(x1.shape)} and ${formatShape(x2.shape)}, the target ${formatShape(t.shape)}. They must be [samples, features] twice and [samples], or [features] twice and a single number.`,
      { input1: x1.shape, input2: x2.shape, target: t.shape },
    );
  }
  const squares1 = add(sum(square(x1), -1), leastSquare);
  const squares2 = add(sum(square(x2), -1), leastSquare);
  const cosine = div(sum(mul(x1, x2), -1), sqrt(mul(squares1, squares2)));
  const together = choose(eq(t, 1), sub(1, cosine), 0);
  const apart = choose(eq(t, -1), clampMin(sub(cosine, margin), 0), 0);
  return reduced(add(together, apart), reduction);
}

/** Options of {@link tripletMarginLoss}. */
export interface TripletMarginLossOptions extends LossOptions {
  /** How much farther the negative is to be; 1 unless given. */
  margin?: number | undefined;
  /** The p of the norm; 2 unless given. */
  p?: number | undefined;
  /** Added to each difference; 1e-6 unless given. */
  eps?: number | undefined;
  /** Measure the negative from the positive where that is nearer (Balntas et al., BMVC 2016). */
  swap?: boolean | undefined;
}

/**
 * A loss of triples: an anchor is to be nearer to its positive than to its negative, by the margin:
 * max(0, ‖a − p‖ − ‖a − n‖ + margin), over the last dimension.
 *
 * Distances are ‖u − v + eps‖_p, as PyTorch has them.
 *
 * @throws {ShapeError} when the shapes differ, or are 0-d.
 * @throws {ArgumentError} for a margin that is not positive, or an unknown option.
 * @example
 * import { tensor, tripletMarginLoss } from "@chainrule/core";
 * tripletMarginLoss(tensor([0, 0]), tensor([0, 1]), tensor([3, 4])); // → tensor(0)
 */
export function tripletMarginLoss(
  anchor: TensorLike,
  positive: TensorLike,
  negative: TensorLike,
  options: TripletMarginLossOptions = {},
): Tensor {
  const where = "tripletMarginLoss";
  const reduction = readLossOptions(where, options, ["margin", "p", "eps", "swap"]);
  const margin = checkNumber(where, "margin", options.margin ?? 1);
  const p = checkNumber(where, "p", options.p ?? 2);
  const eps = checkNumber(where, "eps", options.eps ?? 1e-6);
  const swap = checkBoolean(where, "swap", options.swap, false);
  if (margin <= 0) {
    throw new ArgumentError(`${where}: margin must be positive, not ${margin}.`, { margin });
  }
  const [a, near, far] = toOperands(where, [anchor, positive, negative]) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  if (a.ndim === 0 || !sameShape(a.shape, near.shape) || !sameShape(a.shape, far.shape)) {
    throw new ShapeError(
      `${where}: anchor, positive and negative have shapes ${formatShape(a.shape)}, ${formatShape(near.shape)} and ${formatShape(far.shape)}. They must be equal, [samples, features] or [features].`,
      { anchor: a.shape, positive: near.shape, negative: far.shape },
    );
  }
  const distance = (u: Tensor, v: Tensor): Tensor => vectorNorm(add(sub(u, v), eps), p, -1);
  const toFar = swap ? minimum(distance(a, far), distance(near, far)) : distance(a, far);
  return reduced(clampMin(add(sub(distance(a, near), toFar), margin), 0), reduction);
}
