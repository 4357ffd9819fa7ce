/**
 * Reading and writing rows at places in a storage.
 */

import { addRowsAtAccelerated, pickRowsAccelerated } from "../accelerated/embedding.ts";
import { scatterAddAccelerated } from "../accelerated/scatter.ts";
import type { TypedArray } from "../dtype.ts";
import { elementCount } from "../shape.ts";
import { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { longRow } from "./copy.ts";
import { forEachRow } from "./rows.ts";
import { perDType } from "./specialize.ts";

/** Places in a storage: whole numbers that fit into an int32 unless the storage is enormous. */
export type Places = Int32Array | Float64Array;

export function newPlaces(count: number, storage: TypedArray): Places {
  return storage.length < 2 ** 31 ? new Int32Array(count) : new Float64Array(count);
}

/**
 * y = rows of x: for each place before the indexed dimensions, for each of `places` (steps in x's storage), the row of
 * numbers after them. `outer` and `inner` are the dimensions of x before and after. y is contiguous.
 */
export function gatherRows(
  x: Tensor,
  outer: readonly number[],
  inner: readonly number[],
  places: Places,
  y: Tensor,
): void {
  if (y.numel() === 0) return;
  if (outer.length === 0 && gatherWhole(x, inner, places, y)) return;
  const source = x.storage.data;
  const target = y.storage.data;
  const copyRows = copyRowsFor(target, source, places);
  const innerShape = inner.map((dim) => x.shape[dim]!);
  const innerStrides = inner.map((dim) => x.strides[dim]!);
  const innerCount = elementCount(innerShape);
  let block = 0;
  forEachRow(
    outer.map((dim) => x.shape[dim]!),
    [outer.map((dim) => x.strides[dim]!)],
    [x.offset],
    (count, [step], [start]) => {
      for (let i = 0; i < count; i++) {
        let at = 0;
        forEachRow(innerShape, [innerStrides], [start! + i * step!], (length, [along], [from]) => {
          copyRows(target, block + at, innerCount, source, from!, along!, places, length, longRow);
          at += length;
        });
        block += places.length * innerCount;
      }
    },
  );
}

/** Gathers rows that lie in one piece each by a kernel. False, with nothing done, where plain loops are to do it. */
function gatherWhole(x: Tensor, inner: readonly number[], places: Places, y: Tensor): boolean {
  const lead = x.ndim - inner.length;
  const isTrailing = inner.every((dim, i) => dim === lead + i);
  const length = elementCount(inner.map((dim) => x.shape[dim]!));
  if (!isTrailing || !x.isContiguous() || !(places instanceof Int32Array)) return false;
  return length >= leastRow && pickRowsAccelerated(x, places, 1, length, y);
}

/** Shorter rows are left to plain loops. */
const leastRow = 4;

const copyRowsFor = perDType(function copyRows(
  target: TypedArray,
  to: number,
  toStep: number,
  source: TypedArray,
  from: number,
  fromStep: number,
  places: Places,
  length: number,
  long: number,
): void {
  const count = places.length;
  if (length === 1) {
    for (let row = 0; row < count; row++) {
      target[to] = source[from + places[row]!]!;
      to += toStep;
    }
    return;
  }
  if (length >= long && fromStep === 1) {
    for (let row = 0; row < count; row++) {
      const at = from + places[row]!;
      target.set(source.subarray(at, at + length), to);
      to += toStep;
    }
    return;
  }
  const even = length - (length % 4);
  for (let row = 0; row < count; row++) {
    let at = from + places[row]!;
    for (let i = 0; i < even; i += 4) {
      target[to + i] = source[at]!;
      target[to + i + 1] = source[at + fromStep]!;
      target[to + i + 2] = source[at + 2 * fromStep]!;
      target[to + i + 3] = source[at + 3 * fromStep]!;
      at += 4 * fromStep;
    }
    for (let i = even; i < length; i++) {
      target[to + i] = source[at]!;
      at += fromStep;
    }
    to += toStep;
  }
});

/** Up to so many places for each number that is added are few. */
export const fewPlaces = 4;

/**
 * Writes rows into y at `places`, or adds them there: the reverse of {@link gatherRows}. `values` are
 * contiguous, of the shape that gathering would give. Rows that go to the same place add up in double precision, or
 * the last one stays. All distances between places are multiples of `unit`.
 */
export function scatterRows(
  y: Tensor,
  outer: readonly number[],
  inner: readonly number[],
  places: Places,
  values: Tensor,
  accumulate: boolean,
  unit: number,
): void {
  if (values.numel() === 0) return;
  const source = values.storage.data;
  // Sums of float32 are kept in double precision until the end: all of y, or, where it is much larger than what is added,
  // place by place.
  const isWide = accumulate && y.dtype === "float32";
  const isWhole = isWide && y.storage.data.length <= fewPlaces * values.numel();
  if (isWide && outer.length === 0 && y.isContiguous()) {
    if (isWhole && addNumbers(y, places, values)) return;
    const grouped = () => groupedOrder(places, unit);
    if (addRowsAtAccelerated(y, inner, places, values, grouped)) return;
  }
  const target = isWhole ? new Float64Array(y.storage.data) : y.storage.data;
  const order = isWide && !isWhole ? groupedOrder(places, unit) : null;
  const writeRows = writeRowsFor(target, source, places);
  const addGroups = addGroupsFor(target, source, places);
  const innerShape = inner.map((dim) => y.shape[dim]!);
  const innerStrides = inner.map((dim) => y.strides[dim]!);
  const innerCount = elementCount(innerShape);
  const sums = new Float64Array(order === null ? 0 : innerCount);
  let block = values.offset;
  const toRows = (to: number): void => {
    let from = block;
    forEachRow(innerShape, [innerStrides], [to], (length, [step], [at]) => {
      if (order === null) {
        writeRows(target, at!, step!, source, from, innerCount, places, length, accumulate);
      } else {
        addGroups(target, at!, step!, source, from, innerCount, places, order, length, sums);
      }
      from += length;
    });
    block += places.length * innerCount;
  };
  forEachRow(
    outer.map((dim) => y.shape[dim]!),
    [outer.map((dim) => y.strides[dim]!)],
    [y.offset],
    (count, [step], [start]) => {
      for (let i = 0; i < count; i++) toRows(start! + i * step!);
    },
  );
  if (isWhole) y.storage.data.set(target);
}

/** Adds single numbers by a kernel. False, with nothing done, where plain loops are to do it. */
function addNumbers(y: Tensor, places: Places, values: Tensor): boolean {
  const count = places.length;
  if (values.numel() !== count || !(places instanceof Int32Array)) return false;
  const flat = (x: Tensor) => new Tensor(x.storage, x.dtype, [x.numel()], [1], x.offset);
  const index = new Tensor(new Storage(places), "int32", [count]);
  return scatterAddAccelerated(flat(y), 0, index, flat(values));
}

const writeRowsFor = perDType(function writeRows(
  target: TypedArray,
  to: number,
  toStep: number,
  source: TypedArray,
  from: number,
  fromStep: number,
  places: Places,
  length: number,
  accumulate: boolean,
): void {
  const count = places.length;
  for (let row = 0; row < count; row++) {
    let at = to + places[row]!;
    if (accumulate) {
      for (let i = 0; i < length; i++) {
        target[at]! += source[from + i]!;
        at += toStep;
      }
    } else {
      for (let i = 0; i < length; i++) {
        target[at] = source[from + i]!;
        at += toStep;
      }
    }
    from += fromStep;
  }
});

/** Adds rows group by group: those of one place follow one another in `order`, and are summed before they are rounded. */
const addGroupsFor = perDType(function addGroups(
  target: TypedArray,
  to: number,
  toStep: number,
  source: TypedArray,
  from: number,
  fromStep: number,
  places: Places,
  order: Int32Array,
  length: number,
  sums: Float64Array,
): void {
  const count = order.length;
  let row = 0;
  while (row < count) {
    const place = places[order[row]!]!;
    let end = row + 1;
    while (end < count && places[order[end]!] === place) end++;
    let at = to + place;
    for (let i = 0; i < length; i++) {
      sums[i] = target[at]!;
      at += toStep;
    }
    for (let k = row; k < end; k++) {
      const start = from + order[k]! * fromStep;
      for (let i = 0; i < length; i++) sums[i]! += source[start + i]!;
    }
    at = to + place;
    for (let i = 0; i < length; i++) {
      target[at] = sums[i]!;
      at += toStep;
    }
    row = end;
  }
});

/**
 * The rows in order of their places, those of one place in their own order; `null` if no place occurs twice. They are
 * counted into the places, one by one, or sorted where those are many times more than the rows.
 */
function groupedOrder(places: Places, unit: number): Int32Array | null {
  const count = places.length;
  let least = places[0]!;
  let most = least;
  let rising = true;
  for (let i = 1; i < count; i++) {
    const place = places[i]!;
    if (place <= places[i - 1]!) rising = false;
    if (place < least) least = place;
    if (place > most) most = place;
  }
  if (rising) return null;
  const range = (most - least) / unit + 1;
  const order = new Int32Array(count);
  if (range > 16 * count + 1024) {
    for (let i = 0; i < count; i++) order[i] = i;
    order.sort((a, b) => places[a]! - places[b]! || a - b);
    for (let i = 1; i < count; i++) if (places[order[i]!] === places[order[i - 1]!]) return order;
    return null;
  }
  const ends = new Int32Array(range + 1);
  let twice = false;
  for (let i = 0; i < count; i++) {
    const slot = (places[i]! - least) / unit + 1;
    if (ends[slot]! > 0) twice = true;
    ends[slot]!++;
  }
  if (!twice) return null;
  for (let slot = 1; slot <= range; slot++) ends[slot]! += ends[slot - 1]!;
  for (let i = 0; i < count; i++) {
    const slot = (places[i]! - least) / unit;
    order[ends[slot]!] = i;
    ends[slot]!++;
  }
  return order;
}
