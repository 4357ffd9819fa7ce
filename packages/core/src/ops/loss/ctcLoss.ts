/**
 * Connectionist temporal classification as a loss of whole batches.
 */
import type { TensorLike } from "../../creation.ts";
import { newTensor, toTensor } from "../../creation.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { div } from "../division.ts";
import { reshape } from "../reshape.ts";
import { maximum } from "../selection.ts";
import { mean, sum } from "../sum.ts";
import { ctcTerm } from "./ctc.ts";
import type { CtcTermOptions } from "./ctcArguments.ts";
import type { LossOptions } from "./reduction.ts";
import { readLossOptions } from "./reduction.ts";

/** Options of {@link ctcLoss}. */
export interface CtcLossOptions extends LossOptions, CtcTermOptions {}

/**
 * The loss of connectionist temporal classification: −ln P(labels), summed over all alignments of a sample's labels with its
 * frames. Recognisers of speech and handwriting are trained with it.
 *
 * `logProbs` has shape [frames, samples, classes], or [frames, classes] for one sample; targets are labels [samples, length], or
 * those of all samples one after the other; counts say how many frames and labels each sample has. The mean divides each loss
 * by its number of labels (1 at least) and then averages over samples, as in PyTorch. Unlike PyTorch's, the gradient is that by
 * the log-probabilities as such; through `logSoftmax` both give the same.
 *
 * @throws {ShapeError} when shapes do not go together.
 * @throws {IndexError} for a label or a blank that is no class.
 * @throws {ArgumentError} for counts out of range, or an unknown option.
 * @example
 * import { ctcLoss, logSoftmax, zeros } from "@chainrule/core";
 * const logits = zeros([4, 2, 3], { requiresGrad: true });
 * const loss = ctcLoss(logSoftmax(logits, 2), [[1, 2], [2, 0]], [4, 3], [2, 1]);
 * loss.item(); // → 1.1736…
 */
export function ctcLoss(
  logProbs: TensorLike,
  targets: TensorLike,
  inputLengths: TensorLike,
  targetLengths: TensorLike,
  options: CtcLossOptions = {},
): Tensor {
  const reduction = readLossOptions("ctcLoss", options, ["blank", "zeroInfinity"]);
  const { blank, zeroInfinity } = options;
  const given = toTensor("ctcLoss", logProbs);
  const isSingle = given.ndim === 2;
  const x = isSingle ? reshape(given, [given.shape[0]!, 1, given.shape[1]!]) : given;
  if (x.ndim !== 3) {
    throw new ShapeError(
      `ctcLoss: expected log-probabilities of shape [frames, samples, classes] or [frames, classes], not ${formatShape(given.shape)}.`,
      { logProbs: given.shape },
    );
  }
  const samples = x.shape[1]!;
  const countsOf = (value: TensorLike): Tensor => {
    const counts = toTensor("ctcLoss", value, "int32");
    return counts.ndim === 0 ? reshape(counts, [1]) : counts;
  };
  const frames = countsOf(inputLengths);
  const counts = countsOf(targetLengths);
  const labels = labelRows(toTensor("ctcLoss", targets, "int32"), counts, samples);
  const losses = ctcTerm(x, labels, frames, counts, { blank, zeroInfinity });
  if (reduction === "none") return isSingle ? reshape(losses, []) : losses;
  if (reduction === "sum") return sum(losses);
  return mean(div(losses, maximum(counts, 1)));
}

/** Labels in one row for each sample: those of all samples one after the other are taken apart. */
function labelRows(labels: Tensor, counts: Tensor, samples: number): Tensor {
  if (labels.ndim !== 1) return labels;
  if (samples === 1) return reshape(labels, [1, labels.numel()]);
  if (labels.batch !== null || counts.batch !== null) {
    throw new ArgumentError("ctcLoss: inside vmap, labels must have the shape [samples, length].");
  }
  const flat = labels.toTypedArray();
  const lengths = Array.from(counts.toTypedArray());
  const total = lengths.reduce((all, count) => all + count, 0);
  if (lengths.length !== samples || total !== flat.length) {
    throw new ShapeError(
      `ctcLoss: ${flat.length} labels in a row, but targetLengths of ${lengths.length} samples add up to ${total}.`,
      { labels: flat.length, total },
    );
  }
  const width = lengths.reduce((most, count) => Math.max(most, count), 0);
  const rows = newTensor("int32", [samples, width]);
  let next = 0;
  for (let n = 0; n < samples; n++) {
    for (let i = 0; i < lengths[n]!; i++) rows.storage.data[n * width + i] = flat[next++]!;
  }
  return rows;
}
