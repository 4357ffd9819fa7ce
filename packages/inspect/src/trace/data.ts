/**
 * Numbers and options as JSON can hold them. Nothing here needs a tensor, so the page's script uses it, too.
 */
import type { DType } from "@chainrule/core";
import type { TraceData, TraceNumber, TraceValue } from "./schema.ts";

/** A number for a trace; one of a float32 tensor with as few digits as give it back. */
export function toTraceNumber(value: number, dtype: DType = "float64"): TraceNumber {
  if (Number.isInteger(value)) return Object.is(value, -0) ? "-0" : value;
  if (!Number.isFinite(value)) return String(value) as "NaN" | "Infinity" | "-Infinity";
  if (dtype !== "float32") return value;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** The number that stands in a trace. */
export function fromTraceNumber(value: TraceNumber): number {
  return typeof value === "number" ? value : Number(value);
}

/** The numbers of a value that is whole, as numbers; `null` for one that is not. */
export function numbersOf(value: TraceValue | null): number[] | null {
  return value?.data?.map(fromTraceNumber) ?? null;
}

/** How many numbers a value is kept with. */
export function numbersIn(value: TraceValue | null): number {
  return value === null ? 0 : (value.data?.length ?? value.slice?.data.length ?? 0);
}

/** The single number of a value with one element; `null` for any other. */
export function singleNumberOf(value: TraceValue | null): number | null {
  return value?.data?.length === 1 ? fromTraceNumber(value.data[0]!) : null;
}

/** How deep options and saved data are followed. */
export const maxDepth = 8;
/** How long a list of numbers among the options may be. */
const maxList = 4096;

/** Options as plain data. */
export function toTraceData(value: unknown, depth = 0): TraceData {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value === undefined) return { $undefined: true };
  if (typeof value === "number") {
    const number = toTraceNumber(value);
    return typeof number === "number" ? number : { $number: number };
  }
  if (depth < maxDepth && Array.isArray(value) && value.length <= maxList)
    return value.map((item) => toTraceData(item, depth + 1));
  if (depth < maxDepth && isPlainObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, toTraceData(item, depth + 1)]),
    );
  }
  return { $unknown: kindOf(value) };
}

/** Options back from a trace; `null` where a part was no plain data. */
export function fromTraceData(data: TraceData): { readonly value: unknown } | null {
  if (data === null || typeof data !== "object") return { value: data };
  if (isList(data)) {
    const items = data.map(fromTraceData);
    return items.includes(null) ? null : { value: items.map((item) => item!.value) };
  }
  if (typeof data.$number === "string") return { value: Number(data.$number) };
  if (data.$undefined === true) return { value: undefined };
  if (data.$unknown !== undefined) return null;
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(data)) {
    const found = fromTraceData(item);
    if (found === null) return null;
    entries.push([key, found.value]);
  }
  return { value: Object.fromEntries(entries) };
}

function isList(data: object): data is readonly TraceData[] {
  return Array.isArray(data);
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  return value.constructor?.name ?? "object";
}
