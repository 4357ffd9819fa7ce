/**
 * Sums, means and maxima of looked-up rows, bag by bag.
 */
import type { TensorLike } from "../../creation.ts";
import { fromTypedArray, toTensor, zeros } from "../../creation.ts";
import { ArgumentError, checkOptions, DTypeError, quoted, ShapeError } from "../../errors.ts";
import { largestInBags } from "../../kernels/embedding.ts";
import { contiguousOperand } from "../../op.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mul } from "../arithmetic.ts";
import { reshape } from "../reshape.ts";
import { indexAdd, indexSelect } from "../select.ts";
import { transpose } from "../transpose.ts";
import type { OptionalTensor } from "./arguments.ts";
import { readOptional } from "./arguments.ts";
import type { EmbeddingOptions } from "./embedding.ts";
import { embedding, readRowGradient, rowCount, shortenRows } from "./embedding.ts";
import { planePick } from "./planes.ts";

/** Options of {@link embeddingBag}. */
export interface EmbeddingBagOptions extends Omit<EmbeddingOptions, "paddingIdx"> {
  /** What becomes of the rows of a bag; "mean" unless given. */
  mode?: "sum" | "mean" | "max" | undefined;
  /** A weight for each index, of the shape of the indices; in mode "sum" only. */
  perSampleWeights?: TensorLike | null | undefined;
  /** Whether the last offset is the end of the last bag rather than the start of another one. */
  includeLastOffset?: boolean | undefined;
  /** The row whose indices do not count at all; negative ones count from the end. */
  paddingIdx?: number | null | undefined;
}

/** The bag of each index, from the places where bags start. */
function bagsFromOffsets(
  offsets: ArrayLike<number>,
  count: number,
  withEnd: boolean,
): [Int32Array, number] {
  const where = "embeddingBag";
  const total = withEnd ? offsets.length - 1 : offsets.length;
  for (let i = 0; i < offsets.length; i++) {
    const before = i === 0 ? 0 : offsets[i - 1]!;
    if (offsets[i]! < before || offsets[i]! > count || (i === 0 && offsets[0] !== 0)) {
      throw new ArgumentError(
        `${where}: offsets must begin with 0 and never fall, up to the number of indices, ${count}; offset ${i} is ${offsets[i]}.`,
        { offset: offsets[i], position: i, indices: count },
      );
    }
  }
  if (withEnd && offsets[total] !== count) {
    throw new ArgumentError(
      `${where}: with includeLastOffset the last offset must be the number of indices, ${count}, not ${offsets[total]}.`,
      { offset: offsets[total], indices: count },
    );
  }
  const bags = new Int32Array(count);
  let bag = -1;
  for (let i = 0; i < count; i++) {
    while (bag + 1 < total && offsets[bag + 1]! <= i) bag++;
    bags[i] = bag;
  }
  return [bags, total];
}

/** The bag of each index, and how many bags there are. */
function readBags(
  index: Tensor,
  offsets: TensorLike | null,
  includeLastOffset: boolean,
): [Int32Array, number] {
  const where = "embeddingBag";
  if (index.ndim === 2) {
    if (offsets !== null) {
      throw new ArgumentError(
        `${where}: indices of shape ${formatShape(index.shape)} make a bag of each row, so offsets have no place.`,
      );
    }
    const [bags, size] = index.shape as [number, number];
    return [Int32Array.from({ length: bags * size }, (_, i) => Math.floor(i / size)), bags];
  }
  if (index.ndim !== 1 || offsets === null) {
    throw new ShapeError(
      `${where}: indices must have two dimensions (a row for each bag), or one and offsets beside them, but have shape ${formatShape(index.shape)}.`,
      { index: index.shape },
    );
  }
  const starts = toTensor(where, offsets, "int32");
  if (
    starts.ndim !== 1 ||
    starts.dtype !== "int32" ||
    (includeLastOffset && starts.numel() === 0)
  ) {
    throw new ShapeError(
      `${where}: offsets must be a row of int32, not ${starts.dtype} of shape ${formatShape(starts.shape)}.`,
      { offsets: starts.shape },
    );
  }
  return bagsFromOffsets(starts.toTypedArray(), index.numel(), includeLastOffset);
}

/** The largest number of each bag and column; 0 for a bag without rows. */
function largest(rows: Tensor, bags: Int32Array, count: number): Tensor {
  const width = rows.shape[1]!;
  const places = new Int32Array(width * count);
  const { storage, offset } = contiguousOperand(rows);
  largestInBags(storage.data, offset, bags, width, count, places);
  const picked = planePick(transpose(rows, 0, 1), fromTypedArray(places, [width, count]), 1);
  return transpose(picked, 0, 1);
}

