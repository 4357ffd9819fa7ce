/**
 * Copies.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import { copyStrided } from "../kernels/copy.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";

/**
 * A copy of x in row-major order in storage of its own; gradients pass through.
 *
 * @throws {ArgumentError} for anything but numbers.
 * @example
 * import { clone, tensor } from "@chainrule/core";
 * const x = tensor([1, 2]);
 * const y = clone(x);
 * x.fill_(0);
 * y; // → tensor([1, 2])
 */
export const clone: Op<(x: TensorLike) => Tensor> = defineOp({
  name: "clone",
  formula: "y = x",
  call: (x: TensorLike) => ({ operands: [x], options: {} }),
  kinds: ["any"],
  shape: ([x]) => x!.shape,
  fills: true,
  forward: ([x], y) =>
    copyStrided(y.storage.data, 0, x!.storage.data, x!.offset, x!.shape, x!.strides),
  vjp: [(cotangent) => cotangent],
  batch: ([x]) => clone(x!),
  samples: [(draw) => [draw.tensor(draw.shape(0, 4, 0))]],
  rejects: [{ call: () => ["x"], message: /clone: expected numbers/ }],
  edges: [
    {
      note: "NaN and the sign of zero",
      call: () => [[Number.NaN, -0, Number.POSITIVE_INFINITY]],
      result: [Number.NaN, -0, Number.POSITIVE_INFINITY],
    },
  ],
});

/**
 * x itself if its elements lie in row-major order without gaps, else a copy in which they do.
 *
 * @example
 * import { contiguous, tensor } from "@chainrule/core";
 * contiguous(tensor([[1, 2], [3, 4]]).T).strides; // → [ 2, 1 ]
 */
export function contiguous(x: TensorLike): Tensor {
  const source = toTensor("contiguous", x);
  return source.isContiguous() && source.batch === null ? source : clone(source);
}
