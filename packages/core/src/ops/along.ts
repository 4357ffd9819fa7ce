/**
 * Picking elements along a dimension by their places, and its adjoint: putting them there. The
 * places come from a kernel (the maxima, the order of a sort), so they are within range.
 */
import { addAlong, takeAlong } from "../kernels/along.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import type { Along } from "./reduction.ts";
import { alongBatch } from "./reduction.ts";

interface Places extends Along {
  /** The length along `dim` that the places refer to. */
  readonly length: number;
}

/** The elements of `x` at `indices` along `dim`. The shapes differ in their length along it. */
export const takeAt: Op<(x: Tensor, indices: Tensor, dim: number) => Tensor> = defineOp({
  name: "takeAt",
  formula: "y_j = x_{i_j}",
  call: (x: Tensor, indices: Tensor, dim: number) => ({
    operands: [x, indices],
    options: { dim, length: x.ndim === 0 ? 1 : x.shape[dim]! },
  }),
  kinds: ["any", "index"],
  shape: ([, indices]) => indices!.shape,
  forward: ([x, indices], y, { dim }) => takeAlong(x!, indices!, dim, y),
  vjp: [(cotangent, node) => putAt(cotangent, node.b, node.options), null],
  batch: alongBatch(([x, indices], { dim }) => takeAt(x!, indices!, dim)),
  samples: [
    (draw) => [draw.tensor([3, draw.length(1)]), draw.indices([2, 1], 3), 0],
    (draw) => [draw.tensor([2, 4]), draw.indices([2, draw.length(0)], 4), 1],
  ],
});

/** Zeros with the elements of `x` added at `indices` along `dim`: the adjoint of {@link takeAt}. */
export const putAt: Op<(x: Tensor, indices: Tensor, places: Places) => Tensor> = defineOp({
  name: "putAt",
  formula: String.raw`y_k = \sum_{j : i_j = k} x_j`,
  call: (x: Tensor, indices: Tensor, places: Places) => ({
    operands: [x, indices],
    options: places,
  }),
  kinds: ["any", "index"],
  shape: ([x], { dim, length }) => x!.shape.map((n, i) => (i === dim ? length : n)),
  forward: ([x, indices], y, { dim }) => addAlong(x!, indices!, dim, y),
  vjp: [(cotangent, node) => takeAt(cotangent, node.b, node.options.dim), null],
  batch: alongBatch(([x, indices], places) => putAt(x!, indices!, places)),
  samples: [
    (draw) => [draw.tensor([2, 3]), draw.indices([2, 3], 4), { dim: 0, length: 4 }],
    (draw) => [draw.tensor([2, 3]), draw.indices([2, 3], 2), { dim: 1, length: 2 }],
  ],
});
