/**
 * Attention of heads, one after the other.
 *
 * Scores are made for a block of queries at a time, and become weights while they are in the cache. With a causal mask a
 * block does not look at the keys behind its last query.
 */
import { attendAccelerated, attendGradientAccelerated } from "../accelerated/attention.ts";
import { allocate } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import { broadcastStrides } from "../shape.ts";
import { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { copyInto } from "./copy.ts";
import type { Scoring } from "./heads.ts";
import { headOffsets, queriesAtOnce } from "./heads.ts";
import type { MatrixView } from "./matmul.ts";
import { matrixAt, matrixProduct } from "./matmul.ts";
import { perDType } from "./specialize.ts";

/** The same numbers with rows and columns exchanged. */
function turned({ data, offset, rowStep, columnStep }: MatrixView): MatrixView {
  return { data, offset, rowStep: columnStep, columnStep: rowStep };
}

/** output = weights·v with weights = softmax(q·kᵀ·scale + mask), which are row-major. */
export function attend(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor | null,
  output: Tensor,
  weights: Tensor,
  scoring: Scoring,
): void {
  if (weights.numel() === 0) {
    output.storage.data.fill(0);
    return;
  }
  if (attendAccelerated(q, k, v, mask, output, weights, scoring)) return;
  inRowMajor([output], ([rows]) => attendPlain(q, k, v, mask, rows!, weights, scoring));
}

/** Has results computed row by row, and puts their numbers where they belong. */
function inRowMajor(results: readonly Tensor[], compute: (rows: readonly Tensor[]) => void): void {
  const rows = results.map((x) =>
    x.isContiguous() ? x : new Tensor(new Storage(allocate(x.dtype, x.numel())), x.dtype, x.shape),
  );
  compute(rows);
  for (const [i, from] of rows.entries()) {
    const to = results[i]!;
    if (from === to) continue;
    const { shape } = to;
    copyInto(to.storage.data, to.offset, to.strides, from.storage.data, 0, from.strides, shape);
  }
}

function attendPlain(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor | null,
  output: Tensor,
  weights: Tensor,
  scoring: Scoring,
): void {
  const { isCausal, scale } = scoring;
  const [queries, keys] = weights.shape.slice(-2) as [number, number];
  const [features, width] = [q.shape[q.ndim - 1]!, v.shape[v.ndim - 1]!];
  const lead = weights.shape.slice(0, -2);
  const stretched = mask === null ? null : stretchedMask(mask, weights.shape);
  const tensors = [q, k, v, ...(stretched === null ? [] : [stretched])];
  const offsets = headOffsets(lead, tensors);
  const most = Math.min(queriesAtOnce(isCausal, queries), queries);
  const to = weights.storage.data;
  const scores = allocate(weights.dtype, most * keys);
  const maskData = stretched === null ? scores : stretched.storage.data;
  const [maskRow, maskColumn] = stretched === null ? [0, 0] : stretched.strides.slice(-2);
  const kind = mask === null ? masks.none : mask.dtype === "bool" ? masks.flags : masks.numbers;
  const attendRows = attendRowsFor(to, maskData);
  for (let head = 0; head < offsets[0]!.length; head++) {
    const [query, key, value] = [q, k, v].map((x, i) => matrixAt(x, offsets[i]![head]!));
    for (let first = 0; first < queries; first += most) {
      const count = Math.min(most, queries - first);
      const used = isCausal ? Math.min(keys, first + count) : keys;
      const at = (head * queries + first) * keys;
      const rows = { ...query!, offset: query!.offset + first * query!.rowStep };
      if (features === 0) scores.fill(0);
      else matrixProduct(scores, 0, rows, turned(key!), count, features, used);
      const maskAt = stretched === null ? 0 : offsets[3]![head]! + first * maskRow!;
      attendRows(
        to,
        at,
        keys,
        scores,
        used,
        count,
        isCausal ? first : -1,
        scale,
        maskData,
        maskAt,
        maskRow!,
        maskColumn!,
        kind,
      );
      if (width === 0) continue;
      const view = { data: to, offset: at, rowStep: keys, columnStep: 1 };
      matrixProduct(
        output.storage.data,
        (head * queries + first) * width,
        view,
        value!,
        count,
        used,
        width,
      );
    }
  }
}

/** How a mask is meant. */
export const masks = { none: 0, numbers: 1, flags: 2 } as const;

/** A mask with two dimensions or more, the last two as long as those of the scores. */
export function stretchedMask(mask: Tensor, scores: Shape): Tensor {
  const matrix = scores.slice(-2);
  const lead = mask.shape.slice(0, -2);
  const strides = [
    ...mask.strides.slice(0, -2),
    ...broadcastStrides(mask.shape.slice(-2), mask.strides.slice(-2), matrix),
  ];
  return new Tensor(mask.storage, mask.dtype, [...lead, ...matrix], strides, mask.offset);
}

/** Scores to weights: scaled, masked, exponentials divided by their sum; 0 where all are −∞, and behind those that are there. */
const attendRowsFor = perDType(function attendRows(
  target: { [index: number]: number },
  at: number,
  step: number,
  scores: { [index: number]: number },
  used: number,
  rows: number,
  causalFirst: number,
  scale: number,
  mask: ArrayLike<number>,
  maskAt: number,
  maskRow: number,
  maskColumn: number,
  kind: number,
): void {
  for (let row = 0; row < rows; row++) {
    const from = row * used;
    const to = at + row * step;
    const length = causalFirst < 0 ? used : Math.min(used, causalFirst + row + 1);
    let place = maskAt + row * maskRow;
    let largest = -Infinity;
    for (let j = 0; j < length; j++) {
      let score = scores[from + j]! * scale;
      if (kind === 1) score += mask[place]!;
      else if (kind === 2 && mask[place] === 0) score = -Infinity;
      place += maskColumn;
      scores[from + j] = score;
      if (score > largest) largest = score;
    }
    // Without a number to shift by there are only −∞, whose exponentials are 0, and NaN.
    const shift = largest === -Infinity ? 0 : largest;
    let sum = 0;
    for (let j = 0; j < length; j++) {
      const weight = Math.exp(scores[from + j]! - shift);
      target[to + j] = weight;
      sum += weight;
    }
    const factor = sum === 0 ? 0 : 1 / sum;
    for (let j = 0; j < length; j++) target[to + j]! *= factor;
    for (let j = length; j < step; j++) target[to + j] = 0;
  }
});

/** The gradients of queries, keys and values, from the weights and the cotangent of the output. */
export function attendGradient(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  scoring: Scoring,
): void {
  const [q, k] = operands as [Tensor, Tensor];
  if (q.shape[q.ndim - 2] === 0 || k.shape[k.ndim - 2] === 0) {
    for (const { storage } of results) storage.data.fill(0);
    return;
  }
  if (attendGradientAccelerated(operands, results, scoring)) return;
  inRowMajor(results, (rows) => attendGradientPlain(operands, rows, scoring));
}

function attendGradientPlain(
  operands: readonly Tensor[],
  results: readonly Tensor[],
  { isCausal, scale }: Scoring,
): void {
  const [q, k, v, weights] = operands as [Tensor, Tensor, Tensor, Tensor];
  const [queryBar, keyBar, valueBar] = results as [Tensor, Tensor, Tensor];
  const [queries, keys] = [q.shape[q.ndim - 2]!, k.shape[k.ndim - 2]!];
  const [features, width] = [q.shape[q.ndim - 1]!, v.shape[v.ndim - 1]!];
  const offsets = headOffsets(queryBar.shape.slice(0, -2), operands);
  const most = Math.min(queriesAtOnce(isCausal, queries), queries);
  const mixed = allocate(weights.dtype, most * keys);
  const slopes = allocate(weights.dtype, queries * keys);
  const toSlopes = slopesFor(slopes, weights.storage.data);
  const slopesView = { data: slopes, offset: 0, rowStep: keys, columnStep: 1 };
  for (let head = 0; head < offsets[0]!.length; head++) {
    const [query, key, value, weight, cotangent] = operands.map((x, i) =>
      matrixAt(x, offsets[i]![head]!),
    ) as [MatrixView, MatrixView, MatrixView, MatrixView, MatrixView];
    for (let first = 0; first < queries; first += most) {
      const count = Math.min(most, queries - first);
      const used = isCausal ? Math.min(keys, first + count) : keys;
      const rows = { ...cotangent, offset: cotangent.offset + first * cotangent.rowStep };
      if (width > 0) matrixProduct(mixed, 0, rows, turned(value), count, width, used);
      const weightAt = weight.offset + first * weight.rowStep;
      toSlopes(
        slopes,
        first * keys,
        keys,
        mixed,
        used,
        count,
        scale,
        weight.data,
        weightAt,
        weight.rowStep,
        weight.columnStep,
      );
      if (features === 0) continue;
      const at = (head * queries + first) * features;
      const view = { ...slopesView, offset: first * keys };
      matrixProduct(queryBar.storage.data, at, view, key, count, used, features);
    }
    if (features > 0)
      matrixProduct(
        keyBar.storage.data,
        head * keys * features,
        turned(slopesView),
        query,
        keys,
        queries,
        features,
      );
    if (width > 0)
      matrixProduct(
        valueBar.storage.data,
        head * keys * width,
        turned(weight),
        cotangent,
        keys,
        queries,
        width,
      );
  }
}

/** slope = scale·w·(p − Σ w·p) for rows of weights w and of what comes back to them, p. */
const slopesFor = perDType(function slopes(
  target: { [index: number]: number },
  at: number,
  step: number,
  mixed: ArrayLike<number>,
  used: number,
  rows: number,
  scale: number,
  weights: ArrayLike<number>,
  weightAt: number,
  weightRow: number,
  weightColumn: number,
): void {
  for (let row = 0; row < rows; row++) {
    const from = row * used;
    const to = at + row * step;
    const first = weightAt + row * weightRow;
    let mean = 0;
    for (let j = 0, w = first; j < used; j++, w += weightColumn)
      mean += weights[w]! * mixed[from + j]!;
    for (let j = 0, w = first; j < used; j++, w += weightColumn)
      target[to + j] = scale * weights[w]! * (mixed[from + j]! - mean);
  }
});
