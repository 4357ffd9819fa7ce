/**
 * The trace.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { at } from "./at.ts";
import { reshape } from "./reshape.ts";
import { sum } from "./sum.ts";

/**
 * The diagonal of the first so many rows and columns in the last two dimensions: n + 1 steps from one of its elements to
 * the next in row-major order.
 */
export function mainDiagonal(x: Tensor): Tensor {
  const rows = x.shape[x.ndim - 2]!;
  const columns = x.shape[x.ndim - 1]!;
  const n = Math.min(rows, columns);
  const square = rows === columns ? x : at(x, "...", { stop: n }, { stop: n });
  return at(reshape(square, [...x.shape.slice(0, -2), n * n]), "...", { step: n + 1 });
}

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
  return sum(mainDiagonal(matrix));
}
