/**
 * Sparse matrices along one dimension: each output place is a weighted sum of a few input places.
 */
import type { TypedArray } from "../dtype.ts";
import { perDType } from "./specialize.ts";

/**
 * A sparse matrix, row by row: output place t is Σ weights[i] · x[places[i]] for i from starts[t] up to starts[t + 1].
 */
export interface SparseMap {
  /** The number of input places. */
  readonly inputLength: number;
  readonly starts: readonly number[];
  readonly places: readonly number[];
  readonly weights: readonly number[];
}

/** The number of output places. */
export function outputLength(map: SparseMap): number {
  return map.starts.length - 1;
}

/** A sparse map from its rows: for each output place, pairs of an input place and its weight. */
export function sparseMap(
  inputLength: number,
  rows: readonly (readonly (readonly [place: number, weight: number])[])[],
): SparseMap {
  const starts = [0];
  const places: number[] = [];
  const weights: number[] = [];
  for (const row of rows) {
    for (const [place, weight] of row) {
      places.push(place);
      weights.push(weight);
    }
    starts.push(places.length);
  }
  return { inputLength, starts, places, weights };
}

/** The transposed matrix. */
export function transposedMap(map: SparseMap): SparseMap {
  const { inputLength, starts, places, weights } = map;
  // A counting sort by input place; within each, output places keep their order.
  const next = new Array<number>(inputLength + 1).fill(0);
  for (const place of places) next[place + 1] = next[place + 1]! + 1;
  for (let i = 0; i < inputLength; i++) next[i + 1] = next[i + 1]! + next[i]!;
  const turned = {
    inputLength: outputLength(map),
    starts: next.slice(),
    places: new Array<number>(places.length),
    weights: new Array<number>(places.length),
  };
  for (let t = 0; t < outputLength(map); t++) {
    for (let i = starts[t]!; i < starts[t + 1]!; i++) {
      const to = next[places[i]!]!;
      next[places[i]!] = to + 1;
      turned.places[to] = t;
      turned.weights[to] = weights[i]!;
    }
  }
  return turned;
}

/** Applies the map to the middle dimension of x, of shape [outer, inputLength, inner] and contiguous. */
export function applyMap(
  map: SparseMap,
  x: TypedArray,
  offset: number,
  y: TypedArray,
  outer: number,
  inner: number,
): void {
  applyFor(x)(
    Int32Array.from(map.starts),
    Int32Array.from(map.places),
    Float64Array.from(map.weights),
    map.inputLength,
    x,
    offset,
    y,
    outer,
    inner,
  );
}

const applyFor = perDType(function applyRows(
  starts: Int32Array,
  places: Int32Array,
  weights: Float64Array,
  inputLength: number,
  x: ArrayLike<number>,
  offset: number,
  y: { [index: number]: number },
  outer: number,
  inner: number,
): void {
  const length = starts.length - 1;
  let to = 0;
  for (let block = 0; block < outer; block++) {
    const from = offset + block * inputLength * inner;
    for (let t = 0; t < length; t++) {
      const first = starts[t]!;
      const last = starts[t + 1]!;
      for (let j = 0; j < inner; j++) {
        let total = 0;
        for (let i = first; i < last; i++) total += weights[i]! * x[from + places[i]! * inner + j]!;
        y[to++] = total;
      }
    }
  }
});
