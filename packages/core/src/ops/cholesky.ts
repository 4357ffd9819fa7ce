/**
 * The Cholesky decomposition, and what follows from it.
 */
import type { TensorLike } from "../creation.ts";
import { eye, tensor, toTensor, zeros } from "../creation.ts";
import { ArgumentError, checkOptions, LinAlgError, quoted, ShapeError } from "../errors.ts";
import { factorize } from "../kernels/cholesky.ts";
import { transposed } from "../kernels/matrices.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import {
  checkSquare,
  constantMatrix,
  drawSymmetric,
  forEachSymmetricMatrix,
  mT,
  stackShape,
  symmetricPart,
  wrongMatrix,
} from "./matrices.ts";
import { tril } from "./triangle.ts";
import { solveTriangular } from "./triangular.ts";

/** Options of {@link cholesky} and its kin. */
export interface CholeskyOptions {
  /** The factor is upper triangular, U = Lᵀ; false unless given. */
  upper?: boolean;
}

function readOptions(where: string, options: CholeskyOptions = {}): { upper: boolean } {
  checkOptions(where, options, ["upper"]);
  const { upper = false } = options;
  if (typeof upper !== "boolean") {
    throw new ArgumentError(`${where}: upper must be true or false, not ${quoted(upper)}.`, {
      upper,
    });
  }
  return { upper };
}

/**
 * The lower triangular L with a positive diagonal for which L·Lᵀ is the given symmetric positive definite matrix, or of
 * each matrix of a stack; with `{ upper: true }`, U = Lᵀ.
 *
 * Both triangles count: the factor is that of (X + Xᵀ)/2, and the gradient is symmetric, as PyTorch's is. PyTorch reads
 * the lower triangle only, which makes no difference for a symmetric matrix; one that is far from symmetric is refused
 * here. With Φ, which halves the diagonal of a lower triangle, X̄ is the symmetric part of L⁻ᵀ·Φ(Lᵀ·L̄)·L⁻¹.
 *
 * Source of the gradient: I. Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527 (2016).
 *
 * @throws {ShapeError} when the matrices are not square.
 * @throws {LinAlgError} when one is not symmetric, not positive definite, or holds NaN or infinity; the error says which.
 * @example
 * import { cholesky, tensor } from "@chainrule/core";
 * cholesky(tensor([[4, 2], [2, 10]])).toArray(); // → [ [ 2, 0 ], [ 1, 3 ] ]
 */
