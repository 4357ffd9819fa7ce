/**
 * Numbers in row-major order. A view is copied, so that its results have the bits of those of its copy.
 */
import { copyStrided } from "../kernels/copy.ts";
import type { Tensor } from "../tensor.ts";

/** The numbers of a float32 tensor in row-major order, from a place on. */
export interface Ordered {
  readonly numbers: Float32Array;
  readonly offset: number;
}

export function inOrder(x: Tensor): Ordered {
  if (x.isContiguous()) return { numbers: x.storage.data as Float32Array, offset: x.offset };
  const numbers = new Float32Array(x.numel());
  copyStrided(numbers, 0, x.storage.data, x.offset, x.shape, x.strides);
  return { numbers, offset: 0 };
}
