/**
 * Affine maps.
 */
import type { Tensor } from "@chainrule/core";
import { bilinear, checkBoolean, checkInteger, checkOptions, linear } from "@chainrule/core";
import { Module } from "../module.ts";
import type { RandomParameterOptions } from "./parameters.ts";
import { inverseRoot, randomParameterOptions, uniformParameter } from "./parameters.ts";

/** Options of {@link Linear} and {@link Bilinear}. */
export interface LinearOptions extends RandomParameterOptions {
  /** Whether a bias is added; true unless given. */
  bias?: boolean;
}

/**
 * y = x·Wᵀ + b, over the last dimension of x: shape [*, inFeatures] becomes [*, outFeatures].
 *
 * `weight` has shape [outFeatures, inFeatures], `bias` [outFeatures]; both begin uniform in ±1/√inFeatures. Two layers
 * share their weights when they are given the same: `head.weight = embedding.weight`.
 *
 * @throws {ArgumentError} for sizes that are no whole numbers of at least 0, and unknown options.
 * @throws {ShapeError} in `forward`, when the last dimension of x is not inFeatures.
 * @example
 * import { ones } from "@chainrule/core";
 * import { Linear } from "@chainrule/nn";
 * const layer = new Linear(3, 2);
 * layer.forward(ones([5, 3])).shape; // → [ 5, 2 ]
 * layer; // → Linear(inFeatures=3, outFeatures=2, bias=true)
 */
export class Linear extends Module {
  static override readonly isConfined = true;

  readonly inFeatures: number;
  readonly outFeatures: number;
  weight: Tensor;
  bias: Tensor | null;

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    checkOptions("Linear", options, ["bias", ...randomParameterOptions]);
    this.inFeatures = checkInteger("Linear", "inFeatures", inFeatures, 0);
    this.outFeatures = checkInteger("Linear", "outFeatures", outFeatures, 0);
    const hasBias = checkBoolean("Linear", "bias", options.bias, true);
    const bound = inverseRoot(inFeatures);
    this.weight = uniformParameter([outFeatures, inFeatures], bound, options);
    this.bias = hasBias ? uniformParameter([outFeatures], bound, options) : null;
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `inFeatures=${this.inFeatures}, outFeatures=${this.outFeatures}, bias=${this.bias !== null}`;
  }
}

/**
 * yₒ = x₁ᵀ·Wₒ·x₂ + bₒ, over the last dimensions: shapes [*, in1Features] and [*, in2Features] become [*, outFeatures].
 *
 * `weight` has shape [outFeatures, in1Features, in2Features], `bias` [outFeatures]; both begin uniform in ±1/√in1Features.
 *
 * @throws {ArgumentError} for sizes that are no whole numbers of at least 0, and unknown options.
 * @throws {ShapeError} in `forward`, when the inputs have other features, or other leading dimensions than one another.
 * @example
 * import { ones } from "@chainrule/core";
 * import { Bilinear } from "@chainrule/nn";
 * new Bilinear(3, 4, 2).forward(ones([5, 3]), ones([5, 4])).shape; // → [ 5, 2 ]
 */
export class Bilinear extends Module {
  static override readonly isConfined = true;

  readonly in1Features: number;
  readonly in2Features: number;
  readonly outFeatures: number;
  weight: Tensor;
  bias: Tensor | null;

  constructor(
    in1Features: number,
    in2Features: number,
    outFeatures: number,
    options: LinearOptions = {},
  ) {
    super();
    checkOptions("Bilinear", options, ["bias", ...randomParameterOptions]);
    this.in1Features = checkInteger("Bilinear", "in1Features", in1Features, 0);
    this.in2Features = checkInteger("Bilinear", "in2Features", in2Features, 0);
    this.outFeatures = checkInteger("Bilinear", "outFeatures", outFeatures, 0);
    const hasBias = checkBoolean("Bilinear", "bias", options.bias, true);
    const bound = inverseRoot(in1Features);
    this.weight = uniformParameter([outFeatures, in1Features, in2Features], bound, options);
    this.bias = hasBias ? uniformParameter([outFeatures], bound, options) : null;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return bilinear(x1, x2, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `in1Features=${this.in1Features}, in2Features=${this.in2Features}, outFeatures=${this.outFeatures}, bias=${this.bias !== null}`;
  }
}
