/**
 * Small models as JSON that people can read: for lessons, and for other programs.
 */
import type { DType, Tensor } from "@chainrule/core";
import { ArgumentError, dtypes, elementCount, fromTypedArray, quoted } from "@chainrule/core";
import { Module } from "@chainrule/nn";
import { FormatError } from "./errors.ts";
import type { NamedTensors } from "./names.ts";
import { checkNamedTensors, shown } from "./names.ts";

/** More numbers than this are no small model. */
const mostNumbers = 1_000_000;
const version = 1;
const words: ReadonlyMap<unknown, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0],
]);

/**
 * A module's parameters and buffers, or tensors by name, as JSON: each with its type, its shape and its numbers, a row a
 * line, in as few digits as give the same bits again. NaN, the infinities and −0 stand there as text.
 *
 * @throws {ArgumentError} for anything else, and for more than a million numbers: use `writeSafetensors`.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { writeJson } from "@chainrule/formats";
 * console.log(writeJson({ w: tensor([[0.1, 2], [3, 4]]), b: tensor(-1) }));
 * // →
 * // {
 * //   "format": "chainrule.tensors",
 * //   "version": 1,
 * //   "tensors": {
 * //     "w": { "dtype": "float32", "shape": [2, 2], "values": [
 * //       [0.1, 2],
 * //       [3, 4]
 * //     ] },
 * //     "b": { "dtype": "float32", "shape": [], "values": -1 }
 * //   }
 * // }
 */
export function writeJson(model: Module | NamedTensors): string {
  const where = "writeJson";
  const isModule = model instanceof Module;
  const tensors = checkNamedTensors(where, isModule ? model.stateDict() : model);
  const total = tensors.reduce((sum, [, x]) => sum + x.numel(), 0);
  if (total > mostNumbers) {
    throw new ArgumentError(
      `${where}: ${total} numbers are too many to be read by people; ${mostNumbers} are the most. Use writeSafetensors.`,
      { total },
    );
  }
  const entries = tensors.map(
    ([name, x]) =>
      `    ${JSON.stringify(name)}: { "dtype": "${x.dtype}", "shape": [${x.shape.join(", ")}], "values": ${valuesOf(x)} }`,
  );
  const fields = [
    `  "format": "chainrule.tensors"`,
    `  "version": ${version}`,
    ...(isModule
      ? [
          `  "model": ${JSON.stringify(String(model).split("\n"), null, 2).replaceAll("\n", "\n  ")}`,
        ]
      : []),
    `  "tensors": {${entries.length === 0 ? "" : `\n${entries.join(",\n")}\n  `}}`,
  ];
  return `{\n${fields.join(",\n")}\n}\n`;
}

/** Nested rows; the innermost on a line each. */
function valuesOf(x: Tensor): string {
  const text = Array.from(x.toTypedArray(), (value) => numberText(value, x.dtype));
  let level = text;
  for (let dim = x.ndim - 1; dim >= 0; dim--) {
    const length = x.shape[dim]!;
    const rows = elementCount(x.shape.slice(0, dim));
    const isInnermost = dim === x.ndim - 1;
    const indent = "  ".repeat(dim + 3);
    level = Array.from({ length: rows }, (_, row) => {
      const items = level.slice(row * length, (row + 1) * length);
      if (isInnermost || length === 0) return `[${items.join(", ")}]`;
      return `[\n${items.map((item) => `${indent}${item}`).join(",\n")}\n${indent.slice(2)}]`;
    });
  }
  return level[0]!;
}

function numberText(value: number, dtype: DType): string {
  if (dtype === "bool") return String(value !== 0);
  if (!Number.isFinite(value) || Object.is(value, -0)) {
    return JSON.stringify(Object.is(value, -0) ? "-0" : String(value));
  }
  if (dtype !== "float32" || Number.isInteger(value)) return String(value);
  // Nine digits are enough for any float32, and most need fewer.
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * The tensors in JSON of {@link writeJson}, by name; `loadStateDict(model, readJson(text))` puts them into a module.
 *
 * @throws {FormatError} for text that is no such JSON, naming the place in it.
 * @throws {ArgumentError} for anything but text.
 * @example
 * import { readJson, writeJson } from "@chainrule/formats";
 * import { Linear } from "@chainrule/nn";
 * const model = new Linear(2, 1);
 * const copy = new Linear(2, 1);
 * copy.loadStateDict(Object.fromEntries(readJson(writeJson(model))));
 * String(copy.weight) === String(model.weight); // → true
 */
export function readJson(text: string): Map<string, Tensor> {
  const where = "readJson";
  if (typeof text !== "string") {
    throw new ArgumentError(`${where}: expected text, not ${quoted(text)}.`);
  }
  const fail = (what: string): never => {
    throw new FormatError(where, null, what);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(`this is no JSON: ${reason}`);
  }
  const file = recordOf(parsed);
  if (file?.get("format") !== "chainrule.tensors") {
    return fail('the text has no "format": "chainrule.tensors"; writeJson did not make it.');
  }
  const found = file.get("version");
  if (found !== version) {
    const newer = typeof found === "number" && found > version;
    fail(
      `version ${quoted(found)} is not known; ${version} is.${newer ? " Update @chainrule/formats." : ""}`,
    );
  }
  const entries = recordOf(file.get("tensors")) ?? fail('"tensors" must be an object.');
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of entries) {
    const entry = recordOf(value) ?? fail(`${shown(name)} must be an object.`);
    tensors.set(name, tensorOf(name, entry, fail));
  }
  return tensors;
}

function recordOf(value: unknown): Map<string, unknown> | null {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  return new Map(Object.entries(value));
}

function tensorOf(
  name: string,
  entry: ReadonlyMap<string, unknown>,
  fail: (what: string) => never,
): Tensor {
  for (const key of entry.keys()) {
    if (!["dtype", "shape", "values"].includes(key)) {
      fail(`${shown(name)} has ${shown(key)}; known are dtype, shape and values.`);
    }
  }
  const dtype =
    dtypes.find((one) => one === entry.get("dtype")) ??
    fail(`${shown(name)} has the unknown dtype ${quoted(entry.get("dtype"))}.`);
  const shape: unknown = entry.get("shape");
  const isShape = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (!isShape(shape)) return fail(`${shown(name)} has no shape of whole numbers of at least 0.`);
  // Level by level, so that nothing recurses: all rows of a level must have the length that the shape says.
  let level: unknown[] = [entry.get("values")];
  for (const [dim, length] of shape.entries()) {
    const next: unknown[] = [];
    for (const row of level) {
      if (!Array.isArray(row) || row.length !== length) {
        const kind = Array.isArray(row) ? `a row of ${row.length}` : quoted(row);
        return fail(
          `${shown(name)}: dimension ${dim} has the length ${length}, but there is ${kind}.`,
        );
      }
      for (const item of row) next.push(item);
    }
    level = next;
  }
  const numbers = level.map((value) => {
    if (dtype === "bool" ? typeof value === "boolean" : typeof value === "number") {
      const number = Number(value);
      if (dtype === "int32" && number !== (number | 0))
        fail(`${shown(name)}: ${number} is no int32.`);
      return number;
    }
    const word = dtype === "float32" || dtype === "float64" ? words.get(value) : undefined;
    return word ?? fail(`${shown(name)}: ${quoted(value)} is no ${dtype}.`);
  });
  const arrays = {
    float32: Float32Array,
    float64: Float64Array,
    int32: Int32Array,
    bool: Uint8Array,
  };
  return fromTypedArray(arrays[dtype].from(numbers), shape);
}
