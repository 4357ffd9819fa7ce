/**
 * Checkpoints in several safetensors files, with an index that says which tensor is in which: as Hugging Face's libraries
 * save what is too large for one file, in `model-00001-of-00003.safetensors` and `model.safetensors.index.json`.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, checkOptions, IndexError, quoted } from "@chainrule/core";
import type { ReadOptions } from "../elements.ts";
import { checkReadOptions, readOptionNames } from "../elements.ts";
import { FormatError } from "../errors.ts";
import { shown } from "../names.ts";
import type { Bytes } from "../source.ts";
import { checkBytes } from "../source.ts";
import type { SafetensorsFile, TensorInfo } from "./read.ts";
import { openSafetensors } from "./read.ts";

/**
 * Opens a checkpoint of several safetensors files by its index. A file is opened, with `open`, when the first of its tensors is
 * asked for, and each tensor is read when it is asked for.
 *
 * The index is JSON with a `weight_map` from the names of tensors to the names of files, which have no folders in them.
 *
 * @throws {FormatError} for an index that is none.
 * @throws {ArgumentError} for anything but bytes or text, and a function.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { openShardedSafetensors, writeSafetensors } from "@chainrule/formats";
 * const files = new Map([
 *   ["model-00001-of-00002.safetensors", writeSafetensors({ a: tensor([1, 2]) })],
 *   ["model-00002-of-00002.safetensors", writeSafetensors({ b: tensor([3]) })],
 * ]);
 * const index = JSON.stringify({
 *   weight_map: { a: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" },
 * });
 * const checkpoint = openShardedSafetensors(index, (name) => files.get(name)!);
 * checkpoint.names(); // → [ "a", "b" ]
 * await checkpoint.tensor("b"); // → tensor([3])
 */
export function openShardedSafetensors(
  index: string | Uint8Array | ArrayBuffer,
  open: (file: string) => Bytes | Promise<Bytes>,
): ShardedSafetensors {
  const where = "openShardedSafetensors";
  if (typeof open !== "function") {
    throw new ArgumentError(
      `${where}: expected a function that opens a file by its name, not ${quoted(open)}.`,
    );
  }
  const text = typeof index === "string" ? index : decoded(where, checkBytes(where, index));
  return new ShardedSafetensors(fileOfTensor(where, text), open);
}

/** A checkpoint of several files; see {@link openShardedSafetensors}. */
export class ShardedSafetensors {
  private readonly fileOf: ReadonlyMap<string, string>;
  private readonly open: (file: string) => Bytes | Promise<Bytes>;
  /** Those that are open, or about to be. */
  private readonly opened: Map<string, Promise<SafetensorsFile>> = new Map();

  /** For `openShardedSafetensors`. */
  constructor(fileOf: ReadonlyMap<string, string>, open: (file: string) => Bytes | Promise<Bytes>) {
    this.fileOf = fileOf;
    this.open = open;
  }

  /** The names of the tensors, in the order of the index. */
  names(): string[] {
    return [...this.fileOf.keys()];
  }

  /** The names of the files, each once. */
  files(): string[] {
    return [...new Set(this.fileOf.values())];
  }

  /**
   * Type, shape and size of a tensor.
   *
   * @throws {IndexError} when there is none of that name.
   * @throws {FormatError} when its file is not as the index says, or breaks the rules of the format.
   */
  async info(name: string): Promise<TensorInfo> {
    return (await this.shardOf("ShardedSafetensors.info", name)).info(name);
  }

  /**
   * Reads one tensor, and no other.
   *
   * @throws {IndexError} when there is none of that name.
   * @throws {FormatError} when its file is not as the index says, breaks the rules of the format, or has a type that tensors
   * cannot hold.
   */
  async tensor(name: string, options?: ReadOptions): Promise<Tensor> {
    const where = "ShardedSafetensors.tensor";
    checkOptions(where, options, readOptionNames);
    checkReadOptions(where, options);
    return (await this.shardOf(where, name)).tensor(name, options);
  }

  /**
   * Reads all tensors, for `loadStateDict`.
   *
   * @throws {FormatError} as {@link ShardedSafetensors.tensor}.
   */
  async tensors(options?: ReadOptions): Promise<Map<string, Tensor>> {
    const all = new Map<string, Tensor>();
    for (const name of this.fileOf.keys()) all.set(name, await this.tensor(name, options));
    return all;
  }

  private async shardOf(where: string, name: string): Promise<SafetensorsFile> {
    const file = this.fileOf.get(name);
    if (file === undefined) {
      throw new IndexError(
        `${where}: there is no tensor ${shown(name)} among the ${this.fileOf.size} of the index. names() lists them.`,
        { name },
      );
    }
    const shard = await this.openedFile(file);
    if (shard.names().includes(name)) return shard;
    throw new FormatError(
      where,
      null,
      `the index has ${shown(name)} in ${shown(file)}, but it is not there. Are the files of one checkpoint?`,
      { name, file },
    );
  }

  /** A file that could not be opened is tried again the next time. */
  private openedFile(file: string): Promise<SafetensorsFile> {
    const opened = this.opened.get(file);
    if (opened !== undefined) return opened;
    const opening = Promise.resolve(this.open(file)).then(openSafetensors);
    this.opened.set(file, opening);
    opening.catch(() => this.opened.delete(file));
    return opening;
  }
}

function decoded(where: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(where, 0, "the index is not UTF-8.");
  }
}

function fileOfTensor(where: string, text: string): Map<string, string> {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (error) {
    throw new FormatError(where, null, `the index is no JSON: ${(error as Error).message}.`);
  }
  const map =
    typeof index === "object" && index !== null && Object.hasOwn(index, "weight_map")
      ? (index as { weight_map: unknown }).weight_map
      : undefined;
  if (typeof map !== "object" || map === null || Array.isArray(map)) {
    throw new FormatError(
      where,
      null,
      `the index has no "weight_map" from tensors to files. A single file is opened with openSafetensors.`,
    );
  }
  const fileOf = new Map<string, string>();
  for (const [name, file] of Object.entries(map)) {
    // A name with a folder in it could lead anywhere.
    if (typeof file !== "string" || !/^[^/\\]+$/.test(file) || file === "." || file === "..") {
      throw new FormatError(
        where,
        null,
        `${shown(name)} is said to be in ${quoted(file)}, which is no name of a file beside the index.`,
        { name },
      );
    }
    fileOf.set(name, file);
  }
  return fileOf;
}
