/**
 * Systems of linear equations with a triangular matrix.
 */
import type { TensorLike } from "../creation.ts";
import { eye, tensor, zeros } from "../creation.ts";
import { ArgumentError, checkOptions, LinAlgError, quoted, ShapeError } from "../errors.ts";
import { solveLower, solveUpper } from "../kernels/lu.ts";
import { doubles, transposed, turned } from "../kernels/matrices.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Draw } from "../samples.ts";
import { within } from "../samples.ts";
import type { Shape } from "../shape.ts";
import { broadcastShapes, elementCount, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, neg } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import {
  alignStacks,
  checkMatrices,
  checkSquare,
  mT,
  stackShape,
  wrongMatrix,
} from "./matrices.ts";
import { matrixPlaces } from "./solve.ts";
import { tril, triu } from "./triangle.ts";

/** Options of {@link solveTriangular}. */
export interface TriangularOptions {
  /** Which triangle counts, with the diagonal: the upper (true) or the lower (false). The other one is not read. */
  upper: boolean;
  /** Solve A·X = B (true, unless given) or X·A = B. */
  left?: boolean;
  /** Take the diagonal for ones without reading it; false unless given. */
  unitriangular?: boolean;
}

type Triangular = Required<Readonly<TriangularOptions>>;

function readOptions(options: TriangularOptions | undefined): Triangular {
  checkOptions("solveTriangular", options, ["upper", "left", "unitriangular"]);
  const read = { left: true, unitriangular: false, ...options };
  for (const name of ["upper", "left", "unitriangular"] as const) {
    if (typeof read[name] !== "boolean") {
      throw new ArgumentError(
        `solveTriangular: ${name} must be true or false, not ${quoted(read[name])}. Say which triangle counts: { upper: true } or { upper: false }.`,
        { [name]: read[name] },
      );
    }
  }
  return read as Triangular;
}

function solutionShape(a: Shape, b: Shape, left: boolean): Shape {
  const n = checkSquare("solveTriangular", a);
  checkMatrices("solveTriangular", b);
  const [rows, columns] = b.slice(-2) as [number, number];
  if ((left ? rows : columns) !== n) {
    throw new ShapeError(
      `solveTriangular: A has ${n} rows (shape ${formatShape(a)}), but the right-hand side of shape ${formatShape(b)} has ${left ? `${rows} rows` : `${columns} columns`}.`,
      { a, b },
    );
  }
  return [...broadcastShapes("solveTriangular", stackShape(a), stackShape(b)), rows, columns];
}

function refuseZero(a: Float64Array, n: number, stack: Shape): void {
  for (let i = 0; i < a.length / (n * n); i++) {
    for (let k = 0; k < n; k++) {
      if (a[i * n * n + k * n + k] !== 0) continue;
      throw wrongMatrix(
        "solveTriangular",
        stack,
        i,
        `is singular: its diagonal has a 0 in row ${k}.`,
        {
          row: k,
        },
      );
    }
  }
}

/**
 * The solution X of A·X = B for triangular matrices A, or of X·A = B with `{ left: false }`, by substitution in double
 * precision. B is a matrix with a column (row) for each system, or a stack of such; leading dimensions broadcast.
 *
 * With B̄ = A⁻ᵀ·X̄, the gradients are B̄, and the triangle of −B̄·Xᵀ for A: what is not read has the gradient 0.
 *
 * @throws {ShapeError} when A is not square, or the rows of B are not those of A.
 * @throws {LinAlgError} when a diagonal has a 0; the error says in which matrix.
 * @throws {ArgumentError} when the options do not say which triangle counts.
 * @example
 * import { solveTriangular, tensor } from "@chainrule/core";
 * const l = tensor([[2, 0], [1, 4]]);
 * solveTriangular(l, tensor([[2], [9]]), { upper: false }).toArray(); // → [ [ 1 ], [ 2 ] ]
 */
export const solveTriangular: Op<
  (a: TensorLike, b: TensorLike, options: TriangularOptions) => Tensor
