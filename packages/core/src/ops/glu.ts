/**
 * The gated linear unit.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { formatShape, normalizeDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { sigmoid } from "./activations.ts";
import { mul } from "./arithmetic.ts";
import { narrow } from "./slice.ts";

/**
 * a·σ(b), where a and b are the two halves of x along a dimension, the last unless given. Composed of `narrow`, `mul` and
 * `sigmoid`.
 *
 * Source: Dauphin, Fan, Auli and Grangier, Language Modeling with Gated Convolutional Networks, 2016.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ShapeError} when its length is odd, or x is a single number.
 * @example
 * import { glu, tensor } from "@chainrule/core";
 * glu(tensor([1, 2, 0, 0])); // → tensor([0.5, 1.0])
 */
export function glu(x: TensorLike, dim = -1): Tensor {
  const whole = toTensor("glu", x);
  if (whole.ndim === 0) throw new ShapeError("glu: a 0-d tensor has no halves.", { shape: [] });
  const along = normalizeDim("glu", dim, whole.ndim);
  const length = whole.size(along);
  if (length % 2 !== 0) {
    throw new ShapeError(
      `glu: dimension ${along} of shape ${formatShape(whole.shape)} has the odd length ${length} and cannot be halved.`,
      { shape: whole.shape, dim: along },
    );
  }
  const half = length / 2;
  return mul(narrow(whole, along, 0, half), sigmoid(narrow(whole, along, half, half)));
}
