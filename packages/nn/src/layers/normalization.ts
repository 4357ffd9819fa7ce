/**
 * Normalisation layers that keep no statistics.
 */
import type { LocalResponseNormOptions, Shape, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  checkTensor,
  finfo,
  formatShape,
  groupNorm,
  layerNorm,
  localResponseNorm,
  quoted,
  rmsNorm,
  ShapeError,
} from "@chainrule/core";
import { Module } from "../module.ts";
import type { DTypeOptions } from "./parameters.ts";
import { constantParameter, described } from "./parameters.ts";

/** Options of {@link LayerNorm}. */
export interface LayerNormOptions extends DTypeOptions {
  /** Added to the variance; 1e-5 unless given. */
  eps?: number;
  /** Whether there are weights, and a bias; true unless given. */
  elementwiseAffine?: boolean;
  /** Whether there is a bias beside the weights; true unless given. */
  bias?: boolean;
}

/** Options of {@link RMSNorm}. */
export interface RMSNormOptions extends DTypeOptions {
  /** Added to the mean square; the smallest step from 1 in the type of the input unless given. */
  eps?: number | null;
  /** Whether there are weights; true unless given. */
  elementwiseAffine?: boolean;
}

/** Options of {@link GroupNorm}. */
export interface GroupNormOptions extends DTypeOptions {
  /** Added to the variance; 1e-5 unless given. */
  eps?: number;
  /** Whether each channel has a weight and a bias; true unless given. */
  affine?: boolean;
}

function readShape(where: string, normalizedShape: number | Shape): readonly number[] {
  const shape: readonly number[] =
    typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;
  if (!Array.isArray(shape) || shape.length === 0) {
    throw new ArgumentError(
      `${where}: normalizedShape is the last length, or an array of the last lengths, not ${quoted(normalizedShape)}.`,
      { normalizedShape },
    );
  }
  for (const length of shape) checkInteger(where, "normalizedShape", length, 1);
  return [...shape];
}

/**
 * Standardises the last dimensions of each sample, then scales and shifts each element: y = (x − E[x]) / √(Var[x] + eps) ·
 * weight + bias, see `layerNorm`. `weight` and `bias` have the shape `normalizedShape`, and begin with 1 and 0. (Ba, Kiros
 * & Hinton 2016.)
 *
 * @throws {ArgumentError} for a shape that is none, and unknown options.
 * @throws {ShapeError} in `forward`, when the last dimensions of x are others.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { LayerNorm } from "@chainrule/nn";
 * new LayerNorm(2, { eps: 0 }).forward(tensor([[1, 3], [0, 4]])).toArray(); // → [ [ -1, 1 ], [ -1, 1 ] ]
 */
export class LayerNorm extends Module {
  static override readonly isConfined = true;

  readonly normalizedShape: readonly number[];
  readonly eps: number;
  weight: Tensor | null;
  bias: Tensor | null;

  constructor(normalizedShape: number | Shape, options: LayerNormOptions = {}) {
    super();
    checkOptions("LayerNorm", options, ["eps", "elementwiseAffine", "bias", "dtype"]);
    this.normalizedShape = readShape("LayerNorm", normalizedShape);
    this.eps = checkNumber("LayerNorm", "eps", options.eps ?? 1e-5);
    const affine = checkBoolean("LayerNorm", "elementwiseAffine", options.elementwiseAffine, true);
    const hasBias = checkBoolean("LayerNorm", "bias", options.bias, true) && affine;
    this.weight = affine ? constantParameter(this.normalizedShape, 1, options) : null;
    this.bias = hasBias ? constantParameter(this.normalizedShape, 0, options) : null;
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, { eps: this.eps });
  }

  override extraRepr(): string {
    const { normalizedShape, eps } = this;
    return described({
      normalizedShape,
      eps,
      elementwiseAffine: this.weight !== null,
      bias: this.weight !== null && this.bias === null ? false : undefined,
    });
  }
}

/**
 * Divides the last dimensions of each sample by their root mean square: y = x / √(E[x²] + eps) · weight, see `rmsNorm`.
 * `weight` has the shape `normalizedShape` and begins with 1. (Zhang & Sennrich 2019.)
 *
 * @throws {ArgumentError} for a shape that is none, and unknown options.
 * @throws {ShapeError} in `forward`, when the last dimensions of x are others.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { RMSNorm } from "@chainrule/nn";
 * new RMSNorm(2, { eps: 0 }).forward(tensor([[1, 7]])).detach(); // → tensor([[0.2, 1.4]])
 */
