/**
 * Protocol buffers, from a description of the messages as data.
 *
 * The library reads and writes the primitives of the wire format; which fields there are is said by the tables in
 * `messages.ts`. Nothing is generated and nothing is compiled. Each message that was read remembers where in the file it
 * began, so that whatever is wrong with it later can be told with its place.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { FormatError } from "../errors.ts";
import { malformed } from "./errors.ts";

/** A whole number of the file; as bigint where a double would not hold it. */
export type Whole = number | bigint;

/** What stands in a field of a message. */
interface FieldValues {
  whole: Whole;
  float: number;
  double: number;
  text: string;
  bytes: Uint8Array;
}

/** A field that holds a number, a text, or bytes. */
interface PlainField {
  readonly number: number;
  readonly type: keyof FieldValues;
  readonly repeated: boolean;
}

/** A field that holds messages; its schema is a function, because messages may contain their own kind. */
interface MessageField {
  readonly number: number;
  readonly type: "message";
  readonly repeated: boolean;
  readonly schema: () => MessageSchema;
}

type Field = PlainField | MessageField;

type AnyMessage = Readonly<Record<string, unknown>>;

/** The fields of a message, by the names of their properties. */
export interface MessageSchema {
  readonly name: string;
  readonly fields: ReadonlyMap<string, Field>;
  readonly byNumber: ReadonlyMap<number, readonly [property: string, field: Field]>;
}

/** A schema whose messages are of type T. */
export interface Schema<T extends object> extends MessageSchema {
  /** For the type only: schemas of different messages are not to be confused. */
  readonly example?: T;
}

/** For each property of T a field; the type of the property says what it must be. */
type FieldsOf<T> = { readonly [K in keyof T]-?: FieldOf<Exclude<T[K], undefined>> };
type FieldOf<V> = V extends readonly (infer Item)[] ? FieldSpec<Item, true> : FieldSpec<V, false>;
type FieldSpec<V, Repeated extends boolean> = {
  readonly repeated: Repeated;
} & (V extends Uint8Array
  ? PlainField & { readonly type: "bytes" }
  : V extends string
    ? PlainField & { readonly type: "text" }
    : V extends Whole
      ? PlainField & { readonly type: "whole" | "float" | "double" }
      : V extends object
        ? MessageField
        : never);

export function schema<T extends object>(name: string, fields: FieldsOf<T>): Schema<T> {
  const entries = Object.entries<Field>(fields as Readonly<Record<string, Field>>);
  return {
    name,
    fields: new Map(entries),
    byNumber: new Map(entries.map(([property, field]) => [field.number, [property, field]])),
  };
}

export const one = <Type extends keyof FieldValues>(number: number, type: Type) =>
  ({ number, type, repeated: false }) as const;
export const many = <Type extends keyof FieldValues>(number: number, type: Type) =>
  ({ number, type, repeated: true }) as const;
export const oneMessage = (number: number, inner: () => MessageSchema) =>
  ({ number, type: "message", repeated: false, schema: inner }) as const;
export const manyMessages = (number: number, inner: () => MessageSchema) =>
  ({ number, type: "message", repeated: true, schema: inner }) as const;

/** Where each message that was read began. */
const offsets = new WeakMap<object, number>();

/** The byte at which a message begins that was read from a file. */
export function offsetOf(message: object): number | undefined {
  return offsets.get(message);
}

/** Graphs within attributes within graphs …: deeper nesting than this is no model but an attack. */
const deepest = 32;

/**
 * Reads a message.
 *
 * @throws {FormatError} with the byte, when the bytes are no such message.
 */
export function decode<T extends object>(type: Schema<T>, bytes: Uint8Array): T {
  const reader = new BinaryReader(bytes);
  return readMessage(reader, type, bytes.length, 0) as T;
}

function readMessage(
  reader: BinaryReader,
  type: MessageSchema,
  end: number,
  depth: number,
): AnyMessage {
  if (depth > deepest) {
    throw malformed(`${type.name}: messages are nested more than ${deepest} deep.`, reader.pos);
  }
  const message: Record<string, unknown> = {};
  for (const [property, { repeated }] of type.fields) if (repeated) message[property] = [];
  offsets.set(message, reader.pos);
  while (reader.pos < end) {
    const start = reader.pos;
    const [number, wireType] = guarded(reader, end, `${type.name}: no field begins here`, () =>
      reader.tag(),
    );
    const known = type.byNumber.get(number);
    if (known === undefined) {
      // What later versions of the format add is none of our business.
      guarded(reader, end, `${type.name}: field ${number} is cut off`, () =>
        reader.skip(wireType, number),
      );
      continue;
    }
    const [property, field] = known;
    const where = `${type.name}.${property}`;
    if (field.type === "message") {
      expectWire(where, wireType, WireType.LengthDelimited, start);
      const length = guarded(reader, end, `${where} has no length`, () => reader.uint32());
      const innerEnd = reader.pos + length;
      if (innerEnd > end) throw beyond(where, length, end - reader.pos, start);
      const inner = readMessage(reader, field.schema(), innerEnd, depth + 1);
      if (field.repeated) (message[property] as unknown[]).push(inner);
      else message[property] = inner;
    } else if (field.repeated) {
      readRepeated(reader, field, wireType, message[property] as unknown[], where, end, start);
    } else {
      expectWire(where, wireType, wireTypes[field.type], start);
      message[property] = readPlain(reader, field.type, where, end, start);
    }
  }
  return message;
}

