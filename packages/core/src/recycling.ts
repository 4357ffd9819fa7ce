/**
 * Buffers that are used again.
 *
 * A fresh array is slow twice: it is made outside of the JavaScript heap, and its memory is not in the cache. A backward
 * pass makes one for each cotangent, and has no more need of it a moment later. This file hands such arrays out again.
 *
 * An array may be used again only if nobody can look at it any more. Of a tensor that was handed to a user nobody knows
 * that: it may be kept, or a view of it. So arrays are never taken from where users were. What the engine does know:
 *
 * - A *confined* rule (`NodeOp.confined`: those of this package, and those that follow from scalar expressions) runs no
 *   code of users and keeps nothing. Only storages made while such a rule runs are ever candidates
 *   ({@link noteStorages}); they start with 0 holders.
 * - Such a storage is reachable from the cotangents that wait at nodes of the pass, and from nowhere else. The pass counts
 *   them ({@link hold}, {@link letGo}). Views share their storage, so it does not matter what a rule returns.
 * - Before a cotangent is shown to anyone (a hook, a rule of a user, a gradient that is returned or retained), its
 *   storage is struck off for good ({@link expose}). What arrives at a leaf is held by the leaf, and struck off as soon as
 *   somebody reads `leaf.grad`; optimizers look at `lentGrad()`, and so `zeroGrad` can give back what only they have seen.
 *   Passes that are watched or recorded do not begin rules at all.
 *
 * There are two other ways in which arrays come back, both for results of the forward computation. A scope (`scope.ts`): there
 * users say that nobody looks. And a confined computation (`confined.ts`), such as that of a layer: there only the graph
 * refers to what was made on the way. Its nodes are counted ({@link noteUse}), and the last one that is freed gives the
 * array back ({@link endUse}).
 *
 * What no longer has holders is given back. As a second line of defence its storage loses the array: whoever should
 * reach it after all finds no numbers, and never those of somebody else.
 *
 * When something throws, nothing is given back: the garbage collector has it all.
 */
import { clearArray, liesInShared, sharedNumbers } from "./accelerated/backend.ts";
import type { DType, TypedArray } from "./dtype.ts";
import { allocate, bytesPerElement, dtypeCode } from "./dtype.ts";
import { refuseReading, Storage } from "./storage.ts";

/** Smaller arrays are as quick to make as to find. */
const leastBytes = 128;

/**
 * The most that is kept for later. A pass seldom has more waiting at once; what exceeds it goes to the collector. Scopes
 * give back whole steps, and shared memory cannot be used for anything else.
 */
const mostBytes = 2 ** 26;
const mostSharedBytes = 2 ** 29;

/**
 * Arrays that wait to be used again, by element type and by exact length: the steps of a training loop need the same
 * lengths again and again, and tensors rely on the length of their array.
 */
const waiting: readonly Map<number, TypedArray[]>[] = [new Map(), new Map(), new Map(), new Map()];
let waitingBytes = 0;
/** The part of them in shared memory. */
let waitingShared = 0;

/** Where storages made by a confined rule are noted; `null` while none runs. */
let made: Storage[] | null = null;

/**
 * `Storage.holders` of what was made in a scope or a confined computation, less the number of uses by nodes; and that of
 * what only nodes refer to any more.
 */
const madeInScope = -2;
const hidden = -(2 ** 28);

/** The results of recorded ops that the innermost scope or confined computation has made; `null` outside of all. */
let recorded: Storage[] | null = null;
/** Whether it wants to know of all storages: where nothing is recorded no node tells what is still needed. */
let wantsAll = false;

let enabled = true;

/** Switches recycling on or off, for tests that compare both. Returns what was before. */
export function setRecycling(on: boolean): boolean {
  const before = enabled;
  enabled = on;
  if (!on) forgetArrays();
  return before;
}

/** What storage that is not cleared holds, for tests; `null`: whatever is left from before. */
let leftover: number | null = null;

/** Fills storage that is not cleared with a number, so that what nobody writes shows. */
export function setLeftover(value: number | null): void {
  leftover = value;
}

export function isRecycling(): boolean {
  return enabled;
}

/** How many bytes wait to be used again. */
export function recyclableBytes(): number {
  return waitingBytes;
}

function forgetArrays(): void {
  for (const lengths of waiting) lengths.clear();
  waitingBytes = 0;
  waitingShared = 0;
}

/** Storage for so many zeros or, where all of it will be written anyway, for numbers that may be left from before. */
export function newStorage(dtype: DType, length: number, isCleared = true): Storage {
  const storage = madeStorage(dtype, length, isCleared);
  if (leftover !== null && !isCleared) storage.data.fill(leftover);
  return storage;
}

