/**
 * Sorting lanes: stable, with NaN as the largest.
 */
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { forEachLaneAlong, lengthAlong, stepAlong } from "./lanes.ts";
import { perDType } from "./specialize.ts";

/** Up to so many elements are selected, more are sorted. */
const fewWanted = 64;
/** Runs up to this length are sorted by insertion, longer ones by merging. */
const shortRun = 12;

/** Room to sort a lane: the numbers in it, their places, and as much again to merge into. */
class Sorter {
  readonly keys: Float64Array;
  readonly places: Int32Array;
  private readonly otherKeys: Float64Array;
  private readonly otherPlaces: Int32Array;

  constructor(length: number) {
    this.keys = new Float64Array(length);
    this.places = new Int32Array(length);
    this.otherKeys = new Float64Array(length);
    this.otherPlaces = new Int32Array(length);
  }

  /**
   * Brings the `wanted` smallest of the first `count` keys to the front, in rising order, with their places; equals stay
   * as they are. Few are wanted: each key is compared with the last of those found so far, and rarely goes before it.
   */
  select(count: number, wanted: number): void {
    const { keys, places } = this;
    insertionSort(keys, places, 0, wanted);
    for (let i = wanted; i < count; i++) {
      const key = keys[i]!;
      if (!(key < keys[wanted - 1]!)) continue;
      insert(keys, places, 0, wanted - 1, key, places[i]!);
    }
  }

  /** Sorts the first `count` keys with their places, in rising order; equals stay as they are. */
  sort(count: number): void {
    for (let start = 0; start < count; start += shortRun) {
      insertionSort(this.keys, this.places, start, Math.min(start + shortRun, count));
    }
    let [keys, places] = [this.keys, this.places];
    let [toKeys, toPlaces] = [this.otherKeys, this.otherPlaces];
    for (let run = shortRun; run < count; run *= 2) {
      for (let start = 0; start < count; start += 2 * run) {
        const middle = Math.min(start + run, count);
        const end = Math.min(start + 2 * run, count);
        merge(keys, places, start, middle, end, toKeys, toPlaces);
      }
      [keys, toKeys] = [toKeys, keys];
      [places, toPlaces] = [toPlaces, places];
    }
    if (places !== this.places) {
      this.keys.set(keys.subarray(0, count));
      this.places.set(places.subarray(0, count));
    }
  }
}

function insertionSort(keys: Float64Array, places: Int32Array, start: number, end: number): void {
  for (let i = start + 1; i < end; i++) insert(keys, places, start, i, keys[i]!, places[i]!);
}

/** Puts a key behind all that are not larger, from `start` on; the larger ones move up, the last of them to `end`. */
function insert(
  keys: Float64Array,
  places: Int32Array,
  start: number,
  end: number,
  key: number,
  place: number,
): void {
  let hole = end;
  while (hole > start && keys[hole - 1]! > key) {
    keys[hole] = keys[hole - 1]!;
    places[hole] = places[hole - 1]!;
    hole--;
  }
  keys[hole] = key;
  places[hole] = place;
}

function merge(
  keys: Float64Array,
  places: Int32Array,
  start: number,
  middle: number,
  end: number,
  toKeys: Float64Array,
  toPlaces: Int32Array,
): void {
  let left = start;
  let right = middle;
  for (let to = start; to < end; to++) {
    if (left < middle && (right >= end || keys[left]! <= keys[right]!)) {
      toKeys[to] = keys[left]!;
      toPlaces[to] = places[left++]!;
    } else {
      toKeys[to] = keys[right]!;
      toPlaces[to] = places[right++]!;
    }
  }
}

/**
 * Where the elements to be kept begin in a sorted lane of `length` elements, of which the first
 * `numbers` in rising order, or the last in falling order, are not NaN.
 */
export type FirstKept = (numbers: number, length: number) => number;

/**
 * Sorts each lane of `x` along `dim` and keeps as many elements of it as `values` and `indices` have
 * along `dim`. Either may be left out.
 */
export function sortAlong(
  x: Tensor,
  dim: number,
  descending: boolean,
  firstKept: FirstKept,
  values: Tensor | null,
  indices: Tensor | null,
): void {
  const length = lengthAlong(x, dim);
  const kept = lengthAlong(values ?? indices!, dim);
  const sorter = new Sorter(length);
  const source = x.storage.data;
  const load = loadFor(source);
  const store = storeFor((values ?? x).storage.data, source);
  const step = stepAlong(x, dim);
  const results = [values ?? indices!, indices ?? values!] as const;
  const [valueStep, indexStep] = results.map((result) => stepAlong(result, dim));
  const valueData = values === null ? null : values.storage.data;
  const indexData = indices === null ? null : indices.storage.data;
  forEachLaneAlong(dim, [x, ...results], (rows, rowSteps, places) => {
    for (let row = 0; row < rows; row++) {
      const start = places[0]! + row * rowSteps[0]!;
      const numbers = load(source, start, step, length, descending, sorter.keys, sorter.places);
      const first = firstKept(numbers, length);
      // NaN were put behind the numbers; in falling order they come first.
      const wanted = first + kept - (descending ? length - numbers : 0);
      if (wanted <= fewWanted && wanted < numbers) sorter.select(numbers, Math.max(wanted, 0));
      else sorter.sort(numbers);
      store(
        valueData,
        places[1]! + row * rowSteps[1]!,
        valueStep!,
        indexData,
        places[2]! + row * rowSteps[2]!,
        indexStep!,
        source,
        start,
        step,
        sorter.places,
        first + (descending ? numbers : 0),
        kept,
        length,
      );
    }
  });
}

/** Fills in the keys: numbers first, then the places of NaN; both in their order. Returns how many numbers. */
const loadFor = perDType(function load(
  source: TypedArray,
  start: number,
  step: number,
  length: number,
  descending: boolean,
  keys: Float64Array,
  places: Int32Array,
): number {
  let numbers = 0;
  for (let i = 0, at = start; i < length; i++, at += step) {
    const value = source[at]!;
    if (Number.isNaN(value)) continue;
    keys[numbers] = descending ? -value : value;
    places[numbers++] = i;
  }
  if (numbers < length) {
    let missing = numbers;
    for (let i = 0, at = start; i < length; i++, at += step) {
      if (Number.isNaN(source[at]!)) places[missing++] = i;
    }
  }
  return numbers;
});

const storeFor = perDType(function store(
  values: TypedArray | null,
  valueStart: number,
  valueStep: number,
  indices: TypedArray | null,
  indexStart: number,
  indexStep: number,
  source: TypedArray,
  start: number,
  step: number,
  places: Int32Array,
  first: number,
  kept: number,
  length: number,
): void {
  for (let i = 0; i < kept; i++) {
    const at = first + i;
    const place = places[at < length ? at : at - length]!;
    if (values !== null) values[valueStart + i * valueStep] = source[start + place * step]!;
    if (indices !== null) indices[indexStart + i * indexStep] = place;
  }
});
