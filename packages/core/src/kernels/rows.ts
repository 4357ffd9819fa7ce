/**
 * Walking strided views: dimensions that follow one another are merged, then rows are handed out.
 */
import type { Shape } from "../shape.ts";

/** A loop nest over several views at once: lengths, and the strides of every view along each. */
export interface LoopNest {
  readonly lengths: number[];
  /** `strides[view][dim]`. */
  readonly strides: number[][];
}

/**
 * Drops dimensions of length 1 and merges neighbours that every view walks evenly, that is where
 * strideₒᵤₜ = strideᵢₙ · lengthᵢₙ. A contiguous tensor becomes one row, whatever its rank.
 */
export function mergeDimensions(shape: Shape, strides: readonly Shape[]): LoopNest {
  const lengths: number[] = [];
  const merged: number[][] = strides.map(() => []);
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    const length = shape[dim]!;
    if (length === 1) continue;
    const last = lengths.length - 1;
    let joins = last >= 0;
    for (let view = 0; joins && view < strides.length; view++) {
      joins = strides[view]![dim] === merged[view]![last]! * lengths[last]!;
    }
    if (joins) {
      lengths[last] = lengths[last]! * length;
    } else {
      lengths.push(length);
      for (let view = 0; view < strides.length; view++) merged[view]!.push(strides[view]![dim]!);
    }
  }
  lengths.reverse();
  for (const view of merged) view.reverse();
  return { lengths, strides: merged };
}

/**
 * Calls `visit` for every innermost row, in row-major order, with its length and each view's step and first place.
 * The arrays handed to `visit` are reused.
 */
export function forEachRow(
  shape: Shape,
  strides: readonly Shape[],
  offsets: readonly number[],
  visit: (length: number, steps: readonly number[], places: readonly number[]) => void,
): void {
  for (const length of shape) if (length === 0) return;
  const { lengths, strides: merged } = mergeDimensions(shape, strides);
  const views = strides.length;
  const inner = lengths.length - 1;
  const rowLength = inner < 0 ? 1 : lengths[inner]!;
  const steps = merged.map((view) => (inner < 0 ? 0 : view[inner]!));
  const places = offsets.slice();
  const counter = new Array<number>(Math.max(inner, 0)).fill(0);
  for (;;) {
    visit(rowLength, steps, places);
    let dim = inner - 1;
    for (; dim >= 0; dim--) {
      for (let view = 0; view < views; view++) places[view] = places[view]! + merged[view]![dim]!;
      counter[dim] = counter[dim]! + 1;
      if (counter[dim]! < lengths[dim]!) break;
      for (let view = 0; view < views; view++)
        places[view] = places[view]! - merged[view]![dim]! * lengths[dim]!;
      counter[dim] = 0;
    }
    if (dim < 0) return;
  }
}
