/**
 * Transposed convolutions, which make larger what convolutions make smaller.
 */
import type { PerDim, Shape, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkOptions,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  formatShape,
  readPerDim,
  ShapeError,
} from "@chainrule/core";
import { Module } from "../module.ts";
import { checkChannelCount } from "./convolution.ts";
import type { RandomParameterOptions } from "./parameters.ts";
import { described, inverseRoot, randomParameterOptions, uniformParameter } from "./parameters.ts";

/** Options of {@link ConvTranspose1d}, {@link ConvTranspose2d} and {@link ConvTranspose3d}. */
export interface ConvTransposeLayerOptions extends RandomParameterOptions {
  /** The step between the places to which neighbouring elements go; 1 unless given. */
  stride?: PerDim;
  /** How many elements are cut off on both sides; 0 unless given. */
  padding?: PerDim;
  /** How many elements are added at the end, less than the stride or the dilation; 0 unless given. */
  outputPadding?: PerDim;
  /** Channels fall into so many groups, each treated by itself; 1 unless given. */
  groups?: number;
  /** Whether a bias is added; true unless given. */
  bias?: boolean;
  /** The distance between neighbouring elements under the kernel; 1 unless given. */
  dilation?: PerDim;
}

type TransposedFunction = typeof convTranspose1d;

/** What the transposed convolutions share: they differ in the number of spatial dimensions. */
abstract class TransposedConvolution extends Module {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly outputPadding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
  weight: Tensor;
  bias: Tensor | null;

  protected constructor(
    rank: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    options: ConvTransposeLayerOptions,
  ) {
    super();
    const { name } = this.constructor;
    checkOptions(name, options, [
      "stride",
      "padding",
      "outputPadding",
      "groups",
      "bias",
      "dilation",
      ...randomParameterOptions,
    ]);
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 } = options;
    this.groups = checkInteger(name, "groups", groups, 1);
    this.inChannels = checkChannelCount(name, "inChannels", inChannels, groups);
    this.outChannels = checkChannelCount(name, "outChannels", outChannels, groups);
    this.kernelSize = readPerDim(name, "kernelSize", kernelSize, rank, 1);
    this.stride = readPerDim(name, "stride", stride, rank, 1);
    this.padding = readPerDim(name, "padding", padding, rank, 0);
    this.outputPadding = readPerDim(name, "outputPadding", outputPadding, rank, 0);
    this.dilation = readPerDim(name, "dilation", dilation, rank, 1);
    for (let i = 0; i < rank; i++) {
      const limit = Math.max(this.stride[i]!, this.dilation[i]!);
      if (this.outputPadding[i]! >= limit) {
        throw new ArgumentError(
          `${name}: outputPadding ${this.outputPadding[i]} must be less than the stride or the dilation, that is less than ${limit}.`,
          { outputPadding, stride, dilation },
        );
      }
    }
    const hasBias = checkBoolean(name, "bias", options.bias, true);
    const shape = [inChannels, outChannels / groups, ...this.kernelSize];
    const bound = inverseRoot(shape.slice(1).reduce((product, length) => product * length, 1));
    this.weight = uniformParameter(shape, bound, options);
    this.bias = hasBias ? uniformParameter([outChannels], bound, options) : null;
  }

  /** The transposed convolution with the layer's parameters and options. */
  protected spread(
    transposed: TransposedFunction,
    x: Tensor,
    outputSize: Shape | undefined,
  ): Tensor {
    const { stride, padding, dilation, groups } = this;
    const outputPadding =
      outputSize === undefined ? this.outputPadding : this.paddingFor(x, outputSize);
    return transposed(x, this.weight, this.bias, {
      stride,
      padding,
      outputPadding,
      groups,
      dilation,
    });
  }

  /** The output padding that makes the result as long as is asked for: several lengths have the same convolution. */
  private paddingFor(x: Tensor, outputSize: Shape): number[] {
    const { name } = this.constructor;
    const rank = this.kernelSize.length;
    const isList = Array.isArray(outputSize) && outputSize.length >= rank;
    const wanted = isList ? outputSize.slice(-rank) : [];
    const lengths = x.shape.slice(-rank);
    const least = lengths.map(
      (length, i) =>
        (length - 1) * this.stride[i]! -
        2 * this.padding[i]! +
        this.dilation[i]! * (this.kernelSize[i]! - 1) +
        1,
    );
    const most = least.map(
      (length, i) => length + Math.max(this.stride[i]!, this.dilation[i]!) - 1,
    );
    const fits = wanted.every((length, i) => length >= least[i]! && length <= most[i]!);
    if (!isList || !fits) {
      throw new ShapeError(
        `${name}: outputSize ${isList ? formatShape(outputSize) : String(outputSize)} cannot be had from the input of shape ${formatShape(x.shape)}; lengths go from ${formatShape(least)} to ${formatShape(most)}.`,
        { outputSize, least, most },
      );
    }
    return wanted.map((length, i) => length - least[i]!);
  }

  override extraRepr(): string {
    const { inChannels, outChannels, kernelSize, stride, padding, outputPadding, groups } = this;
    const isZero = (list: readonly number[]): boolean => list.every((n) => n === 0);
    return described({
      inChannels,
      outChannels,
      kernelSize,
      stride,
      padding: isZero(padding) ? undefined : padding,
      outputPadding: isZero(outputPadding) ? undefined : outputPadding,
      dilation: this.dilation.every((n) => n === 1) ? undefined : this.dilation,
      groups: groups === 1 ? undefined : groups,
      bias: this.bias === null ? false : undefined,
    });
  }
}