> = defineOp({
  name: "solveTriangular",
  formula: String.raw`A X = B, \quad A \text{ triangular}`,
  call: (a: TensorLike, b: TensorLike, options: TriangularOptions) => ({
    operands: [a, b],
    options: readOptions(options),
  }),
  broadcasts: true,
  shape: ([a, b], { left }) => solutionShape(a!.shape, b!.shape, left),
  forward: ([a, b], x, { upper, left, unitriangular }) => {
    const n = a!.shape[a!.ndim - 1]!;
    const stack = stackShape(x.shape);
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    const k = left ? columns : rows;
    // X·A = B is Aᵀ·Xᵀ = Bᵀ, and the transpose of an upper triangle is a lower one.
    const all = doubles(left ? a! : turned(a!));
    if (!unitriangular) refuseZero(all, n, stackShape(a!.shape));
    const right = doubles(left ? b! : turned(b!), [...stack, n, k]);
    const substitute = upper === left ? solveUpper : solveLower;
    const places = matrixPlaces(stackShape(a!.shape), stack);
    for (let i = 0; i < elementCount(stack); i++) {
      const triangle = all.subarray(places[i]! * n * n, (places[i]! + 1) * n * n);
      const part = right.subarray(i * n * k, (i + 1) * n * k);
      substitute(triangle, n, part, k, unitriangular);
      x.storage.data.set(left ? part : transposed(part, n, k), i * n * k);
    }
  },
  vjp: ([cotangent], node) => {
    const { upper, left, unitriangular } = node.options;
    const right = solveTriangular(mT(node.a), cotangent!, { upper: !upper, left, unitriangular });
    if (!node.needs(0)) return [null, right];
    const x = node.result;
    const whole = neg(left ? matmul(right, mT(x)) : matmul(mT(x), right));
    const beside = unitriangular ? 1 : 0;
    return [upper ? triu(whole, { diagonal: beside }) : tril(whole, { diagonal: -beside }), right];
  },
  batch: (operands, batched, options) => {
    const [a, b] = alignStacks(operands, batched);
    return solveTriangular(a!, b!, options);
  },
  samples: [true, false].flatMap((upper) => [
    (draw: Draw) => {
      const n = draw.length(0);
      return [drawTriangle(draw, [], n), draw.tensor([n, draw.length(0)]), { upper }];
    },
    (draw: Draw) => {
      const n = draw.length(1, 3);
      const stack = draw.shape(0, 2);
      const a = drawTriangle(draw, draw.broadcastable(stack), n);
      const options = { upper, left: false, unitriangular: draw.boolean() };
      return [a, draw.tensor([...stack, draw.length(1, 2), n]), options];
    },
    (draw: Draw) => {
      const n = draw.length(1, 3);
      const stack = draw.shape(1, 2);
      const b = draw.tensor([...draw.broadcastable(stack), n, draw.length(1, 2)]);
      return [drawTriangle(draw, stack, n), b, { upper, unitriangular: draw.boolean() }];
    },
  ]),
  rejects: [
    {
      call: () => [zeros([2, 2]), zeros([2, 1])],
      message: /upper must be true or false, not undefined/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([2, 2]), zeros([2]), { upper: true }],
      message: /expected a matrix or a stack of matrices/,
      type: ShapeError,
    },
    {
      call: () => [zeros([2, 3]), zeros([2, 1]), { upper: true }],
      message: /must be square/,
      type: ShapeError,
    },
    {
      call: () => [eye(2), zeros([1, 3]), { upper: true, left: false }],
      message: /the right-hand side of shape \[1, 3\] has 3 columns/,
      type: ShapeError,
    },
    {
      call: () => [tensor([[[1]], [[0]]]), zeros([1, 1]), { upper: true }],
      message: /matrix \[1\] of the stack is singular: its diagonal has a 0 in row 0/,
      type: LinAlgError,
    },
  ],
  edges: [
    {
      note: "the other triangle and a unit diagonal are not read",
      call: () => [
        tensor([
          [Number.NaN, Number.NaN],
          [2, 0],
        ]),
        tensor([[1], [3]]),
        { upper: false, unitriangular: true },
      ],
      result: [1, 1],
      gradients: [
        [0, 0, -1, 0],
        [-1, 1],
      ],
    },
  ],
});

/** Numbers in both triangles, so that the laws see that one does not count; a diagonal far from 0. */
function drawTriangle(draw: Draw, stack: Shape, n: number): Tensor {
  const noise = draw.tensor([...stack, n, n], within(-0.5, 0.5));
  return add(noise, mul(eye(n, n, { dtype: "float64" }), draw.pick([1.5, -2])));
}
