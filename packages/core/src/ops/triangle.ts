/**
 * The triangles below and above a diagonal.
 */
import type { TensorLike } from "../creation.ts";
import { newTensor, toTensor, zeros } from "../creation.ts";
import { checkInteger, checkOptions, ShapeError } from "../errors.ts";
import { copyTriangle } from "../kernels/triangle.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Rejection, Sample } from "../samples.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Options of {@link tril} and {@link triu}. */
export interface TriangleOptions {
  /** The diagonal that bounds the triangle and belongs to it: so many places above (below, if negative) the main one. */
  diagonal?: number;
}

function triangleCall(
  where: string,
  x: TensorLike,
  options: TriangleOptions | undefined,
): { operands: Tensor[]; options: { diagonal: number } } {
  checkOptions(where, options, ["diagonal"]);
  const source = toTensor(where, x);
  if (source.ndim < 2) {
    throw new ShapeError(
      `${where}: expected matrices, with two dimensions at least, not shape ${formatShape(source.shape)}.`,
      { shape: source.shape },
    );
  }
  return {
    operands: [source],
    options: { diagonal: checkInteger(where, "diagonal", options?.diagonal ?? 0) },
  };
}

const samples: readonly Sample[] = [
  (draw) => [draw.tensor(draw.shape(2, 4, 0))],
  (draw) => [draw.tensor(draw.shape(2, 3)), { diagonal: draw.integer(-4, 4) }],
];

const rejects: readonly Rejection[] = [
  { call: () => [zeros([3])], message: /expected matrices/, type: ShapeError },
  { call: () => [zeros([3, 3]), { diagonal: 0.5 }], message: /diagonal must be a whole number/ },
  { call: () => [zeros([3, 3]), { offset: 1 }], message: /unknown option "offset"/ },
];

/**
 * The lower triangle of the matrices in the last two dimensions, with zeros above: what stands on or below a diagonal.
 *
 * @throws {ShapeError} when x has fewer than two dimensions.
 * @example
 * import { tensor, tril } from "@chainrule/core";
 * tril(tensor([[1, 2], [3, 4]])).toArray(); // → [ [ 1, 0 ], [ 3, 4 ] ]
 * tril(tensor([[1, 2], [3, 4]]), { diagonal: -1 }).toArray(); // → [ [ 0, 0 ], [ 3, 0 ] ]
 */
export const tril: Op<(x: TensorLike, options?: TriangleOptions) => Tensor> = defineOp({
  name: "tril",
  formula: String.raw`y_{ij} = x_{ij}\,[j - i \le k]`,
  call: (x: TensorLike, options?: TriangleOptions) => triangleCall("tril", x, options),
  kinds: ["any"],
  shape: ([x]) => x!.shape,
  forward: ([x], y, { diagonal }) => copyTriangle(x!, y, Number.NEGATIVE_INFINITY, diagonal),
  vjp: [(cotangent, { options }) => tril(cotangent, options)],
  batch: ([x], _batched, options) => tril(x!, options),
  samples,
  rejects,
  edges: [
    {
      note: "what is not finite above is 0, not NaN",
      call: () => [
        [
          [1, Number.NaN],
          [2, 3],
        ],
      ],
      result: [1, 0, 2, 3],
    },
  ],
});

/**
 * The upper triangle of the matrices in the last two dimensions, with zeros below: what stands on or above a diagonal.
 *
 * @throws {ShapeError} when x has fewer than two dimensions.
 * @example
 * import { tensor, triu } from "@chainrule/core";
 * triu(tensor([[1, 2], [3, 4]])).toArray(); // → [ [ 1, 2 ], [ 0, 4 ] ]
 */
export const triu: Op<(x: TensorLike, options?: TriangleOptions) => Tensor> = defineOp({
  name: "triu",
  formula: String.raw`y_{ij} = x_{ij}\,[j - i \ge k]`,
  call: (x: TensorLike, options?: TriangleOptions) => triangleCall("triu", x, options),
  kinds: ["any"],
  shape: ([x]) => x!.shape,
  forward: ([x], y, { diagonal }) => copyTriangle(x!, y, diagonal, Number.POSITIVE_INFINITY),
  vjp: [(cotangent, { options }) => triu(cotangent, options)],
  batch: ([x], _batched, options) => triu(x!, options),
  samples,
  rejects,
  edges: [
    {
      note: "what is not finite below is 0, not NaN",
      call: () => [
        [
          [1, 2],
          [Number.POSITIVE_INFINITY, 3],
        ],
      ],
      result: [1, 2, 0, 3],
    },
  ],
});

/** Options of {@link trilIndices} and {@link triuIndices}. */
export interface TriangleIndexOptions {
  /** The diagonal that bounds the triangle and belongs to it. */
  offset?: number;
}

function triangleIndices(
  where: string,
  rows: number,
  columns: number,
  options: TriangleIndexOptions | undefined,
  lower: boolean,
): Tensor {
  checkOptions(where, options, ["offset"]);
  checkInteger(where, "rows", rows, 0);
  checkInteger(where, "columns", columns, 0);
  const offset = checkInteger(where, "offset", options?.offset ?? 0);
  const bound = (row: number): number =>
    Math.min(Math.max(row + offset + (lower ? 1 : 0), 0), columns);
  let count = 0;
  for (let row = 0; row < rows; row++) count += lower ? bound(row) : columns - bound(row);
  const places = newTensor("int32", [2, count]);
  const { data } = places.storage;
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const end = lower ? bound(row) : columns;
    for (let column = lower ? 0 : bound(row); column < end; column++) {
      data[at] = row;
      data[count + at] = column;
      at++;
    }
  }
  return places;
}

/**
 * The rows and columns of the places in the lower triangle of a rows × columns matrix, row by row: int32, of shape [2, n].
 *
 * @throws {ArgumentError} when a number is not whole, or a length negative.
 * @example
 * import { trilIndices } from "@chainrule/core";
 * trilIndices(2, 3).toArray(); // → [ [ 0, 1, 1 ], [ 0, 0, 1 ] ]
 */
export function trilIndices(rows: number, columns: number, options?: TriangleIndexOptions): Tensor {
  return triangleIndices("trilIndices", rows, columns, options, true);
}

/**
 * The rows and columns of the places in the upper triangle of a rows × columns matrix, row by row: int32, of shape [2, n].
 *
 * @throws {ArgumentError} when a number is not whole, or a length negative.
 * @example
 * import { triuIndices } from "@chainrule/core";
 * triuIndices(2, 2, { offset: 1 }).toArray(); // → [ [ 0 ], [ 1 ] ]
 */
export function triuIndices(rows: number, columns: number, options?: TriangleIndexOptions): Tensor {
  return triangleIndices("triuIndices", rows, columns, options, false);
}
