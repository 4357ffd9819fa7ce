/**
 * What the rules by which `vmap` applies the ops of this folder have in common.
 */

import type { Tensor } from "../../tensor.ts";
import { at } from "../at.ts";
import { expand } from "../expand.ts";
import { stack } from "../stack.ts";

/** The operands with the samples along their first dimension, those that are the same for all stretched over it. */
export function allBatched(operands: readonly Tensor[], batched: readonly boolean[]): Tensor[] {
  const size = sampleCount(operands, batched);
  return operands.map((x, i) => (batched[i] ? x : expand(x, [size, ...x.shape])));
}

/** The number of samples. */
export function sampleCount(operands: readonly Tensor[], batched: readonly boolean[]): number {
  return operands[batched.indexOf(true)]!.shape[0]!;
}

/** Applies `f` to one sample after the other. */
export function bySample(
  operands: readonly Tensor[],
  batched: readonly boolean[],
  f: (operands: readonly Tensor[]) => Tensor,
): Tensor {
  const size = sampleCount(operands, batched);
  const results = Array.from({ length: size }, (_, n) =>
    f(operands.map((x, i) => (batched[i] ? at(x, n) : x))),
  );
  return stack(results);
}
