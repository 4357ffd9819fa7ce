/**
 * Small matrices as coloured cells: the colour and its strength tell the size, a minus mark the sign.
 */

import { numbersOf } from "../trace/data.ts";
import type { TraceValue } from "../trace/schema.ts";

/** The largest matrix that is shown cell by cell in a box. */
export const maxCells = 16;

/** Fewer numbers are shown as they are. */
const leastCells = 5;

/** The cells of a value as rows; `null` for single numbers, what is too large, and what is not whole. */
export interface Heat {
  readonly rows: number;
  readonly columns: number;
  readonly numbers: readonly number[];
}

/** Leading dimensions are stacked upon each other. */
export function heatOf(value: TraceValue | null): Heat | null {
  const numbers = numbersOf(value);
  if (numbers === null || numbers.length < leastCells) return null;
  const columns = value!.shape.at(-1)!;
  const rows = numbers.length / columns;
  return rows > maxCells || columns > maxCells ? null : { rows, columns, numbers };
}

/** Largest size of a finite number, 1 where all are zero. */
export function heatScale(numbers: readonly number[]): number {
  let most = 0;
  for (const number of numbers)
    if (Number.isFinite(number) && Math.abs(number) > most) most = Math.abs(number);
  return most === 0 ? 1 : most;
}

/** How a cell looks: a class for its sign, and how strong its colour is. */
export function cellLook(
  number: number,
  scale: number,
): { sign: "p" | "n" | "z" | "x"; strength: number } {
  if (Number.isNaN(number)) return { sign: "x", strength: 1 };
  if (number === 0) return { sign: "z", strength: 0 };
  const strength = Math.min(1, Math.abs(number) / scale);
  return {
    sign: number > 0 ? "p" : "n",
    strength: Math.round((0.12 + 0.88 * strength) * 100) / 100,
  };
}
