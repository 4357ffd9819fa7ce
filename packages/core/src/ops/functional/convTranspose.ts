/**
 * Transposed convolutions as PyTorch calls them.
 */
import type { TensorLike } from "../../creation.ts";
import { ArgumentError, checkInteger, checkOptions, quoted, ShapeError } from "../../errors.ts";
import { formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add } from "../arithmetic.ts";
import { reshape } from "../reshape.ts";
import type { OptionalTensor } from "./arguments.ts";
import { readOptional } from "./arguments.ts";
import { readTensors } from "./conv.ts";
import { convolutionInput } from "./convolution.ts";
import { checkBias } from "./convolution-options.ts";
import type { PerDim } from "./spatial.ts";
import { readPerDim } from "./spatial.ts";

/** Options of `convTranspose1d`, `convTranspose2d` and `convTranspose3d`. */
export interface ConvTransposeOptions {
  /** The step between the places to which neighbouring elements go; 1 unless given. */
  stride?: PerDim | undefined;
  /** How many elements are cut off on both sides; 0 unless given. */
  padding?: PerDim | undefined;
  /** How many elements are added at the end, less than the stride or the dilation; 0 unless given. */
  outputPadding?: PerDim | undefined;
  /** Channels fall into so many groups, each treated by itself; 1 unless given. */
  groups?: number | undefined;
  /** The distance between neighbouring elements under the kernel; 1 unless given. */
  dilation?: PerDim | undefined;
}

function convTranspose(
  where: string,
  rank: number,
  input: TensorLike,
  weight: TensorLike,
  biasOrOptions: OptionalTensor<ConvTransposeOptions> | undefined,
  trailing: ConvTransposeOptions | undefined,
): Tensor {
  const {
    tensors: [given],
    options,
  } = readOptional(where, [biasOrOptions], trailing);
  checkOptions(where, options, ["stride", "padding", "outputPadding", "groups", "dilation"]);
  const { stride = 1, padding = 0, outputPadding = 0, groups = 1, dilation = 1 } = options ?? {};
  const { x, w, bias, single } = readTensors(where, rank, input, weight, given);
  const steps = readPerDim(where, "stride", stride, rank, 1);
  const cut = readPerDim(where, "padding", padding, rank);
  const added = readPerDim(where, "outputPadding", outputPadding, rank, 0);
  const distances = readPerDim(where, "dilation", dilation, rank, 1);
  checkInteger(where, "groups", groups, 1);
  if (x.shape[1] !== w.shape[0] || w.shape[0]! % groups !== 0) {
    throw new ShapeError(
      `${where}: the input has ${x.shape[1]} channels and the weight of shape ${formatShape(w.shape)} takes ${w.shape[0]}, in ${groups} group${groups === 1 ? "" : "s"}. The weight has the shape [inChannels, outChannels / groups, ...kernel].`,
      { input: x.shape, weight: w.shape, groups },
    );
  }
  const size = steps.map((step, i) => {
    if (added[i]! >= step && added[i]! >= distances[i]!) {
      throw new ArgumentError(
        `${where}: outputPadding ${quoted(outputPadding)} must be less than the stride ${quoted(stride)} or the dilation ${quoted(dilation)}.`,
        { outputPadding, stride, dilation },
      );
    }
    const reach = distances[i]! * (w.shape[i + 2]! - 1) + 1;
    const length = (x.shape[i + 2]! - 1) * step - 2 * cut[i]! + reach + added[i]!;
    if (length < 1 || x.shape[i + 2] === 0) {
      throw new ShapeError(
        `${where}: spatial dimension ${i} of the result would have length ${length} (${x.shape[i + 2]} elements, stride ${step}, padding ${cut[i]}). Use less padding.`,
        { input: x.shape, weight: w.shape, padding, stride },
      );
    }
    return length;
  });
  const channels = w.shape[1]! * groups;
  if (bias !== undefined) checkBias(where, bias.shape, channels);
  // What is added at the end is padding taken away there.
  const y = convolutionInput(x, w, size, {
    stride: steps,
    padding: cut.map((p, i): [number, number] => [p, p - added[i]!]),
    dilation: distances,
    groups,
  });
  const shifted = bias === undefined ? y : add(y, reshape(bias, [channels, ...steps.map(() => 1)]));
  return single ? reshape(shifted, shifted.shape.slice(1)) : shifted;
}

/**
 * The transposed convolution over one dimension: the adjoint of `conv1d` in its input, as a layer that enlarges.
 *
 * y[n, o, s·t − p + d·k] += Σ_c x[n, c, t] · weight[c, o, k] (+ bias[o]) for x of shape [N, C, L] (or [C, L]), weight of
 * [C, O/groups, K]; y has (L − 1)·s − 2p + d·(K − 1) + 1 + outputPadding places. The bias may be left out.
 *
 * @throws {ShapeError} when the channels do not fit, or the result would be empty.
 * @throws {ArgumentError} for options that are unknown or out of range.
 * @example
 * import { convTranspose1d, tensor } from "@chainrule/core";
 * convTranspose1d(tensor([[[1, 2]]]), tensor([[[10, 1]]]), { stride: 2 }); // → tensor([[[10,  1, 20,  2]]])
 */
export function convTranspose1d(
  input: TensorLike,
  weight: TensorLike,
  bias?: OptionalTensor<ConvTransposeOptions>,
  options?: ConvTransposeOptions,
): Tensor {
  return convTranspose("convTranspose1d", 1, input, weight, bias, options);
}

/**
 * The transposed convolution over two dimensions, for x of shape [N, C, H, W] (or [C, H, W]) and weight of
 * [C, O/groups, KH, KW]; see `convTranspose1d`.
 *
 * @throws {ShapeError} when the channels do not fit, or the result would be empty.
 * @throws {ArgumentError} for options that are unknown or out of range.
 * @example
 * import { convTranspose2d, ones } from "@chainrule/core";
 * convTranspose2d(ones([1, 2, 3, 3]), ones([2, 4, 2, 2]), { stride: 2 }).shape; // → [ 1, 4, 6, 6 ]
 */
export function convTranspose2d(
  input: TensorLike,
  weight: TensorLike,
  bias?: OptionalTensor<ConvTransposeOptions>,
  options?: ConvTransposeOptions,
): Tensor {
  return convTranspose("convTranspose2d", 2, input, weight, bias, options);
}

/**
 * The transposed convolution over three dimensions, for x of shape [N, C, D, H, W] (or [C, D, H, W]) and weight of
 * [C, O/groups, KD, KH, KW]; see `convTranspose1d`.
 *
 * @throws {ShapeError} when the channels do not fit, or the result would be empty.
 * @throws {ArgumentError} for options that are unknown or out of range.
 * @example
 * import { convTranspose3d, ones } from "@chainrule/core";
 * convTranspose3d(ones([2, 2, 2, 2]), ones([2, 1, 3, 3, 3])).shape; // → [ 1, 4, 4, 4 ]
 */
export function convTranspose3d(
  input: TensorLike,
  weight: TensorLike,
  bias?: OptionalTensor<ConvTransposeOptions>,
  options?: ConvTransposeOptions,
): Tensor {
  return convTranspose("convTranspose3d", 3, input, weight, bias, options);
}
