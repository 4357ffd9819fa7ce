/**
 * What stands in layers.jsonl.gz: cases, and the tensors in them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { fromTypedArray, sameShape, Tensor } from "@chainrule/core";

/** A tensor in the file. What JSON lacks are strings: "NaN", "Infinity", "-Infinity". */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly dtype: "float64" | "int64" | "bool";
  readonly data: readonly (number | boolean | string)[];
}

/** Tensors, plain values, and nested arrays of them. */
export type Golden =
  | GoldenTensor
  | GoldenLayer
  | number
  | string
  | boolean
  | null
  | readonly Golden[];

/** A layer as an argument of another. */
export interface GoldenLayer {
  readonly layer: string;
  readonly args: readonly Golden[];
  readonly kwargs: Readonly<Record<string, Golden>>;
}

/** One line of the file. */
export interface LayerCase extends GoldenLayer {
  readonly id: string;
  readonly wrap?: readonly {
    readonly name: "weight_norm" | "spectral_norm";
    readonly kwargs: Readonly<Record<string, Golden>>;
  }[];
  readonly mode: "train" | "eval";
  readonly state_dict: Readonly<Record<string, GoldenTensor>>;
  readonly inputs: readonly Golden[];
  readonly forward_kwargs: Readonly<Record<string, Golden>>;
  readonly outputs: readonly Golden[];
  readonly cotangents: readonly Golden[];
  readonly input_grads: readonly Golden[];
  readonly param_grads: Readonly<Record<string, GoldenTensor>>;
  readonly buffers_after: Readonly<Record<string, GoldenTensor>>;
}

/** All cases. */
export function readCases(): LayerCase[] {
  const bytes = readFileSync(join(import.meta.dirname, "layers.jsonl.gz"));
  return gunzipSync(bytes)
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line): LayerCase => JSON.parse(line));
}

export function isGoldenTensor(value: unknown): value is GoldenTensor {
  return value !== null && typeof value === "object" && "data" in value && "dtype" in value;
}

export function isGoldenLayer(value: unknown): value is GoldenLayer {
  return value !== null && typeof value === "object" && "layer" in value;
}

/** int64 becomes int32. */
export function toTensor(golden: GoldenTensor): Tensor {
  const numbers = golden.data.map(Number);
  if (golden.dtype === "bool") return fromTypedArray(Uint8Array.from(numbers), golden.shape);
  if (golden.dtype === "int64") return fromTypedArray(Int32Array.from(numbers), golden.shape);
  return fromTypedArray(Float64Array.from(numbers), golden.shape);
}

/** How a tensor differs from its golden value by more than 10⁻¹⁰·max(1, |a|); `null` where it does not. */
export function difference(found: unknown, golden: GoldenTensor): string | null {
  if (!(found instanceof Tensor)) return `${String(found)} is no tensor`;
  if (!sameShape(found.shape, golden.shape)) return `shape [${found.shape}] for [${golden.shape}]`;
  const numbers = found.toTypedArray();
  for (const [i, value] of golden.data.entries()) {
    const [a, b] = [numbers[i]!, Number(value)];
    if (Object.is(a, b) || Math.abs(a - b) <= 1e-10 * Math.max(1, Math.abs(b))) continue;
    return `${a} for ${b} at element ${i} of shape [${golden.shape}]`;
  }
  return null;
}
