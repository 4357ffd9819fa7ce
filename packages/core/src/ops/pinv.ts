/**
 * The pseudoinverse, the rank, and least squares.
 */
import type { TensorLike } from "../creation.ts";
import { eye, newTensor, tensor, toTensor, zeros } from "../creation.ts";
import { finfo } from "../dtype.ts";
import { ArgumentError, checkNumber, checkOptions, LinAlgError, ShapeError } from "../errors.ts";
import { noGrad } from "../graph/mode.ts";
import { singularValues } from "../kernels/svd.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { toOperands } from "../record.ts";
import type { Draw } from "../samples.ts";
import { within } from "../samples.ts";
import type { Shape } from "../shape.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, neg, sub } from "./arithmetic.ts";
import { gt } from "./comparison.ts";
import { amax } from "./extremum.ts";
import { countNonzero } from "./logical.ts";
import { matmul } from "./matmul.ts";
import { checkMatrices, constantMatrix, forEachFiniteMatrix, mT, wrongMatrix } from "./matrices.ts";
import { reshape } from "./reshape.ts";
import { maximum } from "./selection.ts";
import { sum } from "./sum.ts";
import { svdvals } from "./svd.ts";

/** Which singular values count as 0: those up to max(atol, rtol·σ₁). */
export interface RankOptions {
  /** 0 unless given. */
  atol?: number;
  /** max(m, n)·ε of the type unless given; 0 unless given if atol is given and positive. */
  rtol?: number;
}

/** What counts as 0, for the largest singular value 1 and in absolute terms. */
interface Tolerance {
  readonly atol: number;
  /** `null`: what the shape and the type say. */
  readonly rtol: number | null;
}

function readTolerance(where: string, options: RankOptions = {}): Tolerance {
  checkOptions(where, options, ["atol", "rtol"]);
  for (const name of ["atol", "rtol"] as const) {
    const value = options[name];
    if (value !== undefined && checkNumber(where, name, value) < 0) {
      throw new ArgumentError(`${where}: ${name} must not be negative, but is ${value}.`, {
        [name]: value,
      });
    }
  }
  const { atol = 0, rtol = atol > 0 ? 0 : null } = options;
  return { atol, rtol };
}

function relativeTolerance({ rtol }: Tolerance, x: Tensor): number {
  if (rtol !== null) return rtol;
  const [m, n] = x.shape.slice(-2) as [number, number];
  return Math.max(m, n) * finfo(x.dtype === "float64" ? "float64" : "float32").eps;
}

/**
 * The Moore–Penrose pseudoinverse of a matrix, or of each matrix of a stack, [..., m, n] → [..., n, m]: the inverse of X
 * on what X does not turn to zero. X⁺·B is the shortest of the best solutions of X·Y = B.
 *
 * From the singular value decomposition, in double precision; singular values up to max(atol, rtol·σ₁) count as 0. The
 * gradient, for matrices that keep their rank, is −PᵀP̄Pᵀ + (1 − X·P)·P̄ᵀ·P·Pᵀ + PᵀP·P̄ᵀ·(1 − P·X) with P = X⁺.
 *
 * Source of the gradient: G. H. Golub and V. Pereyra, SIAM J. Numer. Anal. 10 (1973).
 *
 * @throws {ShapeError} when x has fewer than two dimensions.
 * @throws {LinAlgError} when a matrix holds NaN or infinity; the error says which.
 * @throws {ArgumentError} for a negative tolerance.
 * @example
 * import { pinv, tensor } from "@chainrule/core";
 * pinv(tensor([[2, 0], [0, 0], [0, 4]])).toArray(); // → [ [ 0.5, 0, 0 ], [ 0, 0, 0.25 ] ]
 */