/**
 * Rows of a table looked up and put together, bag by bag: y[b, :] = Σ, mean or max of weight[k, :] over the indices k of
 * bag b; 0 for an empty bag.
 *
 * Indices of shape [B, n] make a bag of each row; indices of shape [n] are divided by `offsets`, the places where bags begin.
 * Indices of the row `paddingIdx` do not count. In mode "sum" rows may be weighted by `perSampleWeights`. With
 * `scaleGradByFreq` the gradient of each row is divided by how often that row was looked up, as `embedding` does it.
 * (PyTorch 1.13 takes the counts of other rows there.)
 *
 * @throws {IndexError} when an index or `paddingIdx` is out of range.
 * @throws {ShapeError} when the weight is no table, or indices, offsets and weights do not fit.
 * @throws {ArgumentError} for options that are unknown or do not fit, and for offsets that fall.
 * @example
 * import { embeddingBag, tensor } from "@chainrule/core";
 * const table = tensor([[1, 2], [3, 4], [5, 6]]);
 * embeddingBag([[0, 2]], table).toArray(); // → [ [ 3, 4 ] ]
 * embeddingBag([0, 2, 1], table, [0, 2], { mode: "sum" }).toArray(); // → [ [ 6, 8 ], [ 3, 4 ] ]
 */
export function embeddingBag(
  index: TensorLike,
  weight: TensorLike,
  offsets?: OptionalTensor<EmbeddingBagOptions>,
  options?: EmbeddingBagOptions,
): Tensor {
  const where = "embeddingBag";
  const call = readOptional(where, [offsets], options);
  checkOptions(where, call.options, [
    "mode",
    "perSampleWeights",
    "includeLastOffset",
    "paddingIdx",
    "scaleGradByFreq",
    "maxNorm",
    "normType",
    "sparse",
  ]);
  const {
    mode = "mean",
    perSampleWeights = null,
    includeLastOffset = false,
    ...rows
  } = call.options ?? {};
  if (mode !== "sum" && mode !== "mean" && mode !== "max") {
    throw new ArgumentError(`${where}: mode must be "sum", "mean" or "max", not ${quoted(mode)}.`, {
      mode,
    });
  }
  const indices = toTensor(where, index, "int32");
  if (indices.dtype !== "int32") {
    throw new DTypeError(
      `${where}: indices must be int32, not ${indices.dtype}. Convert them: x.to("int32").`,
      { dtype: indices.dtype },
    );
  }
  const [bags, count] = readBags(indices, call.tensors[0]!, includeLastOffset);
  const weights = perSampleWeights === null ? null : toTensor(where, perSampleWeights);
  if (weights !== null && (mode !== "sum" || !sameShape(weights.shape, indices.shape))) {
    throw new ArgumentError(
      `${where}: perSampleWeights of shape ${formatShape(weights.shape)} must have the shape of the indices, ${formatShape(indices.shape)}, and mode "sum", not ${quoted(mode)}.`,
      { perSampleWeights: weights.shape, index: indices.shape, mode },
    );
  }
  const { paddingIdx } = readRowGradient(where, rowCount(where, weight), rows);
  shortenRows(where, indices, weight, rows);

  // Indices of the padding row are left out altogether.
  const flat = indices.toTypedArray();
  const kept = Int32Array.from(flat.keys()).filter((i) => flat[i] !== paddingIdx);
  const bagOf = kept.map((i) => bags[i]!);
  const found = embedding(fromTypedArray(kept.map((i) => flat[i]!)), weight, {
    scaleGradByFreq: rows.scaleGradByFreq,
    sparse: rows.sparse,
  });
  if (mode === "max") return largest(found, bagOf, count);
  let parts = found;
  if (weights !== null) {
    const chosen = indexSelect(reshape(weights, [flat.length]), 0, fromTypedArray(kept));
    parts = mul(found, reshape(chosen, [kept.length, 1]));
  } else if (mode === "mean") {
    const sizes = new Float64Array(count);
    for (const bag of bagOf) sizes[bag] = sizes[bag]! + 1;
    const shares = fromTypedArray(Float64Array.from(bagOf, (bag) => 1 / sizes[bag]!));
    parts = mul(found, reshape(shares.to(found.dtype), [kept.length, 1]));
  }
  const empty = zeros([count, found.shape[1]!], { dtype: found.dtype });
  return indexAdd(empty, 0, fromTypedArray(bagOf), parts);
}
