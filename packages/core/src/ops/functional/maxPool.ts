/**
 * Maxima over windows.
 */
import type { TensorLike } from "../../creation.ts";
import { unfilledTensor, zeros } from "../../creation.ts";
import type { DType } from "../../dtype.ts";
import { ArgumentError, checkOptions, ShapeError } from "../../errors.ts";
import { maxOverWindows } from "../../kernels/pooling.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import { within } from "../../samples.ts";
import { elementCount } from "../../shape.ts";
import { Storage } from "../../storage.ts";
import { Tensor } from "../../tensor.ts";
import { noteFound, planePick, planePut } from "./planes.ts";
import type { PerDim } from "./spatial.ts";
import type { PoolOptions, WindowOptions } from "./windows.ts";
import {
  checkWindows,
  pooledSamples,
  pooledShape,
  poolGeometry,
  readMovingWindows,
  spatialRank,
} from "./windows.ts";

/** Options of maximum pools. */
export interface MaxPoolOptions extends PoolOptions {
  /** The distance between neighbouring elements of a window; 1 unless given. */
  dilation?: PerDim | undefined;
}

/** The maxima of a pool, and where they were: places in the flattened spatial dimensions, as int32. */
export interface MaxPooled {
  readonly values: Tensor;
  readonly indices: Tensor;
}

const optionNames = ["stride", "padding", "dilation", "ceilMode"];

/** Fills in the options of a pool and looks its input over. */
function readPool(
  where: string,
  rank: number,
  x: TensorLike,
  kernelSize: PerDim,
  options: MaxPoolOptions | undefined,
): WindowOptions {
  checkOptions(where, options, optionNames);
  const windows = readMovingWindows(where, rank, kernelSize, options);
  if (x instanceof Tensor) pooledShape(where, x.shape, windows);
  return windows;
}

/** A drawn call of a pool over one to three dimensions. */
function drawPool(draw: Draw): { shape: number[]; windows: WindowOptions } {
  const rank = draw.pick([1, 1, 2, 2, 3]);
  const most = [6, 4, 2][rank - 1]!;
  const lead = draw.boolean() ? [draw.integer(1, 2)] : [draw.integer(0, 2), draw.integer(1, 2)];
  const lengths = Array.from({ length: rank }, () => draw.integer(2, most));
  const shape = [...lead, ...lengths];
  if (draw.integer(0, 3) === 3)
    return { shape, windows: { outputSize: lengths.map(() => draw.integer(1, 3)) } };
  const kernelSize = lengths.map((length) => draw.integer(1, Math.min(length, 3)));
  const windows: WindowOptions = {
    kernelSize,
    stride: kernelSize.map(() => draw.integer(1, 3)),
    padding: kernelSize.map((k) => draw.integer(0, Math.floor(k / 2))),
    dilation: kernelSize.map((k, i) => (2 * (k - 1) + 1 <= lengths[i]! ? draw.integer(1, 2) : 1)),
    ceilMode: draw.boolean(),
  };
  return { shape, windows };
}

/**
 * The largest element of each window over the last one to three dimensions; `maxPool2d`, `adaptiveMaxPool2d` and their
 * kin are this with defaults.
 *
 * The gradient goes to the first of several equal maxima. NaN counts as larger than any number. The graph keeps the
 * places of the maxima.
 *
 * @throws {ShapeError} when x has not one or two dimensions more than there are windows, or a window reaches over more
 * than there is.
 * @example
 * import { maxPool, tensor } from "@chainrule/core";
 * maxPool(tensor([[1, 5, 3, 2]]), { outputSize: [2] }); // → tensor([[5, 3]])
 */
