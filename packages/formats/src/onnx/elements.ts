/**
 * Tensors of an ONNX file: element types, and how their numbers are stored.
 */
import type { DType, Shape, TypedArray } from "@chainrule/core";
import { contiguousOperand, formatShape, fromTypedArray, type Tensor } from "@chainrule/core";
import type { FormatError } from "../errors.ts";
import { bfloat16, decodeSmallFloat, float16 } from "../small-floats.ts";
import { malformed } from "./errors.ts";
import type { TensorMessage } from "./messages.ts";
import type { Whole } from "./wire.ts";
import { offsetOf } from "./wire.ts";

/** The numbers that ONNX gives to the element types. */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  complex128: 15,
  bfloat16: 16,
} as const;

export type ElementType = keyof typeof elementTypes;

/** The element type that ONNX calls by a number. */
export function elementType(number: Whole | undefined, where: string, at: object): ElementType {
  for (const [name, value] of Object.entries(elementTypes))
    if (value === number) return name as ElementType;
  throw malformed(
    `${where}: ${number === undefined ? "the element type is missing" : `${number} is no element type that Chainrule knows`}.`,
    offsetOf(at),
  );
}

/** How an element type of a file is kept here; `null` for what has no counterpart. */
const keptAs: { readonly [T in ElementType]: DType | null } = {
  float32: "float32",
  float64: "float64",
  float16: "float32",
  bfloat16: "float32",
  int8: "int32",
  int16: "int32",
  int32: "int32",
  int64: "int32",
  uint8: "int32",
  uint16: "int32",
  uint32: "int32",
  uint64: "int32",
  bool: "bool",
  string: null,
  complex64: null,
  complex128: null,
};

/** The type in which tensors of an element type are kept: half precision as float32, all whole numbers as int32. */
export function dtypeOf(type: ElementType, where: string, at: object): DType {
  const dtype = keptAs[type];
  if (dtype === null) {
    throw malformed(`${where}: tensors of type ${type} have no counterpart.`, offsetOf(at), {
      type,
    });
  }
  return dtype;
}

/** Bytes of one element in raw data. */
const widths: { readonly [T in ElementType]: number } = {
  float32: 4,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  string: 0,
  bool: 1,
  float16: 2,
  float64: 8,
  uint32: 4,
  uint64: 8,
  complex64: 8,
  complex128: 16,
  bfloat16: 2,
};

/** Numbers further out than this stand for "to the end" where files write the largest int64. */
const farOut = 2 ** 62;
const largest = 2 ** 31 - 1;

/**
 * A whole number of a file as int32. Files write the extremes of int64 for "as far as there is", which become the
 * extremes of int32; anything else beyond int32 is refused.
 */
export function toInt32(value: Whole, where: string, at: object): number {
  const number = Number(value);
  if (number >= -largest - 1 && number <= largest) return number;
  if (number >= farOut) return largest;
  if (number <= -farOut) return -largest - 1;
  throw malformed(
    `${where}: ${value} does not fit into int32, in which whole numbers are kept.`,
    offsetOf(at),
    { value },
  );
}

/** The lengths of the dimensions, checked. */
export function shapeOf(dims: readonly Whole[], where: string, at: object): number[] {
  let count = 1;
  const shape = dims.map((length) => {
    if (typeof length !== "number" || length < 0) {
      throw malformed(`${where}: ${length} is no length of a dimension.`, offsetOf(at));
    }
    // A length of 0 must not hide that the others are beyond all bounds.
    count *= Math.max(length, 1);
    return length;
  });
  if (!Number.isSafeInteger(count)) {
    throw malformed(
      `${where}: a tensor of shape ${formatShape(shape)} has more elements than can be counted.`,
      offsetOf(at),
    );
  }
  return shape;
}

/** A tensor of the file, with the element type that it had there. */
export interface ReadTensor {
  readonly tensor: Tensor;
  readonly type: ElementType;
}

/**
 * Reads a tensor. Needs no more memory than the file has bytes, times the width of the type in which it is kept.
 *
 * @throws {FormatError} when its numbers are not as many as its shape says, lie in another file, or have a type without
 * counterpart.
 */
export function readTensor(message: TensorMessage, where: string): ReadTensor {
  const at = offsetOf(message);
  const type = elementType(message.dataType, where, message);
  const dtype = dtypeOf(type, where, message);
  const shape = shapeOf(message.dims, where, message);
  if (message.dataLocation === 1 || message.externalData.length > 0) {
    const location = message.externalData.find(({ key }) => key === "location")?.value;
    throw malformed(
      `${where}: its numbers lie in another file${location === undefined ? "" : ` (${JSON.stringify(location)})`}. Save the model as one file.`,
      at,
      { location },
    );
  }
  const count = shape.reduce((product, length) => product * length, 1);
  const { rawData } = message;
  const lists = [message.floatData, message.int32Data, message.int64Data, message.doubleData];
  const filled = [...lists, message.uint64Data].filter((list) => list.length > 0).length;
  if (filled > (rawData === undefined || rawData.length === 0 ? 1 : 0)) {
    throw malformed(`${where}: its numbers are stored more than once.`, at);
  }
  const data =
    rawData !== undefined && (rawData.length > 0 || filled === 0)
      ? readRaw(rawData, type, count, where, message)
      : readList(message, type, count, where);
  const target = dtype === "float32" ? Float32Array : dtype === "float64" ? Float64Array : null;
  const typed =
    target !== null
      ? data instanceof target
        ? data
        : target.from(data)
      : dtype === "bool"
        ? Uint8Array.from(data, (value) => (value === 0 ? 0 : 1))
        : Int32Array.from(data);
  return { tensor: fromTypedArray(typed, shape), type };
}

