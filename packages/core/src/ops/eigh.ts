/**
 * Eigenvalues and eigenvectors of symmetric matrices.
 */
import type { TensorLike } from "../creation.ts";
import { eye, tensor, toTensor, zeros } from "../creation.ts";
import { ArgumentError, checkOptions, LinAlgError, quoted, ShapeError } from "../errors.ts";
import { symmetricEigen } from "../kernels/eigh.ts";
import { directionOf } from "../kernels/matrices.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { unsqueeze } from "./dimensions.ts";
import { div } from "./division.ts";
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
import { tril, triu } from "./triangle.ts";

/** Options of {@link eigh} and {@link eigvalsh}. */
export interface EighOptions {
  /**
   * Read only the lower (`"L"`) or the upper (`"U"`) triangle; both count unless this is given. The gradient is then that of the
   * entries that are read; PyTorch spreads it evenly over both triangles.
   */
  uplo?: "L" | "U";
}

/** What {@link eigh} gives. */
export interface Eigh {
  /** Rising, [..., n]. */
  readonly eigenvalues: Tensor;
  /** In the columns, orthonormal, [..., n, n]. */
  readonly eigenvectors: Tensor;
}

/** The matrix with one of its triangles mirrored into the other, if one is named. */
function mirrored(where: string, given: TensorLike, options: EighOptions | undefined): Tensor {
  checkOptions(where, options, ["uplo"]);
  const x = toTensor(where, given);
  const uplo = options?.uplo;
  if (uplo === undefined) return x;
  if (uplo !== "L" && uplo !== "U") {
    throw new ArgumentError(`${where}: uplo must be "L" or "U", not ${quoted(uplo)}.`, { uplo });
  }
  checkSquare(where, x.shape);
  return uplo === "L"
    ? add(tril(x), mT(tril(x, { diagonal: -1 })))
    : add(triu(x), mT(triu(x, { diagonal: 1 })));
}

/**
 * Fᵢⱼ = 1/(sⱼ − sᵢ), and 0 on the diagonal: how eigenvectors turn into one another. Infinite where two are equal.
 */
export function reciprocalGaps(s: Tensor): Tensor {
  const n = s.shape[s.ndim - 1]!;
  const gaps = sub(unsqueeze(s, -2), unsqueeze(s, -1));
  const others = constantMatrix(s, n, n, (i, j) => (i === j ? 0 : 1));
  return div(others, add(gaps, eye(n, n, { dtype: s.dtype })));
}

/**
 * The eigenvalues and eigenvectors of a symmetric matrix, or of each matrix of a stack: X = V·diag(λ)·Vᵀ.
 *
 * By reduction to tridiagonal form and implicit QR steps, in double precision. Eigenvalues rise; the first component of
 * each eigenvector that is not small is positive. Both triangles count: the result is that of (X + Xᵀ)/2, and the
 * gradient is symmetric; PyTorch reads one triangle, which is the same for a symmetric matrix. The gradient is
 * V·(diag(λ̄) + (VᵀV̄) ∘ F)·Vᵀ with Fᵢⱼ = 1/(λⱼ − λᵢ): that of the eigenvectors is infinite where eigenvalues are equal,
 * that of the eigenvalues is not.
 *
 * Source of the gradient: M. Giles, Collected matrix derivative results for forward and reverse mode algorithmic
 * differentiation, 2008.
 *
 * @throws {ShapeError} when the matrices are not square.
 * @throws {LinAlgError} when one is not symmetric, or holds NaN or infinity; the error says which.
 * @example
 * import { eigh, tensor } from "@chainrule/core";
 * const { eigenvalues, eigenvectors } = eigh(tensor([[2, 1], [1, 2]]));
 * eigenvalues; // → tensor([1, 3])
 * eigenvectors.mul(Math.SQRT2).round().toArray(); // → [ [ 1, 1 ], [ -1, 1 ] ]
 */
