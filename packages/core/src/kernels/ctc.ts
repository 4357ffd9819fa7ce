/**
 * Connectionist temporal classification: sums over all alignments by dynamic programming, in logarithms.
 *
 * The labels l₁ … l_S are extended by blanks to l′ = (blank, l₁, blank, …, l_S, blank). α_t(s) is the log-probability of
 * all ways to emit l′₁ … l′_s in the frames up to t; β_t(s) that of all ways to emit the rest after t. A step stays, goes on
 * by one, or skips a blank between different labels. (Graves et al., "Connectionist temporal classification", ICML 2006.)
 */
import type { TypedArray } from "../dtype.ts";
import { perDType } from "./specialize.ts";

/** One batch: log-probabilities [frames, samples, classes], labels [samples, width]. */
export interface CtcBatch {
  readonly logProbs: TypedArray;
  readonly offset: number;
  readonly samples: number;
  readonly classes: number;
  readonly labels: ArrayLike<number>;
  readonly width: number;
  readonly frameCounts: ArrayLike<number>;
  readonly labelCounts: ArrayLike<number>;
  readonly blank: number;
}

/** −ln P(labels) of one sample; infinity where no alignment is possible. */
export function ctcNegativeLogLikelihood(batch: CtcBatch, sample: number): number {
  const frames = batch.frameCounts[sample]!;
  const extended = extendedLabels(batch, sample);
  return -totalOf(alphasOf(batch, sample, extended), frames, extended.length);
}

/**
 * Adds factor·∂(−ln P)/∂logProbs of one sample into `out`, which has the layout of the log-probabilities: minus the
 * probability of being at a class in a frame, given the labels.
 */
export function addCtcGradient(
  batch: CtcBatch,
  sample: number,
  factor: number,
  out: TypedArray,
): void {
  const { samples, classes } = batch;
  const frames = batch.frameCounts[sample]!;
  const extended = extendedLabels(batch, sample);
  const length = extended.length;
  const alphas = alphasOf(batch, sample, extended);
  const total = totalOf(alphas, frames, length);
  if (total === -Infinity) {
    // No alignment: the gradient is undefined, and says so.
    for (let t = 0; t < frames; t++) {
      const row = (t * samples + sample) * classes;
      for (let c = 0; c < classes; c++) out[row + c] = factor === 0 ? 0 : Number.NaN;
    }
    return;
  }
  backwardFor(out, batch.logProbs)(
    out,
    batch.logProbs,
    batch.offset,
    samples,
    classes,
    sample,
    frames,
    extended,
    alphas,
    total,
    factor,
    new Float64Array(length),
    new Float64Array(length),
  );
}

function extendedLabels(
  { labels, width, labelCounts, blank }: CtcBatch,
  sample: number,
): Int32Array {
  const count = labelCounts[sample]!;
  const extended = new Int32Array(2 * count + 1).fill(blank);
  for (let i = 0; i < count; i++) extended[2 * i + 1] = labels[sample * width + i]!;
  return extended;
}

function alphasOf(batch: CtcBatch, sample: number, extended: Int32Array): Float64Array {
  const frames = batch.frameCounts[sample]!;
  const alphas = new Float64Array(frames * extended.length);
  forwardFor(batch.logProbs)(
    batch.logProbs,
    batch.offset,
    batch.samples,
    batch.classes,
    sample,
    frames,
    extended,
    alphas,
  );
  return alphas;
}

/** ln P from the last row: the alignments that end in the last label, or in the blank behind it. */
function totalOf(alphas: Float64Array, frames: number, length: number): number {
  // Without frames there is one alignment of no labels, and none of any.
  if (frames === 0) return length === 1 ? 0 : -Infinity;
  const last = (frames - 1) * length;
  const a = alphas[last + length - 1]!;
  const b = length > 1 ? alphas[last + length - 2]! : -Infinity;
  const most = Math.max(a, b);
  return most === -Infinity ? most : most + Math.log(Math.exp(a - most) + Math.exp(b - most));
}

const forwardFor = perDType(function forward(
  logProbs: TypedArray,
  offset: number,
  samples: number,
  classes: number,
  sample: number,
  frames: number,
  extended: Int32Array,
  alphas: Float64Array,
): void {
  const length = extended.length;
  for (let t = 0; t < frames; t++) {
    const row = offset + (t * samples + sample) * classes;
    const now = t * length;
    const before = now - length;
    for (let s = 0; s < length; s++) {
      let stay = -Infinity;
      let step = -Infinity;
      let skip = -Infinity;
      if (t === 0) {
        if (s < 2) stay = 0;
      } else {
        stay = alphas[before + s]!;
        if (s > 0) step = alphas[before + s - 1]!;
        // A blank is skipped only between different labels; between blanks there is nothing to skip.
        if (s > 1 && s % 2 === 1 && extended[s] !== extended[s - 2]) skip = alphas[before + s - 2]!;
      }
      const most = Math.max(stay, step, skip);
      alphas[now + s] =
        most === -Infinity
          ? most
          : most +
            Math.log(Math.exp(stay - most) + Math.exp(step - most) + Math.exp(skip - most)) +
            logProbs[row + extended[s]!]!;
    }
  }
});

const backwardFor = perDType(function backward(
  out: TypedArray,
  logProbs: TypedArray,
  offset: number,
  samples: number,
  classes: number,
  sample: number,
  frames: number,
  extended: Int32Array,
  alphas: Float64Array,
  total: number,
  factor: number,
  betas: Float64Array,
  emitted: Float64Array,
): void {
  const length = extended.length;
  for (let t = frames - 1; t >= 0; t--) {
    const row = (t * samples + sample) * classes;
    for (let s = 0; s < length; s++) {
      let beta = s >= length - 2 ? 0 : -Infinity;
      if (t < frames - 1) {
        const stay = emitted[s]!;
        const step = s + 1 < length ? emitted[s + 1]! : -Infinity;
        const canSkip = s + 2 < length && s % 2 === 1 && extended[s] !== extended[s + 2];
        const skip = canSkip ? emitted[s + 2]! : -Infinity;
        const most = Math.max(stay, step, skip);
        beta =
          most === -Infinity
            ? most
            : most +
              Math.log(Math.exp(stay - most) + Math.exp(step - most) + Math.exp(skip - most));
      }
      betas[s] = beta;
      const share = Math.exp(alphas[t * length + s]! + beta - total);
      out[row + extended[s]!]! -= factor * share;
    }
    for (let s = 0; s < length; s++) {
      emitted[s] = betas[s]! + logProbs[offset + row + extended[s]!]!;
    }
  }
});