function readRepeated(
  reader: BinaryReader,
  { type }: PlainField,
  wireType: WireType,
  into: unknown[],
  where: string,
  end: number,
  start: number,
): void {
  const unpacked = wireTypes[type];
  if (wireType === unpacked) {
    into.push(readPlain(reader, type, where, end, start));
    return;
  }
  // Numbers may also come packed: one length, and then number after number.
  expectWire(where, wireType, WireType.LengthDelimited, start);
  const length = guarded(reader, end, `${where} has no length`, () => reader.uint32());
  const packedEnd = reader.pos + length;
  if (packedEnd > end) throw beyond(where, length, end - reader.pos, start);
  while (reader.pos < packedEnd) into.push(readPlain(reader, type, where, packedEnd, start));
}

const wireTypes: { readonly [T in keyof FieldValues]: WireType } = {
  whole: WireType.Varint,
  float: WireType.Bit32,
  double: WireType.Bit64,
  text: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
};

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readPlain(
  reader: BinaryReader,
  type: keyof FieldValues,
  where: string,
  end: number,
  start: number,
): FieldValues[keyof FieldValues] {
  const cut = `${where} is cut off or malformed`;
  switch (type) {
    case "whole":
      return guarded(reader, end, cut, () => toWhole(reader.int64()));
    case "float":
      return guarded(reader, end, cut, () => reader.float());
    case "double":
      return guarded(reader, end, cut, () => reader.double());
    case "bytes":
      return guarded(reader, end, cut, () => reader.bytes());
    case "text": {
      const bytes = guarded(reader, end, cut, () => reader.bytes());
      try {
        return strictUtf8.decode(bytes);
      } catch {
        throw malformed(`${where} is no valid UTF-8.`, start);
      }
    }
  }
}

function toWhole(value: bigint | string): Whole {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : BigInt(value);
}

/** Runs a step of the library, and turns its complaints, or a step beyond the end of the message, into ours. */
function guarded<T>(reader: BinaryReader, end: number, complaint: string, step: () => T): T {
  const start = reader.pos;
  let value: T;
  try {
    value = step();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw malformed(`${complaint}: ${reason}.`, start);
  }
  if (reader.pos > end) {
    throw malformed(
      `${complaint}: it needs ${reader.pos - start} bytes, but its message ends after ${end - start}.`,
      start,
    );
  }
  return value;
}

function expectWire(where: string, found: WireType, expected: WireType, start: number): void {
  if (found === expected) return;
  throw malformed(
    `${where} is written as wire type ${found}, but must be wire type ${expected}.`,
    start,
  );
}

function beyond(where: string, length: number, left: number, start: number): FormatError {
  return malformed(
    `${where} claims ${length} bytes, but only ${left} are left of its message.`,
    start,
  );
}

/** Writes a message; properties that are `undefined` and empty lists take no bytes. */
export function encode<T extends object>(type: Schema<T>, message: T): Uint8Array {
  const writer = new BinaryWriter();
  writeMessage(writer, type, message as AnyMessage);
  return writer.finish();
}

function writeMessage(writer: BinaryWriter, type: MessageSchema, message: AnyMessage): void {
  // Messages nest as deep as their schemas, and our own models hold no graphs within graphs: recursion is safe here.
  for (const [property, field] of type.fields) {
    const value = message[property];
    if (value === undefined) continue;
    if (field.type === "message") {
      const inner = field.schema();
      for (const item of field.repeated ? (value as AnyMessage[]) : [value as AnyMessage]) {
        writer.tag(field.number, WireType.LengthDelimited).fork();
        writeMessage(writer, inner, item);
        writer.join();
      }
    } else if (!field.repeated) {
      writer.tag(field.number, wireTypes[field.type]);
      writePlain(writer, field.type, value as never);
    } else {
      writeRepeated(writer, field, value as never[]);
    }
  }
}

function writeRepeated(
  writer: BinaryWriter,
  { number, type }: PlainField,
  values: readonly never[],
): void {
  if (values.length === 0) return;
  if (wireTypes[type] === WireType.LengthDelimited) {
    for (const value of values) {
      writer.tag(number, WireType.LengthDelimited);
      writePlain(writer, type, value);
    }
    return;
  }
  writer.tag(number, WireType.LengthDelimited).fork();
  for (const value of values) writePlain(writer, type, value);
  writer.join();
}

function writePlain<Type extends keyof FieldValues>(
  writer: BinaryWriter,
  type: Type,
  value: FieldValues[Type],
): void {
  if (type === "text") writer.string(value as string);
  else if (type === "bytes") writer.bytes(value as Uint8Array);
  else if (type === "whole") writer.int64(value as Whole);
  else if (type === "float") writer.float(value as number);
  else writer.double(value as number);
}
