/** Files that break the rules of .npy and .npz: what is wrong, the bytes, the byte to be named and what is to be said. */
import { tensor } from "@chainrule/core";
import { writeNpy, writeNpz } from "@chainrule/formats";
import type { Malformed } from "../safetensors/malformed.ts";

/** An .npy file with this header and as many bytes of data; of version 1 unless given. */
export function npy(header: string | Uint8Array, data = 0, version = 1): Uint8Array {
  const text =
    typeof header === "string" ? Uint8Array.from(header, (c) => c.charCodeAt(0)) : header;
  const start = version === 1 ? 10 : 12;
  const bytes = new Uint8Array(start + text.length + data);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(text, start);
  return bytes;
}

/** A header with these fields in place of the right ones. */
function header(changed: Readonly<Record<string, string | null>>): string {
  const all = { descr: "'<f4'", fortran_order: "False", shape: "(1,)", ...changed };
  const pairs = Object.entries(all).filter(([, value]) => value !== null);
  return `{${pairs.map(([key, value]) => `'${key}': ${value}`).join(", ")}, }\n`;
}

const [descrAt, orderAt, shapeAt] = [20, 44, 60];
const right = writeNpy(tensor([1, 2, 3]));

export const malformedNpy: readonly Malformed[] = [
  ["no bytes", new Uint8Array(0), 0, /ends within its first six bytes/],
  ["fewer than six bytes", right.subarray(0, 4), 4, /ends within its first six/],
  ["another beginning", new Uint8Array(200), 0, /no \.npy file/],
  ["a beginning that differs later", changed(right, 3, 0x58), 3, /no \.npy file/],
  ["a file without a version", right.subarray(0, 7), 7, /ends before its version/],
  ["version 0", changed(right, 6, 0), 6, /version 0\.0/],
  ["version 4", changed(right, 6, 4), 6, /version 4\.0 .* not known/],
  ["version 1.1", changed(right, 7, 1), 6, /version 1\.1/],
  ["no length", right.subarray(0, 9), 9, /before the length of its header/],
  ["no length in version 2", npy("", 0, 2).subarray(0, 11), 11, /before the length/],
  ["a header cut off", right.subarray(0, 60), 8, /118 bytes.*cut off/],
  ["a header of 4 GiB", changed(npy("", 0, 2), 11, 0xff), 8, /4278190080 bytes/],
  ["an empty header", npy(""), 10, /expected \{.*end of the header/],
  ["a list", npy("[]"), 10, /expected \{.*"\["/],
  ["an empty dictionary", npy("{}"), 10, /no descr/],
  ["no closing brace", npy("{'descr': '<f4'"), 25, /end of the header/],
  ["no descr", npy(header({ descr: null }), 4), 10, /no descr/],
  ["no order", npy(header({ fortran_order: null }), 4), 10, /no fortran_order/],
  ["no shape", npy(header({ shape: null }), 4), 10, /no shape/],
  ["an unknown key", npy(header({ strides: "(1,)" }), 4), 66, /"strides" is not known/],
  ["a key twice", npy("{'descr': '<f4', 'descr': '<f4'}"), 27, /"descr" stands there twice/],
  ["a key without quotes", npy("{descr: '<f4'}"), 11, /key must be a string.*"d"/],
  ["a key that never ends", npy("{'descr: <f4}"), 11, /never ends/],
  ["a backslash in a string", npy("{'de\\x73cr': '<f4'}"), 14, /backslash/],
  ["no colon", npy("{'descr' '<f4'}"), 19, /expected :/],
  ["no comma", npy("{'descr': '<f4' 'shape': ()}"), 26, /expected } or a comma/],
  ["text behind the dictionary", npy(`${header({}).trim()} x`, 4), 68, /only spaces.*"x"/],
  [
    "a header that is no UTF-8",
    npy(Uint8Array.of(0x7b, 0x27, 0xff, 0x27, 0x3a), 0, 3),
    13,
    /not UTF-8/,
  ],
  ["pickled objects", npy(header({ descr: "'|O'" }), 4), descrAt, /pickled.*never read/],
  [
    "a structured array",
    npy(header({ descr: "[('x', '<f4'), ('y', '<i4')]" }), 8),
    descrAt,
    /structured array/,
  ],
  ["an array of subarrays", npy(header({ descr: "('<f4', (2,))" }), 8), descrAt, /subarrays/],
  ["complex numbers", npy(header({ descr: "'<c8'" }), 8), descrAt, /complex numbers/],
  ["extended precision", npy(header({ descr: "'<f16'" }), 16), descrAt, /extended precision/],
  ["byte strings", npy(header({ descr: "'|S5'" }), 5), descrAt, /byte strings/],
  ["text", npy(header({ descr: "'<U3'" }), 12), descrAt, /stands for text/],
  ["dates", npy(header({ descr: "'<M8[ns]'" }), 8), descrAt, /dates/],
  ["durations", npy(header({ descr: "'<m8[s]'" }), 8), descrAt, /durations/],
  ["raw bytes", npy(header({ descr: "'|V4'" }), 4), descrAt, /raw bytes/],
  ["an unknown kind", npy(header({ descr: "'<q4'" }), 4), descrAt, /something unknown/],
  ["a type of 3 bytes", npy(header({ descr: "'<i3'" }), 3), descrAt, /no tensor can hold/],
  ["a descr that is no type", npy(header({ descr: "'float32 please'" }), 4), descrAt, /is no type/],
  ["no order of bytes", npy(header({ descr: "'|f4'" }), 4), descrAt, /order of its bytes/],
  ["this machine's order", npy(header({ descr: "'=f4'" }), 4), descrAt, /order of its bytes/],
  ["a descr that is a number", npy(header({ descr: "4" }), 4), descrAt, /descr must be a string/],
  [
    "an order that is a number",
    npy(header({ fortran_order: "0" }), 4),
    orderAt,
    /True or False.*"0"/,
  ],
  [
    "an order in small letters",
    npy(header({ fortran_order: "false" }), 4),
    orderAt,
    /True or False.*"f"/,
  ],
  [
    "a shape that is a list",
    npy(header({ shape: "[1]" }), 4),
    shapeAt,
    /expected \( for the shape/,
  ],
  ["a shape that is no tuple", npy(header({ shape: "(1)" }), 4), shapeAt + 2, /needs a comma/],
  ["a negative length", npy(header({ shape: "(-1,)" }), 4), shapeAt + 1, /whole numbers.*"-"/],
  ["a broken length", npy(header({ shape: "(1.0,)" }), 4), shapeAt + 2, /whole numbers.*"\."/],
  ["a length with a leading zero", npy(header({ shape: "(01,)" }), 4), shapeAt + 1, /leading zero/],
  [
    "a length of 2⁵³",
    npy(header({ shape: "(9007199254740992,)" }), 4),
    shapeAt + 1,
    /above 2⁵³ − 1/,
  ],
  [
    "a shape that overflows",
    npy(header({ shape: "(4294967296, 4294967296)" }), 4),
    0,
    /more than 2⁵³ bytes/,
  ],
  [
    "65 dimensions",
    npy(header({ shape: `(${"1, ".repeat(65)})` }), 4),
    0,
    /65 dimensions; 64 are the most/,
  ],
  ["too few numbers", right.subarray(0, 136), 136, /needs 12 bytes.*there are 8.*cut off/],
  ["half a number", right.subarray(0, 139), 139, /there are 11/],
  ["too many numbers", npy(header({}), 5), 72, /needs 4 bytes.*there are 5/],
  ["a bool of 2", changed(writeNpy(tensor([true, false])), 129, 2), 129, /element 1.*is 2/],
];

/** A copy with another byte in one place. */
function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

const zip = writeNpz({ a: tensor([1, 2]), b: tensor([3]) });
const deflated = writeNpz({ a: tensor(new Float32Array(1000)) }, { compress: true });
// Headers of 30 + 5 bytes before a.npy of 136 and b.npy of 132; two entries of 46 + 5 in the directory; the end of 22.
const [secondAt, directoryAt] = [35 + 136, 35 + 136 + 35 + 132];
const endAt = directoryAt + 2 * 51;
const deflatedDirectory = deflated.length - 22 - 51;

/** A copy with other bytes from a place on. */
function patched(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

export const malformedNpz: readonly Malformed[] = [
  ["no bytes", new Uint8Array(0), 0, /end of a zip archive is not there/],
  ["an .npy file", right, right.length, /end of a zip archive is not there/],
  ["an archive without its last byte", zip.subarray(0, -1), zip.length - 1, /not there.*cut off/],
  [
    "a byte behind the archive",
    patched(new Uint8Array(zip.length + 1), 0, ...zip),
    zip.length + 1,
    /not there/,
  ],
  [
    "an archive without its beginning",
    zip.subarray(10),
    endAt - 10 + 12,
    /begin at byte \d+, but end/,
  ],
  ["one part of several", patched(zip, endAt + 4, 1), endAt + 4, /one part of several/],
  [
    "more entries than can be",
    patched(zip, endAt + 8, 99, 0, 99, 0),
    endAt + 10,
    /99 entries do not fit/,
  ],
  [
    "fewer entries than there are",
    patched(zip, endAt + 8, 1, 0, 1, 0),
    directoryAt + 51,
    /51 bytes too many/,
  ],
  [
    "a directory that is larger",
    patched(zip, endAt + 12, 103),
    endAt + 12,
    /directory of 103 bytes/,
  ],
  ["a directory elsewhere", patched(zip, endAt + 16, 0), endAt + 12, /would begin at byte/],
  [
    "a broken entry in the directory",
    patched(zip, directoryAt, 0),
    directoryAt,
    /entry 0 .* not there/,
  ],
  [
    "a second entry that is broken",
    patched(zip, directoryAt + 51, 0),
    directoryAt + 51,
    /entry 1 .* not there/,
  ],
  [
    "a name that is too long",
    patched(zip, directoryAt + 51 + 28, 60),
    directoryAt + 51 + 28,
    /beyond the directory/,
  ],
  ["a name that is no UTF-8", patched(zip, directoryAt + 46, 0xff), directoryAt + 46, /not UTF-8/],
  [
    "a name twice",
    patched(zip, directoryAt + 51 + 46, 0x61),
    directoryAt + 51 + 46,
    /"a\.npy" stands there twice/,
  ],
  ["an encrypted entry", patched(zip, directoryAt + 8, 1), directoryAt + 8, /encrypted/],
  ["an unknown compression", patched(zip, directoryAt + 10, 12), directoryAt + 10, /method 12/],
  [
    "a stored entry of two sizes",
    patched(zip, directoryAt + 24, 137),
    directoryAt + 20,
    /cannot have 137 bytes, packed in 136/,
  ],
  [
    "a size no deflated bytes can have",
    patched(deflated, deflatedDirectory + 27, 0x7f),
    deflatedDirectory + 20,
    /cannot have 213\d+ bytes/,
  ],
  [
    "a size of 2³² − 1 without its field",
    patched(deflated, deflatedDirectory + 24, 255, 255, 255, 255),
    deflatedDirectory + 51,
    /64-bit sizes .* not there/,
  ],
  [
    "an entry beyond the directory",
    patched(zip, directoryAt + 51 + 42, 0, 1),
    256,
    /reaches into what begins/,
  ],
  [
    "two entries in one place",
    patched(zip, directoryAt + 51 + 42, 0, 0),
    0,
    /reaches into what begins at byte 0/,
  ],
  [
    "an archive that begins later",
    patched(zip, directoryAt + 42, 1),
    0,
    /first entry begins at byte 1/,
  ],
  [
    "an entry without its header",
    patched(zip, secondAt, 0),
    secondAt,
    /header of "b\.npy" is not there/,
  ],
  ["an entry of another name", patched(zip, 30, 0x78), 0, /says something else than the directory/],
  ["an entry of another method", patched(zip, 8, 8), 0, /says something else/],
  ["an entry that is too far behind", patched(zip, 28, 1), 26, /reaches into what follows/],
  [
    "a file that is no array",
    patched(patched(zip, 34, 0x78), directoryAt + 50, 0x78),
    0,
    /"a\.npx" is no \.npy file/,
  ],
  ["a number that was changed", patched(zip, 35 + 130, 77), 35, /damaged: its checksum/],
  ["a checksum that was changed", patched(zip, directoryAt + 16, 0), 35, /damaged/],
  [
    "a bit in deflated bytes",
    patched(deflated, 40, 255, 255),
    35,
    /does not inflate|damaged|inflates to/,
  ],
  ["a size one too small", patched(deflated, deflatedDirectory + 24, 0x1f), 35, /inflates to more/],
  ["a size one too large", patched(deflated, deflatedDirectory + 24, 0x21), 35, /inflates to less/],
];
