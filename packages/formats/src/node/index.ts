/**
 * Files of Node (and of Bun and Deno, which have its modules): what `@chainrule/formats` does with bytes, from and to disk.
 *
 * Files are written whole or not at all: into a temporary file beside, which is flushed to the disk and then renamed.
 *
 * @module
 */
export { checkpointFolder } from "./checkpoint-folder.ts";
export { openFile, readFile, writeFile } from "./files.ts";
