/**
 * How like one another vectors are, as layers.
 */
import type { CosineSimilarityOptions, PairwiseDistanceOptions, Tensor } from "@chainrule/core";
import {
  checkInteger,
  checkNumber,
  checkOptions,
  cosineSimilarity,
  pairwiseDistance,
} from "@chainrule/core";
import { Module } from "../module.ts";
import { described } from "./parameters.ts";

/**
 * The cosine of the angle between vectors along a dimension: `forward(x1, x2)`; see `cosineSimilarity`.
 *
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { CosineSimilarity } from "@chainrule/nn";
 * new CosineSimilarity().forward(tensor([[3, 4]]), tensor([[6, 8]])).toArray(); // → [ 1 ]
 */
export class CosineSimilarity extends Module {
  static override readonly isConfined = true;

  readonly dim: number;
  readonly options: Readonly<CosineSimilarityOptions>;

  /** @param dim The dimension; 1 unless given. */
  constructor(dim = 1, options: CosineSimilarityOptions = {}) {
    super();
    checkOptions("CosineSimilarity", options, ["eps"]);
    this.dim = checkInteger("CosineSimilarity", "dim", dim);
    this.options = options;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return cosineSimilarity(x1, x2, this.dim, this.options);
  }

  override extraRepr(): string {
    return described({ dim: this.dim, ...this.options });
  }
}

/**
 * The distance of vectors, pair by pair: `forward(x1, x2)`; see `pairwiseDistance`.
 *
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { PairwiseDistance } from "@chainrule/nn";
 * new PairwiseDistance(2, { eps: 0 }).forward(tensor([[0, 0]]), tensor([[3, 4]])).toArray(); // → [ 5 ]
 */
export class PairwiseDistance extends Module {
  static override readonly isConfined = true;

  readonly p: number;
  readonly options: Readonly<PairwiseDistanceOptions>;

  /** @param p The p of the norm; 2 unless given. */
  constructor(p = 2, options: PairwiseDistanceOptions = {}) {
    super();
    checkOptions("PairwiseDistance", options, ["eps", "keepdim"]);
    this.p = checkNumber("PairwiseDistance", "p", p);
    this.options = options;
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, this.p, this.options);
  }

  override extraRepr(): string {
    return described({ p: this.p, ...this.options });
  }
}
