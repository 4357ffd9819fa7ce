/**
 * Pools that are told the size of their result.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { ArgumentError, quoted } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { avgPool } from "./avgPool.ts";
import type { MaxPooled } from "./maxPool.ts";
import { maxPool, maxWithIndices } from "./maxPool.ts";
import type { DividingWindows } from "./windows.ts";
import { pooledShape } from "./windows.ts";

/** The size of the result along each spatial dimension, or one for all of them; `null` keeps a length. */
export type OutputSize = number | readonly (number | null)[];

function readWindows(
  where: string,
  rank: number,
  input: TensorLike,
  outputSize: OutputSize,
): [Tensor, DividingWindows] {
  const x = toTensor(where, input);
  const list: readonly unknown[] = Array.isArray(outputSize) ? outputSize : [outputSize];
  const isSize = (n: unknown): boolean =>
    n === null || (Number.isSafeInteger(n) && (n as number) >= 1);
  if ((list.length !== rank && list.length !== 1) || !list.every(isSize)) {
    throw new ArgumentError(
      `${where}: the output size must be a whole number of at least 1${rank === 1 ? "" : `, or ${rank} of them`} (null keeps a length), not ${quoted(outputSize)}.`,
      { outputSize },
    );
  }
  const sizes = Array.from({ length: rank }, (_, i) => {
    const size = list[list.length === 1 ? 0 : i] as number | null;
    return size ?? x.shape[x.ndim - rank + i] ?? 1;
  });
  const windows = { outputSize: sizes };
  pooledShape(where, x.shape, windows);
  return [x, windows];
}

function adaptiveAvgPool(where: string, rank: number, x: TensorLike, size: OutputSize): Tensor {
  const [input, windows] = readWindows(where, rank, x, size);
  return avgPool(input, { ...windows, countIncludePad: true, divisor: 0 });
}

/**
 * Means over T windows of nearly equal length, T being given: window t goes from ⌊t·L / T⌋ up to ⌈(t + 1)·L / T⌉. For x of
 * shape [N, C, L] or [C, L].
 *
 * @throws {ShapeError} when x has another number of dimensions, or its spatial dimension is empty.
 * @throws {ArgumentError} when the output size is no whole number of at least 1.
 * @example
 * import { adaptiveAvgPool1d, tensor } from "@chainrule/core";
 * adaptiveAvgPool1d(tensor([[1, 2, 3, 4, 5]]), 2); // → tensor([[2, 4]])
 */
export function adaptiveAvgPool1d(x: TensorLike, outputSize: OutputSize): Tensor {
  return adaptiveAvgPool("adaptiveAvgPool1d", 1, x, outputSize);
}

/**
 * Means over a given number of windows along each of the last two dimensions, for x of shape [N, C, H, W] or [C, H, W];
 * see `adaptiveAvgPool1d`. `null` keeps a length.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a spatial dimension is empty.
 * @throws {ArgumentError} when an output size is no whole number of at least 1.
 * @example
 * import { adaptiveAvgPool2d, zeros } from "@chainrule/core";
 * adaptiveAvgPool2d(zeros([2, 3, 5, 7]), [null, 2]).shape; // → [ 2, 3, 5, 2 ]
 */
export function adaptiveAvgPool2d(x: TensorLike, outputSize: OutputSize): Tensor {
  return adaptiveAvgPool("adaptiveAvgPool2d", 2, x, outputSize);
}

/**
 * Means over a given number of windows along each of the last three dimensions; see `adaptiveAvgPool1d`.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a spatial dimension is empty.
 * @throws {ArgumentError} when an output size is no whole number of at least 1.
 * @example
 * import { adaptiveAvgPool3d, zeros } from "@chainrule/core";
 * adaptiveAvgPool3d(zeros([1, 5, 5, 5]), 2).shape; // → [ 1, 2, 2, 2 ]
 */
export function adaptiveAvgPool3d(x: TensorLike, outputSize: OutputSize): Tensor {
  return adaptiveAvgPool("adaptiveAvgPool3d", 3, x, outputSize);
}

/**
 * The largest element of each of a given number of windows along the last dimension, for x of shape [N, C, L] or [C, L];
 * windows as in `adaptiveAvgPool1d`, ties and NaN as in `maxPool1d`.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a spatial dimension is empty.
 * @throws {ArgumentError} when an output size is no whole number of at least 1.
 * @example
 * import { adaptiveMaxPool1d, zeros } from "@chainrule/core";
 * adaptiveMaxPool1d(zeros([1, 5]), 2).shape; // → [ 1, 2 ]
 */
