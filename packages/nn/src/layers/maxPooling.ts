/**
 * Pools of maxima and their inverses, as layers. Each does what the function of its name does, and takes the same options.
 */
import type {
  MaxPooled,
  MaxPoolOptions,
  MaxUnpoolOptions,
  PerDim,
  Shape,
  Tensor,
} from "@chainrule/core";
import {
  checkBoolean,
  maxPool1d,
  maxPool1dWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
  maxPool3d,
  maxPool3dWithIndices,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
} from "@chainrule/core";
import { Pool } from "./pooling.ts";

/** Options of the layers {@link MaxPool1d}, {@link MaxPool2d} and {@link MaxPool3d}. */
export interface MaxPoolLayerOptions<WithIndices extends boolean = boolean> extends MaxPoolOptions {
  /** Whether the places of the maxima are given as well, for {@link MaxUnpool2d} and its kin; false unless given. */
  returnIndices?: WithIndices;
}

/** The maxima, with their places if they were asked for. */
export type MaxPoolOutput<WithIndices extends boolean> = WithIndices extends true
  ? readonly [values: Tensor, indices: Tensor]
  : Tensor;

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

/** Maxima and their places as a pair. */
export function pairOf({ values, indices }: MaxPooled): readonly [Tensor, Tensor] {
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

/**
 * The largest element of each window over the last dimension; see `maxPool1d`. With `returnIndices`, `forward` gives the
 * maxima and their places.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 * @throws {ShapeError} in `forward`, for another number of dimensions.
 */
export class MaxPool1d<WithIndices extends boolean = false> extends MaxPool<WithIndices> {
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

  constructor(kernelSize: PerDim, options: Omit<MaxUnpoolOptions, "outputSize"> = {}) {
    super(3, kernelSize, options);
  }

  override forward(x: Tensor, indices: Tensor, outputSize?: Shape): Tensor {
    return this.unpooled(x, indices, outputSize, maxUnpool3d);
  }
}
