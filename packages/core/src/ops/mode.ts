/**
 * The most frequent values.
 */
import type { TensorLike } from "../creation.ts";
import { newTensor, toTensor } from "../creation.ts";
import { checkBoolean, checkOptions } from "../errors.ts";
import type { Tensor } from "../tensor.ts";
import { squeeze } from "./dimensions.ts";
import { checkDim, refuseEmptyLanes } from "./reduction.ts";
import { sort } from "./sort.ts";
import { takeAlongDim } from "./take.ts";

/** Options of {@link mode}. */
export interface ModeOptions {
  /** Keep the dimension, with length 1. */
  keepdim?: boolean;
}

/** What {@link mode} finds. */
export interface ModeResult {
  readonly values: Tensor;
  /** Where each was found: int32. */
  readonly indices: Tensor;
}

/**
 * The most frequent value along a dimension (the last unless given), the smallest of several, and the index of its last
 * occurrence. The gradient goes to the element at that index.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ShapeError} when there is nothing to choose from.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { mode, tensor } from "@chainrule/core";
 * const { values, indices } = mode(tensor([3, 1, 3, 2, 1, 3]));
 * values.item(); // → 3
 * indices.item(); // → 5
 */
export function mode(x: TensorLike, dim?: number | ModeOptions, options?: ModeOptions): ModeResult {
  if (typeof dim === "object") return mode(x, undefined, dim);
  checkOptions("mode", options, ["keepdim"]);
  const keepdim = checkBoolean("mode", "keepdim", options?.keepdim, false);
  const source = toTensor("mode", x);
  const along = checkDim("mode", source, dim ?? -1);
  if (source.ndim === 0) {
    return { values: source.clone(), indices: newTensor("int32", []) };
  }
  refuseEmptyLanes("mode", source, { dim: [along], keepdim });
  const sorted = sort(source.detach(), along);
  const lanes = sorted.values.movedim(along, -1);
  const length = source.shape[along]!;
  const values = lanes.toTypedArray();
  const places = sorted.indices.movedim(along, -1).toTypedArray();
  const found = newTensor("int32", lanes.shape.slice(0, -1));
  const { data } = found.storage;
  for (let lane = 0; lane < data.length; lane++) {
    // Sorted, equal values are neighbours: the longest run wins, the first of several. Sorting is stable, so its end is
    // the last occurrence.
    const start = lane * length;
    let best = 0;
    let run = 0;
    for (let i = start; i < start + length; i++) {
      run = i > start && values[i] === values[i - 1] ? run + 1 : 1;
      if (run > best) {
        best = run;
        data[lane] = places[i]!;
      }
    }
  }
  const indices = found.unsqueeze(along);
  const chosen = takeAlongDim(source, indices, along);
  return keepdim ? { values: chosen, indices } : { values: squeeze(chosen, along), indices: found };
}
