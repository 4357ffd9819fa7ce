/**
 * Means over windows, and their adjoint.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros } from "../../creation.ts";
import {
  ArgumentError,
  checkBoolean,
  checkNumber,
  checkOptions,
  ShapeError,
} from "../../errors.ts";
import { meanOverWindows, spreadOverWindows } from "../../kernels/pooling.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import type { Shape } from "../../shape.ts";
import { checkShape, formatShape, sameShape } from "../../shape.ts";
import { Tensor } from "../../tensor.ts";
import type { PerDim } from "./spatial.ts";
import type { PoolOptions, WindowOptions } from "./windows.ts";
import {
  checkWindows,
  pooledLengths,
  pooledSamples,
  pooledShape,
  poolGeometry,
  readMovingWindows,
  spatialRank,
} from "./windows.ts";

/** Options of mean pools. */
export interface AvgPoolOptions extends PoolOptions {
  /** Whether the padding counts among the elements of a window; true unless given. */
  countIncludePad?: boolean | undefined;
  /** What to divide by instead of the number of elements. */
  divisorOverride?: number | null | undefined;
}

/** Windows, and what the sums over them are divided by. */
export type MeanWindows = WindowOptions & {
  readonly countIncludePad: boolean;
  /** 0: the number of elements. */
  readonly divisor: number;
};

function readPool(
  where: string,
  rank: number,
  x: TensorLike,
  kernelSize: PerDim,
  options: AvgPoolOptions | undefined,
): MeanWindows {
  const known = ["stride", "padding", "ceilMode", "countIncludePad", "divisorOverride"];
  checkOptions(where, options, known);
  const { divisorOverride = null } = options ?? {};
  const countIncludePad = checkBoolean(where, "countIncludePad", options?.countIncludePad, true);
  if (divisorOverride === 0) {
    throw new ArgumentError(`${where}: divisorOverride must not be 0.`, { divisorOverride });
  }
  const divisor =
    divisorOverride === null ? 0 : checkNumber(where, "divisorOverride", divisorOverride);
  const windows = readMovingWindows(where, rank, kernelSize, options);
  if (x instanceof Tensor) pooledShape(where, x.shape, windows);
  return { ...windows, countIncludePad, divisor };
}

/** Looks over windows that come from a user, filled in already. */
function readMeanWindows(where: string, windows: MeanWindows): MeanWindows {
  const checked = checkWindows(where, windows, ["countIncludePad", "divisor"]);
  const { countIncludePad, divisor } = windows;
  return {
    ...checked,
    countIncludePad: checkBoolean(where, "countIncludePad", countIncludePad, true),
    divisor: checkNumber(where, "divisor", divisor ?? 0),
  };
}

function drawPool(draw: Draw): { shape: number[]; windows: MeanWindows } {
  const rank = draw.pick([1, 1, 2, 2, 3]);
  const most = [6, 4, 2][rank - 1]!;
  const lead = draw.boolean() ? [draw.integer(1, 2)] : [draw.integer(0, 2), draw.integer(1, 2)];
  const lengths = Array.from({ length: rank }, () => draw.integer(1, most));
  const shape = [...lead, ...lengths];
  const mean = { countIncludePad: draw.boolean(), divisor: draw.pick([0, 0, 3]) };
  if (draw.integer(0, 3) === 3)
    return { shape, windows: { outputSize: lengths.map(() => draw.integer(1, 3)), ...mean } };
  const kernelSize = lengths.map((length) => draw.integer(1, Math.min(length, 3)));
  const windows: MeanWindows = {
    kernelSize,
    stride: kernelSize.map(() => draw.integer(1, 3)),
    padding: kernelSize.map((k) => draw.integer(0, Math.floor(k / 2))),
    dilation: kernelSize.map(() => 1),
    ceilMode: draw.boolean(),
    ...mean,
  };
  return { shape, windows };
}

/**
 * The mean of each window over the last one to three dimensions; `avgPool2d`, `adaptiveAvgPool2d` and their kin are this
 * with defaults. Sums are kept in double precision.
 *
 * @throws {ShapeError} when x has not one or two dimensions more than there are windows, or a window reaches over more
 * than there is.
 * @example
 * import { avgPool, tensor } from "@chainrule/core";
 * const windows = { outputSize: [2], countIncludePad: true, divisor: 0 };
 * avgPool(tensor([[1, 5, 3, 2]]), windows); // → tensor([[3.0, 2.5]])
 */
export const avgPool: Op<(x: TensorLike, windows: MeanWindows) => Tensor> = defineOp({
  name: "avgPool",
  formula: String.raw`y_{t} = \frac{1}{m_t} \sum_{k} x_{s t - p + k}`,
  call: (x: TensorLike, windows: MeanWindows) => ({
    operands: [x],
    options: readMeanWindows("avgPool", windows),
  }),
  shape: ([x], windows) => pooledShape("avgPool", x!.shape, windows),
  fills: true,
  forward: ([input], y, windows) => {
    const x = contiguousOperand(input!);
    const geometry = poolGeometry(x.shape, y.shape, windows, windows.countIncludePad);
    meanOverWindows(geometry, x, y, windows.divisor);
  },
  vjp: [
    (cotangent, node) => {
      const size = node.shapeOf(0).slice(-spatialRank(node.options));
      return avgPoolInput(cotangent, size, node.options);
    },
  ],
  batch: ([x], _batched, windows) => pooledSamples(x!, windows, avgPool),
  samples: [
    (draw) => {
      const { shape, windows } = drawPool(draw);
      return [draw.tensor(shape), windows];
    },
  ],
  rejects: [
    {
      call: () => [zeros([4]), { outputSize: [2], countIncludePad: true, divisor: 0 }],
      message: /avgPool: the input needs 3 dimensions .* but has shape \[4\]/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "adaptive windows overlap where lengths do not divide",
      call: () => [tensor([[1, 2, 4]]), { outputSize: [2], countIncludePad: true, divisor: 0 }],
      result: [1.5, 3],
      gradients: [[0.5, 1, 0.5]],
    },
  ],
});

