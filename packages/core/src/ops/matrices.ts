/**
 * What the ops on stacks of matrices share: checks of shapes, names of matrices in errors, and matrices to test with.
 */
import { eye, tensor } from "../creation.ts";
import { LinAlgError, ShapeError } from "../errors.ts";
import { allFinite, doubles } from "../kernels/matrices.ts";
import type { Draw } from "../samples.ts";
import { within } from "../samples.ts";
import type { Shape } from "../shape.ts";
import { elementCount, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

/** Refuses what has no last two dimensions. */
export function checkMatrices(where: string, shape: Shape): void {
  if (shape.length >= 2) return;
  throw new ShapeError(
    `${where}: expected a matrix or a stack of matrices, but the shape is ${formatShape(shape)}. The last two dimensions are rows and columns.`,
    { shape },
  );
}

/** Refuses matrices that are not square, and gives the number of rows. */
export function checkSquare(where: string, shape: Shape): number {
  checkMatrices(where, shape);
  const [rows, columns] = shape.slice(-2);
  if (rows !== columns) {
    throw new ShapeError(
      `${where}: the matrices must be square, but have ${rows} rows and ${columns} columns (shape ${formatShape(shape)}).`,
      { shape },
    );
  }
  return rows!;
}

/** The leading dimensions, in which the matrices are stacked. */
export function stackShape(shape: Shape): Shape {
  return shape.slice(0, -2);
}

/** `"matrix [1, 0] of the stack"`, or `"the matrix"` where there is but one. */
export function nameInStack(stack: Shape, index: number): string {
  if (stack.length === 0) return "the matrix";
  const place = new Array<number>(stack.length);
  let rest = index;
  for (let dim = stack.length - 1; dim >= 0; dim--) {
    place[dim] = rest % stack[dim]!;
    rest = Math.floor(rest / stack[dim]!);
  }
  return `matrix ${formatShape(place)} of the stack`;
}

/** An error about one matrix of a stack. */
export function wrongMatrix(
  where: string,
  stack: Shape,
  index: number,
  what: string,
  details: Readonly<Record<string, unknown>> = {},
): LinAlgError {
  return new LinAlgError(`${where}: ${nameInStack(stack, index)} ${what}`, {
    matrix: index,
    ...details,
  });
}

/** Calls `visit` with each matrix of a stack: a copy in double precision, row-major, free to be worked on. */
export function forEachMatrix(
  x: Tensor,
  visit: (matrix: Float64Array, index: number) => void,
): void {
  const stack = elementCount(stackShape(x.shape));
  const size = elementCount(x.shape.slice(-2));
  const all = doubles(x);
  for (let i = 0; i < stack; i++) visit(all.subarray(i * size, (i + 1) * size), i);
}

/** As {@link forEachMatrix}, refusing NaN and infinities. */
export function forEachFiniteMatrix(
  where: string,
  x: Tensor,
  visit: (matrix: Float64Array, index: number) => void,
): void {
  forEachMatrix(x, (matrix, index) => {
    if (!allFinite(matrix)) {
      throw wrongMatrix(
        where,
        stackShape(x.shape),
        index,
        "holds NaN or infinity. detectAnomaly finds where it comes from.",
      );
    }
    visit(matrix, index);
  });
}

/** Entries that should be equal may differ by this share of the largest one. */
const asymmetry = 0.01;

/**
 * As {@link forEachFiniteMatrix}, for symmetric matrices: `visit` gets (A + Aᵀ)/2, of which the symmetric gradient is the
 * derivative. What is far from symmetric is refused.
 */
export function forEachSymmetricMatrix(
  where: string,
  x: Tensor,
  visit: (matrix: Float64Array, index: number) => void,
): void {
  const n = x.shape[x.ndim - 1]!;
  forEachFiniteMatrix(where, x, (matrix, index) => {
    let largest = 0;
    for (let i = 0; i < matrix.length; i++) largest = Math.max(largest, Math.abs(matrix[i]!));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        const [below, above] = [matrix[i * n + j]!, matrix[j * n + i]!];
        if (Math.abs(below - above) > asymmetry * largest) {
          throw wrongMatrix(
            where,
            stackShape(x.shape),
            index,
            `is not symmetric: entry [${i}, ${j}] is ${below}, but [${j}, ${i}] is ${above}. Both triangles count; fill in the other one.`,
            { row: i, column: j },
          );
        }
        // Halves are added so that the sum cannot overflow.
        matrix[i * n + j] = below / 2 + above / 2;
        matrix[j * n + i] = matrix[i * n + j]!;
      }
    }
    visit(matrix, index);
  });
}

/** The symmetric part of each matrix, (A + Aᵀ)/2. */
export function symmetricPart(x: Tensor): Tensor {
  return mul(add(x, mT(x)), 0.5);
}

/** x with the last two dimensions exchanged. */
export function mT(x: Tensor): Tensor {
  return transpose(x, -1, -2);
}

/** A constant matrix with a number for each pair of row and column: masks for triangles, identities. */
export function constantMatrix(
  like: Tensor,
  rows: number,
  columns: number,
  entry: (row: number, column: number) => number,
): Tensor {
  const flat = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) flat[i * columns + j] = entry(i, j);
  }
  return tensor(flat, { dtype: like.dtype }).reshape([rows, columns]);
}

/** For samples: square matrices far from singular ones, of either sign of the determinant. */
export function drawRegular(draw: Draw, stack: Shape, n: number): Tensor {
  const noise = draw.tensor([...stack, n, n], within(-0.4, 0.4));
  return add(noise, mul(eye(n, n, { dtype: "float64" }), draw.pick([2, -2])));
}

/** For samples: symmetric matrices with eigenvalues far from each other, positive unless shifted, in any order. */
export function drawSymmetric(draw: Draw, stack: Shape, n: number, shift = 0): Tensor {
  const noise = draw.tensor([...stack, n, n], within(-0.1, 0.1));
  const turn = draw.integer(0, Math.max(n - 1, 0));
  const spread = constantMatrix(noise, n, n, (i, j) =>
    i === j ? 1 + ((i + turn) % n) + shift : 0,
  );
  return add(add(noise, mT(noise)), spread);
}

/** For `vmap`: dimensions of length 1 go between the samples and the rest, so that stacks of matrices broadcast. */
export function alignStacks(operands: readonly Tensor[], batched: readonly boolean[]): Tensor[] {
  const rank = Math.max(...operands.map((x, i) => x.ndim - (batched[i] ? 1 : 0)));
  return operands.map((x, i) => {
    const missing = rank + 1 - x.ndim;
    if (!batched[i] || missing === 0) return x;
    return reshape(x, [x.shape[0]!, ...new Array<number>(missing).fill(1), ...x.shape.slice(1)]);
  });
}
