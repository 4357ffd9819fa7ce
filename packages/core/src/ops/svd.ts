/**
 * The singular value decomposition.
 */
import type { TensorLike } from "../creation.ts";
import { eye, tensor, zeros } from "../creation.ts";
import { ArgumentError, checkOptions, LinAlgError, quoted, ShapeError } from "../errors.ts";
import type { Recorded } from "../graph/node.ts";
import { directionOf, identity } from "../kernels/matrices.ts";
import { completeBasis } from "../kernels/qr.ts";
import { singularValues } from "../kernels/svd.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Draw } from "../samples.ts";
import { within } from "../samples.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { unsqueeze } from "./dimensions.ts";
import { div } from "./division.ts";
import { reciprocalGaps } from "./eigh.ts";
import { matmul } from "./matmul.ts";
import {
  checkMatrices,
  constantMatrix,
  forEachFiniteMatrix,
  mT,
  stackShape,
  wrongMatrix,
} from "./matrices.ts";
import { narrow } from "./slice.ts";

/** Options of {@link svd}. */
export interface SVDOptions {
  /** Complete U to m × m and Vh to n × n (true, unless given), or leave both with k = min(m, n) vectors. */
  fullMatrices?: boolean;
}

/** What {@link svd} gives. */
export interface SVD {
  /** Left singular vectors in the columns, orthonormal. */
  readonly U: Tensor;
  /** Singular values, falling, [..., k]. */
  readonly S: Tensor;
  /** Right singular vectors in the rows, orthonormal. */
  readonly Vh: Tensor;
}

function readOptions(options: SVDOptions = {}): Required<SVDOptions> {
  checkOptions("svd", options, ["fullMatrices"]);
  const { fullMatrices = true } = options;
  if (typeof fullMatrices !== "boolean") {
    throw new ArgumentError(
      `svd: fullMatrices must be true or false, not ${quoted(fullMatrices)}.`,
      {
        fullMatrices,
      },
    );
  }
  return { fullMatrices };
}

/** The shapes of U, S and Vh. */
function shapesOf(x: Shape, full: boolean): readonly [Shape, Shape, Shape] {
  checkMatrices("svd", x);
  const stack = stackShape(x);
  const [m, n] = x.slice(-2) as [number, number];
  const k = Math.min(m, n);
  return [
    [...stack, m, full ? m : k],
    [...stack, k],
    [...stack, full ? n : k, n],
  ];
}

/** Vectors in rows, completed to so many of them. */
function completed(rows: Float64Array, have: number, want: number, length: number): Float64Array {
  if (have === want) return rows;
  if (have === 0) return identity(want);
  const all = new Float64Array(want * length);
  all.set(rows);
  completeBasis(all, have, want, length);
  return all;
}

/**
 * The singular value decomposition X = U·diag(S)·Vh of a matrix, or of each matrix of a stack.
 *
 * By one-sided Jacobi rotations, in double precision. Singular values fall; the first component of each left singular
 * vector that is not small is positive. With k = min(m, n), U is m × m and Vh is n × n, or m × k and k × n with
 * `{ fullMatrices: false }`; the further vectors are any that complete the others and have no gradient.
 *
 * The gradient is U·[(skew(UᵀŪ) ∘ F)·S + S·(skew(VᵀV̄) ∘ F) + diag(S̄)]·Vᵀ + (1 − U·Uᵀ)·Ū·S⁻¹·Vᵀ + U·S⁻¹·V̄ᵀ·(1 − V·Vᵀ)
 * with Fᵢⱼ = 1/(sⱼ² − sᵢ²) and skew(A) = A − Aᵀ. That of the vectors is infinite where singular values are equal, or, of
 * a matrix that is not square, 0; that of the singular values is always finite: use svdvals if you need no vectors.
 *
 * Source of the gradient: J. Townsend, Differentiating the singular value decomposition, 2016.
 *
 * @throws {ShapeError} when x has fewer than two dimensions.
 * @throws {LinAlgError} when a matrix holds NaN or infinity; the error says which.
 * @example
 * import { svd, tensor } from "@chainrule/core";
 * const { U, S, Vh } = svd(tensor([[0, 2], [1, 0], [0, 0]]), { fullMatrices: false });
 * S; // → tensor([2, 1])
 * U.mul(S).matmul(Vh).toArray(); // → [ [ 0, 2 ], [ 1, 0 ], [ 0, 0 ] ]
 */
