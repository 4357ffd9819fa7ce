/**
 * Sorting and selecting numbers of 32 bits: many digit by digit, few by insertion.
 */
import type { TypedArray } from "../dtype.ts";
import type { LaneSorter } from "./lane-sorter.ts";
import { fewWanted, insertionSortFor, selectSmallestFor } from "./lane-sorter.ts";
import { perDType } from "./specialize.ts";

/** So few keys are sorted by insertion. */
const fewKeys = 40;
/** From so many keys on wide digits pay. */
const manyKeys = 1 << 12;
/** Where no more than one in so many keys is wanted, the others are not sorted. */
const selectedShare = 4;

/** The digits of a key, the lowest first. */
interface Digits {
  readonly shifts: readonly number[];
  readonly bits: number;
}

const narrowDigits: Digits = { shifts: [0, 8, 16, 24], bits: 8 };
const wideDigits: Digits = { shifts: [0, 11, 22], bits: 11 };

function digitsFor(count: number): Digits {
  return count < manyKeys ? narrowDigits : wideDigits;
}

/**
 * Sorts lanes of float32, int32 or bool numbers. Keys are whole numbers in the order of the numbers: an int32 is its own,
 * and so are the bits of a float32 that is not negative; those of a negative one rise when it falls.
 */
export class RadixSorter implements LaneSorter {
  places: Int32Array;
  private keys: Int32Array;
  /** Room to sort into, once it is needed. */
  private others: { keys: Int32Array; places: Int32Array } | null = null;
  private readonly counts = new Int32Array(1 << wideDigits.bits);
  private readonly source: TypedArray;
  private readonly isFloat: boolean;
  private readonly length: number;

  constructor(source: TypedArray, length: number) {
    this.isFloat = source instanceof Float32Array;
    this.source = this.isFloat
      ? new Int32Array(source.buffer, source.byteOffset, source.length)
      : source;
    this.length = length;
    this.keys = new Int32Array(length);
    this.places = new Int32Array(length);
  }

  load(start: number, step: number, descending: boolean): number {
    const { source, length, isFloat, keys, places } = this;
    return loadFor(source)(source, start, step, length, isFloat, descending, keys, places);
  }

  arrange(numbers: number, first: number, end: number): void {
    if (end <= fewWanted && end < numbers) {
      selectSmallestFor(this.keys)(this.keys, this.places, numbers, end);
    } else if ((end - first) * selectedShare > numbers || numbers <= fewKeys) {
      this.sort(numbers, numbers);
    } else {
      this.arrangeSome(numbers, first, end);
    }
  }

  /** Sorts those between the first and the last that are wanted only. */
  private arrangeSome(numbers: number, first: number, end: number): void {
    const { keys, places } = this;
    const low = this.ranked(numbers, first);
    const high = end - first === 1 ? low : this.ranked(numbers, end - 1);
    const found = keepBetween(keys, places, numbers, low.key, high.key);
    if (low !== high) this.sort(found, numbers);
    this.places.copyWithin(first, first - low.below, end - low.below);
  }

  /**
   * The key that would be at this place if all were sorted, and how many keys are below it: digit after digit, from the
   * highest.
   */
  private ranked(numbers: number, rank: number): { readonly key: number; readonly below: number } {
    if (rank === 0) return { key: sign, below: 0 };
    const { keys, counts } = this;
    const { shifts, bits } = digitsFor(numbers);
    const mask = (1 << bits) - 1;
    let digits = 0;
    let known = 0;
    let rest = rank;
    for (const shift of [...shifts].reverse()) {
      counts.fill(0);
      countDigits(keys, numbers, known, digits, shift, mask, counts);
      let digit = 0;
      while (rest >= counts[digit]!) rest -= counts[digit++]!;
      digits |= digit << shift;
      known = -1 << shift;
    }
    return { key: digits ^ sign, below: rank - rest };
  }

  /** Sorts the first `count` keys with their places; equals stay as they are, and so do places from `kept` on. */
  private sort(count: number, kept: number): void {
    if (count <= fewKeys) {
      insertionSortFor(this.keys)(this.keys, this.places, 0, count);
      return;
    }
    const { counts, places: before } = this;
    this.others ??= { keys: new Int32Array(this.length), places: new Int32Array(this.length) };
    const { others } = this;
    const { shifts, bits } = digitsFor(count);
    const mask = (1 << bits) - 1;
    for (const shift of shifts) {
      const { keys, places } = this;
      counts.fill(0);
      countDigits(keys, count, 0, 0, shift, mask, counts);
      // Where all have the same digit there is nothing to do.
      if (counts[((keys[0]! ^ sign) >>> shift) & mask] === count) continue;
      let start = 0;
      for (let digit = 0; digit <= mask; digit++) {
        const next = start + counts[digit]!;
        counts[digit] = start;
        start = next;
      }
      distribute(keys, places, count, shift, mask, counts, others.keys, others.places);
      [this.keys, this.places] = [others.keys, others.places];
      [others.keys, others.places] = [keys, places];
    }
    if (this.places !== before) this.places.set(before.subarray(kept), kept);
  }
}

/** With this bit changed the digits of keys, which are signed, are in the order of the keys. */
const sign = -(2 ** 31);

/** Brings the keys from `low` to `high` to the front, with their places. Returns how many there are. */
function keepBetween(
  keys: Int32Array,
  places: Int32Array,
  count: number,
  low: number,
  high: number,
): number {
  let found = 0;
  for (let i = 0; i < count; i++) {
    const key = keys[i]!;
    if (key < low || key > high) continue;
    keys[found] = key;
    places[found++] = places[i]!;
  }
  return found;
}

/** Counts how often each digit occurs among the keys whose `known` bits are those of `digits`. */
function countDigits(
  keys: Int32Array,
  count: number,
  known: number,
  digits: number,
  shift: number,
  mask: number,
  counts: Int32Array,
): void {
  for (let i = 0; i < count; i++) {
    const key = keys[i]! ^ sign;
    if (((key ^ digits) & known) === 0) counts[(key >>> shift) & mask]!++;
  }
}

function distribute(
  keys: Int32Array,
  places: Int32Array,
  count: number,
  shift: number,
  mask: number,
  starts: Int32Array,
  toKeys: Int32Array,
  toPlaces: Int32Array,
): void {
  for (let i = 0; i < count; i++) {
    const key = keys[i]!;
    const digit = ((key ^ sign) >>> shift) & mask;
    const to = starts[digit]!;
    starts[digit] = to + 1;
    toKeys[to] = key;
    toPlaces[to] = places[i]!;
  }
}

/** Fills in the keys and places: numbers first, then the places of NaN; both in their order. Returns how many numbers. */
const loadFor = perDType(function load(
  source: TypedArray,
  start: number,
  step: number,
  length: number,
  isFloat: boolean,
  descending: boolean,
  keys: Int32Array,
  places: Int32Array,
): number {
  const flip = descending ? -1 : 0;
  let numbers = 0;
  let missing = 0;
  for (let i = 0, at = start; i < length; i++, at += step) {
    let key = source[at]!;
    if (isFloat) {
      if ((key & 0x7fffffff) > 0x7f800000) {
        missing++;
        continue;
      }
      // One more where the sign is set: −0 equals 0.
      key = (key ^ ((key >> 31) & 0x7fffffff)) + (key >>> 31);
    }
    keys[numbers] = key ^ flip;
    places[numbers++] = i;
  }
  if (missing > 0) {
    let to = numbers;
    for (let i = 0, at = start; i < length; i++, at += step)
      if ((source[at]! & 0x7fffffff) > 0x7f800000) places[to++] = i;
  }
  return numbers;
});
