/**
 * Determinants.
 */
import type { TensorLike } from "../creation.ts";
import { eye, tensor, zeros } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { capture } from "../graph/capture.ts";
import type { Elimination } from "../kernels/lu.ts";
import { eliminate, solveEliminated } from "../kernels/lu.ts";
import { identity, transposed } from "../kernels/matrices.ts";
import { singularValues } from "../kernels/svd.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Rejection, Sample } from "../samples.ts";
import { within } from "../samples.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { lt } from "./comparison.ts";
import { diagonal } from "./diagonal.ts";
import { unsqueeze } from "./dimensions.ts";
import { div } from "./division.ts";
import { inverse } from "./inverse.ts";
import { matmul } from "./matmul.ts";
import {
  checkSquare,
  drawRegular,
  forEachMatrix,
  mT,
  stackShape,
  wrongMatrix,
} from "./matrices.ts";
import { vectorNorm } from "./norm.ts";
import { where } from "./selection.ts";
import { sum } from "./sum.ts";

/** Numbers, one for each matrix of a stack, so that they multiply the matrices. */
function spread(numbers: Tensor): Tensor {
  return unsqueeze(unsqueeze(numbers, -1), -1);
}

/** The trace of each matrix. */
function traces(x: Tensor): Tensor {
  return sum(diagonal(x, { dim1: -2, dim2: -1 }), -1);
}

function determinantOf(lu: Float64Array, { sign }: Elimination, n: number): number {
  let product: number = sign;
  for (let i = 0; i < n; i++) product *= lu[i * n + i]!;
  return product;
}

const rejects = (name: string): readonly Rejection[] => [
  { call: () => [zeros([2])], message: new RegExp(`${name}: expected a matrix`), type: ShapeError },
  {
    call: () => [zeros([3, 2])],
    message: new RegExp(`${name}: the matrices must be square, but have 3 rows and 2 columns`),
    type: ShapeError,
  },
];

const regular: readonly Sample[] = [
  (draw) => [drawRegular(draw, [], draw.length(0))],
  (draw) => [drawRegular(draw, draw.shape(1, 2, 0), draw.length(1, 3))],
];

/** Singular matrices too: products of thin ones. */
const singular: Sample = (draw) => {
  const n = draw.integer(1, 4);
  const rank = draw.integer(Math.max(n - 2, 0), n - 1);
  const stack = draw.shape(0, 1);
  const [left, right] = [
    [...stack, n, rank],
    [...stack, rank, n],
  ];
  return [matmul(draw.tensor(left, within(-1, 1)), draw.tensor(right, within(-1, 1)))];
};

/**
 * The determinant of a square matrix, or of each matrix of a stack; that of an empty matrix is 1.
 *
 * By elimination with partial pivoting, in double precision. The gradient is det̄·cof(X), with the matrix of cofactors,
 * and so exact for singular matrices, too.
 *
 * @throws {ShapeError} when the matrices are not square.
 * @example
 * import { det, tensor } from "@chainrule/core";
 * det(tensor([[1, 2], [3, 4]])).item(); // → -2
 */
export const det: Op<(x: TensorLike) => Tensor> = defineOp({
  name: "det",
  formula: String.raw`y = \det X`,
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  shape: ([x]) => {
    checkSquare("det", x!.shape);
    return stackShape(x!.shape);
  },
  forward: ([x], y) => {
    const n = x!.shape[x!.ndim - 1]!;
    forEachMatrix(x!, (matrix, index) => {
      y.storage.data[index] = determinantOf(matrix, eliminate(matrix, n, n), n);
    });
  },
  vjp: [(cotangent, node) => mul(spread(cotangent), cofactor(node.a))],
  batch: ([x]) => det(x!),
  samples: [...regular, singular],
  rejects: rejects("det"),
  edges: [
    { note: "of nothing", call: () => [zeros([0, 0])], result: [1], gradients: [[]] },
    { note: "of a number", call: () => [tensor([[0]])], result: [0], gradients: [[1]] },
    {
      note: "of a singular matrix: the gradient is that of the polynomial",
      call: () => [
        tensor([
          [0, 1],
          [0, 0],
        ]),
      ],
      result: [0],
      gradients: [[0, 0, -1, 0]],
    },
    {
      note: "NaN is not swallowed",
      call: () => [
        tensor([
          [1, 0],
          [0, Number.NaN],
        ]),
      ],
      result: [Number.NaN],
    },
  ],
});

