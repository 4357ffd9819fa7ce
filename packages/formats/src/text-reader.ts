/**
 * Text of a fixed form in a file, read byte by byte, so that every error knows its place and whole numbers are exact.
 */
import { FormatError } from "./errors.ts";

/** A place in a text, and what is expected next. */
export class TextReader {
  protected readonly bytes: Uint8Array;
  protected at = 0;
  private readonly where: string;
  /** The byte of the file at which the text begins. */
  private readonly start: number;
  /** The bytes that may stand between two others. */
  private readonly spaces: readonly number[];

  constructor(where: string, bytes: Uint8Array, start: number, spaces: readonly number[]) {
    this.where = where;
    this.bytes = bytes;
    this.start = start;
    this.spaces = spaces;
  }

  /** Refuses what stands at a place of the text. */
  fail(what: string, at: number = this.at): never {
    throw new FormatError(this.where, this.start + at, what);
  }

  /** The place of the next byte that is no space. */
  next(): number {
    while (this.spaces.includes(this.bytes[this.at] ?? -1)) this.at++;
    return this.at;
  }

  protected expect(character: string, otherwise = ""): void {
    if (!this.skip(character))
      this.fail(`expected ${character}${otherwise}, but here is ${this.found()}.`);
  }

  protected skip(character: string): boolean {
    if (this.bytes[this.next()] !== character.charCodeAt(0)) return false;
    this.at++;
    return true;
  }

  /** Reads a whole number of at least 0. */
  protected integer(what: string): number {
    const begin = this.next();
    let value = 0;
    for (;;) {
      const digit = (this.bytes[this.at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      this.at++;
      if (value > Number.MAX_SAFE_INTEGER) this.fail(`${what} has a number above 2⁵³ − 1.`, begin);
    }
    const isBroken = [".", "e", "E"].some((mark) => this.bytes[this.at] === mark.charCodeAt(0));
    if (this.at === begin || isBroken) {
      this.fail(`${what} must hold whole numbers of at least 0, but here is ${this.found()}.`);
    }
    if (this.bytes[begin] === 0x30 && this.at > begin + 1) {
      this.fail(`${what} has a number with a leading zero.`, begin);
    }
    return value;
  }

  /** Expects nothing more but bytes of these kinds. */
  finish(what: string, allowed: readonly number[]): void {
    for (; this.at < this.bytes.length; this.at++) {
      if (allowed.includes(this.bytes[this.at]!)) continue;
      this.fail(`only ${what}, but here is ${this.found()}.`);
    }
  }

  /** What stands at the place, for a message. */
  protected found(): string {
    const byte = this.bytes[this.at];
    if (byte === undefined) return "the end of the header";
    return byte > 0x20 && byte < 0x7f
      ? JSON.stringify(String.fromCharCode(byte))
      : `the byte 0x${byte.toString(16).padStart(2, "0")}`;
  }
}
