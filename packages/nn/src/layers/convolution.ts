/**
 * Convolutions.
 */
import type { PerDim, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkOptions,
  conv1d,
  conv2d,
  conv3d,
  pad,
  quoted,
  readPerDim,
} from "@chainrule/core";
import { Module } from "../module.ts";
import type { RandomParameterOptions } from "./parameters.ts";
import { described, inverseRoot, randomParameterOptions, uniformParameter } from "./parameters.ts";

/** What stands around an image for a convolution: zeros, or a copy of what is in it. */
export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

/** Options of {@link Conv1d}, {@link Conv2d} and {@link Conv3d}. */
export interface ConvLayerOptions extends RandomParameterOptions {
  /** The step of the kernel, in all dimensions or in each; 1 unless given. */
  stride?: PerDim;
  /** How much is added on both sides, 0 unless given; `"same"` keeps the lengths (stride 1 only), `"valid"` adds nothing. */
  padding?: PerDim | "same" | "valid";
  /** The distance between neighbouring elements under the kernel; 1 unless given. */
  dilation?: PerDim;
  /** Channels fall into so many groups, each convolved by itself; 1 unless given. */
  groups?: number;
  /** Whether a bias is added; true unless given. */
  bias?: boolean;
  /** What is added on the sides; "zeros" unless given. */
  paddingMode?: PaddingMode;
}

const paddingModes: readonly string[] = ["zeros", "reflect", "replicate", "circular"];

type ConvolutionFunction = typeof conv1d;

/** What the convolutions share: they differ in the number of spatial dimensions. */
abstract class Convolution extends Module {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | "same" | "valid";
  readonly dilation: readonly number[];
  readonly groups: number;
  readonly paddingMode: PaddingMode;
  weight: Tensor;
  bias: Tensor | null;

  protected constructor(
    rank: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    options: ConvLayerOptions,
  ) {
    super();
    const { name } = this.constructor;
    checkOptions(name, options, [
      "stride",
      "padding",
      "dilation",
      "groups",
      "bias",
      "paddingMode",
      ...randomParameterOptions,
    ]);
    const { stride = 1, padding = 0, dilation = 1, groups = 1, paddingMode = "zeros" } = options;
    this.groups = checkInteger(name, "groups", groups, 1);
    this.inChannels = checkChannelCount(name, "inChannels", inChannels, groups);
    this.outChannels = checkChannelCount(name, "outChannels", outChannels, groups);
    this.kernelSize = readPerDim(name, "kernelSize", kernelSize, rank, 1);
    this.stride = readPerDim(name, "stride", stride, rank, 1);
    this.dilation = readPerDim(name, "dilation", dilation, rank, 1);
    this.padding =
      padding === "same" || padding === "valid"
        ? padding
        : readPerDim(name, "padding", padding, rank, 0);
    if (padding === "same" && this.stride.some((step) => step !== 1)) {
      throw new ArgumentError(
        `${name}: padding "same" needs stride 1, not ${quoted(stride)}. Give the padding as numbers.`,
        { padding, stride },
      );
    }
    if (!paddingModes.includes(paddingMode)) {
      throw new ArgumentError(
        `${name}: unknown paddingMode ${quoted(paddingMode)}. Known: ${paddingModes.join(", ")}.`,
        { paddingMode },
      );
    }
    this.paddingMode = paddingMode;
    const hasBias = checkBoolean(name, "bias", options.bias, true);
    const shape = [outChannels, inChannels / groups, ...this.kernelSize];
    const bound = inverseRoot(shape.slice(1).reduce((product, length) => product * length, 1));
    this.weight = uniformParameter(shape, bound, options);
    this.bias = hasBias ? uniformParameter([outChannels], bound, options) : null;
  }

  /** The convolution with the layer's parameters and options. */
  protected convolve(convolution: ConvolutionFunction, x: Tensor): Tensor {
    const { stride, dilation, groups, paddingMode } = this;
    const options = { stride, dilation, groups };
    if (paddingMode === "zeros") {
      return convolution(x, this.weight, this.bias, { ...options, padding: this.padding });
    }
    const padded = pad(x, this.amounts(), { mode: paddingMode });
    return convolution(padded, this.weight, this.bias, options);
  }

  /** How much is added before and after, the last dimension first. */
  private amounts(): number[] {
    return this.kernelSize
      .map((length, i) => {
        if (this.padding === "valid") return [0, 0];
        if (this.padding !== "same") return [this.padding[i]!, this.padding[i]!];
        const total = this.dilation[i]! * (length - 1);
        return [Math.floor(total / 2), Math.ceil(total / 2)];
      })
      .reverse()
      .flat();
  }

