/**
 * What is wrong with an ONNX file, or with a model that cannot become one.
 */
import { ChainruleError } from "@chainrule/core";

/** An ONNX file that is not whole, not valid, or holds what Chainrule cannot compute. */
export class OnnxError extends ChainruleError {
  /** Where in the file it was noticed, in bytes from its beginning; `undefined` for models that were not read from one. */
  readonly offset: number | undefined;

  constructor(
    message: string,
    offset: number | undefined,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(offset === undefined ? message : `${message} (At byte ${offset}.)`, {
      ...details,
      ...(offset === undefined ? {} : { offset }),
    });
    this.offset = offset;
  }
}

/** A model that has no counterpart in ONNX: an op without mapping, numbers taken out of the graph, a random mask. */
export class OnnxExportError extends ChainruleError {}
