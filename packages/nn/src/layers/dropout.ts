/**
 * Dropout, as layers.
 */
import type { Generator, Tensor } from "@chainrule/core";
import {
  ArgumentError,
  alphaDropout,
  checkNumber,
  checkOptions,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
} from "@chainrule/core";
import { Module } from "../module.ts";

/** Options of the dropout layers. */
export interface DropoutLayerOptions {
  /** The probability of being dropped; 0.5 unless given. */
  p?: number;
  /** Where the choice comes from; the default generator unless given. */
  generator?: Generator;
}

/** What the kinds of dropout share: they differ in what is dropped together, and in what takes its place. */
abstract class Dropping extends Module {
  readonly p: number;
  private readonly options: { p: number; generator?: Generator };

  constructor(options: DropoutLayerOptions = {}) {
    super();
    const { name } = this.constructor;
    checkOptions(name, options, ["p", "generator"]);
    const { p = 0.5, generator } = options;
    checkNumber(name, "p", p);
    if (p < 0 || p > 1) {
      throw new ArgumentError(`${name}: p is a probability, from 0 to 1, not ${p}.`, { p });
    }
    this.p = p;
    this.options = generator === undefined ? { p } : { p, generator };
  }

  protected abstract drop(x: Tensor, options: { p: number; generator?: Generator }): Tensor;

  override forward(x: Tensor): Tensor {
    return this.training && this.p > 0 ? this.drop(x, this.options) : x;
  }

  override extraRepr(): string {
    return `p=${this.p}`;
  }
}

/**
 * While training, sets each element to 0 with probability p and divides the others by 1 − p, so that the expectation stays;
 * otherwise gives its input back. (Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
 * JMLR 15, 2014.)
 *
 * @throws {ArgumentError} for a p outside of [0, 1], and unknown options.
 * @example
 * import { ones } from "@chainrule/core";
 * import { Dropout } from "@chainrule/nn";
 * const layer = new Dropout({ p: 0.5 });
 * new Set(layer.forward(ones([100])).toTypedArray()).size; // → 2
 * layer.eval().forward(ones([3])); // → tensor([1, 1, 1])
 */
export class Dropout extends Dropping {
  static override readonly isConfined = true;

  protected override drop(x: Tensor, options: { p: number; generator?: Generator }): Tensor {
    return dropout(x, options);
  }
}

/** Drops whole channels of [samples, channels, length]; see `dropout1d`. */
export class Dropout1d extends Dropping {
  static override readonly isConfined = true;

  protected override drop(x: Tensor, options: { p: number; generator?: Generator }): Tensor {
    return dropout1d(x, options);
  }
}

/** Drops whole channels of [samples, channels, height, width]; see `dropout2d`. */
export class Dropout2d extends Dropping {
  static override readonly isConfined = true;

  protected override drop(x: Tensor, options: { p: number; generator?: Generator }): Tensor {
    return dropout2d(x, options);
  }
}

/** Drops whole channels of [samples, channels, depth, height, width]; see `dropout3d`. */
export class Dropout3d extends Dropping {
  static override readonly isConfined = true;

  protected override drop(x: Tensor, options: { p: number; generator?: Generator }): Tensor {
    return dropout3d(x, options);
  }
}

/** Dropout for networks of `SELU`; see `alphaDropout`. */
export class AlphaDropout extends Dropping {
  static override readonly isConfined = true;

  protected override drop(x: Tensor, options: { p: number; generator?: Generator }): Tensor {
    return alphaDropout(x, options);
  }
}

/** Dropout of whole channels for networks of `SELU`; see `featureAlphaDropout`. */
export class FeatureAlphaDropout extends Dropping {
  static override readonly isConfined = true;

  protected override drop(x: Tensor, options: { p: number; generator?: Generator }): Tensor {
    return featureAlphaDropout(x, options);
  }
}
