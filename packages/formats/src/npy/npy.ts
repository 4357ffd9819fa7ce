/**
 * NumPy's .npy files: one array each.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkOptions,
  contiguousCopy,
  fromTypedArray,
  quoted,
} from "@chainrule/core";
import type { ReadOptions, StoredType } from "../elements.ts";
import {
  checkReadOptions,
  decodeElements,
  encodeElements,
  ownType,
  readOptionNames,
  sizeOf,
} from "../elements.ts";
import { FormatError } from "../errors.ts";
import { checkTensor } from "../names.ts";
import { checkBytes } from "../source.ts";
import { magic, npyTypes, parseNpyHeader } from "./header.ts";

/** The most dimensions that NumPy has. */
const mostDimensions = 64;

/**
 * The array in an .npy file: versions 1 to 3, little- or big-endian, in C or Fortran order, of bools, whole or floating
 * numbers; the element types become those of tensors as {@link StoredType} says. Pickled objects are never read.
 *
 * @throws {FormatError} naming the byte, for a file that breaks the rules, and for arrays of anything but numbers.
 * @throws {ArgumentError} for anything but bytes, and for unknown options.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { readNpy, writeNpy } from "@chainrule/formats";
 * const bytes = writeNpy(tensor([[1, 2, 3], [4, 5, 6]]));
 * bytes.length; // → 152
 * readNpy(bytes); // → tensor([[1, 2, 3], [4, 5, 6]])
 */
export function readNpy(bytes: Uint8Array | ArrayBuffer, options?: ReadOptions): Tensor {
  const where = "readNpy";
  checkOptions(where, options, readOptionNames);
  checkReadOptions(where, options);
  return decodeNpy(where, "the array", checkBytes(where, bytes), 0, options);
}

/** The array in the bytes of an .npy file, which begins at byte `start` of the file that errors speak of. */
export function decodeNpy(
  where: string,
  what: string,
  bytes: Uint8Array,
  start: number,
  options: ReadOptions | undefined,
): Tensor {
  const { type, bigEndian, fortranOrder, shape, dataStart } = parseNpyHeader(where, bytes, start);
  if (shape.length > mostDimensions) {
    throw new FormatError(
      where,
      start,
      `${what} has ${shape.length} dimensions; ${mostDimensions} are the most.`,
    );
  }
  let expected = sizeOf(type);
  for (const length of shape) {
    expected *= length;
    if (expected > Number.MAX_SAFE_INTEGER) {
      throw new FormatError(where, start, `${what} would have more than 2⁵³ bytes.`, { shape });
    }
  }
  const found = bytes.length - dataStart;
  if (expected !== found) {
    throw new FormatError(
      where,
      start + (expected > found ? bytes.length : dataStart + expected),
      `${what}, ${type} [${shape.join(", ")}], needs ${expected} bytes behind its header, but there are ${found}.${expected > found ? " Was the file cut off?" : ""}`,
      { shape, type },
    );
  }
  const place = { where, what, offset: start + dataStart };
  const data = bytes.subarray(dataStart);
  const elements = decodeElements(data, type, place, options, bigEndian);
  if (!fortranOrder || shape.length < 2) return fromTypedArray(elements, shape);
  const reversed = shape.map((_, i) => shape.length - 1 - i);
  const turned = fromTypedArray(elements, [...shape].reverse());
  return contiguousCopy(turned.permute(reversed));
}

/** Options of {@link writeNpy}. */
export interface NpyOptions {
  /** The type in which the numbers are stored, rounded to nearest; the tensor's own unless given. */
  type?: StoredType;
}

/**
 * The bytes of an .npy file (version 1.0, C order, little-endian) with this tensor.
 *
 * @throws {ArgumentError} for anything but a tensor, unknown options, and types that NumPy does not have.
 * @throws {DTypeError} for a type that the tensor cannot be stored as.
 */
export function writeNpy(x: Tensor, options?: NpyOptions): Uint8Array<ArrayBuffer> {
  const where = "writeNpy";
  checkOptions(where, options, ["type"]);
  return encodeNpy(where, "the tensor", checkTensor(where, x), options?.type);
}

export function encodeNpy(
  where: string,
  what: string,
  x: Tensor,
  type: StoredType = ownType(x.dtype),
): Uint8Array<ArrayBuffer> {
  const code = [...npyTypes].find(([, other]) => other === type)?.[0];
  if (code === undefined) {
    throw new ArgumentError(
      `${where}: NumPy has no type ${quoted(type)}; it has ${[...npyTypes.values()].join(", ")}.`,
      { type },
    );
  }
  const order = sizeOf(type) === 1 ? "|" : "<";
  const lengths = x.shape.map((length) => `${length},`).join(" ");
  const shape = x.ndim > 1 ? lengths.slice(0, -1) : lengths;
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${shape}), }`;
  // The numbers begin at a multiple of 64 bytes, behind spaces and a line break.
  const dataStart = Math.ceil((10 + text.length + 1) / 64) * 64;
  const elements = encodeElements(x, type, where, what);
  const bytes = new Uint8Array(dataStart + elements.length);
  bytes.set(magic);
  bytes[6] = 1;
  new DataView(bytes.buffer).setUint16(8, dataStart - 10, true);
  bytes.fill(0x20, 10, dataStart);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[dataStart - 1] = 0x0a;
  bytes.set(elements, dataStart);
  return bytes;
}
