/**
 * Plain data with tensors in it, as JSON beside tensors by name.
 *
 * What JSON can say stands for itself; everything else is an object with one key that says what it is:
 *
 * | value | JSON |
 * | --- | --- |
 * | an object | `{ "object": { … } }` |
 * | NaN, ±Infinity, −0 | `{ "number": "NaN" }` |
 * | undefined, a bigint | `{ "undefined": true }`, `{ "bigint": "12" }` |
 * | a Map, a Set | `{ "map": [[key, value], …] }`, `{ "set": […] }` |
 * | a tensor | `{ "tensor": "name" }` |
 * | a typed array | `{ "Float64Array": "name" }` |
 */
import type { DType, TypedArray } from "@chainrule/core";
import { ArgumentError, fromTypedArray, quoted, Tensor } from "@chainrule/core";
import { FormatError } from "../errors.ts";
import { checkName, shown } from "../names.ts";

/** Data may be nested as deep as this; a cycle is found by it. */
const deepest = 100;

/** The longest bigint; longer ones take long to read. */
const mostDigits = 1000;

/** Typed arrays that can be saved, with the type of the tensor that carries their numbers. */
const arrayKinds: ReadonlyMap<string, { dtype: DType; make(numbers: TypedArray): TypedArray }> =
  new Map([
    ["Float32Array", { dtype: "float32", make: (numbers) => Float32Array.from(numbers) }],
    ["Float64Array", { dtype: "float64", make: (numbers) => Float64Array.from(numbers) }],
    ["Int32Array", { dtype: "int32", make: (numbers) => Int32Array.from(numbers) }],
    ["Uint8Array", { dtype: "int32", make: (numbers) => Uint8Array.from(numbers) }],
  ]);

/** Data as JSON, and the tensors that were in it. */
export interface Encoded {
  readonly json: unknown;
  readonly tensors: Map<string, Tensor>;
}

/**
 * Takes data apart. Tensors are named by their paths, such as `model.fc.weight`.
 *
 * @throws {ArgumentError} naming the path, for what cannot be saved: functions, instances of classes, cycles.
 */
export function encodeData(where: string, data: ReadonlyMap<string, unknown>): Encoded {
  const tensors = new Map<string, Tensor>();
  const add = (path: string, x: Tensor): string => {
    let name = path;
    for (let i = 2; tensors.has(name) || name === "__metadata__"; i++) name = `${path}#${i}`;
    tensors.set(name, x);
    return name;
  };
  const encode = (value: unknown, path: string, depth: number): unknown => {
    if (depth > deepest) {
      throw new ArgumentError(
        `${where}: ${shown(path)} is nested deeper than ${deepest} levels. Is it part of itself?`,
      );
    }
    const inner = (item: unknown, name: string): unknown =>
      encode(item, joined(path, name), depth + 1);
    switch (typeof value) {
      case "number":
        if (Number.isFinite(value) && !Object.is(value, -0)) return value;
        return { number: Object.is(value, -0) ? "-0" : String(value) };
      case "string":
        checkName(where, value);
        return value;
      case "boolean":
        return value;
      case "undefined":
        return { undefined: true };
      case "bigint":
        return { bigint: bigintText(where, value, path) };
    }
    if (value === null) return null;
    if (value instanceof Tensor) return { tensor: add(path, value) };
    if (Array.isArray(value)) return value.map((item, i) => inner(item, String(i)));
    if (value instanceof Map) {
      return {
        map: Array.from(value, ([key, item], i) => [
          inner(key, `${i}.key`),
          inner(item, String(key)),
        ]),
      };
    }
    if (value instanceof Set)
      return { set: Array.from(value, (item, i) => inner(item, String(i))) };
    const kind = ArrayBuffer.isView(value) ? value.constructor.name : "";
    if (arrayKinds.has(kind)) {
      const numbers = value as TypedArray;
      const carried = numbers instanceof Uint8Array ? Int32Array.from(numbers) : numbers.slice();
      return { [kind]: add(path, fromTypedArray(carried)) };
    }
    const prototype: unknown = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
    if (typeof value !== "object" || (prototype !== null && prototype !== Object.prototype)) {
      throw new ArgumentError(
        `${where}: ${shown(path)} is ${quoted(value)}, which cannot be saved. Plain data, tensors and what has stateDict() and loadStateDict() can.`,
        { path },
      );
    }
    return {
      object: Object.fromEntries(
        Object.entries(value).map(([key, item]) => {
          checkName(where, key);
          return [key, inner(item, key)];
        }),
      ),
    };
  };
  const json = Object.fromEntries(
    Array.from(data, ([name, value]) => [name, encode(value, name, 0)]),
  );
  return { json, tensors };
}

