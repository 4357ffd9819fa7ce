/**
 * PyTorch's `linalg`: linear algebra under one name.
 */
import type { TensorLike } from "../creation.ts";
import { toOperands } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { cholesky } from "./cholesky.ts";
import { cross } from "./cross.ts";
import { det, slogdet } from "./determinant.ts";
import { eigh, eigvalsh } from "./eigh.ts";
import { inverse } from "./inverse.ts";
import { lu } from "./lu.ts";
import { matmul } from "./matmul.ts";
import { matrixExp, matrixPower } from "./matrix-functions.ts";
import { cond, matrixNorm, normByRank } from "./matrix-norm.ts";
import { multiDot } from "./multi-dot.ts";
import { vectorNorm } from "./norm.ts";
import { lstsq, matrixRank, pinv } from "./pinv.ts";
import { qr } from "./qr.ts";
import { solve } from "./solve.ts";
import { sum } from "./sum.ts";
import { svd, svdvals } from "./svd.ts";
import { solveTriangular } from "./triangular.ts";

/**
 * The dot products of vectors along a dimension, the last unless given; leading dimensions broadcast.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @throws {IndexError} when the dimension is out of range.
 * @example
 * import { tensor, vecdot } from "@chainrule/core";
 * vecdot(tensor([[1, 2], [3, 4]]), tensor([1, 10])); // → tensor([21, 43])
 */
export function vecdot(a: TensorLike, b: TensorLike, dim = -1): Tensor {
  const [x, y] = toOperands("vecdot", [a, b]);
  return sum(mul(x!, y!), dim);
}

/**
 * Linear algebra under PyTorch's names: the functions of this package once more, and `norm` and `cross` as `torch.linalg`
 * has them.
 *
 * @example
 * import { linalg, tensor } from "@chainrule/core";
 * const x = tensor([[2, 0], [0, 4]]);
 * linalg.det(x); // → tensor(8)
 * linalg.norm(x, 1); // → tensor(4)
 */
export const linalg = {
  cholesky,
  cond,
  /** {@link cross} along the last dimension, unless given. */
  cross: (a: TensorLike, b: TensorLike, dim = -1): Tensor => cross(a, b, dim),
  det,
  eigh,
  eigvalsh,
  inv: inverse,
  lstsq,
  lu,
  matmul,
  matrixExp,
  matrixNorm,
  matrixPower,
  matrixRank,
  multiDot,
  norm: normByRank,
  pinv,
  qr,
  slogdet,
  solve,
  solveTriangular,
  svd,
  svdvals,
  vecdot,
  vectorNorm,
} as const;
