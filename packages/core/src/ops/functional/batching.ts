/**
 * What the rules by which `vmap` applies the ops of this folder have in common.
 */

import type { Tensor } from "../../tensor.ts";
import { at } from "../at.ts";
import { expand } from "../expand.ts";
import { reshape } from "../reshape.ts";
import { stack } from "../stack.ts";
import { permute } from "../transpose.ts";

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

/** The samples and the dimension behind them as one: [B, N, *] as [B·N, *]. */
export function merged(x: Tensor): Tensor {
  const [samples, first, ...rest] = x.shape as [number, number, ...number[]];
  return reshape(x, [samples * first, ...rest]);
}

/** The inverse of {@link merged}. */
export function parted(x: Tensor, samples: number): Tensor {
  const [first, ...rest] = x.shape as [number, ...number[]];
  return reshape(x, [samples, first / samples, ...rest]);
}

/** Samples among the channels: [B, N, C, *] as [N, B·C, *], each sample's channels together. */
export function intoChannels(x: Tensor): Tensor {
  const [samples, n, channels, ...rest] = x.shape as [number, number, number, ...number[]];
  return reshape(exchanged(x), [n, samples * channels, ...rest]);
}

/** The inverse of {@link intoChannels}. */
export function outOfChannels(x: Tensor, samples: number): Tensor {
  const [n, channels, ...rest] = x.shape as [number, number, ...number[]];
  return exchanged(reshape(x, [n, samples, channels / samples, ...rest]));
}

/** The first two dimensions exchanged. */
function exchanged(x: Tensor): Tensor {
  return permute(x, [1, 0, ...Array.from({ length: x.ndim - 2 }, (_, i) => i + 2)]);
}