/**
 * The matrix of cofactors: the gradient of the determinant, cofᵢⱼ = ∂det X/∂xᵢⱼ, which is det X·X⁻ᵀ where X has an
 * inverse. Its transpose is the adjugate.
 *
 * Singular matrices: from the singular value decomposition X = U·S·Vᵀ, det(U·Vᵀ)·U·diag(Πⱼ≠ᵢ sⱼ)·Vᵀ.
 *
 * @throws {ShapeError} when the matrices are not square.
 * @example
 * import { cofactor, tensor } from "@chainrule/core";
 * cofactor(tensor([[1, 2], [0, 0]])).toArray(); // → [ [ 0, 0 ], [ -2, 1 ] ]
 */
export const cofactor: Op<(x: TensorLike) => Tensor> = defineOp({
  name: "cofactor",
  formula: String.raw`Y = \det X \, X^{-\mathsf{T}}`,
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  shape: ([x]) => {
    checkSquare("cofactor", x!.shape);
    return x!.shape;
  },
  forward: ([x], y) => {
    const n = x!.shape[x!.ndim - 1]!;
    forEachMatrix(x!, (matrix, index) => {
      y.storage.data.set(cofactors(matrix, n), index * n * n);
    });
  },
  vjp: [
    (cotangent, { a: x, result }) => {
      if (x.shape[x.ndim - 1]! <= smallSize) return cofactorGradient(x, cotangent);
      const determinant = det(x);
      if (!isRegular(x, result, determinant)) return cofactorGradient(x, cotangent);
      // C = det·X⁻ᵀ gives dC = (tr(Cᵀ·dX)·C − C·dXᵀ·C)/det.
      const first = mul(spread(sum(mul(cotangent, result), [-2, -1])), result);
      const second = matmul(matmul(result, mT(cotangent)), result);
      return div(sub(first, second), spread(determinant));
    },
  ],
  batch: ([x]) => cofactor(x!),
  samples: [...regular, singular],
  rejects: rejects("cofactor"),
  edges: [
    { note: "of a number", call: () => [tensor([[7]])], result: [1], gradients: [[0]] },
    { note: "of nothing", call: () => [zeros([0, 0])], result: [], gradients: [[]] },
  ],
});

function cofactors(matrix: Float64Array, n: number): Float64Array {
  const lu = matrix.slice();
  const elimination = eliminate(lu, n, n);
  const determinant = determinantOf(lu, elimination, n);
  if (determinant !== 0) {
    const inverted = solveEliminated(lu, elimination, n, identity(n), n);
    return transposed(inverted, n, n).map((entry) => entry * determinant);
  }
  const { s, u, v } = singularValues(matrix, n, n);
  const sign = signOf(u, n) * signOf(v, n);
  const result = new Float64Array(n * n);
  for (let p = 0; p < n; p++) {
    let others = sign;
    for (let q = 0; q < n; q++) if (q !== p) others *= s[q]!;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) result[i * n + j]! += others * u[p * n + i]! * v[p * n + j]!;
    }
  }
  return result;
}

/** The determinant of an orthogonal matrix. */
function signOf(q: Float64Array, n: number): number {
  const lu = q.slice();
  return determinantOf(lu, eliminate(lu, n, n), n) < 0 ? -1 : 1;
}

/** Up to this size the recurrence of {@link cofactorGradient} is as accurate as a division by the determinant. */
const smallSize = 6;

/** Whether every matrix is far enough from singular ones for its determinant to be divided by. */
function isRegular(x: Tensor, cofactorsOfX: Tensor, determinant: Tensor): boolean {
  const size = vectorNorm(x.detach(), 2, [-2, -1]).toTypedArray();
  const other = vectorNorm(cofactorsOfX.detach(), 2, [-2, -1]).toTypedArray();
  return determinant
    .toTypedArray()
    .every((value, i) => Math.abs(value) > 1e-6 * size[i]! * other[i]!);
}

/**
 * The gradient of cof X without any division by det X: by the recurrence of Faddeev and LeVerrier,
 * Mₖ = X·Mₖ₋₁ + cₖ₋₁·1 with c₀ = 1 and cₖ = −tr(X·Mₖ)/k, for which cof X = (−1)ⁿ⁻¹·Mₙᵀ, gone through backwards.
 */
