/**
 * Pools of float32 numbers in WebAssembly: maxima and their adjoint, the very numbers of the plain loops; means and theirs.
 *
 * Means are sums in double precision, in another order than that of the plain loops. Their adjoint adds in float32: the
 * error of k numbers that meet in a place is at most k·2⁻²⁴ times the sum of their magnitudes.
 */
import type { PoolGeometry, Windows } from "../kernels/pooling.ts";
import type { Tensor } from "../tensor.ts";
import { mayAccelerate } from "./backend.ts";
import { poolLayout, windowsLie } from "./pool-layout.ts";
import type { Scratch } from "./scratch.ts";
import type { Place } from "./whole.ts";
import { computeWhole } from "./whole.ts";

/** From so much work on copying pays. */
const leastWork = 1 << 12;
/** A number and its place in a window take as long as so many products of a matrix product. */
const workOfMaximum = 8;
const workOfSum = 4;
/** So many numbers are a part, unless one plane has more. */
const partNumbers = 1 << 14;

const tableWords = poolLayout.bytes / 4 + 1;
const entryWords = poolLayout.entryBytes / 4;

interface Lengths {
  /** Numbers of a plane, of a slice, of a row, and windows of a plane. */
  readonly size: number;
  readonly slice: number;
  readonly width: number;
  readonly results: number;
}

function lengthsOf({ input, windows }: PoolGeometry): Lengths {
  const [, height, width] = input as [number, number, number];
  const slice = height * width;
  return {
    size: input[0]! * slice,
    slice,
    width,
    results: windows.reduce((product, { from }) => product * from.length, 1),
  };
}

/** Words that {@link putTable} writes. */
function wordsOf({ windows }: PoolGeometry): number {
  return windows.reduce((sum, { from }) => sum + entryWords * from.length, tableWords);
}

/** Writes the table of the windows to an address that is a multiple of 8. */
function putTable(
  { words, floats }: Scratch,
  address: number,
  { windows }: PoolGeometry,
  { size, slice, width }: Lengths,
  divisor: number,
): void {
  const at = address >> 2;
  const steps = [slice, width, 1];
  words.set(new Int32Array(Float64Array.of(divisor).buffer), at);
  words[at + poolLayout.planeBytes / 4] = 4 * size;
  words[at + poolLayout.widthBytes / 4] = 4 * width;
  let entry = at + tableWords;
  for (const [dim, along] of windows.entries()) {
    const step = 4 * steps[dim]!;
    words[at + poolLayout.steps / 4 + dim] = step * along.step;
    const ends = at + poolLayout.windows / 4 + 2 * dim;
    words[ends] = 4 * entry;
    for (let i = 0; i < along.from.length; i++, entry += entryWords) {
      words[entry] = step * along.from[i]!;
      words[entry + 1] = step * along.to[i]!;
      words[entry + 2] = lieOf(along, i);
      floats[entry + 3] = along.count[i]!;
    }
    words[ends + 1] = 4 * entry;
  }
}

/** How the window i lies with the next three. */
function lieOf({ from, to }: Windows, i: number): number {
  if (i + 4 > from.length) return windowsLie.alone;
  const length = to[i]! - from[i]!;
  const apart = from[i + 1]! - from[i]!;
  let isEven = true;
  for (let j = 1; j < 4; j++) {
    if (to[i + j]! - from[i + j]! !== length) return windowsLie.alone;
    if (from[i + j]! - from[i]! !== j * apart) isEven = false;
  }
  if (isEven && apart === 1) return windowsLie.byOnes;
  return isEven && apart === 2 ? windowsLie.byTwos : windowsLie.anywhere;
}

/** Calls `compute` for parts of all planes: the first and how many. */
function forEachPart(
  planes: number,
  { size, results }: Lengths,
  { part }: Place,
  compute: (first: number, count: number) => void,
): void {
  const most = Math.max(1, Math.floor(partNumbers / Math.max(size, results)));
  for (let first = 0; first < planes; first += most) {
    compute(first, Math.min(most, planes - first));
    part();
  }
}

