/**
 * ONNX: models for other runtimes, and models from elsewhere.
 *
 * @module
 */
export { OnnxError, OnnxExportError } from "./errors.ts";
export type { ExportOptions } from "./export.ts";
export { exportOnnx, opset } from "./export.ts";