export class RMSNorm extends Module {
  static override readonly isConfined = true;

  readonly normalizedShape: readonly number[];
  readonly eps: number | null;
  weight: Tensor | null;

  constructor(normalizedShape: number | Shape, options: RMSNormOptions = {}) {
    super();
    checkOptions("RMSNorm", options, ["eps", "elementwiseAffine", "dtype"]);
    this.normalizedShape = readShape("RMSNorm", normalizedShape);
    const { eps = null } = options;
    this.eps = eps === null ? null : checkNumber("RMSNorm", "eps", eps);
    const affine = checkBoolean("RMSNorm", "elementwiseAffine", options.elementwiseAffine, true);
    this.weight = affine ? constantParameter(this.normalizedShape, 1, options) : null;
  }

  override forward(x: Tensor): Tensor {
    const eps = this.eps ?? finfo(x.dtype === "float64" ? "float64" : "float32").eps;
    return rmsNorm(x, this.normalizedShape, this.weight, { eps });
  }

  override extraRepr(): string {
    const { normalizedShape, eps } = this;
    return described({ normalizedShape, eps, elementwiseAffine: this.weight !== null });
  }
}

/**
 * Standardises groups of channels of each sample, then scales and shifts each channel: for x of shape [N, numChannels, *],
 * see `groupNorm`. `weight` and `bias` have shape [numChannels], and begin with 1 and 0. (Wu & He 2018.)
 *
 * @throws {ArgumentError} for channels that do not fall into groups, and unknown options.
 * @throws {ShapeError} in `forward`, for another number of channels.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { GroupNorm } from "@chainrule/nn";
 * new GroupNorm(2, 4, { eps: 0 }).forward(tensor([[1, 3, 0, 4]])).toArray(); // → [ [ -1, 1, -1, 1 ] ]
 */
export class GroupNorm extends Module {
  static override readonly isConfined = true;

  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;
  weight: Tensor | null;
  bias: Tensor | null;

  constructor(numGroups: number, numChannels: number, options: GroupNormOptions = {}) {
    super();
    checkOptions("GroupNorm", options, ["eps", "affine", "dtype"]);
    this.numGroups = checkInteger("GroupNorm", "numGroups", numGroups, 1);
    this.numChannels = checkInteger("GroupNorm", "numChannels", numChannels, 1);
    if (numChannels % numGroups !== 0) {
      throw new ArgumentError(
        `GroupNorm: ${numChannels} channels do not fall into ${numGroups} equal groups.`,
        { numChannels, numGroups },
      );
    }
    this.eps = checkNumber("GroupNorm", "eps", options.eps ?? 1e-5);
    const affine = checkBoolean("GroupNorm", "affine", options.affine, true);
    this.weight = affine ? constantParameter([numChannels], 1, options) : null;
    this.bias = affine ? constantParameter([numChannels], 0, options) : null;
  }

  override forward(x: Tensor): Tensor {
    checkChannels("GroupNorm", x, this.numChannels);
    return groupNorm(x, this.numGroups, this.weight, this.bias, { eps: this.eps });
  }

  override extraRepr(): string {
    const { numGroups, numChannels, eps } = this;
    return described({ numGroups, numChannels, eps, affine: this.weight !== null });
  }
}

/** Refuses an input whose dimension 1 is not what a layer was made for. */
function checkChannels(where: string, x: Tensor, channels: number): void {
  checkTensor(where, x);
  if (x.shape[1] !== channels) {
    throw new ShapeError(
      `${where}: made for ${channels} channels (dimension 1), but the input has shape ${formatShape(x.shape)}.`,
      { shape: x.shape, channels },
    );
  }
}

/**
 * Divides each channel by a power of the squares of its neighbours: see `localResponseNorm`. (Krizhevsky, Sutskever &
 * Hinton 2012.)
 *
 * @throws {ArgumentError} for a size that is none, and unknown options.
 */
export class LocalResponseNorm extends Module {
  static override readonly isConfined = true;

  readonly size: number;
  readonly options: Readonly<LocalResponseNormOptions>;

  constructor(size: number, options: LocalResponseNormOptions = {}) {
    super();
    checkOptions("LocalResponseNorm", options, ["alpha", "beta", "k"]);
    this.size = checkInteger("LocalResponseNorm", "size", size, 1);
    this.options = options;
  }

  override forward(x: Tensor): Tensor {
    return localResponseNorm(x, this.size, this.options);
  }

  override extraRepr(): string {
    return described({ size: this.size, ...this.options });
  }
}
