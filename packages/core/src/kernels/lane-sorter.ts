/**
 * What sorts a lane, and how few numbers of it are sorted.
 */
import type { TypedArray } from "../dtype.ts";
import { perDType } from "./specialize.ts";

/** Room to sort one lane of a tensor after another. */
export interface LaneSorter {
  /** The places in the lane of what was brought into order. */
  readonly places: Int32Array;
  /**
   * Takes up the lane that begins at `start`: numbers first, then NaN, both in their order. Returns how many numbers there
   * are.
   */
  load(start: number, step: number, descending: boolean): number;
  /**
   * Brings the places of those numbers that come `first` to `end` (not included) in rising order, or falling order, to
   * where they belong; equals stay in their order. Those of other numbers may be anywhere before NaN.
   */
  arrange(numbers: number, first: number, end: number): void;
}

/** Up to so many of the smallest are found by comparing each number with them. */
export const fewWanted = 64;

/** Sorts keys from `start` to `end` with their places by insertion; equals stay as they are. */
export const insertionSortFor = perDType(function insertionSort(
  keys: TypedArray,
  places: Int32Array,
  start: number,
  end: number,
): void {
  for (let i = start + 1; i < end; i++) {
    const key = keys[i]!;
    const place = places[i]!;
    let hole = i;
    while (hole > start && keys[hole - 1]! > key) {
      keys[hole] = keys[hole - 1]!;
      places[hole] = places[hole - 1]!;
      hole--;
    }
    keys[hole] = key;
    places[hole] = place;
  }
});

/**
 * Brings the `wanted` smallest of the first `count` keys to the front, in rising order, with their places; equals stay as
 * they are. Few are wanted: each key is compared with the last of those found so far, and rarely goes before it.
 */
export const selectSmallestFor = perDType(function selectSmallest(
  keys: TypedArray,
  places: Int32Array,
  count: number,
  wanted: number,
): void {
  for (let i = 1; i < count; i++) {
    const key = keys[i]!;
    if (i >= wanted && !(key < keys[wanted - 1]!)) continue;
    const place = places[i]!;
    let hole = Math.min(i, wanted - 1);
    while (hole > 0 && keys[hole - 1]! > key) {
      keys[hole] = keys[hole - 1]!;
      places[hole] = places[hole - 1]!;
      hole--;
    }
    keys[hole] = key;
    places[hole] = place;
  }
});
