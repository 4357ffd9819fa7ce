/**
 * Functions of rows along dimensions other than the last: the numbers are brought into rows, and the results back.
 */
import { copyStrided } from "../kernels/copy.ts";
import type { Shape } from "../shape.ts";
import { elementCount } from "../shape.ts";
import { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { mayAccelerate } from "./backend.ts";
import { inOrder } from "./order.ts";
import { sumsOfExponentials } from "./rows.ts";

/** Whether there is so much float32 work that moving it may pay. */
function isWorthMoving(tensors: readonly Tensor[]): boolean {
  return mayAccelerate(tensors[0]!.numel()) && tensors.every(({ dtype }) => dtype === "float32");
}

/** The dimensions of a tensor in another order; it shares the storage. */
function reordered(x: Tensor, order: readonly number[]): Tensor {
  const of = (lengths: Shape): number[] => order.map((dim) => lengths[dim]!);
  return new Tensor(x.storage, x.dtype, of(x.shape), of(x.strides), x.offset);
}

/** All dimensions but some, which come last. */
function withLast(ndim: number, last: readonly number[]): number[] {
  const others = Array.from({ length: ndim }, (_, dim) => dim).filter((dim) => !last.includes(dim));
  return [...others, ...last];
}

/**
 * Lets `compute` fill rows from rows where a function of lanes along `dim` is wanted, which is not the last dimension.
 * `out` is contiguous, and of the shape of the operands. False where plain loops are to do it.
 */
export function alongRows(
  dim: number,
  operands: readonly Tensor[],
  out: Tensor,
  compute: (operands: readonly Tensor[], out: Tensor) => boolean,
): boolean {
  if (dim >= out.ndim - 1 || !isWorthMoving([out, ...operands])) return false;
  const order = withLast(out.ndim, [dim]);
  const shape = order.map((from) => out.shape[from]!);
  const rows = new Tensor(new Storage(new Float32Array(out.numel())), "float32", shape);
  if (
    !compute(
      operands.map((x) => reordered(x, order)),
      rows,
    )
  )
    return false;
  const strides = out.shape.map((_, to) => rows.strides[order.indexOf(to)]!);
  copyStrided(out.storage.data, out.offset, rows.storage.data, 0, out.shape, strides);
  return true;
}

/** y = ln Σ exp x over some dimensions. False where plain loops are to do it. */
export function logSumExpAccelerated(x: Tensor, dims: readonly number[], y: Tensor): boolean {
  if (x.ndim === 0 || !isWorthMoving([x, y])) return false;
  const length = elementCount(dims.map((dim) => x.shape[dim]!));
  const { numbers, offset } = inOrder(reordered(x, withLast(x.ndim, dims)));
  const sums = sumsOfExponentials(numbers, offset, y.numel(), length);
  if (sums === null) return false;
  const { data } = y.storage;
  for (let row = 0; row < y.numel(); row++) {
    const largest = sums[3 * row]!;
    // Where all are −∞, or one is ∞, there is nothing to shift by: the plain loops know what to do.
    if (!Number.isFinite(largest)) return false;
    data[y.offset + row] = largest + Math.log(sums[3 * row + 1]! + sums[3 * row + 2]!);
  }
  return true;
}
