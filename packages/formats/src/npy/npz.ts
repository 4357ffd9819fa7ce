/**
 * NumPy's .npz files: arrays by name in a zip archive.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, checkInteger, checkOptions, IndexError } from "@chainrule/core";
import { zipSync } from "fflate";
import type { ReadOptions } from "../elements.ts";
import { checkReadOptions, readOptionNames } from "../elements.ts";
import { FormatError } from "../errors.ts";
import type { NamedTensors } from "../names.ts";
import { checkNamedTensors, shown } from "../names.ts";
import type { ByteSource, Bytes } from "../source.ts";
import { checkBytes, readRange, sourceFrom } from "../source.ts";
import { decodeNpy, encodeNpy } from "./npy.ts";
import type { ZipEntry } from "./zip.ts";
import { findDirectory, longestTail, parseDirectory, readEntry } from "./zip.ts";

/** Options of {@link readNpz}. */
export interface NpzReadOptions extends ReadOptions {
  /** The most bytes that all arrays together may inflate to; 2³⁰ unless given. */
  maxBytes?: number;
}

/**
 * The arrays of an .npz file, by name. Each is read as {@link readNpy} reads it; the checksums of the archive are compared.
 *
 * @throws {FormatError} naming the byte, for a file that breaks the rules, arrays of anything but numbers, entries that are
 * no arrays, and when the arrays together are larger than `maxBytes`.
 * @throws {ArgumentError} for anything but bytes, and for unknown options.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { readNpz, writeNpz } from "@chainrule/formats";
 * const bytes = writeNpz({ x: tensor([1, 2]), y: tensor([[true]]) }, { compress: true });
 * const arrays = readNpz(bytes);
 * arrays.get("x"); // → tensor([1, 2])
 * arrays.get("y"); // → tensor([[true]], dtype=bool)
 */
export function readNpz(
  bytes: Uint8Array | ArrayBuffer,
  options?: NpzReadOptions,
): Map<string, Tensor> {
  const where = "readNpz";
  const read = checkNpzOptions(where, options);
  const file = checkBytes(where, bytes);
  const directory = findDirectory(where, file.subarray(-longestTail), file.length);
  const entries = parseDirectory(where, file.subarray(directory.start, directory.end), directory);
  const arrays = new Map<string, Tensor>();
  for (const [name, entry] of arraysIn(where, entries, read.maxBytes)) {
    arrays.set(name, arrayIn(where, name, entry, file.subarray(entry.start, entry.limit), options));
  }
  return arrays;
}

/**
 * Opens an .npz file without reading its arrays: only the directory is fetched, and each array when it is asked for.
 *
 * @throws {FormatError} as {@link readNpz}.
 * @throws {ArgumentError} for anything that bytes cannot be read from, and for unknown options.
 * @example
 * import { arange, zeros } from "@chainrule/core";
 * import { openNpz, writeNpz } from "@chainrule/formats";
 * const file = await openNpz(new Blob([writeNpz({ large: zeros([1000, 10]), small: arange(3) })]));
 * file.names(); // → [ "large", "small" ]
 * await file.tensor("small"); // → tensor([0, 1, 2], dtype=int32)
 */
export async function openNpz(bytes: Bytes, options?: NpzReadOptions): Promise<NpzFile> {
  const where = "openNpz";
  const { maxBytes } = checkNpzOptions(where, options);
  const source = sourceFrom(where, bytes);
  const { size } = source;
  const tail = await readRange(where, source, Math.max(0, size - longestTail), size);
  const directory = findDirectory(where, tail, size);
  const listed = await readRange(where, source, directory.start, directory.end);
  const entries = parseDirectory(where, listed, directory);
  return new NpzFile(source, arraysIn(where, entries, maxBytes), options);
}

/** An .npz file whose directory was read; see {@link openNpz}. */
export class NpzFile {
  private readonly source: ByteSource;
  private readonly entries: ReadonlyMap<string, ZipEntry>;
  private readonly options: ReadOptions | undefined;

  /** For `openNpz`. */
  constructor(
    source: ByteSource,
    entries: ReadonlyMap<string, ZipEntry>,
    options: ReadOptions | undefined,
  ) {
    this.source = source;
    this.entries = entries;
    this.options = options;
  }

