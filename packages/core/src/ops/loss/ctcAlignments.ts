/**
 * The sum over all alignments, written in tensor ops: what the second derivative of the fused op is taken from.
 */
import { full, newTensor, tensor } from "../../creation.ts";
import type { Tensor } from "../../tensor.ts";
import { add, neg } from "../arithmetic.ts";
import { at } from "../at.ts";
import { cat } from "../cat.ts";
import { gt, lt } from "../comparison.ts";
import { gather } from "../gather.ts";
import { logsumexp } from "../logsumexp.ts";
import { where as choose, maximum } from "../selection.ts";
import { stack } from "../stack.ts";
import type { Ctc } from "./ctcArguments.ts";
import { batchOf } from "./ctcArguments.ts";

/** Stands for ln 0: its exponential is 0, but differences of it are finite, so that no NaN arises where nothing is. */
const impossible = -1e30;

/** −ln P(labels) of each sample, frame by frame; 0 where no alignment is possible. */
export function composedTerm(logProbs: Tensor, given: readonly Tensor[], options: Ctc): Tensor {
  const { samples, labels, width, frameCounts, labelCounts, blank } = batchOf(
    "ctcLoss",
    [logProbs, ...given],
    options,
  );
  const { dtype } = logProbs;
  const frames = logProbs.shape[0]!;
  const length = 2 * width + 1;
  const extended = newTensor("int32", [samples, length]);
  const canSkip = newTensor("bool", [samples, length]);
  const isFirst = newTensor("bool", [samples, length]);
  const isLast = newTensor("bool", [samples, length]);
  for (let n = 0; n < samples; n++) {
    for (let s = 0; s < length; s++) {
      const place = n * length + s;
      const isLabel = s % 2 === 1 && s < 2 * labelCounts[n]!;
      const label = labels[n * width + (s - 1) / 2]!;
      extended.storage.data[place] = isLabel ? label : blank;
      canSkip.storage.data[place] =
        isLabel && s > 1 && label !== labels[n * width + (s - 3) / 2] ? 1 : 0;
      isFirst.storage.data[place] = s < 2 ? 1 : 0;
      isLast.storage.data[place] =
        s === 2 * labelCounts[n]! || s === 2 * labelCounts[n]! - 1 ? 1 : 0;
    }
  }
  const counts = tensor(Array.from({ length: samples }, (_, n) => [frameCounts[n]!]));
  const nowhere = full([samples, length], impossible, { dtype });
  const later = (alpha: Tensor, by: number): Tensor =>
    length <= by
      ? nowhere
      : cat([at(nowhere, ":", `:${by}`), at(alpha, ":", `:${length - by}`)], 1);
  // Before the first frame, the way to the first blank or label is open.
  let alpha = choose(isFirst, 0, nowhere);
  for (let t = 0; t < frames; t++) {
    const emitted = maximum(gather(at(logProbs, t), 1, extended), impossible);
    const ways =
      t === 0
        ? alpha
        : logsumexp(stack([alpha, later(alpha, 1), choose(canSkip, later(alpha, 2), nowhere)]), 0);
    alpha = choose(gt(counts, t), maximum(add(ways, emitted), impossible), alpha);
  }
  const total = logsumexp(choose(isLast, alpha, nowhere), 1);
  return choose(lt(total, impossible / 2), 0, neg(total));
}
