/**
 * Norms of matrices, and norms by name.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { ArgumentError, checkOptions, quoted, ShapeError } from "../errors.ts";
import type { Dims } from "../shape.ts";
import { formatShape, normalizeDim, reducedShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { div } from "./division.ts";
import { amax, amin } from "./extremum.ts";
import { inverse } from "./inverse.ts";
import { checkSquare } from "./matrices.ts";
import { vectorNorm } from "./norm.ts";
import type { ReductionOptions } from "./reduction.ts";
import { reshape } from "./reshape.ts";
import { abs } from "./sign.ts";
import { sum } from "./sum.ts";
import { svdvals } from "./svd.ts";
import { permute } from "./transpose.ts";

/** Which norm of a matrix; see {@link matrixNorm}. */
export type MatrixNormOrder = "fro" | "nuc" | 1 | -1 | 2 | -2 | number;

/**
 * A norm of a matrix, or of each matrix of a stack; the matrices lie in two dimensions, the last ones unless given.
 *
 * `"fro"` (unless given): √Σ xᵢⱼ² (Frobenius). `"nuc"`: Σ σᵢ. 2 and −2: the largest and the smallest singular value. 1
 * and −1: the largest and the smallest Σᵢ |xᵢⱼ| of a column; Infinity and −Infinity: Σⱼ |xᵢⱼ| of a row. Ties share the
 * gradient evenly. The result has the shape of x without the two dimensions; `{ keepdim: true }` keeps them with length 1.
 *
 * @throws {ShapeError} when x has fewer than two dimensions, or for an extremum of nothing.
 * @throws {IndexError} when a dimension is out of range.
 * @throws {ArgumentError} for another norm, or when `dim` is not two dimensions.
 * @example
 * import { matrixNorm, tensor } from "@chainrule/core";
 * const x = tensor([[3, 0], [0, -4]]);
 * matrixNorm(x); // → tensor(5)
 * matrixNorm(x, "nuc"); // → tensor(7)
 * matrixNorm(x, 1); // → tensor(4)
 */
export function matrixNorm(
  x: TensorLike,
  ord: MatrixNormOrder = "fro",
  dim: readonly number[] = [-2, -1],
  options?: ReductionOptions,
): Tensor {
  checkOptions("matrixNorm", options, ["keepdim"]);
  const given = toTensor("matrixNorm", x);
  const [rows, columns] = planeOf("matrixNorm", given, dim);
  const keepdim = options?.keepdim ?? false;
  switch (ord) {
    case "fro":
      return vectorNorm(given, 2, [rows, columns], { keepdim });
    case "nuc":
    case 2:
    case -2: {
      const rest = given.shape.flatMap((_, i) => (i === rows || i === columns ? [] : [i]));
      const s = svdvals(permute(given, [...rest, rows, columns]));
      const norm = ord === "nuc" ? sum(s, -1) : ord === 2 ? amax(s, -1) : amin(s, -1);
      const dims = [Math.min(rows, columns), Math.max(rows, columns)];
      return keepdim ? reshape(norm, reducedShape(given.shape, dims, true)) : norm;
    }
    case 1:
    case -1:
    case Number.POSITIVE_INFINITY:
    case Number.NEGATIVE_INFINITY: {
      const [along, over] = Math.abs(ord) === 1 ? [rows, columns] : [columns, rows];
      const sums = sum(abs(given), along, { keepdim: true });
      const norm = (ord > 0 ? amax : amin)(sums, [along, over].sort(), { keepdim });
      return norm;
    }
    default:
      throw new ArgumentError(
        `matrixNorm: ord must be "fro", "nuc", 1, -1, 2, -2, Infinity or -Infinity, not ${quoted(ord)}.`,
        { ord },
      );
  }
}

