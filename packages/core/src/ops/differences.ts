/**
 * Along a row of samples: differences of neighbours, and the area below.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { ArgumentError, checkInteger, checkNumber, checkOptions, ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul, sub } from "./arithmetic.ts";
import { cat } from "./cat.ts";
import { ne } from "./comparison.ts";
import { cumsum } from "./cumulative.ts";
import { checkDim } from "./reduction.ts";
import { narrow } from "./slice.ts";
import { sum } from "./sum.ts";

/** Options of {@link diff}. */
export interface DiffOptions {
  /** How many times; 1 unless given. */
  n?: number;
  /** The last dimension unless given. */
  dim?: number;
  /** What to put before x, with its shape but for `dim`. */
  prepend?: TensorLike;
  /** What to put behind x. */
  append?: TensorLike;
}

/**
 * Differences of neighbours along a dimension, yᵢ = xᵢ₊₁ − xᵢ, taken `n` times: each time the dimension becomes shorter
 * by 1. Of booleans: whether neighbours differ.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ShapeError} when x has no dimension, or what is put before or behind it does not fit.
 * @throws {ArgumentError} for a negative n, or an unknown option.
 * @example
 * import { diff, tensor } from "@chainrule/core";
 * diff(tensor([1, 4, 9, 16])); // → tensor([3, 5, 7])
 * diff(tensor([1, 4, 9, 16]), { n: 2 }); // → tensor([2, 2])
 */
export function diff(x: TensorLike, options?: DiffOptions): Tensor {
  checkOptions("diff", options, ["n", "dim", "prepend", "append"]);
  const n = checkInteger("diff", "n", options?.n ?? 1, 0);
  const source = toTensor("diff", x);
  if (source.ndim === 0) throw new ShapeError("diff: a 0-d tensor has no neighbours.");
  const dim = checkDim("diff", source, options?.dim ?? -1);
  if (n === 0) return source;
  const parts = [options?.prepend, source, options?.append].filter((part) => part !== undefined);
  let y = parts.length === 1 ? source : cat(parts, dim);
  for (let i = 0; i < n; i++) {
    const length = Math.max(y.shape[dim]! - 1, 0);
    const later = narrow(y, dim, Math.min(1, y.shape[dim]!), length);
    const earlier = narrow(y, dim, 0, length);
    y = y.dtype === "bool" ? ne(later, earlier) : sub(later, earlier);
  }
  return y;
}

/** Options of {@link trapezoid}. */
export interface TrapezoidOptions {
  /** The distance of neighbours where no places are given; 1 unless given. */
  dx?: number;
  /** The last dimension unless given. */
  dim?: number;
}

/**
 * The area below samples y by the trapezoidal rule: Σᵢ (xᵢ₊₁ − xᵢ)·(yᵢ + yᵢ₊₁)/2 along a dimension. The places x are one
 * row for all, or broadcast with y; without them neighbours are `dx` apart.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ShapeError} when y has no dimension, or the places do not fit.
 * @throws {ArgumentError} for both places and dx, or an unknown option.
 * @example
 * import { tensor, trapezoid } from "@chainrule/core";
 * trapezoid(tensor([1, 2, 3])); // → tensor(4)
 * trapezoid(tensor([1, 2, 3]), [0, 1, 3]); // → tensor(6.5)
 */
export function trapezoid(
  y: TensorLike,
  x?: TensorLike | TrapezoidOptions,
  options?: TrapezoidOptions,
): Tensor {
  const { areas, dim } = trapezoids("trapezoid", y, x, options);
  return sum(areas, dim);
}

/**
 * The running area below samples y by the trapezoidal rule: {@link trapezoid} up to each sample but the first, so one entry
 * fewer along the dimension.
 *
 * @throws {IndexError} when the dimension is out of range.
 * @throws {ShapeError} when y has no dimension, or the places do not fit.
 * @throws {ArgumentError} for both places and dx, or an unknown option.
 * @example
 * import { cumulativeTrapezoid, tensor } from "@chainrule/core";
 * cumulativeTrapezoid(tensor([1, 2, 3])).toArray(); // → [ 1.5, 4 ]
 */
export function cumulativeTrapezoid(
  y: TensorLike,
  x?: TensorLike | TrapezoidOptions,
  options?: TrapezoidOptions,
): Tensor {
  const { areas, dim } = trapezoids("cumulativeTrapezoid", y, x, options);
  return cumsum(areas, dim);
}

/** The areas of the single trapezoids, side by side along a dimension. */
function trapezoids(
  where: string,
  y: TensorLike,
  x: TensorLike | TrapezoidOptions | undefined,
  options: TrapezoidOptions | undefined,
): { areas: Tensor; dim: number } {
  if (isTrapezoidOptions(x)) return trapezoids(where, y, undefined, x);
  checkOptions(where, options, ["dx", "dim"]);
  const samples = toTensor(where, y);
  if (samples.ndim === 0) throw new ShapeError(`${where}: a 0-d tensor has no neighbours.`);
  const dim = checkDim(where, samples, options?.dim ?? -1);
  const pairs = pairSums(samples, dim);
  if (x === undefined) {
    return { areas: mul(pairs, checkNumber(where, "dx", options?.dx ?? 1) / 2), dim };
  }
  if (options?.dx !== undefined) {
    throw new ArgumentError(`${where}: give the places x or their distance dx, not both.`, {
      dx: options.dx,
    });
  }
  const places = toTensor(where, x, samples.dtype);
  const along = places.ndim === 1 ? 0 : dim - samples.ndim + places.ndim;
  if (along < 0 || places.shape[along] !== samples.shape[dim]) {
    throw new ShapeError(
      `${where}: places of shape ${formatShape(places.shape)} do not go with samples of shape ${formatShape(samples.shape)} along dimension ${dim}.`,
      { x: places.shape, y: samples.shape, dim },
    );
  }
  const steps = diff(places, { dim: along });
  // One row of places lies along the dimension of the samples.
  const widths =
    places.ndim === 1
      ? steps.reshape(samples.shape.map((_, i) => (i === dim ? steps.numel() : 1)))
      : steps;
  return { areas: mul(mul(widths, pairs), 0.5), dim };
}

function isTrapezoidOptions(x: unknown): x is TrapezoidOptions {
  return (
    typeof x === "object" &&
    x !== null &&
    !Array.isArray(x) &&
    !("storage" in x) &&
    !("length" in x)
  );
}

/** yᵢ + yᵢ₊₁ along a dimension. */
function pairSums(y: Tensor, dim: number): Tensor {
  const length = Math.max(y.shape[dim]! - 1, 0);
  return narrow(y, dim, Math.min(1, y.shape[dim]!), length).add(narrow(y, dim, 0, length));
}
