/**
 * Maxima over windows of float32 numbers in WebAssembly: the very numbers of the plain loops.
 */
import type { TypedArray } from "../dtype.ts";
import type { PoolGeometry, Windows } from "../kernels/pooling.ts";
import { acceleratorFor, mayAccelerate } from "./backend.ts";

/** Numbers that pass through at a time, unless one plane has more. */
const blockNumbers = 1 << 15;
/** From so many results on copying pays. */
const leastResults = 1 << 9;

/** Where windows begin and end, as pairs. */
function pairsOf({ from, to }: Windows): Int32Array {
  const pairs = new Int32Array(2 * from.length);
  for (let i = 0; i < from.length; i++) {
    pairs[2 * i] = from[i]!;
    pairs[2 * i + 1] = to[i]!;
  }
  return pairs;
}

/**
 * The maxima of `maxOverWindows` for planes of two dimensions. False, with nothing done, where plain loops are to do
 * it.
 */
export function maxPoolAccelerated(
  { planes, input, windows }: PoolGeometry,
  x: TypedArray,
  offset: number,
  y: TypedArray,
  places: Int32Array,
): boolean {
  const [inDepth, inHeight, inWidth] = input as [number, number, number];
  const [slices, rows, columns] = windows as [Windows, Windows, Windows];
  const isFlat = inDepth === 1 && slices.from.length === 1 && slices.from[0] === 0;
  if (!isFlat || !(slices.to[0]! >= 1)) return false;
  const size = inHeight * inWidth;
  const results = rows.from.length * columns.from.length;
  if (!(x instanceof Float32Array && y instanceof Float32Array) || planes * results === 0)
    return false;
  if (!mayAccelerate(planes * results)) return false;
  const accelerator = acceleratorFor(planes * results, leastResults);
  if (accelerator === null) return false;
  const { scratch, kernels } = accelerator;
  const most = Math.max(1, Math.min(planes, Math.floor(blockNumbers / Math.max(size, results))));
  const tables = 2 * (rows.from.length + columns.from.length);
  if (!scratch.begin(most * (size + 2 * results) + tables, 6)) return false;
  const putTable = (table: Int32Array): number => {
    const address = scratch.take(table.length);
    scratch.words.set(table, address >> 2);
    return address;
  };
  const rowTable = putTable(pairsOf(rows));
  const columnTable = putTable(pairsOf(columns));
  const source = scratch.take(most * size);
  const target = scratch.take(most * results);
  const found = scratch.take(most * results);
  for (let plane = 0; plane < planes; plane += most) {
    const count = Math.min(most, planes - plane);
    const from = offset + plane * size;
    scratch.floats.set(x.subarray(from, from + count * size), source >> 2);
    kernels.maxPool(
      target,
      found,
      source,
      count,
      size,
      inWidth,
      rowTable,
      rows.from.length,
      rows.step,
      columnTable,
      columns.from.length,
      columns.step,
    );
    scratch.get(target, count * results, y, plane * results);
    const first = found >> 2;
    places.set(scratch.words.subarray(first, first + count * results), plane * results);
  }
  return true;
}
