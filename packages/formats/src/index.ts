/**
 * Saving, loading and exchanging tensors and models.
 *
 * @module
 */

export type { CheckpointParts, Stateful } from "./checkpoint/checkpoint.ts";
export { loadCheckpoint, saveCheckpoint } from "./checkpoint/checkpoint.ts";
export { NewerVersionError, readCheckpoint } from "./checkpoint/file.ts";
export type { CheckpointStore, Resumed } from "./checkpoint/rotation.ts";
export { Checkpoints, memoryStore } from "./checkpoint/rotation.ts";
export type { ReadOptions, StoredType } from "./elements.ts";
export { FormatError } from "./errors.ts";
export { readJson, writeJson } from "./json.ts";
export type { LoadOptions, Renaming } from "./load.ts";
export { loadStateDict } from "./load.ts";
export type { NamedTensors } from "./names.ts";
export type { NpyOptions } from "./npy/npy.ts";
export { readNpy, writeNpy } from "./npy/npy.ts";
export type { NpzOptions, NpzReadOptions } from "./npy/npz.ts";
export { NpzFile, openNpz, readNpz, writeNpz } from "./npy/npz.ts";
export type { SafetensorsContents, TensorInfo } from "./safetensors/read.ts";
export { openSafetensors, readSafetensors, SafetensorsFile } from "./safetensors/read.ts";
export { openShardedSafetensors, ShardedSafetensors } from "./safetensors/shards.ts";
export type { SafetensorsOptions } from "./safetensors/write.ts";
export { writeSafetensors } from "./safetensors/write.ts";
export type { BlobLike, ByteSource, Bytes } from "./source.ts";
