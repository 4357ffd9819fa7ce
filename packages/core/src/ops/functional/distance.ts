/**
 * Similarities and distances of vectors.
 */
import type { TensorLike } from "../../creation.ts";
import { toTensor } from "../../creation.ts";
import { ArgumentError, checkNumber, checkOptions, ShapeError } from "../../errors.ts";
import { toOperands } from "../../record.ts";
import type { Dims } from "../../shape.ts";
import { broadcastShapes, formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul, sub } from "../arithmetic.ts";
import { clampMin } from "../clamp.ts";
import { gt } from "../comparison.ts";
import { div } from "../division.ts";
import { expand } from "../expand.ts";
import { vectorNorm } from "../norm.ts";
import { checkDim } from "../reduction.ts";
import { where as choose } from "../selection.ts";
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

/**
 * The distance of two tensors as a whole, ‖a − b‖ₚ over all elements, with p = 2 unless given. The operands broadcast.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { dist, tensor } from "@chainrule/core";
 * dist(tensor([1, 2]), tensor([4, 6])); // → tensor(5)
 */
export function dist(a: TensorLike, b: TensorLike, p: number = 2): Tensor {
  return vectorNorm(sub(a, b), p);
}

/**
 * x with each of its parts along a dimension shortened to a norm of at most `maxnorm`: xᵢ·min(1, maxnorm/(‖xᵢ‖ₚ + 10⁻⁷)) for
 * those that are longer; as PyTorch's. The weights of one neuron, say, with `dim` 0 of a linear layer.
 *
 * @throws {ShapeError} when x has fewer than two dimensions.
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ArgumentError} when p is not above 0, or maxnorm is below.
 * @example
 * import { renorm, tensor } from "@chainrule/core";
 * renorm(tensor([[3, 4], [0.3, 0.4]]), 2, 0, 1); // → tensor([[0.6, 0.8], [0.3, 0.4]])
 */
export function renorm(x: TensorLike, p: number, dim: number, maxnorm: number): Tensor {
  const source = toTensor("renorm", x);
  if (source.ndim < 2) {
    throw new ShapeError(
      `renorm: expected two dimensions or more, but the shape is ${formatShape(source.shape)}. vectorNorm gives the norm of one vector.`,
      { shape: source.shape },
    );
  }
  const along = checkDim("renorm", source, dim);
  if (!(checkNumber("renorm", "p", p) > 0 && checkNumber("renorm", "maxnorm", maxnorm) >= 0)) {
    throw new ArgumentError(
      `renorm: p must be above 0 and maxnorm not below, not ${p} and ${maxnorm}.`,
      { p, maxnorm },
    );
  }
  const others = source.shape.map((_, i) => i).filter((i) => i !== along);
  const norms = vectorNorm(source, p, others, { keepdim: true });
  return mul(source, choose(gt(norms, maxnorm), div(maxnorm, add(norms, 1e-7)), 1));
}
