/**
 * The trace.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { diagonal } from "./diagonal.ts";
import { sum } from "./sum.ts";

/**
 * The sum of the diagonal of a matrix, Σᵢ xᵢᵢ; a matrix that is not square has min(rows, columns) terms.
 *
 * @throws {ShapeError} when x is not a matrix.
 * @example
 * import { tensor, trace } from "@chainrule/core";
 * trace(tensor([[1, 2], [3, 4]])); // → tensor(5)
 */
export function trace(x: TensorLike): Tensor {
  const matrix = toTensor("trace", x);
  if (matrix.ndim !== 2) {
    throw new ShapeError(
      `trace: expected a matrix, but the shape is ${formatShape(matrix.shape)}. For a stack of matrices use einsum("...ii->...", x).`,
      { shape: matrix.shape },
    );
  }
  return sum(diagonal(matrix));
}
