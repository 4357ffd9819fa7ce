/**
 * Pools by powers.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { ArgumentError, checkOptions, quoted } from "../../errors.ts";
import { elementCount } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mul } from "../arithmetic.ts";
import { pow } from "../power.ts";
import { avgPool } from "./avgPool.ts";
import type { PerDim } from "./spatial.ts";
import { pooledShape, readMovingWindows } from "./windows.ts";

/** Options of {@link lpPool1d}, {@link lpPool2d} and {@link lpPool3d}. */
export interface LpPoolOptions {
  /** The step from one window to the next; the kernel size unless given. */
  stride?: PerDim | null | undefined;
  /** Whether the last window may reach out of the input, rather than being left out. */
  ceilMode?: boolean | undefined;
}

function lpPool(
  where: string,
  rank: number,
  input: TensorLike,
  p: number,
  kernelSize: PerDim,
  options: LpPoolOptions | undefined,
): Tensor {
  checkOptions(where, options, ["stride", "ceilMode"]);
  if (typeof p !== "number" || !Number.isFinite(p) || p === 0) {
    throw new ArgumentError(
      `${where}: p must be a finite number other than 0, not ${quoted(p)}. For the largest element use maxPool${rank}d.`,
      { p },
    );
  }
  const x = toTensor(where, input);
  const windows = readMovingWindows(where, rank, kernelSize, options);
  pooledShape(where, x.shape, windows);
  const means = avgPool(pow(x, p), { ...windows, countIncludePad: true, divisor: 0 });
  // A window cut off by the border counts as if its missing elements were like the others, as in PyTorch.
  return pow(mul(means, elementCount(windows.kernelSize)), 1 / p);
}

/**
 * (Σ xᵖ)^{1/p} over each window: NaN where the sum is negative, which an odd p allows, for x of shape [N, C, L] or [C, L].
 *
 * @throws {ShapeError} when x has another number of dimensions, or a window reaches over more than there is.
 * @throws {ArgumentError} when p is 0 or not finite, and for options that are unknown or out of range.
 * @example
 * import { lpPool1d, tensor } from "@chainrule/core";
 * lpPool1d(tensor([[3, 4, 0, 2]]), 2, 2); // → tensor([[5, 2]])
 */
export function lpPool1d(
  x: TensorLike,
  p: number,
  kernelSize: PerDim,
  options?: LpPoolOptions,
): Tensor {
  return lpPool("lpPool1d", 1, x, p, kernelSize, options);
}

/**
 * (Σ xᵖ)^{1/p} over each window, for x of shape [N, C, H, W] or [C, H, W]; see `lpPool1d`.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a window reaches over more than there is.
 * @throws {ArgumentError} when p is 0 or not finite, and for options that are unknown or out of range.
 * @example
 * import { lpPool2d, ones } from "@chainrule/core";
 * lpPool2d(ones([1, 2, 2]), 2, 2).item(); // → 2
 */
export function lpPool2d(
  x: TensorLike,
  p: number,
  kernelSize: PerDim,
  options?: LpPoolOptions,
): Tensor {
  return lpPool("lpPool2d", 2, x, p, kernelSize, options);
}

/**
 * (Σ xᵖ)^{1/p} over each window, for x of shape [N, C, D, H, W] or [C, D, H, W]; see `lpPool1d`.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a window reaches over more than there is.
 * @throws {ArgumentError} when p is 0 or not finite, and for options that are unknown or out of range.
 * @example
 * import { lpPool3d, ones } from "@chainrule/core";
 * lpPool3d(ones([1, 4, 4, 4]), 2, 2).shape; // → [ 1, 2, 2, 2 ]
 */
export function lpPool3d(
  x: TensorLike,
  p: number,
  kernelSize: PerDim,
  options?: LpPoolOptions,
): Tensor {
  return lpPool("lpPool3d", 3, x, p, kernelSize, options);
}
