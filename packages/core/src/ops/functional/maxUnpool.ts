/**
 * Putting pooled maxima back into their places.
 */
import { checkTensor, fromTypedArray } from "../../creation.ts";
import { checkOptions, IndexError, ShapeError } from "../../errors.ts";
import type { Shape } from "../../shape.ts";
import { checkShape, elementCount, formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { planePut } from "./planes.ts";
import type { PerDim } from "./spatial.ts";
import { readMovingWindows } from "./windows.ts";

/** Options of `maxUnpool1d`, `maxUnpool2d` and `maxUnpool3d`: those of the pool, and the size of what was pooled. */
export interface MaxUnpoolOptions {
  stride?: PerDim | null | undefined;
  padding?: PerDim | undefined;
  /** The spatial lengths of the result; (T − 1)·s − 2p + k unless given. */
  outputSize?: Shape | undefined;
}

function maxUnpool(
  where: string,
  rank: number,
  x: Tensor,
  indices: Tensor,
  kernelSize: PerDim,
  options: MaxUnpoolOptions | undefined,
): Tensor {
  checkOptions(where, options, ["stride", "padding", "outputSize"]);
  checkTensor(where, x);
  checkTensor(where, indices);
  const { outputSize, ...pool } = options ?? {};
  const { kernelSize: kernel, stride, padding } = readMovingWindows(where, rank, kernelSize, pool);
  if (!sameShape(x.shape, indices.shape) || (x.ndim !== rank + 1 && x.ndim !== rank + 2)) {
    throw new ShapeError(
      `${where}: values and indices need the same shape, with ${rank} spatial dimensions after one or two others, but have ${formatShape(x.shape)} and ${formatShape(indices.shape)}.`,
      { values: x.shape, indices: indices.shape },
    );
  }
  const pooled = x.shape.slice(-rank);
  const usual = pooled.map((length, i) => (length - 1) * stride[i]! - 2 * padding[i]! + kernel[i]!);
  const size = outputSize === undefined ? usual : checkShape(where, outputSize).slice(-rank);
  if (size.some((length, i) => Math.abs(length - usual[i]!) >= stride[i]!)) {
    throw new ShapeError(
      `${where}: an output size of ${formatShape(size)} is not within one stride of ${formatShape(usual)}, from which this was pooled.`,
      { outputSize: size, usual },
    );
  }
  const count = elementCount(size);
  const outside = indices.toTypedArray().find((place) => place < 0 || place >= count);
  if (outside !== undefined) {
    throw new IndexError(
      `${where}: index ${outside} lies outside of the ${count} places of a plane of ${formatShape(size)}.`,
      { index: outside, outputSize: size },
    );
  }
  return planePut(x, lastOnly(indices, elementCount(pooled), count), size);
}

/** The indices with −1 in the place of each that comes again in its plane: what is put last, stays. */
function lastOnly(indices: Tensor, pooled: number, size: number): Tensor {
  const places = indices.toTypedArray();
  const taken = new Int32Array(size).fill(-1);
  for (let i = places.length - 1; i >= 0; i--) {
    const plane = Math.floor(i / pooled);
    const place = places[i]!;
    if (taken[place] === plane) places[i] = -1;
    else taken[place] = plane;
  }
  return fromTypedArray(places, indices.shape);
}

/**
 * The partial inverse of `maxPool1d`: the values at the places they came from, zeros elsewhere. Where
 * several have the same place the last one stays.
 *
 * @throws {ShapeError} when values and indices differ in shape, or the output size is none that was pooled so.
 * @throws {IndexError} when an index lies outside of the result.
 * @example
 * import { maxPool1dWithIndices, maxUnpool1d, tensor } from "@chainrule/core";
 * const { values, indices } = maxPool1dWithIndices(tensor([[1, 5, 3, 2]]), 2);
 * maxUnpool1d(values, indices, 2); // → tensor([[0, 5, 3, 0]])
 */
export function maxUnpool1d(
  x: Tensor,
  indices: Tensor,
  kernelSize: PerDim,
  options?: MaxUnpoolOptions,
): Tensor {
  return maxUnpool("maxUnpool1d", 1, x, indices, kernelSize, options);
}

/**
 * The partial inverse of `maxPool2d`; see `maxUnpool1d`.
 *
 * @throws {ShapeError} when values and indices differ in shape, or the output size is none that was pooled so.
 * @throws {IndexError} when an index lies outside of the result.
 * @example
 * import { maxPool2dWithIndices, maxUnpool2d, tensor } from "@chainrule/core";
 * const { values, indices } = maxPool2dWithIndices(tensor([[[1, 5], [3, 2]]]), 2);
 * maxUnpool2d(values, indices, 2).toArray(); // → [ [ [ 0, 5 ], [ 0, 0 ] ] ]
 */
export function maxUnpool2d(
  x: Tensor,
  indices: Tensor,
  kernelSize: PerDim,
  options?: MaxUnpoolOptions,
): Tensor {
  return maxUnpool("maxUnpool2d", 2, x, indices, kernelSize, options);
}

/**
 * The partial inverse of `maxPool3d`; see `maxUnpool1d`.
 *
 * @throws {ShapeError} when values and indices differ in shape, or the output size is none that was pooled so.
 * @throws {IndexError} when an index lies outside of the result.
 * @example
 * import { maxPool3dWithIndices, maxUnpool3d, zeros } from "@chainrule/core";
 * const { values, indices } = maxPool3dWithIndices(zeros([1, 4, 4, 4]), 2);
 * maxUnpool3d(values, indices, 2).shape; // → [ 1, 4, 4, 4 ]
 */
export function maxUnpool3d(
  x: Tensor,
  indices: Tensor,
  kernelSize: PerDim,
  options?: MaxUnpoolOptions,
): Tensor {
  return maxUnpool("maxUnpool3d", 3, x, indices, kernelSize, options);
}
