/**
 * The matrix product.
 */
import { isShared } from "../accelerated/backend.ts";
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { ShapeError } from "../errors.ts";
import type { Recorded } from "../graph/node.ts";
import { matrixAt, matrixProduct, stackProduct } from "../kernels/matmul.ts";
import { forEachRow, mergeDimensions } from "../kernels/rows.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Shape } from "../shape.ts";
import { broadcastShapes, broadcastStrides, elementCount, formatShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

/** The shape of the product; throws what does not fit. */
export function matmulShape(where: string, a: Shape, b: Shape): Shape {
  if (a.length === 0 || b.length === 0) {
    throw new ShapeError(
      `${where}: operands need at least one dimension, but have shapes ${formatShape(a)} and ${formatShape(b)}. Multiply single numbers with mul.`,
      { a, b },
    );
  }
  const inner = a[a.length - 1]!;
  const innerB = b[Math.max(b.length - 2, 0)]!;
  if (inner !== innerB) {
    throw new ShapeError(
      `${where}: inner dimensions ${inner} and ${innerB} differ (${formatShape(a)} × ${formatShape(b)}). Transpose one operand, or reshape.`,
      { a, b },
    );
  }
  const batch = broadcastShapes(where, a.slice(0, -2), b.slice(0, -2));
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
  if (a.length > 1 && b.length > 1) return cotangent;
  const shape = cotangent.shape.slice();
  if (b.length === 1) shape.push(1);
  if (a.length === 1) shape.splice(shape.length - 1, 0, 1);
  return reshape(cotangent, shape);
}

/** All rows of a stack of matrices as one matrix. */
function asOneMatrix(x: Tensor): Tensor {
  const width = x.shape[x.ndim - 1]!;
  return reshape(x, [elementCount(x.shape.slice(0, -1)), width]);
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

/** result = a·b, of the shape that {@link matmul} gives them, over new memory. */
export function multiplyInto(left: Tensor, right: Tensor, result: Tensor): void {
  const a = matrixView(left, true);
  const b = matrixView(right, false);
  const m = a.shape[a.ndim - 2]!;
  const k = a.shape[a.ndim - 1]!;
  const n = b.shape[b.ndim - 1]!;
  const { data } = result.storage;
  if (k === 0) data.fill(0);
  if (result.numel() === 0 || k === 0) return;
  if (b.ndim === 2) {
    if (a.ndim === 2) {
      matrixProduct(data, 0, matrixAt(a, a.offset), matrixAt(b, b.offset), m, k, n);
      return;
    }
    // One matrix on the right: if the rows of the stack lie at even distances, they are those of one tall matrix.
    const { lengths, strides } = mergeDimensions(a.shape.slice(0, -1), [a.strides.slice(0, -1)]);
    if (lengths.length <= 1) {
      const view = { ...matrixAt(a, a.offset), rowStep: strides[0]![0] ?? 0 };
      matrixProduct(data, 0, view, matrixAt(b, b.offset), lengths[0] ?? 1, k, n);
      return;
    }
  }
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  const batch = broadcastShapes("matmul", batchA, batchB);
  const strides = [
    broadcastStrides(batchA, a.strides.slice(0, -2), batch),
    broadcastStrides(batchB, b.strides.slice(0, -2), batch),
  ];
  if (isShared(data, a.storage.data, b.storage.data)) {
    const [offsetsA, offsetsB]: [number[], number[]] = [[], []];
    forEachRow(batch, strides, [a.offset, b.offset], (count, steps, places) => {
      for (let i = 0; i < count; i++) {
        offsetsA.push(places[0]! + i * steps[0]!);
        offsetsB.push(places[1]! + i * steps[1]!);
      }
    });
    if (stackProduct(data, matrixAt(a, 0), offsetsA, matrixAt(b, 0), offsetsB, m, k, n)) return;
  }
  let at = 0;
  forEachRow(batch, strides, [a.offset, b.offset], (count, steps, places) => {
    for (let i = 0; i < count; i++) {
      const viewA = matrixAt(a, places[0]! + i * steps[0]!);
      const viewB = matrixAt(b, places[1]! + i * steps[1]!);
      matrixProduct(data, at, viewA, viewB, m, k, n);
      at += m * n;
    }
  });
}

/** The gradient of the left operand: C̄·Bᵀ, for the cotangent C̄ of A·B. */
export function leftGradient(cotangent: Tensor, node: Recorded): Tensor {
  const { a, b } = operandsOf(node);
  const c = asMatrices(cotangent, a, b);
  return matmul(c, transpose(asColumns(node.operand(node.operands.length - 1)), -1, -2));
}

/** The gradient of the right operand: Aᵀ·C̄. */
export function rightGradient(cotangent: Tensor, node: Recorded): Tensor {
  const { a, b } = operandsOf(node);
  const c = asMatrices(cotangent, a, b);
  const left = asRows(node.operand(node.operands.length - 2));
  // The sum over the stack is part of one product when B is one matrix.
  const gradient =
    b.length <= 2 && left.ndim > 2
      ? matmul(transpose(asOneMatrix(left), 0, 1), asOneMatrix(c))
      : matmul(transpose(left, -1, -2), c);
  return b.length === 1 ? reshape(gradient, gradient.shape.slice(0, -1)) : gradient;
}

/** The factors are the last two operands. */
function operandsOf(node: Recorded): { a: Shape; b: Shape } {
  const count = node.operands.length;
  return { a: node.shapeOf(count - 2), b: node.shapeOf(count - 1) };
}

/** Stacks of samples: dimensions of length 1 go between the samples and the rest, so that ranks agree from the right. */
function multiplySamples([a, b]: readonly Tensor[], batched: readonly boolean[]): Tensor {
  const rankA = a!.ndim - (batched[0] ? 1 : 0);
  const rankB = b!.ndim - (batched[1] ? 1 : 0);
  const rank = Math.max(rankA, rankB, 2);
  const widened = (x: Tensor, own: number, isBatched: boolean, matrix: Shape): Tensor => {
    const lead = isBatched ? [x.shape[0]!] : [];
    const inner = x.shape.slice(lead.length, x.ndim - Math.min(own, 2));
    const ones = isBatched ? new Array<number>(rank - Math.max(own, 2)).fill(1) : [];
    return reshape(x, [...lead, ...ones, ...inner, ...matrix]);
  };
  const matrixA = rankA === 1 ? [1, a!.shape[a!.ndim - 1]!] : a!.shape.slice(-2);
  const matrixB = rankB === 1 ? [b!.shape[b!.ndim - 1]!, 1] : b!.shape.slice(-2);
  const product = matmul(
    widened(a!, rankA, batched[0]!, matrixA),
    widened(b!, rankB, batched[1]!, matrixB),
  );
  const shape = product.shape.slice(0, -2);
  if (rankA > 1) shape.push(matrixA[0]!);
  if (rankB > 1) shape.push(matrixB[1]!);
  return shape.length === product.ndim ? product : reshape(product, shape);
}

/**
 * The matrix product: vectors, matrices, and stacks of matrices whose leading dimensions broadcast.
 *
 * Cᵢⱼ = Σₖ Aᵢₖ Bₖⱼ over the last dimension of `a` and the last but one of `b`. A 1-D operand counts as a row on the left
 * and as a column on the right, and that dimension is dropped from the result: two vectors give their dot product. An
 * empty sum is 0; int32 and bool give int32.
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
  shape: ([a, b]) => matmulShape("matmul", a!.shape, b!.shape),
  dtype: ([a]) => (a!.dtype === "bool" ? "int32" : a!.dtype),
  fills: true,
  forward: ([a, b], result) => multiplyInto(a!, b!, result),
  vjp: [leftGradient, rightGradient],
  batch: multiplySamples,
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
    (draw) => {
      const k = draw.length();
      return [draw.tensor([draw.length(0), draw.length(), k]), draw.tensor([k, draw.length()])];
    },
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), zeros([4, 5])],
      message: /inner dimensions 3 and 4 differ \(\[2, 3\] × \[4, 5\]\)/,
      type: ShapeError,
    },
    { call: () => [zeros([]), zeros([2])], message: /at least one dimension/, type: ShapeError },
    {
      call: () => [zeros([2, 3, 4]), zeros([3, 4, 5])],
      message: /shapes \[2\] and \[3\] do not broadcast/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "an empty sum is 0",
      call: () => [zeros([2, 0]), zeros([0, 1])],
      result: [0, 0],
      gradients: [[], []],
    },
    {
      note: "0 times infinity is NaN",
      call: () => [tensor([0, 1]), tensor([Number.POSITIVE_INFINITY, 1])],
      result: [Number.NaN],
      gradients: [
        [Number.POSITIVE_INFINITY, 1],
        [0, 1],
      ],
    },
  ],
});