  /** The names of the arrays, in the order of their bytes. */
  names(): string[] {
    return [...this.entries.keys()];
  }

  /**
   * Reads one array, and no other bytes of the file.
   *
   * @throws {IndexError} when there is none of that name.
   * @throws {FormatError} for an array that is damaged, or of anything but numbers.
   */
  async tensor(name: string): Promise<Tensor> {
    const where = "NpzFile.tensor";
    const entry = this.entries.get(name);
    if (entry === undefined) {
      throw new IndexError(
        `${where}: there is no array ${shown(String(name))} among the ${this.entries.size} of the file. names() lists them.`,
        { name },
      );
    }
    const bytes = await readRange(where, this.source, entry.start, entry.limit);
    return arrayIn(where, name, entry, bytes, this.options);
  }
}

function checkNpzOptions(where: string, options: NpzReadOptions | undefined): { maxBytes: number } {
  checkOptions(where, options, [...readOptionNames, "maxBytes"]);
  checkReadOptions(where, options);
  return { maxBytes: checkInteger(where, "maxBytes", options?.maxBytes ?? 2 ** 30, 0) };
}

/** The entries by the names of their arrays. */
function arraysIn(
  where: string,
  entries: readonly ZipEntry[],
  maxBytes: number,
): Map<string, ZipEntry> {
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (total > maxBytes) {
    throw new FormatError(
      where,
      null,
      `the arrays inflate to ${total} bytes, more than ${maxBytes}. If the file is to be trusted, give { maxBytes: ${total} }.`,
      { total },
    );
  }
  const arrays = new Map<string, ZipEntry>();
  for (const entry of entries) {
    if (!entry.name.endsWith(".npy")) {
      throw new FormatError(
        where,
        entry.start,
        `${shown(entry.name)} is no .npy file. An .npz archive holds nothing else.`,
      );
    }
    arrays.set(entry.name.slice(0, -4), entry);
  }
  return arrays;
}

function arrayIn(
  where: string,
  name: string,
  entry: ZipEntry,
  bytes: Uint8Array,
  options: ReadOptions | undefined,
): Tensor {
  const { contents, start } = readEntry(where, bytes, entry);
  const what = `array ${shown(name)}`;
  if (!entry.deflated) return decodeNpy(where, what, contents, start, options);
  try {
    return decodeNpy(where, what, contents, 0, options);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    // The byte is one of the inflated array, which has no place in the file.
    const message = error.message.slice(where.length + 2);
    throw new FormatError(where, start, `${what}, inflated: ${message}`, error.details);
  }
}

/** Options of {@link writeNpz}. */
export interface NpzOptions {
  /** Whether the arrays are deflated; false unless given. */
  compress?: boolean;
}

const largestArchive = 2 ** 32 - 1;

/**
 * The bytes of an .npz file with these tensors, as `numpy.savez` writes it, or `numpy.savez_compressed`. The same tensors
 * give the same bytes.
 *
 * @throws {ArgumentError} for names or values of another kind, unknown options, and more than a zip archive of 32 bits can
 * hold: 65535 arrays, 4 GiB.
 */
export function writeNpz(tensors: NamedTensors, options?: NpzOptions): Uint8Array<ArrayBuffer> {
  const where = "writeNpz";
  checkOptions(where, options, ["compress"]);
  const { compress = false } = options ?? {};
  if (typeof compress !== "boolean") {
    throw new ArgumentError(`${where}: compress must be true or false.`, { compress });
  }
  const named = checkNamedTensors(where, tensors);
  const files = named.map(([name, x]): [string, Uint8Array] => [
    `${name}.npy`,
    encodeNpy(where, `tensor ${shown(name)}`, x),
  ]);
  const total = files.reduce((sum, [name, { length }]) => sum + length + 2 * name.length + 200, 0);
  if (named.length > 65535 || total > largestArchive) {
    throw new ArgumentError(
      `${where}: ${named.length} tensors of ${total} bytes are too much for a zip archive. Use writeSafetensors, or several files.`,
    );
  }
  // An archive keeps the time of each file in the clock of its place: this one reads the same everywhere.
  return zipSync(Object.fromEntries(files), {
    level: compress ? 6 : 0,
    mtime: new Date(1980, 0, 1),
  });
}
