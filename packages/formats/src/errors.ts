/**
 * What is wrong with a file, and where.
 */
import { ChainruleError } from "@chainrule/core";

/**
 * A file that breaks the rules of its format, or holds what cannot be read here. The message names the byte.
 *
 * @example
 * import { FormatError, readSafetensors } from "@chainrule/formats";
 * try {
 *   readSafetensors(new Uint8Array(3));
 * } catch (error) {
 *   error instanceof FormatError && error.offset; // → 3
 * }
 */
export class FormatError extends ChainruleError {
  /** The byte of the file at which it shows; `null` where no byte is to blame. */
  readonly offset: number | null;

  constructor(
    where: string,
    offset: number | null,
    what: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${where}: ${offset === null ? "" : `byte ${offset}: `}${what}`, { offset, ...details });
    this.offset = offset;
  }
}
