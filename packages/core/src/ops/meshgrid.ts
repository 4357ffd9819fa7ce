/**
 * The coordinates of a grid.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { ArgumentError, checkOptions, quoted, ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkList } from "./cat.ts";
import { expand } from "./expand.ts";
import { reshape } from "./reshape.ts";

/** Options of {@link meshgrid}. */
export interface MeshgridOptions {
  /**
   * `"ij"`: the i-th tensor runs along dimension i, as in a matrix. `"xy"`: the first runs along dimension 1 and the second
   * along dimension 0, as in a picture.
   */
  indexing?: "ij" | "xy";
}

/**
 * The coordinates of all points of a grid with the given coordinates along its axes: for each tensor one of the grid's
 * shape, a view.
 *
 * @throws {ShapeError} when a tensor has more than one dimension.
 * @throws {ArgumentError} for anything but an array of tensors, or another `indexing`.
 * @example
 * import { meshgrid, tensor } from "@chainrule/core";
 * const [i, j] = meshgrid([tensor([1, 2]), tensor([3, 4, 5])]);
 * i?.toArray(); // → [ [ 1, 1, 1 ], [ 2, 2, 2 ] ]
 * j?.toArray(); // → [ [ 3, 4, 5 ], [ 3, 4, 5 ] ]
 */
export function meshgrid(tensors: readonly TensorLike[], options?: MeshgridOptions): Tensor[] {
  checkOptions("meshgrid", options, ["indexing"]);
  const indexing = options?.indexing ?? "ij";
  if (indexing !== "ij" && indexing !== "xy") {
    throw new ArgumentError(`meshgrid: indexing is "ij" or "xy", not ${quoted(indexing)}.`, {
      indexing,
    });
  }
  const axes = checkList("meshgrid", tensors).map((x, i) => {
    const axis = toTensor("meshgrid", x);
    if (axis.ndim > 1) {
      throw new ShapeError(
        `meshgrid: tensor ${i} has shape ${formatShape(axis.shape)}; an axis has one dimension.`,
        { tensor: i, shape: axis.shape },
      );
    }
    return axis;
  });
  const place = (i: number): number => (indexing === "xy" && axes.length > 1 && i < 2 ? 1 - i : i);
  const shape = new Array<number>(axes.length).fill(1);
  for (const [i, axis] of axes.entries()) shape[place(i)] = axis.numel();
  return axes.map((axis, i) =>
    expand(
      reshape(
        axis,
        shape.map((length, dim) => (dim === place(i) ? length : 1)),
      ),
      shape,
    ),
  );
}
