/**
 * Similarities and distances of vectors.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { checkNumber, checkOptions } from "../../errors.ts";
import { toOperands } from "../../record.ts";
import type { Dims } from "../../shape.ts";
import { broadcastShapes } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul, sub } from "../arithmetic.ts";
import { clampMin } from "../clamp.ts";
import { div } from "../division.ts";
import { expand } from "../expand.ts";
import { vectorNorm } from "../norm.ts";
import { sum } from "../sum.ts";
import { unitVectors } from "./unitVectors.ts";

/** Options of {@link normalize}. */
export interface NormalizeOptions {
  /** The least norm to divide by; 1e-12 unless given. */
  eps?: number | undefined;
}

/**
 * x / max(‖x‖ₚ, eps) along a dimension: vectors of length 1. p is 2 and the dimension 1 unless given.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { normalize, tensor } from "@chainrule/core";
 * normalize(tensor([[3, 4]])); // → tensor([[0.6, 0.8]])
 */
export function normalize(
  x: TensorLike,
  p: number = 2,
  dim: Dims = 1,
  options?: NormalizeOptions,
): Tensor {
  checkOptions("normalize", options, ["eps"]);
  const eps = checkNumber("normalize", "eps", options?.eps ?? 1e-12);
  if (p === 2) return unitVectors(x, dim, eps);
  const operand = toTensor("normalize", x);
  return div(operand, clampMin(vectorNorm(operand, p, dim, { keepdim: true }), eps));
}

/** Options of {@link cosineSimilarity}. */
export interface CosineSimilarityOptions {
  /** The least norm to divide by; 1e-8 unless given. */
  eps?: number | undefined;
}

/**
 * The cosine of the angle between vectors along a dimension (1 unless given): a·b / (max(‖a‖, eps) · max(‖b‖, eps)). The
 * operands broadcast.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { cosineSimilarity, tensor } from "@chainrule/core";
 * cosineSimilarity(tensor([[3, 4]]), tensor([[4, 3]])).item().toFixed(4); // → "0.9600"
 */
export function cosineSimilarity(
  a: TensorLike,
  b: TensorLike,
  dim: number = 1,
  options?: CosineSimilarityOptions,
): Tensor {
  checkOptions("cosineSimilarity", options, ["eps"]);
  const eps = checkNumber("cosineSimilarity", "eps", options?.eps ?? 1e-8);
  const [x, y] = toOperands("cosineSimilarity", [a, b]) as [Tensor, Tensor];
  const shape = broadcastShapes("cosineSimilarity", x.shape, y.shape);
  const unit = (v: Tensor): Tensor => unitVectors(expand(v, shape), dim, eps);
  return sum(mul(unit(x), unit(y)), dim);
}

/** Options of {@link pairwiseDistance}. */
export interface PairwiseDistanceOptions {
  /** Added to each difference, so that no distance is 0; 1e-6 unless given. */
  eps?: number | undefined;
  /** Keep the last dimension with length 1. */
  keepdim?: boolean | undefined;
}

/**
 * The distance of vectors, pair by pair, along the last dimension: ‖a − b + eps‖ₚ, with p = 2 unless given. The operands
 * broadcast.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { pairwiseDistance, tensor } from "@chainrule/core";
 * pairwiseDistance(tensor([[0, 0], [1, 1]]), tensor([[3, 4], [1, 1]]), 2, { eps: 0 }); // → tensor([5, 0])
 */
export function pairwiseDistance(
  a: TensorLike,
  b: TensorLike,
  p: number = 2,
  options?: PairwiseDistanceOptions,
): Tensor {
  checkOptions("pairwiseDistance", options, ["eps", "keepdim"]);
  const { eps = 1e-6, keepdim = false } = options ?? {};
  checkNumber("pairwiseDistance", "eps", eps);
  return vectorNorm(add(sub(a, b), eps), p, -1, { keepdim });
}
