/**
 * The products of vectors and matrices by name: `matmul` for operands of a certain rank, and the outer product.
 */
import type { TensorLike } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { toOperands } from "../record.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

const kinds = ["single number", "vector (1-D)", "matrix (2-D)", "stack of matrices (3-D)"];

/** The operands of a product as tensors, refused unless they have these ranks. */
function ofRank(where: string, values: readonly TensorLike[], ranks: readonly number[]): Tensor[] {
  const operands = toOperands(where, values);
  for (const [i, operand] of operands.entries()) {
    const rank = ranks[i]!;
    if (operand.ndim === rank) continue;
    throw new ShapeError(
      `${where}: operand ${i} must be a ${kinds[rank]}, but has shape ${formatShape(operand.shape)}. Use matmul for other ranks.`,
      { operand: i, shape: operand.shape, rank },
    );
  }
  return operands;
}

/**
 * The dot product of two vectors, Σᵢ aᵢ bᵢ, as a single number; 0 for empty ones.
 *
 * @throws {ShapeError} when an operand is no vector, or the lengths differ.
 * @example
 * import { dot, tensor } from "@chainrule/core";
 * dot(tensor([1, 2, 3]), tensor([4, 5, 6])); // → tensor(32)
 */
export function dot(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = ofRank("dot", [a, b], [1, 1]);
  if (x!.shape[0] !== y!.shape[0]) {
    throw new ShapeError(
      `dot: lengths ${x!.shape[0]} and ${y!.shape[0]} differ. Both vectors must have as many elements.`,
      { a: x!.shape, b: y!.shape },
    );
  }
  return matmul(x!, y!);
}

/**
 * The dot product of two vectors. PyTorch conjugates the first one here, so for real numbers this is `dot`.
 *
 * @throws {ShapeError} when an operand is no vector, or the lengths differ.
 * @example
 * import { tensor, vdot } from "@chainrule/core";
 * vdot(tensor([1, 2]), tensor([3, 4])); // → tensor(11)
 */
export function vdot(a: TensorLike, b: TensorLike): Tensor {
  return dot(a, b);
}

/**
 * The product of two matrices, [m, k] × [k, n] → [m, n].
 *
 * @throws {ShapeError} when an operand is no matrix, or the inner dimensions differ.
 * @example
 * import { mm, tensor } from "@chainrule/core";
 * mm(tensor([[1, 2], [3, 4]]), tensor([[1], [10]])).toArray(); // → [ [ 21 ], [ 43 ] ]
 */
export function mm(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = ofRank("mm", [a, b], [2, 2]);
  return matmul(x!, y!);
}

/**
 * The product of a matrix and a vector, [m, k] × [k] → [m].
 *
 * @throws {ShapeError} when the operands are not a matrix and a vector, or the inner dimensions differ.
 * @example
 * import { mv, tensor } from "@chainrule/core";
 * mv(tensor([[1, 2], [3, 4]]), tensor([1, 10])); // → tensor([21, 43])
 */
export function mv(a: TensorLike, x: TensorLike): Tensor {
  const [matrix, vector] = ofRank("mv", [a, x], [2, 1]);
  return matmul(matrix!, vector!);
}

/**
 * The products of two stacks of matrices one by one, [b, m, k] × [b, k, n] → [b, m, n]. Nothing broadcasts.
 *
 * @throws {ShapeError} when an operand is not 3-D, the stacks differ in size, or the inner dimensions differ.
 * @example
 * import { bmm, ones } from "@chainrule/core";
 * bmm(ones([2, 1, 3]), ones([2, 3, 1])).shape; // → [ 2, 1, 1 ]
 */
export function bmm(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = ofRank("bmm", [a, b], [3, 3]);
  if (x!.shape[0] !== y!.shape[0]) {
    throw new ShapeError(
      `bmm: stacks of ${x!.shape[0]} and ${y!.shape[0]} matrices (${formatShape(x!.shape)} × ${formatShape(y!.shape)}) cannot be multiplied one by one. matmul broadcasts.`,
      { a: x!.shape, b: y!.shape },
    );
  }
  return matmul(x!, y!);
}

/**
 * The outer product of two vectors, yᵢⱼ = aᵢ bⱼ: [m] × [n] → [m, n].
 *
 * @throws {ShapeError} when an operand is no vector.
 * @example
 * import { outer, tensor } from "@chainrule/core";
 * outer(tensor([1, 2]), tensor([1, 10])).toArray(); // → [ [ 1, 10 ], [ 2, 20 ] ]
 */
export function outer(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = ofRank("outer", [a, b], [1, 1]);
  return mul(reshape(x!, [x!.shape[0]!, 1]), y!);
}

/**
 * The sums of products over the last dimension of both operands: y_{i…j…} = Σₖ a_{i…k} b_{j…k}. For vectors this is
 * `dot`; a single number multiplies the other operand.
 *
 * @throws {ShapeError} when the last dimensions differ.
 * @example
 * import { inner, tensor } from "@chainrule/core";
 * inner(tensor([[1, 2], [3, 4]]), tensor([1, 10])); // → tensor([21, 43])
 */
export function inner(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = toOperands("inner", [a, b]);
  if (x!.ndim === 0 || y!.ndim === 0) return mul(x!, y!);
  const length = x!.shape[x!.ndim - 1]!;
  if (length !== y!.shape[y!.ndim - 1]) {
    throw new ShapeError(
      `inner: the last dimensions ${length} and ${y!.shape[y!.ndim - 1]} differ (${formatShape(x!.shape)} and ${formatShape(y!.shape)}). They must be equal.`,
      { a: x!.shape, b: y!.shape },
    );
  }
  const rows = flattened(x!, length);
  const columns = flattened(y!, length);
  return reshape(matmul(rows, transpose(columns, 0, 1)), [
    ...x!.shape.slice(0, -1),
    ...y!.shape.slice(0, -1),
  ]);
}

/** All but the last dimension, which has this length, as one. */
function flattened(x: Tensor, length: number): Tensor {
  const rows = x.shape.slice(0, -1).reduce((product, n) => product * n, 1);
  return reshape(x, [rows, length]);
}
