/**
 * Sorting by merging: numbers of any type, as doubles.
 */
import type { TypedArray } from "../dtype.ts";
import type { LaneSorter } from "./lane-sorter.ts";
import { fewWanted, insertionSortFor, selectSmallestFor } from "./lane-sorter.ts";
import { perDType } from "./specialize.ts";

/** Runs up to this length are sorted by insertion, longer ones by merging. */
const shortRun = 12;

/** The keys and places of a lane, and as much again to merge into. */
export class MergeSorter implements LaneSorter {
  readonly places: Int32Array;
  private readonly keys: Float64Array;
  private readonly otherKeys: Float64Array;
  private readonly otherPlaces: Int32Array;

  private readonly source: TypedArray;

  constructor(source: TypedArray, length: number) {
    this.source = source;
    this.keys = new Float64Array(length);
    this.places = new Int32Array(length);
    this.otherKeys = new Float64Array(length);
    this.otherPlaces = new Int32Array(length);
  }

  load(start: number, step: number, descending: boolean): number {
    const { source, keys, places } = this;
    return loadFor(source)(source, start, step, keys.length, descending, keys, places);
  }

  arrange(numbers: number, _first: number, end: number): void {
    const { keys, places } = this;
    if (end <= fewWanted && end < numbers)
      selectSmallestFor(keys)(keys, places, numbers, Math.max(end, 0));
    else this.sort(numbers);
  }

  private sort(count: number): void {
    const insertionSort = insertionSortFor(this.keys);
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
