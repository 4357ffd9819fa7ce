/**
 * Penalties on the size of weights, as functions to add to a loss. As options, `l1` and `weightDecay` of an optimizer do
 * the same without a place in the graph.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  abs,
  add,
  checkNumber,
  checkOptions,
  mul,
  square,
  sum,
} from "@chainrule/core";
import { tensorsOf } from "./groups.ts";

/** How strong the two parts of {@link elasticNetPenalty} are. */
export interface ElasticNetOptions {
  /** Strength of the sum of magnitudes; 0 unless given. */
  l1?: number;
  /** Strength of half the sum of squares; 0 unless given. */
  l2?: number;
}

/**
 * The lasso's penalty: strength·Σ|θ| over all parameters. It drives weights to 0; its gradient is strength·sign(θ), which
 * the option `l1` of an optimizer adds.
 *
 * (Tibshirani, "Regression shrinkage and selection via the lasso", J. R. Statist. Soc. B 58, 1996.)
 *
 * @throws {ArgumentError} for an empty list, what is no tensor, or a strength that is negative.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { l1Penalty } from "@chainrule/optim";
 * l1Penalty([tensor([3, -4]), tensor(1)], 0.5).item(); // → 4
 */
export function l1Penalty(parameters: Tensor | Iterable<Tensor>, strength: number): Tensor {
  const weight = strengthOf("l1Penalty", "strength", strength);
  return total(tensorsOf("l1Penalty", parameters).map((x) => mul(sum(abs(x)), weight)));
}

/**
 * Ridge's penalty: ½·strength·Σθ² over all parameters. It keeps weights small; its gradient is strength·θ, which the option
 * `weightDecay` of an optimizer adds (and which decoupled decay, as in AdamW, replaces).
 *
 * @throws {ArgumentError} for an empty list, what is no tensor, or a strength that is negative.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { l2Penalty } from "@chainrule/optim";
 * l2Penalty([tensor([3, -4]), tensor(1)], 0.5).item(); // → 6.5
 */
export function l2Penalty(parameters: Tensor | Iterable<Tensor>, strength: number): Tensor {
  const weight = strengthOf("l2Penalty", "strength", strength);
  return total(tensorsOf("l2Penalty", parameters).map((x) => mul(sum(square(x)), weight / 2)));
}

/**
 * ElasticNet's penalty, the sum of both: l1·Σ|θ| + ½·l2·Σθ².
 *
 * (Zou & Hastie, "Regularization and variable selection via the elastic net", J. R. Statist. Soc. B 67, 2005.)
 *
 * @throws {ArgumentError} for an empty list, what is no tensor, or a strength that is negative.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { elasticNetPenalty } from "@chainrule/optim";
 * const w = tensor([3, -4], { requiresGrad: true });
 * elasticNetPenalty(w, { l1: 0.5, l2: 1 }).backward();
 * w.grad; // → tensor([ 3.5, -4.5])
 */
export function elasticNetPenalty(
  parameters: Tensor | Iterable<Tensor>,
  options: ElasticNetOptions,
): Tensor {
  checkOptions("elasticNetPenalty", options, ["l1", "l2"]);
  const l1 = strengthOf("elasticNetPenalty", "l1", options.l1 ?? 0);
  const l2 = strengthOf("elasticNetPenalty", "l2", options.l2 ?? 0);
  const list = tensorsOf("elasticNetPenalty", parameters);
  return add(l1Penalty(list, l1), l2Penalty(list, l2));
}

function strengthOf(where: string, name: string, value: number): number {
  if (!(checkNumber(where, name, value) >= 0 && value < Number.POSITIVE_INFINITY)) {
    throw new ArgumentError(`${where}: ${name} must be at least 0 and finite, not ${value}.`, {
      [name]: value,
    });
  }
  return value;
}

function total(parts: readonly Tensor[]): Tensor {
  return parts.reduce((sum, part) => add(sum, part));
}
