/**
 * How the operands of pointwise loops lie in memory.
 */
import { isRowMajor, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Elements that pass through at a time. */
export const blockLength = 8192;

/** Elements that a thread takes at a time. */
export const partLength = 1 << 15;
/**
 * How an operand lies: like the result, as one number, or as the trailing dimensions of the result again and again (a
 * bias); else it is copied in order first, or is one number for each of the rows that the result falls into (a scale for
 * each channel of an image).
 */
export const lies = {
  consecutive: 0,
  constant: 1,
  periodic: 2,
  elsewhere: 3,
  constantInRows: 4,
} as const;

/** Whether all elements are the same number of memory: a single one, or one that was expanded. */
export function isOneNumber(x: Tensor): boolean {
  for (let i = 0; i < x.ndim; i++) if (x.shape[i] !== 1 && x.strides[i] !== 0) return false;
  return true;
}

export function layOf(x: Tensor, out: Tensor): number {
  if (isOneNumber(x)) return lies.constant;
  if (!isRowMajor(x.shape, x.strides)) return lies.elsewhere;
  if (sameShape(x.shape, out.shape)) return lies.consecutive;
  // Leading dimensions of length 1, then all lengths of the result.
  let trailing = 1;
  for (let i = 1; i <= x.ndim && x.shape[x.ndim - i] === out.shape[out.ndim - i]; i++)
    trailing *= x.shape[x.ndim - i]!;
  return trailing === x.numel() && trailing <= blockLength ? lies.periodic : lies.elsewhere;
}

/** A loop that a team knows by its number, and the bits of the constants that it reads. */
export interface LoopOfTeam {
  readonly id: number;
  readonly constants: Int32Array;
}
