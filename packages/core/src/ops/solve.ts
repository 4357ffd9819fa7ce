/**
 * Systems of linear equations.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { ArgumentError, checkOptions, LinAlgError, ShapeError } from "../errors.ts";
import { eliminate, solveEliminated } from "../kernels/lu.ts";
import { asColumns, doubles, transposed, turned } from "../kernels/matrices.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Shape } from "../shape.ts";
import { broadcastShapes, elementCount, formatShape, sameShape } from "../shape.ts";
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
import { reshape } from "./reshape.ts";

/** Options of {@link solve}. */
export interface SolveOptions {
  /** Solve A·X = B (true, unless given) or X·A = B. */
  left?: boolean;
}

/** PyTorch's rule: B is a vector, or a stack of vectors with the very stack shape of A. */
function isVector(a: Shape, b: Shape): boolean {
  return b.length === 1 || (b.length === a.length - 1 && sameShape(b, a.slice(0, -1)));
}

/** The shapes in which A and B meet, B as matrices. */
function meetingShapes(a: Shape, b: Shape, left: boolean): { stack: Shape; b: Shape } {
  const n = checkSquare("solve", a);
  const matrices = isVector(a, b) ? [...b, 1] : b;
  if (b.length === 0) {
    throw new ShapeError(
      "solve: the right-hand side must be a vector or matrices, not a single number.",
      { b },
    );
  }
  const length = matrices[matrices.length - (left ? 2 : 1)]!;
  if (isVector(a, b) && !left) {
    throw new ShapeError(
      `solve: with left = false the right-hand side must be a matrix, but has shape ${formatShape(b)}. Transpose A and solve from the left.`,
      { a, b },
    );
  }
  if (length !== n) {
    throw new ShapeError(
      `solve: A has ${n} rows (shape ${formatShape(a)}), but the right-hand side of shape ${formatShape(b)} has ${length} ${left ? "rows" : "columns"}.`,
      { a, b },
    );
  }
  return { stack: broadcastShapes("solve", stackShape(a), stackShape(matrices)), b: matrices };
}

/** The shape of the solution. */
function solutionShape(a: Shape, b: Shape, left: boolean): Shape {
  const { stack, b: matrices } = meetingShapes(a, b, left);
  return isVector(a, b) ? [...stack, a[a.length - 1]!] : [...stack, ...matrices.slice(-2)];
}

function readOptions(options: SolveOptions = {}): Required<SolveOptions> {
  checkOptions("solve", options, ["left"]);
  const { left = true } = options;
  if (typeof left !== "boolean") {
    throw new ArgumentError(`solve: left must be true or false, not ${String(left)}.`, { left });
  }
  return { left };
}

/** A column for a vector; matrices as they are. */
function asMatrices(x: Tensor, vectors: boolean): Tensor {
  return vectors ? reshape(x, [...x.shape, 1]) : x;
}

/**
 * The solution X of A·X = B for square matrices A, or of X·A = B with `{ left: false }`.
 *
 * B is a matrix with a column for each system, a vector, or a stack of either; leading dimensions broadcast. As in
 * PyTorch, B counts as vectors if it is 1-D, or has the shape of A without its last dimension. By elimination with
 * partial pivoting, in double precision. With B̄ = A⁻ᵀ·X̄, the gradients are B̄ and Ā = −B̄·Xᵀ.
 *
 * @throws {ShapeError} when A is not square, or the rows of B are not those of A.
 * @throws {LinAlgError} when a matrix is singular, or holds NaN or infinity; the error says which.
 * @example
 * import { solve, tensor } from "@chainrule/core";
 * solve(tensor([[2, 1], [1, 3]]), tensor([3, 5])).toArray(); // → [ 0.800000011920929, 1.399999976158142 ]
 */
