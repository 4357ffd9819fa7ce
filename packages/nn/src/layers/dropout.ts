/**
 * Dropout.
 */
import type { Generator, Tensor } from "@chainrule/core";
import { ArgumentError, checkNumber, checkOptions, mul, rand, where } from "@chainrule/core";
import { Module } from "../module.ts";

/** Options of {@link Dropout}. */
export interface DropoutOptions {
  /** The probability of each element to be dropped; 0.5 unless given. */
  p?: number;
  /** Where the choice comes from; the default generator unless given. */
  generator?: Generator;
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
export class Dropout extends Module {
  readonly p: number;
  private readonly generator: Generator | undefined;

  constructor(options: DropoutOptions = {}) {
    super();
    checkOptions("Dropout", options, ["p", "generator"]);
    const { p = 0.5, generator } = options;
    checkNumber("Dropout", "p", p);
    if (p < 0 || p > 1) {
      throw new ArgumentError(`Dropout: p is a probability, from 0 to 1, not ${p}.`, { p });
    }
    this.p = p;
    this.generator = generator;
  }

  override forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    const draw = this.generator === undefined ? {} : { generator: this.generator };
    const kept = rand(x.shape, draw).ge(this.p);
    return mul(x, where(kept, this.p === 1 ? 0 : 1 / (1 - this.p), 0).to(x.dtype));
  }

  override extraRepr(): string {
    return `p=${this.p}`;
  }
}
