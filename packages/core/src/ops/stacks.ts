/**
 * Joining tensors as rows, columns and layers: `cat` by NumPy's names.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { cat, checkList } from "./cat.ts";
import { atleast1d, atleast2d, atleast3d } from "./dimensions.ts";
import { constantPad } from "./pad.ts";
import { reshape } from "./reshape.ts";

/**
 * Tensors beside one another: along dimension 1, or 0 if they have no other.
 *
 * @throws {ShapeError} when shapes differ elsewhere.
 * @throws {ArgumentError} for anything but an array with tensors in it.
 * @example
 * import { hstack, tensor } from "@chainrule/core";
 * hstack([tensor([1, 2]), tensor([3])]).toArray(); // → [ 1, 2, 3 ]
 * hstack([tensor([[1], [2]]), tensor([[3], [4]])]).toArray(); // → [ [ 1, 3 ], [ 2, 4 ] ]
 */
export function hstack(tensors: readonly TensorLike[]): Tensor {
  const parts = checkList("hstack", tensors).map((x) => atleast1d(x));
  return cat(parts, parts[0]!.ndim === 1 ? 0 : 1);
}

/**
 * Tensors below one another, rows of numbers as rows of a matrix.
 *
 * @throws {ShapeError} when shapes differ elsewhere than along dimension 0.
 * @throws {ArgumentError} for anything but an array with tensors in it.
 * @example
 * import { tensor, vstack } from "@chainrule/core";
 * vstack([tensor([1, 2]), tensor([3, 4])]).toArray(); // → [ [ 1, 2 ], [ 3, 4 ] ]
 */
export function vstack(tensors: readonly TensorLike[]): Tensor {
  return cat(
    checkList("vstack", tensors).map((x) => atleast2d(x)),
    0,
  );
}

/**
 * Tensors behind one another, along dimension 2.
 *
 * @throws {ShapeError} when shapes differ elsewhere than along dimension 2.
 * @throws {ArgumentError} for anything but an array with tensors in it.
 * @example
 * import { dstack, tensor } from "@chainrule/core";
 * dstack([tensor([1, 2]), tensor([3, 4])]).toArray(); // → [ [ [ 1, 3 ], [ 2, 4 ] ] ]
 */
export function dstack(tensors: readonly TensorLike[]): Tensor {
  return cat(
    checkList("dstack", tensors).map((x) => atleast3d(x)),
    2,
  );
}

/**
 * Tensors beside one another, rows of numbers as columns of a matrix.
 *
 * @throws {ShapeError} when shapes differ elsewhere than along dimension 1.
 * @throws {ArgumentError} for anything but an array with tensors in it.
 * @example
 * import { columnStack, tensor } from "@chainrule/core";
 * columnStack([tensor([1, 2]), tensor([3, 4])]).toArray(); // → [ [ 1, 3 ], [ 2, 4 ] ]
 */
export function columnStack(tensors: readonly TensorLike[]): Tensor {
  const columns = checkList("columnStack", tensors).map((x) => {
    const part = toTensor("columnStack", x);
    return part.ndim < 2 ? reshape(part, [part.numel(), 1]) : part;
  });
  return cat(columns, 1);
}

/**
 * The block-diagonal matrix of some matrices: each begins below and right of the end of the one before, with zeros elsewhere.
 * Vectors count as rows, single numbers as 1×1.
 *
 * @throws {ShapeError} when one has more than two dimensions.
 * @throws {ArgumentError} for anything but an array with tensors in it.
 * @example
 * import { blockDiag, tensor } from "@chainrule/core";
 * blockDiag([tensor([[1, 2]]), tensor(3)]).toArray(); // → [ [ 1, 2, 0 ], [ 0, 0, 3 ] ]
 */
export function blockDiag(tensors: readonly TensorLike[]): Tensor {
  const blocks = checkList("blockDiag", tensors).map((x) => atleast2d(x));
  const width = blocks.reduce((columns, block) => columns + block.shape[1]!, 0);
  let left = 0;
  const rows = blocks.map((block, i) => {
    if (block.ndim > 2) {
      throw new ShapeError(
        `blockDiag: expected matrices, but number ${i} has the shape ${formatShape(block.shape)}.`,
        { shape: block.shape },
      );
    }
    const columns = block.shape[1]!;
    const row = constantPad(block, [left, width - left - columns]);
    left += columns;
    return row;
  });
  return cat(rows, 0);
}
