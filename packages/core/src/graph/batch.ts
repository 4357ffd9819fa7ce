/**
 * Hidden dimensions: inside `vmap`, a tensor stands for one sample and carries all of them.
 *
 * `shape`, `strides` and `offset` speak of one sample; the batch dimension lies beside them. An op whose operand is
 * batched is handed to the dispatcher, which makes the dimension visible, applies a rule, and hides it again.
 */

import type { Tensor } from "../tensor.ts";
import type { NodeOp } from "./node.ts";

/** One hidden dimension; nested `vmap`s hide several, the innermost (highest level) first. */
export interface BatchDimension {
  readonly level: number;
  readonly size: number;
  readonly stride: number;
  readonly next: BatchDimension | null;
}

/** Applies an op to operands of which some are batched; `run` applies it to operands of which none is. */
export type BatchDispatcher = (
  op: NodeOp,
  operands: readonly Tensor[],
  options: unknown,
  run: (operands: readonly Tensor[], options: unknown) => unknown,
) => unknown;

let dispatcher: BatchDispatcher | undefined;

/** For `vmap`, which installs itself here: ops know of it only this much. */
export function setBatchDispatcher(dispatch: BatchDispatcher): void {
  dispatcher = dispatch;
}

export function isBatched(operands: readonly Tensor[]): boolean {
  for (let i = 0; i < operands.length; i++) if (operands[i]!.batch !== null) return true;
  return false;
}

export function dispatchBatched<T>(
  op: NodeOp,
  operands: readonly Tensor[],
  options: unknown,
  run: (operands: readonly Tensor[], options: never) => T,
): T {
  return dispatcher!(
    op,
    operands,
    options,
    run as (operands: readonly Tensor[], options: unknown) => unknown,
  ) as T;
}
