/**
 * ONNX: models for other runtimes, and models from elsewhere.
 *
 * @module
 */
export { FormatError } from "../errors.ts";
export { OnnxExportError } from "./errors.ts";
export type { ExportOptions } from "./export.ts";
export { exportOnnx, opset } from "./export.ts";
export type { ImportOptions } from "./import.ts";
export { importOnnx, OnnxModel } from "./import.ts";
export type { OnnxValue } from "./program.ts";
