/**
 * The directory of a zip archive, and the bytes of its entries.
 *
 * fflate inflates. It neither compares checksums nor says where an archive is wrong, and believes the sizes it is told; so
 * the directory is read here, strictly: what it says of an entry is what the entry's own header says, entries do not
 * overlap, nothing lies between them unnoticed, and no entry inflates to more or less than announced.
 *
 * Source: PKWARE, APPNOTE.TXT 6.3.10.
 */
import { Inflate } from "fflate";
import { crc32 } from "../crc32.ts";
import { FormatError } from "../errors.ts";
import { shown } from "../names.ts";

/** A file in an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Whether it is deflated. */
  readonly deflated: boolean;
  readonly crc: number;
  /** Bytes in the archive, and what they inflate to. */
  readonly packed: number;
  readonly size: number;
  /** The first byte of its own header. */
  readonly start: number;
  /** Where the next entry or the directory begins: it ends before. */
  readonly limit: number;
}

/** The part at the end of a file in which the end of the directory must lie. */
export const longestTail = 22 + 65535 + 20 + 56;

const endSize = 22;
const locatorSize = 20;
const end64Size = 56;
/** No deflated byte stands for more than so many. */
const largestRatio = 1032;

interface Directory {
  readonly start: number;
  readonly end: number;
  readonly count: number;
}

/** Bytes of a file, with the place at which they begin there. */
class Part {
  readonly where: string;
  readonly bytes: Uint8Array;
  readonly start: number;
  private readonly view: DataView;

  constructor(where: string, bytes: Uint8Array, start: number) {
    this.where = where;
    this.bytes = bytes;
    this.start = start;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Refuses what stands at a byte of the part. */
  fail(at: number, what: string): never {
    throw new FormatError(this.where, this.start + at, what);
  }

  has(at: number, signature: number): boolean {
    return at >= 0 && at + 4 <= this.bytes.length && this.u32(at) === signature;
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  u64(at: number): number {
    const value = this.u32(at + 4) * 2 ** 32 + this.u32(at);
    if (value > Number.MAX_SAFE_INTEGER) this.fail(at, "a size or place is above 2⁵³ − 1.");
    return value;
  }
}

/** Finds the directory, from the last bytes of a file. @throws {FormatError} when there is none, or not of this file. */
export function findDirectory(where: string, tail: Uint8Array, fileSize: number): Directory {
  const part = new Part(where, tail, fileSize - tail.length);
  let at = tail.length - endSize;
  while (at >= 0 && !(part.has(at, 0x06054b50) && part.u16(at + 20) === tail.length - at - endSize))
    at--;
  if (at < 0) {
    part.fail(
      tail.length,
      "the end of a zip archive is not there. This is no .npz file, or it was cut off.",
    );
  }
  let count = part.u16(at + 10);
  let size = part.u32(at + 12);
  let start = part.u32(at + 16);
  let end = part.start + at;
  const locator = at - locatorSize;
  if (part.has(locator, 0x07064b50)) {
    const end64 = locator - end64Size;
    if (!part.has(end64, 0x06064b50) || part.u64(locator + 8) !== part.start + end64) {
      part.fail(locator, "the end of the 64-bit directory is not where it should be.");
    }
    count = part.u64(end64 + 32);
    size = part.u64(end64 + 40);
    start = part.u64(end64 + 48);
    end = part.start + end64;
  } else if (part.u16(at + 4) !== 0 || part.u16(at + 6) !== 0 || part.u16(at + 8) !== count) {
    part.fail(at + 4, "the archive is one part of several. Join them before.");
  }
  if (start + size !== end) {
    part.fail(
      at + 12,
      `the directory of ${size} bytes would begin at byte ${start}, but end at byte ${end}. Was the file cut off, or put together of several?`,
    );
  }
  if (count * 46 > size)
    part.fail(at + 10, `${count} entries do not fit into a directory of ${size} bytes.`);
  return { start, end, count };
}

/** Reads the directory. @throws {FormatError} naming the byte. */
export function parseDirectory(where: string, bytes: Uint8Array, directory: Directory): ZipEntry[] {
  const part = new Part(where, bytes, directory.start);
  const entries: Omit<ZipEntry, "limit">[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let i = 0; i < directory.count; i++) {
    if (at + 46 > bytes.length || !part.has(at, 0x02014b50)) {
      part.fail(at, `entry ${i} of the directory is not there.`);
    }
    const flags = part.u16(at + 8);
    const method = part.u16(at + 10);
    const nameStart = at + 46;
    const extraStart = nameStart + part.u16(at + 28);
    const commentStart = extraStart + part.u16(at + 30);
    const next = commentStart + part.u16(at + 32);
    if (next > bytes.length) part.fail(at + 28, `entry ${i} reaches beyond the directory.`);
    const name = decodeName(part, nameStart, extraStart);
    if (names.has(name)) part.fail(nameStart, `the name ${shown(name)} stands there twice.`);
    names.add(name);
    if (flags & 1) part.fail(at + 8, `${shown(name)} is encrypted.`);
    if (method !== 0 && method !== 8) {
      part.fail(
        at + 10,
        `${shown(name)} is compressed by method ${method}; 0 (stored) and 8 (deflated) are known.`,
      );
    }
    const sizes = wideFields(part, extraStart, commentStart, [
      part.u32(at + 24),
      part.u32(at + 20),
      part.u32(at + 42),
    ]);
    const [size, packed, start] = sizes as [number, number, number];
    const possible = method === 0 ? size === packed : size <= packed * largestRatio;
    if (!possible) {
      part.fail(at + 20, `${shown(name)} cannot have ${size} bytes, packed in ${packed}.`);
    }
    entries.push({ name, deflated: method === 8, crc: part.u32(at + 16), packed, size, start });
    at = next;
  }
  if (at !== bytes.length) part.fail(at, `the directory has ${bytes.length - at} bytes too many.`);
  entries.sort((a, b) => a.start - b.start);
  const first = entries[0]?.start ?? directory.start;
  if (first !== 0) {
    throw new FormatError(where, 0, `the first entry begins at byte ${first}, not at byte 0.`);
  }
  return entries.map((entry, i) => {
    const limit = entries[i + 1]?.start ?? directory.start;
    // 30 bytes is the shortest header.
    if (entry.start + 30 + entry.packed > limit) {
      throw new FormatError(
        where,
        entry.start,
        `${shown(entry.name)}, of ${entry.packed} bytes, reaches into what begins at byte ${limit}.`,
      );
    }
    return { ...entry, limit };
  });
}

function decodeName(part: Part, start: number, end: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      part.bytes.subarray(start, end),
    );
  } catch {
    return part.fail(start, "the name of an entry is not UTF-8.");
  }
}

