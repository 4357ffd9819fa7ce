/**
 * Elements as files store them, and as tensors hold them.
 */
import type { DType, Tensor, TypedArray } from "@chainrule/core";
import { ArgumentError, DTypeError, quoted } from "@chainrule/core";
import { FormatError } from "./errors.ts";
import type { SmallFloat } from "./small-floats.ts";
import {
  bfloat16,
  encodeSmallFloat,
  float8e4m3,
  float8e5m2,
  float16,
  tableOf,
  tableOfScales,
  tableWithoutNegativeZero,
} from "./small-floats.ts";

/**
 * An element type of files, under its name in safetensors.
 *
 * | stored | read as | |
 * | --- | --- | --- |
 * | `BOOL` | bool | bytes 0 and 1 |
 * | `U8` `I8` `U16` `I16` `I32` | int32 | exact |
 * | `U32` `I64` `U64` | int32, or float64 if asked for | int32: refused where it does not fit; float64: rounded to nearest |
 * | `F8_E5M2` `F8_E4M3` `F16` `BF16` `F32` | float32 | exact |
 * | `F8_E5M2FNUZ` `F8_E4M3FNUZ` `F8_E8M0` | float32 | exact; never written |
 * | `F64` | float64 | exact |
 *
 * Numbers are rounded to nearest, ties to even, where a tensor is written in a smaller floating type.
 */
export type StoredType = keyof typeof storedTypes;

/** Options of whatever reads tensors. */
export interface ReadOptions {
  /** What `U32`, `I64` and `U64` become: int32, unless given, which refuses what does not fit, or float64. */
  wideIntegers?: "int32" | "float64";
}

export const readOptionNames: readonly (keyof ReadOptions)[] = ["wideIntegers"];

interface Stored {
  /** Bytes of one element. */
  readonly size: number;
  /** The type of the tensor that holds them. */
  readonly dtype: DType;
  /** Whole numbers: the smallest and the largest. */
  readonly range?: readonly [least: number, most: number];
  /** Floating numbers smaller than float32, which can be written. */
  readonly float?: SmallFloat;
  /** The numbers by code, of types that are only read. */
  readonly table?: () => Float32Array;
}

const storedTypes = {
  BOOL: { size: 1, dtype: "bool" },
  U8: { size: 1, dtype: "int32", range: [0, 255] },
  I8: { size: 1, dtype: "int32", range: [-128, 127] },
  F8_E5M2: { size: 1, dtype: "float32", float: float8e5m2 },
  F8_E4M3: { size: 1, dtype: "float32", float: float8e4m3 },
  F8_E5M2FNUZ: { size: 1, dtype: "float32", table: () => tableWithoutNegativeZero(5) },
  F8_E4M3FNUZ: { size: 1, dtype: "float32", table: () => tableWithoutNegativeZero(4) },
  F8_E8M0: { size: 1, dtype: "float32", table: tableOfScales },
  U16: { size: 2, dtype: "int32", range: [0, 65535] },
  I16: { size: 2, dtype: "int32", range: [-32768, 32767] },
  F16: { size: 2, dtype: "float32", float: float16 },
  BF16: { size: 2, dtype: "float32", float: bfloat16 },
  U32: { size: 4, dtype: "int32", range: [0, 2 ** 32 - 1] },
  I32: { size: 4, dtype: "int32", range: [-(2 ** 31), 2 ** 31 - 1] },
  F32: { size: 4, dtype: "float32" },
  U64: { size: 8, dtype: "int32", range: [0, 2 ** 64] },
  I64: { size: 8, dtype: "int32", range: [-(2 ** 63), 2 ** 63] },
  F64: { size: 8, dtype: "float64" },
} satisfies Record<string, Stored>;

/** The types by name; a Map, since names come from files. */
export const stored: ReadonlyMap<string, Stored> = new Map(Object.entries(storedTypes));

export function isStoredType(name: unknown): name is StoredType {
  return typeof name === "string" && stored.has(name);
}

/** Bytes of one element. */
export function sizeOf(type: StoredType): number {
  return storedTypes[type].size;
}

/** The type in which a tensor is stored as it is. */
export function ownType(dtype: DType): StoredType {
  switch (dtype) {
    case "float32":
      return "F32";
    case "float64":
      return "F64";
    case "int32":
      return "I32";
    case "bool":
      return "BOOL";
  }
}

/** Checks `wideIntegers`. */
export function checkReadOptions(where: string, options: ReadOptions | undefined): void {
  const { wideIntegers = "int32" } = options ?? {};
  if (wideIntegers !== "int32" && wideIntegers !== "float64") {
    throw new DTypeError(
      `${where}: wideIntegers must be "int32" or "float64", not ${quoted(wideIntegers)}.`,
      { wideIntegers },
    );
  }
}

const littleEndianHost = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** The numbers of small floating types by code, as far as they were needed. */
const tables = new Map<StoredType, Float32Array>();

/** Where elements lie, for messages. */
export interface Place {
  /** The function that reads them. */
  readonly where: string;
  /** What they belong to: `tensor "w"`. */
  readonly what: string;
  /** The byte of the file at which they begin. */
  readonly offset: number;
}

/**
 * The elements in `bytes`, as an array of a tensor's type.
 *
 * @throws {FormatError} for bytes that are no bool, and for whole numbers that do not fit into int32.
 */
