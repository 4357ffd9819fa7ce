/**
 * JSON of a known form, read byte by byte: every error knows its place, equal keys are refused, and whole numbers are
 * exact.
 */
import { FormatError } from "../errors.ts";
import { shown } from "../names.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const [space, quote, backslash] = [0x20, 0x22, 0x5c];

/** A place in a JSON text, and what is expected next. */
export class FormReader {
  private readonly where: string;
  private readonly bytes: Uint8Array;
  /** The byte of the file at which the text begins. */
  private readonly start: number;
  private at = 0;

  constructor(where: string, bytes: Uint8Array, start: number) {
    this.where = where;
    this.bytes = bytes;
    this.start = start;
  }

  /** Refuses what stands at a place of the text. */
  fail(what: string, at: number = this.at): never {
    throw new FormatError(this.where, this.start + at, what);
  }

  /** The place of the next byte that is no white space. */
  nextByte(): number {
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte !== space && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return this.at;
      this.at++;
    }
  }

  /** Reads an object; the function reads the value behind each key. */
  object(what: string, value: (key: string, at: number) => void): void {
    this.expect("{");
    const seen = new Set<string>();
    if (this.skip("}")) return;
    do {
      const at = this.nextByte();
      const key = this.string(`a ${what}`);
      if (seen.has(key)) this.fail(`the ${what} ${shown(key)} stands there twice.`, at);
      seen.add(key);
      this.expect(":");
      value(key, at);
    } while (this.skip(","));
    this.expect("}", "or a comma");
  }

  /** Reads an array of whole numbers of at least 0. */
  integers(what: string): number[] {
    if (this.bytes[this.nextByte()] !== 0x5b) {
      this.fail(`${what} must be an array of whole numbers, but here is ${this.found()}.`);
    }
    this.at++;
    const numbers: number[] = [];
    if (this.skip("]")) return numbers;
    do numbers.push(this.integer(what));
    while (this.skip(","));
    this.expect("]", "or a comma");
    return numbers;
  }

  private integer(what: string): number {
    const begin = this.nextByte();
    let value = 0;
    for (let digit = this.digit(); digit !== null; digit = this.digit()) {
      value = value * 10 + digit;
      this.at++;
      if (value > Number.MAX_SAFE_INTEGER) this.fail(`${what} has a number above 2⁵³ − 1.`, begin);
    }
    const next = this.bytes[this.at];
    const broken = next === 0x2e || next === 0x65 || next === 0x45;
    if (this.at === begin || broken) {
      this.fail(`${what} must hold whole numbers of at least 0, but here is ${this.found()}.`);
    }
    if (this.bytes[begin] === 0x30 && this.at > begin + 1) {
      this.fail(`${what} has a number with a leading zero.`, begin);
    }
    return value;
  }

  private digit(): number | null {
    const digit = (this.bytes[this.at] ?? 0) - 0x30;
    return digit >= 0 && digit <= 9 ? digit : null;
  }

  /** Reads a string. */
  string(what: string): string {
    const begin = this.nextByte();
    if (this.bytes[begin] !== quote) {
      this.fail(`${what} must be a string, but here is ${this.found()}.`);
    }
    let end = begin + 1;
    let escaped = false;
    for (; this.bytes[end] !== quote; end++) {
      const byte = this.bytes[end];
      if (byte === undefined) this.fail(`${what} never ends.`, begin);
      if (byte < space) this.fail(`${what} has a control character.`, end);
      if (byte === backslash) {
        escaped = true;
        end++;
      }
    }
    this.at = end + 1;
    let text: string;
    try {
      text = utf8.decode(this.bytes.subarray(begin + 1, end));
    } catch {
      this.fail(`${what} is not UTF-8.`, begin);
    }
    if (!escaped) return text;
    try {
      const parsed: unknown = JSON.parse(`"${text}"`);
      text = String(parsed);
    } catch {
      this.fail(`${what} has an escape that JSON does not know.`, begin);
    }
    if (/\p{Surrogate}/u.test(text)) this.fail(`${what} has half of a surrogate pair.`, begin);
    return text;
  }

  /** Expects nothing more but spaces. */
  finish(): void {
    for (; this.at < this.bytes.length; this.at++) {
      if (this.bytes[this.at] !== space) {
        this.fail(`only spaces may follow the header's object, but here is ${this.found()}.`);
      }
    }
  }

  private expect(character: string, otherwise = ""): void {
    if (this.skip(character)) return;
    this.fail(
      `expected ${character}${otherwise === "" ? "" : ` ${otherwise}`}, but here is ${this.found()}.`,
    );
  }

  private skip(character: string): boolean {
    if (this.bytes[this.nextByte()] !== character.charCodeAt(0)) return false;
    this.at++;
    return true;
  }

  /** What stands at the place, for a message. */
  private found(): string {
    const byte = this.bytes[this.at];
    if (byte === undefined) return "the end of the header";
    return byte > space && byte < 0x7f
      ? JSON.stringify(String.fromCharCode(byte))
      : `the byte 0x${byte.toString(16).padStart(2, "0")}`;
  }
}
