/**
 * Powers and products of all with all.
 */
import type { TensorLike } from "../creation.ts";
import { arange, toTensor } from "../creation.ts";
import { ArgumentError, checkBoolean, checkInteger, checkOptions, ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { unsqueeze } from "./dimensions.ts";
import { flip } from "./flip.ts";
import { meshgrid } from "./meshgrid.ts";
import { pow } from "./power.ts";
import { stack } from "./stack.ts";

/** Options of {@link vander}. */
export interface VanderOptions {
  /** How many powers; as many as there are numbers unless given. */
  N?: number;
  /** Whether the powers rise from left to right, 1, x, x², …; they fall unless this is true. */
  increasing?: boolean;
}

/**
 * The Vandermonde matrix of a row of numbers: a row of powers for each.
 *
 * @throws {ShapeError} when x does not have one dimension.
 * @throws {ArgumentError} for an unknown option, or a negative number of powers.
 * @example
 * import { tensor, vander } from "@chainrule/core";
 * vander(tensor([2, 3]), { N: 3, increasing: true }).toArray(); // → [ [ 1, 2, 4 ], [ 1, 3, 9 ] ]
 */
export function vander(x: TensorLike, options?: VanderOptions): Tensor {
  checkOptions("vander", options, ["N", "increasing"]);
  const source = toTensor("vander", x);
  if (source.ndim !== 1) {
    throw new ShapeError(
      `vander: expected one dimension, not shape ${formatShape(source.shape)}. Flatten it.`,
      { shape: source.shape },
    );
  }
  const powers = checkInteger("vander", "N", options?.N ?? source.numel(), 0);
  const rising = checkBoolean("vander", "increasing", options?.increasing, false);
  const exponents = arange(0, powers, { dtype: source.dtype === "bool" ? "int32" : source.dtype });
  const y = pow(unsqueeze(source, 1), exponents);
  return rising ? y : flip(y, 1);
}

/**
 * All combinations of one number from each row, a row for each; the last changes fastest.
 *
 * @throws {ShapeError} when one of them does not have one dimension.
 * @throws {ArgumentError} for anything but a list of tensors, one or more.
 * @example
 * import { cartesianProd, tensor } from "@chainrule/core";
 * cartesianProd([tensor([1, 2]), tensor([3, 4])]).toArray();
 * // → [ [ 1, 3 ], [ 1, 4 ], [ 2, 3 ], [ 2, 4 ] ]
 */
export function cartesianProd(tensors: readonly TensorLike[]): Tensor {
  if (!Array.isArray(tensors) || tensors.length === 0) {
    throw new ArgumentError("cartesianProd: expected a list of tensors, one or more.", { tensors });
  }
  const rows = tensors.map((x: TensorLike) => toTensor("cartesianProd", x));
  for (const row of rows) {
    if (row.ndim === 1) continue;
    throw new ShapeError(
      `cartesianProd: each tensor must have one dimension, not shape ${formatShape(row.shape)}.`,
      { shape: row.shape },
    );
  }
  if (rows.length === 1) return rows[0]!.clone();
  const grids = meshgrid(rows, { indexing: "ij" });
  return stack(
    grids.map((grid) => grid.reshape([grid.numel()])),
    1,
  );
}