export const pinv: Op<(x: TensorLike, options?: RankOptions) => Tensor> = defineOp({
  name: "pinv",
  formula: "Y = X^{+}",
  call: (x: TensorLike, options?: RankOptions) => ({
    operands: [x],
    options: readTolerance("pinv", options),
  }),
  shape: ([x]) => {
    checkMatrices("pinv", x!.shape);
    const [m, n] = x!.shape.slice(-2) as [number, number];
    return [...x!.shape.slice(0, -2), n, m];
  },
  forward: ([x], y, options) => {
    const [m, n] = x!.shape.slice(-2) as [number, number];
    const relative = relativeTolerance(options, x!);
    const { data } = y.storage;
    const inverted = new Float64Array(m * n);
    forEachFiniteMatrix("pinv", x!, (matrix, index) => {
      const { s, u, v, converged } = singularValues(matrix, m, n);
      if (!converged) {
        const stack = x!.shape.slice(0, -2);
        throw wrongMatrix(
          "pinv",
          stack,
          index,
          "has singular vectors that Jacobi rotations do not find.",
        );
      }
      const least = Math.max(options.atol, relative * (s[0] ?? 0));
      inverted.fill(0);
      for (let p = 0; p < s.length && s[p]! > least; p++) {
        for (let i = 0; i < n; i++) {
          const factor = v[p * n + i]! / s[p]!;
          for (let j = 0; j < m; j++) inverted[i * m + j]! += factor * u[p * m + j]!;
        }
      }
      data.set(inverted, index * m * n);
    });
  },
  vjp: [
    (cotangent, { a: x, result: p }) => {
      const [m, n] = x.shape.slice(-2) as [number, number];
      const [xT, pT, gT] = [mT(x), mT(p), mT(cotangent)];
      const inside = neg(matmul(matmul(pT, cotangent), pT));
      // (1 − X·P)·Ḡᵀ vanishes for full rank and m ≤ n, Ḡᵀ·(1 − P·X) for m ≥ n; otherwise they carry the other spaces.
      const one = (size: number): Tensor => eye(size, size, { dtype: x.dtype });
      const rows = matmul(matmul(sub(one(m), matmul(mT(p), xT)), gT), matmul(p, pT));
      const columns = matmul(matmul(matmul(pT, p), gT), sub(one(n), matmul(p, x)));
      return add(inside, add(rows, columns));
    },
  ],
  batch: ([x], _batched, { atol, rtol }) => pinv(x!, rtol === null ? { atol } : { atol, rtol }),
  samples: [
    (draw) => [drawFullRank(draw, [], draw.length(0), draw.length(0))],
    (draw) => [drawFullRank(draw, draw.shape(1, 2, 0), draw.length(1, 3), draw.length(1, 3))],
    (draw) => [
      drawFullRank(draw, [], draw.length(1, 3), draw.length(1, 3)),
      draw.pick([{ atol: 0.1 }, { rtol: 0.05 }, { atol: 0.01, rtol: 0.01 }]),
    ],
  ],
  rejects: [
    { call: () => [zeros([2])], message: /pinv: expected a matrix/, type: ShapeError },
    {
      call: () => [eye(2), { rtol: -1 }],
      message: /rtol must not be negative, but is -1/,
      type: ArgumentError,
    },
    {
      call: () => [eye(2), { rcond: 1 }],
      message: /unknown option "rcond"/,
      type: ArgumentError,
    },
    {
      call: () => [tensor([[Number.NaN]])],
      message: /pinv: the matrix holds NaN or infinity/,
      type: LinAlgError,
    },
  ],
  edges: [
    { note: "nothing", call: () => [zeros([0, 2])], result: [], gradients: [[]] },
    { note: "zeros", call: () => [zeros([1, 2])], result: [0, 0], gradients: [[0, 0]] },
  ],
});

/** Matrices of full rank, far from lower ranks. */
function drawFullRank(draw: Draw, stack: Shape, m: number, n: number): Tensor {
  const noise = draw.tensor([...stack, m, n], within(-0.2, 0.2));
  const size = draw.pick([1.5, -2]);
  return add(
    noise,
    constantMatrix(noise, m, n, (i, j) => (i === j ? size : 0)),
  );
}

