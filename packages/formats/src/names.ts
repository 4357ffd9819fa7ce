/**
 * Tensors by name.
 */
import { ArgumentError, quoted, Tensor } from "@chainrule/core";

/** Tensors by name, in a Map or a plain object such as `stateDict()` gives. */
export type NamedTensors = ReadonlyMap<string, Tensor> | Readonly<Record<string, Tensor>>;

/** Names and values of a Map or a plain object. @throws {ArgumentError} for anything else. */
export function entriesOf<Value>(
  where: string,
  what: string,
  named: ReadonlyMap<string, Value> | Readonly<Record<string, Value>>,
): [name: string, value: Value][] {
  if (named instanceof Map) return [...named];
  const isObject = named !== null && typeof named === "object" && !Array.isArray(named);
  if (!isObject || named instanceof Tensor) {
    throw new ArgumentError(
      `${where}: expected ${what} by name, in a Map or a plain object, not ${quoted(named)}.`,
    );
  }
  return Object.entries(named);
}

/** The tensors of a Map or a plain object. @throws {ArgumentError} for names or values of another kind. */
export function checkNamedTensors(where: string, tensors: NamedTensors): [string, Tensor][] {
  const entries = entriesOf(where, "tensors", tensors);
  for (const [name, value] of entries) {
    checkName(where, name);
    if (!(value instanceof Tensor)) {
      throw new ArgumentError(`${where}: ${quoted(name)} is no tensor but ${quoted(value)}.`, {
        name,
      });
    }
  }
  return entries;
}

/** Refuses what is no string, or has half of a surrogate pair: UTF-8 cannot say it. */
export function checkName(where: string, name: unknown): void {
  if (typeof name !== "string") {
    throw new ArgumentError(`${where}: a name is a string, not ${quoted(name)}.`, { name });
  }
  if (/\p{Surrogate}/u.test(name)) {
    throw new ArgumentError(
      `${where}: the name ${quoted(name)} has half of a surrogate pair, which is no character.`,
      { name },
    );
  }
}

/** A name from a file for a message: a long one is cut short. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

/** Refuses what is no tensor. */
export function checkTensor(where: string, x: unknown): Tensor {
  if (x instanceof Tensor) return x;
  throw new ArgumentError(`${where}: expected a tensor, not ${quoted(x)}.`);
}
