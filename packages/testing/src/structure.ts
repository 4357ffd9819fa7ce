/**
 * Tensors inside of arguments and results: in nested arrays and plain objects.
 */
import { Tensor } from "@chainrule/core";

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (value === null || typeof value !== "object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A tensor and where it stands: `x`, `[1]`, `.weight`. */
export interface Placed {
  readonly path: string;
  readonly tensor: Tensor;
}

/** Every tensor in a value, from left to right. What is neither array, plain object nor tensor is passed over. */
export function tensorsIn(value: unknown, path = ""): Placed[] {
  if (value instanceof Tensor) return [{ path, tensor: value }];
  if (Array.isArray(value)) {
    return value.flatMap((part: unknown, i) => tensorsIn(part, `${path}[${i}]`));
  }
  if (!isPlainObject(value)) return [];
  return Object.keys(value).flatMap((key) =>
    tensorsIn(value[key], path === "" ? key : `${path}.${key}`),
  );
}

/** The same value with other tensors in the places of its own, in the order of {@link tensorsIn}. */
export function withTensors(value: unknown, tensors: readonly Tensor[]): unknown {
  let next = 0;
  return mapLeaves(value, (leaf) => (leaf instanceof Tensor ? tensors[next++]! : leaf));
}

/** The same nesting with every leaf replaced. */
export function mapLeaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((part: unknown) => mapLeaves(part, change));
  if (!isPlainObject(value)) return change(value);
  return Object.fromEntries(Object.keys(value).map((key) => [key, mapLeaves(value[key], change)]));
}