/** The dimensions of rows and columns, counted from the front. */
function planeOf(where: string, x: Tensor, dim: readonly number[]): [number, number] {
  if (!Array.isArray(dim) || dim.length !== 2) {
    throw new ArgumentError(
      `${where}: dim must name two dimensions, [rows, columns], not ${quoted(dim)}.`,
      {
        dim,
      },
    );
  }
  if (x.ndim < 2) {
    throw new ShapeError(
      `${where}: expected a matrix or a stack of matrices, but the shape is ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  const [rows, columns] = dim.map((one) => normalizeDim(where, one, x.ndim)) as [number, number];
  if (rows === columns) {
    throw new ArgumentError(
      `${where}: rows and columns are the same dimension in ${quoted(dim)}.`,
      { dim },
    );
  }
  return [rows, columns];
}

/**
 * The norm of all elements taken as a vector, or along dimensions: {@link vectorNorm}, with `"fro"` (Frobenius) as another
 * name of p = 2, and the nuclear {@link matrixNorm} as `"nuc"`, of a matrix or along two dimensions.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} when p is neither a number nor `"fro"` nor `"nuc"`, or for an unknown option.
 * @throws {ShapeError} for the norm of nothing, if p is negative or infinite; for `"nuc"` of what is no matrix.
 * @example
 * import { norm, tensor } from "@chainrule/core";
 * norm(tensor([3, 4])); // → tensor(5)
 */
export function norm(
  x: TensorLike,
  p: number | "fro" | "nuc" = "fro",
  dim?: Dims | ReductionOptions,
  options?: ReductionOptions,
): Tensor {
  if (p !== "fro" && p !== "nuc" && typeof p !== "number") {
    throw new ArgumentError(`norm: p must be a number, "fro" or "nuc", not ${quoted(p)}.`, { p });
  }
  if (p !== "nuc") return vectorNorm(x, p === "fro" ? 2 : p, dim, options);
  const isOptions = options === undefined && typeof dim === "object" && !Array.isArray(dim);
  const dims = isOptions ? undefined : dim;
  const given = toTensor("norm", x);
  if (dims === undefined && given.ndim !== 2) {
    throw new ShapeError(
      `norm: "nuc" is a norm of matrices, but the shape is ${formatShape(given.shape)}. Name the two dimensions of the matrices.`,
      { shape: given.shape },
    );
  }
  return matrixNorm(
    given,
    "nuc",
    dims as readonly number[] | undefined,
    isOptions ? (dim as ReductionOptions) : options,
  );
}

/**
 * PyTorch's `linalg.norm`: without `ord` the 2-norm of all elements, or along dimensions; with `ord`, {@link vectorNorm}
 * for a vector or along one dimension, {@link matrixNorm} for a matrix or along two.
 *
 * @throws {ShapeError} when `ord` is given without `dim`, and x is neither a vector nor a matrix.
 * @throws {ArgumentError} when there is no such norm.
 * @throws {IndexError} when a dimension is out of range or named twice.
 */
export function normByRank(
  x: TensorLike,
  ord?: MatrixNormOrder | null,
  dim?: Dims | null,
  options?: ReductionOptions,
): Tensor {
  checkOptions("linalg.norm", options, ["keepdim"]);
  const given = toTensor("linalg.norm", x);
  const dims = dim === null || dim === undefined ? null : [dim].flat();
  if (ord === null || ord === undefined) return vectorNorm(given, 2, dims ?? undefined, options);
  const rank = dims === null ? given.ndim : dims.length;
  if (rank === 2) return matrixNorm(given, ord, dims ?? undefined, options);
  if (rank !== 1) {
    throw new ShapeError(
      `linalg.norm: with ord, x must be a vector or a matrix, but has shape ${formatShape(given.shape)}. Name one or two dimensions.`,
      { shape: given.shape, dim },
    );
  }
  if (typeof ord !== "number") {
    throw new ArgumentError(`linalg.norm: a vector has no norm ${quoted(ord)}; give a number.`, {
      ord,
    });
  }
  return vectorNorm(given, ord, dims ?? undefined, options);
}

/**
 * The condition number of a matrix, or of each matrix of a stack: how many times larger relative errors of the right-hand
 * side may become in a solution.
 *
 * σ₁/σₖ for p = 2 (unless given), its reciprocal for p = −2; ‖X‖·‖X⁻¹‖ in that {@link matrixNorm} for another p.
 *
 * @throws {ShapeError} when x is no matrix, or, for p other than ±2, not square.
 * @throws {LinAlgError} for p other than ±2, when a matrix is singular.
 * @throws {ArgumentError} for another norm.
 * @example
 * import { cond, tensor } from "@chainrule/core";
 * cond(tensor([[3, 0], [0, 4]]), 1).item().toFixed(4); // → 1.3333
 */
export function cond(x: TensorLike, p: MatrixNormOrder = 2): Tensor {
  const given = toTensor("cond", x);
  if (p === 2 || p === -2) {
    const s = svdvals(given);
    const [most, least] = [amax(s, -1), amin(s, -1)];
    return p === 2 ? div(most, least) : div(least, most);
  }
  checkSquare("cond", given.shape);
  return mul(matrixNorm(given, p), matrixNorm(inverse(given), p));
}
