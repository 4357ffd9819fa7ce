/**
 * Pools that are told the size of their result, as layers.
 */
import type { OutputSize, Tensor } from "@chainrule/core";
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
  checkBoolean,
  checkInteger,
  checkOptions,
  quoted,
} from "@chainrule/core";
import { Module } from "../module.ts";
import type { MaxPoolOutput } from "./maxPooling.ts";
import { pairOf } from "./maxPooling.ts";
import { described } from "./parameters.ts";

/** Options of the adaptive maximum pools. */
export interface AdaptiveMaxPoolOptions<WithIndices extends boolean = boolean> {
  /** Whether the places of the maxima are given as well; false unless given. */
  returnIndices?: WithIndices;
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
 * Means over as many windows along the last dimension as `outputSize` says (`null` keeps a length); see `adaptiveAvgPool1d`.
 *
 * @throws {ArgumentError} for an output size that is none.
 */
export class AdaptiveAvgPool1d extends AdaptivePool {
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

  constructor(outputSize: OutputSize, options: AdaptiveMaxPoolOptions<WithIndices> = {}) {
    super(3, outputSize, options);
  }

  override forward(x: Tensor): MaxPoolOutput<WithIndices> {
    return this.pooled(x, adaptiveMaxPool3d, adaptiveMaxPool3dWithIndices);
  }
}