export const svd: Op<(x: TensorLike, options?: SVDOptions) => SVD> = defineOp({
  name: "svd",
  formula: String.raw`X = U \operatorname{diag}(S) V^{\mathsf{T}}`,
  call: (x: TensorLike, options?: SVDOptions) => ({ operands: [x], options: readOptions(options) }),
  shapes: ([x], { fullMatrices }) => shapesOf(x!.shape, fullMatrices),
  forward: ([x], [U, S, Vh]) => {
    const [m, n] = x!.shape.slice(-2) as [number, number];
    const columns = U!.shape[U!.ndim - 1]!;
    const rows = Vh!.shape[Vh!.ndim - 2]!;
    const k = Math.min(m, n);
    forEachFiniteMatrix("svd", x!, (matrix, index) => {
      const { s, u, v, converged } = singularValues(matrix, m, n);
      if (!converged) {
        throw wrongMatrix(
          "svd",
          stackShape(x!.shape),
          index,
          "has singular vectors that Jacobi rotations do not find.",
        );
      }
      const left = completed(u, k, columns, m);
      const right = completed(v, k, rows, n);
      S!.storage.data.set(s, index * k);
      for (let p = 0; p < columns; p++) {
        const direction = directionOf(left, p * m, m);
        for (let i = 0; i < m; i++) {
          U!.storage.data[index * m * columns + i * columns + p] = direction * left[p * m + i]!;
        }
        // A vector and its partner turn round together.
        if (p < k) for (let j = 0; j < n; j++) right[p * n + j]! *= direction;
      }
      Vh!.storage.data.set(right, index * rows * n);
    });
  },
  returns: ([U, S, Vh]) => ({ U: U!, S: S!, Vh: Vh! }),
  vjp: ([U, S, Vh], node) => [gradientOf(node, U ?? null, S ?? null, Vh ?? null)],
  samples: [
    (draw) => [drawSpread(draw, [], draw.length(0), draw.length(0)), { fullMatrices: false }],
    (draw) => [
      drawSpread(draw, draw.shape(1, 2, 0), draw.length(1, 3), draw.length(1, 3)),
      { fullMatrices: false },
    ],
    (draw) => {
      const n = draw.length(1, 3);
      return [drawSpread(draw, draw.shape(0, 1), n, n)];
    },
  ],
  rejects: [
    { call: () => [zeros([2])], message: /svd: expected a matrix/, type: ShapeError },
    {
      call: () => [eye(2), { fullMatrices: 1 }],
      message: /fullMatrices must be true or false, not 1/,
      type: ArgumentError,
    },
    {
      call: () => [eye(2), { some: true }],
      message: /unknown option "some"/,
      type: ArgumentError,
    },
    {
      call: () => [tensor([[[1]], [[Number.NaN]]])],
      message: /svd: matrix \[1\] of the stack holds NaN or infinity/,
      type: LinAlgError,
    },
  ],
  edges: [
    { note: "no columns", call: () => [zeros([1, 0])], result: [1], gradients: [[]] },
    { note: "a number: U is positive", call: () => [tensor([[-3]])], result: [1, 3, -1] },
    {
      note: "zeros: any basis",
      call: () => [zeros([2, 2])],
      result: [1, 0, 0, 1, 0, 0, 1, 0, 0, 1],
    },
  ],
});

function gradientOf(
  node: Recorded,
  gradientU: Tensor | null,
  gradientS: Tensor | null,
  gradientVh: Tensor | null,
): Tensor | null {
  const [m, n] = node.shapeOf(0).slice(-2) as [number, number];
  const k = Math.min(m, n);
  const u = narrow(node.resultAt(0), -1, 0, k);
  const s = node.resultAt(1);
  const vh = narrow(node.resultAt(2), -2, 0, k);
  const columns = unsqueeze(s, -2);
  const rows = unsqueeze(s, -1);
  const gu = gradientU && narrow(gradientU, -1, 0, k);
  const gvh = gradientVh && narrow(gradientVh, -2, 0, k);
  const terms: Tensor[] = [];
  const f = gu === null && gvh === null ? null : reciprocalGaps(mul(s, s));
  if (gradientS !== null) terms.push(matmul(mul(u, unsqueeze(gradientS, -2)), vh));
  if (gu !== null) {
    const along = matmul(mT(u), gu);
    terms.push(matmul(matmul(u, mul(mul(sub(along, mT(along)), f!), columns)), vh));
    if (m > k) terms.push(matmul(div(sub(gu, matmul(u, along)), columns), vh));
  }
  if (gvh !== null) {
    const along = matmul(vh, mT(gvh));
    terms.push(matmul(u, matmul(mul(rows, mul(sub(along, mT(along)), f!)), vh)));
    if (n > k) terms.push(matmul(u, div(sub(gvh, matmul(mT(along), vh)), rows)));
  }
  return terms.length === 0 ? null : terms.reduce((sum, term) => add(sum, term));
}

/** Matrices whose singular values are far from each other and from 0. */
function drawSpread(draw: Draw, stack: Shape, m: number, n: number): Tensor {
  const noise = draw.tensor([...stack, m, n], within(-0.15, 0.15));
  const turn = draw.integer(0, 3);
  const k = Math.min(m, n);
  return add(
    noise,
    constantMatrix(noise, m, n, (i, j) => (i === j ? 1 + ((i + turn) % k) : 0)),
  );
}

/**
 * The singular values of a matrix, or of each matrix of a stack, falling: {@link svd} without the vectors. Their gradient
 * U·diag(S̄)·Vᵀ is finite for every matrix.
 *
 * @throws {ShapeError} when x has fewer than two dimensions.
 * @throws {LinAlgError} when a matrix holds NaN or infinity.
 * @example
 * import { svdvals, tensor } from "@chainrule/core";
 * svdvals(tensor([[0, 2], [-3, 0]])); // → tensor([3, 2])
 */
export function svdvals(x: TensorLike): Tensor {
  return svd(x, { fullMatrices: false }).S;
}
