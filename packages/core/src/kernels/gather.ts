/**
 * Reading and writing at places along one dimension that are themselves numbers, one for each element.
 */
import { scatterAddAccelerated } from "../accelerated/scatter.ts";
import type { TypedArray } from "../dtype.ts";
import { IndexError } from "../errors.ts";
import { contiguousOperand } from "../op.ts";
import type { Shape } from "../shape.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { copyStrided } from "./copy.ts";
import type { Places } from "./placed-rows.ts";
import { fewPlaces, newPlaces, scatterRows } from "./placed-rows.ts";
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
  // Where y is much larger than what is added to it, sums are kept in double precision place by place; see `scatterRows`.
  const wide = accumulate && y.dtype === "float32";
  if (wide && fewPlaces * index.numel() < y.numel()) {
    const values = contiguousOperand(source);
    scatterRows(y, [], [], placesAlong(y, dim, index), values, true, 1);
    return;
  }
  if (wide && scatterAddAccelerated(y, dim, index, source)) return;
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

/** The place in y for each element of the index along `dim`. */
function placesAlong(y: Tensor, dim: number, index: Tensor): Places {
  const found = newPlaces(index.numel(), y.storage.data);
  const along = y.ndim === 0 ? 0 : y.strides[dim]!;
  const { data } = index.storage;
  let to = 0;
  forEachRow(
    rowLike(index.shape, [1]),
    [withoutStep(y.strides, dim), rowLike(index.strides, one)],
    [0, index.offset],
    (length, steps, places) => {
      for (let i = 0; i < length; i++)
        found[to++] = places[0]! + i * steps[0]! + data[places[1]! + i * steps[1]!]! * along;
    },
  );
  return found;
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

/** Fills y, which is new and zero, with the numbers of x; there is nothing to do for zeros. */
export function startWith(y: Tensor, x: Tensor): void {
  const { data } = x.storage;
  if (Object.is(data[x.offset], 0) && x.strides.every((step) => step === 0)) return;
  copyStrided(y.storage.data, 0, data, x.offset, x.shape, x.strides);
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
