/**
 * The header of an .npy file: a Python dictionary of three fixed keys.
 *
 * Source: NumPy Enhancement Proposal 1 and the documentation of `numpy.lib.format`.
 */
import type { StoredType } from "../elements.ts";
import { FormatError } from "../errors.ts";
import { shown } from "../names.ts";
import { LiteralReader } from "./literal.ts";

/** What the header says. */
export interface NpyHeader {
  readonly type: StoredType;
  readonly bigEndian: boolean;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** The first byte of the numbers. */
  readonly dataStart: number;
}

/** `\x93NUMPY` */
export const magic: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** NumPy's codes for the types that tensors can hold: kind and bytes of one element. */
export const npyTypes: ReadonlyMap<string, StoredType> = new Map([
  ["b1", "BOOL"],
  ["u1", "U8"],
  ["i1", "I8"],
  ["u2", "U16"],
  ["i2", "I16"],
  ["u4", "U32"],
  ["i4", "I32"],
  ["u8", "U64"],
  ["i8", "I64"],
  ["f2", "F16"],
  ["f4", "F32"],
  ["f8", "F64"],
]);

/** What the kinds of NumPy's other types are, for messages. */
const otherKinds: ReadonlyMap<string, string> = new Map([
  ["c", "complex numbers"],
  ["f", "floating numbers of extended precision"],
  ["S", "byte strings"],
  ["a", "byte strings"],
  ["U", "text"],
  ["M", "dates"],
  ["m", "durations"],
  ["V", "raw bytes or records"],
]);

/**
 * Reads the header at the beginning of a file.
 *
 * @throws {FormatError} naming the byte; offsets are counted from `start`, the place of the file in an archive.
 */
export function parseNpyHeader(where: string, bytes: Uint8Array, start: number): NpyHeader {
  const fail = (at: number, what: string): never => {
    throw new FormatError(where, start + at, what);
  };
  const different = magic.findIndex((byte, i) => bytes[i] !== byte);
  if (different >= bytes.length) fail(bytes.length, "the file ends within its first six bytes.");
  if (different >= 0) fail(different, "this is no .npy file: it does not begin with \\x93NUMPY.");
  const [major, minor] = [bytes[6], bytes[7]];
  if (major === undefined || minor === undefined) {
    return fail(bytes.length, "the file ends before its version.");
  }
  if (major < 1 || major > 3 || minor !== 0) {
    fail(6, `version ${major}.${minor} of the format is not known; 1.0, 2.0 and 3.0 are.`);
  }
  const textStart = major === 1 ? 10 : 12;
  if (bytes.length < textStart)
    fail(bytes.length, "the file ends before the length of its header.");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = textStart + length;
  if (dataStart > bytes.length) {
    fail(
      8,
      `the header has ${length} bytes, but the file ends ${bytes.length - textStart} bytes behind its length. Was it cut off?`,
    );
  }
  const text = bytes.subarray(textStart, dataStart);
  const literal = new LiteralReader(where, text, start + textStart, major === 3);
  const { descr, descrAt, fortranOrder, shape } = literal.dictionary();
  const { type, bigEndian } = typeOf(where, descr, start + textStart + descrAt);
  return { type, bigEndian, fortranOrder, shape, dataStart };
}

function typeOf(
  where: string,
  descr: string,
  at: number,
): { type: StoredType; bigEndian: boolean } {
  const match = /^([<>|=]?)([A-Za-z?])(\d*)(\[.*\])?$/.exec(descr);
  if (match === null) throw new FormatError(where, at, `the descr ${shown(descr)} is no type.`);
  const [, order = "", kind = "", size = ""] = match;
  const type = npyTypes.get(kind === "?" ? "b1" : `${kind}${size}`);
  if (kind === "O") {
    throw new FormatError(
      where,
      at,
      "the file holds pickled Python objects, which can run programs and are never read here. Save the numbers as an array of numbers.",
    );
  }
  if (type === undefined) {
    const known = otherKinds.get(kind);
    throw new FormatError(
      where,
      at,
      `the descr ${shown(descr)} stands for ${known ?? "something unknown"}, which no tensor can hold. Convert the array before: x.astype("float32").`,
      { descr },
    );
  }
  const single = size === "1" || kind === "?";
  if (order === "=" || (!single && order !== "<" && order !== ">")) {
    throw new FormatError(
      where,
      at,
      `the descr ${shown(descr)} does not say the order of its bytes, < or >.`,
    );
  }
  return { type, bigEndian: order === ">" };
}
