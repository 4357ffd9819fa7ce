/**
 * The matrix product.
 */
import type { TensorLike } from "../creation.ts";
import { zeros } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import { matrixAt, matrixProduct } from "../kernels/matmul.ts";
import { forEachRow } from "../kernels/rows.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Shape } from "../shape.ts";
import { broadcastShapes, broadcastStrides, formatShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

function matmulShape(a: Shape, b: Shape): Shape {
  if (a.length === 0 || b.length === 0) {
    throw new ShapeError(
      `matmul: operands need at least one dimension, but have shapes ${formatShape(a)} and ${formatShape(b)}. Multiply single numbers with mul.`,
      { a, b },
    );
  }
  const inner = a[a.length - 1]!;
  const innerB = b[Math.max(b.length - 2, 0)]!;
  if (inner !== innerB) {
    throw new ShapeError(
      `matmul: inner dimensions ${inner} and ${innerB} differ (${formatShape(a)} × ${formatShape(b)}). Transpose one operand, or reshape.`,
      { a, b },
    );
  }
  const batch = broadcastShapes("matmul", a.slice(0, -2), b.slice(0, -2));
  const rows = a.length > 1 ? [a[a.length - 2]!] : [];
  const columns = b.length > 1 ? [b[b.length - 1]!] : [];
  return [...batch, ...rows, ...columns];
}

/** A row vector as a matrix of one row. */
function asRows(a: Tensor): Tensor {
  return a.ndim === 1 ? reshape(a, [1, a.shape[0]!]) : a;
}

/** A column vector as a matrix of one column. */
function asColumns(b: Tensor): Tensor {
  return b.ndim === 1 ? reshape(b, [b.shape[0]!, 1]) : b;
}

/** The cotangent with the dimensions of length 1 that vector operands do without. */
function asMatrices(cotangent: Tensor, a: Shape, b: Shape): Tensor {
  const shape = cotangent.shape.slice();
  if (b.length === 1) shape.push(1);
  if (a.length === 1) shape.splice(shape.length - 1, 0, 1);
  return shape.length === cotangent.ndim ? cotangent : reshape(cotangent, shape);
}

/** The same numbers as a matrix over plain memory, without a record. */
function matrixView(x: Tensor, isLeft: boolean): Tensor {
  if (x.ndim !== 1) return x;
  const [n] = x.shape;
  const [step] = x.strides;
  return isLeft
    ? new Tensor(x.storage, x.dtype, [1, n!], [n! * step!, step!], x.offset)
    : new Tensor(x.storage, x.dtype, [n!, 1], [step!, 1], x.offset);
}

/**
 * The matrix product: vectors, matrices, and stacks of matrices whose leading dimensions broadcast.
 *
 * Cᵢⱼ = Σₖ Aᵢₖ Bₖⱼ over the last dimension of `a` and the last but one of `b`. A 1-D operand counts as a row on the left
 * and as a column on the right, and that dimension is dropped from the result: two vectors give their dot product.
 *
 * @throws {ShapeError} when the inner dimensions differ, an operand is 0-d, or the leading dimensions do not broadcast.
 * @example
 * import { matmul, tensor } from "@chainrule/core";
 * matmul(tensor([[1, 2], [3, 4]]), tensor([1, 10])); // → tensor([21, 43])
 */
export const matmul: Op<(a: TensorLike, b: TensorLike) => Tensor> = defineOp({
  name: "matmul",
  formula: String.raw`C_{ij} = \sum_k A_{ik} B_{kj}`,
  call: (a: TensorLike, b: TensorLike) => ({ operands: [a, b], options: {} }),
  kinds: ["number", "number"],
  broadcasts: true,
  shape: ([a, b]) => matmulShape(a!.shape, b!.shape),
  forward: ([left, right], result) => {
    const a = matrixView(left!, true);
    const b = matrixView(right!, false);
    const m = a.shape[a.ndim - 2]!;
    const k = a.shape[a.ndim - 1]!;
    const n = b.shape[b.ndim - 1]!;
    const { data } = result.storage;
    if (result.numel() === 0 || k === 0) return;
    if (a.ndim === 2 && b.ndim === 2) {
      matrixProduct(data, 0, matrixAt(a, a.offset), matrixAt(b, b.offset), m, k, n);
      return;
    }
    const batchA = a.shape.slice(0, -2);
    const batchB = b.shape.slice(0, -2);
    const batch = broadcastShapes("matmul", batchA, batchB);
    const strides = [
      broadcastStrides(batchA, a.strides.slice(0, -2), batch),
      broadcastStrides(batchB, b.strides.slice(0, -2), batch),
    ];
    let at = 0;
    forEachRow(batch, strides, [a.offset, b.offset], (count, steps, places) => {
      for (let i = 0; i < count; i++) {
        const viewA = matrixAt(a, places[0]! + i * steps[0]!);
        const viewB = matrixAt(b, places[1]! + i * steps[1]!);
        matrixProduct(data, at, viewA, viewB, m, k, n);
        at += m * n;
      }
    });
  },
  vjp: [
    (cotangent, node) => {
      const c = asMatrices(cotangent, node.shapeOf(0), node.shapeOf(1));
      return matmul(c, transpose(asColumns(node.b), -1, -2));
    },
    (cotangent, node) => {
      const c = asMatrices(cotangent, node.shapeOf(0), node.shapeOf(1));
      const gradient = matmul(transpose(asRows(node.a), -1, -2), c);
      return node.shapeOf(1).length === 1 ? reshape(gradient, gradient.shape.slice(0, -1)) : gradient;
    },
  ],
  samples: [
    (draw) => {
      const k = draw.length(0);
      return [draw.tensor([draw.length(0), k]), draw.tensor([k, draw.length(0)])];
    },
    (draw) => {
      const k = draw.length();
      const batch = draw.shape(0, 2);
      const matrix = draw.tensor([...batch, draw.length(), k]);
      return [matrix, draw.tensor([...draw.broadcastable(batch), k, draw.length()])];
    },
    (draw) => {
      const k = draw.length();
      const vector = draw.tensor([k]);
      return draw.pick([
        [vector, draw.tensor([k])],
        [vector, draw.tensor([2, k, 3])],
        [draw.tensor([2, 3, k]), vector],
      ]);
    },
  ],
  rejects: [
    { call: () => [zeros([2, 3]), zeros([4, 5])], message: /inner dimensions 3 and 4 differ \(\[2, 3\] × \[4, 5\]\)/, type: ShapeError },
    { call: () => [zeros([]), zeros([2])], message: /at least one dimension/, type: ShapeError },
    {
      call: () => [zeros([2, 3, 4]), zeros([3, 4, 5])],
      message: /shapes \[2\] and \[3\] do not broadcast/,
      type: ShapeError,
    },
  ],
});
