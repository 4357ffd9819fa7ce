/**
 * The affine map of layers.
 */

import type { TensorLike } from "../../creation.ts";
import { zeros } from "../../creation.ts";
import { ShapeError } from "../../errors.ts";
import { matrixProduct } from "../../kernels/matmul.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Shape } from "../../shape.ts";
import { elementCount, formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add } from "../arithmetic.ts";
import { sumTo } from "../expand.ts";
import { matmul } from "../matmul.ts";
import { reshape } from "../reshape.ts";
import { transpose } from "../transpose.ts";
import { allBatched } from "./batching.ts";

function linearShape(x: Shape, w: Shape, bias: Shape | undefined): Shape {
  if (x.length === 0 || (w.length !== 1 && w.length !== 2)) {
    throw new ShapeError(
      `linear: the input needs at least one dimension and the weight one or two, but they have shapes ${formatShape(x)} and ${formatShape(w)}.`,
      { input: x, weight: w },
    );
  }
  const features = x[x.length - 1]!;
  const expected = w[w.length - 1]!;
  if (features !== expected) {
    throw new ShapeError(
      `linear: the input of shape ${formatShape(x)} has ${features} features, but the weight of shape ${formatShape(w)} takes ${expected}. The weight has the shape [outFeatures, inFeatures].`,
      { input: x, weight: w },
    );
  }
  const out = w.slice(0, -1);
  if (bias !== undefined && !(bias.length === 0 || (bias.length === 1 && bias[0] === out[0]))) {
    throw new ShapeError(
      `linear: the bias has shape ${formatShape(bias)}, but the weight makes ${out[0] ?? 1} features.`,
      { bias, weight: w },
    );
  }
  return [...x.slice(0, -1), ...out];
}

/** A tensor of leading dimensions as those of `like` and then `columns` elements, as a matrix. */
function asRows(x: Tensor, columns: number, like: Shape): Tensor {
  if (x.ndim === 2 && x.shape[1] === columns) return x;
  return reshape(x, [elementCount(like.slice(0, -1)), columns]);
}

/**
 * x·Wᵀ + bias over the last dimension of x: the map of a linear layer.
 *
 * y[…, o] = bias[o] + Σᵢ x[…, i] · weight[o, i] for x of shape [*, inFeatures], weight of [outFeatures, inFeatures], bias of
 * [outFeatures] or a single number. A weight of shape [inFeatures] gives y of shape [*].
 *
 * @throws {ShapeError} when the features differ.
 * @example
 * import { linear, tensor } from "@chainrule/core";
 * linear(tensor([1, 2]), tensor([[1, 10], [0, 1]]), tensor([0.5, 0])); // → tensor([21.5, 2.0])
 */
export const linear: Op<
  (input: TensorLike, weight: TensorLike, bias?: TensorLike | null) => Tensor
> = defineOp({
  name: "linear",
  formula: String.raw`y_o = b_o + \sum_i x_i W_{oi}`,
  call: (input: TensorLike, weight: TensorLike, bias?: TensorLike | null) => ({
    operands: bias === undefined || bias === null ? [input, weight] : [input, weight, bias],
    options: {},
  }),
  shape: ([x, w, bias]) => linearShape(x!.shape, w!.shape, bias?.shape),
  fills: true,
  forward: ([input, w, bias], y) => {
    const columns = input!.shape[input!.ndim - 1]!;
    const out = w!.ndim === 2 ? w!.shape[0]! : 1;
    if (y.numel() === 0) return;
    const rows = y.numel() / out;
    // Without features the product of any numbers is 0.
    const x = input!.ndim <= 2 || columns === 0 ? input! : contiguousOperand(input!);
    matrixProduct(
      y.storage.data,
      0,
      {
        data: x.storage.data,
        offset: x.offset,
        rowStep: x.ndim === 2 ? x.strides[0]! : columns,
        columnStep: x.strides[x.ndim - 1]!,
      },
      {
        data: w!.storage.data,
        offset: w!.offset,
        rowStep: w!.strides[w!.ndim - 1]!,
        columnStep: w!.ndim === 2 ? w!.strides[0]! : 0,
      },
      rows,
      columns,
      out,
      bias === undefined
        ? null
        : {
            data: bias.storage.data,
            offset: bias.offset,
            step: bias.ndim === 0 ? 0 : bias.strides[0]!,
          },
    );
  },
  vjp: [
    (cotangent, node) => {
      const { b: w } = node;
      if (w.ndim === 2) return matmul(cotangent, w);
      const shape = node.shapeOf(0);
      const gradient = matmul(asRows(cotangent, 1, shape), reshape(w, [1, w.numel()]));
      return shape.length === 2 ? gradient : reshape(gradient, shape);
    },
    (cotangent, node) => {
      const { a: x } = node;
      const shape = node.shapeOf(1);
      const out = shape.length === 2 ? shape[0]! : 1;
      const rows = asRows(x, shape[shape.length - 1]!, x.shape);
      const gradient = matmul(transpose(asRows(cotangent, out, x.shape), 0, 1), rows);
      return shape.length === 2 ? gradient : reshape(gradient, shape);
    },
    (cotangent, node) => sumTo(cotangent, node.shapeOf(2)),
  ],
  batch: (operands, batched) => {
    const [x, w, bias] = operands;
    // Samples with the same parameters are one more leading dimension.
    if (!batched[1] && !batched[2]) return linear(x!, w!, bias);
    const [inputs, weights, shifts] = allBatched(operands, batched) as [Tensor, Tensor, Tensor?];
    const [samples, features] = [inputs.shape[0]!, inputs.shape.at(-1)!];
    const lead = inputs.shape.slice(1, -1);
    const out = weights.shape.slice(1, -1);
    const matrices = reshape(weights, [samples, out[0] ?? 1, features]);
    const rows = reshape(inputs, [samples, elementCount(lead), features]);
    const y = matmul(rows, transpose(matrices, 1, 2));
    const shift = shifts && reshape(shifts, [samples, 1, elementCount(shifts.shape.slice(1))]);
    return reshape(shift === undefined ? y : add(y, shift), [samples, ...lead, ...out]);
  },
  samples: [
    (draw) => {
      const lead = draw.shape(0, 3, 0);
      const features = draw.length(0);
      const out = draw.length(0);
      const bias = draw.pick([null, draw.tensor([out]), draw.tensor([])]);
      return [draw.tensor([...lead, features]), draw.tensor([out, features]), bias];
    },
    (draw) => {
      const features = draw.length();
      const x = draw.tensor([...draw.shape(0, 2, 0), features]);
      return [x, draw.tensor([features]), draw.boolean() ? draw.tensor([]) : null];
    },
  ],
  rejects: [
    {
      call: () => [zeros([4, 3]), zeros([2, 5])],
      message: /input of shape \[4, 3\] has 3 features, but the weight of shape \[2, 5\] takes 5/,
      type: ShapeError,
    },
    {
      call: () => [zeros([4, 3]), zeros([2, 3]), zeros([3])],
      message: /the bias has shape \[3\], but the weight makes 2 features/,
      type: ShapeError,
    },
    {
      call: () => [zeros([]), zeros([2, 3])],
      message: /the input needs at least one dimension/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "no rows: the parameters get zero gradients",
      call: () => [zeros([0, 2]), zeros([1, 2]), zeros([1])],
      result: [],
      gradients: [[], [0, 0], [0]],
    },
  ],
});
