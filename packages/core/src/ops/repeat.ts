/**
 * The same numbers several times over.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, toTensor } from "../creation.ts";
import { ArgumentError, checkInteger, quoted, ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { existingDim } from "./dimensions.ts";
import { expand } from "./expand.ts";
import { reshape } from "./reshape.ts";
import { indexSelect } from "./select.ts";

function checkCounts(where: string, counts: readonly number[]): readonly number[] {
  if (!Array.isArray(counts)) {
    throw new ArgumentError(
      `${where}: the counts are an array with one for each dimension, not ${quoted(counts)}.`,
      { counts },
    );
  }
  for (const count of counts) checkInteger(where, "a count", count, 0);
  return counts;
}

/** x with a dimension for the copies before each of its own, stretched, and merged with it. */
function repeated(x: Tensor, counts: readonly number[]): Tensor {
  const lengths = [...new Array<number>(counts.length - x.ndim).fill(1), ...x.shape];
  const apart = lengths.flatMap((length) => [1, length]);
  const copies = lengths.flatMap((length, dim) => [counts[dim]!, length]);
  const together = lengths.map((length, dim) => length * counts[dim]!);
  return reshape(expand(reshape(x, apart), copies), together);
}

/**
 * x so many times along each dimension, as tiles; further counts in front make new dimensions.
 *
 * @throws {ArgumentError} when a count is no whole number of at least 0.
 * @throws {ShapeError} when there are fewer counts than dimensions.
 * @example
 * import { repeat, tensor } from "@chainrule/core";
 * repeat(tensor([1, 2]), [2]).toArray(); // → [ 1, 2, 1, 2 ]
 * repeat(tensor([1, 2]), [2, 2]).toArray(); // → [ [ 1, 2, 1, 2 ], [ 1, 2, 1, 2 ] ]
 */
export function repeat(x: TensorLike, counts: readonly number[]): Tensor {
  const source = toTensor("repeat", x);
  checkCounts("repeat", counts);
  if (counts.length < source.ndim) {
    throw new ShapeError(
      `repeat: ${counts.length} counts for the ${source.ndim} dimensions of shape ${formatShape(source.shape)}. Give one for each, or use tile.`,
      { counts, shape: source.shape },
    );
  }
  return repeated(source, counts);
}

/**
 * x so many times along each dimension, as tiles: as {@link repeat}, but counts that are missing in front are 1.
 *
 * @throws {ArgumentError} when a count is no whole number of at least 0.
 * @example
 * import { tensor, tile } from "@chainrule/core";
 * tile(tensor([[1], [2]]), [2]).toArray(); // → [ [ 1, 1 ], [ 2, 2 ] ]
 */
export function tile(x: TensorLike, counts: readonly number[]): Tensor {
  const source = toTensor("tile", x);
  checkCounts("tile", counts);
  const missing = Math.max(source.ndim - counts.length, 0);
  return repeated(source, [...new Array<number>(missing).fill(1), ...counts]);
}

/**
 * Each slice of x along a dimension so many times in a row; without a dimension each element, in row-major order. One
 * count for all, or one for each slice (an array or a tensor).
 *
 * @throws {ArgumentError} when a count is no whole number of at least 0.
 * @throws {ShapeError} when there are not as many counts as slices.
 * @throws {IndexError} when `dim` is out of range.
 * @example
 * import { repeatInterleave, tensor } from "@chainrule/core";
 * repeatInterleave(tensor([1, 2]), 2).toArray(); // → [ 1, 1, 2, 2 ]
 * repeatInterleave(tensor([[1], [2]]), [0, 3], 0).toArray(); // → [ [ 2 ], [ 2 ], [ 2 ] ]
 */
export function repeatInterleave(
  x: TensorLike,
  counts: number | readonly number[] | Tensor,
  dim?: number,
): Tensor {
  const given = toTensor("repeatInterleave", x);
  const source = dim === undefined ? reshape(given, [given.numel()]) : given;
  const along = existingDim("repeatInterleave", dim ?? 0, source.shape);
  const { shape } = source;
  const length = shape[along]!;
  if (typeof counts === "number") {
    checkInteger("repeatInterleave", "the count", counts, 0);
    const before = shape.slice(0, along + 1);
    const after = shape.slice(along + 1);
    const copies = expand(reshape(source, [...before, 1, ...after]), [...before, counts, ...after]);
    return reshape(copies, [...shape.slice(0, along), length * counts, ...after]);
  }
  const each = checkCounts(
    "repeatInterleave",
    counts instanceof Tensor ? Array.from(counts.toTypedArray()) : counts,
  );
  if (each.length !== length) {
    throw new ShapeError(
      `repeatInterleave: ${each.length} counts for ${length} slices along dimension ${along}. Give one for each, or a single number.`,
      { counts: each.length, length, dim: along },
    );
  }
  const places = each.flatMap((count, i) => new Array<number>(count).fill(i));
  return indexSelect(source, along, tensor(places, { dtype: "int32" }));
}
