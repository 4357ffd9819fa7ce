/**
 * Reading safetensors files: all at once from memory, or tensor by tensor from anywhere.
 */
import type { Tensor } from "@chainrule/core";
import { checkOptions, fromTypedArray, IndexError } from "@chainrule/core";
import type { ReadOptions } from "../elements.ts";
import { checkReadOptions, decodeElements, isStoredType, readOptionNames } from "../elements.ts";
import { FormatError } from "../errors.ts";
import { shown } from "../names.ts";
import type { ByteSource, Bytes } from "../source.ts";
import { checkBytes, readRange, sourceFrom } from "../source.ts";
import type { Header, TensorEntry } from "./header.ts";
import { headerLength, parseHeader } from "./header.ts";

/** What a safetensors file holds. */
export interface SafetensorsContents {
  /** The tensors by name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Text by key, as whoever wrote the file put it there. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** What a file says of a tensor, before its numbers are read. */
export interface TensorInfo {
  /** The element type in the file, such as `BF16`. */
  readonly type: string;
  readonly shape: readonly number[];
  /** The number of bytes. */
  readonly bytes: number;
}

/**
 * The tensors of a safetensors file. Element types become those of tensors as {@link StoredType} says.
 *
 * The file is held to the specification (https://github.com/huggingface/safetensors): a header of at most 100,000,000
 * bytes in UTF-8, no name twice, tensors that fill the rest of the file without a gap or an overlap, metadata of text only.
 *
 * @throws {FormatError} naming the byte, for a file that breaks the rules or has types that tensors cannot hold.
 * @throws {ArgumentError} for anything but bytes, and for unknown options.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { readSafetensors, writeSafetensors } from "@chainrule/formats";
 * const bytes = writeSafetensors({ "fc.weight": tensor([[1, 2], [3, 4]]) }, { metadata: { epoch: "3" } });
 * const { tensors, metadata } = readSafetensors(bytes);
 * tensors.get("fc.weight"); // → tensor([[1, 2], [3, 4]])
 * metadata.get("epoch"); // → 3
 */
export function readSafetensors(
  bytes: Uint8Array | ArrayBuffer,
  options?: ReadOptions,
): SafetensorsContents {
  const where = "readSafetensors";
  checkOptions(where, options, readOptionNames);
  checkReadOptions(where, options);
  return decodeSafetensors(where, checkBytes(where, bytes), options);
}

export function decodeSafetensors(
  where: string,
  file: Uint8Array,
  options?: ReadOptions,
): SafetensorsContents {
  const length = headerLength(where, file.subarray(0, 8), file.length);
  const text = file.subarray(8, 8 + length);
  const { metadata, entries } = parseHeader(where, text, file.length);
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of entries) {
    const part = file.subarray(entry.start, entry.end);
    tensors.set(name, tensorFrom(where, name, entry, part, options));
  }
  return { tensors, metadata };
}

/**
 * Opens a safetensors file without reading its tensors: only the header is fetched, and each tensor when it is asked for.
 *
 * @throws {FormatError} as {@link readSafetensors}.
 * @throws {ArgumentError} for anything that bytes cannot be read from.
 * @example
 * import { zeros } from "@chainrule/core";
 * import { openSafetensors, writeSafetensors } from "@chainrule/formats";
 * const blob = new Blob([writeSafetensors({ a: zeros([1000]), b: zeros([2, 3]) })]);
 * const file = await openSafetensors(blob);
 * file.names(); // → [ "a", "b" ]
 * file.info("b").shape; // → [ 2, 3 ]
 * (await file.tensor("b")).toArray(); // → [ [ 0, 0, 0 ], [ 0, 0, 0 ] ]
 */
export async function openSafetensors(bytes: Bytes): Promise<SafetensorsFile> {
  const where = "openSafetensors";
  const source = sourceFrom(where, bytes);
  const first = await readRange(where, source, 0, Math.min(8, source.size));
  const length = headerLength(where, first, source.size);
  const text = await readRange(where, source, 8, 8 + length);
  return new SafetensorsFile(source, parseHeader(where, text, source.size));
}

/** A safetensors file whose header was read; see {@link openSafetensors}. */
export class SafetensorsFile {
  /** Text by key, as whoever wrote the file put it there. */
  readonly metadata: ReadonlyMap<string, string>;
  private readonly source: ByteSource;
  private readonly entries: ReadonlyMap<string, TensorEntry>;

  /** For `openSafetensors`. */
  constructor(source: ByteSource, { metadata, entries }: Header) {
    this.source = source;
    this.metadata = metadata;
    this.entries = entries;
  }

  /** The names of the tensors, in the order of their bytes. */
  names(): string[] {
    return [...this.entries.keys()];
  }

  /** Type, shape and size of a tensor. @throws {IndexError} when there is none of that name. */
  info(name: string): TensorInfo {
    const { type, shape, start, end } = this.entry("SafetensorsFile.info", name);
    return { type, shape: [...shape], bytes: end - start };
  }

  /**
   * Reads one tensor, and no other bytes of the file.
   *
   * @throws {IndexError} when there is none of that name.
   * @throws {FormatError} for a type that tensors cannot hold.
   */
  async tensor(name: string, options?: ReadOptions): Promise<Tensor> {
    const where = "SafetensorsFile.tensor";
    checkOptions(where, options, readOptionNames);
    checkReadOptions(where, options);
    const entry = this.entry(where, name);
    const bytes = await readRange(where, this.source, entry.start, entry.end);
    return tensorFrom(where, name, entry, bytes, options);
  }

  private entry(where: string, name: string): TensorEntry {
    const entry = this.entries.get(name);
    if (entry !== undefined) return entry;
    throw new IndexError(
      `${where}: there is no tensor ${shown(name)} among the ${this.entries.size} of the file. names() lists them.`,
      { name },
    );
  }
}

function tensorFrom(
  where: string,
  name: string,
  { type, shape, start }: TensorEntry,
  bytes: Uint8Array,
  options: ReadOptions | undefined,
): Tensor {
  const what = `tensor ${shown(name)}`;
  if (!isStoredType(type)) {
    throw new FormatError(
      where,
      start,
      `${what} is of type ${type}, which no tensor can hold. Convert it before, or open the file with openSafetensors and read the others.`,
      { name, type },
    );
  }
  const elements = decodeElements(bytes, type, { where, what, offset: start }, options);
  return fromTypedArray(elements, shape);
}
