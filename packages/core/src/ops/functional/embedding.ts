/**
 * Rows of a table looked up by index.
 */
import type { TensorLike } from "../../creation.ts";
import { checkTensor, fromTypedArray, tensor, toTensor, zeros } from "../../creation.ts";
import {
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  IndexError,
  quoted,
  ShapeError,
} from "../../errors.ts";
import { capture } from "../../graph/capture.ts";
import { isGradEnabled, noGrad } from "../../graph/mode.ts";
import { writable } from "../../inplace.ts";
import { addUpRows, lookUpRows } from "../../kernels/embedding.ts";
import { checkIndices } from "../../kernels/gather.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import { summedRows } from "../../row-sparse.ts";
import type { Shape } from "../../shape.ts";
import { formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { vectorNorm } from "../norm.ts";
import { bySample } from "./batching.ts";

/** How gradients of looked-up rows are weighted. */
interface RowGradient {
  /** The row that gets no gradient; −1 if there is none. */
  readonly paddingIdx: number;
  /** Whether gradients are divided by the number of times that a row was looked up. */
  readonly scaleGradByFreq: boolean;
}

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** The row that gets no gradient; negative ones count from the end. */
  paddingIdx?: number | null | undefined;
  /** Whether gradients are divided by the number of times that a row was looked up in this call. */
  scaleGradByFreq?: boolean | undefined;
  /** Rows with a larger norm are scaled down to it, in place, before they are looked up. */
  maxNorm?: number | null | undefined;
  /** The p of that norm; 2 unless given. */
  normType?: number | undefined;
  /** Whether the gradient keeps only the rows that were looked up; see {@link rowSparse}. */
  sparse?: boolean | undefined;
}

/** What the record of a lookup says. */
interface Lookup extends RowGradient {
  readonly sparse: boolean;
}

/** Fills in the options, the padding row counted from the front. */
export function readRowGradient(
  where: string,
  rows: number,
  options: EmbeddingOptions | undefined,
): Lookup {
  checkOptions(where, options, ["paddingIdx", "scaleGradByFreq", "maxNorm", "normType", "sparse"]);
  const { paddingIdx = null } = options ?? {};
  const scaleGradByFreq = checkBoolean(where, "scaleGradByFreq", options?.scaleGradByFreq, false);
  const sparse = checkBoolean(where, "sparse", options?.sparse, false);
  if (paddingIdx === null) return { paddingIdx: -1, scaleGradByFreq, sparse };
  if (!Number.isInteger(paddingIdx) || paddingIdx < -rows || paddingIdx >= rows) {
    throw new IndexError(
      `${where}: paddingIdx ${quoted(paddingIdx)} is out of range for ${rows} rows; use ${-rows} to ${rows - 1}.`,
      { paddingIdx, rows },
    );
  }
  return { paddingIdx: paddingIdx < 0 ? paddingIdx + rows : paddingIdx, scaleGradByFreq, sparse };
}

/** The number of rows of a table. */
export function rowCount(where: string, table: TensorLike): number {
  return toTensor(where, table).shape[0] ?? 0;
}

/** What the gradient of each looked-up row is multiplied by; `null`: 1. */
function factorsOf(
  index: ArrayLike<number>,
  { paddingIdx, scaleGradByFreq }: RowGradient,
): Float64Array | null {
  if (paddingIdx < 0 && !scaleGradByFreq) return null;
  const counts = new Map<number, number>();
  if (scaleGradByFreq)
    for (let i = 0; i < index.length; i++) counts.set(index[i]!, (counts.get(index[i]!) ?? 0) + 1);
  return Float64Array.from({ length: index.length }, (_, i) =>
    index[i] === paddingIdx ? 0 : 1 / (counts.get(index[i]!) ?? 1),
  );
}

function checkTable(where: string, weight: Shape): void {
  if (weight.length !== 2) {
    throw new ShapeError(
      `${where}: the weight must be a table of shape [rows, features], not ${formatShape(weight)}.`,
      { weight },
    );
  }
}

