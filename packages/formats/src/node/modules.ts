/**
 * The parts of Node that are used here.
 *
 * They are asked for at run time, by `process.getBuiltinModule` (Node 20.16, Bun, Deno), so that bundlers for browsers find
 * no import of a module they do not have.
 */
import { ArgumentError } from "@chainrule/core";

/** An open file. */
export interface FileHandle {
  read(
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  stat(): Promise<{ readonly size: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
  writeFile(bytes: Uint8Array): Promise<void>;
}

/** The part of `node:fs/promises` that is used here. */
export interface FileSystem {
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  open(path: string, flags: "r" | "wx"): Promise<FileHandle>;
  readFile(path: string): Promise<Uint8Array>;
  readdir(path: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: true }): Promise<void>;
}

interface Paths {
  basename(path: string): string;
  dirname(path: string): string;
  join(...parts: string[]): string;
}

/** The part of Node's `process` that is used here. */
export interface Host {
  readonly pid: number;
  kill(pid: number, signal: 0): unknown;
  getBuiltinModule(name: "node:fs/promises"): FileSystem;
  getBuiltinModule(name: "node:path"): Paths;
}

/** @throws {ArgumentError} where there are no files, as in a browser. */
export function host(where: string): Host {
  const { process } = globalThis as { process?: Partial<Host> };
  if (typeof process?.getBuiltinModule === "function") return process as Host;
  throw new ArgumentError(
    `${where}: there are no files here. Use Node 20.16 or newer, or work with bytes.`,
  );
}

/** The error code of the system, such as `ENOENT`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
