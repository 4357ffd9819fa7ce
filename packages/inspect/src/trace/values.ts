/**
 * Numbers between tensors and traces.
 */
import type { DType, Shape } from "@chainrule/core";
import { elementCount, fromTypedArray, Tensor } from "@chainrule/core";
import { isPlainObject, maxDepth, numbersOf, toTraceNumber } from "./data.ts";
import type { TraceNumber, TraceSaved, TraceSummary, TraceValue } from "./schema.ts";

/** How many elements along each of the last two dimensions a large tensor shows. */
const sliceLength = 8;

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
