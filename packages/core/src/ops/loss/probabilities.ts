/**
 * Cross-entropy of logits against probabilities of classes, in tensor ops.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { elementCount, formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul, neg } from "../arithmetic.ts";
import { div } from "../division.ts";
import { reshape } from "../reshape.ts";
import { logSoftmax } from "../softmax.ts";
import { sum } from "../sum.ts";
import { classDim, targetShape } from "./classes.ts";
import type { CrossEntropyOptions } from "./crossEntropyOptions.ts";
import { readCrossEntropyOptions } from "./crossEntropyOptions.ts";

/** −Σ_c w_c·q_c·log softmax(x)_c for probabilities q; see `crossEntropy`. */
export function crossEntropyOfProbabilities(
  given: TensorLike,
  target: Tensor,
  options: CrossEntropyOptions = {},
): Tensor {
  const { reduction, labelSmoothing } = readCrossEntropyOptions(options);
  const input = toTensor("crossEntropy", given, target.dtype);
  if (options.ignoreIndex !== undefined && options.ignoreIndex >= 0) {
    throw new ArgumentError(
      "crossEntropy: ignoreIndex belongs to class indices; with probabilities, give such samples a weight or leave them out.",
      { ignoreIndex: options.ignoreIndex },
    );
  }
  if (!sameShape(input.shape, target.shape) || input.ndim === 0) {
    throw new ShapeError(
      `crossEntropy: the logits have shape ${formatShape(input.shape)}, the probabilities ${formatShape(target.shape)}. They must be equal; class indices must be int32: target.to("int32").`,
      { input: input.shape, target: target.shape },
    );
  }
  const dim = classDim(input.shape);
  const classes = input.shape[dim]!;
  const smoothed =
    labelSmoothing > 0 ? add(mul(target, 1 - labelSmoothing), labelSmoothing / classes) : target;
  let terms = mul(logSoftmax(input, dim), smoothed);
  if (options.weight !== undefined && options.weight !== null) {
    const weight = toTensor("crossEntropy", options.weight, input.dtype);
    if (!sameShape(weight.shape, [classes])) {
      throw new ShapeError(
        `crossEntropy: there must be one weight for each of the ${classes} classes, not weights of shape ${formatShape(weight.shape)}.`,
        { weight: weight.shape, classes },
      );
    }
    terms = mul(
      terms,
      reshape(
        weight,
        input.shape.map((_, i) => (i === dim ? classes : 1)),
      ),
    );
  }
  if (reduction === "none") return neg(sum(terms, dim));
  const total = neg(sum(terms));
  return reduction === "sum" ? total : div(total, elementCount(targetShape(input.shape)));
}
