/**
 * What is wrong with an ONNX file, or with a model that cannot become one.
 */
import { ChainruleError } from "@chainrule/core";
import { FormatError } from "../errors.ts";

/** The error for a file that is not whole, not valid, or holds what Chainrule cannot compute. */
export function malformed(
  what: string,
  offset: number | undefined,
  details: Readonly<Record<string, unknown>> = {},
): FormatError {
  return new FormatError("importOnnx", offset ?? null, what, details);
}

/** A model that has no counterpart in ONNX: an op without mapping, numbers taken out of the graph, a random mask. */
export class OnnxExportError extends ChainruleError {}
