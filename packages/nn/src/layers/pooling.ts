/**
 * Pools, as layers. Each does what the function of its name does, and takes the same options.
 */
import type {
  AvgPoolOptions,
  LpPoolOptions,
  MaxPooled,
  MaxPoolOptions,
  MaxUnpoolOptions,
  OutputSize,
  PerDim,
  Shape,
  Tensor,
} from "@chainrule/core";
import {
  ArgumentError,
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool1dWithIndices,
  adaptiveMaxPool2d,
  adaptiveMaxPool2dWithIndices,
  adaptiveMaxPool3d,
  adaptiveMaxPool3dWithIndices,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool1dWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
  maxPool3d,
  maxPool3dWithIndices,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  quoted,
  readPerDim,
} from "@chainrule/core";
import { Module } from "../module.ts";
import { described } from "./parameters.ts";

/** Options of the layers {@link MaxPool1d}, {@link MaxPool2d} and {@link MaxPool3d}. */
export interface MaxPoolLayerOptions<WithIndices extends boolean = boolean> extends MaxPoolOptions {
  /** Whether the places of the maxima are given as well, for {@link MaxUnpool2d} and its kin; false unless given. */
  returnIndices?: WithIndices;
}

/** Options of the adaptive maximum pools. */
export interface AdaptiveMaxPoolOptions<WithIndices extends boolean = boolean> {
  /** Whether the places of the maxima are given as well; false unless given. */
  returnIndices?: WithIndices;
}

/** The maxima, with their places if they were asked for. */
export type MaxPoolOutput<WithIndices extends boolean> = WithIndices extends true
  ? readonly [values: Tensor, indices: Tensor]
  : Tensor;

/** What moving windows share: a kernel size that is checked at once, and options that are kept and shown. */
abstract class Pool<Options extends { stride?: PerDim | null | undefined }> extends Module {
  readonly kernelSize: readonly number[];
  readonly options: Readonly<Options>;

  protected constructor(
    rank: number,
    kernelSize: PerDim,
    options: Options,
    known: readonly (keyof Options & string)[],
  ) {
    super();
    const { name } = this.constructor;
    checkOptions(name, options, known);
    this.kernelSize = readPerDim(name, "kernelSize", kernelSize, rank, 1);
    for (const [option, least] of [
      ["stride", 1],
      ["padding", 0],
      ["dilation", 1],
    ] as const) {
      const value: unknown = Reflect.get(options, option);
      if (value !== undefined && value !== null) readPerDim(name, option, value, rank, least);
    }
    this.options = options;
  }

  override extraRepr(): string {
    return described({ kernelSize: this.kernelSize, ...this.options });
  }
}

abstract class MaxPool<WithIndices extends boolean> extends Pool<MaxPoolOptions> {
  readonly returnIndices: boolean;

  protected constructor(
    rank: number,
    kernelSize: PerDim,
    { returnIndices, ...options }: MaxPoolLayerOptions<WithIndices>,
  ) {
    super(rank, kernelSize, options, ["stride", "padding", "dilation", "ceilMode"]);
    this.returnIndices = checkBoolean(this.constructor.name, "returnIndices", returnIndices, false);
  }

  protected pooled(
    x: Tensor,
    pool: typeof maxPool1d,
    withIndices: typeof maxPool1dWithIndices,
  ): MaxPoolOutput<WithIndices> {
    const { kernelSize, options } = this;
    const output: Tensor | readonly [Tensor, Tensor] = this.returnIndices
      ? pairOf(withIndices(x, kernelSize, options))
      : pool(x, kernelSize, options);
    return output as MaxPoolOutput<WithIndices>;
  }
}

function pairOf({ values, indices }: MaxPooled): readonly [Tensor, Tensor] {
  return [values, indices];
}

abstract class MaxUnpool extends Pool<Omit<MaxUnpoolOptions, "outputSize">> {
  protected constructor(
    rank: number,
    kernelSize: PerDim,
    options: Omit<MaxUnpoolOptions, "outputSize">,
  ) {
    super(rank, kernelSize, options, ["stride", "padding"]);
  }

  protected unpooled(
    x: Tensor,
    indices: Tensor,
    outputSize: Shape | undefined,
    unpool: typeof maxUnpool1d,
  ): Tensor {
    const size = outputSize === undefined ? {} : { outputSize };
    return unpool(x, indices, this.kernelSize, { ...this.options, ...size });
  }
}