export const maxPool: Op<(x: TensorLike, windows: WindowOptions) => Tensor> = defineOp({
  name: "maxPool",
  formula: String.raw`y_{t} = \max_{k} x_{s t - p + d k}`,
  call: (x: TensorLike, windows: WindowOptions) => ({
    operands: [x],
    options: checkWindows("maxPool", windows),
  }),
  shape: ([x], windows) => pooledShape("maxPool", x!.shape, windows),
  fills: true,
  saves: (_operands, shape) => ({ dtype: "int32", shape }),
  forward: ([input], y, windows) => {
    const x = contiguousOperand(input!);
    const places = unfilledTensor("int32", y.shape);
    maxOverWindows(poolGeometry(x.shape, y.shape, windows), x, y, places);
    noteFound(places, elementCount(x.shape.slice(-spatialRank(windows))));
    return places;
  },
  vjp: [
    (cotangent, node) => {
      const size = node.shapeOf(0).slice(-spatialRank(node.options));
      return planePut(cotangent, node.saved as Tensor, size);
    },
  ],
  batch: ([x], _batched, windows) => pooledSamples(x!, windows, maxPool),
  samples: [
    (draw) => {
      const { shape, windows } = drawPool(draw);
      return [draw.tensor(shape, within(-2, 2, { distinct: true })), windows];
    },
  ],
  rejects: [
    {
      call: () => [zeros([1, 4]), undefined],
      message: /expected windows such as \{ outputSize: \[2\] \}, not undefined/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([1, 4]), { outputSize: [] }],
      message: /outputSize must hold a length for each of 1 to 3 spatial dimensions, not \[\]/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([4]), { outputSize: [2] }],
      message: /maxPool: the input needs 3 dimensions .* but has shape \[4\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 0]), { outputSize: [2] }],
      message: /spatial dimensions must not be empty/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "the first of equal maxima",
      call: () => [tensorOf([1, 1, 2, 2]), { outputSize: [2] }],
      result: [1, 2],
      gradients: [[1, 0, 1, 0]],
    },
    {
      note: "NaN wins, and the last of several",
      call: () => [tensorOf([Number.NaN, 5, Number.NaN, 1]), { outputSize: [1] }],
      result: [Number.NaN],
      gradients: [[0, 0, 1, 0]],
    },
    {
      note: "−∞ everywhere: the first",
      call: () => [
        tensorOf([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]),
        { outputSize: [1] },
      ],
      result: [Number.NEGATIVE_INFINITY],
      gradients: [[1, 0]],
    },
  ],
});

function tensorOf(row: readonly number[]): Tensor {
  return new Tensor(new Storage(Float64Array.from(row)), "float64", [1, row.length]);
}

/**
 * The places of the maxima over windows: int32 indices into the flattened spatial dimensions of x, of the shape of the
 * pooled tensor. For equal maxima the first, for NaN the last; −1 for a window without elements.
 *
 * @throws {ShapeError} as `maxPool`.
 * @example
 * import { maxPoolIndices, tensor } from "@chainrule/core";
 * maxPoolIndices(tensor([[1, 5, 3, 2]]), { outputSize: [2] }); // → tensor([[1, 2]], dtype=int32)
 */
export const maxPoolIndices: Op<(x: TensorLike, windows: WindowOptions) => Tensor> = defineOp({
  name: "maxPoolIndices",
  formula: String.raw`y_{t} = \arg\max_{k} x_{s t - p + d k}`,
  call: (x: TensorLike, windows: WindowOptions) => ({
    operands: [x],
    options: checkWindows("maxPoolIndices", windows),
  }),
  shape: ([x], windows) => pooledShape("maxPoolIndices", x!.shape, windows),
  dtype: (): DType => "int32",
  forward: ([input], y, windows) => {
    const x = contiguousOperand(input!);
    const values = unfilledTensor(x.dtype, y.shape);
    maxOverWindows(poolGeometry(x.shape, y.shape, windows), x, values, y);
  },
  batch: ([x], _batched, windows) => pooledSamples(x!, windows, maxPoolIndices),
  samples: [
    (draw) => {
      const { shape, windows } = drawPool(draw);
      return [draw.tensor(shape, within(-2, 2, { distinct: true })), windows];
    },
  ],
  rejects: [
    {
      call: () => [zeros([4]), { outputSize: [2] }],
      message: /maxPoolIndices: the input needs 3 dimensions .* but has shape \[4\]/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "the first of equal maxima",
      call: () => [tensorOf([1, 1, 2, 2]), { outputSize: [2] }],
      result: [0, 2],
    },
  ],
});

/**
 * The largest element of each window over the last dimension of x, of shape [N, C, L] or [C, L].
 *
 * The result has ⌊(L + 2p − d·(k − 1) − 1) / s⌋ + 1 places, rounded up in ceil mode. Padding never wins. The gradient goes to the
 * first of several equal maxima; NaN counts as larger than any number.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a window reaches over more than there is.
 * @throws {ArgumentError} for options that are unknown or out of range.
 * @example
 * import { maxPool1d, tensor } from "@chainrule/core";
 * maxPool1d(tensor([[1, 5, 3, 2]]), 2); // → tensor([[5, 3]])
 */
