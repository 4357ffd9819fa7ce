/**
 * Layers that change the resolution of images, and that cut them into patches.
 */
import type {
  InterpolateOptions,
  InterpolationMode,
  PerDim,
  Tensor,
  UnfoldOptions,
} from "@chainrule/core";
import {
  ArgumentError,
  channelShuffle,
  checkInteger,
  checkOptions,
  fold,
  interpolate,
  pixelShuffle,
  pixelUnshuffle,
  quoted,
  readPerDim,
  unfold,
} from "@chainrule/core";
import { Module } from "../module.ts";
import { described } from "./parameters.ts";

const interpolationModes: readonly InterpolationMode[] = [
  "nearest",
  "nearest-exact",
  "area",
  "linear",
  "bilinear",
  "trilinear",
  "bicubic",
];

/**
 * Makes images larger or smaller: [N, C, *] by `size` or `scaleFactor`, in the mode "nearest" unless given; see
 * `interpolate`.
 *
 * @throws {ArgumentError} without a size or factor, with both, and for unknown options and modes.
 * @throws {ShapeError} in `forward`, for an input of the wrong number of dimensions.
 * @example
 * import { ones } from "@chainrule/core";
 * import { Upsample } from "@chainrule/nn";
 * new Upsample({ scaleFactor: 2, mode: "bilinear" }).forward(ones([1, 3, 4, 4])).shape; // → [ 1, 3, 8, 8 ]
 */
export class Upsample extends Module {
  static override readonly isConfined = true;

  readonly options: Readonly<InterpolateOptions>;

  constructor(options: InterpolateOptions) {
    super();
    const known = ["size", "scaleFactor", "mode", "alignCorners", "recomputeScaleFactor"];
    const { name } = this.constructor;
    checkOptions(name, options ?? {}, known);
    const { size = null, scaleFactor = null } = options ?? {};
    if ((size === null) === (scaleFactor === null)) {
      throw new ArgumentError(
        `${name}: give either size or scaleFactor, ${size === null ? "but neither is there" : "not both"}.`,
        { size, scaleFactor },
      );
    }
    const { mode = "nearest" } = options;
    if (!interpolationModes.includes(mode)) {
      throw new ArgumentError(
        `${name}: unknown mode ${quoted(mode)}. Known: ${interpolationModes.join(", ")}.`,
        { mode },
      );
    }
    this.options = options;
  }

  override forward(x: Tensor): Tensor {
    return interpolate(x, this.options);
  }

  override extraRepr(): string {
    return described(this.options);
  }
}

/** {@link Upsample} with the nearest element, for [N, C, H, W]. */
export class UpsamplingNearest2d extends Upsample {
  static override readonly isConfined = true;

  constructor(options: Pick<InterpolateOptions, "size" | "scaleFactor">) {
    checkOptions("UpsamplingNearest2d", options ?? {}, ["size", "scaleFactor"]);
    super({ ...options, mode: "nearest" });
  }
}

/** {@link Upsample} with straight lines between the elements, the corners in their places, for [N, C, H, W]. */
export class UpsamplingBilinear2d extends Upsample {
  static override readonly isConfined = true;

  constructor(options: Pick<InterpolateOptions, "size" | "scaleFactor">) {
    checkOptions("UpsamplingBilinear2d", options ?? {}, ["size", "scaleFactor"]);
    super({ ...options, mode: "bilinear", alignCorners: true });
  }
}

/**
 * Channels spread over places: [*, C·r², H, W] becomes [*, C, H·r, W·r]; see `pixelShuffle`.
 *
 * @throws {ArgumentError} for a factor that is no whole number of at least 1.
 * @throws {ShapeError} in `forward`, when the channels are no multiple of r².
 * @example
 * import { ones } from "@chainrule/core";
 * import { PixelShuffle } from "@chainrule/nn";
 * new PixelShuffle(2).forward(ones([1, 8, 3, 3])).shape; // → [ 1, 2, 6, 6 ]
 */
export class PixelShuffle extends Module {
  static override readonly isConfined = true;

