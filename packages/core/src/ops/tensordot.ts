/**
 * Products of tensors: contractions over chosen dimensions, and the Kronecker product.
 */
import type { TensorLike } from "../creation.ts";
import { ArgumentError, checkInteger, quoted, ShapeError } from "../errors.ts";
import { toOperands } from "../record.ts";
import { elementCount, formatShape, normalizeDim } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { permute } from "./transpose.ts";

/** How many dimensions are summed over, or which ones of either operand, in pairs. */
export type ContractedDims =
  | number
  | readonly [readonly number[] | number, readonly number[] | number];

/**
 * Sums of products over pairs of dimensions: y has the other dimensions of `a`, then those of `b`.
 *
 * `dims` is the number of dimensions, the last ones of `a` with the first ones of `b`, or two lists of as many
 * dimensions. 2 unless given, which for matrices is Σᵢⱼ aᵢⱼ bᵢⱼ; 1 is the matrix product, 0 the outer one.
 *
 * @throws {ShapeError} when the lengths of a pair differ.
 * @throws {ArgumentError} when the lists differ in length, or name a dimension twice.
 * @throws {IndexError} when a dimension is out of range.
 * @example
 * import { ones, tensordot } from "@chainrule/core";
 * tensordot(ones([2, 3, 4]), ones([3, 4, 5])).shape; // → [ 2, 5 ]
 * tensordot(ones([2, 3, 4]), ones([4, 3]), [[1, 2], [1, 0]]); // → tensor([12, 12])
 */
export function tensordot(a: TensorLike, b: TensorLike, dims: ContractedDims = 2): Tensor {
  const [x, y] = toOperands("tensordot", [a, b]);
  const [fromX, fromY] = readDims(x!, y!, dims);
  for (const [i, dim] of fromX.entries()) {
    const other = fromY[i]!;
    if (x!.shape[dim] !== y!.shape[other]) {
      throw new ShapeError(
        `tensordot: dimension ${dim} of ${formatShape(x!.shape)} has length ${x!.shape[dim]}, but dimension ${other} of ${formatShape(y!.shape)} has ${y!.shape[other]}. Pairs must be equal.`,
        { a: x!.shape, b: y!.shape, dims },
      );
    }
  }
  const rows = restOf(x!, fromX);
  const columns = restOf(y!, fromY);
  const rowShape = rows.map((dim) => x!.shape[dim]!);
  const columnShape = columns.map((dim) => y!.shape[dim]!);
  const k = elementCount(fromX.map((dim) => x!.shape[dim]!));
  const product = matmul(
    reshape(permute(x!, [...rows, ...fromX]), [elementCount(rowShape), k]),
    reshape(permute(y!, [...fromY, ...columns]), [k, elementCount(columnShape)]),
  );
  return reshape(product, [...rowShape, ...columnShape]);
}

function readDims(x: Tensor, y: Tensor, dims: ContractedDims): [number[], number[]] {
  if (typeof dims === "number") {
    const most = Math.min(x.ndim, y.ndim);
    checkInteger("tensordot", "dims", dims, 0, most);
    const first = Array.from({ length: dims }, (_, i) => i);
    return [first.map((i) => x.ndim - dims + i), first];
  }
  const lists = Array.isArray(dims) ? dims.map((list: unknown) => [list].flat()) : [];
  const [left, right] = lists as [number[], number[]];
  const isPair = lists.length === 2 && left.length === right.length;
  if (!isPair) {
    throw new ArgumentError(
      `tensordot: dims must be a whole number, or two lists of as many dimensions such as [[1, 2], [0, 1]], not ${quoted(dims)}.`,
      { dims },
    );
  }
  const resolved: [number[], number[]] = [
    left.map((dim) => normalizeDim("tensordot", dim, x.ndim)),
    right.map((dim) => normalizeDim("tensordot", dim, y.ndim)),
  ];
  if (resolved.some((list) => new Set(list).size !== list.length)) {
    throw new ArgumentError(`tensordot: dims ${quoted(dims)} names a dimension twice.`, { dims });
  }
  return resolved;
}

function restOf(x: Tensor, dims: readonly number[]): number[] {
  return x.shape.flatMap((_, dim) => (dims.includes(dim) ? [] : [dim]));
}

/**
 * The Kronecker product: every element of `a` times the whole of `b`, block by block. Dimension by dimension lengths
 * multiply; the operand of lower rank gets dimensions of length 1 in front.
 *
 * @example
 * import { kron, tensor } from "@chainrule/core";
 * kron(tensor([1, 10]), tensor([[1, 2], [3, 4]])).toArray(); // → [ [ 1, 2, 10, 20 ], [ 3, 4, 30, 40 ] ]
 */
export function kron(a: TensorLike, b: TensorLike): Tensor {
  const [x, y] = toOperands("kron", [a, b]);
  const rank = Math.max(x!.ndim, y!.ndim);
  const widened = (z: Tensor): number[] => [
    ...new Array<number>(rank - z.ndim).fill(1),
    ...z.shape,
  ];
  const [left, right] = [widened(x!), widened(y!)];
  const blocks = mul(
    reshape(
      x!,
      left.flatMap((length) => [length, 1]),
    ),
    reshape(
      y!,
      right.flatMap((length) => [1, length]),
    ),
  );
  return reshape(
    blocks,
    left.map((length, i) => length * right[i]!),
  );
}
