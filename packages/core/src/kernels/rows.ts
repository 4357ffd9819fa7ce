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
  const single = singleRow(shape, strides);
  if (single === 0) return;
  const views = strides.length;
  if (single > 0) {
    const inner = innermost(shape);
    const steps = new Array<number>(views);
    for (let view = 0; view < views; view++) steps[view] = inner < 0 ? 0 : strides[view]![inner]!;
    visit(single, steps, offsets);
    return;
  }
  const { lengths, strides: merged } = mergeDimensions(shape, strides);
  const inner = lengths.length - 1;
  const rowLength = lengths[inner]!;
  const steps = merged.map((view) => view[inner]!);
  const places = offsets.slice();
  // The rows of the last dimension but one follow one another in a loop of their own; the rest is counted.
  const rows = lengths[inner - 1]!;
  const rowSteps = merged.map((view) => view[inner - 1]!);
  const counter = new Array<number>(inner - 1).fill(0);
  for (;;) {
    for (let row = 0; row < rows; row++) {
      visit(rowLength, steps, places);
      for (let view = 0; view < views; view++) places[view] = places[view]! + rowSteps[view]!;
    }
    let dim = inner - 2;
    if (dim < 0) return;
    for (let view = 0; view < views; view++) places[view] = places[view]! - rows * rowSteps[view]!;
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

/** The last dimension that is longer than 1; −1 if there is none. */
function innermost(shape: Shape): number {
  let dim = shape.length - 1;
  while (dim >= 0 && shape[dim] === 1) dim--;
  return dim;
}

/** The number of elements if every view walks all of them evenly, as one row; −1 if not. */
function singleRow(shape: Shape, strides: readonly Shape[]): number {
  const inner = innermost(shape);
  let count = inner < 0 ? 1 : shape[inner]!;
  let even = true;
  for (let dim = inner - 1; dim >= 0; dim--) {
    const length = shape[dim]!;
    if (length === 0) return 0;
    if (length === 1 || !even) continue;
    for (let view = 0; even && view < strides.length; view++)
      even = strides[view]![dim] === strides[view]![inner]! * count;
    count *= length;
  }
  return even || count === 0 ? count : -1;
}
