/**
 * Row-sparse tensors: of a table that is 0 but for a few rows, only these rows are kept.
 *
 * The gradient of a lookup in a table of a million rows has as many rows as were looked up. A row-sparse tensor is an
 * ordinary tensor of the table's shape over a storage that holds those rows, and makes the whole table of them when
 * somebody reads its numbers. So whatever takes tensors takes row-sparse ones and computes the same; what knows of rows
 * (accumulation, clipping, optimizers) asks for them with {@link keptRows} and never needs the table.
 *
 * Where the table was made and changed in place, the rows no longer tell the truth: there are none then.
 */
import type { TensorLike } from "./creation.ts";
import { checkTensor, fromTypedArray, toTensor } from "./creation.ts";
import { allocate } from "./dtype.ts";
import { checkInteger, DTypeError, ShapeError } from "./errors.ts";
import { checkMutable, refuseToCompile } from "./inplace.ts";
import { addUpDistinctRows } from "./kernels/embedding.ts";
import { checkIndices } from "./kernels/gather.ts";
import { contiguousCopy, contiguousOperand } from "./op.ts";
import { to } from "./ops/convert.ts";
import type { Shape } from "./shape.ts";
import { elementCount, formatShape, sameShape } from "./shape.ts";
import type { KeptRows } from "./storage.ts";
import { noteChange, Storage } from "./storage.ts";
import { Tensor } from "./tensor.ts";

/** The rows that a row-sparse tensor keeps: `values` has a row for each of the `indices`, which rise. */
export interface SparseRows {
  readonly indices: Tensor;
  readonly values: Tensor;
}

/** Lets a storage make its table of its rows when it is first read. */
function makeOnDemand(storage: Storage, { indices, values, shape }: KeptRows, x: Tensor): void {
  const { dtype } = x;
  Object.defineProperty(storage, "data", {
    configurable: true,
    enumerable: true,
    get: () => {
      const table = allocate(dtype, elementCount(shape));
      const width = elementCount(shape.slice(1));
      for (let i = 0; i < indices.length; i++)
        table.set(values.subarray(i * width, (i + 1) * width), indices[i]! * width);
      Object.defineProperty(storage, "data", { value: table, writable: true });
      return table;
    },
  });
}

/** A row-sparse tensor over these arrays. */
export function fromKeptRows(rows: Omit<KeptRows, "version">, dtype: Tensor["dtype"]): Tensor {
  const storage = new Storage(allocate(dtype, 0));
  storage.rows = { ...rows, version: 0 };
  const x = new Tensor(storage, dtype, rows.shape);
  makeOnDemand(storage, storage.rows, x);
  return x;
}

/**
 * A table of `rows` rows that is 0 but for some: row indices[i] is the sum of all values[j] with the same index. It keeps
 * only those. Rules of ops may return it as a gradient of their operand, while nothing is recorded (`isGradEnabled()` is
 * false).
 *
 * @throws {IndexError} for an index out of range.
 * @throws {ShapeError} when the indices are no row, or `values` has not a row for each.
 * @throws {DTypeError} when the indices are not int32.
 * @example
 * import { rowSparse, tensor } from "@chainrule/core";
 * const x = rowSparse([2, 0, 2], tensor([[1, 2], [3, 4], [5, 6]]), 4);
 * x.isSparse; // → true
 * x.sparseRows()?.indices; // → tensor([0, 2], dtype=int32)
 * x.toArray(); // → [ [ 3, 4 ], [ 0, 0 ], [ 6, 8 ], [ 0, 0 ] ]
 */
export function rowSparse(indices: TensorLike, values: TensorLike, rows: number): Tensor {
  checkInteger("rowSparse", "rows", rows, 0);
  const index = toTensor("rowSparse", indices, "int32");
  const x = toTensor("rowSparse", values);
  if (index.dtype !== "int32")
    throw new DTypeError(`rowSparse: indices must be int32, not ${index.dtype}.`, {
      dtype: index.dtype,
    });
  if (index.ndim !== 1 || x.ndim === 0 || x.shape[0] !== index.shape[0]) {
    throw new ShapeError(
      `rowSparse: values of shape ${formatShape(x.shape)} do not have a row for each index of shape ${formatShape(index.shape)}.`,
      { indices: index.shape, values: x.shape },
    );
  }
  const shape = [rows, ...x.shape.slice(1)];
  checkIndices("rowSparse", index, rows, 0, shape);
  return summedRows(x, index, null, -1, shape);
}

