/**
 * Golden values: what stands in the files, as tensors, and how results are compared with it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { DType } from "@chainrule/core";
import { fromTypedArray, sameShape, Tensor } from "@chainrule/core";

/** A tensor in the files. What JSON lacks are strings: "NaN", "Infinity", "-Infinity". */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly dtype: "float64" | "int64" | "bool";
  readonly data: readonly (number | boolean | string)[];
}

/** Anything that stands in an argument or a result. */
export type Golden =
  | GoldenTensor
  | number
  | boolean
  | string
  | null
  | readonly Golden[]
  | { readonly [key: string]: Golden };

/** The floating type in which a case is computed. */
export type Precision = "float64" | "float32";

/** The lines of a file in this folder. */
export function readCases<Case>(name: string): Case[] {
  const bytes = readFileSync(join(import.meta.dirname, name));
  const text = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Case => JSON.parse(line));
}

export function isGoldenTensor(value: unknown): value is GoldenTensor {
  return (
    value !== null &&
    typeof value === "object" &&
    "shape" in value &&
    "dtype" in value &&
    "data" in value
  );
}

/** The numbers of a golden tensor. */
export function numbersOf(tensor: GoldenTensor): number[] {
  return tensor.data.map(Number);
}

/** As a tensor: int64 becomes int32, float64 becomes what is asked for. */
export function toTensor(golden: GoldenTensor, precision: Precision): Tensor {
  const numbers = numbersOf(golden);
  switch (golden.dtype) {
    case "bool":
      return fromTypedArray(Uint8Array.from(numbers), golden.shape);
    case "int64":
      return fromTypedArray(Int32Array.from(numbers), golden.shape);
    default:
      return fromTypedArray(
        precision === "float32" ? Float32Array.from(numbers) : Float64Array.from(numbers),
        golden.shape,
      );
  }
}

/** An argument: tensors at any depth, `null` and words as they are, infinities as numbers. */
export function toArgument(golden: Golden, precision: Precision): unknown {
  if (isGoldenTensor(golden)) return toTensor(golden, precision);
  if (Array.isArray(golden)) return golden.map((part: Golden) => toArgument(part, precision));
  if (golden === "Infinity" || golden === "-Infinity" || golden === "NaN") return Number(golden);
  if (golden !== null && typeof golden === "object") {
    return Object.fromEntries(
      Object.entries(golden).map(([key, part]) => [key, toArgument(part, precision)]),
    );
  }
  return golden;
}

/** |a − b| ≤ absolute + relative·|b|; NaN and the infinities must be equal. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** tolerance·max(1, |b|), as the sum of both parts at most. */
export const within = (tolerance: number): Tolerance => ({
  absolute: tolerance,
  relative: tolerance,
});

const dtypeNames: Readonly<Record<DType, GoldenTensor["dtype"]>> = {
  float64: "float64",
  float32: "float64",
  int32: "int64",
  bool: "bool",
};

/** How a tensor differs from its golden value; `null` where it does not. */
export function mismatch(
  found: unknown,
  golden: GoldenTensor,
  tolerance: Tolerance,
): string | null {
  if (!(found instanceof Tensor)) return `${String(found)} is no tensor`;
  if (dtypeNames[found.dtype] !== golden.dtype) return `dtype ${found.dtype} for ${golden.dtype}`;
  return numbersDiffer(found, golden.shape, numbersOf(golden), tolerance);
}

export function numbersDiffer(
  found: Tensor,
  shape: readonly number[],
  expected: ArrayLike<number>,
  { absolute, relative }: Tolerance,
): string | null {
  if (!sameShape(found.shape, shape)) return `shape [${found.shape}] for [${shape}]`;
  const numbers = found.toTypedArray();
  for (let i = 0; i < numbers.length; i++) {
    const a = numbers[i]!;
    const b = expected[i]!;
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    if (Math.abs(a - b) <= Math.max(absolute, relative * Math.abs(b)) && Number.isFinite(a))
      continue;
    return `${a} for ${b} at element ${i} of shape [${shape}] (off by ${Math.abs(a - b).toExponential(2)})`;
  }
  return null;
}