/** The indices in row-major order, all of them rows of the table. */
function flatIndices(where: string, index: Tensor, table: Shape): ArrayLike<number> {
  checkIndices(where, index, table[0]!, 0, table);
  const { storage, offset } = contiguousOperand(index);
  return storage.data.subarray(offset, offset + index.numel());
}

/** The options with which a recorded call can be made again. */
function again({ paddingIdx, scaleGradByFreq, sparse }: Lookup): EmbeddingOptions {
  return { paddingIdx: paddingIdx < 0 ? null : paddingIdx, scaleGradByFreq, sparse };
}

/** The gradient of a lookup in the table: only its rows, where it is asked for and not differentiated again. */
function tableGradient(cotangent: Tensor, index: Tensor, table: Shape, options: Lookup): Tensor {
  const { paddingIdx, sparse } = options;
  if (
    !sparse ||
    isGradEnabled() ||
    capture !== null ||
    cotangent.batch !== null ||
    index.batch !== null
  )
    return embeddingGradient(cotangent, index, table[0]!, again(options));
  const flat = flatIndices("embedding", index, table);
  return summedRows(cotangent, index, factorsOf(flat, options), paddingIdx, table);
}

const lookUp: Op<(index: TensorLike, weight: TensorLike, options?: EmbeddingOptions) => Tensor> =
  defineOp({
    name: "embedding",
    formula: "y_i = W_{k_i}",
    call: (index: TensorLike, weight: TensorLike, options?: EmbeddingOptions) => ({
      operands: [index, weight],
      options: readRowGradient("embedding", rowCount("embedding", weight), options),
    }),
    kinds: ["index", "float"],
    shape: ([index, weight]) => {
      checkTable("embedding", weight!.shape);
      return [...index!.shape, weight!.shape[1]!];
    },
    fills: true,
    forward: ([index, weight], y) => {
      const table = contiguousOperand(weight!);
      const flat = flatIndices("embedding", index!, table.shape);
      lookUpRows(table, flat, null, y);
    },
    vjp: [
      null,
      (cotangent, node) => tableGradient(cotangent, node.a, node.shapeOf(1), node.options),
    ],
    batch: (operands, batched, options) => {
      if (!batched[1] && !options.scaleGradByFreq)
        return lookUp(operands[0]!, operands[1]!, again(options));
      return bySample(operands, batched, ([index, weight]) =>
        lookUp(index!, weight!, again(options)),
      );
    },
    samples: [
      (draw) => {
        const rows = draw.integer(1, 4);
        const index = draw.indices(draw.shape(0, 3, 0), rows);
        return [index, draw.tensor([rows, draw.length(0)]), { sparse: draw.boolean() }];
      },
    ],
    rejects: [
      {
        call: () => [[0, 3], zeros([3, 2])],
        message: /embedding: index 3 at \[1\] is out of range at dimension 0 of shape \[3, 2\]/,
        type: IndexError,
      },
      {
        call: () => [[0], zeros([3])],
        message: /the weight must be a table of shape \[rows, features\], not \[3\]/,
        type: ShapeError,
      },
      {
        call: () => [[0], zeros([3, 2]), { paddingIdx: 3 }],
        message: /paddingIdx 3 is out of range for 3 rows; use -3 to 2/,
        type: IndexError,
      },
      { call: () => [[0], zeros([3, 2]), { padding: 0 }], message: /unknown option "padding"/ },
    ],
    edges: [
      {
        note: "a row looked up twice gets both gradients",
        call: () => [[1, 1], tensor([[1], [2]])],
        result: [2, 2],
        gradients: [[0, 2]],
      },
      {
        note: "the padding row gets none",
        call: () => [[1, 0, 1], tensor([[1], [2]]), { paddingIdx: -1 }],
        result: [2, 1, 2],
        gradients: [[1, 0]],
      },
      {
        note: "gradients divided by how often a row was looked up",
        call: () => [[1, 0, 1], tensor([[1], [2]]), { scaleGradByFreq: true }],
        result: [2, 1, 2],
        gradients: [[1, 1]],
      },
      {
        note: "a row-sparse gradient has the same numbers",
        call: () => [[1, 0, 1], tensor([[1], [2], [3]]), { paddingIdx: 0, sparse: true }],
        result: [2, 1, 2],
        gradients: [[0, 2, 0]],
      },
    ],
  });

