/**
 * Reading and writing at places that are themselves numbers: one place an element, and whole rows.
 */
import type { TypedArray } from "../dtype.ts";
import { IndexError } from "../errors.ts";
import type { Shape } from "../shape.ts";
import { elementCount, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { copyStrided, longRow } from "./copy.ts";
import { forEachRow } from "./rows.ts";
import { perDType } from "./specialize.ts";

/**
 * Refuses indices outside of [least, length), naming the first and where it stands.
 *
 * @param least 0, or −length where negative indices count from the end.
 */
export function checkIndices(
  where: string,
  index: Tensor,
  length: number,
  dim: number,
  shape: Shape,
  least = 0,
): void {
  let position = 0;
  forEachRow(index.shape, [index.strides], [index.offset], (count, [step], [place]) => {
    const at = firstOutside(index.storage.data, place!, step!, count, least, length);
    if (at >= 0) {
      refuseIndex(where, index, position + at, length, dim, shape, least);
    }
    position += count;
  });
}

function refuseIndex(
  where: string,
  index: Tensor,
  flat: number,
  length: number,
  dim: number,
  shape: Shape,
  least: number,
): never {
  const value = index.toTypedArray()[flat]!;
  const position: number[] = [];
  let rest = flat;
  for (let d = index.ndim - 1; d >= 0; d--) {
    position.unshift(rest % index.shape[d]!);
    rest = Math.floor(rest / index.shape[d]!);
  }
  const range = length === 0 ? "it has length 0" : `use ${least} to ${length - 1}`;
  throw new IndexError(
    `${where}: index ${value}${position.length > 0 ? ` at ${formatShape(position)}` : ""} is out of range at dimension ${dim} of shape ${formatShape(shape)}; ${range}.`,
    { index: value, position, dim, shape },
  );
}

/** The first position whose number lies outside of [low, high); −1 if there is none. */
function firstOutside(
  data: TypedArray,
  place: number,
  step: number,
  count: number,
  low: number,
  high: number,
): number {
  let at = place;
  for (let i = 0; i < count; i++) {
    const value = data[at]!;
    if (value < low || value >= high) return i;
    at += step;
  }
  return -1;
}

/** The strides with that of one dimension set to 0: the walk leaves that dimension to the index. */
function withoutStep(strides: Shape, dim: number): Shape {
  return strides.length === 0 ? one : strides.map((step, d) => (d === dim ? 0 : step));
}

/** A single number is walked like a row of one. */
const one: Shape = [0];

function rowLike(list: Shape, single: Shape): Shape {
  return list.length === 0 ? single : list;
}

/** y = x at the index along `dim`: y[i, j] = x[index[i, j], j] for `dim` 0. Indices are known to be in range. */
export function gatherAlong(x: Tensor, dim: number, index: Tensor, y: Tensor): void {
  const source = x.storage.data;
  const target = y.storage.data;
  const gatherRow = gatherRowFor(target, source);
  const along = x.ndim === 0 ? 0 : x.strides[dim]!;
  let at = 0;
  forEachRow(
    rowLike(index.shape, [1]),
    [withoutStep(x.strides, dim), rowLike(index.strides, one)],
    [x.offset, index.offset],
    (length, steps, places) => {
      gatherRow(
        target,
        at,
        source,
        places[0]!,
        steps[0]!,
        along,
        index.storage.data,
        places[1]!,
        steps[1]!,
        length,
      );
      at += length;
    },
  );
}

const gatherRowFor = perDType(function gatherRow(
  target: TypedArray,
  to: number,
  source: TypedArray,
  from: number,
  fromStep: number,
  along: number,
  index: TypedArray,
  indexFrom: number,
  indexStep: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) {
    target[to + i] = source[from + index[indexFrom]! * along]!;
    from += fromStep;
    indexFrom += indexStep;
  }
});

