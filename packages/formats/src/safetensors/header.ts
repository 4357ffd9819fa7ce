/**
 * The header of a safetensors file: which tensors there are, and where.
 *
 * The header is JSON of one fixed form. It is read byte by byte rather than by `JSON.parse`, which would take the last of
 * two equal names, round large numbers, and could not say where something is wrong.
 */
import { FormatError } from "../errors.ts";
import { shown } from "../names.ts";
import { FormReader } from "./form.ts";

/** What the header says of a tensor. */
export interface TensorEntry {
  /** The name of the element type, as it stands in the file. */
  readonly type: string;
  readonly shape: readonly number[];
  /** The first byte of the file that belongs to it, and the first behind. */
  readonly start: number;
  readonly end: number;
}

/** A header that was read and found right. */
export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of their bytes. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
}

/** The largest header, as the reference implementation has it. */
export const largestHeader = 100_000_000;

/** Bits of one element, for all types there are; some of them cannot be converted to a tensor's. */
const bitsOf: ReadonlyMap<string, number> = new Map(
  Object.entries({
    F4: 4,
    F6_E2M3: 6,
    F6_E3M2: 6,
    BOOL: 8,
    U8: 8,
    I8: 8,
    F8_E5M2: 8,
    F8_E4M3: 8,
    F8_E8M0: 8,
    F8_E4M3FNUZ: 8,
    F8_E5M2FNUZ: 8,
    U16: 16,
    I16: 16,
    F16: 16,
    BF16: 16,
    U32: 32,
    I32: 32,
    F32: 32,
    C64: 64,
    U64: 64,
    I64: 64,
    F64: 64,
  }),
);

/** The length of the header, from the first eight bytes. @throws {FormatError} when there cannot be such a header. */
export function headerLength(where: string, first: Uint8Array, fileSize: number): number {
  if (fileSize < 8) {
    throw new FormatError(
      where,
      fileSize,
      `the file ends after ${fileSize} bytes; the length of the header alone has 8. Was it cut off?`,
    );
  }
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length > largestHeader) {
    throw new FormatError(
      where,
      0,
      `the header would have ${length} bytes; ${largestHeader} are the most. This is no safetensors file.`,
    );
  }
  if (length < 2) {
    throw new FormatError(where, 0, `a header of ${length} bytes is no JSON object.`);
  }
  if (8 + length > fileSize) {
    throw new FormatError(
      where,
      0,
      `the header has ${length} bytes, but the file ends ${fileSize - 8} bytes behind its length. Was it cut off?`,
    );
  }
  return length;
}

/** Reads a header, and holds it to the rules. @throws {FormatError} naming the byte. */
export function parseHeader(where: string, bytes: Uint8Array, fileSize: number): Header {
  const form = new FormReader(where, bytes, 8);
  const dataStart = 8 + bytes.length;
  const metadata = new Map<string, string>();
  const found = new Map<string, TensorEntry & { at: number }>();
  if (bytes[0] !== 0x7b) form.fail("the header must begin with {.", 0);
  form.object("name", (name, at) => {
    if (name === "__metadata__") {
      form.object("metadata key", (key) => {
        metadata.set(key, form.string("a metadata value"));
      });
      return;
    }
    found.set(name, { ...readEntry(form, name, dataStart, fileSize), at });
  });
  form.finish("spaces may follow the header's object", [0x20]);
  const entries = [...found].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let expected = dataStart;
  let before = "the header";
  for (const [name, { start, end, at }] of entries) {
    if (start !== expected) {
      const kind =
        start > expected
          ? `leaves ${start - expected} bytes unused behind`
          : `overlaps by ${expected - start} bytes with`;
      throw new FormatError(
        where,
        8 + at,
        `tensor ${shown(name)} ${kind} ${before}: it begins at byte ${start}, expected was ${expected}.`,
        { name },
      );
    }
    expected = end;
    before = `tensor ${shown(name)}`;
  }
  if (expected !== fileSize) {
    throw new FormatError(
      where,
      expected,
      `the file has ${fileSize - expected} bytes more than its tensors.`,
    );
  }
  return {
    metadata,
    entries: new Map(
      entries.map(([name, { type, shape, start, end }]) => [name, { type, shape, start, end }]),
    ),
  };
}

function readEntry(
  form: FormReader,
  name: string,
  dataStart: number,
  fileSize: number,
): TensorEntry {
  const tensor = `tensor ${shown(name)}`;
  const begin = form.next();
  const fields: { type?: string; shape?: number[]; offsets?: number[] } = {};
  const places = { type: begin, shape: begin, offsets: begin };
  form.object("field", (field, at) => {
    if (field === "dtype") {
      places.type = form.next();
      fields.type = form.string(`the dtype of ${tensor}`);
    } else if (field === "shape") {
      places.shape = form.next();
      fields.shape = form.integers(`the shape of ${tensor}`);
    } else if (field === "data_offsets") {
      places.offsets = form.next();
      fields.offsets = form.integers(`the data_offsets of ${tensor}`);
    } else {
      form.fail(
        `${tensor} has a field ${shown(field)}; known are dtype, shape and data_offsets.`,
        at,
      );
    }
  });
  const { type, shape, offsets } = fields;
  if (type === undefined) form.fail(`${tensor} has no dtype.`, begin);
  if (shape === undefined) form.fail(`${tensor} has no shape.`, begin);
  if (offsets === undefined) form.fail(`${tensor} has no data_offsets.`, begin);
  const [first, last, ...more] = offsets;
  if (first === undefined || last === undefined || more.length > 0) {
    form.fail(`the data_offsets of ${tensor} must be two numbers.`, places.offsets);
  }
  if (first > last) {
    form.fail(`${tensor} would end, at ${last}, before it begins, at ${first}.`, places.offsets);
  }
  const bits = bitsOf.get(type);
  if (bits === undefined) {
    form.fail(
      `${tensor} has the unknown dtype ${shown(type)}. Known: ${[...bitsOf.keys()].join(", ")}.`,
      places.type,
    );
  }
  let expected = bits;
  for (const length of shape) {
    expected *= length;
    if (expected > Number.MAX_SAFE_INTEGER) {
      form.fail(`${tensor} would be larger than 2⁵³ bits.`, places.shape);
    }
  }
  if (expected % 8 !== 0) {
    form.fail(`${tensor} would have ${expected} bits, which are no whole bytes.`, places.shape);
  }
  if (last > fileSize - dataStart) {
    form.fail(
      `${tensor} would end at byte ${dataStart + last}, but the file ends at byte ${fileSize}. Was it cut off?`,
      places.offsets,
    );
  }
  if (expected / 8 !== last - first) {
    form.fail(
      `${tensor}, ${type} [${shape.join(", ")}], needs ${expected / 8} bytes, but its data_offsets span ${last - first}.`,
      places.offsets,
    );
  }
  return { type, shape, start: dataStart + first, end: dataStart + last };
}
