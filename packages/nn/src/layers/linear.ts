/**
 * Affine maps.
 */
import type { DType, Generator, Tensor } from "@chainrule/core";
import { checkInteger, checkOptions, linear, zeros } from "@chainrule/core";
import { uniform_ } from "../init.ts";
import { Module } from "../module.ts";
import { parameter } from "../registry.ts";

/** Options of {@link Linear}. */
export interface LinearOptions {
  /** Whether a bias is added; true unless given. */
  bias?: boolean;
  /** Element type of the parameters; the default type unless given. */
  dtype?: DType;
  /** Where the first weights come from; the default generator unless given. */
  generator?: Generator;
}

/**
 * y = x·Wᵀ + b, over the last dimension of x: shape [*, inFeatures] becomes [*, outFeatures].
 *
 * `weight` has shape [outFeatures, inFeatures], `bias` [outFeatures]; both begin uniform in ±1/√inFeatures.
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
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    checkOptions("Linear", options, ["bias", "dtype", "generator"]);
    this.inFeatures = checkInteger("Linear", "inFeatures", inFeatures, 0);
    this.outFeatures = checkInteger("Linear", "outFeatures", outFeatures, 0);
    const { bias = true, dtype, generator } = options;
    const creation = dtype === undefined ? {} : { dtype };
    const b = inFeatures === 0 ? 0 : 1 / Math.sqrt(inFeatures);
    const range = { a: -b, b, ...(generator === undefined ? {} : { generator }) };
    this.weight = parameter(uniform_(zeros([outFeatures, inFeatures], creation), range));
    this.bias = bias ? parameter(uniform_(zeros([outFeatures], creation), range)) : null;
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `inFeatures=${this.inFeatures}, outFeatures=${this.outFeatures}, bias=${this.bias !== null}`;
  }
}