abstract class LPPool extends Pool<LpPoolOptions> {
  readonly normType: number;

  protected constructor(
    rank: number,
    normType: number,
    kernelSize: PerDim,
    options: LpPoolOptions,
  ) {
    super(rank, kernelSize, options, ["stride", "ceilMode"]);
    this.normType = checkNumber(this.constructor.name, "normType", normType);
  }

  override extraRepr(): string {
    return `normType=${this.normType}, ${super.extraRepr()}`;
  }
}

abstract class AdaptivePool extends Module {
  readonly outputSize: OutputSize;

  protected constructor(rank: number, outputSize: OutputSize) {
    super();
    const { name } = this.constructor;
    const list: readonly (number | null)[] = Array.isArray(outputSize) ? outputSize : [outputSize];
    if (list.length !== 1 && list.length !== rank) {
      throw new ArgumentError(
        `${name}: outputSize must be a whole number, or ${rank} of them, not ${quoted(outputSize)}.`,
        { outputSize },
      );
    }
    for (const size of list) if (size !== null) checkInteger(name, "outputSize", size, 1);
    this.outputSize = outputSize;
  }

  override extraRepr(): string {
    return described({ outputSize: this.outputSize });
  }
}

abstract class AdaptiveMaxPool<WithIndices extends boolean> extends AdaptivePool {
  readonly returnIndices: boolean;

  protected constructor(
    rank: number,
    outputSize: OutputSize,
    options: AdaptiveMaxPoolOptions<WithIndices>,
  ) {
    super(rank, outputSize);
    const { name } = this.constructor;
    checkOptions(name, options, ["returnIndices"]);
    this.returnIndices = checkBoolean(name, "returnIndices", options.returnIndices, false);
  }

  protected pooled(
    x: Tensor,
    pool: typeof adaptiveMaxPool1d,
    withIndices: typeof adaptiveMaxPool1dWithIndices,
  ): MaxPoolOutput<WithIndices> {
    const output: Tensor | readonly [Tensor, Tensor] = this.returnIndices
      ? pairOf(withIndices(x, this.outputSize))
      : pool(x, this.outputSize);
    return output as MaxPoolOutput<WithIndices>;
  }
}

/**
 * The largest element of each window over the last dimension; see `maxPool1d`. With `returnIndices`, `forward` gives the
 * maxima and their places.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 * @throws {ShapeError} in `forward`, for another number of dimensions.
 */
export class MaxPool1d<WithIndices extends boolean = false> extends MaxPool<WithIndices> {
  constructor(kernelSize: PerDim, options: MaxPoolLayerOptions<WithIndices> = {}) {
    super(1, kernelSize, options);
  }

  override forward(x: Tensor): MaxPoolOutput<WithIndices> {
    return this.pooled(x, maxPool1d, maxPool1dWithIndices);
  }
}

/**
 * The largest element of each window over the last two dimensions; see `maxPool2d`. With `returnIndices`, `forward` gives the
 * maxima and their places.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 * @throws {ShapeError} in `forward`, for another number of dimensions.
 * @example
 * import { arange } from "@chainrule/core";
 * import { MaxPool2d } from "@chainrule/nn";
 * const image = arange(16).reshape([1, 4, 4]).to("float32");
 * new MaxPool2d(2).forward(image).toArray(); // → [ [ [ 5, 7 ], [ 13, 15 ] ] ]
 * const [, places] = new MaxPool2d(2, { returnIndices: true }).forward(image);
 * places.toArray(); // → [ [ [ 5, 7 ], [ 13, 15 ] ] ]
 */
export class MaxPool2d<WithIndices extends boolean = false> extends MaxPool<WithIndices> {
  constructor(kernelSize: PerDim, options: MaxPoolLayerOptions<WithIndices> = {}) {
    super(2, kernelSize, options);
  }

  override forward(x: Tensor): MaxPoolOutput<WithIndices> {
    return this.pooled(x, maxPool2d, maxPool2dWithIndices);
  }
}

/**
 * The largest element of each window over the last three dimensions; see `maxPool3d`. With `returnIndices`, `forward` gives the
 * maxima and their places.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 * @throws {ShapeError} in `forward`, for another number of dimensions.
 */
