/**
 * Powers and the exponential of matrices.
 */
import type { TensorLike } from "../creation.ts";
import { eye, tensor, toTensor, zeros } from "../creation.ts";
import { checkInteger, LinAlgError, ShapeError } from "../errors.ts";
import { eliminate, solveEliminated } from "../kernels/lu.ts";
import { identity } from "../kernels/matrices.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { within } from "../samples.ts";
import type { Tensor } from "../tensor.ts";
import { cat } from "./cat.ts";
import { expand } from "./expand.ts";
import { inverse } from "./inverse.ts";
import { matmul } from "./matmul.ts";
import { checkSquare, forEachFiniteMatrix, mT } from "./matrices.ts";
import { narrow } from "./slice.ts";

/**
 * The n-th power of a square matrix, or of each matrix of a stack, by repeated squaring: X⁰ is the identity, and negative
 * powers are those of the inverse.
 *
 * @throws {ShapeError} when the matrices are not square.
 * @throws {ArgumentError} when n is no whole number.
 * @throws {LinAlgError} when n is negative and a matrix is singular.
 * @example
 * import { matrixPower, tensor } from "@chainrule/core";
 * matrixPower(tensor([[1, 1], [1, 0]]), 10).toArray(); // → [ [ 89, 55 ], [ 55, 34 ] ]
 */
export function matrixPower(x: TensorLike, n: number): Tensor {
  const given = toTensor("matrixPower", x);
  const size = checkSquare("matrixPower", given.shape);
  checkInteger("matrixPower", "n", n);
  if (n === 0) return expand(eye(size, size, { dtype: given.dtype }), given.shape);
  let square = n < 0 ? inverse(given) : given;
  let power: Tensor | undefined;
  for (let rest = Math.abs(n); ; ) {
    if (rest % 2 === 1) power = power === undefined ? square : matmul(power, square);
    rest = Math.floor(rest / 2);
    if (rest === 0) return power!;
    square = matmul(square, square);
  }
}

/** Numerator coefficients of the Padé approximant of degree 13: (26 − j)!·13! / (26!·j!·(13 − j)!), times a constant. */
const pade = [
  64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
  10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
];
/** Up to this 1-norm the approximant of degree 13 is exact to double precision. */
const padeReach = 5.371920351148152;

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < n; p++) {
      const factor = a[i * n + p]!;
      for (let j = 0; j < n; j++) c[i * n + j]! += factor * b[p * n + j]!;
    }
  }
  return c;
}

/** Σ factorᵢ·matrixᵢ. */
function combination(factors: readonly number[], matrices: readonly Float64Array[]): Float64Array {
  return matrices[0]!.map((_, i) => {
    let sum = 0;
    for (const [k, matrix] of matrices.entries()) sum += factors[k]! * matrix[i]!;
    return sum;
  });
}

/** exp(A) for an n × n matrix, by scaling, approximation and squaring. */
function exponential(matrix: Float64Array, n: number): Float64Array {
  let norm = 0;
  for (let j = 0; j < n; j++) {
    let column = 0;
    for (let i = 0; i < n; i++) column += Math.abs(matrix[i * n + j]!);
    norm = Math.max(norm, column);
  }
  const squarings = norm > padeReach ? Math.ceil(Math.log2(norm / padeReach)) : 0;
  const a = matrix.map((entry) => entry / 2 ** squarings);
  const one = identity(n);
  const a2 = product(a, a, n);
  const a4 = product(a2, a2, n);
  const a6 = product(a4, a2, n);
  const b = pade as readonly number[];
  const high = (from: number): Float64Array =>
    product(a6, combination([b[from + 12] ?? 0, b[from + 10]!, b[from + 8]!], [a6, a4, a2]), n);
  const low = (from: number): Float64Array =>
    combination([b[from + 6]!, b[from + 4]!, b[from + 2]!, b[from]!], [a6, a4, a2, one]);
  const odd = product(a, combination([1, 1], [high(1), low(1)]), n);
  const even = combination([1, 1], [high(0), low(0)]);
  const divisor = combination([1, -1], [even, odd]);
  let result = solveEliminated(
    divisor,
    eliminate(divisor, n, n),
    n,
    combination([1, 1], [even, odd]),
    n,
  );
  for (let i = 0; i < squarings; i++) result = product(result, result, n);
  return result;
}

/**
 * The exponential of a square matrix, Σₖ Xᵏ/k!, or of each matrix of a stack.
 *
 * By scaling and squaring with a Padé approximant of degree 13, in double precision. The gradient is the upper right
 * block of exp of [[Xᵀ, Ȳ], [0, Xᵀ]].
 *
 * Sources: N. J. Higham, The scaling and squaring method for the matrix exponential revisited, SIAM J. Matrix Anal. Appl.
 * 26 (2005); for the gradient, R. Mathias, SIAM J. Matrix Anal. Appl. 17 (1996).
 *
 * @throws {ShapeError} when the matrices are not square.
 * @throws {LinAlgError} when one holds NaN or infinity; the error says which.
 * @example
 * import { matrixExp, tensor } from "@chainrule/core";
 * matrixExp(tensor([[0, 1], [0, 0]])).toArray(); // → [ [ 1, 1 ], [ 0, 1 ] ]
 */
export const matrixExp: Op<(x: TensorLike) => Tensor> = defineOp({
  name: "matrixExp",
  formula: String.raw`Y = \sum_k \frac{X^k}{k!}`,
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  shape: ([x]) => {
    checkSquare("matrixExp", x!.shape);
    return x!.shape;
  },
  forward: ([x], y) => {
    const n = x!.shape[x!.ndim - 1]!;
    forEachFiniteMatrix("matrixExp", x!, (matrix, index) => {
      y.storage.data.set(exponential(matrix, n), index * n * n);
    });
  },
  vjp: [
    (cotangent, node) => {
      const transposed = mT(node.a);
      const n = transposed.shape[transposed.ndim - 1]!;
      const nothing = zeros(transposed.shape, { dtype: transposed.dtype });
      const block = cat([cat([transposed, cotangent], -1), cat([nothing, transposed], -1)], -2);
      return narrow(narrow(matrixExp(block), -2, 0, n), -1, n, n);
    },
  ],
  batch: ([x]) => matrixExp(x!),
  samples: [
    (draw) => {
      const n = draw.length(0, 3);
      return [draw.tensor([n, n], within(-1.5, 1.5))];
    },
    (draw) => {
      const n = draw.length(1, 2);
      return [draw.tensor([...draw.shape(1, 2, 0), n, n], within(-1.5, 1.5))];
    },
  ],
  rejects: [
    { call: () => [zeros([2])], message: /matrixExp: expected a matrix/, type: ShapeError },
    { call: () => [zeros([2, 3])], message: /must be square/, type: ShapeError },
    {
      call: () => [tensor([[Number.NaN]])],
      message: /matrixExp: the matrix holds NaN or infinity/,
      type: LinAlgError,
    },
  ],
  edges: [
    { note: "of nothing", call: () => [zeros([0, 0])], result: [], gradients: [[]] },
    { note: "of 0", call: () => [zeros([1, 1])], result: [1], gradients: [[1]] },
  ],
});
