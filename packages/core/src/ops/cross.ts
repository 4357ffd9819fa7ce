/**
 * The cross product.
 */
import type { TensorLike } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { toOperands } from "../record.ts";
import { broadcastShapes, formatShape, normalizeDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { expand } from "./expand.ts";
import { stack, unbind } from "./stack.ts";

/**
 * The cross product of vectors in space, that is, of length 3 along one dimension; all others broadcast.
 *
 * (a₁b₂ − a₂b₁, a₂b₀ − a₀b₂, a₀b₁ − a₁b₀). Without `dim`, that is the first dimension of length 3, as in PyTorch.
 *
 * @throws {ShapeError} when no dimension, or not the one chosen, has length 3 in both operands.
 * @throws {IndexError} when `dim` is out of range.
 * @example
 * import { cross, tensor } from "@chainrule/core";
 * cross(tensor([1, 0, 0]), tensor([0, 1, 0])); // → tensor([0, 0, 1])
 */
export function cross(a: TensorLike, b: TensorLike, dim?: number): Tensor {
  const [x, y] = toOperands("cross", [a, b]);
  const shape = broadcastShapes("cross", x!.shape, y!.shape);
  const found = dim === undefined ? shape.indexOf(3) : normalizeDim("cross", dim, shape.length);
  const along = found - shape.length;
  if (found < 0 || x!.shape.at(along) !== 3 || y!.shape.at(along) !== 3) {
    const what = dim === undefined ? "there is no dimension" : `dimension ${dim} is not one`;
    throw new ShapeError(
      `cross: ${what} of length 3 in both operands (${formatShape(x!.shape)} and ${formatShape(y!.shape)}). Its vectors have three numbers each; name their dimension.`,
      { a: x!.shape, b: y!.shape, dim },
    );
  }
  const parts = [x!, y!].map((z) => {
    const whole = expand(z, shape);
    return unbind(whole, found);
  });
  const [[a0, a1, a2], [b0, b1, b2]] = parts as [Tensor[], Tensor[]];
  return stack(
    [
      sub(mul(a1!, b2!), mul(a2!, b1!)),
      sub(mul(a2!, b0!), mul(a0!, b2!)),
      sub(mul(a0!, b1!), mul(a1!, b0!)),
    ],
    found,
  );
}
