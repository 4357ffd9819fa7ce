/**
 * A checkpoint as one safetensors file: the tensors under their paths, everything else as JSON in the metadata, and a
 * checksum over all of it.
 *
 * The checksum is the file's CRC-32 with eight zeros in its own place, in hexadecimal digits. It stands first in the
 * header, so that its place is the same in every file.
 */
import { crc32 } from "../crc32.ts";
import { FormatError } from "../errors.ts";
import { decodeSafetensors } from "../safetensors/read.ts";
import { writeSafetensors } from "../safetensors/write.ts";
import { checkBytes } from "../source.ts";
import { decodeData, encodeData } from "./data.ts";

const formatName = "chainrule.checkpoint";
/** The version of what the metadata say; it rises when an older reader could not understand them. */
const version = 1;
const placeholder = "00000000";
/** The byte at which the checksum's digits begin. */
const checksumAt = 8 + '{"__metadata__":{"checksum":"'.length;

/** A checkpoint of a later version than this one can read. */
export class NewerVersionError extends FormatError {}

/** The bytes of a checkpoint with these data. */
export function encodeCheckpoint(
  where: string,
  data: ReadonlyMap<string, unknown>,
): Uint8Array<ArrayBuffer> {
  const { json, tensors } = encodeData(where, data);
  const bytes = writeSafetensors(tensors, {
    metadata: new Map([
      ["checksum", placeholder],
      ["format", formatName],
      ["version", String(version)],
      ["state", JSON.stringify(json)],
    ]),
  });
  bytes.set(new TextEncoder().encode(hexadecimal(crc32(bytes))), checksumAt);
  return bytes;
}

function hexadecimal(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}

/**
 * The data of a checkpoint, by name, as {@link saveCheckpoint} was given them; what has a `stateDict` is there as its
 * state. Nothing is restored: {@link loadCheckpoint} does that.
 *
 * @throws {FormatError} for a file that is damaged, cut off, or no checkpoint.
 * @throws {NewerVersionError} for a checkpoint of a later version.
 * @example
 * import { readCheckpoint, saveCheckpoint } from "@chainrule/formats";
 * const bytes = saveCheckpoint({ epoch: 3, history: { loss: [0.5, Number.NaN] } });
 * readCheckpoint(bytes).get("history"); // → { loss: [ 0.5, NaN ] }
 */
export function readCheckpoint(bytes: Uint8Array | ArrayBuffer): Map<string, unknown> {
  return decodeCheckpoint("readCheckpoint", bytes);
}

export function decodeCheckpoint(
  where: string,
  given: Uint8Array | ArrayBuffer,
): Map<string, unknown> {
  const bytes = checkBytes(where, given);
  const { tensors, metadata } = decodeSafetensors(where, bytes);
  const checksum = metadata.get("checksum") ?? "";
  const found = metadata.get("version") ?? "";
  if (metadata.get("format") !== formatName) {
    throw new FormatError(
      where,
      8,
      `this safetensors file is no checkpoint: its metadata do not say "format": "${formatName}". Read it with readSafetensors.`,
    );
  }
  if (/^\d+$/.test(found) && Number(found) > version) {
    throw new NewerVersionError(
      where,
      8,
      `this checkpoint is of version ${found}, but only versions up to ${version} are known here. Update @chainrule/formats.`,
      { version: Number(found) },
    );
  }
  if (found !== String(version)) {
    throw new FormatError(where, 8, `the checkpoint's version is ${JSON.stringify(found)}.`);
  }
  const zeros = new TextEncoder().encode(placeholder);
  const digits = bytes.subarray(checksumAt, checksumAt + 8);
  const inPlace = new TextDecoder().decode(digits) === checksum;
  const head = crc32(zeros, crc32(bytes.subarray(0, checksumAt)));
  const expected = hexadecimal(crc32(bytes.subarray(checksumAt + 8), head));
  if (!inPlace || checksum !== expected) {
    throw new FormatError(
      where,
      checksumAt,
      `the checkpoint is damaged: its checksum is ${JSON.stringify(checksum)}, but its bytes give ${expected}.`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(metadata.get("state") ?? "");
  } catch {
    throw new FormatError(where, 8, "the checkpoint's state is no JSON.");
  }
  return decodeData(where, json, tensors);
}
