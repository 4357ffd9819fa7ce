/**
 * JSON of a known form. Equal keys are refused, of which `JSON.parse` would take the last.
 */
import { shown } from "../names.ts";
import { TextReader } from "../text-reader.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const [space, quote, backslash] = [0x20, 0x22, 0x5c];
const whiteSpace = [space, 0x09, 0x0a, 0x0d];

/** A place in a JSON text, and what is expected next. */
export class FormReader extends TextReader {
  constructor(where: string, bytes: Uint8Array, start: number) {
    super(where, bytes, start, whiteSpace);
  }

  /** Reads an object; the function reads the value behind each key. */
  object(what: string, value: (key: string, at: number) => void): void {
    this.expect("{");
    const seen = new Set<string>();
    if (this.skip("}")) return;
    do {
      const at = this.next();
      const key = this.string(`a ${what}`);
      if (seen.has(key)) this.fail(`the ${what} ${shown(key)} stands there twice.`, at);
      seen.add(key);
      this.expect(":");
      value(key, at);
    } while (this.skip(","));
    this.expect("}", " or a comma");
  }

  /** Reads an array of whole numbers of at least 0. */
  integers(what: string): number[] {
    if (!this.skip("[")) {
      this.fail(`${what} must be an array of whole numbers, but here is ${this.found()}.`);
    }
    const numbers: number[] = [];
    if (this.skip("]")) return numbers;
    do numbers.push(this.integer(what));
    while (this.skip(","));
    this.expect("]", " or a comma");
    return numbers;
  }

  /** Reads a string. */
  string(what: string): string {
    const begin = this.next();
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
      text = String(JSON.parse(`"${text}"`));
    } catch {
      this.fail(`${what} has an escape that JSON does not know.`, begin);
    }
    if (/\p{Surrogate}/u.test(text)) this.fail(`${what} has half of a surrogate pair.`, begin);
    return text;
  }
}