export function decodeElements(
  bytes: Uint8Array,
  type: StoredType,
  place: Place,
  options: ReadOptions = {},
  bigEndian = false,
): TypedArray {
  const { size, float, table: makeTable }: Stored = storedTypes[type];
  const count = bytes.length / size;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = !bigEndian;
  if (float !== undefined || makeTable !== undefined) {
    const table = tables.get(type) ?? (float === undefined ? makeTable!() : tableOf(float));
    tables.set(type, table);
    const numbers = new Float32Array(count);
    if (size === 1) for (let i = 0; i < count; i++) numbers[i] = table[bytes[i]!]!;
    else for (let i = 0; i < count; i++) numbers[i] = table[view.getUint16(2 * i, little)]!;
    return numbers;
  }
  switch (type) {
    case "F32":
    case "F64":
    case "I32": {
      const copy = new Uint8Array(bytes.length);
      copy.set(bytes);
      if (little !== littleEndianHost) reverseEach(copy, size);
      if (type === "F32") return new Float32Array(copy.buffer);
      return type === "F64" ? new Float64Array(copy.buffer) : new Int32Array(copy.buffer);
    }
    case "BOOL": {
      for (let i = 0; i < count; i++) {
        if (bytes[i]! > 1) {
          throw new FormatError(
            place.where,
            place.offset + i,
            `element ${i} of ${place.what} is ${bytes[i]}, but a bool is 0 or 1.`,
          );
        }
      }
      return bytes.slice();
    }
    case "U8":
      return new Int32Array(bytes);
    case "I8":
      return new Int32Array(new Int8Array(bytes.buffer, bytes.byteOffset, count));
    case "U16":
      return Int32Array.from({ length: count }, (_, i) => view.getUint16(2 * i, little));
    case "I16":
      return Int32Array.from({ length: count }, (_, i) => view.getInt16(2 * i, little));
    case "U32":
    case "U64":
    case "I64":
      return decodeWide(view, type, count, little, place, options);
    default:
      throw new DTypeError(`${place.where}: ${type} is not read here.`);
  }
}

function decodeWide(
  view: DataView,
  type: "U32" | "U64" | "I64",
  count: number,
  little: boolean,
  place: Place,
  { wideIntegers = "int32" }: ReadOptions,
): TypedArray {
  const size = type === "U32" ? 4 : 8;
  const exact = wideIntegers === "int32";
  const numbers = exact ? new Int32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const at = size * i;
    let value: number;
    if (size === 4) value = view.getUint32(at, little);
    else {
      const low = view.getUint32(little ? at : at + 4, little);
      const highAt = little ? at + 4 : at;
      const high = type === "I64" ? view.getInt32(highAt, little) : view.getUint32(highAt, little);
      // The first product is exact, so the sum is rounded once.
      value = high * 2 ** 32 + low;
    }
    if (exact && value !== (value | 0)) {
      throw new FormatError(
        place.where,
        place.offset + at,
        `element ${i} of ${place.what}, of type ${type}, is ${value}, which does not fit into int32. To read such numbers in double precision, give { wideIntegers: "float64" }.`,
        { value },
      );
    }
    numbers[i] = value;
  }
  return numbers;
}

/** Turns the bytes of each element round. */
function reverseEach(bytes: Uint8Array, size: number): void {
  for (let start = 0; start < bytes.length; start += size) {
    bytes.subarray(start, start + size).reverse();
  }
}

/**
 * The bytes of a tensor, little-endian and in row-major order.
 *
 * @throws {DTypeError} when a floating tensor would be stored as whole numbers, or a bool one as anything but BOOL or U8.
 * @throws {ArgumentError} for a whole number that the type cannot hold.
 */
export function encodeElements(
  x: Tensor,
  type: StoredType,
  where: string,
  what: string,
): Uint8Array {
  const numbers = x.toTypedArray();
  const { size, dtype, range, float, table }: Stored = storedTypes[type];
  if (table !== undefined) {
    throw new DTypeError(
      `${where}: ${what} cannot be stored as ${type}, a type that is only read.`,
      {
        type,
      },
    );
  }
  if (type === ownType(x.dtype)) {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    if (!littleEndianHost) reverseEach(bytes, size);
    return bytes;
  }
  const floating = x.dtype === "float32" || x.dtype === "float64";
  const fits =
    x.dtype === "bool"
      ? type === "U8"
      : floating
        ? range === undefined && type !== "BOOL"
        : dtype !== "bool";
  if (!fits) {
    throw new DTypeError(
      `${where}: ${what} is ${x.dtype} and cannot be stored as ${type}. Convert it first: x.to(…).`,
      { dtype: x.dtype, type },
    );
  }
  const bytes = new Uint8Array(numbers.length * size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i]!;
    if (range !== undefined && (value < range[0] || value > range[1])) {
      throw new ArgumentError(
        `${where}: element ${i} of ${what} is ${value}, but ${type} holds whole numbers from ${range[0]} to ${range[1]}.`,
        { value, type },
      );
    }
    const at = i * size;
    if (float !== undefined) {
      const code = encodeSmallFloat(float, value);
      if (size === 1) bytes[at] = code;
      else view.setUint16(at, code, true);
    } else if (type === "F32") view.setFloat32(at, value, true);
    else if (type === "F64") view.setFloat64(at, value, true);
    else if (size === 1) bytes[at] = value;
    else if (size === 2) view.setUint16(at, value, true);
    else {
      view.setUint32(at, value, true);
      if (size === 8) view.setInt32(at + 4, value < 0 ? -1 : 0, true);
    }
  }
  return bytes;
}