  readonly upscaleFactor: number;

  constructor(upscaleFactor: number) {
    super();
    this.upscaleFactor = checkInteger("PixelShuffle", "upscaleFactor", upscaleFactor, 1);
  }

  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor);
  }

  override extraRepr(): string {
    return `upscaleFactor=${this.upscaleFactor}`;
  }
}

/**
 * Places gathered into channels: [*, C, H·r, W·r] becomes [*, C·r², H, W]; see `pixelUnshuffle`.
 *
 * @throws {ArgumentError} for a factor that is no whole number of at least 1.
 * @throws {ShapeError} in `forward`, when height or width are no multiples of r.
 */
export class PixelUnshuffle extends Module {
  static override readonly isConfined = true;

  readonly downscaleFactor: number;

  constructor(downscaleFactor: number) {
    super();
    this.downscaleFactor = checkInteger("PixelUnshuffle", "downscaleFactor", downscaleFactor, 1);
  }

  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor);
  }

  override extraRepr(): string {
    return `downscaleFactor=${this.downscaleFactor}`;
  }
}

/**
 * Channels mixed across groups; see `channelShuffle`.
 *
 * @throws {ArgumentError} for groups that are no whole number of at least 1.
 * @throws {ShapeError} in `forward`, when the channels do not fall into groups.
 */
export class ChannelShuffle extends Module {
  static override readonly isConfined = true;

  readonly groups: number;

  constructor(groups: number) {
    super();
    this.groups = checkInteger("ChannelShuffle", "groups", groups, 1);
  }

  override forward(x: Tensor): Tensor {
    return channelShuffle(x, this.groups);
  }

  override extraRepr(): string {
    return `groups=${this.groups}`;
  }
}

const patchOptions = ["dilation", "padding", "stride"];

/**
 * The patches of an image as columns: [N, C, H, W] becomes [N, C·kh·kw, L], one column for each of L places; see `unfold`.
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @throws {ShapeError} in `forward`, for patches that are larger than the image.
 * @example
 * import { ones } from "@chainrule/core";
 * import { Unfold } from "@chainrule/nn";
 * new Unfold(2).forward(ones([1, 3, 4, 4])).shape; // → [ 1, 12, 9 ]
 */
export class Unfold extends Module {
  static override readonly isConfined = true;

  readonly kernelSize: readonly number[];
  readonly options: Readonly<UnfoldOptions>;

  constructor(kernelSize: PerDim, options: UnfoldOptions = {}) {
    super();
    checkOptions("Unfold", options, patchOptions);
    this.kernelSize = readPerDim("Unfold", "kernelSize", kernelSize, 2, 1);
    this.options = options;
  }

  override forward(x: Tensor): Tensor {
    return unfold(x, this.kernelSize, this.options);
  }

  override extraRepr(): string {
    return described({ kernelSize: this.kernelSize, ...this.options });
  }
}

/**
 * Patches added up into an image of the spatial lengths `outputSize`: [N, C·kh·kw, L] becomes [N, C, H, W]; see `fold`.
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @throws {ShapeError} in `forward`, when there are more or fewer columns than places.
 */
export class Fold extends Module {
  static override readonly isConfined = true;

  readonly outputSize: readonly number[];
  readonly kernelSize: readonly number[];
  readonly options: Readonly<UnfoldOptions>;

  constructor(outputSize: PerDim, kernelSize: PerDim, options: UnfoldOptions = {}) {
    super();
    checkOptions("Fold", options, patchOptions);
    this.outputSize = readPerDim("Fold", "outputSize", outputSize, 2, 1);
    this.kernelSize = readPerDim("Fold", "kernelSize", kernelSize, 2, 1);
    this.options = options;
  }

  override forward(x: Tensor): Tensor {
    return fold(x, this.outputSize, this.kernelSize, this.options);
  }

  override extraRepr(): string {
    return described({
      outputSize: this.outputSize,
      kernelSize: this.kernelSize,
      ...this.options,
    });
  }
}