export class MaxPool3d<WithIndices extends boolean = false> extends MaxPool<WithIndices> {
  constructor(kernelSize: PerDim, options: MaxPoolLayerOptions<WithIndices> = {}) {
    super(3, kernelSize, options);
  }

  override forward(x: Tensor): MaxPoolOutput<WithIndices> {
    return this.pooled(x, maxPool3d, maxPool3dWithIndices);
  }
}

/**
 * Puts maxima back into their places among zeros: `forward(values, indices, outputSize?)` with what a {@link MaxPool1d}
 * with `returnIndices` gave; see `maxUnpool1d`.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 */
export class MaxUnpool1d extends MaxUnpool {
  constructor(kernelSize: PerDim, options: Omit<MaxUnpoolOptions, "outputSize"> = {}) {
    super(1, kernelSize, options);
  }

  override forward(x: Tensor, indices: Tensor, outputSize?: Shape): Tensor {
    return this.unpooled(x, indices, outputSize, maxUnpool1d);
  }
}

/**
 * Puts maxima back into their places among zeros: `forward(values, indices, outputSize?)` with what a {@link MaxPool2d}
 * with `returnIndices` gave; see `maxUnpool2d`.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 */
export class MaxUnpool2d extends MaxUnpool {
  constructor(kernelSize: PerDim, options: Omit<MaxUnpoolOptions, "outputSize"> = {}) {
    super(2, kernelSize, options);
  }

  override forward(x: Tensor, indices: Tensor, outputSize?: Shape): Tensor {
    return this.unpooled(x, indices, outputSize, maxUnpool2d);
  }
}

/**
 * Puts maxima back into their places among zeros: `forward(values, indices, outputSize?)` with what a {@link MaxPool3d}
 * with `returnIndices` gave; see `maxUnpool3d`.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 */
export class MaxUnpool3d extends MaxUnpool {
  constructor(kernelSize: PerDim, options: Omit<MaxUnpoolOptions, "outputSize"> = {}) {
    super(3, kernelSize, options);
  }

  override forward(x: Tensor, indices: Tensor, outputSize?: Shape): Tensor {
    return this.unpooled(x, indices, outputSize, maxUnpool3d);
  }
}

/**
 * The mean of each window over the last dimension; see `avgPool1d`.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 */
export class AvgPool1d extends Pool<Omit<AvgPoolOptions, "divisorOverride">> {
  constructor(kernelSize: PerDim, options: Omit<AvgPoolOptions, "divisorOverride"> = {}) {
    super(1, kernelSize, options, ["stride", "padding", "ceilMode", "countIncludePad"]);
  }

  override forward(x: Tensor): Tensor {
    return avgPool1d(x, this.kernelSize, this.options);
  }
}

/**
 * The mean of each window over the last two dimensions; see `avgPool2d`.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 */
export class AvgPool2d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: PerDim, options: AvgPoolOptions = {}) {
    super(2, kernelSize, options, [
      "stride",
      "padding",
      "ceilMode",
      "countIncludePad",
      "divisorOverride",
    ]);
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this.options);
  }
}

/**
 * The mean of each window over the last three dimensions; see `avgPool3d`.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 */
export class AvgPool3d extends Pool<AvgPoolOptions> {
  constructor(kernelSize: PerDim, options: AvgPoolOptions = {}) {
    super(3, kernelSize, options, [
      "stride",
      "padding",
      "ceilMode",
      "countIncludePad",
      "divisorOverride",
    ]);
  }

  override forward(x: Tensor): Tensor {
    return avgPool3d(x, this.kernelSize, this.options);
  }
}

/**
 * (Σ xᵖ)^(1/p) over each window of the last dimension, with p = `normType`; see `lpPool1d`.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 */
export class LPPool1d extends LPPool {
  constructor(normType: number, kernelSize: PerDim, options: LpPoolOptions = {}) {
    super(1, normType, kernelSize, options);
  }

  override forward(x: Tensor): Tensor {
    return lpPool1d(x, this.normType, this.kernelSize, this.options);
  }
}

/**
 * (Σ xᵖ)^(1/p) over each window of the last two dimensions, with p = `normType`; see `lpPool2d`.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 */
export class LPPool2d extends LPPool {
  constructor(normType: number, kernelSize: PerDim, options: LpPoolOptions = {}) {
    super(2, normType, kernelSize, options);
  }