/** Sizes that do not fit into 32 bits stand in a field of their own, in this order. */
function wideFields(part: Part, start: number, end: number, fields: number[]): number[] {
  const isWide = fields.map((value) => value === 0xffffffff);
  if (!isWide.includes(true)) return fields;
  for (let at = start; at + 4 <= end; at += 4 + part.u16(at + 2)) {
    if (part.u16(at) !== 1) continue;
    const last = Math.min(at + 4 + part.u16(at + 2), end);
    let next = at + 4;
    return fields.map((value, i) => {
      if (!isWide[i]) return value;
      if (next + 8 > last) part.fail(at, "the 64-bit sizes of an entry are cut off.");
      next += 8;
      return part.u64(next - 8);
    });
  }
  return part.fail(start, "the 64-bit sizes of an entry are not there.");
}

/**
 * The contents of an entry, from the bytes between its beginning and its limit.
 *
 * @throws {FormatError} when the entry is not what the directory says, does not inflate, or has another checksum.
 */
export function readEntry(
  where: string,
  bytes: Uint8Array,
  entry: ZipEntry,
): { contents: Uint8Array; start: number } {
  const part = new Part(where, bytes, entry.start);
  const name = shown(entry.name);
  if (!part.has(0, 0x04034b50)) part.fail(0, `the header of ${name} is not there.`);
  const nameEnd = 30 + part.u16(26);
  const dataStart = nameEnd + part.u16(28);
  const dataEnd = dataStart + entry.packed;
  if (dataEnd > bytes.length) part.fail(26, `${name} reaches into what follows it.`);
  if (part.u16(8) !== (entry.deflated ? 8 : 0) || decodeName(part, 30, nameEnd) !== entry.name) {
    part.fail(0, `the header of ${name} says something else than the directory.`);
  }
  // Behind the data there may be nothing but sizes that were not known before them.
  const rest = bytes.length - dataEnd;
  const longest = part.u16(6) & 8 ? 24 : 0;
  if (rest > longest) part.fail(dataEnd, `${rest} bytes behind ${name} belong to nothing.`);
  const data = bytes.subarray(dataStart, dataEnd);
  const contents = entry.deflated ? inflated(part, data, dataStart, entry) : data;
  const crc = crc32(contents);
  if (crc !== entry.crc) {
    part.fail(
      dataStart,
      `${name} is damaged: its checksum is ${entry.crc.toString(16)}, but its bytes give ${crc.toString(16)}.`,
    );
  }
  return { contents, start: entry.start + dataStart };
}

/** Bytes given to fflate at a time: what they can inflate to is the most that is held beside the result. */
const portion = 1 << 14;

function inflated(part: Part, data: Uint8Array, dataStart: number, entry: ZipEntry): Uint8Array {
  const contents = new Uint8Array(entry.size);
  let filled = 0;
  let tooLong = false;
  const inflate = new Inflate((chunk) => {
    tooLong ||= filled + chunk.length > contents.length;
    if (!tooLong) contents.set(chunk, filled);
    filled += chunk.length;
  });
  let at = 0;
  try {
    do {
      const end = Math.min(at + portion, data.length);
      inflate.push(data.subarray(at, end), end === data.length);
      at = end;
    } while (at < data.length && !tooLong);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    part.fail(dataStart + at, `${shown(entry.name)} does not inflate: ${reason}.`);
  }
  if (tooLong || filled !== contents.length) {
    part.fail(
      dataStart,
      `${shown(entry.name)} inflates to ${tooLong ? "more" : "less"} than the ${entry.size} bytes it should have.`,
    );
  }
  return contents;
}
