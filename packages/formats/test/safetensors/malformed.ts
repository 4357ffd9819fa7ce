/** Files that break the rules: for each what is wrong, the bytes, the byte that is to be named and what is to be said. */
import { entry, file } from "./bytes.ts";

export type Malformed = readonly [
  title: string,
  bytes: Uint8Array,
  offset: number,
  message: RegExp,
];

const encoder = new TextEncoder();
const w = entry("F32", [1], [0, 4]);

/** A file whose length field says something else. */
function withLength(length: bigint, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + rest.length);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  bytes.set(rest, 8);
  return bytes;
}

/** Text with single bytes between. */
function raw(...parts: (string | number)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === "number" ? [part] : [...encoder.encode(part)])),
  );
}

/** An entry with these fields in place of the right ones. */
function fields(changed: Readonly<Record<string, string | null>>): string {
  const all = { dtype: '"F32"', shape: "[1]", data_offsets: "[0,4]", ...changed };
  const pairs = Object.entries(all).filter(([, value]) => value !== null);
  return `{"w":{${pairs.map(([key, value]) => `"${key}":${value}`).join(",")}}}`;
}

export const malformed: readonly Malformed[] = [
  // The length of the header.
  ["no bytes", new Uint8Array(0), 0, /ends after 0 bytes/],
  ["fewer than eight bytes", new Uint8Array(7), 7, /ends after 7 bytes.*cut off/],
  ["no header", withLength(0n, new Uint8Array(0)), 0, /header of 0 bytes/],
  ["a header of one byte", withLength(1n, raw("{")), 0, /header of 1 bytes/],
  ["a header above the limit", withLength(100_000_001n, raw("{}")), 0, /100000000 are the most/],
  ["a length of 2⁵³", withLength(2n ** 53n, raw("{}")), 0, /are the most/],
  ["a length of 2⁶⁴ − 1", withLength(2n ** 64n - 1n, raw("{}")), 0, /are the most/],
  ["a length beyond the file", withLength(100n, raw("{}")), 0, /ends 2 bytes behind.*cut off/],
  ["a length one too large", withLength(3n, raw("{}")), 0, /ends 2 bytes behind/],
  ["a length one too small", withLength(2n, raw("{ }")), 10, /expected a name|must be a string/],
  ["a pickle", raw(0x80, 0x02, "}q", 0, "X", 1, 0, 0, 0, "wq"), 0, /no safetensors file/],
  ["a zip archive", raw("PK", 3, 4, 20, 0, 0, 0, 8, 0), 0, /no safetensors file/],
  // The text of the header.
  ["a space before the brace", file(" {}"), 8, /must begin with \{/],
  ["an array", file("[]"), 8, /must begin with \{/],
  ["a byte order mark", file(raw(0xef, 0xbb, 0xbf, "{}")), 8, /must begin with \{/],
  ["no closing brace", file("{   "), 12, /end of the header/],
  ["text behind the object", file("{}x"), 10, /only spaces.*"x"/],
  ["a second object", file("{}{}"), 10, /only spaces/],
  ["a line break behind the object", file("{}\n"), 10, /only spaces.*0x0a/],
  ["a zero byte behind the object", file(raw("{}", 0)), 10, /only spaces.*0x00/],
  ["a name without quotes", file(`{w:${w}}`, 4), 9, /must be a string.*"w"/],
  ["a name in single quotes", file(`{'w':${w}}`, 4), 9, /must be a string/],
  ["a name that never ends", file('{"w'), 9, /never ends/],
  ["a name that ends in a backslash", file('{"w\\'), 9, /never ends/],
  ["a line break in a name", file('{"a\nb":1}'), 11, /control character/],
  ["a name that is no UTF-8", file(raw('{"', 0xff, '":1}')), 9, /not UTF-8/],
  ["a name cut in a character", file(raw('{"', 0xe2, 0x82, '":1}')), 9, /not UTF-8/],
  ["an overlong encoding", file(raw('{"', 0xc0, 0xaf, '":1}')), 9, /not UTF-8/],
  ["a surrogate in UTF-8", file(raw('{"', 0xed, 0xa0, 0x80, '":1}')), 9, /not UTF-8/],
  ["half of a surrogate pair", file('{"\\ud800":1}'), 9, /surrogate/],
  ["an unknown escape", file('{"\\x41":1}'), 9, /escape/],
  ["an escape cut short", file('{"\\u12":1}'), 9, /escape/],
  ["no colon", file(`{"w" ${w}}`, 4), 13, /expected :/],
  ["no comma", file(`{"w":${w} "v":${w}}`, 4), 62, /expected } or a comma/],
  ["a comma behind the last", file(`{"w":${w},}`, 4), 62, /must be a string.*"}"/],
  ["a comment", file(`{/**/"w":${w}}`, 4), 9, /must be a string.*"\/"/],
  ["a name twice", file(`{"w":${w},"w":${w}}`, 4), 62, /"w" stands there twice/],
  ["a name twice, once escaped", file(`{"w":${w},"\\u0077":${w}}`, 4), 62, /twice/],
  ["a number for an entry", file('{"w":1}'), 13, /expected \{.*"1"/],
  ["null for an entry", file('{"w":null}'), 13, /expected \{.*"n"/],
  // The metadata.
  ["metadata that is text", file('{"__metadata__":"x"}'), 24, /expected \{/],
  ["a number in the metadata", file('{"__metadata__":{"a":1}}'), 29, /must be a string.*"1"/],
  ["null in the metadata", file('{"__metadata__":{"a":null}}'), 29, /must be a string/],
  ["an object in the metadata", file('{"__metadata__":{"a":{}}}'), 29, /must be a string/],
  ["metadata twice", file('{"__metadata__":{},"__metadata__":{}}'), 27, /twice/],
  ["a metadata key twice", file('{"__metadata__":{"a":"","a":""}}'), 32, /"a" stands there twice/],
  // Fields of an entry.
  ["no dtype", file(fields({ dtype: null }), 4), 13, /no dtype/],
  ["no shape", file(fields({ shape: null }), 4), 13, /no shape/],
  ["no data_offsets", file(fields({ data_offsets: null }), 4), 13, /no data_offsets/],
  ["an empty entry", file('{"w":{}}'), 13, /no dtype/],
  ["an unknown field", file(fields({ strides: "[1]" }), 4), 61, /field "strides"/],
  ["an unknown dtype", file(fields({ dtype: '"F31"' }), 4), 22, /unknown dtype "F31"/],
  ["a dtype in small letters", file(fields({ dtype: '"f32"' }), 4), 22, /unknown dtype "f32"/],
  ["a dtype that is a number", file(fields({ dtype: "4" }), 4), 22, /must be a string/],
  ["a dtype called __proto__", file(fields({ dtype: '"__proto__"' }), 4), 22, /unknown dtype/],
  ["a shape that is a number", file(fields({ shape: "1" }), 4), 36, /must be an array/],
  ["a shape of text", file(fields({ shape: '["1"]' }), 4), 37, /whole numbers/],
  ["a negative length", file(fields({ shape: "[-1]" }), 4), 37, /whole numbers.*"-"/],
  ["a broken length", file(fields({ shape: "[1.0]" }), 4), 38, /whole numbers.*"\."/],
  ["a length with an exponent", file(fields({ shape: "[1e0]" }), 4), 38, /whole numbers.*"e"/],
  ["a length with a leading zero", file(fields({ shape: "[01]" }), 4), 37, /leading zero/],
  ["a length of 2⁵³", file(fields({ shape: "[9007199254740992]" }), 4), 37, /above 2⁵³ − 1/],
  ["a length of 2⁶⁴ + 1", file(fields({ shape: "[18446744073709551617]" }), 4), 37, /above 2⁵³/],
  [
    "a shape that overflows",
    file(fields({ shape: "[4294967296,4294967296]" }), 4),
    36,
    /larger than 2⁵³/,
  ],
  [
    "a shape that overflows before its 0",
    file(fields({ shape: "[4294967296,4294967296,0]" })),
    36,
    /larger than/,
  ],
  ["a nested shape", file(fields({ shape: "[[1]]" }), 4), 37, /whole numbers.*"\["/],
  ["a shape that never ends", file('{"w":{"shape":[1'), 24, /expected \].*end of the header/],
  // Where the tensors lie.
  ["one offset", file(fields({ data_offsets: "[4]" }), 4), 55, /must be two numbers/],
  ["three offsets", file(fields({ data_offsets: "[0,2,4]" }), 4), 55, /must be two numbers/],
  ["offsets turned round", file(fields({ data_offsets: "[4,0]" }), 4), 55, /before it begins/],
  [
    "an offset beyond the file",
    file(fields({ data_offsets: "[0,8]" }), 4),
    55,
    /would end at byte/,
  ],
  [
    "an offset of 2⁵³ − 1",
    file(fields({ data_offsets: "[9007199254740987,9007199254740991]" }), 4),
    55,
    /would end/,
  ],
  ["fewer bytes than the shape", file(fields({ shape: "[2]" }), 4), 55, /needs 8 bytes.*span 4/],
  ["more bytes than the shape", file(fields({ shape: "[0]" }), 4), 55, /needs 0 bytes.*span 4/],
  [
    "a 0-d tensor without bytes",
    file(fields({ shape: "[]", data_offsets: "[0,0]" })),
    54,
    /needs 4 bytes/,
  ],
  ["half a byte", file(`{"w":${entry("F4", [1], [0, 1])}}`, 1), 35, /no whole bytes/],
  [
    "a gap at the beginning",
    file(`{"w":${entry("U8", [1], [1, 2])}}`, 2),
    9,
    /leaves 1 bytes unused/,
  ],
  [
    "a gap between two",
    file(`{"a":${entry("U8", [1], [0, 1])},"b":${entry("U8", [1], [2, 3])}}`, 3),
    61,
    /"b" leaves 1 bytes unused behind tensor "a"/,
  ],
  [
    "an overlap",
    file(`{"a":${entry("U8", [2], [0, 2])},"b":${entry("U8", [2], [1, 3])}}`, 3),
    61,
    /"b" overlaps by 1 bytes with tensor "a"/,
  ],
  [
    "two tensors in one place",
    file(`{"a":${entry("U8", [1], [0, 1])},"b":${entry("U8", [1], [0, 1])}}`, 1),
    61,
    /"b" overlaps/,
  ],
  [
    "an empty tensor inside another",
    file(`{"a":${entry("U8", [2], [0, 2])},"b":${entry("U8", [0], [1, 1])}}`, 2),
    61,
    /"b" overlaps/,
  ],
  ["bytes behind the last", file(`{"w":${w}}`, 5), 66, /1 bytes more/],
  ["bytes and no tensors", file("{}", 3), 10, /3 bytes more/],
  ["a file cut in its data", file(`{"w":${w}}`, 4).subarray(0, 65), 55, /cut off/],
  // Elements.
  [
    "a bool of 2",
    file(`{"w":${entry("BOOL", [2], [0, 2])}}`, Uint8Array.of(1, 2)),
    64,
    /element 1.*is 2/,
  ],
  [
    "a U32 above int32",
    file(`{"w":${entry("U32", [1], [0, 4])}}`, Uint8Array.of(0, 0, 0, 128)),
    62,
    /2147483648.*int32/,
  ],
  [
    "an I64 below int32",
    file(
      `{"w":${entry("I64", [1], [0, 8])}}`,
      Uint8Array.of(255, 255, 255, 127, 255, 255, 255, 255),
    ),
    62,
    /-2147483649/,
  ],
  [
    "complex numbers",
    file(`{"w":${entry("C64", [1], [0, 8])}}`, 8),
    62,
    /type C64, which no tensor can hold/,
  ],
  ["numbers of four bits", file(`{"w":${entry("F4", [2], [0, 1])}}`, 1), 61, /type F4/],
];
