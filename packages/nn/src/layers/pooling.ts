/**
 * Pools, as layers. Each does what the function of its name does, and takes the same options.
 */
import type { AvgPoolOptions, LpPoolOptions, PerDim, Tensor } from "@chainrule/core";
import {
  avgPool1d,
  avgPool2d,
  avgPool3d,
  checkNumber,
  checkOptions,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  readPerDim,
} from "@chainrule/core";
import { Module } from "../module.ts";
import { described } from "./parameters.ts";

/** What moving windows share: a kernel size that is checked at once, and options that are kept and shown. */
export abstract class Pool<Options extends { stride?: PerDim | null | undefined }> extends Module {
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

/**
 * The mean of each window over the last dimension; see `avgPool1d`.
 *
 * @throws {ArgumentError} for unknown options and sizes that are none.
 */
export class AvgPool1d extends Pool<Omit<AvgPoolOptions, "divisorOverride">> {
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

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
  static override readonly isConfined = true;

  constructor(normType: number, kernelSize: PerDim, options: LpPoolOptions = {}) {
    super(3, normType, kernelSize, options);
  }

  override forward(x: Tensor): Tensor {
    return lpPool3d(x, this.normType, this.kernelSize, this.options);
  }
}
