/**
 * Vectors divided by their length.
 */
import type { TensorLike } from "../../creation.ts";
import { newTensor, tensor, toTensor, zeros } from "../../creation.ts";
import { ArgumentError, checkNumber, IndexError } from "../../errors.ts";
import { copyStrided } from "../../kernels/copy.ts";
import { normOver } from "../../kernels/norm.ts";
import { forEachRow } from "../../kernels/rows.ts";
import type { Op } from "../../op.ts";
import { defineOp } from "../../op.ts";
import { within } from "../../samples.ts";
import type { Dims } from "../../shape.ts";
import { broadcastStrides, normalizeDims, reducedShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { mul, sub } from "../arithmetic.ts";
import { clampMin } from "../clamp.ts";
import { ge } from "../comparison.ts";
import { div } from "../division.ts";
import { vectorNorm } from "../norm.ts";
import { where } from "../selection.ts";
import { sum } from "../sum.ts";

/**
 * x / max(‖x‖₂, eps) along one or several dimensions: unit vectors u. The gradient takes the part along u out of the
 * cotangent, (ū − u · (u·ū)) / ‖x‖, in this form, so that it is exactly orthogonal where numbers allow; shorter vectors than eps are
 * divided by eps, and so is their gradient.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} when eps is no number.
 * @example
 * import { tensor, unitVectors } from "@chainrule/core";
 * unitVectors(tensor([3, 4]), 0, 1e-12); // → tensor([0.6, 0.8])
 */
export const unitVectors: Op<(x: TensorLike, dim: Dims, eps: number) => Tensor> = defineOp({
  name: "unitVectors",
  formula: String.raw`u = \frac{x}{\max(\lVert x \rVert, \varepsilon)}`,
  call: (given: TensorLike, dim: Dims, eps: number) => {
    const x = toTensor("unitVectors", given);
    return {
      operands: [x],
      options: {
        dim: normalizeDims("unitVectors", dim, x.ndim),
        eps: checkNumber("unitVectors", "eps", eps),
      },
    };
  },
  shape: ([x]) => x!.shape,
  forward: ([x], y, { dim, eps }) => {
    const norms = newTensor("float64", reducedShape(x!.shape, dim, true));
    normOver(x!, dim, 2, norms);
    const { data } = y.storage;
    const lengths = norms.storage.data;
    copyStrided(data, 0, x!.storage.data, x!.offset, x!.shape, x!.strides);
    const strides = broadcastStrides(norms.shape, norms.strides, x!.shape);
    let to = 0;
    forEachRow(x!.shape, [strides], [0], (count, [step], [place]) => {
      for (let i = 0; i < count; i++) {
        const length = lengths[place! + i * step!]!;
        // NaN stays NaN.
        data[to] = data[to]! / Math.max(length, eps);
        to++;
      }
    });
  },
  vjp: [
    (cotangent, node) => {
      const { a: x, result: unit } = node;
      const { dim, eps } = node.options;
      const norm = vectorNorm(x, 2, dim, { keepdim: true });
      const along = mul(unit, sum(mul(unit, cotangent), dim, { keepdim: true }));
      return div(sub(cotangent, where(ge(norm, eps), along, 0)), clampMin(norm, eps));
    },
  ],
  batch: ([x], _batched, { dim, eps }) =>
    unitVectors(
      x!,
      dim.map((i) => i + 1),
      eps,
    ),
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(1, 3), within(-3, 3, { avoid: [0], margin: 0.3 }));
      return [x, draw.dim(x.ndim), draw.pick([1e-12, 20])];
    },
    (draw) => [draw.tensor(draw.shape(2, 3), within(1, 3)), [0, -1], 0.5],
    (draw) => [draw.tensor([draw.length(0), draw.length()], within(1, 3)), 1, 0.5],
  ],
  rejects: [
    { call: () => [zeros([2]), 1, 1], message: /dim 1 is out of range/, type: IndexError },
    {
      call: () => [zeros([2]), 0, Number.NaN],
      message: /eps must be a number/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "0 stays 0, and its gradient is divided by eps",
      call: () => [tensor([0, 0]), 0, 0.25],
      result: [0, 0],
      gradients: [[4, 4]],
    },
    {
      note: "along the vector itself the gradient is 0",
      call: () => [tensor([5]), 0, 0.25],
      result: [1],
      gradients: [[0]],
    },
  ],
});
