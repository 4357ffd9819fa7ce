/**
 * Where bytes are read from: memory, a `Blob`, or anything else that gives a range of them.
 */
import { ArgumentError, quoted } from "@chainrule/core";
import { FormatError } from "./errors.ts";

/** Bytes that are fetched when they are needed; `@chainrule/formats/node` has one for files. */
export interface ByteSource {
  /** The number of bytes. */
  readonly size: number;
  /** The bytes from `start` up to but without `end`. */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** A `Blob` or a `File`, as browsers and Node have them. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** All at once, or piece by piece. */
export type Bytes = Uint8Array | ArrayBuffer | BlobLike | ByteSource;

/** Bytes in memory, from what may stand for them. @throws {ArgumentError} for anything else. */
export function checkBytes(where: string, bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return plainBytes(bytes);
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  throw new ArgumentError(
    `${where}: expected the file's bytes as a Uint8Array or an ArrayBuffer, not ${quoted(bytes)}.`,
  );
}

/** The same bytes without the methods of Node's `Buffer`, whose `slice` does not copy. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A source from what may stand for one. @throws {ArgumentError} for anything else. */
export function sourceFrom(where: string, bytes: Bytes): ByteSource {
  if (bytes instanceof Uint8Array || bytes instanceof ArrayBuffer) {
    const all = checkBytes(where, bytes);
    return { size: all.length, read: async (start, end) => all.subarray(start, end) };
  }
  if (bytes !== null && typeof bytes === "object" && typeof bytes.size === "number") {
    if ("read" in bytes && typeof bytes.read === "function") return bytes;
    if ("slice" in bytes && typeof bytes.slice === "function") {
      const read = async (start: number, end: number): Promise<Uint8Array> =>
        new Uint8Array(await bytes.slice(start, end).arrayBuffer());
      return { size: bytes.size, read };
    }
  }
  throw new ArgumentError(
    `${where}: expected a Uint8Array, an ArrayBuffer, a Blob or { size, read }, not ${quoted(bytes)}.`,
  );
}

/** A range of a source. @throws {FormatError} when it gives fewer bytes: the file became shorter meanwhile. */
export async function readRange(
  where: string,
  source: ByteSource,
  start: number,
  end: number,
): Promise<Uint8Array> {
  if (start === end) return new Uint8Array(0);
  const bytes = plainBytes(await source.read(start, end));
  if (bytes.length === end - start) return bytes;
  throw new FormatError(
    where,
    start + bytes.length,
    `the source gave ${bytes.length} bytes instead of the ${end - start} from byte ${start} on. Was the file changed while it was read?`,
  );
}
