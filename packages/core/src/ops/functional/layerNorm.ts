/**
 * Normalisation over the last dimensions, and over groups of channels: each sample by itself.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { checkInteger, checkNumber, checkOptions, ShapeError } from "../../errors.ts";
import { sparseMap } from "../../kernels/resample.ts";
import type { Shape } from "../../shape.ts";
import { checkShape, elementCount, formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { addcmul } from "../addcmul.ts";
import { div } from "../division.ts";
import { pow, square } from "../power.ts";
import { reshape } from "../reshape.ts";
import type { OptionalTensor } from "./arguments.ts";
import { checkedParameter, readOptional, scaledAndShifted } from "./arguments.ts";
import { channelAffine, scaledChannels } from "./channelAffine.ts";
import { resample } from "./resample.ts";
import { standardize } from "./standardize.ts";

/** Options of norms of single samples. */
export interface NormOptions {
  /** Added to the variance (or mean square); 1e-5 unless given (1e-6 in `rmsNorm`). */
  eps?: number | undefined;
}

/** The input and the length of its rows: the product of the last dimensions, which must be `normalizedShape`. */
function readRows(
  where: string,
  input: TensorLike,
  normalizedShape: number | Shape,
): { x: Tensor; shape: Shape; rows: [number, number, number] } {
  const x = toTensor(where, input);
  const shape = checkShape(
    where,
    typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape,
  );
  const last = x.shape.slice(x.ndim - shape.length);
  if (shape.length === 0 || shape.length > x.ndim || !sameShape(last, shape)) {
    throw new ShapeError(
      `${where}: the input of shape ${formatShape(x.shape)} does not end in the normalized shape ${formatShape(shape)}.`,
      { input: x.shape, normalizedShape: shape },
    );
  }
  const lead = elementCount(x.shape.slice(0, x.ndim - shape.length));
  return { x, shape, rows: [1, lead, elementCount(shape)] };
}

/** Standardises rows of the input, which keeps its shape. */
function standardized(x: Tensor, groups: Shape, eps: number, center: boolean): Tensor {
  return reshape(standardize(reshape(x, groups), { eps, center }).values, x.shape);
}

/**
 * Layer normalisation: each sample standardised over its last dimensions, then scaled and shifted.
 *
 * y = (x − E[x]) / √(Var[x] + eps) · weight + bias, with mean and (biased) variance over the dimensions of `normalizedShape`,
 * which x must end in and which is the shape of weight and bias. They may be left out: `layerNorm(x, 5, { eps })`.
 * (Ba, Kiros & Hinton 2016.)
 *
 * @throws {ShapeError} when x does not end in the normalized shape, or weight or bias have another one.
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { layerNorm, tensor } from "@chainrule/core";
 * layerNorm(tensor([[1, 3], [0, 4]]), 2, { eps: 0 }).toArray(); // → [ [ -1, 1 ], [ -1, 1 ] ]
 */
export function layerNorm(
  input: TensorLike,
  normalizedShape: number | Shape,
  weight?: OptionalTensor<NormOptions>,
  bias?: OptionalTensor<NormOptions>,
  options?: NormOptions,
): Tensor {
  const call = readOptional("layerNorm", [weight, bias], options);
  checkOptions("layerNorm", call.options, ["eps"]);
  const eps = checkNumber("layerNorm", "eps", call.options?.eps ?? 1e-5);
  const { x, shape, rows } = readRows("layerNorm", input, normalizedShape);
  const w = checkedParameter("layerNorm", "weight", call.tensors[0]!, shape, x);
  const b = checkedParameter("layerNorm", "bias", call.tensors[1]!, shape, x);
  if (w === null || b === null) return scaledAndShifted(standardized(x, rows, eps, true), w, b);
  // Each place of a row is a channel here: both gradients of parameters are then sums of one pass.
  const [, lead, length] = rows;
  const { values } = standardize(reshape(x, rows), { eps, center: true });
  const [scale, shift] = [w, b].map((t) => (t.ndim === 1 ? t : reshape(t, [length])));
  return reshape(channelAffine(reshape(values, [lead, length]), scale!, shift!), x.shape);
}

/**
 * Root-mean-square normalisation: each sample divided by the root of its mean square over the last dimensions, then scaled.
 *
 * y = x / √(mean(x²) + eps) · weight. (Zhang & Sennrich 2019.) eps is 1e-6 unless given, as in the models that use this
 * norm; PyTorch takes the spacing of numbers at 1, which blows up rows close to 0.
 *
 * @throws {ShapeError} when x does not end in the normalized shape, or the weight has another one.
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { rmsNorm, tensor } from "@chainrule/core";
 * rmsNorm(tensor([[1, 7]]), 2, { eps: 0 }); // → tensor([[0.2, 1.4]])
 */
