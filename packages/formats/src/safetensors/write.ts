/**
 * Writing safetensors files.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, checkOptions, elementCount, isFloating, quoted } from "@chainrule/core";
import type { StoredType } from "../elements.ts";
import { encodeElements, isStoredType, ownType, sizeOf, stored } from "../elements.ts";
import type { NamedTensors } from "../names.ts";
import { checkName, checkNamedTensors, entriesOf } from "../names.ts";
import { largestHeader } from "./header.ts";

/** Options of {@link writeSafetensors}. */
export interface SafetensorsOptions {
  /** Text by key, to be kept in the file. */
  metadata?: ReadonlyMap<string, string> | Readonly<Record<string, string>>;
  /**
   * The type in which floating tensors are stored, rounded to nearest, ties to even; or a function that says it of each
   * tensor. Unless given, and where the function says `undefined`, tensors are stored as they are.
   */
  type?: StoredType | ((name: string, x: Tensor) => StoredType | undefined);
}

/**
 * The bytes of a safetensors file with these tensors. The same tensors give the same bytes: they are ordered by the size of
 * their elements, largest first, so that each begins at a multiple of it, and then by name.
 *
 * @throws {ArgumentError} for names or values of another kind, for unknown options, for numbers that a type cannot hold.
 * @throws {DTypeError} for a type that a tensor cannot be stored as.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { readSafetensors, writeSafetensors } from "@chainrule/formats";
 * const bytes = writeSafetensors({ w: tensor([1, 1.001, 70000]) }, { type: "F16" });
 * bytes.length; // → 70
 * readSafetensors(bytes).tensors.get("w"); // → tensor([1.0000, 1.0010, Infinity])
 */
export function writeSafetensors(
  tensors: NamedTensors,
  options?: SafetensorsOptions,
): Uint8Array<ArrayBuffer> {
  const where = "writeSafetensors";
  checkOptions(where, options, ["metadata", "type"]);
  const plan = checkNamedTensors(where, tensors).map(([name, x]) => {
    if (name === "__metadata__") {
      throw new ArgumentError(
        `${where}: no tensor can be called "__metadata__", the place of the metadata. Rename it.`,
      );
    }
    return { name, x, type: typeFor(where, name, x, options?.type) };
  });
  plan.sort((a, b) => sizeOf(b.type) - sizeOf(a.type) || (a.name < b.name ? -1 : 1));

  let end = 0;
  const fields = plan.map(({ name, x, type }) => {
    const start = end;
    end += elementCount(x.shape) * sizeOf(type);
    const entry = { dtype: type, shape: x.shape, data_offsets: [start, end] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  const metadata = metadataText(where, options?.metadata);
  const header = new TextEncoder().encode(`{${[...metadata, ...fields].join(",")}}`);
  const headerLength = Math.ceil(header.length / 8) * 8;
  if (headerLength > largestHeader) {
    throw new ArgumentError(
      `${where}: the header would have ${headerLength} bytes; ${largestHeader} are the most. Write several files.`,
    );
  }
  const bytes = new Uint8Array(8 + headerLength + end);
  new DataView(bytes.buffer).setUint32(0, headerLength, true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(header, 8);
  let at = 8 + headerLength;
  for (const { name, x, type } of plan) {
    const elements = encodeElements(x, type, where, `tensor ${JSON.stringify(name)}`);
    bytes.set(elements, at);
    at += elements.length;
  }
  return bytes;
}

function typeFor(
  where: string,
  name: string,
  x: Tensor,
  choice: SafetensorsOptions["type"],
): StoredType {
  const chosen =
    typeof choice === "function" ? choice(name, x) : isFloating(x.dtype) ? choice : undefined;
  if (chosen === undefined) return ownType(x.dtype);
  if (isStoredType(chosen)) return chosen;
  throw new ArgumentError(
    `${where}: unknown type ${quoted(chosen)}. Known: ${[...stored.keys()].join(", ")}.`,
    { type: chosen },
  );
}

/** The metadata as the first field of the header; none if there is none. */
function metadataText(where: string, metadata: SafetensorsOptions["metadata"]): string[] {
  if (metadata === undefined) return [];
  const pairs = entriesOf(where, "metadata", metadata).map(([key, value]) => {
    checkName(where, key);
    if (typeof value !== "string") {
      throw new ArgumentError(
        `${where}: metadata is text, but ${quoted(key)} is ${quoted(value)}. Use String or JSON.stringify.`,
        { key },
      );
    }
    checkName(where, value);
    return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  });
  return [`"__metadata__":{${pairs.join(",")}}`];
}