export const eigh: Op<(x: TensorLike, options?: EighOptions) => Eigh> = defineOp({
  name: "eigh",
  formula: String.raw`X = V \operatorname{diag}(\lambda) V^{\mathsf{T}}`,
  call: (x: TensorLike, options?: EighOptions) => ({
    operands: [mirrored("eigh", x, options)],
    options: {},
  }),
  shapes: ([x]) => {
    const n = checkSquare("eigh", x!.shape);
    return [[...stackShape(x!.shape), n], x!.shape];
  },
  forward: ([x], [eigenvalues, eigenvectors]) => {
    const n = x!.shape[x!.ndim - 1]!;
    forEachSymmetricMatrix("eigh", x!, (matrix, index) => {
      const { values, vectors, converged } = symmetricEigen(matrix, n);
      if (!converged) {
        throw wrongMatrix(
          "eigh",
          stackShape(x!.shape),
          index,
          "has eigenvalues that the QR steps do not find.",
        );
      }
      eigenvalues!.storage.data.set(values, index * n);
      const { data } = eigenvectors!.storage;
      for (let j = 0; j < n; j++) {
        const direction = directionOf(vectors, j * n, n);
        for (let i = 0; i < n; i++)
          data[index * n * n + i * n + j] = direction * vectors[j * n + i]!;
      }
    });
  },
  returns: ([eigenvalues, eigenvectors]) => ({
    eigenvalues: eigenvalues!,
    eigenvectors: eigenvectors!,
  }),
  vjp: ([values, vectors], node) => {
    const v = node.resultAt(1);
    const fromValues = values ? mul(v, unsqueeze(values, -2)) : null;
    if (!vectors) return [fromValues && symmetricPart(matmul(fromValues, mT(v)))];
    const turned = matmul(v, mul(matmul(mT(v), vectors), reciprocalGaps(node.result)));
    return [symmetricPart(matmul(fromValues ? add(fromValues, turned) : turned, mT(v)))];
  },
  samples: [
    (draw) => [drawSymmetric(draw, [], draw.length(0), draw.pick([0, -2.5]))],
    (draw) => [drawSymmetric(draw, draw.shape(1, 2, 0), draw.length(1, 3))],
    (draw) => [
      drawSymmetric(draw, draw.shape(0, 1), draw.length(1, 3)),
      { uplo: draw.pick(["L", "U"]) },
    ],
  ],
  rejects: [
    { call: () => [zeros([2])], message: /eigh: expected a matrix/, type: ShapeError },
    { call: () => [zeros([2, 3])], message: /must be square/, type: ShapeError },
    {
      call: () => [zeros([2, 2]), { uplo: "l" }],
      message: /uplo must be "L" or "U", not "l"/,
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
            [1, 1],
            [0, 1],
          ],
        ]),
      ],
      message:
        /eigh: matrix \[1\] of the stack is not symmetric: entry \[1, 0\] is 0, but \[0, 1\] is 1/,
      type: LinAlgError,
    },
    {
      call: () => [tensor([[Number.NEGATIVE_INFINITY]])],
      message: /eigh: the matrix holds NaN or infinity/,
      type: LinAlgError,
    },
  ],
  edges: [
    { note: "no rows, no columns", call: () => [zeros([0, 0])], result: [], gradients: [[]] },
    { note: "a number", call: () => [tensor([[-3]])], result: [-3, 1], gradients: [[1]] },
  ],
});

/**
 * The eigenvalues of a symmetric matrix, or of each matrix of a stack, rising: {@link eigh} without the vectors. The
 * gradient is V·diag(λ̄)·Vᵀ, and finite where eigenvalues are equal.
 *
 * @throws {ShapeError} when the matrices are not square.
 * @throws {LinAlgError} when one is not symmetric, or holds NaN or infinity.
 * @example
 * import { eigvalsh, tensor } from "@chainrule/core";
 * eigvalsh(tensor([[0, 1], [1, 0]])).round().toArray(); // → [ -1, 1 ]
 */
export function eigvalsh(x: TensorLike, options?: EighOptions): Tensor {
  return eigh(mirrored("eigvalsh", x, options)).eigenvalues;
}
