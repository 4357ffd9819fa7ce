/**
 * Indexing many samples at once, for `vmap`.
 */
import { arange, newTensor } from "../creation.ts";
import type { Tensor } from "../tensor.ts";
import { expand } from "./expand.ts";
import type { Indices, Plan } from "./places.ts";
import { planOf, withoutMasks } from "./places.ts";
import { reshape } from "./reshape.ts";
import { stack, unbind } from "./stack.ts";
import { permute } from "./transpose.ts";

/** The number of samples. */
export function sampleCount(operands: readonly Tensor[], batched: readonly boolean[]): number {
  return operands[batched.indexOf(true)]!.shape[0]!;
}

/** A call sample by sample, where the samples have nothing in common. */
export function bySample(
  operands: readonly Tensor[],
  batched: readonly boolean[],
  call: (operands: readonly Tensor[]) => Tensor,
): Tensor {
  const parts = operands.map((x, i) => (batched[i] ? unbind(x) : null));
  const results = Array.from({ length: sampleCount(operands, batched) }, (_, s) =>
    call(operands.map((x, i) => parts[i]?.[s] ?? x)),
  );
  return stack(results);
}

/**
 * A call for all samples at once: the samples are one more dimension that is selected from, so that each sample has its
 * own indices. Masks are the same for all samples here.
 */
export function withSamples(
  x: Tensor,
  given: Indices,
  xBatched: boolean,
  batched: readonly boolean[],
  size: number,
): { whole: Tensor; sample: Plan; indices: Indices } {
  const dims: number[] = [0];
  const own: Indices[] = given.tensors.map((index, i) =>
    withoutMasks("index", { dims: [given.dims[i]!], tensors: [index] }),
  );
  const rank = own.reduce(
    (most, { tensors }, i) => Math.max(most, tensors[0]!.ndim - (batched[i] ? 1 : 0)),
    0,
  );
  const ones = new Array<number>(rank).fill(1);
  const tensors = [reshape(arange(size), [size, ...ones])];
  for (const [i, part] of own.entries()) {
    for (const [k, index] of part.tensors.entries()) {
      const shape = index.shape.slice(1);
      dims.push(part.dims[k]! + 1);
      tensors.push(
        batched[i] ? reshape(index, [size, ...ones.slice(shape.length), ...shape]) : index,
      );
    }
  }
  const sample = planOf("index", xBatched ? x.shape.slice(1) : x.shape, {
    dims: own.flatMap((part) => part.dims),
    tensors: own.flatMap((part, i) =>
      part.tensors.map((index) => (batched[i] ? newTensor("int32", index.shape.slice(1)) : index)),
    ),
  });
  const whole = xBatched ? x : expand(x, [size, ...x.shape]);
  return { whole, sample, indices: { dims, tensors } };
}

/** Moves the dimensions of the indices, which follow the samples, behind those of x that precede them in a sample. */
export function behind(x: Tensor, before: number, chosen: number): Tensor {
  if (before === 0) return x;
  const order = x.shape.map((_, dim) => dim);
  const moved = order.splice(1, chosen);
  order.splice(1 + before, 0, ...moved);
  return permute(x, order);
}

/** The reverse of {@link behind}. */
export function inFront(x: Tensor, before: number, chosen: number): Tensor {
  if (before === 0) return x;
  const order = x.shape.map((_, dim) => dim);
  const moved = order.splice(1 + before, chosen);
  order.splice(1, 0, ...moved);
  return permute(x, order);
}