/**
 * The adjoint of the mean over windows: each number is given, in equal parts, to the elements of its window in a plane of
 * `inputSize`.
 *
 * @throws {ShapeError} when x does not have the shape that pooling such planes would give.
 * @example
 * import { avgPoolInput, tensor } from "@chainrule/core";
 * const windows = { outputSize: [2], countIncludePad: true, divisor: 0 };
 * avgPoolInput(tensor([[6, 8]]), [4], windows); // → tensor([[3, 3, 4, 4]])
 */
export const avgPoolInput: Op<(x: TensorLike, inputSize: Shape, windows: MeanWindows) => Tensor> =
  defineOp({
    name: "avgPoolInput",
    formula: String.raw`y_i = \sum_{t : i \in W_t} x_t / m_t`,
    call: (x: TensorLike, inputSize: Shape, windows: MeanWindows) => ({
      operands: [x],
      options: {
        ...readMeanWindows("avgPoolInput", windows),
        inputSize: checkShape("avgPoolInput", inputSize),
      },
    }),
    shape: ([x], { inputSize, ...windows }) => {
      const lead = x!.shape.slice(0, x!.ndim - inputSize.length);
      const expected = [...lead, ...pooledLengths("avgPoolInput", inputSize, windows)];
      if (!sameShape(x!.shape, expected)) {
        throw new ShapeError(
          `avgPoolInput: pooling planes of ${formatShape(inputSize)} gives ${formatShape(expected)}, not ${formatShape(x!.shape)}.`,
          { x: x!.shape, expected },
        );
      }
      return [...lead, ...inputSize];
    },
    fills: true,
    forward: ([output], y, windows) => {
      const x = contiguousOperand(output!);
      const geometry = poolGeometry(y.shape, x.shape, windows, windows.countIncludePad);
      spreadOverWindows(geometry, x, y, windows.divisor);
    },
    vjp: [
      (cotangent, { options }) => {
        const { inputSize: _, ...windows } = options;
        return avgPool(cotangent, windows);
      },
    ],
    batch: ([x], _batched, { inputSize, ...windows }) =>
      pooledSamples(x!, windows, (samples) => avgPoolInput(samples, inputSize, windows)),
    samples: [
      (draw) => {
        const { shape, windows } = drawPool(draw);
        return [
          draw.tensor(pooledShape("sample", shape, windows)),
          shape.slice(shape.length - spatialRank(windows)),
          windows,
        ];
      },
    ],
    rejects: [
      {
        call: () => [zeros([1, 3]), [4], { outputSize: [2], countIncludePad: true, divisor: 0 }],
        message: /pooling planes of \[4\] gives \[1, 2\], not \[1, 3\]/,
        type: ShapeError,
      },
    ],
    edges: [
      {
        note: "no samples",
        call: () => [zeros([0, 1]), [2], { outputSize: [1], countIncludePad: true, divisor: 0 }],
        result: [],
        gradients: [[]],
      },
    ],
  });

/**
 * The mean of each window over the last dimension of x, of shape [N, C, L] or [C, L].
 *
 * The result has ⌊(L + 2p − k) / s⌋ + 1 places, rounded up in ceil mode. The padding counts as zeros unless
 * `countIncludePad` is false; what lies beyond it in ceil mode does not count.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a window reaches over more than there is.
 * @throws {ArgumentError} for options that are unknown or out of range.
 * @example
 * import { avgPool1d, tensor } from "@chainrule/core";
 * avgPool1d(tensor([[1, 5, 3, 2]]), 2); // → tensor([[3.0, 2.5]])
 */
export function avgPool1d(x: TensorLike, kernelSize: PerDim, options?: AvgPoolOptions): Tensor {
  return avgPool(x, readPool("avgPool1d", 1, x, kernelSize, options));
}

/**
 * The mean of each window over the last two dimensions of x, of shape [N, C, H, W] or [C, H, W]; see `avgPool1d`. Sizes
 * are one number, or one for each dimension.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a window reaches over more than there is.
 * @throws {ArgumentError} for options that are unknown or out of range.
 * @example
 * import { arange, avgPool2d } from "@chainrule/core";
 * avgPool2d(arange(16).reshape([1, 4, 4]), 2).toArray(); // → [ [ [ 2.5, 4.5 ], [ 10.5, 12.5 ] ] ]
 */
export function avgPool2d(x: TensorLike, kernelSize: PerDim, options?: AvgPoolOptions): Tensor {
  return avgPool(x, readPool("avgPool2d", 2, x, kernelSize, options));
}

/**
 * The mean of each window over the last three dimensions of x, of shape [N, C, D, H, W] or [C, D, H, W]; see
 * `avgPool1d`.
 *
 * @throws {ShapeError} when x has another number of dimensions, or a window reaches over more than there is.
 * @throws {ArgumentError} for options that are unknown or out of range.
 * @example
 * import { avgPool3d, zeros } from "@chainrule/core";
 * avgPool3d(zeros([1, 4, 4, 4]), 2).shape; // → [ 1, 2, 2, 2 ]
 */
export function avgPool3d(x: TensorLike, kernelSize: PerDim, options?: AvgPoolOptions): Tensor {
  return avgPool(x, readPool("avgPool3d", 3, x, kernelSize, options));
}
