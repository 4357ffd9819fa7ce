/**
 * Cross-entropy with class indices, from logits in one pass, and its gradient in another.
 *
 * Element (n, c, p) of the logits lies at n·classes·inner + c·inner + p: classes of a sample are `inner` apart.
 */
import { mayAccelerate } from "../accelerated/backend.ts";
import { scaledSoftmax, sumsOfExponentials } from "../accelerated/rows.ts";
import type { TypedArray } from "../dtype.ts";
import { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { perDType } from "./specialize.ts";

/** What the passes need to know beside the numbers. */
export interface ClassLayout {
  /** Samples, trailing dimensions included. */
  readonly samples: number;
  readonly classes: number;
  /** The product of the dimensions behind that of the classes. */
  readonly inner: number;
}

/** The sum of the losses and of the weights of the targets, of the last call. */
const totals = new Float64Array(2);

/**
 * Writes the loss of each sample to `losses`, if there is such an array, and gives the sum of the losses and of the
 * targets' weights. A target must be a class or `ignoreIndex`; see {@link firstBadTarget}.
 */
export function crossEntropyForward(
  losses: TypedArray | null,
  logits: TypedArray,
  offset: number,
  target: ArrayLike<number>,
  weight: TypedArray | null,
  layout: ClassLayout,
  ignoreIndex: number,
  smoothing: number,
): { readonly loss: number; readonly weight: number } {
  const { samples, classes, inner } = layout;
  const weights32 = weight === null || weight instanceof Float32Array ? weight : null;
  if (logits instanceof Float32Array && weights32 === weight && samples > 0) {
    const x = asLanes(logits, offset, layout);
    // With smoothing, sums over all classes are wanted, too.
    const all = smoothing > 0 ? (weights32 ?? new Float32Array(classes).fill(1)) : null;
    const sums = sumsOfExponentials(x, [1], all);
    if (sums !== null) {
      lossesOf(losses, x, target, weights32, all, sums, ignoreIndex, smoothing);
      return { loss: totals[0]!, weight: totals[1]! };
    }
  }
  const out = losses ?? logits;
  const weights = weight ?? logits;
  forwardFor(out, logits, weights)(
    losses !== null,
    out,
    logits,
    offset,
    target,
    weight !== null,
    weights,
    samples,
    classes,
    inner,
    ignoreIndex,
    smoothing,
    totals,
  );
  return { loss: totals[0]!, weight: totals[1]! };
}

/** The logits as [samples, classes, inner]. */
function asLanes(data: Float32Array, offset: number, layout: ClassLayout): Tensor {
  const { samples, classes, inner } = layout;
  const strides = [classes * inner, inner, 1];
  const shape = [samples / inner, classes, inner];
  return new Tensor(new Storage(data), "float32", shape, strides, offset);
}

/**
 * The losses from what {@link sumsOfExponentials} gives; `all`: the weights of its second sums. Leaves both totals in
 * `totals`.
 */
function lossesOf(
  losses: TypedArray | null,
  logits: Tensor,
  target: ArrayLike<number>,
  weights: Float32Array | null,
  all: Float32Array | null,
  sums: Float32Array,
  ignoreIndex: number,
  smoothing: number,
): void {
  const [, classes, inner] = logits.shape as [number, number, number];
  const { data } = logits.storage;
  const { offset } = logits;
  const perLane = all === null ? 3 : 5;
  let weightOfAll = 0;
  if (all !== null) for (let c = 0; c < classes; c++) weightOfAll += all[c]!;
  let total = 0;
  let weight = 0;
  for (let i = 0, at = 0; at < sums.length; i++, at += perLane) {
    const t = target[i]!;
    let loss = 0;
    if (t !== ignoreIndex) {
      const first = offset + Math.floor(i / inner) * classes * inner + (i % inner);
      const w = weights === null ? 1 : weights[t]!;
      const shift = Math.log(sums[at + 1]! + sums[at + 2]!);
      loss = w * (shift - (data[first + t * inner]! - sums[at]!));
      // Σ w·(shift − (x − m)).
      if (all !== null) {
        const ofAll = weightOfAll * shift - (sums[at + 3]! + sums[at + 4]!);
        loss = (1 - smoothing) * loss + (smoothing / classes) * ofAll;
      }
      total += loss;
      weight += w;
    }
    if (losses !== null) losses[i] = loss;
  }
  totals[0] = total;
  totals[1] = weight;
}

/** The place of the first target that is neither a class nor `ignoreIndex`; −1 if there is none. */
export function firstBadTarget(
  target: ArrayLike<number>,
  samples: number,
  classes: number,
  ignoreIndex: number,
): number {
  for (let i = 0; i < samples; i++) {
    const t = target[i]!;
    if ((t < 0 || t >= classes) && t !== ignoreIndex) return i;
  }
  return -1;
}

/**
 * Fills `out`, of the layout of the logits, with the gradient: for target t, p = softmax, smoothing ε and K classes,
 * factor · ((1 − ε)·w_t·(p_c − [c = t]) + ε/K·(p_c·Σw − w_c)), zero for ignored samples. `factor` is `cotangents[i]·scale` or, if there is
 * one cotangent for all, `cotangents[0]·scale`.
 */
export function crossEntropyBackward(
  out: TypedArray,
  logits: TypedArray,
  offset: number,
  target: ArrayLike<number>,
  weight: TypedArray | null,
  layout: ClassLayout,
  ignoreIndex: number,
  smoothing: number,
  cotangents: TypedArray,
  cotangentOffset: number,
  isShared: boolean,
  scale: number,
): void {
  const { samples, classes, inner } = layout;
  const weights32 = weight === null || weight instanceof Float32Array ? weight : null;
  if (
    out instanceof Float32Array &&
    logits instanceof Float32Array &&
    weights32 === weight &&
    samples > 0 &&
    mayAccelerate(samples * classes)
  ) {
    const all = smoothing > 0 ? (weights32 ?? new Float32Array(classes).fill(1)) : null;
    const weightOfAll = all === null ? 0 : all.reduce((sum, w) => sum + w, 0);
    const share = smoothing / classes;
    const own = new Float32Array(samples);
    const shared = all === null ? null : new Float32Array(samples);
    const factors = new Float32Array(samples);
    for (let i = 0; i < samples; i++) {
      const t = target[i]!;
      if (t === ignoreIndex) continue;
      const factor = cotangents[cotangentOffset + (isShared ? 0 : i)]! * scale;
      own[i] = factor * (1 - smoothing) * (weights32 === null ? 1 : weights32[t]!);
      if (shared !== null) shared[i] = factor * share;
      factors[i] = own[i]! + factor * share * weightOfAll;
    }
    const x = asLanes(logits, offset, layout);
    const y = asLanes(out, 0, layout);
    const less = shared === null ? null : { lanes: shared, weights: all! };
    if (scaledSoftmax(x, 1, factors, less, y)) {
      for (let i = 0; i < samples; i++) {
        const t = target[i]!;
        const first = Math.floor(i / inner) * classes * inner + (i % inner);
        if (t !== ignoreIndex) out[first + t * inner]! -= own[i]!;
        // What is ignored has no part in the gradient, NaN or not.
        else for (let c = 0; c < classes; c++) out[first + c * inner] = 0;
      }
      return;
    }
  }
  const weights = weight ?? logits;
  backwardFor(out, logits, weights)(
    out,
    logits,
    offset,
    target,
    weight !== null,
    weights,
    samples,
    classes,
    inner,
    ignoreIndex,
    smoothing,
    cotangents,
    cotangentOffset,
    isShared ? 0 : 1,
    scale,
  );
}

/** The sum of the weights of the targets that are not ignored. */
export function totalWeight(
  target: ArrayLike<number>,
  samples: number,
  weight: ArrayLike<number> | null,
  ignoreIndex: number,
): number {
  let total = 0;
  for (let i = 0; i < samples; i++) {
    if (target[i] !== ignoreIndex) total += weight === null ? 1 : weight[target[i]!]!;
  }
  return total;
}

const forwardFor = perDType(function forward(
  writes: boolean,
  losses: TypedArray,
  logits: TypedArray,
  offset: number,
  target: ArrayLike<number>,
  weighted: boolean,
  weights: TypedArray,
  samples: number,
  classes: number,
  inner: number,
  ignoreIndex: number,
  smoothing: number,
  totals: Float64Array,
): void {
  let totalLoss = 0;
  let totalWeight = 0;
  for (let i = 0; i < samples; i++) {
    const t = target[i]!;
    let loss = 0;
    if (t !== ignoreIndex) {
      const start = offset + Math.floor(i / inner) * classes * inner + (i % inner);
      const end = start + classes * inner;
      let largest = -Infinity;
      for (let at = start; at < end; at += inner) {
        if (logits[at]! > largest) largest = logits[at]!;
      }
      let sum = 0;
      for (let at = start; at < end; at += inner) sum += Math.exp(logits[at]! - largest);
      // −log p_c = log Σ exp − x_c, with the largest taken out of both.
      const shift = Math.log(sum);
      const w = weighted ? weights[t]! : 1;
      loss = w * (shift - (logits[start + t * inner]! - largest));
      if (smoothing > 0) {
        let all = 0;
        for (let c = 0, at = start; c < classes; c++, at += inner) {
          all += (weighted ? weights[c]! : 1) * (shift - (logits[at]! - largest));
        }
        loss = (1 - smoothing) * loss + (smoothing / classes) * all;
      }
      totalLoss += loss;
      totalWeight += w;
    }
    if (writes) losses[i] = loss;
  }
  totals[0] = totalLoss;
  totals[1] = totalWeight;
});

const backwardFor = perDType(function backward(
  out: TypedArray,
  logits: TypedArray,
  offset: number,
  target: ArrayLike<number>,
  weighted: boolean,
  weights: TypedArray,
  samples: number,
  classes: number,
  inner: number,
  ignoreIndex: number,
  smoothing: number,
  cotangents: TypedArray,
  cotangentAt: number,
  cotangentStep: number,
  scale: number,
): void {
  let allWeights = classes;
  if (weighted) {
    allWeights = 0;
    for (let c = 0; c < classes; c++) allWeights += weights[c]!;
  }
  const share = smoothing / classes;
  for (let i = 0; i < samples; i++) {
    const t = target[i]!;
    if (t === ignoreIndex) continue;
    const first = Math.floor(i / inner) * classes * inner + (i % inner);
    const start = offset + first;
    let largest = -Infinity;
    for (let c = 0, at = start; c < classes; c++, at += inner) {
      if (logits[at]! > largest) largest = logits[at]!;
    }
    let sum = 0;
    for (let c = 0, at = start, to = first; c < classes; c++, at += inner, to += inner) {
      const value = Math.exp(logits[at]! - largest);
      out[to] = value;
      sum += value;
    }
    const factor = cotangents[cotangentAt + i * cotangentStep]! * scale;
    const own = (1 - smoothing) * (weighted ? weights[t]! : 1);
    const ratio = (factor * (own + share * allWeights)) / sum;
    for (let c = 0, to = first; c < classes; c++, to += inner) {
      let value = out[to]! * ratio;
      if (c === t) value -= factor * own;
      if (smoothing > 0) value -= factor * share * (weighted ? weights[c]! : 1);
      out[to] = value;
    }
  }
});
