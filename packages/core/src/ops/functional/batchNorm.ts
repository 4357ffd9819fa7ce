/**
 * Normalisation of channels over a batch, and over each sample, with running statistics.
 */
import type { TensorLike } from "../../creation.ts";
import { checkTensor, toTensor } from "../../creation.ts";
import {
  ArgumentError,
  checkBoolean,
  checkNumber,
  checkOptions,
  ShapeError,
} from "../../errors.ts";
import { noGrad } from "../../graph/mode.ts";
import { checkMutable, copy_ } from "../../inplace.ts";
import { elementCount, formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { addcmul } from "../addcmul.ts";
import { add, mul, neg } from "../arithmetic.ts";
import { rsqrt } from "../power.ts";
import { reshape } from "../reshape.ts";
import { mean } from "../sum.ts";
import type { OptionalTensor } from "./arguments.ts";
import { checkedParameter, readOptional } from "./arguments.ts";
import { channelAffine, scaledChannels } from "./channelAffine.ts";
import { standardize } from "./standardize.ts";

/** Options of {@link batchNorm}. */
export interface BatchNormOptions {
  /** Whether the statistics of this batch are used (and remembered) rather than the running ones; false unless given. */
  training?: boolean | undefined;
  /** The share of this batch in the new running statistics; 0.1 unless given. */
  momentum?: number | undefined;
  /** Added to the variance; 1e-5 unless given. */
  eps?: number | undefined;
}

/** Options of {@link instanceNorm}. */
export interface InstanceNormOptions {
  /** Whether each sample's own statistics are used rather than the running ones; true unless given. */
  useInputStats?: boolean | undefined;
  /** The share of this batch in the new running statistics; 0.1 unless given. */
  momentum?: number | undefined;
  /** Added to the variance; 1e-5 unless given. */
  eps?: number | undefined;
}

/** Running mean and variance, weight and bias of the channels, each of which may be missing. */
interface Channels {
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
}

function readChannels(where: string, x: Tensor, given: readonly (TensorLike | null)[]): Channels {
  const shape = [x.shape[1]!];
  const read = (name: string, i: number): Tensor | null =>
    checkedParameter(where, name, given[i]!, shape, x);
  const [runningMean, runningVar] = [read("running mean", 0), read("running variance", 1)];
  if ((runningMean === null) !== (runningVar === null)) {
    throw new ArgumentError(
      `${where}: give both the running mean and the running variance, or neither.`,
    );
  }
  // They change in place, so they must be the caller's own tensors.
  if (runningMean !== null) for (const value of given.slice(0, 2)) checkTensor(where, value);
  return { runningMean, runningVar, weight: read("weight", 2), bias: read("bias", 3) };
}

/** y = (x − mean) / √(variance + eps) · weight + bias with the running statistics, as one affine map a channel. */
function withRunning(where: string, x: Tensor, channels: Channels, eps: number): Tensor {
  const { runningMean, runningVar, weight, bias } = channels;
  if (runningMean === null || runningVar === null) {
    throw new ArgumentError(
      `${where}: without the statistics of the batch, a running mean and a running variance are needed.`,
    );
  }
  const deviation = rsqrt(add(runningVar, eps));
  const scale = weight === null ? deviation : mul(weight, deviation);
  const shift = neg(mul(runningMean, scale));
  const offset = bias === null ? shift : add(bias, shift);
  return channelAffine(x, scale, offset);
}

/** Moves running statistics towards those of a batch; the variance of `count` numbers becomes the unbiased one. */
function updateRunning(
  { runningMean, runningVar }: Channels,
  batchMean: Tensor,
  batchVariance: Tensor,
  count: number,
  momentum: number,
): void {
  if (runningMean === null || runningVar === null) return;
  noGrad(() => {
    // Both must be free to change before one of them does.
    checkMutable("batchNorm", runningMean);
    checkMutable("batchNorm", runningVar);
    const unbiased = mul(batchVariance, (momentum * count) / (count - 1));
    const nextMean = addcmul(mul(batchMean, momentum), runningMean, 1 - momentum);
    const nextVariance = addcmul(unbiased, runningVar, 1 - momentum);
    copy_(runningMean, nextMean);
    copy_(runningVar, nextVariance);
  });
}

/**
 * Batch normalisation: each channel standardised over the batch and all places, then scaled and shifted.
 *
 * y = (x − E[x]) / √(Var[x] + eps) · weight + bias for x of shape [N, C, *]; running statistics, weight and bias have shape
 * [C]. In training, mean and (biased) variance are those of the batch, gradients go through them, and the running statistics, if
 * given, change in place: new = (1 − momentum) · old + momentum · batch, with the unbiased variance. Otherwise the running
 * statistics are used. (Ioffe & Szegedy 2015.)
 *
 * @throws {ShapeError} when a parameter does not have shape [C], or a channel has only one number in training.
 * @throws {ArgumentError} for unknown options, and without running statistics unless in training.
 * @example
 * import { batchNorm, tensor } from "@chainrule/core";
 * const x = tensor([[1, 10], [3, 10]]);
 * batchNorm(x, null, null, { training: true, eps: 0.5 }).shape; // → [ 2, 2 ]
 * const [mean, variance] = [tensor([0, 10]), tensor([4, 1])];
 * batchNorm(x, mean, variance, { eps: 0 }).toArray(); // → [ [ 0.5, 0 ], [ 1.5, 0 ] ]
 */
export function batchNorm(
  input: TensorLike,
  runningMean?: OptionalTensor<BatchNormOptions>,
  runningVar?: OptionalTensor<BatchNormOptions>,
  weight?: OptionalTensor<BatchNormOptions>,
  bias?: OptionalTensor<BatchNormOptions>,
  options?: BatchNormOptions,
): Tensor {
  const where = "batchNorm";
  const call = readOptional(where, [runningMean, runningVar, weight, bias], options);
  checkOptions(where, call.options, ["training", "momentum", "eps"]);
  const { momentum = 0.1, eps = 1e-5 } = call.options ?? {};
  const training = checkBoolean(where, "training", call.options?.training, false);
  checkNumber(where, "momentum", momentum);
  checkNumber(where, "eps", eps);
  const x = toTensor(where, input);
  // An empty tensor without channels has nothing to normalise.
  if (x.ndim === 1 && x.numel() === 0) return x;
  if (x.ndim < 2) {
    throw new ShapeError(
      `${where}: the input needs samples and channels, but has shape [${x.shape.join(", ")}].`,
      { input: x.shape },
    );
  }
  const channels = readChannels(where, x, call.tensors);
  if (!training) return withRunning(where, x, channels, eps);
  const [n, c] = x.shape as [number, number];
  const places = elementCount(x.shape.slice(2));
  const count = n * places;
  if (count === 1) {
    throw new ShapeError(
      `${where}: one number a channel has no variance; in training the input of shape ${formatShape(x.shape)} needs more samples or places.`,
      { input: x.shape },
    );
  }
  const { values, mean: batchMean, variance } = standardize(reshape(x, [n, c, places]), { eps });
  const { weight: w, bias: b } = channels;
  const y = scaledChannels(reshape(values, x.shape), w, b);
  updateRunning(channels, batchMean, variance, count, momentum);
  return y;
}

/**
 * Instance normalisation: each channel of each sample standardised over its places, then scaled and shifted.
 *
 * y = (x − E[x]) / √(Var[x] + eps) · weight + bias for x of shape [N, C, *]; running statistics, weight and bias have shape
 * [C]. Running statistics, if given, change in place as in `batchNorm`, by the mean over the samples; with
 * `useInputStats: false` they are used instead. (Ulyanov, Vedaldi & Lempitsky 2016.)
 *
 * @throws {ShapeError} when a parameter does not have shape [C], or a channel has only one place.
 * @throws {ArgumentError} for unknown options, and without running statistics if they are to be used.
 * @example
 * import { instanceNorm, tensor } from "@chainrule/core";
 * instanceNorm(tensor([[[1, 3], [0, 4]]]), { eps: 0 }).toArray(); // → [ [ [ -1, 1 ], [ -1, 1 ] ] ]
 */
export function instanceNorm(
  input: TensorLike,
  runningMean?: OptionalTensor<InstanceNormOptions>,
  runningVar?: OptionalTensor<InstanceNormOptions>,
  weight?: OptionalTensor<InstanceNormOptions>,
  bias?: OptionalTensor<InstanceNormOptions>,
  options?: InstanceNormOptions,
): Tensor {
  const where = "instanceNorm";
  const call = readOptional(where, [runningMean, runningVar, weight, bias], options);
  checkOptions(where, call.options, ["useInputStats", "momentum", "eps"]);
  const { momentum = 0.1, eps = 1e-5 } = call.options ?? {};
  const useInputStats = checkBoolean(where, "useInputStats", call.options?.useInputStats, true);
  checkNumber(where, "momentum", momentum);
  checkNumber(where, "eps", eps);
  const x = toTensor(where, input);
  const places = elementCount(x.shape.slice(2));
  if (x.ndim < 3 || (useInputStats && places === 1)) {
    throw new ShapeError(
      `${where}: the input needs samples, channels and more than one place, but has shape ${formatShape(x.shape)}.`,
      { input: x.shape },
    );
  }
  const channels = readChannels(where, x, call.tensors);
  if (!useInputStats) return withRunning(where, x, channels, eps);
  const [n, c] = x.shape as [number, number];
  const rows = reshape(x, [1, n * c, places]);
  const { values, mean: means, variance } = standardize(rows, { eps });
  const { weight: w, bias: b } = channels;
  const y = scaledChannels(reshape(values, x.shape), w, b);
  if (channels.runningMean !== null && n > 0) {
    const overSamples = (statistic: Tensor): Tensor => mean(reshape(statistic.detach(), [n, c]), 0);
    updateRunning(channels, overSamples(means), overSamples(variance), places, momentum);
  }
  return y;
}
