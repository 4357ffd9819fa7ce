/**
 * The negative log-likelihood of classes.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { checkInteger } from "../../errors.ts";
import { sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mul, neg } from "../arithmetic.ts";
import { ne } from "../comparison.ts";
import { unsqueeze } from "../dimensions.ts";
import { div } from "../division.ts";
import { gather } from "../gather.ts";
import { reshape } from "../reshape.ts";
import { where } from "../selection.ts";
import { sum } from "../sum.ts";
import {
  checkClassShapes,
  checkedTargets,
  classDim,
  classOrZero,
  layoutOf,
  targetWeights,
} from "./classes.ts";
import type { LossOptions } from "./reduction.ts";
import { optionalTensor, readLossOptions } from "./reduction.ts";

/** Options of {@link nllLoss}. */
export interface NllLossOptions extends LossOptions {
  /** A factor for each class; gets no gradient. */
  weight?: TensorLike | null | undefined;
  /** A target that stands for "does not count"; −100 unless given. */
  ignoreIndex?: number | undefined;
}

/**
 * The negative log-likelihood: minus the log-probability of each sample's class, as `logSoftmax` gives it.
 *
 * −w_t·x_t for input of shape [classes] or [samples, classes, …] and class indices (int32) of that shape without the classes.
 * The mean divides by the sum of the targets' weights; if all targets are ignored it is NaN. `crossEntropy` does this and
 * the softmax in one.
 *
 * @throws {ShapeError} when shapes do not go together.
 * @throws {IndexError} for a target that is neither a class nor `ignoreIndex`.
 * @example
 * import { nllLoss, tensor } from "@chainrule/core";
 * nllLoss(tensor([[-0.5, -1], [-3, -0.1]]), [0, 1]); // → tensor(0.3)
 */
export function nllLoss(
  input: TensorLike,
  target: TensorLike,
  options: NllLossOptions = {},
): Tensor {
  const reduction = readLossOptions("nllLoss", options, ["weight", "ignoreIndex"]);
  const ignoreIndex = checkInteger("nllLoss", "ignoreIndex", options.ignoreIndex ?? -100);
  const x = toTensor("nllLoss", input);
  const given = toTensor("nllLoss", target, "int32");
  const t = x.ndim === 1 && sameShape(given.shape, [1]) ? reshape(given, []) : given;
  const weight = optionalTensor("nllLoss", options.weight, x) ?? undefined;
  checkClassShapes("nllLoss", x.shape, t.shape, weight?.shape);
  if (t.batch === null) checkedTargets("nllLoss", t, layoutOf(x.shape), ignoreIndex);
  const dim = classDim(x.shape);
  const counts = ne(t, ignoreIndex);
  const picked = gather(x, dim, unsqueeze(classOrZero(t, counts), dim));
  const weights = targetWeights(t, weight, ignoreIndex, x.dtype).detach();
  const losses = where(counts, neg(mul(reshape(picked, t.shape), weights)), 0);
  if (reduction === "none") return losses;
  const total = sum(losses);
  return reduction === "sum" ? total : div(total, sum(weights));
}
