/**
 * The header of an .npy file: a Python dictionary of three fixed keys.
 *
 * Source: NumPy Enhancement Proposal 1 and the documentation of `numpy.lib.format`.
 */
import type { StoredType } from "../elements.ts";
import { FormatError } from "../errors.ts";
import { shown } from "../names.ts";

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
  const literal = new LiteralReader(
    where,
    bytes.subarray(textStart, dataStart),
    start + textStart,
    major === 3,
  );
  const { descr, fortranOrder, shape } = literal.header();
  const { type, bigEndian } = typeOf(where, descr.value, descr.at);
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

/** Reads the dictionary: strings in either quotes, True and False, a tuple of whole numbers. */
class LiteralReader {
  private readonly where: string;
  private readonly bytes: Uint8Array;
  private readonly start: number;
  private readonly utf8: boolean;
  private at = 0;

  constructor(where: string, bytes: Uint8Array, start: number, utf8: boolean) {
    this.where = where;
    this.bytes = bytes;
    this.start = start;
    this.utf8 = utf8;
  }

  header(): {
    descr: { value: string; at: number };
    fortranOrder: boolean;
    shape: number[];
  } {
    const fields: { descr?: string; fortranOrder?: boolean; shape?: number[] } = {};
    let descrAt = 0;
    this.expect("{");
    while (!this.skip("}")) {
      const keyAt = this.next();
      const key = this.string("a key");
      const known = key === "descr" || key === "fortran_order" || key === "shape" ? key : null;
      if (known === null) {
        this.fail(
          `the key ${shown(key)} is not known; there are descr, fortran_order and shape.`,
          keyAt,
        );
      }
      if ((known === "fortran_order" ? fields.fortranOrder : fields[known]) !== undefined) {
        this.fail(`the key ${shown(key)} stands there twice.`, keyAt);
      }
      this.expect(":");
      if (known === "descr") {
        descrAt = this.next();
        if (this.bytes[descrAt] === 0x5b) {
          this.fail(
            'the file holds a structured array, records of several fields. Save each field as an array of its own: x["name"].',
          );
        }
        if (this.bytes[descrAt] === 0x28)
          this.fail("the file holds an array of subarrays, which no tensor can hold.");
        fields.descr = this.string("the descr");
      } else if (known === "fortran_order") fields.fortranOrder = this.boolean();
      else fields.shape = this.tuple();
      if (!this.skip(",")) {
        this.expect("}", "or a comma");
        break;
      }
    }
    for (; this.at < this.bytes.length; this.at++) {
      const byte = this.bytes[this.at];
      if (byte !== 0x20 && byte !== 0x0a)
        this.fail(
          `only spaces and a line break may follow the dictionary, but here is ${this.found()}.`,
        );
    }
    const { descr, fortranOrder, shape } = fields;
    if (descr === undefined) this.fail("the header has no descr.", 0);
    if (fortranOrder === undefined) this.fail("the header has no fortran_order.", 0);
    if (shape === undefined) this.fail("the header has no shape.", 0);
    return { descr: { value: descr, at: this.start + descrAt }, fortranOrder, shape };
  }

  private boolean(): boolean {
    const at = this.next();
    for (const [word, value] of [
      ["True", true],
      ["False", false],
    ] as const) {
      const matches = [...word].every(
        (character, i) => this.bytes[at + i] === character.charCodeAt(0),
      );
      if (!matches) continue;
      this.at = at + word.length;
      return value;
    }
    return this.fail(`fortran_order must be True or False, but here is ${this.found()}.`);
  }

  private tuple(): number[] {
    this.expect("(", "for the shape");
    const numbers: number[] = [];
    let comma = true;
    while (!this.skip(")")) {
      if (!comma) this.fail(`expected a comma in the shape, but here is ${this.found()}.`);
      numbers.push(this.integer());
      comma = this.skip(",");
      if (!comma && numbers.length === 1) {
        this.fail("a shape of one length needs a comma behind it, or it is no tuple.");
      }
    }
    return numbers;
  }

  private integer(): number {
    const begin = this.next();
    let value = 0;
    for (;;) {
      const digit = (this.bytes[this.at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      this.at++;
      if (value > Number.MAX_SAFE_INTEGER)
        this.fail("the shape has a length above 2⁵³ − 1.", begin);
    }
    if (this.at === begin) {
      this.fail(`the shape must hold whole numbers of at least 0, but here is ${this.found()}.`);
    }
    if (this.bytes[begin] === 0x30 && this.at > begin + 1) {
      this.fail("the shape has a number with a leading zero.", begin);
    }
    // Python 2 wrote whole numbers with an L.
    if (this.bytes[this.at] === 0x4c) this.at++;
    return value;
  }

  private string(what: string): string {
    const begin = this.next();
    const quote = this.bytes[begin];
    if (quote !== 0x27 && quote !== 0x22) {
      this.fail(`${what} must be a string, but here is ${this.found()}.`);
    }
    let end = begin + 1;
    for (; this.bytes[end] !== quote; end++) {
      const byte = this.bytes[end];
      if (byte === undefined || byte === 0x0a) this.fail(`${what} never ends.`, begin);
      if (byte === 0x5c) this.fail(`${what} has a backslash, which no key and no type has.`, end);
    }
    this.at = end + 1;
    const text = this.bytes.subarray(begin + 1, end);
    if (!this.utf8) return String.fromCharCode(...text.subarray(0, 1000));
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(text);
    } catch {
      return this.fail(`${what} is not UTF-8.`, begin);
    }
  }

  private next(): number {
    while (this.bytes[this.at] === 0x20) this.at++;
    return this.at;
  }

  private expect(character: string, otherwise = ""): void {
    if (this.skip(character)) return;
    this.fail(
      `expected ${character}${otherwise === "" ? "" : ` ${otherwise}`}, but here is ${this.found()}.`,
    );
  }

  private skip(character: string): boolean {
    if (this.bytes[this.next()] !== character.charCodeAt(0)) return false;
    this.at++;
    return true;
  }

  private fail(what: string, at: number = this.at): never {
    throw new FormatError(this.where, this.start + at, what);
  }

  private found(): string {
    const byte = this.bytes[this.at];
    if (byte === undefined) return "the end of the header";
    return byte > 0x20 && byte < 0x7f
      ? JSON.stringify(String.fromCharCode(byte))
      : `the byte 0x${byte.toString(16).padStart(2, "0")}`;
  }
}