export const cholesky: Op<(x: TensorLike, options?: CholeskyOptions) => Tensor> = defineOp({
  name: "cholesky",
  formula: String.raw`L L^{\mathsf{T}} = X`,
  call: (x: TensorLike, options?: CholeskyOptions) => ({
    operands: [x],
    options: readOptions("cholesky", options),
  }),
  shape: ([x]) => {
    checkSquare("cholesky", x!.shape);
    return x!.shape;
  },
  forward: ([x], y, { upper }) => {
    const n = x!.shape[x!.ndim - 1]!;
    forEachSymmetricMatrix("cholesky", x!, (matrix, index) => {
      const row = factorize(matrix, n);
      if (row >= 0) {
        throw wrongMatrix(
          "cholesky",
          stackShape(x!.shape),
          index,
          `is not positive definite: its leading ${row + 1} × ${row + 1} part has no factor. Add a multiple of the identity.`,
          { row },
        );
      }
      y.storage.data.set(upper ? transposed(matrix, n, n) : matrix, index * n * n);
    });
  },
  vjp: [
    (cotangent, { result, options }) => {
      const factor = options.upper ? mT(result) : result;
      const arrived = tril(options.upper ? mT(cotangent) : cotangent);
      const n = factor.shape[factor.ndim - 1]!;
      const halved = constantMatrix(factor, n, n, (i, j) => (i > j ? 1 : i === j ? 0.5 : 0));
      const middle = mul(matmul(mT(factor), arrived), halved);
      const half = solveTriangular(mT(factor), middle, { upper: true });
      return symmetricPart(solveTriangular(factor, half, { upper: false, left: false }));
    },
  ],
  batch: ([x], _batched, options) => cholesky(x!, options),
  samples: [
    (draw) => [drawSymmetric(draw, [], draw.length(0))],
    (draw) => [
      drawSymmetric(draw, draw.shape(1, 2, 0), draw.length(1, 3)),
      { upper: draw.boolean() },
    ],
  ],
  rejects: [
    { call: () => [zeros([2])], message: /cholesky: expected a matrix/, type: ShapeError },
    { call: () => [zeros([2, 3])], message: /must be square/, type: ShapeError },
    {
      call: () => [eye(2), { lower: true }],
      message: /unknown option "lower"/,
      type: ArgumentError,
    },
    {
      call: () => [eye(2), { upper: 1 }],
      message: /upper must be true or false, not 1/,
      type: ArgumentError,
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
            [2, 1],
          ],
        ]),
      ],
      message:
        /cholesky: matrix \[1\] of the stack is not positive definite: its leading 2 × 2 part/,
      type: LinAlgError,
    },
    {
      call: () => [
        tensor([
          [1, 0],
          [0.5, 1],
        ]),
      ],
      message: /is not symmetric: entry \[1, 0\] is 0.5, but \[0, 1\] is 0/,
      type: LinAlgError,
    },
    {
      call: () => [tensor([[Number.NaN]])],
      message: /cholesky: the matrix holds NaN or infinity/,
      type: LinAlgError,
    },
  ],
  edges: [
    { note: "no rows, no columns", call: () => [zeros([0, 0])], result: [], gradients: [[]] },
    { note: "a number: a root", call: () => [tensor([[4]])], result: [2], gradients: [[0.25]] },
  ],
});

/** The operands of what starts from a factor. */
function factorOf(where: string, factor: TensorLike, options?: CholeskyOptions): Tensor {
  const { upper } = readOptions(where, options);
  const given = toTensor(where, factor);
  checkSquare(where, given.shape);
  return upper ? mT(given) : given;
}

/**
 * The solution X of A·X = B from the Cholesky factor of A: A = L·Lᵀ, or UᵀU with `{ upper: true }`. Leading dimensions
 * broadcast.
 *
 * @throws {ShapeError} when the factor is not square, or the rows of B are not those of it.
 * @throws {LinAlgError} when the diagonal of a factor has a 0.
 * @example
 * import { choleskySolve, tensor } from "@chainrule/core";
 * choleskySolve(tensor([[8], [22]]), tensor([[2, 0], [1, 3]])).toArray(); // → [ [ 1 ], [ 2 ] ]
 */
export function choleskySolve(
  b: TensorLike,
  factor: TensorLike,
  options?: CholeskyOptions,
): Tensor {
  const lower = factorOf("choleskySolve", factor, options);
  const half = solveTriangular(lower, b, { upper: false });
  return solveTriangular(mT(lower), half, { upper: true });
}

/**
 * The inverse of A from its Cholesky factor: A = L·Lᵀ, or UᵀU with `{ upper: true }`.
 *
 * @throws {ShapeError} when the factor is not square.
 * @throws {LinAlgError} when the diagonal of a factor has a 0.
 * @example
 * import { choleskyInverse, tensor } from "@chainrule/core";
 * choleskyInverse(tensor([[2, 0], [0, 4]])).toArray(); // → [ [ 0.25, 0 ], [ 0, 0.0625 ] ]
 */
export function choleskyInverse(factor: TensorLike, options?: CholeskyOptions): Tensor {
  const lower = factorOf("choleskyInverse", factor, options);
  const n = lower.shape[lower.ndim - 1]!;
  const inverted = solveTriangular(lower, eye(n, n, { dtype: lower.dtype }), { upper: false });
  return matmul(mT(inverted), inverted);
}
