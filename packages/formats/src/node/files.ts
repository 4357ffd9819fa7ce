/**
 * Reading files, also in parts, and writing them so that a crash leaves the old or the new one.
 */
import { ArgumentError, checkInteger, quoted } from "@chainrule/core";
import { FormatError } from "../errors.ts";
import type { ByteSource } from "../source.ts";
import { checkBytes } from "../source.ts";
import type { FileSystem } from "./modules.ts";
import { codeOf, host } from "./modules.ts";

/** A file that bytes are fetched from; `close` it in the end. */
export interface OpenFile extends ByteSource {
  close(): Promise<void>;
}

/** Refuses what is no path. */
export function checkPath(where: string, path: unknown): string {
  if (typeof path === "string" && path !== "") return path;
  throw new ArgumentError(`${where}: expected the path of a file, not ${quoted(path)}.`, { path });
}

/**
 * All bytes of a file.
 *
 * @throws {ArgumentError} for anything but a path; Node's own errors when there is no such file.
 */
export async function readFile(path: string): Promise<Uint8Array> {
  const fs = host("readFile").getBuiltinModule("node:fs/promises");
  return checkBytes("readFile", await fs.readFile(checkPath("readFile", path)));
}

/**
 * Opens a file to be read in parts, by `openSafetensors` for one.
 *
 * @throws {ArgumentError} for anything but a path; Node's own errors when there is no such file.
 * @example
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { tensor } from "@chainrule/core";
 * import { openSafetensors, writeSafetensors } from "@chainrule/formats";
 * import { openFile, writeFile } from "@chainrule/formats/node";
 * const path = join(tmpdir(), `chainrule-example-${process.pid}.safetensors`);
 * await writeFile(path, writeSafetensors({ w: tensor([1, 2]) }));
 * const file = await openFile(path);
 * const opened = await openSafetensors(file);
 * await opened.tensor("w"); // → tensor([1, 2])
 * await file.close();
 */
export async function openFile(path: string): Promise<OpenFile> {
  const fs = host("openFile").getBuiltinModule("node:fs/promises");
  const handle = await fs.open(checkPath("openFile", path), "r");
  const { size } = await handle.stat();
  return {
    size,
    async read(start, end) {
      checkInteger("OpenFile.read", "start", start, 0, size);
      checkInteger("OpenFile.read", "end", end, start, size);
      const bytes = new Uint8Array(end - start);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(
          bytes,
          filled,
          bytes.length - filled,
          start + filled,
        );
        if (bytesRead === 0) {
          throw new FormatError(
            "OpenFile.read",
            start + filled,
            `the file ends here, though it had ${size} bytes when it was opened.`,
          );
        }
        filled += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

/**
 * Writes a file, whole or not at all: the bytes go into a temporary file in the same folder, are flushed to the disk, and
 * then take the place of what was there. Folders are made where they are missing.
 *
 * @throws {ArgumentError} for anything but a path and bytes; Node's own errors when the disk is full or may not be written.
 */
export async function writeFile(path: string, bytes: Uint8Array | ArrayBuffer): Promise<void> {
  const where = "writeFile";
  const node = host(where);
  const fs = node.getBuiltinModule("node:fs/promises");
  const { basename, dirname, join } = node.getBuiltinModule("node:path");
  const content = checkBytes(where, bytes);
  const folder = dirname(checkPath(where, path));
  await fs.mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${node.pid}-${++temporaryFiles}.tmp`);
  try {
    const handle = await fs.open(temporary, "wx");
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(fs, folder);
}

/** Makes the names of temporary files differ within a process. */
let temporaryFiles = 0;

/** The process that a temporary file belongs to; `null` if the name is of another kind. */
export function ownerOf(name: string): number | null {
  const match = /^\..+\.(\d+)-\d+\.tmp$/.exec(name);
  return match === null ? null : Number(match[1]);
}

/** Flushes a folder, so that a renamed file is found after a power failure. Not all systems can. */
async function syncFolder(fs: FileSystem, folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!["EPERM", "EACCES", "EISDIR", "EINVAL", "ENOTSUP"].includes(codeOf(error))) throw error;
  }
}