  override extraRepr(): string {
    const { inChannels, outChannels, kernelSize, stride, padding, dilation, groups } = this;
    const isOne = (list: readonly number[]): boolean => list.every((n) => n === 1);
    return described({
      inChannels,
      outChannels,
      kernelSize,
      stride,
      padding: Array.isArray(padding) && padding.every((n) => n === 0) ? undefined : padding,
      dilation: isOne(dilation) ? undefined : dilation,
      groups: groups === 1 ? undefined : groups,
      bias: this.bias === null ? false : undefined,
      paddingMode: this.paddingMode === "zeros" ? undefined : this.paddingMode,
    });
  }
}

/** Channels that fall into groups of equal size. */
export function checkChannelCount(
  where: string,
  name: string,
  channels: number,
  groups: number,
): number {
  checkInteger(where, name, channels, 1);
  if (channels % groups !== 0) {
    throw new ArgumentError(
      `${where}: ${name} ${channels} does not fall into ${groups} equal groups.`,
      { [name]: channels, groups },
    );
  }
  return channels;
}

/**
 * Cross-correlation over one dimension: [N, inChannels, L] (or without N) becomes [N, outChannels, L′], see `conv1d`.
 *
 * `weight` has shape [outChannels, inChannels/groups, k], `bias` [outChannels]; both begin uniform in ±1/√fan, with
 * fan = inChannels/groups · k.
 *
 * @throws {ArgumentError} for sizes that are none, channels that do not fall into groups, and unknown options.
 * @throws {ShapeError} in `forward`, for another number of channels or dimensions.
 * @example
 * import { ones } from "@chainrule/core";
 * import { Conv1d } from "@chainrule/nn";
 * new Conv1d(2, 4, 3, { padding: 1 }).forward(ones([5, 2, 8])).shape; // → [ 5, 4, 8 ]
 */
export class Conv1d extends Convolution {
  static override readonly isConfined = true;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    options: ConvLayerOptions = {},
  ) {
    super(1, inChannels, outChannels, kernelSize, options);
  }

  override forward(x: Tensor): Tensor {
    return this.convolve(conv1d, x);
  }
}

/**
 * Cross-correlation over two dimensions: [N, inChannels, H, W] (or without N) becomes [N, outChannels, H′, W′], see
 * `conv2d`. Parameters as of {@link Conv1d}.
 *
 * @throws {ArgumentError} for sizes that are none, channels that do not fall into groups, and unknown options.
 * @throws {ShapeError} in `forward`, for another number of channels or dimensions.
 * @example
 * import { ones } from "@chainrule/core";
 * import { Conv2d } from "@chainrule/nn";
 * new Conv2d(1, 8, 3, { stride: 2 }).forward(ones([5, 1, 9, 9])).shape; // → [ 5, 8, 4, 4 ]
 * new Conv2d(1, 8, [3, 5], { padding: "same" });
 * // → Conv2d(inChannels=1, outChannels=8, kernelSize=[3, 5], stride=[1, 1], padding=same)
 */
export class Conv2d extends Convolution {
  static override readonly isConfined = true;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    options: ConvLayerOptions = {},
  ) {
    super(2, inChannels, outChannels, kernelSize, options);
  }

  override forward(x: Tensor): Tensor {
    return this.convolve(conv2d, x);
  }
}

/**
 * Cross-correlation over three dimensions: [N, inChannels, D, H, W] (or without N) becomes [N, outChannels, D′, H′, W′],
 * see `conv3d`. Parameters as of {@link Conv1d}.
 *
 * @throws {ArgumentError} for sizes that are none, channels that do not fall into groups, and unknown options.
 * @throws {ShapeError} in `forward`, for another number of channels or dimensions.
 * @example
 * import { ones } from "@chainrule/core";
 * import { Conv3d } from "@chainrule/nn";
 * new Conv3d(1, 2, 2).forward(ones([1, 1, 4, 4, 4])).shape; // → [ 1, 2, 3, 3, 3 ]
 */
export class Conv3d extends Convolution {
  static override readonly isConfined = true;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerDim,
    options: ConvLayerOptions = {},
  ) {
    super(3, inChannels, outChannels, kernelSize, options);
  }

  override forward(x: Tensor): Tensor {
    return this.convolve(conv3d, x);
  }
}
