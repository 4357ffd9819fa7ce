/**
 * Nested plain objects and arrays of tensors: what functions are differentiated over.
 */
import { ArgumentError, quoted } from "../errors.ts";
import { Tensor } from "../tensor.ts";

/** A tensor or number, or arrays and plain objects of such, to any depth. */
export type Structure =
  | Tensor
  | number
  | readonly Structure[]
  | { readonly [key: string]: Structure };

/** The same nesting with a tensor at every leaf. */
export type Tensors<T> = [Tensor] extends [T]
  ? Tensor
  : T extends Tensor | number
    ? Tensor
    : T extends readonly unknown[]
      ? { [K in keyof T]: Tensors<T[K]> }
      : T extends object
        ? { [K in keyof T]: Tensors<T[K]> }
        : never;

/** The leaves of a structure from left to right, keys in their own order. */
export function leavesOf(
  where: string,
  structure: unknown,
  path = "the argument",
): (Tensor | number)[] {
  if (structure instanceof Tensor || typeof structure === "number") return [structure];
  if (Array.isArray(structure))
    return structure.flatMap((part, i) => leavesOf(where, part, `${path}[${i}]`));
  if (isPlainObject(structure)) {
    return Object.keys(structure).flatMap((key) =>
      leavesOf(where, structure[key], `${path}.${key}`),
    );
  }
  throw new ArgumentError(
    `${where}: ${path} must be a tensor, a number, or arrays and plain objects of these, not ${quoted(structure)}.`,
    { path },
  );
}

/** The same nesting with other leaves, taken in order. */
export function rebuilt<T>(structure: T, leaves: readonly Tensor[]): Tensors<T> {
  let next = 0;
  const build = (part: unknown): unknown => {
    if (part instanceof Tensor || typeof part === "number") return leaves[next++];
    if (Array.isArray(part)) return part.map(build);
    // Entries are defined, not assigned, so that a key such as "__proto__" stays data.
    const source = part as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(source)) {
      Object.defineProperty(result, key, {
        value: build(source[key]),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return result;
  };
  return build(structure) as Tensors<T>;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (value === null || typeof value !== "object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
