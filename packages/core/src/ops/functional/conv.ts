/**
 * Convolutions as PyTorch calls them: with defaults, words for paddings, and inputs with or without a batch.
 */
import type { TensorLike } from "../../creation.ts";
import { ArgumentError, checkInteger, checkOptions, quoted, ShapeError } from "../../errors.ts";
import { toOperands } from "../../record.ts";
import { formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { reshape } from "../reshape.ts";
import type { OptionalTensor } from "./arguments.ts";
import { readOptional } from "./arguments.ts";
import { convolution } from "./convolution.ts";
import type { ConvolutionOptions } from "./convolution-options.ts";
import { checkBias, checkChannels, convolvedLengths } from "./convolution-options.ts";
import type { PerDim } from "./spatial.ts";
import { readPerDim } from "./spatial.ts";

/** Options of `conv1d`, `conv2d` and `conv3d`. */
export interface ConvOptions {
  /** The step of the kernel; 1 unless given. */
  stride?: PerDim | undefined;
  /**
   * Zeros on both sides, 0 unless given. `"valid"`: none. `"same"`: as many as keep the lengths (for stride 1; an odd one goes to
   * the end). Negative: elements are left out.
   */
  padding?: PerDim | "same" | "valid" | undefined;
  /** The distance between neighbouring elements under the kernel; 1 unless given. */
  dilation?: PerDim | undefined;
  /** Channels fall into so many groups, each convolved by itself; 1 unless given. */
  groups?: number | undefined;
}

/** The tensors of a call, the input with a batch dimension. */
export interface ConvCall {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly bias: Tensor | undefined;
  /** Whether the input came without a batch dimension, so that the result has none either. */
  readonly single: boolean;
}

/** Reads the tensors of a convolution over `rank` dimensions. */
export function readTensors(
  where: string,
  rank: number,
  input: TensorLike,
  weight: TensorLike,
  bias: TensorLike | null | undefined,
): ConvCall {
  const hasBias = bias !== null && bias !== undefined;
  const operands = toOperands(where, hasBias ? [input, weight, bias] : [input, weight]);
  const [x, w] = operands as [Tensor, Tensor];
  if ((x.ndim !== rank + 1 && x.ndim !== rank + 2) || w.ndim !== rank + 2) {
    throw new ShapeError(
      `${where}: the input needs ${rank + 2} dimensions (samples, channels and ${rank} spatial) or ${rank + 1} without samples, and the weight ${rank + 2}, but they have shapes ${formatShape(x.shape)} and ${formatShape(w.shape)}.`,
      { input: x.shape, weight: w.shape },
    );
  }
  const single = x.ndim === rank + 1;
  return { x: single ? reshape(x, [1, ...x.shape]) : x, w, bias: operands[2], single };
}

function paddingPairs(
  padding: PerDim | "same" | "valid",
  rank: number,
  reach: readonly number[],
  stride: readonly number[],
  where: string,
): [number, number][] {
  if (padding === "valid") return reach.map(() => [0, 0]);
  if (padding === "same") {
    if (stride.some((step) => step !== 1)) {
      throw new ArgumentError(
        `${where}: padding "same" keeps the lengths, which a stride of ${quoted(stride)} cannot. Use stride 1, or give the padding as a number.`,
        { padding, stride },
      );
    }
    return reach.map((n) => [Math.floor((n - 1) / 2), Math.ceil((n - 1) / 2)]);
  }
  if (typeof padding === "string") {
    throw new ArgumentError(
      `${where}: padding must be "same", "valid" or whole numbers, not ${quoted(padding)}.`,
      { padding },
    );
  }
  return readPerDim(where, "padding", padding, rank).map((n) => [n, n]);
}

function conv(
  where: string,
  rank: number,
  input: TensorLike,
  weight: TensorLike,
  biasOrOptions: OptionalTensor<ConvOptions> | undefined,
  trailing: ConvOptions | undefined,
): Tensor {
  const {
    tensors: [bias],
    options,
  } = readOptional(where, [biasOrOptions], trailing);
  checkOptions(where, options, ["stride", "padding", "dilation", "groups"]);
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options ?? {};
  const call = readTensors(where, rank, input, weight, bias);
  const { x, w } = call;
  const steps = readPerDim(where, "stride", stride, rank, 1);
  const distances = readPerDim(where, "dilation", dilation, rank, 1);
  const reach = distances.map((distance, i) => distance * (w.shape[i + 2]! - 1) + 1);
  const canonical: ConvolutionOptions = {
    stride: steps,
    padding: paddingPairs(padding, rank, reach, steps, where),
    dilation: distances,
    groups: checkInteger(where, "groups", groups, 1),
  };
  checkChannels(where, x.shape[1]!, w.shape, canonical.groups);
  convolvedLengths(where, x.shape.slice(2), w.shape.slice(2), canonical);
  if (call.bias !== undefined) checkBias(where, call.bias.shape, w.shape[0]!);
  const y = convolution(x, w, call.bias, canonical);
  return call.single ? reshape(y, y.shape.slice(1)) : y;
}

/**
 * The convolution over one dimension.
 *
 * y[n, o, t] = bias[o] + Σ_{c,k} weight[o, c, k] · x[n, c, s·t − p + d·k] for x of shape [N, C, L] (or [C, L]), weight of
 * [O, C/groups, K], bias of [O]; y has ⌊(L + 2p − d·(K − 1) − 1) / s⌋ + 1 places. The bias may be left out:
 * `conv1d(x, weight, { stride: 2 })`.
 *
 * @throws {ShapeError} when the channels do not fit, do not fall into groups, or the kernel is larger than the input.
 * @throws {ArgumentError} for options that are unknown or not whole numbers in their range, and for "same" with a stride.
 * @example
 * import { conv1d, tensor } from "@chainrule/core";
 * conv1d(tensor([[[1, 2, 3, 4]]]), tensor([[[1, -1]]]), { stride: 2 }); // → tensor([[[-1, -1]]])
 */
export function conv1d(
  input: TensorLike,
  weight: TensorLike,
  bias?: OptionalTensor<ConvOptions>,
  options?: ConvOptions,
): Tensor {
  return conv("conv1d", 1, input, weight, bias, options);
}

/**
 * The convolution over two dimensions: images of shape [N, C, H, W] (or [C, H, W]) with kernels of shape
 * [O, C/groups, KH, KW].
 *
 * y[n, o, t] = bias[o] + Σ_{c,k} weight[o, c, k] · x[n, c, s·t − p + d·k], t and k being pairs; along each dimension y has
 * ⌊(S + 2p − d·(K − 1) − 1) / s⌋ + 1 places. The bias may be left out. Options are one number, or one for each dimension.
 *
 * @throws {ShapeError} when the channels do not fit, do not fall into groups, or the kernel is larger than the input.
 * @throws {ArgumentError} for options that are unknown or not whole numbers in their range, and for "same" with a stride.
 * @example
 * import { arange, conv2d, ones } from "@chainrule/core";
 * const x = arange(9).reshape([1, 1, 3, 3]);
 * conv2d(x, ones([1, 1, 2, 2])).toArray(); // → [ [ [ [ 8, 12 ], [ 20, 24 ] ] ] ]
 * conv2d(x, ones([1, 1, 3, 3]), { padding: "same" }).shape; // → [ 1, 1, 3, 3 ]
 */
export function conv2d(
  input: TensorLike,
  weight: TensorLike,
  bias?: OptionalTensor<ConvOptions>,
  options?: ConvOptions,
): Tensor {
  return conv("conv2d", 2, input, weight, bias, options);
}

/**
 * The convolution over three dimensions: volumes of shape [N, C, D, H, W] (or [C, D, H, W]) with kernels of shape
 * [O, C/groups, KD, KH, KW]; see `conv2d`.
 *
 * @throws {ShapeError} when the channels do not fit, do not fall into groups, or the kernel is larger than the input.
 * @throws {ArgumentError} for options that are unknown or not whole numbers in their range, and for "same" with a stride.
 * @example
 * import { conv3d, ones } from "@chainrule/core";
 * conv3d(ones([1, 1, 2, 3, 3]), ones([4, 1, 2, 2, 2])).shape; // → [ 1, 4, 1, 2, 2 ]
 */
export function conv3d(
  input: TensorLike,
  weight: TensorLike,
  bias?: OptionalTensor<ConvOptions>,
  options?: ConvOptions,
): Tensor {
  return conv("conv3d", 3, input, weight, bias, options);
}