function cofactorGradient(x: Tensor, cotangent: Tensor): Tensor {
  const n = x.shape[x.ndim - 1]!;
  const one = eye(n, n, { dtype: x.dtype });
  const steps: Tensor[] = [];
  for (let k = 1; k <= n; k++) {
    const before = steps.at(-1);
    if (before === undefined) {
      steps.push(add(mul(x, 0), one));
    } else {
      const product = matmul(x, before);
      steps.push(add(product, mul(spread(div(traces(product), 1 - k)), one)));
    }
  }
  let gradient = mul(x, 0);
  let arrived = mul(mT(cotangent), n % 2 === 0 ? -1 : 1);
  for (let k = n - 1; k >= 1; k--) {
    // Mₖ₊₁ = P − tr(P)/k·1 with P = X·Mₖ.
    const before = steps[k - 1]!;
    const product = sub(arrived, mul(spread(div(traces(arrived), k)), one));
    gradient = add(gradient, matmul(product, mT(before)));
    arrived = matmul(mT(x), product);
  }
  return gradient;
}

/** Sign and logarithm of a determinant. */
export interface SignAndLog {
  /** 1, −1, or 0 for a singular matrix; it has no gradient. */
  readonly sign: Tensor;
  /** log |det X|, −∞ for a singular matrix. */
  readonly logabsdet: Tensor;
}

/**
 * The sign of the determinant of each matrix, and the logarithm of its size: for determinants that would overflow.
 *
 * det X = sign·exp(logabsdet). The gradient of the logarithm is X⁻ᵀ; the sign has none.
 *
 * @throws {ShapeError} when the matrices are not square.
 * @throws {LinAlgError} in the backward pass, when a matrix is singular; the error says which.
 * @example
 * import { slogdet, tensor } from "@chainrule/core";
 * const { sign, logabsdet } = slogdet(tensor([[0, 2], [2, 0]]));
 * sign.item(); // → -1
 * logabsdet; // → tensor(1.3863)
 */
export const slogdet: Op<(x: TensorLike) => SignAndLog> = defineOp({
  name: "slogdet",
  formula: String.raw`(s, y) = (\operatorname{sign} \det X,\ \log |\det X|)`,
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  shapes: ([x]) => {
    checkSquare("slogdet", x!.shape);
    return [stackShape(x!.shape), stackShape(x!.shape)];
  },
  forward: ([x], [signs, logs]) => {
    const n = x!.shape[x!.ndim - 1]!;
    forEachMatrix(x!, (matrix, index) => {
      let { sign }: { sign: number } = eliminate(matrix, n, n);
      let log = 0;
      for (let i = 0; i < n; i++) {
        const pivot = matrix[i * n + i]!;
        sign *= Math.sign(pivot);
        log += Math.log(Math.abs(pivot));
      }
      signs!.storage.data[index] = sign;
      logs!.storage.data[index] = log;
    });
  },
  returns: ([sign, logabsdet]) => ({ sign: sign!, logabsdet: logabsdet! }),
  vjp: ([, cotangent], node) => {
    if (cotangent === null || cotangent === undefined) return [null];
    refuseSingular(node.resultAt(1), stackShape(node.shapeOf(0)));
    return [mul(spread(cotangent), mT(inverse(node.a)))];
  },
  samples: regular,
  rejects: rejects("slogdet"),
  edges: [
    { note: "of nothing", call: () => [zeros([0, 0])], result: [1, 0], gradients: [[]] },
    {
      note: "of a singular matrix",
      call: () => [zeros([2, 2])],
      result: [0, Number.NEGATIVE_INFINITY],
    },
  ],
});

function refuseSingular(logs: Tensor, stack: Shape): void {
  // Where the logarithms are not known yet, the inverse will refuse the matrix.
  if (capture?.defers([logs]) === true) return;
  const index = logs.toTypedArray().indexOf(Number.NEGATIVE_INFINITY);
  if (index >= 0) {
    throw wrongMatrix(
      "slogdet",
      stack,
      index,
      "is singular, so the gradient of the logarithm of its determinant is infinite. Add a multiple of the identity.",
    );
  }
}

/**
 * The logarithm of the determinant of each matrix: NaN where it is negative, −∞ where it is 0.
 *
 * @throws {ShapeError} when the matrices are not square.
 * @throws {LinAlgError} in the backward pass, when a matrix is singular.
 * @example
 * import { logdet, tensor } from "@chainrule/core";
 * logdet(tensor([[2, 0], [0, 0.5]])).item(); // → 0
 */
export function logdet(x: TensorLike): Tensor {
  const { sign, logabsdet } = slogdet(x);
  return where(lt(sign, 0), Number.NaN, logabsdet);
}
