/**
 * The steps of recurrent networks over whole sequences.
 *
 * The input's part of all sums is there from the start, as one product. A step adds the state's part and computes the
 * cell; a step back computes the gradient of the sums, and from it that of the state before. Gradients of weights are
 * products over all steps, which are left to whoever asks for them.
 *
 * Of several operands all are contiguous but the weight. States lie as [T, N, H], sums and gates as [T, N, gates·H].
 */
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { matrixProduct } from "./matmul.ts";
import { perDType } from "./specialize.ts";
import type { Steps } from "./steps.ts";

export type Numbers = { [index: number]: number };
export type Row = ArrayLike<number>;
export type Two = [TypedArray, TypedArray];
export type Three = [TypedArray, TypedArray, TypedArray];
export type Four = [TypedArray, TypedArray, TypedArray, TypedArray];

/** A state before a step: where it lies. */
interface Place {
  readonly data: TypedArray;
  readonly at: number;
}

/** Where the state before a step lies: among all of them, or as the initial one for a time of −1. */
export function before(all: TypedArray, initial: TypedArray, time: number, size: number): Place {
  return time < 0 ? { data: initial, at: 0 } : { data: all, at: time * size };
}

/** out = state·Wᵀ, for the N rows of a state. */
export function stateProduct(out: TypedArray, state: Place, weight: Tensor, shape: Steps): void {
  const { samples, width } = shape;
  const [columnStep, rowStep] = weight.strides as [number, number];
  const rows = { data: state.data, offset: state.at, rowStep: width, columnStep: 1 };
  const columns = { data: weight.storage.data, offset: weight.offset, rowStep, columnStep };
  matrixProduct(out, 0, rows, columns, samples, width, weight.shape[0]!);
}

/** out = C̄·W, for the cotangent of the sums at a time. */
export function stateGradient(
  out: TypedArray,
  sumsBar: TypedArray,
  at: number,
  weight: Tensor,
  shape: Steps,
): void {
  const { samples, width } = shape;
  const rows = weight.shape[0]!;
  const [rowStep, columnStep] = weight.strides as [number, number];
  const left = { data: sumsBar, offset: at, rowStep: rows, columnStep: 1 };
  const right = { data: weight.storage.data, offset: weight.offset, rowStep, columnStep };
  matrixProduct(out, 0, left, right, samples, rows, width);
}

/** target += a part of more. */
export const addFor = perDType(function addTo(
  target: Numbers,
  more: Row,
  at: number,
  count: number,
) {
  for (let i = 0; i < count; i++) target[i] = target[i]! + more[at + i]!;
});

/** A part of target += the same part of more. */
export const addAtFor = perDType(function addAt(
  target: Numbers,
  more: Row,
  at: number,
  count: number,
) {
  for (let i = at; i < at + count; i++) target[i] = target[i]! + more[i]!;
});

export function isEmpty({ samples, width }: Steps): boolean {
  return samples === 0 || width === 0;
}