/** Σ factors[i]·x[i] by row index[i], without the row `skip`; x holds the rows one after the other. */
export function summedRows(
  x: Tensor,
  index: Tensor,
  factors: Float64Array | null,
  skip: number,
  shape: Shape,
): Tensor {
  const { storage, offset } = contiguousOperand(x);
  const flat = contiguousOperand(index);
  const places = flat.storage.data.subarray(flat.offset, flat.offset + flat.numel());
  const width = elementCount(shape.slice(1));
  const found = addUpDistinctRows(storage.data, offset, places, factors, width, skip);
  return fromKeptRows({ ...found, shape }, x.dtype);
}

/** The rows of a row-sparse tensor as arrays, to be read; `null` for all other tensors. For optimizers. */
export function keptRows(x: Tensor): KeptRows | null {
  const { rows, version } = x.storage;
  if (rows === null || rows.version !== version || x.batch !== null) return null;
  return x.offset === 0 && sameShape(x.shape, rows.shape) && x.isContiguous() ? rows : null;
}

/**
 * The same, with values to be written to. Asking for them counts as a change.
 *
 * @throws {GradError} as `copy_`.
 */
export function writableRows(x: Tensor): KeptRows | null {
  const rows = keptRows(x);
  if (rows === null) return null;
  refuseToCompile("writableRows");
  checkMutable("writableRows", x);
  const { storage } = x;
  noteChange(storage);
  const changed = { ...rows, version: storage.version };
  storage.rows = changed;
  makeOnDemand(storage, changed, x);
  return changed;
}

/**
 * The rows that a row-sparse tensor keeps, as copies: int32 `indices` that rise and `values` with a row for each; `null`
 * for all other tensors. All other rows are 0.
 *
 * @example
 * import { embedding, ones } from "@chainrule/core";
 * const table = ones([1000, 2], { requiresGrad: true });
 * embedding([7, 3, 7], table, { sparse: true }).sum().backward();
 * table.grad?.sparseRows()?.indices.toArray(); // → [ 3, 7 ]
 * table.grad?.sparseRows()?.values.toArray(); // → [ [ 1, 1 ], [ 2, 2 ] ]
 */
export function sparseRows(x: Tensor): SparseRows | null {
  const rows = keptRows(checkTensor("sparseRows", x));
  if (rows === null) return null;
  const { indices, values, shape } = rows;
  return {
    indices: fromTypedArray(indices.slice()),
    values: to(fromTypedArray(values.slice(), [indices.length, ...shape.slice(1)]), x.dtype),
  };
}

/** A copy of a row-sparse tensor that holds all numbers; any other tensor itself. */
export function toDense(x: Tensor): Tensor {
  return keptRows(checkTensor("toDense", x)) === null ? x : contiguousCopy(x);
}

/** A row-sparse tensor over arrays of its own; `null` for all other tensors. */
export function copyOfRows(x: Tensor): Tensor | null {
  const rows = keptRows(x);
  if (rows === null) return null;
  return fromKeptRows({ ...rows, values: rows.values.slice() }, x.dtype);
}

/** a + b where both are row-sparse; `null` otherwise. */
export function addRows(a: Tensor, b: Tensor): Tensor | null {
  const [first, second] = [keptRows(a), keptRows(b)];
  if (first === null || second === null || a.dtype !== b.dtype) return null;
  const indices = new Int32Array(first.indices.length + second.indices.length);
  indices.set(first.indices);
  indices.set(second.indices, first.indices.length);
  const values = allocate(a.dtype, first.values.length + second.values.length);
  values.set(first.values);
  values.set(second.values, first.values.length);
  const width = elementCount(first.shape.slice(1));
  const found = addUpDistinctRows(values, 0, indices, null, width, -1);
  return fromKeptRows({ ...found, shape: first.shape }, a.dtype);
}