function madeStorage(dtype: DType, length: number, isCleared: boolean): Storage {
  if ((made === null && recorded === null) || length * bytesPerElement[dtype] < leastBytes)
    return new Storage(zeros(dtype, length, false));
  const storage = new Storage(taken(dtype, length, isCleared) ?? zeros(dtype, length, true));
  if (made === null) {
    storage.holders = madeInScope;
    if (wantsAll) recorded!.push(storage);
  } else {
    storage.holders = 0;
    made.push(storage);
  }
  return storage;
}

function zeros(dtype: DType, length: number, isGivenBack: boolean): TypedArray {
  const mayShare = dtype === "float32" || dtype === "int32";
  return (mayShare ? sharedNumbers(dtype, length, isGivenBack) : null) ?? allocate(dtype, length);
}

function taken(dtype: DType, length: number, isCleared: boolean): TypedArray | undefined {
  const data = waiting[dtypeCode[dtype]]!.get(length)?.pop();
  if (data === undefined) return undefined;
  waitingBytes -= data.byteLength;
  if (liesInShared(data)) waitingShared -= data.byteLength;
  if (isCleared) clearArray(data);
  return data;
}

/** From now on storages are noted in `list`; `null`: no longer. Returns what was in force. */
export function noteStorages(list: Storage[] | null): Storage[] | null {
  const before = made;
  made = list;
  return before;
}

/** One more waits for these numbers. */
export function hold(storage: Storage): void {
  if (storage.holders >= 0) storage.holders++;
}

/** One less waits for these numbers; the last one gives the array back. */
export function letGo(storage: Storage): void {
  if (storage.holders > 0 && --storage.holders === 0) giveBack(storage);
}

/** Somebody else may see these numbers from now on. */
export function expose(storage: Storage): void {
  storage.holders = -1;
}

/** Gives back what a rule made and nobody waits for. Empties the list. */
export function sweep(list: Storage[]): void {
  for (let storage = list.pop(); storage !== undefined; storage = list.pop())
    if (storage.holders === 0) giveBack(storage);
}

/**
 * The innermost scope notes results of recorded ops in `list` from now on, or, where nothing is recorded, all that is made.
 * Returns what was in force.
 */
export function noteRecorded(list: Storage[] | null, isInference = false): Storage[] | null {
  const before = recorded;
  recorded = list;
  wantsAll = isInference;
  return before;
}

/** Tells the innermost scope of a result that a recorded op of the core computed into storage of its own. */
export function recordedInScope(storage: Storage): void {
  if (recorded !== null && storage.holders <= madeInScope) recorded.push(storage);
}

/** A node refers to these numbers. */
export function noteUse(storage: Storage): void {
  if (storage.holders <= madeInScope) storage.holders--;
}

/** A node that referred to these numbers was freed. */
export function endUse(storage: Storage): void {
  if (storage.holders >= madeInScope) return;
  storage.holders++;
  if (storage.holders === hidden) endHidden(storage);
}

/** From now on only nodes refer to what was made in a confined computation. */
export function hide(storage: Storage): void {
  if (!isUndecided(storage)) return;
  storage.holders = hidden + storage.holders - madeInScope;
  if (storage.holders === hidden) endHidden(storage);
}

/** Whether these numbers, made in a scope or a confined computation, are neither shown to others nor hidden. */
export function isUndecided({ holders }: Storage): boolean {
  return holders <= madeInScope && holders > hidden;
}

function endHidden(storage: Storage): void {
  giveBack(storage);
  refuseReading(storage, "confined");
}

/** Gives back what a scope made; whoever reads it from now on gets an error. */
export function endInScope(storage: Storage): void {
  if (storage.holders > madeInScope) return;
  giveBack(storage);
  refuseReading(storage, "scope");
}

function giveBack(storage: Storage): void {
  const data = storage.release();
  const size = data.byteLength;
  const isInShared = liesInShared(data);
  const most = isInShared ? mostSharedBytes : mostBytes;
  if (size > most) return;
  const held = isInShared ? waitingShared : waitingBytes - waitingShared;
  if (held + size > most) forgetArrays();
  const lengths = waiting[kindOf(data)]!;
  const same = lengths.get(data.length);
  if (same === undefined) lengths.set(data.length, [data]);
  else same.push(data);
  waitingBytes += size;
  if (isInShared) waitingShared += size;
}

function kindOf(data: TypedArray): number {
  if (data instanceof Float32Array) return dtypeCode.float32;
  if (data instanceof Float64Array) return dtypeCode.float64;
  return data instanceof Int32Array ? dtypeCode.int32 : dtypeCode.bool;
}
