/**
 * Kernels on whole tensors: in place where the numbers lie in shared memory, by several threads; else copied in and out.
 *
 * Who writes a kernel for tensors says here once what it reads and writes and how it falls into parts, and need not know
 * where the numbers are.
 */
import { planOf } from "../kernels/copy.ts";
import { contiguousStrides } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Accelerator } from "./backend.ts";
import { acceleratorFor, liesInShared, mayAccelerate, paysToShare, teamFor } from "./backend.ts";
import { copyInParts, isWorthCalling } from "./copy.ts";
import type { Kernels } from "./kernels.ts";
import { inOrder, wholeNumbersInOrder } from "./order.ts";
import type { Scratch } from "./scratch.ts";

/** What a computation reads and writes. */
export interface Task {
  /** Read in row-major order: float32 numbers, or int32. */
  readonly operands: readonly Tensor[];
  /** Written in full, without gaps, in the order of their strides: float32 numbers, or int32. */
  readonly results: readonly Tensor[];
  /** How much work it is, in products of a matrix product or what takes as long. */
  readonly work: number;
  /** From so much work on copying all numbers in and out is faster than plain loops. */
  readonly least: number;
  /** Room for numbers that all parts share, and that each part has for itself while it is computed. */
  readonly common?: number;
  readonly own?: number;
}

/** Where it is to be done. Addresses are in bytes; vectors must not be written beyond the numbers of a part. */
export interface Place {
  readonly kernels: Kernels;
  /** The addresses of the operands and of the results. */
  readonly operands: readonly number[];
  readonly results: readonly number[];
  readonly common: number;
  readonly own: number;
  /** All of the memory, to put tables into the common room. */
  readonly scratch: Scratch;
  /** Ends a part: what is called next does not depend on it. */
  readonly part: () => void;
  /** Waits until all parts are computed, whose results are then there. */
  readonly wait: () => void;
  /** Whether left factors are multiplied with where they lie, if their rows lie in one piece. */
  readonly isTileTall: boolean;
  /** How many threads compute: for the number of parts, where every number has the same bits in any of them. */
  readonly threads: number;
}

/** From so much work on several threads are faster. */
const leastForTeam = 1 << 20;

/**
 * Has `compute` call kernels. False, with nothing done, where plain loops are to do it: for other types, little work,
 * where there are no kernels, and where there is no memory for them.
 */
export function computeWhole(task: Task, compute: (place: Place) => void): boolean {
  const { operands, results, work, least } = task;
  if (!mayAccelerate(work)) return false;
  for (const x of operands) if (x.dtype !== "float32" && x.dtype !== "int32") return false;
  for (const x of results) if (x.dtype !== "float32" && x.dtype !== "int32") return false;
  // Where numbers lie must have no influence on who computes with them, and so on the bits of the result.
  const accelerator = acceleratorFor(work, least);
  if (accelerator === null) return false;
  return computeTogether(task, compute) || computeAlone(task, compute, accelerator);
}

/** Up to this share of all numbers is copied to shared memory where the rest lies there, for one thread, too. */
const smallShare = 1 / 8;

function computeTogether(
  { operands, results, work, common = 0, own = 0 }: Task,
  compute: (place: Place) => void,
): boolean {
  const tensors = [...operands, ...results];
  let elsewhere = 0;
  let room = 0;
  let all = 0;
  for (const x of tensors) {
    const count = x.numel();
    all += count;
    if (!liesInShared(x.storage.data)) elsewhere += count;
    else if (!x.isContiguous()) room += count;
  }
  // Where much is computed with each number copying does not count.
  if (work < 64 * all && !paysToShare(elsewhere, all)) return false;
  const team = teamFor(work, leastForTeam, elsewhere <= smallShare * all);
  if (team === null) return false;
  const { crew, scratch, kernels, isTileTall } = team;
  if (!crew.begin(elsewhere + room + common, tensors.length + 1, own, 1)) return false;
  const part = (): void => crew.part();
  const place: Place = {
    kernels,
    scratch,
    operands: operands.map((x) =>
      liesInShared(x.storage.data) && !x.isContiguous()
        ? putInOrder(scratch, kernels, part, x)
        : put(scratch, x),
    ),
    results: results.map((x) => scratch.target(x.storage.data, x.offset, x.numel())),
    common: scratch.take(common),
    own: scratch.takeOwn(own),
    part,
    wait: () => void crew.run(),
    isTileTall,
    threads: crew.threads,
  };
  if (room > 0) crew.run();
  compute(place);
  crew.run();
  getAll(place, results);
  return true;
}

function computeAlone(
  { operands, results, common = 0, own = 0 }: Task,
  compute: (place: Place) => void,
  { scratch, kernels, isTileTall }: Accelerator,
): boolean {
  const tensors = [...operands, ...results];
  const numbers = tensors.reduce((sum, x) => sum + x.numel(), 0);
  if (!scratch.begin(numbers + common + own, tensors.length + 2)) return false;
  const place: Place = {
    kernels,
    scratch,
    operands: operands.map((x) => put(scratch, x)),
    results: results.map((x) => scratch.take(x.numel())),
    common: scratch.take(common),
    own: scratch.take(own),
    part: nothing,
    wait: nothing,
    isTileTall,
    threads: 1,
  };
  compute(place);
  getAll(place, results);
  return true;
}

function nothing(): void {
  // One thread computes at once, part by part.
}

/** The address of a tensor's numbers in row-major order. */
function put(scratch: Scratch, x: Tensor): number {
  const count = x.numel();
  if (x.dtype === "float32") {
    const { numbers, offset } = inOrder(x);
    return scratch.put(numbers, offset, offset + count);
  }
  const { numbers, offset } = wholeNumbersInOrder(x);
  const there = scratch.addressOf(numbers);
  if (there !== 0) return there + 4 * offset;
  const address = scratch.take(count);
  scratch.words.set(numbers.subarray(offset, offset + count), address >> 2);
  return address;
}

/** The same for a view of shared memory, which the kernels copy. */
function putInOrder(scratch: Scratch, kernels: Kernels, part: () => void, x: Tensor): number {
  const plan = planOf(x.shape, contiguousStrides(x.shape), x.strides);
  if (!isWorthCalling(plan)) return put(scratch, x);
  const address = scratch.take(x.numel());
  const source = scratch.addressOf(x.storage.data) + 4 * x.offset;
  copyInParts(kernels, part, address, source, plan);
  return address;
}

function getAll({ scratch, results: addresses }: Place, results: readonly Tensor[]): void {
  for (const [i, x] of results.entries()) {
    const { data } = x.storage;
    const count = x.numel();
    const address = addresses[i]!;
    if (data instanceof Float32Array) scratch.get(address, count, data, x.offset);
    else if (scratch.addressOf(data) === 0)
      data.set(scratch.words.subarray(address >> 2, (address >> 2) + count), x.offset);
  }
}