/** y (contiguous) at the index along `dim` is set to, or increased by, the numbers of `source`. */
export function scatterAlong(
  y: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  accumulate: boolean,
): void {
  // Sums of float32 are kept in double precision until the end.
  const wide = accumulate && y.dtype === "float32";
  const target = wide ? new Float64Array(y.storage.data) : y.storage.data;
  const scatterRow = scatterRowFor(target, source.storage.data);
  const along = y.ndim === 0 ? 0 : y.strides[dim]!;
  forEachRow(
    rowLike(index.shape, [1]),
    [withoutStep(y.strides, dim), rowLike(source.strides, one), rowLike(index.strides, one)],
    [0, source.offset, index.offset],
    (length, steps, places) => {
      scatterRow(
        target,
        places[0]!,
        steps[0]!,
        along,
        source.storage.data,
        places[1]!,
        steps[1]!,
        index.storage.data,
        places[2]!,
        steps[2]!,
        length,
        accumulate,
      );
    },
  );
  if (wide) y.storage.data.set(target);
}

const scatterRowFor = perDType(function scatterRow(
  target: TypedArray,
  to: number,
  toStep: number,
  along: number,
  source: TypedArray,
  from: number,
  fromStep: number,
  index: TypedArray,
  indexFrom: number,
  indexStep: number,
  length: number,
  accumulate: boolean,
): void {
  if (accumulate) {
    for (let i = 0; i < length; i++) {
      target[to + index[indexFrom]! * along]! += source[from]!;
      to += toStep;
      from += fromStep;
      indexFrom += indexStep;
    }
  } else {
    for (let i = 0; i < length; i++) {
      target[to + index[indexFrom]! * along] = source[from]!;
      to += toStep;
      from += fromStep;
      indexFrom += indexStep;
    }
  }
});

/** Places in a storage: whole numbers that fit into an int32 unless the storage is enormous. */
export type Places = Int32Array | Float64Array;

export function newPlaces(count: number, storage: TypedArray): Places {
  return storage.length < 2 ** 31 ? new Int32Array(count) : new Float64Array(count);
}

/** Fills y, which is new and zero, with the numbers of x; there is nothing to do for zeros. */
export function startWith(y: Tensor, x: Tensor): void {
  const { data } = x.storage;
  if (Object.is(data[x.offset], 0) && x.strides.every((step) => step === 0)) return;
  copyStrided(y.storage.data, 0, data, x.offset, x.shape, x.strides);
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

/**
 * Writes rows into y (contiguous) at `places`, or adds them there: the reverse of {@link gatherRows}. `values` are
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
  const target = y.storage.data;
  const source = values.storage.data;
  const order = accumulate && y.dtype === "float32" ? groupedOrder(places, unit) : null;
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

const startOf = {
  sum: 0,
  mean: 0,
  prod: 1,
  amax: Number.NEGATIVE_INFINITY,
  amin: Number.POSITIVE_INFINITY,
} as const;

/** y = x (both contiguous) with numbers of `source` combined into the places of the index along `dim`. */
export function reduceAlong(
  x: Tensor,
  y: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: keyof typeof startOf,
  includeSelf: boolean,
): void {
  // In double precision until the end, with the number of what goes to each place.
  const own = x.storage.data.subarray(x.offset, x.offset + x.numel());
  const target = new Float64Array(own);
  const counts = new Float64Array(target.length).fill(includeSelf ? 1 : 0);
  const along = y.ndim === 0 ? 0 : y.strides[dim]!;
  forEachRow(
    rowLike(index.shape, [1]),
    [withoutStep(y.strides, dim), rowLike(source.strides, one), rowLike(index.strides, one)],
    [0, source.offset, index.offset],
    (length, steps, places) => {
      for (let i = 0; i < length; i++) {
        const at =
          places[0]! + i * steps[0]! + index.storage.data[places[2]! + i * steps[2]!]! * along;
        const value = source.storage.data[places[1]! + i * steps[1]!]!;
        const before = counts[at] === 0 ? startOf[reduce] : target[at]!;
        counts[at]!++;
        target[at] = combined(reduce, before, value);
      }
    },
  );
  if (reduce === "mean") {
    const whole = y.dtype === "int32" || y.dtype === "bool";
    for (let i = 0; i < target.length; i++) {
      if (counts[i]! < 2) continue;
      const mean = target[i]! / counts[i]!;
      target[i] = whole ? Math.floor(mean) : mean;
    }
  }
  y.storage.data.set(target);
}

function combined(reduce: keyof typeof startOf, a: number, b: number): number {
  if (reduce === "prod") return a * b;
  // These give NaN if either is.
  if (reduce === "amax") return Math.max(a, b);
  if (reduce === "amin") return Math.min(a, b);
  return a + b;
}