export const solve: Op<(a: TensorLike, b: TensorLike, options?: SolveOptions) => Tensor> = defineOp(
  {
    name: "solve",
    formula: "A X = B",
    call: (a: TensorLike, b: TensorLike, options?: SolveOptions) => ({
      operands: [a, b],
      options: readOptions(options),
    }),
    broadcasts: true,
    shape: ([a, b], { left }) => solutionShape(a!.shape, b!.shape, left),
    forward: ([a, b], x, { left }) => {
      const { stack, b: matrices } = meetingShapes(a!.shape, b!.shape, left);
      const n = a!.shape[a!.ndim - 1]!;
      const given = isVector(a!.shape, b!.shape) ? asColumns(b!) : b!;
      // X·A = B is Aᵀ·Xᵀ = Bᵀ.
      const system = left ? a! : turned(a!);
      const [rows, k] = left ? matrices.slice(-2) : [n, matrices[matrices.length - 2]!];
      const right = doubles(left ? given : turned(given), [...stack, rows!, k!]);
      const factors: { lu: Float64Array; elimination: ReturnType<typeof eliminate> }[] = [];
      forEachFiniteMatrix("solve", system, (lu, index) => {
        const elimination = eliminate(lu, n, n);
        if (elimination.singularAt >= 0) {
          throw wrongMatrix(
            "solve",
            stackShape(a!.shape),
            index,
            `is singular: elimination finds no pivot in column ${elimination.singularAt}, so there is no single solution. Use lstsq.`,
            { column: elimination.singularAt },
          );
        }
        factors.push({ lu, elimination });
      });
      const which = matrixPlaces(stackShape(a!.shape), stack);
      const count = elementCount(stack);
      const size = n * k!;
      for (let i = 0; i < count; i++) {
        const { lu, elimination } = factors[which[i]!]!;
        const part = right.subarray(i * size, (i + 1) * size);
        const solution = solveEliminated(lu, elimination, n, part, k!);
        x.storage.data.set(left ? solution : transposed(solution, n, k!), i * size);
      }
    },
    vjp: ([cotangent], node) => {
      const { left } = node.options;
      const vectors = isVector(node.shapeOf(0), node.shapeOf(1));
      const x = asMatrices(node.result, vectors);
      const rightGradient = solve(mT(node.a), asMatrices(cotangent!, vectors), { left });
      const systemGradient = node.needs(0)
        ? neg(left ? matmul(rightGradient, mT(x)) : matmul(mT(x), rightGradient))
        : null;
      const shape = cotangent!.shape;
      return [systemGradient, vectors ? reshape(rightGradient, shape) : rightGradient];
    },
    samples: [
      (draw) => {
        const n = draw.length(0);
        const a = drawRegular(draw, [], n);
        return draw.boolean()
          ? [a, draw.tensor([n])]
          : [a, draw.tensor([draw.length(0), n]), { left: false }];
      },
      (draw) => {
        const n = draw.length(1, 3);
        const stack = draw.shape(0, 2);
        const a = drawRegular(draw, stack, n);
        return [a, draw.tensor([...draw.broadcastable(stack), n, draw.length(1, 2)])];
      },
      (draw) => {
        const n = draw.length(1, 3);
        const stack = draw.shape(1, 2);
        const a = drawRegular(draw, draw.broadcastable(stack), n);
        return [a, draw.tensor([...stack, n, 2]), { left: true }];
      },
      (draw) => {
        const n = draw.length(1, 3);
        return [drawRegular(draw, [2], n), draw.tensor([2, n])];
      },
      (draw) => {
        const n = draw.length(1, 3);
        const stack = draw.shape(1, 2);
        const b = draw.tensor([...stack.map((length) => draw.pick([1, length])), 2, n]);
        return [drawRegular(draw, stack, n), b, { left: false }];
      },
    ],
    rejects: [
      { call: () => [zeros([2, 3]), zeros([2])], message: /must be square/, type: ShapeError },
      {
        call: () => [zeros([2, 2]), zeros([3])],
        message:
          /solve: A has 2 rows \(shape \[2, 2\]\), but the right-hand side of shape \[3\] has 3 rows/,
        type: ShapeError,
      },
      { call: () => [zeros([2, 2]), 1], message: /not a single number/, type: ShapeError },
      {
        call: () => [zeros([2, 2]), zeros([2]), { left: false }],
        message: /with left = false the right-hand side must be a matrix/,
        type: ShapeError,
      },
      {
        call: () => [zeros([2, 1, 1]), zeros([3, 1, 1])],
        message: /shapes \[2\] and \[3\] do not broadcast/,
        type: ShapeError,
      },
      {
        call: () => [zeros([2, 2]), zeros([2])],
        message: /solve: the matrix is singular: elimination finds no pivot in column 0/,
        type: LinAlgError,
      },
      {
        call: () => [tensor([[[1]], [[Number.POSITIVE_INFINITY]]]), zeros([2, 1])],
        message: /solve: matrix \[1\] of the stack holds NaN or infinity/,
        type: LinAlgError,
      },
      {
        call: () => [zeros([2, 2]), zeros([2]), { adjoint: true }],
        message: /unknown option "adjoint"/,
        type: ArgumentError,
      },
    ],
    edges: [
      {
        note: "no unknowns",
        call: () => [zeros([0, 0]), zeros([0, 2])],
        result: [],
        gradients: [[], []],
      },
    ],
  },
);

/** For each matrix of the whole stack, the place of its own among those of a stack that broadcasts to it. */
export function matrixPlaces(own: Shape, whole: Shape): Int32Array {
  const places = new Int32Array(elementCount(whole));
  const lead = whole.length - own.length;
  for (let i = 0; i < places.length; i++) {
    let rest = i;
    let place = 0;
    let step = 1;
    for (let dim = whole.length - 1; dim >= lead; dim--) {
      const at = rest % whole[dim]!;
      rest = Math.floor(rest / whole[dim]!);
      if (own[dim - lead] !== 1) place += at * step;
      step *= own[dim - lead]!;
    }
    places[i] = place;
  }
  return places;
}
