/**
 * The identity, as a node of the graph.
 */
import type { TensorLike } from "../creation.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";

/** x itself as a result of its own: a second name for the same numbers, at which a gradient can be asked for. */
export const alias: Op<(x: TensorLike) => Tensor> = defineOp({
  name: "alias",
  formula: "y = x",
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  kinds: ["any"],
  view: ({ shape, strides, offset }) => ({ shape, strides, offset }),
  vjp: [(cotangent) => cotangent],
  batch: ([x]) => x!,
  samples: [(draw) => [draw.tensor(draw.shape(0, 3, 0))]],
});
