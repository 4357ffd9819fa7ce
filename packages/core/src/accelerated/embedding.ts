/**
 * Rows looked up and added up in WebAssembly: the very numbers of the plain loops.
 */
import type { Tensor } from "../tensor.ts";
import { liesInShared, mayAccelerate } from "./backend.ts";
import { Room, roomFor } from "./room.ts";
import type { Scratch } from "./scratch.ts";
import { computeWhole } from "./whole.ts";

/** A number that is moved or added takes as long as so many products of a matrix product. */
const workOfNumber = 8;
/** From so many numbers on copying them pays. */
const leastNumbers = 1 << 11;
/** So many numbers are a part. */
const partNumbers = 1 << 14;

/** Whether the source of rows need not be copied, or not more of it than is read. */
function isNear(source: Tensor, numbers: number): boolean {
  return liesInShared(source.storage.data) || source.numel() <= numbers;
}

/**
 * y = rows of x, which is contiguous: `length` numbers from each place on, in units. False, with nothing done, where plain
 * loops are to do it.
 */
export function pickRowsAccelerated(
  x: Tensor,
  places: ArrayLike<number>,
  unit: number,
  length: number,
  y: Tensor,
): boolean {
  const numbers = places.length * length;
  if (x.dtype !== "float32" || y.dtype !== "float32" || numbers === 0) return false;
  if (!mayAccelerate(numbers) || !isNear(x, numbers)) return false;
  const task = {
    operands: [x],
    results: [y],
    work: workOfNumber * numbers,
    least: workOfNumber * leastNumbers,
    common: places.length,
  };
  return computeWhole(task, ({ kernels, scratch, operands, results, common, part }) => {
    const [source] = operands as [number];
    const [target] = results as [number];
    scratch.words.set(places, common >> 2);
    const most = Math.max(1, Math.floor(partNumbers / length));
    for (let row = 0; row < places.length; row += most) {
      const count = Math.min(most, places.length - row);
      const to = target + 4 * row * length;
      kernels.pickRows(to, source, common + 4 * row, count, 4 * unit, length);
      part();
    }
  });
}

/**
 * The rows of a table, each the sum of those rows of x whose numbers stand in `order` from one of `ends` to the next, times
 * their factors. False, with nothing done, where plain loops are to do it.
 */
export function addUpRowsAccelerated(
  x: Tensor,
  order: Int32Array,
  ends: Int32Array,
  factors: Float64Array | null,
  table: Tensor,
): boolean {
  const rows = ends.length - 1;
  const numbers = Math.max(x.numel(), table.numel());
  if (x.dtype !== "float32" || x.numel() === 0 || table.numel() === 0) return false;
  if (!mayAccelerate(numbers)) return false;
  const length = table.numel() / rows;
  const weights = factors?.length ?? 0;
  const task = {
    operands: [x],
    results: [table],
    work: workOfNumber * numbers,
    least: workOfNumber * leastNumbers,
    common: roomFor(order.length, ends.length, 2 * weights),
  };
  return computeWhole(task, ({ kernels, scratch, operands, results, common, part }) => {
    const [source] = operands as [number];
    const [target] = results as [number];
    const room = new Room(common);
    const orderAt = put(scratch, room, order);
    const endsAt = put(scratch, room, ends);
    const factorsAt = factors === null ? 0 : put(scratch, room, new Int32Array(factors.buffer));
    forEachPart(ends, length, (first, count) => {
      const to = target + 4 * first * length;
      kernels.addUpRows(to, source, orderAt, endsAt + 4 * first, factorsAt, count, length);
      part();
    });
  });
}

/** Shorter rows are left to plain loops. */
const leastRow = 4;

/**
 * Rows of x, which lie one behind the other, are added to those that begin at `places` in the table (contiguous), which are its
 * dimensions `inner`. `grouped` gives an order in which rows for one place follow one another; `null`: no place occurs twice. Each
 * sum is kept in double precision and rounded once. False, with nothing done, where plain loops are to do it.
 */
export function addRowsAtAccelerated(
  table: Tensor,
  inner: readonly number[],
  places: ArrayLike<number>,
  x: Tensor,
  grouped: () => Int32Array | null,
): boolean {
  const numbers = x.numel();
  const lead = table.ndim - inner.length;
  const length = numbers / places.length;
  if (!(places instanceof Int32Array) || !inner.every((dim, i) => dim === lead + i)) return false;
  if (x.dtype !== "float32" || table.dtype !== "float32" || length < leastRow) return false;
  if (!mayAccelerate(numbers) || !isNear(table, numbers)) return false;
  const count = places.length;
  const task = {
    operands: [x, table],
    results: [table],
    work: workOfNumber * numbers,
    least: workOfNumber * leastNumbers,
    common: roomFor(count, count + 1, count),
  };
  return computeWhole(task, ({ kernels, scratch, operands, results, common, part }) => {
    const [source, before] = operands as [number, number];
    const [target] = results as [number];
    // Rows that nothing is added to stay.
    if (before !== target) {
      const from = before >> 2;
      scratch.floats.copyWithin(target >> 2, from, from + table.numel());
    }
    const { order, ends, targets } = groupsOf(places, grouped());
    const room = new Room(common);
    const orderAt = put(scratch, room, order);
    const endsAt = put(scratch, room, ends);
    const targetsAt = put(scratch, room, targets);
    forEachPart(ends, length, (first, count) => {
      const at = [endsAt + 4 * first, targetsAt + 4 * first] as const;
      kernels.addRowsAt(target, source, orderAt, ...at, count, length);
      part();
    });
  });
}

/** Rows for one place after the other, where each group begins and at last how many rows there are, and the groups' places. */
function groupsOf(
  places: Int32Array,
  grouped: Int32Array | null,
): Record<"order" | "ends" | "targets", Int32Array> {
  const count = places.length;
  const order = grouped ?? Int32Array.from(places, (_, row) => row);
  const targets = new Int32Array(count);
  const ends = new Int32Array(count + 1);
  let groups = 0;
  for (let i = 0; i < count; i++) {
    const place = places[order[i]!]!;
    if (groups > 0 && targets[groups - 1] === place) continue;
    targets[groups] = place;
    ends[groups++] = i;
  }
  ends[groups] = count;
  return { order, ends: ends.subarray(0, groups + 1), targets: targets.subarray(0, groups) };
}

/** The address of words that are put into a room. */
function put(scratch: Scratch, room: Room, words: Int32Array): number {
  const address = room.take(words.length);
  scratch.words.set(words, address >> 2);
  return address;
}

/** Calls `compute` for some groups at a time: a group is as much work as what is added in it, and as writing it. */
function forEachPart(
  ends: Int32Array,
  length: number,
  compute: (first: number, count: number) => void,
): void {
  const groups = ends.length - 1;
  const most = partNumbers / length;
  for (let next = 0; next < groups; ) {
    const first = next;
    while (
      next < groups &&
      (next === first || ends[next + 1]! - ends[first]! + next - first < most)
    )
      next++;
    compute(first, next - first);
  }
}
