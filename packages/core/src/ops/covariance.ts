/**
 * How variables vary together.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { checkInteger, checkOptions, ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { clamp } from "./clamp.ts";
import { diagonal } from "./diagonal.ts";
import { unsqueeze } from "./dimensions.ts";
import { div } from "./division.ts";
import { matmul } from "./matmul.ts";
import { sqrt } from "./power.ts";
import { mean, sum } from "./sum.ts";

/** Options of {@link cov}. */
export interface CovarianceOptions {
  /** What is taken off the number of observations n in the divisor n − correction; 1 unless given. */
  correction?: number;
  /** How often each observation counts: whole numbers, one for each. */
  fweights?: TensorLike;
  /** How much each observation weighs: one number, not negative, for each. */
  aweights?: TensorLike;
}

/**
 * The covariances of variables: x has a row for each variable and a column for each observation; one row may come
 * without its dimension. Cᵢⱼ = Σₖ wₖ (xᵢₖ − x̄ᵢ)(xⱼₖ − x̄ⱼ) / d, where d is n − correction without weights.
 *
 * @throws {ShapeError} when x has more than two dimensions, or there is not one weight for each observation.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { cov, tensor } from "@chainrule/core";
 * cov(tensor([[1, 2, 3], [6, 4, 2]])).toArray(); // → [ [ 1, -2 ], [ -2, 4 ] ]
 */
export function cov(x: TensorLike, options?: CovarianceOptions): Tensor {
  checkOptions("cov", options, ["correction", "fweights", "aweights"]);
  const correction = checkInteger("cov", "correction", options?.correction ?? 1);
  const given = toTensor("cov", x);
  const rows = rowsOf("cov", given);
  const n = rows.shape[1]!;
  const weightsOf = (name: "fweights" | "aweights"): Tensor | null => {
    const weights = options?.[name];
    if (weights === undefined) return null;
    const w = toTensor("cov", weights, rows.dtype);
    if (w.ndim !== 1 || w.shape[0] !== n) {
      throw new ShapeError(
        `cov: ${name} of shape ${formatShape(w.shape)} do not go with ${n} observations. Give one for each.`,
        { weights: w.shape, observations: n },
      );
    }
    return w.to(rows.dtype);
  };
  const counts = weightsOf("fweights");
  const importance = weightsOf("aweights");
  const w =
    counts !== null && importance !== null ? mul(counts, importance) : (counts ?? importance);
  if (w === null) {
    const centred = sub(rows, mean(rows, 1, { keepdim: true }));
    return shaped(div(matmul(centred, centred.mT), Math.max(n - correction, 0)), given);
  }
  const total = sum(w);
  const centred = sub(rows, unsqueeze(div(sum(mul(rows, w), 1), total), 1));
  const lost =
    importance === null ? correction : div(mul(sum(mul(w, importance)), correction), total);
  return shaped(
    div(matmul(mul(centred, w), centred.mT), clamp(sub(total, lost), { min: 0 })),
    given,
  );
}

/**
 * The correlations of variables, Cᵢⱼ/√(Cᵢᵢ Cⱼⱼ) for covariances C as {@link cov} has them: from −1 to 1, and NaN for a
 * variable that does not vary.
 *
 * @throws {ShapeError} when x has more than two dimensions.
 * @example
 * import { corrcoef, tensor } from "@chainrule/core";
 * corrcoef(tensor([[1, 2, 3], [6, 4, 2]])).toArray(); // → [ [ 1, -1 ], [ -1, 1 ] ]
 */
export function corrcoef(x: TensorLike): Tensor {
  const given = toTensor("corrcoef", x);
  const c = cov(rowsOf("corrcoef", given));
  if (c.ndim === 0) return div(c, c);
  const deviation = sqrt(diagonal(c));
  return shaped(clamp(div(div(c, unsqueeze(deviation, 1)), deviation), { min: -1, max: 1 }), given);
}

function rowsOf(where: string, x: Tensor): Tensor {
  if (x.ndim > 2) {
    throw new ShapeError(
      `${where}: expected a row for each variable, [variables, observations], not shape ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  return x.ndim === 2 ? x : x.reshape([1, x.numel()]);
}

/** A single variable has a single variance. */
function shaped(c: Tensor, x: Tensor): Tensor {
  return x.ndim < 2 ? c.reshape([]) : c.numel() === 1 ? c.reshape([]) : c;
}
