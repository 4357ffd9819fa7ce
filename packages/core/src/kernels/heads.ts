/**
 * What attention on plain loops and in WebAssembly share: where heads lie, and how they fall into blocks.
 */
import type { Shape } from "../shape.ts";
import { broadcastStrides } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { forEachRow } from "./rows.ts";

/** What scores are multiplied by, and whether query i attends to keys 0 to i only. */
export interface Scoring {
  readonly isCausal: boolean;
  readonly scale: number;
}

/** Queries whose scores are made at a time; with a causal mask fewer, since what they skip is what they save. */
export function queriesAtOnce(isCausal: boolean, queries: number): number {
  if (!isCausal) return 96;
  return queries > 192 ? 48 : 24;
}

/** Where the matrices of each head lie, for tensors whose leading dimensions stretch to `lead`. */
export function headOffsets(lead: Shape, tensors: readonly Tensor[]): number[][] {
  const offsets: number[][] = tensors.map(() => []);
  const strides = tensors.map((x) =>
    broadcastStrides(x.shape.slice(0, -2), x.strides.slice(0, -2), lead),
  );
  const starts = tensors.map((x) => x.offset);
  forEachRow(lead, strides, starts, (count, steps, places) => {
    for (let i = 0; i < count; i++)
      for (const [x, list] of offsets.entries()) list.push(places[x]! + i * steps[x]!);
  });
  return offsets;
}