  override forward(x: Tensor): Tensor {
    return lpPool2d(x, this.normType, this.kernelSize, this.options);
  }
}

/**
 * (Σ xᵖ)^(1/p) over each window of the last three dimensions, with p = `normType`; see `lpPool3d`.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 */
export class LPPool3d extends LPPool {
  constructor(normType: number, kernelSize: PerDim, options: LpPoolOptions = {}) {
    super(3, normType, kernelSize, options);
  }

  override forward(x: Tensor): Tensor {
    return lpPool3d(x, this.normType, this.kernelSize, this.options);
  }
}

/**
 * Means over as many windows along the last dimension as `outputSize` says (`null` keeps a length); see `adaptiveAvgPool1d`.
 *
 * @throws {ArgumentError} for an output size that is none.
 */
export class AdaptiveAvgPool1d extends AdaptivePool {
  constructor(outputSize: OutputSize) {
    super(1, outputSize);
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.outputSize);
  }
}

/**
 * Means over as many windows along the last two dimensions as `outputSize` says (`null` keeps a length); see `adaptiveAvgPool2d`.
 *
 * @throws {ArgumentError} for an output size that is none.
 * @example
 * import { ones } from "@chainrule/core";
 * import { AdaptiveAvgPool2d } from "@chainrule/nn";
 * new AdaptiveAvgPool2d([null, 3]).forward(ones([5, 8, 7, 9])).shape; // → [ 5, 8, 7, 3 ]
 */
export class AdaptiveAvgPool2d extends AdaptivePool {
  constructor(outputSize: OutputSize) {
    super(2, outputSize);
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }
}

/**
 * Means over as many windows along the last three dimensions as `outputSize` says (`null` keeps a length); see `adaptiveAvgPool3d`.
 *
 * @throws {ArgumentError} for an output size that is none.
 */
export class AdaptiveAvgPool3d extends AdaptivePool {
  constructor(outputSize: OutputSize) {
    super(3, outputSize);
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool3d(x, this.outputSize);
  }
}

/**
 * Maxima over as many windows along the last dimension as `outputSize` says (`null` keeps a length); see `adaptiveMaxPool1d`.
 * With `returnIndices`, `forward` gives the maxima and their places.
 *
 * @throws {ArgumentError} for unknown options, and an output size that is none.
 */
export class AdaptiveMaxPool1d<
  WithIndices extends boolean = false,
> extends AdaptiveMaxPool<WithIndices> {
  constructor(outputSize: OutputSize, options: AdaptiveMaxPoolOptions<WithIndices> = {}) {
    super(1, outputSize, options);
  }

  override forward(x: Tensor): MaxPoolOutput<WithIndices> {
    return this.pooled(x, adaptiveMaxPool1d, adaptiveMaxPool1dWithIndices);
  }
}

/**
 * Maxima over as many windows along the last two dimensions as `outputSize` says (`null` keeps a length); see `adaptiveMaxPool2d`.
 * With `returnIndices`, `forward` gives the maxima and their places.
 *
 * @throws {ArgumentError} for unknown options, and an output size that is none.
 */
export class AdaptiveMaxPool2d<
  WithIndices extends boolean = false,
> extends AdaptiveMaxPool<WithIndices> {
  constructor(outputSize: OutputSize, options: AdaptiveMaxPoolOptions<WithIndices> = {}) {
    super(2, outputSize, options);
  }

  override forward(x: Tensor): MaxPoolOutput<WithIndices> {
    return this.pooled(x, adaptiveMaxPool2d, adaptiveMaxPool2dWithIndices);
  }
}

/**
 * Maxima over as many windows along the last three dimensions as `outputSize` says (`null` keeps a length); see `adaptiveMaxPool3d`.
 * With `returnIndices`, `forward` gives the maxima and their places.
 *
 * @throws {ArgumentError} for unknown options, and an output size that is none.
 */
export class AdaptiveMaxPool3d<
  WithIndices extends boolean = false,
> extends AdaptiveMaxPool<WithIndices> {
  constructor(outputSize: OutputSize, options: AdaptiveMaxPoolOptions<WithIndices> = {}) {
    super(3, outputSize, options);
  }

  override forward(x: Tensor): MaxPoolOutput<WithIndices> {
    return this.pooled(x, adaptiveMaxPool3d, adaptiveMaxPool3dWithIndices);
  }
}