function bigintText(where: string, value: bigint, path: string): string {
  const text = String(value);
  if (text.length <= mostDigits) return text;
  throw new ArgumentError(
    `${where}: ${shown(path)} is a bigint of ${text.length} digits; ${mostDigits} are the most.`,
    { path },
  );
}

function joined(path: string, name: string): string {
  return `${path}.${name}`;
}

/**
 * Puts data together again.
 *
 * @throws {FormatError} for JSON that {@link encodeData} did not make.
 */
export function decodeData(
  where: string,
  json: unknown,
  tensors: ReadonlyMap<string, Tensor>,
): Map<string, unknown> {
  const fail = (path: string, what: string): never => {
    throw new FormatError(where, null, `${shown(path)} ${what}.`, { path });
  };
  const tensorOf = (name: unknown, path: string): Tensor => {
    const found = typeof name === "string" ? tensors.get(name) : undefined;
    return found ?? fail(path, `names a tensor ${quoted(name)} that is not in the file`);
  };
  const list = (value: unknown, path: string): unknown[] =>
    Array.isArray(value) ? value : fail(path, "should be a list");
  const decode = (value: unknown, path: string, depth: number): unknown => {
    if (depth > deepest) fail(path, `is nested deeper than ${deepest} levels`);
    const inner = (item: unknown, name: string): unknown =>
      decode(item, joined(path, name), depth + 1);
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map((item, i) => inner(item, String(i)));
    const [pair, ...more] = Object.entries(value);
    if (pair === undefined || more.length > 0) return fail(path, "does not say of what kind it is");
    const [kind, content] = pair;
    switch (kind) {
      case "object":
        if (content === null || typeof content !== "object") return fail(path, "is no object");
        return Object.fromEntries(
          Object.entries(content).map(([key, item]) => [key, inner(item, key)]),
        );
      case "number": {
        const numbers = new Map([
          ["NaN", Number.NaN],
          ["-0", -0],
          ["Infinity", Infinity],
          ["-Infinity", -Infinity],
        ]);
        return numbers.get(content) ?? fail(path, `is no number but ${quoted(content)}`);
      }
      case "undefined":
        return undefined;
      case "bigint":
        if (typeof content !== "string" || content.length > mostDigits || !/^-?\d+$/.test(content))
          return fail(path, "is no bigint");
        return BigInt(content);
      case "map":
        return new Map(
          list(content, path).map((entry, i) => {
            const [key, item] = list(entry, path);
            return [inner(key, `${i}.key`), inner(item, String(i))];
          }),
        );
      case "set":
        return new Set(list(content, path).map((item, i) => inner(item, String(i))));
      case "tensor":
        return tensorOf(content, path);
    }
    const array = arrayKinds.get(kind);
    if (array === undefined) return fail(path, `is of the unknown kind ${shown(kind)}`);
    const carrier = tensorOf(content, path);
    if (carrier.dtype !== array.dtype) fail(path, `is a ${kind} of ${carrier.dtype}`);
    return array.make(carrier.toTypedArray());
  };
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    return fail("the state", "is no object");
  }
  return new Map(Object.entries(json).map(([name, value]) => [name, decode(value, name, 0)]));
}