export function maxPool1d(x: TensorLike, kernelSize: PerDim, options?: MaxPoolOptions): Tensor {
  return maxPool(x, readPool("maxPool1d", 1, x, kernelSize, options));
}

/**
 * The largest element of each window over the last two dimensions of x, of shape [N, C, H, W] or [C, H, W]; see
 * `maxPool1d`. Sizes are one number, or one for each dimension.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a window reaches over more than there is.
 * @throws {ArgumentError} for options that are unknown or out of range.
 * @example
 * import { arange, maxPool2d } from "@chainrule/core";
 * maxPool2d(arange(16).reshape([1, 4, 4]), 2).toArray(); // → [ [ [ 5, 7 ], [ 13, 15 ] ] ]
 */
export function maxPool2d(x: TensorLike, kernelSize: PerDim, options?: MaxPoolOptions): Tensor {
  return maxPool(x, readPool("maxPool2d", 2, x, kernelSize, options));
}

/**
 * The largest element of each window over the last three dimensions of x, of shape [N, C, D, H, W] or [C, D, H, W]; see
 * `maxPool1d`.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a window reaches over more than there is.
 * @throws {ArgumentError} for options that are unknown or out of range.
 * @example
 * import { maxPool3d, zeros } from "@chainrule/core";
 * maxPool3d(zeros([1, 4, 4, 4]), 2).shape; // → [ 1, 2, 2, 2 ]
 */
export function maxPool3d(x: TensorLike, kernelSize: PerDim, options?: MaxPoolOptions): Tensor {
  return maxPool(x, readPool("maxPool3d", 3, x, kernelSize, options));
}

/**
 * `maxPool1d` together with the places of the maxima, as int32 indices into the flattened spatial dimensions of x.
 *
 * @throws {ShapeError} as `maxPool1d`.
 * @throws {ArgumentError} as `maxPool1d`.
 * @example
 * import { maxPool1dWithIndices, tensor } from "@chainrule/core";
 * maxPool1dWithIndices(tensor([[1, 5, 3, 2]]), 2).indices; // → tensor([[1, 2]], dtype=int32)
 */
export function maxPool1dWithIndices(
  x: TensorLike,
  kernelSize: PerDim,
  options?: MaxPoolOptions,
): MaxPooled {
  return maxWithIndices(x, readPool("maxPool1dWithIndices", 1, x, kernelSize, options));
}

/**
 * `maxPool2d` together with the places of the maxima, as int32 indices into the flattened spatial dimensions of x.
 *
 * @throws {ShapeError} as `maxPool2d`.
 * @throws {ArgumentError} as `maxPool2d`.
 * @example
 * import { maxPool2dWithIndices, tensor } from "@chainrule/core";
 * maxPool2dWithIndices(tensor([[[1, 5], [3, 2]]]), 2).indices.item(); // → 1
 */
export function maxPool2dWithIndices(
  x: TensorLike,
  kernelSize: PerDim,
  options?: MaxPoolOptions,
): MaxPooled {
  return maxWithIndices(x, readPool("maxPool2dWithIndices", 2, x, kernelSize, options));
}

/**
 * `maxPool3d` together with the places of the maxima, as int32 indices into the flattened spatial dimensions of x.
 *
 * @throws {ShapeError} as `maxPool3d`.
 * @throws {ArgumentError} as `maxPool3d`.
 * @example
 * import { maxPool3dWithIndices, zeros } from "@chainrule/core";
 * maxPool3dWithIndices(zeros([1, 4, 4, 4]), 2).indices.shape; // → [ 1, 2, 2, 2 ]
 */
export function maxPool3dWithIndices(
  x: TensorLike,
  kernelSize: PerDim,
  options?: MaxPoolOptions,
): MaxPooled {
  return maxWithIndices(x, readPool("maxPool3dWithIndices", 3, x, kernelSize, options));
}

/** Values and indices of a pool; the values are read at the indices, so that their gradient is there, too. */
export function maxWithIndices(x: TensorLike, windows: WindowOptions): MaxPooled {
  const indices = maxPoolIndices(x, windows);
  return { values: planePick(x, indices, spatialRank(windows)), indices };
}
