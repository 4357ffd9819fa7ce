/**
 * The LU decomposition.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros, zerosLike } from "../creation.ts";
import { LinAlgError, ShapeError } from "../errors.ts";
import { eliminate } from "../kernels/lu.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Draw } from "../samples.ts";
import { within } from "../samples.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, sub } from "./arithmetic.ts";
import { cat } from "./cat.ts";
import { matmul } from "./matmul.ts";
import { checkMatrices, constantMatrix, forEachFiniteMatrix, mT, stackShape } from "./matrices.ts";
import { narrow } from "./slice.ts";
import { tril, triu } from "./triangle.ts";
import { solveTriangular } from "./triangular.ts";

/** The factors of {@link lu}. */
export interface LU {
  /** A permutation, m × m. */
  readonly P: Tensor;
  /** Lower triangular with ones on the diagonal, m × k. */
  readonly L: Tensor;
  /** Upper triangular, k × n. */
  readonly U: Tensor;
}

/**
 * X = P·L·U with a permutation P, a lower triangular L whose diagonal is 1, and an upper triangular U, for a matrix of
 * m × n or each matrix of a stack; k = min(m, n).
 *
 * By elimination with partial pivoting, in double precision: every entry of L lies between −1 and 1. The gradient of a
 * square X is P·L⁻ᵀ·(tril₋₁(LᵀL̄) + triu(Ū·Uᵀ))·U⁻ᵀ, where tril₋₁ leaves the diagonal out; P has none. It asks for
 * pivots other than 0.
 *
 * @throws {ShapeError} when x has fewer than two dimensions.
 * @throws {LinAlgError} when a matrix holds NaN or infinity; in the backward pass, when a pivot is 0.
 * @example
 * import { lu, tensor } from "@chainrule/core";
 * const { P, L, U } = lu(tensor([[1, 2], [2, 0]]));
 * L.toArray(); // → [ [ 1, 0 ], [ 0.5, 1 ] ]
 * U.toArray(); // → [ [ 2, 0 ], [ 0, 2 ] ]
 * P.matmul(L).matmul(U).toArray(); // → [ [ 1, 2 ], [ 2, 0 ] ]
 */
export const lu: Op<(x: TensorLike) => LU> = defineOp({
  name: "lu",
  formula: "P L U = X",
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  shapes: ([x]) => {
    checkMatrices("lu", x!.shape);
    const [m, n] = x!.shape.slice(-2) as [number, number];
    const stack = stackShape(x!.shape);
    const k = Math.min(m, n);
    return [
      [...stack, m, m],
      [...stack, m, k],
      [...stack, k, n],
    ];
  },
  forward: ([x], [P, L, U]) => {
    const [m, n] = x!.shape.slice(-2) as [number, number];
    const k = Math.min(m, n);
    forEachFiniteMatrix("lu", x!, (matrix, index) => {
      const { rows } = eliminate(matrix, m, n);
      for (let i = 0; i < m; i++) {
        P!.storage.data[index * m * m + rows[i]! * m + i] = 1;
        for (let j = 0; j < Math.min(i, k); j++) {
          L!.storage.data[index * m * k + i * k + j] = matrix[i * n + j]!;
        }
        if (i >= k) continue;
        L!.storage.data[index * m * k + i * k + i] = 1;
        for (let j = i; j < n; j++) U!.storage.data[index * k * n + i * n + j] = matrix[i * n + j]!;
      }
    });
  },
  returns: ([P, L, U]) => ({ P: P!, L: L!, U: U! }),
  vjp: ([, cotangentL, cotangentU], node) => {
    const [P, L, U] = [node.resultAt(0), node.resultAt(1), node.resultAt(2)];
    const [m, n] = node.shapeOf(0).slice(-2) as [number, number];
    const k = Math.min(m, n);
    const gL = tril(cotangentL ?? zerosLike(L), { diagonal: -1 });
    const gU = triu(cotangentU ?? zerosLike(U));
    const [L1, U1] = [narrow(L, -2, 0, k), narrow(U, -1, 0, k)];
    let lower = matmul(mT(L1), narrow(gL, -2, 0, k));
    let upper = matmul(narrow(gU, -1, 0, k), mT(U1));
    const parts: Tensor[] = [];
    if (m > n) {
      // Rows below the square: L₂ = X₂·U⁻¹.
      const below = narrow(gL, -2, k, m - k);
      upper = sub(upper, matmul(mT(narrow(L, -2, k, m - k)), below));
      parts.push(solveTriangular(mT(U1), below, { upper: false, left: false }));
    } else if (n > m) {
      // Columns right of the square: U₂ = L⁻¹·X₂.
      const beside = narrow(gU, -1, k, n - k);
      lower = sub(lower, matmul(beside, mT(narrow(U, -1, k, n - k))));
      parts.push(solveTriangular(mT(L1), beside, { upper: true, unitriangular: true }));
    }
    const middle = add(tril(lower, { diagonal: -1 }), triu(upper));
    const half = solveTriangular(mT(L1), middle, { upper: true, unitriangular: true });
    const square = solveTriangular(mT(U1), half, { upper: false, left: false });
    return [matmul(P, parts.length === 0 ? square : cat([square, ...parts], m > n ? -2 : -1))];
  },
  samples: [
    (draw) => [drawPermuted(draw, [], draw.length(0), draw.length(0))],
    (draw) => [drawPermuted(draw, draw.shape(1, 2, 0), draw.length(1, 3), draw.length(1, 3))],
  ],
  rejects: [
    { call: () => [zeros([2])], message: /lu: expected a matrix/, type: ShapeError },
    {
      call: () => [tensor([[Number.NaN]])],
      message: /lu: the matrix holds NaN or infinity/,
      type: LinAlgError,
    },
  ],
  edges: [
    { note: "nothing", call: () => [zeros([0, 2])], result: [], gradients: [[]] },
    { note: "zeros", call: () => [zeros([1, 1])], result: [1, 1, 0] },
  ],
});

/** Matrices with one large entry in each row, in an order that asks for pivoting. */
function drawPermuted(draw: Draw, stack: Shape, m: number, n: number): Tensor {
  const noise = draw.tensor([...stack, m, n], within(-0.3, 0.3));
  const turn = draw.integer(0, 3);
  return add(
    noise,
    constantMatrix(noise, m, n, (i, j) => ((i + turn) % m === j ? 2 : 0)),
  );
}
