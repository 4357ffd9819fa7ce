/**
 * Vectors of double precision that stand for all parameters at once, for optimizers that look at the whole.
 */
import type { Tensor } from "@chainrule/core";
import { contiguousOperand, noGrad, writable } from "@chainrule/core";

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function largestMagnitude(a: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]!));
  return largest;
}

/** a + factor·b */
export function plus(a: Float64Array, factor: number, b: Float64Array): Float64Array {
  const sum = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) sum[i] = a[i]! + factor * b[i]!;
  return sum;
}

export function scaled(factor: number, a: Float64Array): Float64Array {
  const product = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) product[i] = factor * a[i]!;
  return product;
}

/** The numbers of tensors, one after the other; `null` stands for zeros. */
export function flattened(
  tensors: readonly (Tensor | null)[],
  sizes: readonly number[],
): Float64Array {
  const flat = new Float64Array(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const [i, tensor] of tensors.entries()) {
    if (tensor !== null) {
      const { storage, offset } = contiguousOperand(tensor);
      const { data } = storage;
      for (let k = 0; k < sizes[i]!; k++) flat[at + k] = data[offset + k]!;
    }
    at += sizes[i]!;
  }
  return flat;
}

/** Sets the parameters to the numbers of a vector. */
export function assign(parameters: readonly Tensor[], values: Float64Array): void {
  let at = 0;
  for (const parameter of parameters) {
    const theta = noGrad(() => writable(parameter));
    for (let k = 0; k < theta.length; k++) theta[k] = values[at + k]!;
    at += theta.length;
  }
}