/** The maxima of `maxOverWindows`. False, with nothing done, where plain loops are to do it. */
export function maxPoolAccelerated(
  geometry: PoolGeometry,
  x: Tensor,
  y: Tensor,
  places: Tensor,
): boolean {
  if (x.numel() === 0 || y.numel() === 0) return false;
  const work = workOfMaximum * Math.max(x.numel(), y.numel());
  if (x.dtype !== "float32" || !mayAccelerate(work)) return false;
  const lengths = lengthsOf(geometry);
  const { size, results } = lengths;
  const task = {
    operands: [x],
    results: [y, places],
    work,
    least: leastWork,
    common: wordsOf(geometry),
  };
  return computeWhole(task, (place) => {
    const [source] = place.operands as [number];
    const [target, found] = place.results as [number, number];
    putTable(place.scratch, place.common, geometry, lengths, 0);
    forEachPart(geometry.planes, lengths, place, (first, count) => {
      const to = 4 * first * results;
      const from = source + 4 * first * size;
      place.kernels.maxPool(target + to, found + to, from, count, place.common);
    });
  });
}

/** `putIntoPlanes`. False, with nothing done, where plain loops are to do it. */
export function putPlanesAccelerated(
  x: Tensor,
  places: Tensor,
  planes: number,
  size: number,
  count: number,
  y: Tensor,
): boolean {
  const work = workOfSum * Math.max(x.numel(), y.numel());
  if (x.dtype !== "float32" || x.numel() === 0 || y.numel() === 0) return false;
  // A plane of sums in double precision.
  const task = { operands: [x, places], results: [y], work, least: leastWork, own: 2 * size };
  return computeWhole(task, (place) => {
    const [source, found] = place.operands as [number, number];
    const [target] = place.results as [number];
    const lengths = { size, results: count, slice: 0, width: 0 };
    forEachPart(planes, lengths, place, (first, some) => {
      const to = target + 4 * first * size;
      const from = 4 * first * count;
      place.kernels.putPlanes(to, source + from, found + from, some, size, count, place.own);
    });
  });
}

/** `meanOverWindows`. False, with nothing done, where plain loops are to do it. */
export function meanPoolAccelerated(
  geometry: PoolGeometry,
  x: Tensor,
  y: Tensor,
  divisor: number,
): boolean {
  return pass(geometry, x, y, divisor, false);
}

/** `spreadOverWindows`. False, with nothing done, where plain loops are to do it. */
export function spreadPoolAccelerated(
  geometry: PoolGeometry,
  x: Tensor,
  y: Tensor,
  divisor: number,
): boolean {
  return pass(geometry, x, y, divisor, true);
}

/** Means over the planes of x, or what the adjoint spreads over those of y. */
function pass(
  geometry: PoolGeometry,
  x: Tensor,
  y: Tensor,
  divisor: number,
  isAdjoint: boolean,
): boolean {
  const work = workOfSum * Math.max(x.numel(), y.numel());
  if (x.dtype !== "float32" || x.numel() === 0 || y.numel() === 0) return false;
  if (!mayAccelerate(work)) return false;
  const lengths = lengthsOf(geometry);
  const { size, results, width } = lengths;
  const own = 2 * (width + 4);
  const common = wordsOf(geometry);
  const task = { operands: [x], results: [y], work, least: leastWork, common, own };
  return computeWhole(task, (place) => {
    const { kernels, common: table, own: room } = place;
    const [source] = place.operands as [number];
    const [target] = place.results as [number];
    putTable(place.scratch, table, geometry, lengths, divisor);
    forEachPart(geometry.planes, lengths, place, (first, count) => {
      const of = (numbers: number): number => 4 * first * numbers;
      if (isAdjoint) {
        const to = target + of(size);
        kernels.clear(to, 4 * count * size);
        kernels.spreadPool(to, source + of(results), count, table, room);
      } else {
        kernels.meanPool(target + of(results), source + of(size), count, table, room);
      }
    });
  });
}
