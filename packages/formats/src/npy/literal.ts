/**
 * The Python dictionary in the header of an .npy file: strings in either quotes, True and False, a tuple of whole numbers.
 */
import { shown } from "../names.ts";
import { TextReader } from "../text-reader.ts";

const [space, lineFeed] = [0x20, 0x0a];

/** What the dictionary says. */
export interface Dictionary {
  readonly descr: string;
  /** The place of the descr in the text. */
  readonly descrAt: number;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

export class LiteralReader extends TextReader {
  private readonly isUtf8: boolean;

  constructor(where: string, bytes: Uint8Array, start: number, isUtf8: boolean) {
    super(where, bytes, start, [space]);
    this.isUtf8 = isUtf8;
  }

  /** Reads the whole text. */
  dictionary(): Dictionary {
    const fields: { descr?: string; fortranOrder?: boolean; shape?: number[] } = {};
    const seen = new Set<string>();
    let descrAt = 0;
    this.expect("{");
    while (!this.skip("}")) {
      const keyAt = this.next();
      const key = this.string("a key");
      if (seen.has(key)) this.fail(`the key ${shown(key)} stands there twice.`, keyAt);
      seen.add(key);
      this.expect(":");
      if (key === "descr") {
        descrAt = this.next();
        fields.descr = this.descr();
      } else if (key === "fortran_order") fields.fortranOrder = this.boolean();
      else if (key === "shape") fields.shape = this.tuple("the shape");
      else {
        const known = "there are descr, fortran_order and shape";
        this.fail(`the key ${shown(key)} is not known; ${known}.`, keyAt);
      }
      if (this.skip(",")) continue;
      this.expect("}", " or a comma");
      break;
    }
    this.finish("spaces and a line break may follow the dictionary", [space, lineFeed]);
    const { descr, fortranOrder, shape } = fields;
    if (descr === undefined) this.fail("the header has no descr.", 0);
    if (fortranOrder === undefined) this.fail("the header has no fortran_order.", 0);
    if (shape === undefined) this.fail("the header has no shape.", 0);
    return { descr, descrAt, fortranOrder, shape };
  }

  private descr(): string {
    if (this.skip("[")) {
      this.at--;
      this.fail(
        'the file holds a structured array, records of several fields. Save each field as an array of its own: x["name"].',
      );
    }
    if (this.skip("(")) {
      this.at--;
      this.fail("the file holds an array of subarrays, which no tensor can hold.");
    }
    return this.string("the descr");
  }

  private boolean(): boolean {
    const at = this.next();
    for (const word of ["True", "False"]) {
      const found = String.fromCharCode(...this.bytes.subarray(at, at + word.length));
      if (found !== word) continue;
      this.at = at + word.length;
      return word === "True";
    }
    return this.fail(`fortran_order must be True or False, but here is ${this.found()}.`);
  }

  private tuple(what: string): number[] {
    this.expect("(", ` for ${what}`);
    const numbers: number[] = [];
    let comma = true;
    while (!this.skip(")")) {
      if (!comma) this.fail(`expected a comma in ${what}, but here is ${this.found()}.`);
      numbers.push(this.integer(what));
      // Python 2 wrote whole numbers with an L.
      if (this.bytes[this.at] === 0x4c) this.at++;
      comma = this.skip(",");
      if (!comma && numbers.length === 1) {
        this.fail(`${what} of one length needs a comma behind it, or it is no tuple.`);
      }
    }
    return numbers;
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
      if (byte === undefined || byte === lineFeed) this.fail(`${what} never ends.`, begin);
      if (byte === 0x5c) this.fail(`${what} has a backslash, which no key and no type has.`, end);
    }
    this.at = end + 1;
    const text = this.bytes.subarray(begin + 1, end);
    // Latin-1 has a character for each byte. What is longer is no type in any case.
    if (!this.isUtf8) return String.fromCharCode(...text.subarray(0, 1000));
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(text);
    } catch {
      return this.fail(`${what} is not UTF-8.`, begin);
    }
  }
}
