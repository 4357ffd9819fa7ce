/**
 * Numbers between tensors and traces.
 */
import type { DType, Shape } from "@chainrule/core";
import { elementCount, fromTypedArray, Tensor } from "@chainrule/core";
import type { TraceData, TraceNumber, TraceSaved, TraceSummary, TraceValue } from "./schema.ts";

/** How many elements along each of the last two dimensions a large tensor shows. */
const sliceLength = 8;

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

/** Copies a tensor's numbers, all of them if they are few; `null` inside of vmap, where it has no numbers of its own. */
export function tensorValue(x: Tensor, maxElements: number): TraceValue | null {
  if (x.batch !== null) return null;
  const flat = x.toTypedArray();
  const encode = (value: number): TraceNumber => toTraceNumber(value, x.dtype);
  const head = { shape: x.shape.slice(), dtype: x.dtype };
  if (flat.length <= maxElements) {
    return { ...head, data: Array.from(flat, encode), summary: null, slice: null };
  }
  const slice = firstElements(flat, x.shape);
  return {
    ...head,
    data: null,
    summary: summaryOf(flat),
    slice: { shape: slice.shape, data: slice.data.map(encode) },
  };
}

function firstElements(flat: ArrayLike<number>, shape: Shape): { shape: number[]; data: number[] } {
  const width = shape.at(-1) ?? 1;
  const height = shape.at(-2) ?? 1;
  const columns = Math.min(width, sliceLength);
  const rows = Math.min(height, sliceLength);
  const data: number[] = [];
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) data.push(flat[i * width + j]!);
  return { shape: shape.length < 2 ? [columns] : [rows, columns], data };
}

function summaryOf(flat: ArrayLike<number>): TraceSummary {
  let nan = 0;
  let infinite = 0;
  let zero = 0;
  let finite = 0;
  let sum = 0;
  let squares = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < flat.length; i++) {
    const value = flat[i]!;
    if (Number.isNaN(value)) nan++;
    else if (!Number.isFinite(value)) infinite++;
    else {
      finite++;
      if (value === 0) zero++;
      sum += value;
      squares += value * value;
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  const measure = (value: number): TraceNumber => toTraceNumber(finite === 0 ? Number.NaN : value);
  return {
    nan,
    infinite,
    zero,
    least: measure(least),
    most: measure(most),
    mean: measure(sum / finite),
    rms: measure(Math.sqrt(squares / finite)),
  };
}

/** The numbers of a value that is whole, as numbers; `null` for one that is not. */
export function numbersOf(value: TraceValue | null): number[] | null {
  return value?.data?.map(fromTraceNumber) ?? null;
}

/** The single number of a value with one element; `null` for any other. */
export function singleNumberOf(value: TraceValue | null): number | null {
  return value?.data?.length === 1 ? fromTraceNumber(value.data[0]!) : null;
}

/** A tensor with the numbers of a value; `null` where the value is not whole. */
export function tensorOf(value: TraceValue | null): Tensor | null {
  const numbers = numbersOf(value);
  if (numbers === null) return null;
  return fromTypedArray(typedArray(value!.dtype, numbers), value!.shape.slice(), {
    dtype: value!.dtype,
  });
}

function typedArray(dtype: DType, numbers: readonly number[]) {
  if (dtype === "float32") return Float32Array.from(numbers);
  if (dtype === "float64") return Float64Array.from(numbers);
  return dtype === "int32" ? Int32Array.from(numbers) : Uint8Array.from(numbers);
}

/** How deep options and saved data are followed. */
const maxDepth = 8;
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

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  return value.constructor?.name ?? "object";
}

/** What a node saved, as named values; numbers, tensors, typed arrays, and plain objects and arrays of them. */
export function savedValues(saved: unknown, maxElements: number): TraceSaved[] {
  const found: TraceSaved[] = [];
  const visit = (name: string, value: unknown, depth: number): void => {
    const copied = savedValue(value, maxElements);
    if (copied !== null) found.push({ name, value: copied });
    else if (depth < maxDepth && (Array.isArray(value) || isPlainObject(value))) {
      for (const [key, item] of Object.entries(value))
        visit(depth === 0 ? key : `${name}.${key}`, item, depth + 1);
    }
  };
  visit("saved", saved, 0);
  return found;
}

function savedValue(value: unknown, maxElements: number): TraceValue | null {
  if (value instanceof Tensor) return tensorValue(value, maxElements);
  if (typeof value === "number") return tensorValue(numbersAsTensor([value], []), maxElements);
  if (
    value instanceof Float32Array ||
    value instanceof Float64Array ||
    value instanceof Int32Array ||
    value instanceof Uint8Array
  )
    return tensorValue(fromTypedArray(value.slice(), [value.length]), maxElements);
  return null;
}

function numbersAsTensor(numbers: readonly number[], shape: Shape): Tensor {
  return fromTypedArray(Float64Array.from(numbers), shape, { dtype: "float64" });
}

/** The number of elements of a value, whole or not. */
export function sizeOf(value: TraceValue): number {
  return elementCount(value.shape);
}
