/** Files, as another implementation of ONNX runs them. */
import type { DType } from "@chainrule/core";
import { fromTypedArray, Tensor } from "@chainrule/core";
import * as ort from "onnxruntime-web/wasm";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "fatal";

/** Runs a file with onnxruntime: the outputs by name. */
export async function runOnnx(
  file: Uint8Array,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const session = await ort.InferenceSession.create(file);
  try {
    const feeds = Object.fromEntries(
      Object.entries(inputs)
        .filter(([name]) => session.inputNames.includes(name))
        .map(([name, x]) => [name, toRuntime(x)]),
    );
    const outputs = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { type, data, dims }]) => [
        name,
        fromRuntime(type, data as ArrayLike<number>, dims),
      ]),
    );
  } finally {
    await session.release();
  }
}

function toRuntime(x: Tensor): ort.Tensor {
  const data = x.toTypedArray();
  const dims = x.shape.slice();
  return x.dtype === "bool"
    ? new ort.Tensor("bool", Uint8Array.from(data), dims)
    : new ort.Tensor(x.dtype, data as Float32Array, dims);
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  bool: Uint8Array,
};

function fromRuntime(type: string, data: ArrayLike<number>, dims: readonly number[]): Tensor {
  const Numbers = arrays[type as DType];
  if (Numbers === undefined) throw new Error(`the runtime gave ${type}`);
  return fromTypedArray(Numbers.from(data), dims);
}

/** The tensors in a value, in order. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
}

/** A value with its tensors replaced. */
export function withTensors(value: unknown, replace: (x: Tensor) => unknown): unknown {
  if (value instanceof Tensor) return replace(value);
  if (Array.isArray(value)) return value.map((part) => withTensors(part, replace));
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, withTensors(part, replace)]),
  );
}

/** Where two tensors differ by more than a tolerance, which float32 needs unless given; `null` if nowhere. */
export function difference(
  found: Tensor | undefined,
  expected: Tensor,
  tolerance = 1e-5,
): string | null {
  if (found === undefined) return "is missing";
  if (found.dtype !== expected.dtype) return `is ${found.dtype}, not ${expected.dtype}`;
  if (String(found.shape) !== String(expected.shape))
    return `has shape [${found.shape}], not [${expected.shape}]`;
  const [a, b] = [found.toTypedArray(), expected.toTypedArray()];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    const isClose = x === y || Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y));
    if (!isClose && !(Number.isNaN(x) && Number.isNaN(y))) return `element ${i} is ${x}, not ${y}`;
  }
  return null;
}