/**
 * Rows of a table, one for each index: y[…, :] = weight[index[…], :], for indices of any shape and a weight of shape
 * [rows, features].
 *
 * `paddingIdx` names a row that gets no gradient; with `scaleGradByFreq` gradients are divided by the number of times that
 * a row was looked up. (Both make the gradient something else than the derivative.) With `maxNorm`, rows that are longer
 * are scaled down to it in the weight itself, before they are looked up. With `sparse` the gradient of the weight keeps
 * only the rows that were looked up (unless it is recorded itself, with `createGraph`): `weight.grad.sparseRows()`.
 *
 * @throws {IndexError} when an index or `paddingIdx` is out of range.
 * @throws {ShapeError} when the weight is no table.
 * @throws {DTypeError} when the indices are not int32.
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { embedding, tensor } from "@chainrule/core";
 * embedding([2, 0], tensor([[1, 2], [3, 4], [5, 6]])).toArray(); // → [ [ 5, 6 ], [ 1, 2 ] ]
 */
export const embedding: Op<
  (index: TensorLike, weight: TensorLike, options?: EmbeddingOptions) => Tensor
> = Object.assign(
  (index: TensorLike, weight: TensorLike, options?: EmbeddingOptions): Tensor => {
    readRowGradient("embedding", rowCount("embedding", weight), options);
    shortenRows("embedding", index, weight, options);
    return lookUp(index, weight, options);
  },
  { op: lookUp.op },
);

/** Scales rows that are to be looked up down to `maxNorm`, in place. */
export function shortenRows(
  where: string,
  index: TensorLike,
  weight: TensorLike,
  options: EmbeddingOptions | undefined,
): void {
  const { maxNorm = null, normType = 2 } = options ?? {};
  checkNumber(where, "normType", normType);
  if (maxNorm === null) return;
  checkNumber(where, "maxNorm", maxNorm);
  const table = checkTensor(where, weight);
  checkTable(where, table.shape);
  const flat = flatIndices(where, toTensor(where, index, "int32"), table.shape);
  const width = table.shape[1]!;
  const data = noGrad(() => writable(table));
  for (const row of new Set(Array.from(flat))) {
    const part = data.subarray(row * width, (row + 1) * width);
    const norm = vectorNorm(fromTypedArray(part), normType).item();
    if (norm <= maxNorm) continue;
    // The small number in the denominator is PyTorch's.
    const factor = maxNorm / (norm + 1e-7);
    for (let k = 0; k < width; k++) part[k] = part[k]! * factor;
  }
}

/**
 * The gradient of `embedding` in its weight: the rows of the cotangent, of shape [*, features], added up in a table of
 * `rows` rows, at the places of the indices.
 *
 * @throws {ShapeError} when the cotangent does not have the shape of the indices and one dimension more.
 * @throws {IndexError} when an index is out of range.
 * @example
 * import { embeddingGradient, tensor } from "@chainrule/core";
 * embeddingGradient(tensor([[1], [2], [3]]), [1, 0, 1], 2).toArray(); // → [ [ 2 ], [ 4 ] ]
 */
export const embeddingGradient: Op<
  (cotangent: TensorLike, index: TensorLike, rows: number, options?: EmbeddingOptions) => Tensor