export function rmsNorm(
  input: TensorLike,
  normalizedShape: number | Shape,
  weight?: OptionalTensor<NormOptions>,
  options?: NormOptions,
): Tensor {
  const call = readOptional("rmsNorm", [weight], options);
  checkOptions("rmsNorm", call.options, ["eps"]);
  const eps = checkNumber("rmsNorm", "eps", call.options?.eps ?? 1e-6);
  const { x, shape, rows } = readRows("rmsNorm", input, normalizedShape);
  const w = checkedParameter("rmsNorm", "weight", call.tensors[0]!, shape, x);
  return scaledAndShifted(standardized(x, rows, eps, false), w, null);
}

/**
 * Group normalisation: the channels of each sample fall into groups, each standardised over its channels and places; then
 * each channel is scaled and shifted.
 *
 * y = (x − E[x]) / √(Var[x] + eps) · weight + bias for x of shape [N, C, *], weight and bias of [C]. They may be left out:
 * `groupNorm(x, 2, { eps })`. (Wu & He 2018.)
 *
 * @throws {ShapeError} when C does not fall into so many groups, or weight or bias do not have shape [C].
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { groupNorm, tensor } from "@chainrule/core";
 * groupNorm(tensor([[1, 3, 0, 4]]), 2, { eps: 0 }).toArray(); // → [ [ -1, 1, -1, 1 ] ]
 */
export function groupNorm(
  input: TensorLike,
  numGroups: number,
  weight?: OptionalTensor<NormOptions>,
  bias?: OptionalTensor<NormOptions>,
  options?: NormOptions,
): Tensor {
  const call = readOptional("groupNorm", [weight, bias], options);
  checkOptions("groupNorm", call.options, ["eps"]);
  const eps = checkNumber("groupNorm", "eps", call.options?.eps ?? 1e-5);
  const groups = checkInteger("groupNorm", "numGroups", numGroups, 1);
  const x = toTensor("groupNorm", input);
  if (x.ndim < 2 || x.shape[1]! % groups !== 0) {
    throw new ShapeError(
      `groupNorm: the input of shape ${formatShape(x.shape)} needs samples and channels, and its channels must fall into ${groups} equal groups.`,
      { input: x.shape, numGroups },
    );
  }
  const [n, channels] = x.shape as [number, number];
  const w = checkedParameter("groupNorm", "weight", call.tensors[0]!, [channels], x);
  const b = checkedParameter("groupNorm", "bias", call.tensors[1]!, [channels], x);
  const inner = (channels / groups) * elementCount(x.shape.slice(2));
  const y = standardized(x, [1, n * groups, inner], eps, true);
  return scaledChannels(y, w, b);
}

/** Options of {@link localResponseNorm}. */
export interface LocalResponseNormOptions {
  /** The weight of the squares; 1e-4 unless given. */
  alpha?: number | undefined;
  /** The exponent; 0.75 unless given. */
  beta?: number | undefined;
  /** What is added to the squares; 1 unless given. */
  k?: number | undefined;
}

/**
 * Local response normalisation: each number divided by a power of the mean square over neighbouring channels.
 *
 * y = x / (k + alpha · mean x²)^beta, the mean being over `size` channels from c − ⌊size/2⌋ on, missing ones counting as 0, for
 * x of shape [N, C, *]. (Krizhevsky, Sutskever & Hinton 2012.)
 *
 * @throws {ShapeError} when x has fewer than three dimensions.
 * @throws {ArgumentError} for a size below 1 and for unknown options.
 * @example
 * import { localResponseNorm, ones } from "@chainrule/core";
 * localResponseNorm(ones([1, 1, 1]), 1, { alpha: 1, beta: 1 }).item(); // → 0.5
 */
export function localResponseNorm(
  input: TensorLike,
  size: number,
  options?: LocalResponseNormOptions,
): Tensor {
  const where = "localResponseNorm";
  checkOptions(where, options, ["alpha", "beta", "k"]);
  const { alpha = 1e-4, beta = 0.75, k = 1 } = options ?? {};
  for (const [name, value] of Object.entries({ alpha, beta, k })) checkNumber(where, name, value);
  checkInteger(where, "size", size, 1);
  const x = toTensor(where, input);
  if (x.ndim < 3) {
    throw new ShapeError(
      `${where}: the input needs samples, channels and at least one more dimension, but has shape ${formatShape(x.shape)}.`,
      { input: x.shape },
    );
  }
  const channels = x.shape[1]!;
  const before = Math.floor(size / 2);
  const rows = Array.from({ length: channels }, (_, c) => {
    const row: [number, number][] = [];
    const last = Math.min(c - before + size, channels);
    for (let place = Math.max(c - before, 0); place < last; place++) row.push([place, 1 / size]);
    return row;
  });
  const squares = resample(square(x), 1, sparseMap(channels, rows));
  return div(x, pow(addcmul(k, squares, alpha), beta));
}
