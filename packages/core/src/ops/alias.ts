/**
 * The identity, as a node of the graph.
 */
import type { TensorLike } from "../creation.ts";
import { tensor } from "../creation.ts";
import { ArgumentError } from "../errors.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";

/**
 * x itself as a result of its own: a second name for the same numbers, at which a gradient can be asked for.
 *
 * @throws {ArgumentError} for what is no tensor and cannot become one.
 * @example
 * import { alias, grad, tensor } from "@chainrule/core";
 * const x = tensor(3, { requiresGrad: true });
 * const here = alias(x);
 * const y = here.mul(here).add(x);
 * grad(y, here); // → tensor(6)
 */
export const alias: Op<(x: TensorLike) => Tensor> = defineOp({
  name: "alias",
  formula: "y = x",
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  kinds: ["any"],
  view: ({ shape, strides, offset }) => ({ shape, strides, offset }),
  vjp: [(cotangent) => cotangent],
  batch: ([x]) => x!,
  samples: [(draw) => [draw.tensor(draw.shape(0, 3, 0))]],
  edges: [
    {
      note: "nothing changes: neither NaN nor the sign of zero",
      call: () => [tensor([Number.NaN, -0, Number.POSITIVE_INFINITY])],
      result: [Number.NaN, -0, Number.POSITIVE_INFINITY],
      gradients: [[1, 1, 1]],
    },
  ],
  rejects: [
    { call: () => ["x"], message: /alias: expected numbers, .* not "x"/, type: ArgumentError },
  ],
});
