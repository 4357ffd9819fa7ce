/**
 * Activation functions along a dimension as layers. Each does what the function of its name does, and takes the same options.
 */
import type { Tensor } from "@chainrule/core";
import {
  checkTensor,
  formatShape,
  glu,
  logSoftmax,
  ShapeError,
  softmax,
  softmin,
} from "@chainrule/core";
import { Module } from "../module.ts";

/** What those along a dimension share. */
abstract class AlongDimension extends Module {
  readonly dim: number;

  /** @param dim The dimension; negative ones count from the end. */
  constructor(dim: number) {
    super();
    this.dim = dim;
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** The first half of a dimension times σ of the second; see `glu`. */
export class GLU extends Module {
  static override readonly isConfined = true;

  readonly dim: number;

  /** @param dim The dimension; the last unless given. */
  constructor(dim = -1) {
    super();
    this.dim = dim;
  }

  override forward(x: Tensor): Tensor {
    return glu(x, this.dim);
  }

  override extraRepr(): string {
    return `dim=${this.dim}`;
  }
}

/** Exponentials along a dimension, divided by their sum; see `softmax`. */
export class Softmax extends AlongDimension {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return softmax(x, this.dim);
  }
}

/**
 * The softmax over the channels of images, [N, C, H, W] or [C, H, W], at each place by itself.
 *
 * @throws {ShapeError} in `forward`, for another number of dimensions.
 */
export class Softmax2d extends Module {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    checkTensor("Softmax2d", x);
    if (x.ndim !== 3 && x.ndim !== 4) {
      throw new ShapeError(
        `Softmax2d: expected [N, C, H, W] or [C, H, W], not shape ${formatShape(x.shape)}.`,
        { shape: x.shape },
      );
    }
    return softmax(x, -3);
  }
}

/** The logarithm of the softmax; see `logSoftmax`. */
export class LogSoftmax extends AlongDimension {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return logSoftmax(x, this.dim);
  }
}

/** The softmax of −x; see `softmin`. */
export class Softmin extends AlongDimension {
  static override readonly isConfined = true;

  override forward(x: Tensor): Tensor {
    return softmin(x, this.dim);
  }
}