export function adaptiveMaxPool1d(x: TensorLike, outputSize: OutputSize): Tensor {
  return maxPool(...readWindows("adaptiveMaxPool1d", 1, x, outputSize));
}

/**
 * The largest element of each of a given number of windows along each of the last two dimensions, for x of shape [N, C, H, W] or [C, H, W];
 * windows as in `adaptiveAvgPool1d`, ties and NaN as in `maxPool1d`.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a spatial dimension is empty.
 * @throws {ArgumentError} when an output size is no whole number of at least 1.
 * @example
 * import { adaptiveMaxPool2d, zeros } from "@chainrule/core";
 * adaptiveMaxPool2d(zeros([1, 5, 5]), 2).shape; // → [ 1, 2, 2 ]
 */
export function adaptiveMaxPool2d(x: TensorLike, outputSize: OutputSize): Tensor {
  return maxPool(...readWindows("adaptiveMaxPool2d", 2, x, outputSize));
}

/**
 * The largest element of each of a given number of windows along each of the last three dimensions, for x of shape [N, C, D, H, W] or [C, D, H, W];
 * windows as in `adaptiveAvgPool1d`, ties and NaN as in `maxPool1d`.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a spatial dimension is empty.
 * @throws {ArgumentError} when an output size is no whole number of at least 1.
 * @example
 * import { adaptiveMaxPool3d, zeros } from "@chainrule/core";
 * adaptiveMaxPool3d(zeros([1, 5, 5, 5]), 2).shape; // → [ 1, 2, 2, 2 ]
 */
export function adaptiveMaxPool3d(x: TensorLike, outputSize: OutputSize): Tensor {
  return maxPool(...readWindows("adaptiveMaxPool3d", 3, x, outputSize));
}

/**
 * `adaptiveMaxPool1d` together with the places of the maxima, as int32 indices into the flattened spatial dimensions.
 *
 * @throws {ShapeError} as `adaptiveMaxPool1d`.
 * @throws {ArgumentError} as `adaptiveMaxPool1d`.
 * @example
 * import { adaptiveMaxPool1dWithIndices, zeros } from "@chainrule/core";
 * adaptiveMaxPool1dWithIndices(zeros([1, 5]), 2).indices.shape; // → [ 1, 2 ]
 */
export function adaptiveMaxPool1dWithIndices(x: TensorLike, outputSize: OutputSize): MaxPooled {
  return maxWithIndices(...readWindows("adaptiveMaxPool1dWithIndices", 1, x, outputSize));
}

/**
 * `adaptiveMaxPool2d` together with the places of the maxima, as int32 indices into the flattened spatial dimensions.
 *
 * @throws {ShapeError} as `adaptiveMaxPool2d`.
 * @throws {ArgumentError} as `adaptiveMaxPool2d`.
 * @example
 * import { adaptiveMaxPool2dWithIndices, zeros } from "@chainrule/core";
 * adaptiveMaxPool2dWithIndices(zeros([1, 5, 5]), 2).indices.shape; // → [ 1, 2, 2 ]
 */
export function adaptiveMaxPool2dWithIndices(x: TensorLike, outputSize: OutputSize): MaxPooled {
  return maxWithIndices(...readWindows("adaptiveMaxPool2dWithIndices", 2, x, outputSize));
}

/**
 * `adaptiveMaxPool3d` together with the places of the maxima, as int32 indices into the flattened spatial dimensions.
 *
 * @throws {ShapeError} as `adaptiveMaxPool3d`.
 * @throws {ArgumentError} as `adaptiveMaxPool3d`.
 * @example
 * import { adaptiveMaxPool3dWithIndices, zeros } from "@chainrule/core";
 * adaptiveMaxPool3dWithIndices(zeros([1, 5, 5, 5]), 2).indices.shape; // → [ 1, 2, 2, 2 ]
 */
export function adaptiveMaxPool3dWithIndices(x: TensorLike, outputSize: OutputSize): MaxPooled {
  return maxWithIndices(...readWindows("adaptiveMaxPool3dWithIndices", 3, x, outputSize));
}