/**
 * The number of singular values that do not count as 0, for each matrix of a stack, as int32; singular values up to
 * max(atol, rtol·σ₁) do.
 *
 * @throws {ShapeError} when x has fewer than two dimensions.
 * @throws {LinAlgError} when a matrix holds NaN or infinity.
 * @throws {ArgumentError} for a negative tolerance.
 * @example
 * import { matrixRank, tensor } from "@chainrule/core";
 * matrixRank(tensor([[1, 2], [2, 4]])).item(); // → 1
 */
export function matrixRank(x: TensorLike, options?: RankOptions): Tensor {
  const tolerance = readTolerance("matrixRank", options);
  const given = toTensor("matrixRank", x);
  checkMatrices("matrixRank", given.shape);
  return noGrad(() => {
    const s = svdvals(given.detach());
    if (s.shape[s.ndim - 1] === 0) return newTensor("int32", s.shape.slice(0, -1));
    const relative = mul(amax(s, -1, { keepdim: true }), relativeTolerance(tolerance, given));
    return countNonzero(gt(s, maximum(relative, tolerance.atol)), -1);
  });
}

/** What {@link lstsq} gives. */
export interface LeastSquares {
  /** The shortest of the best solutions, [..., n, k] (or [..., n] for vectors). */
  readonly solution: Tensor;
  /** Σᵢ (A·X − B)ᵢ² for each column, [..., k]; empty unless m > n and all ranks are n. */
  readonly residuals: Tensor;
  /** The rank of each A, int32. */
  readonly rank: Tensor;
  /** The singular values of each A, [..., min(m, n)]. */
  readonly singularValues: Tensor;
}

/** Options of {@link lstsq}. */
export interface LeastSquaresOptions {
  /** Singular values up to rcond·σ₁ count as 0; max(m, n)·ε of the type unless given. */
  rcond?: number;
}

/**
 * The X that makes the squares of A·X − B smallest, for matrices A of m × n and B of m × k, vectors B, or stacks of them;
 * if there are several, the shortest. It is A⁺·B, with the gradients of that.
 *
 * @throws {ShapeError} when the rows of B are not those of A.
 * @throws {LinAlgError} when an A holds NaN or infinity.
 * @throws {ArgumentError} for a negative rcond.
 * @example
 * import { lstsq, tensor } from "@chainrule/core";
 * // The line through three points: y = 1 + 2x.
 * const a = tensor([[1, 0], [1, 1], [1, 2]]);
 * lstsq(a, tensor([1, 3, 5])).solution; // → tensor([1, 2])
 */
export function lstsq(a: TensorLike, b: TensorLike, options?: LeastSquaresOptions): LeastSquares {
  checkOptions("lstsq", options, ["rcond"]);
  const [x, y] = toOperands("lstsq", [a, b]);
  checkMatrices("lstsq", x!.shape);
  const [m, n] = x!.shape.slice(-2) as [number, number];
  const vectors = y!.ndim === 1 || sameShape(y!.shape, x!.shape.slice(0, -1));
  const right = vectors ? reshape(y!, [...y!.shape, 1]) : y!;
  if (right.ndim < 2 || right.shape[right.ndim - 2] !== m) {
    throw new ShapeError(
      `lstsq: A has ${m} rows (shape ${formatShape(x!.shape)}), but B has shape ${formatShape(y!.shape)}.`,
      { a: x!.shape, b: y!.shape },
    );
  }
  const tolerance = options?.rcond === undefined ? {} : { rtol: options.rcond };
  const solution = matmul(pinv(x!, tolerance), right);
  const rank = matrixRank(x!, tolerance);
  const isUnique = m > n && rank.toTypedArray().every((found) => found === n);
  const off = isUnique ? sub(matmul(x!, solution), right) : null;
  const squeezed = (z: Tensor): Tensor => (vectors ? reshape(z, z.shape.slice(0, -1)) : z);
  return {
    solution: squeezed(solution),
    residuals: off === null ? newTensor(solution.dtype, [0]) : squeezed(sum(mul(off, off), -2)),
    rank,
    singularValues: svdvals(x!),
  };
}
