/**
 * Slices at the positions in a list: read, added to, replaced, filled.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { checkNumber, checkOptions, DTypeError, ShapeError } from "../errors.ts";
import { checking } from "../graph/capture.ts";
import { checkIndices } from "../kernels/gather.ts";
import { formatShape, normalizeDim, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { index as indexAt, indexPut } from "./advanced.ts";
import { mul } from "./arithmetic.ts";
import type { TensorIndex } from "./places.ts";
import { reshape } from "./reshape.ts";

/** The parts of a call, with x as a row if it is a single number. */
interface Rows {
  readonly x: Tensor;
  readonly dim: number;
  readonly index: Tensor;
  readonly indices: readonly TensorIndex[];
}

function rowsOf(where: string, x: TensorLike, dim: number, index: TensorLike): Rows {
  const given = toTensor(where, x);
  const along = normalizeDim(where, dim, given.ndim);
  const row = given.ndim === 0 ? reshape(given, [1]) : given;
  const list = toTensor(where, index, "int32");
  if (list.dtype !== "int32") {
    throw new DTypeError(
      `${where}: the index must be int32, not ${list.dtype}. Convert it: x.to("int32").`,
      { dtype: list.dtype },
    );
  }
  if (list.ndim > 1) {
    throw new ShapeError(
      `${where}: the index is a list of positions, not of shape ${formatShape(list.shape)}. Use at or gather.`,
      { index: list.shape },
    );
  }
  if (list.batch === null) {
    checking([list], ([given]) => {
      checkIndices(where, given!, row.shape[along]!, along, row.shape);
    });
  }
  const flat = list.ndim === 0 ? reshape(list, [1]) : list;
  const indices = new Array<TensorIndex>(along).fill(null);
  return { x: row, dim: along, index: flat, indices: [...indices, flat] };
}

/**
 * The slices of x at the positions in a list, along a dimension. Where one is taken several times, its gradient adds up.
 *
 * @throws {IndexError} when a position is out of range (negative ones are), or `dim` is.
 * @throws {ShapeError} when the index has more than one dimension.
 * @throws {DTypeError} when the index is not int32.
 * @example
 * import { indexSelect, tensor } from "@chainrule/core";
 * indexSelect(tensor([[1, 2], [3, 4]]), 1, [1, 1, 0]).toArray(); // → [ [ 2, 2, 1 ], [ 4, 4, 3 ] ]
 */
export function indexSelect(x: TensorLike, dim: number, index: TensorLike): Tensor {
  const { x: row, indices } = rowsOf("indexSelect", x, dim, index);
  const found = indexAt(row, indices);
  const single = x instanceof Tensor ? x.ndim === 0 : row.ndim === 1 && row.numel() === 1;
  return single && found.numel() === 1 ? reshape(found, []) : found;
}

/** Options of {@link indexAdd}. */
export interface IndexAddOptions {
  /** What the source is multiplied by; 1 unless given. */
  alpha?: number;
}

/** The slices to be written, in the type of x and of the shape that reading them would give. */
function slicesFor(where: string, { x, dim, index }: Rows, source: TensorLike): Tensor {
  const given = toTensor(where, source, x.dtype);
  const row = given.ndim === 0 ? reshape(given, [1]) : given;
  const wanted = x.shape.map((length, d) => (d === dim ? index.shape[0]! : length));
  if (!sameShape(row.shape, wanted)) {
    throw new ShapeError(
      `${where}: the source has shape ${formatShape(given.shape)}, but the slices have ${formatShape(wanted)}.`,
      { source: given.shape, slices: wanted },
    );
  }
  return row;
}

/**
 * x with `alpha · source` added to the slices at the positions in a list, along a dimension; what goes to the same slice
 * adds up. The adjoint of {@link indexSelect}.
 *
 * @throws {IndexError} when a position is out of range (negative ones are), or `dim` is.
 * @throws {ShapeError} when the source does not have the shape of those slices.
 * @example
 * import { indexAdd, tensor, zeros } from "@chainrule/core";
 * indexAdd(zeros([2]), 0, [0, 0, 1], tensor([1, 2, 4])).toArray(); // → [ 3, 4 ]
 */
export function indexAdd(
  x: TensorLike,
  dim: number,
  index: TensorLike,
  source: TensorLike,
  options?: IndexAddOptions,
): Tensor {
  checkOptions("indexAdd", options, ["alpha"]);
  const alpha = checkNumber("indexAdd", "alpha", options?.alpha ?? 1);
  const rows = rowsOf("indexAdd", x, dim, index);
  const slices = slicesFor("indexAdd", rows, source);
  const scaled = alpha === 1 ? slices : mul(slices, alpha);
  const sum = indexPut(rows.x, rows.indices, scaled, { accumulate: true });
  return reshape(sum, toTensor("indexAdd", x).shape);
}

/**
 * x with the slices at the positions in a list, along a dimension, replaced by those of `source`; of several at one
 * position the last stays.
 *
 * @throws {IndexError} when a position is out of range (negative ones are), or `dim` is.
 * @throws {ShapeError} when the source does not have the shape of those slices.
 * @example
 * import { indexCopy, tensor, zeros } from "@chainrule/core";
 * indexCopy(zeros([3]), 0, [2, 0], tensor([1, 2])).toArray(); // → [ 2, 0, 1 ]
 */
export function indexCopy(
  x: TensorLike,
  dim: number,
  index: TensorLike,
  source: TensorLike,
): Tensor {
  const rows = rowsOf("indexCopy", x, dim, index);
  const slices = slicesFor("indexCopy", rows, source);
  return reshape(indexPut(rows.x, rows.indices, slices), toTensor("indexCopy", x).shape);
}

/**
 * x with the slices at the positions in a list, along a dimension, filled with one number.
 *
 * @throws {IndexError} when a position is out of range (negative ones are), or `dim` is.
 * @throws {ShapeError} when the value is no single number.
 * @example
 * import { indexFill, tensor } from "@chainrule/core";
 * indexFill(tensor([1, 2, 3]), 0, [0, 2], 9).toArray(); // → [ 9, 2, 9 ]
 */
export function indexFill(
  x: TensorLike,
  dim: number,
  index: TensorLike,
  value: TensorLike,
): Tensor {
  const rows = rowsOf("indexFill", x, dim, index);
  const number = toTensor("indexFill", value, rows.x.dtype);
  if (number.ndim !== 0) {
    throw new ShapeError(
      `indexFill: the value is a single number, not of shape ${formatShape(number.shape)}.`,
      { value: number.shape },
    );
  }
  return reshape(indexPut(rows.x, rows.indices, number), toTensor("indexFill", x).shape);
}
