/**
 * Saving, loading and exchanging tensors and models.
 *
 * @module
 */
export type { ReadOptions, StoredType } from "./elements.ts";
export { FormatError } from "./errors.ts";
export type { NamedTensors } from "./names.ts";
export type { SafetensorsContents, TensorInfo } from "./safetensors/read.ts";
export { openSafetensors, readSafetensors, SafetensorsFile } from "./safetensors/read.ts";
export type { SafetensorsOptions } from "./safetensors/write.ts";
export { writeSafetensors } from "./safetensors/write.ts";
export type { BlobLike, ByteSource, Bytes } from "./source.ts";