> = defineOp({
  name: "embeddingGradient",
  formula: String.raw`y_k = \sum_{i : k_i = k} f_i x_i`,
  call: (cotangent: TensorLike, index: TensorLike, rows: number, options?: EmbeddingOptions) => ({
    operands: [cotangent, index],
    options: {
      ...readRowGradient("embeddingGradient", rows, options),
      rows: checkInteger("embeddingGradient", "rows", rows, 0),
    },
  }),
  kinds: ["float", "index"],
  shape: ([cotangent, index], { rows }) => {
    const { shape } = cotangent!;
    if (shape.length === 0 || !sameShape(shape.slice(0, -1), index!.shape)) {
      throw new ShapeError(
        `embeddingGradient: the cotangent of shape ${formatShape(shape)} has no row for each index of shape ${formatShape(index!.shape)}.`,
        { cotangent: shape, index: index!.shape },
      );
    }
    return [rows, shape[shape.length - 1]!];
  },
  fills: true,
  forward: ([cotangent, index], table, options) => {
    const x = contiguousOperand(cotangent!);
    const flat = flatIndices("embeddingGradient", index!, table.shape);
    addUpRows(x, flat, factorsOf(flat, options), table);
  },
  vjp: [(cotangent, node) => embeddingRows(node.b, cotangent, again(node.options)), null],
  batch: (operands, batched, { rows, ...options }) =>
    bySample(operands, batched, ([cotangent, index]) =>
      embeddingGradient(cotangent!, index!, rows, again(options)),
    ),
  samples: [
    (draw) => {
      const rows = draw.integer(1, 4);
      const shape = draw.shape(0, 2, 0);
      const options = {
        paddingIdx: draw.boolean() ? draw.integer(0, rows - 1) : null,
        scaleGradByFreq: draw.boolean(),
      };
      return [draw.tensor([...shape, draw.length(0)]), draw.indices(shape, rows), rows, options];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), [0], 2],
      message: /the cotangent of shape \[2, 3\] has no row for each index of shape \[1\]/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 3]), [2], 2],
      message: /index 2 at \[0\] is out of range/,
      type: IndexError,
    },
  ],
  edges: [
    {
      note: "rows that are never named stay 0",
      call: () => [tensor([[5]]), [1], 3],
      result: [0, 5, 0],
      gradients: [[1]],
    },
  ],
});

/**
 * The adjoint of `embeddingGradient`: rows of a table as `embedding` looks them up, but times what it would multiply their
 * gradients by (0 for the padding row, one over the number of times with `scaleGradByFreq`).
 *
 * @throws {ShapeError} when the table is none.
 * @throws {IndexError} when an index is out of range.
 * @example
 * import { embeddingRows, tensor } from "@chainrule/core";
 * embeddingRows([1, 0], tensor([[1], [2]]), { paddingIdx: 0 }).toArray(); // → [ [ 2 ], [ 0 ] ]
 */
export const embeddingRows: Op<
  (index: TensorLike, table: TensorLike, options?: EmbeddingOptions) => Tensor
> = defineOp({
  name: "embeddingRows",
  formula: "y_i = f_i T_{k_i}",
  call: (index: TensorLike, table: TensorLike, options?: EmbeddingOptions) => ({
    operands: [index, table],
    options: readRowGradient("embeddingRows", rowCount("embeddingRows", table), options),
  }),
  kinds: ["index", "float"],
  shape: ([index, table]) => {
    checkTable("embeddingRows", table!.shape);
    return [...index!.shape, table!.shape[1]!];
  },
  forward: ([index, given], y, options) => {
    const table = contiguousOperand(given!);
    const flat = flatIndices("embeddingRows", index!, table.shape);
    lookUpRows(table, flat, factorsOf(flat, options), y);
  },
  vjp: [
    null,
    (cotangent, node) =>
      embeddingGradient(cotangent, node.a, node.shapeOf(1)[0]!, again(node.options)),
  ],
  batch: (operands, batched, options) =>
    bySample(operands, batched, ([index, table]) => embeddingRows(index!, table!, again(options))),
  samples: [
    (draw) => {
      const rows = draw.integer(1, 4);
      const options = {
        paddingIdx: draw.boolean() ? draw.integer(-rows, rows - 1) : null,
        scaleGradByFreq: draw.boolean(),
      };
      const index = draw.indices(draw.shape(0, 2, 0), rows);
      return [index, draw.tensor([rows, draw.length(0)]), options];
    },
  ],
  rejects: [
    {
      call: () => [[0], zeros([3])],
      message: /the weight must be a table/,
      type: ShapeError,
    },
    {
      call: () => [[2], zeros([2, 1])],
      message: /index 2 at \[0\] is out of range/,
      type: IndexError,
    },
  ],
  edges: [
    {
      note: "the padding row is 0, and gets nothing",
      call: () => [[0, 1], tensor([[1], [2]]), { paddingIdx: 0 }],
      result: [0, 2],
      gradients: [[0, 1]],
    },
  ],
});