function wrongCount(
  where: string,
  message: TensorMessage,
  stored: string,
  count: number,
): FormatError {
  return malformed(
    `${where}: ${stored} stored for the ${count} element${count === 1 ? "" : "s"} of shape ${formatShape(message.dims.map(Number))}.`,
    offsetOf(message),
    { expected: count },
  );
}

/** Numbers in raw bytes, little endian. */
function readRaw(
  bytes: Uint8Array,
  type: ElementType,
  count: number,
  where: string,
  message: TensorMessage,
): TypedArray | Float64Array {
  const width = widths[type];
  if (bytes.length !== count * width) {
    throw wrongCount(where, message, `${bytes.length} bytes of ${type} are`, count);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = readers[type];
  if (read === undefined) return new Float64Array(0);
  const values =
    type === "float32" || type === "float16" || type === "bfloat16"
      ? new Float32Array(count)
      : new Float64Array(count);
  if (type === "int64" || type === "uint64") {
    for (let i = 0; i < count; i++) {
      const value =
        type === "int64" ? view.getBigInt64(8 * i, true) : view.getBigUint64(8 * i, true);
      values[i] = toInt32(value, where, message);
    }
    return values;
  }
  for (let i = 0; i < count; i++) values[i] = read(view, i * width);
  if (type === "uint32") for (const value of values) toInt32(value, where, message);
  return values;
}

const readers: Partial<Readonly<Record<ElementType, (view: DataView, at: number) => number>>> = {
  float32: (view, at) => view.getFloat32(at, true),
  float64: (view, at) => view.getFloat64(at, true),
  float16: (view, at) => decodeSmallFloat(float16, view.getUint16(at, true)),
  bfloat16: (view, at) => decodeSmallFloat(bfloat16, view.getUint16(at, true)),
  int8: (view, at) => view.getInt8(at),
  int16: (view, at) => view.getInt16(at, true),
  int32: (view, at) => view.getInt32(at, true),
  int64: (view, at) => Number(view.getBigInt64(at, true)),
  uint8: (view, at) => view.getUint8(at),
  uint16: (view, at) => view.getUint16(at, true),
  uint32: (view, at) => view.getUint32(at, true),
  uint64: (view, at) => Number(view.getBigUint64(at, true)),
  bool: (view, at) => view.getUint8(at),
};

/** In which list of the message numbers of a type are stored when they are not raw. */
function listOf(message: TensorMessage, type: ElementType): readonly Whole[] {
  switch (type) {
    case "float32":
      return message.floatData;
    case "float64":
      return message.doubleData;
    case "int64":
      return message.int64Data;
    case "uint32":
    case "uint64":
      return message.uint64Data;
    default:
      return message.int32Data;
  }
}

function readList(
  message: TensorMessage,
  type: ElementType,
  count: number,
  where: string,
): number[] {
  const list = listOf(message, type);
  if (list.length !== count) {
    throw wrongCount(
      where,
      message,
      `${list.length} number${list.length === 1 ? " is" : "s are"}`,
      count,
    );
  }
  if (type === "float32" || type === "float64") return list.map(Number);
  // Half precision is stored as the bits of its numbers.
  if (type === "float16")
    return list.map((bits) => decodeSmallFloat(float16, Number(bits) & 0xffff));
  if (type === "bfloat16")
    return list.map((bits) => decodeSmallFloat(bfloat16, Number(bits) & 0xffff));
  return list.map((value) => toInt32(value, where, message));
}

/** A tensor as a message, its numbers raw and little endian. */
export function writeTensor(name: string, x: Tensor): TensorMessage {
  const { storage, offset } = contiguousOperand(x);
  const { data } = storage;
  const count = x.numel();
  const width = widths[x.dtype];
  const bytes = new Uint8Array(count * width);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    const value = data[offset + i]!;
    if (x.dtype === "float32") view.setFloat32(4 * i, value, true);
    else if (x.dtype === "float64") view.setFloat64(8 * i, value, true);
    else if (x.dtype === "int32") view.setInt32(4 * i, value, true);
    else bytes[i] = value;
  }
  return tensorMessage(name, x.dtype, x.shape, bytes);
}

/** A list of int64, which ONNX wants for shapes, axes and the like. */
export function writeInt64s(name: string, values: readonly number[], shape: Shape): TensorMessage {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setBigInt64(8 * i, BigInt(value), true);
  return tensorMessage(name, "int64", shape, bytes);
}

function tensorMessage(
  name: string,
  type: ElementType,
  dims: Shape,
  rawData: Uint8Array,
): TensorMessage {
  return {
    name,
    dims,
    dataType: elementTypes[type],
    rawData,
    floatData: [],
    int32Data: [],
    stringData: [],
    int64Data: [],
    doubleData: [],
    uint64Data: [],
    externalData: [],
  };
}
