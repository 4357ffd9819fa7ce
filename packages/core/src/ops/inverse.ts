/**
 * The inverse of a matrix.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { LinAlgError, ShapeError } from "../errors.ts";
import { eliminate, solveEliminated } from "../kernels/lu.ts";
import { identity } from "../kernels/matrices.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { neg } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import {
  checkSquare,
  drawRegular,
  forEachFiniteMatrix,
  mT,
  stackShape,
  wrongMatrix,
} from "./matrices.ts";

/**
 * The inverse of a square matrix, or of each matrix of a stack: X·A = A·X = 1.
 *
 * By elimination with partial pivoting, in double precision. To solve equations use `solve`, which is faster and more
 * accurate. The gradient is −Xᵀ·X̄·Xᵀ.
 *
 * @throws {ShapeError} when the matrices are not square.
 * @throws {LinAlgError} when one is singular, or holds NaN or infinity; the error says which.
 * @example
 * import { inverse, tensor } from "@chainrule/core";
 * inverse(tensor([[2, 0], [0, 4]])).toArray(); // → [ [ 0.5, 0 ], [ 0, 0.25 ] ]
 */
export const inverse: Op<(x: TensorLike) => Tensor> = defineOp({
  name: "inverse",
  formula: "Y = X^{-1}",
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  shape: ([x]) => {
    checkSquare("inverse", x!.shape);
    return x!.shape;
  },
  forward: ([x], y) => {
    const n = x!.shape[x!.ndim - 1]!;
    forEachFiniteMatrix("inverse", x!, (matrix, index) => {
      const elimination = eliminate(matrix, n, n);
      if (elimination.singularAt >= 0) {
        throw wrongMatrix(
          "inverse",
          stackShape(x!.shape),
          index,
          `is singular: elimination finds no pivot in column ${elimination.singularAt}. Use pinv, or add a multiple of the identity.`,
          { column: elimination.singularAt },
        );
      }
      y.storage.data.set(solveEliminated(matrix, elimination, n, identity(n), n), index * n * n);
    });
  },
  vjp: [
    (cotangent, node) => {
      const transposed = mT(node.result);
      return neg(matmul(matmul(transposed, cotangent), transposed));
    },
  ],
  batch: ([x]) => inverse(x!),
  samples: [
    (draw) => [drawRegular(draw, [], draw.length(0))],
    (draw) => [drawRegular(draw, draw.shape(1, 2, 0), draw.length(1, 3))],
  ],
  rejects: [
    { call: () => [zeros([2])], message: /inverse: expected a matrix/, type: ShapeError },
    {
      call: () => [zeros([2, 3])],
      message: /must be square, but have 2 rows and 3 columns/,
      type: ShapeError,
    },
    {
      call: () => [
        tensor([
          [
            [1, 0],
            [0, 1],
          ],
          [
            [1, 2],
            [2, 4],
          ],
        ]),
      ],
      message:
        /inverse: matrix \[1\] of the stack is singular: elimination finds no pivot in column 1/,
      type: LinAlgError,
    },
    {
      call: () => [
        tensor([
          [1, Number.NaN],
          [0, 1],
        ]),
      ],
      message: /inverse: the matrix holds NaN or infinity/,
      type: LinAlgError,
    },
  ],
  edges: [
    { note: "no rows, no columns", call: () => [zeros([0, 0])], result: [], gradients: [[]] },
    { note: "a number", call: () => [tensor([[-2]])], result: [-0.5], gradients: [[-0.25]] },
  ],
});