/**
 * The adjoint of a convolution over one dimension: [N, inChannels, L] (or without N) becomes [N, outChannels, L′] with
 * L′ = (L − 1)·stride − 2·padding + dilation·(k − 1) + outputPadding + 1, see `convTranspose1d`.
 *
 * `weight` has shape [inChannels, outChannels/groups, k], `bias` [outChannels]; both begin uniform in ±1/√fan, with
 * fan = outChannels/groups · k. `forward(x, outputSize)` chooses the output padding so that the result gets these lengths.
 *
 * @throws {ArgumentError} for sizes that are none, channels that do not fall into groups, and unknown options.
 * @throws {ShapeError} in `forward`, for another number of channels, and an output size that cannot be had.
 * @example
 * import { ones } from "@chainrule/core";
 * import { ConvTranspose1d } from "@chainrule/nn";
 * const layer = new ConvTranspose1d(4, 2, 3, { stride: 2, padding: 1 });
 * layer.forward(ones([5, 4, 8])).shape; // → [ 5, 2, 15 ]
 * layer.forward(ones([5, 4, 8]), [16]).shape; // → [ 5, 2, 16 ]
 */
export class ConvTranspose1d extends TransposedConvolution {
  static override readonly isConfined = true;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    options: ConvTransposeLayerOptions = {},
  ) {
    super(1, inChannels, outChannels, kernelSize, options);
  }

  override forward(x: Tensor, outputSize?: Shape): Tensor {
    return this.spread(convTranspose1d, x, outputSize);
  }
}

/**
 * The adjoint of a convolution over two dimensions: [N, inChannels, H, W] becomes [N, outChannels, H′, W′]; as
 * {@link ConvTranspose1d}, see `convTranspose2d`.
 *
 * @throws {ArgumentError} for sizes that are none, channels that do not fall into groups, and unknown options.
 * @throws {ShapeError} in `forward`, for another number of channels, and an output size that cannot be had.
 * @example
 * import { ones } from "@chainrule/core";
 * import { ConvTranspose2d } from "@chainrule/nn";
 * new ConvTranspose2d(4, 1, 2, { stride: 2 }).forward(ones([5, 4, 4, 4])).shape; // → [ 5, 1, 8, 8 ]
 */
export class ConvTranspose2d extends TransposedConvolution {
  static override readonly isConfined = true;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    options: ConvTransposeLayerOptions = {},
  ) {
    super(2, inChannels, outChannels, kernelSize, options);
  }

  override forward(x: Tensor, outputSize?: Shape): Tensor {
    return this.spread(convTranspose2d, x, outputSize);
  }
}

/**
 * The adjoint of a convolution over three dimensions; as {@link ConvTranspose1d}, see `convTranspose3d`.
 *
 * @throws {ArgumentError} for sizes that are none, channels that do not fall into groups, and unknown options.
 * @throws {ShapeError} in `forward`, for another number of channels, and an output size that cannot be had.
 */
export class ConvTranspose3d extends TransposedConvolution {
  static override readonly isConfined = true;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    options: ConvTransposeLayerOptions = {},
  ) {
    super(3, inChannels, outChannels, kernelSize, options);
  }

  override forward(x: Tensor, outputSize?: Shape): Tensor {
    return this.spread(convTranspose3d, x, outputSize);
  }
}
