/**
 * Storage: the numbers behind tensors, shared by all views of them.
 */
import type { DType, TypedArray } from "./dtype.ts";
import { allocate } from "./dtype.ts";
import { GradError } from "./errors.ts";

let nextStorageId = 1;

/**
 * The clock of changes. It ticks whenever any storage is changed in place; a storage's `version` is the tick of its
 * last change. A graph node notes the clock when it is recorded; a saved tensor has been changed since if and only if
 * its storage's version is later. One number a node serves where otherwise each saved tensor would need its own.
 */
let changeClock = 0;

/** Where in the user's program the clock last ticked for a storage, when source lines are recorded. */
const changeSites = new WeakMap<Storage, string>();

/** Told of every storage made; `null` almost always. */
let storageObserver: ((storage: Storage) => void) | null = null;

/** For the tracking of live tensors. */
export function setStorageObserver(observer: ((storage: Storage) => void) | null): void {
  storageObserver = observer;
}

/** What a storage holds when its array was taken from it. */
const noNumbers: TypedArray = new Float32Array(0);

/** The rows of a table that is 0 elsewhere; see `row-sparse.ts`. */
export interface KeptRows {
  /** Which rows they are, rising. */
  readonly indices: Int32Array;
  /** Their numbers, row by row. */
  readonly values: TypedArray;
  /** The shape of the table. */
  readonly shape: readonly number[];
  /** The storage's version as far as it comes from changes of these rows: with another one they no longer hold. */
  readonly version: number;
}

/** A typed array with an identity and a version. */
export class Storage {
  // Declared only, see Tensor.
  /** Rises with every storage made. */
  declare readonly id: number;
  /** Changed by {@link Storage.release} and {@link refuseReading} only. */
  declare data: TypedArray;
  /** The tick of the last in-place change, 0 if there has been none. */
  declare version: number;
  /**
   * How many cotangents of a backward pass wait over it; −1 where others may see it, too; less where nodes are counted
   * instead. See `recycling.ts`.
   */
  declare holders: number;
  /** What is kept in place of the numbers, which are made of it when they are read; `null` almost always. */
  declare rows: KeptRows | null;

  constructor(data: TypedArray) {
    this.id = nextStorageId++;
    this.data = data;
    this.version = 0;
    this.holders = -1;
    this.rows = null;
    if (storageObserver !== null) storageObserver(this);
  }

  /** Gives its array away, and has no numbers from then on. */
  release(): TypedArray {
    const { data } = this;
    this.data = noNumbers;
    this.holders = -1;
    return data;
  }
}

/** Stands where numbers were: whatever is asked of it is an error. */
function absentNumbers(message: string): TypedArray {
  const refuse = (): never => {
    throw new GradError(message);
  };
  return new Proxy(noNumbers, { get: refuse, set: refuse, has: refuse, getPrototypeOf: refuse });
}

const absent = {
  scope: absentNumbers(
    "scope: this tensor was made inside of a scope that has ended, and its memory was given back. Return it from the scope, or keep or clone it inside.",
  ),
  confined: absentNumbers(
    "confined: a layer computed this tensor on its way and gave it to nobody; its memory was given back with the graph, or at once where no graph was recorded. Read it before backward, or keep the graph with { retainGraph: true }.",
  ),
};

/** A storage of so many numbers that are computed later: to read them calls `refuse`, which throws. */
export function deferredStorage(length: number, refuse: () => never): Storage {
  // Its length is no secret.
  const get = (_: TypedArray, key: string | symbol): number =>
    key === "length" ? length : refuse();
  const handler = { get, set: refuse, has: refuse, getPrototypeOf: refuse };
  return new Storage(new Proxy(noNumbers, handler));
}

/** Makes reading the numbers of a storage that was released an error, which says who gave them back. */
export function refuseReading(storage: Storage, by: keyof typeof absent): void {
  storage.data = absent[by];
}

/** The present tick of the clock of changes. */
export function currentClock(): number {
  return changeClock;
}

/** The id that the next storage will get: whatever has a smaller one was there before. */
export function storageWatermark(): number {
  return nextStorageId;
}

/** Notes that the numbers of `storage` have been, or are about to be, changed in place. */
export function noteChange(storage: Storage, site?: string): void {
  storage.version = ++changeClock;
  if (site !== undefined) changeSites.set(storage, site);
}

/** Where a storage was last changed, if source lines were recorded then. */
export function changeSite(storage: Storage): string | undefined {
  return changeSites.get(storage);
}

/**
 * How many single numbers share an array. A typed array of one element costs some 200 bytes and 0.1 µs: for a graph of
 * scalars, more than all the rest of a node.
 */
const numbersInSlab = 128;

/** For each element type, the array that single numbers are put into just now, and how many it holds. */
const slabs = new Map<DType, { data: TypedArray; used: number }>();

/** A place for a single number: storage of its own identity and version, over an array that it shares. */
export function singleNumber(dtype: DType, value: number): { storage: Storage; offset: number } {
  let slab = slabs.get(dtype);
  if (slab === undefined || slab.used === numbersInSlab) {
    slab = { data: allocate(dtype, numbersInSlab), used: 0 };
    slabs.set(dtype, slab);
  }
  const offset = slab.used++;
  slab.data[offset] = value;
  return { storage: new Storage(slab.data), offset };
}
