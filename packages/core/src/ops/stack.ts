/**
 * Tensors of one shape side by side, along a new first dimension.
 */
import type { TensorLike } from "../creation.ts";
import { copyStrided } from "../kernels/copy.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { at } from "./at.ts";

/** yᵢ = xᵢ for tensors of equal shape. */
export const stack: Op<(tensors: readonly TensorLike[]) => Tensor> = defineOp({
  name: "stack",
  formula: "y_i = x_i",
  call: (tensors: readonly TensorLike[]) => ({ operands: tensors, options: {} }),
  kinds: ["number"],
  shape: (tensors) => [tensors.length, ...tensors[0]!.shape],
  forward: (tensors, y) => {
    for (const [i, x] of tensors.entries()) {
      copyStrided(y.storage.data, i * x.numel(), x.storage.data, x.offset, x.shape, x.strides);
    }
  },
  vjp: ([cotangent], node) => node.operands.map((_, i) => at(cotangent!, i)),
  samples: [],
});
