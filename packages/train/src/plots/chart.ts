/**
 * What a picture shows, before it is known how it is drawn.
 */
import { ArgumentError, checkNumber } from "@chainrule/core";

/** A line through points. */
export interface Line {
  readonly kind: "line";
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** The number of its colour. */
  readonly colour: number;
  readonly dashed?: boolean;
  /** Whether its end is marked: the path has a direction. */
  readonly arrives?: boolean;
}

/** Points. */
export interface Points {
  readonly kind: "points";
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly colour: number;
  /** What each is called. */
  readonly labels?: readonly string[];
}

/** A field of values on a grid over the whole chart, row by row from the bottom. */
export interface Cells {
  readonly kind: "cells";
  readonly columns: number;
  readonly rows: number;
  readonly values: ArrayLike<number>;
  /** Shades of blue or of grey, from one colour over white to another, or one colour for each whole number. */
  readonly palette: "shades" | "ink" | "diverging" | "classes";
  /** The values of the lightest and the darkest shade. */
  readonly range: readonly [number, number];
  /** What stands in the cells, row by row from the bottom. */
  readonly texts?: readonly string[];
}

export type Layer = Line | Points | Cells;

/** An axis: from where to where, and in which steps. */
export interface Axis {
  readonly label: string;
  readonly range: readonly [number, number];
  readonly log?: boolean;
  /** Names in place of numbers; they stand in the middle of equal parts. */
  readonly names?: readonly string[];
}

/** One picture with axes. */
export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly layers: readonly Layer[];
  /** Whether a step is as long upwards as to the right. */
  readonly square?: boolean;
}

/** The smallest range around all numbers that are finite (and positive, on a logarithmic axis); [0, 1] if there are none. */
export function rangeOf(numbers: Iterable<number>, log = false): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of numbers) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (low < high) return [low, high];
  // A single number stands in the middle.
  const half = log ? 2 : Math.abs(low) * 0.1 || 0.5;
  return log ? [low / half, high * half] : [low - half, high + half];
}

/** A range with some air at both ends. */
export function widened([low, high]: readonly [number, number], share: number): [number, number] {
  const air = (high - low) * share;
  return [low - air, high + air];
}

/**
 * Round numbers along a range: 1, 2 or 5 times a power of ten apart. On a logarithmic axis powers of ten, and where those are
 * too few, twice and five times them, too.
 */
export function ticksOf(axis: Axis, about: number): number[] {
  return axis.log === true ? logTicksOf(axis.range, about) : linearTicksOf(axis.range, about);
}

function logTicksOf([low, high]: readonly [number, number], about: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const every = Math.max(1, Math.ceil((last - first + 1) / about));
  const powers: number[] = [];
  for (let power = first; power <= last; power += every) powers.push(10 ** power);
  if (powers.length > 2) return powers;
  const between: number[] = [];
  for (let power = first - 1; power <= last; power++) {
    for (const factor of [1, 2, 5]) {
      const tick = Number(`${factor}e${power}`);
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) between.push(tick);
    }
  }
  // Less than a decade is nearly as long everywhere.
  return between.length > 2 ? between : linearTicksOf([low, high], about);
}

function linearTicksOf([low, high]: readonly [number, number], about: number): number[] {
  const rough = (high - low) / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999)!;
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) {
    ticks.push(k * step);
    if (ticks.length > 1000) break; // a range so narrow that steps do not add up
  }
  return ticks;
}

/** A tick's number, as short as it can be told apart from its neighbours. */
export function tickText(value: number, ticks: readonly number[]): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  // Powers of ten need no more digits than they have themselves.
  const isLog = ticks.length > 1 && ticks[0]! > 0 && ticks[1]! / ticks[0]! > 9;
  const step = ticks.length > 1 && !isLog ? Math.abs(ticks[1]! - ticks[0]!) : size;
  if (size >= 1e5 || size < 1e-3)
    return value.toExponential(1).replace(/\.0e/, "e").replace("e+", "e");
  const digits = Math.min(6, Math.max(0, -Math.floor(Math.log10(Math.min(step, size)) + 1e-9)));
  return Number(value.toFixed(digits)) === 0 ? "0" : value.toFixed(digits);
}

/** Where a value lies on an axis, from 0 to 1; NaN where it cannot be shown. */
export function placeOn({ range: [low, high], log = false }: Axis, value: number): number {
  if (!log) return (value - low) / (high - low);
  return value > 0 ? Math.log(value / low) / Math.log(high / low) : Number.NaN;
}

/** Refuses ranges that do not rise. */
export function checkRange(
  where: string,
  name: string,
  range: readonly [number, number],
): readonly [number, number] {
  const [low, high] = range;
  checkNumber(where, `the beginning of ${name}`, low);
  checkNumber(where, `the end of ${name}`, high);
  if (low < high && Number.isFinite(high - low)) return range;
  throw new ArgumentError(`${where}: ${name} [${low}, ${high}] must rise.`, { range });
}
