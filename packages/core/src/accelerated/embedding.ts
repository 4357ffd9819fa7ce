/**
 * Rows looked up and added up in WebAssembly: the very numbers of the plain loops.
 */
import type { Tensor } from "../tensor.ts";
import { liesInShared, mayAccelerate } from "./backend.ts";
import { Room, roomFor } from "./room.ts";
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
    const put = (words: Int32Array): number => {
      const address = room.take(words.length);
      scratch.words.set(words, address >> 2);
      return address;
    };
    const orderAt = put(order);
    const endsAt = put(ends);
    const factorsAt = factors === null ? 0 : put(new Int32Array(factors.buffer));
    // A row is as much work as what is added in it, and as writing it.
    const most = partNumbers / length;
    for (let row = 0; row < rows; ) {
      const first = row;
      while (row < rows && (row === first || ends[row + 1]! - ends[first]! + row - first < most))
        row++;
      const to = target + 4 * first * length;
      kernels.addUpRows(to, source, orderAt, endsAt + 4 * first, factorsAt, row - first, length);
      part();
    }
  });
}
