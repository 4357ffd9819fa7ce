/**
 * Numbers in row-major order. A view is copied, so that its results have the bits of those of its copy.
 */
import { copyStrided } from "../kernels/copy.ts";
import type { Tensor } from "../tensor.ts";

/** The numbers of a tensor in row-major order, from a place on. */
export interface Ordered<Data> {
  readonly numbers: Data;
  readonly offset: number;
}

/** Of a float32 tensor. */
export function inOrder(x: Tensor): Ordered<Float32Array> {
  if (x.isContiguous()) return { numbers: x.storage.data as Float32Array, offset: x.offset };
  const numbers = new Float32Array(x.numel());
  copyStrided(numbers, 0, x.storage.data, x.offset, x.shape, x.strides);
  return { numbers, offset: 0 };
}

/** Of an int32 tensor. */
export function wholeNumbersInOrder(x: Tensor): Ordered<Int32Array> {
  if (x.isContiguous()) return { numbers: x.storage.data as Int32Array, offset: x.offset };
  const numbers = new Int32Array(x.numel());
  copyStrided(numbers, 0, x.storage.data, x.offset, x.shape, x.strides);
  return { numbers, offset: 0 };
}
