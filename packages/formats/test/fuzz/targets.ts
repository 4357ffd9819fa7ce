/** The formats: files to begin with, what changes in them mean, and how they are read. */
import { arange, type Tensor, tensor, zeros } from "@chainrule/core";
import {
  readCheckpoint,
  readJson,
  readNpy,
  readNpz,
  readSafetensors,
  type StoredType,
  saveCheckpoint,
  writeJson,
  writeNpy,
  writeNpz,
  writeSafetensors,
} from "@chainrule/formats";
import { importOnnx } from "@chainrule/formats/onnx";
import { zipSync } from "fflate";
import { crc32 } from "../../src/crc32.ts";
import type { ModelMessage } from "../../src/onnx/messages.ts";
import { modelSchema } from "../../src/onnx/messages.ts";
import { decode, encode } from "../../src/onnx/wire.ts";
import { npy } from "../npy/malformed.ts";
import { mutateFields, valid as onnxFiles } from "../onnx/mutate.ts";
import { file } from "../safetensors/bytes.ts";
import { joined, mutateBytes, mutateText } from "./mutate.ts";
import type { Random } from "./random.ts";

/** A format. */
export interface Target {
  /** Files that are right. */
  readonly seeds: readonly Uint8Array[];
  /** Another file, made of one of the seeds. */
  mutate(random: Random, seed: Uint8Array, seeds: readonly Uint8Array[]): Uint8Array;
  /** Reads a file: throws an error of Chainrule's, or gives a value that can be written. */
  read(bytes: Uint8Array): unknown;
  /** Writes and reads what `read` gave. */
  again(value: never): unknown;
  /** Bytes of tensors that a byte of the file can stand for. */
  readonly growth: number;
}

const types: readonly StoredType[] = [
  "BOOL",
  "U8",
  "I8",
  "F8_E5M2",
  "F8_E4M3",
  "U16",
  "I16",
  "F16",
  "BF16",
  "U32",
  "I32",
  "F32",
  "U64",
  "I64",
  "F64",
];
const small: Readonly<Record<string, Tensor>> = Object.fromEntries([
  ["__proto__", zeros([1])],
  ...Object.entries({
    weight: tensor([
      [1.5, -2],
      [3, 4],
    ]),
    b: tensor([true, false, true]),
    n: arange(5),
    empty: zeros([3, 0]),
    single: tensor(7, { dtype: "float64" }),
  }),
]);
const latin1 = new TextDecoder("latin1");

const safetensorsWords = [
  ...types.map((type) => `"${type}"`),
  '"C64"',
  '"F4"',
  '"dtype"',
  '"shape"',
  '"data_offsets"',
];

const safetensors: Target = {
  seeds: [
    writeSafetensors(small, {
      metadata: new Map([
        ["format", "pt"],
        ["__proto__", "x"],
      ]),
    }),
    ...types.map((type) => {
      const isFloat = type.includes("F");
      const x = isFloat ? tensor([1, 2, 3]) : type === "BOOL" ? tensor([true]) : arange(3);
      return writeSafetensors({ x }, { type: () => type });
    }),
    writeSafetensors({}),
  ],
  mutate(random, seed, seeds) {
    if (random.oneIn(3)) return mutateBytes(random, seed, seeds);
    const length = new DataView(seed.buffer, seed.byteOffset).getUint32(0, true);
    const header = new TextDecoder().decode(seed.subarray(8, 8 + length));
    return file(mutateText(random, header, safetensorsWords), seed.subarray(8 + length));
  },
  read: (bytes) =>
    readSafetensors(bytes, { wideIntegers: bytes.length % 2 === 0 ? "int32" : "float64" }),
  again: ({ tensors, metadata }: { tensors: Map<string, Tensor>; metadata: Map<string, string> }) =>
    readSafetensors(writeSafetensors(tensors, { metadata })),
  growth: 8,
};

const npyWords = [
  "'<f4'",
  "'>f8'",
  "'|b1'",
  "'<i8'",
  "'|u1'",
  "'>u2'",
  "'<f2'",
  "'|O'",
  "'<c8'",
  "'<U3'",
  "'descr'",
  "'shape'",
  "'fortran_order'",
  "True",
  "False",
  "(2,)",
  "(2, 2)",
  "()",
];

const npySeeds = [
  ...Object.values(small).map((x) => writeNpy(x)),
  ...(["U8", "I8", "U16", "I16", "U32", "U64", "I64"] as const).map((type) =>
    writeNpy(arange(6).reshape([2, 3]), { type }),
  ),
  writeNpy(tensor([0.5, 2]), { type: "F16" }),
  npy("{'descr': '>i8', 'fortran_order': True, 'shape': (2, 2), }\n", 32, 2),
  npy("{'descr': '>f4', 'fortran_order': True, 'shape': (1, 2, 3), }\n", 24, 3),
];

function mutateNpy(random: Random, seed: Uint8Array, seeds: readonly Uint8Array[]): Uint8Array {
  if (random.oneIn(3)) return mutateBytes(random, seed, seeds);
  const version = seed[6]!;
  const start = version === 1 ? 10 : 12;
  const length = new DataView(seed.buffer, seed.byteOffset).getUint16(8, true);
  const text = latin1.decode(seed.subarray(start, start + length));
  const changed = mutateText(random, text, npyWords).slice(0, 60_000);
  return joined(
    npy(changed, 0, random.oneIn(10) ? 1 + random.below(3) : version),
    seed.subarray(start + length),
  );
}

const npyTarget: Target = {
  seeds: npySeeds,
  mutate: mutateNpy,
  read: (bytes) => readNpy(bytes, { wideIntegers: "float64" }),
  again: (x: Tensor) => readNpy(writeNpy(x)),
  growth: 8,
};

const npz: Target = {
  seeds: [
    writeNpz(small),
    writeNpz(small, { compress: true }),
    writeNpz({ x: zeros([3000]) }, { compress: true }),
    writeNpz({}),
  ],
  mutate(random, seed, seeds) {
    if (!random.oneIn(4)) return mutateZip(random, seed, seeds);
    // An archive that is right, of an array that need not be.
    const array = mutateNpy(random, random.pick(npySeeds), npySeeds);
    return zipSync(
      { "a.npy": array, "b.npy": random.pick(npySeeds) },
      { level: random.pick([0, 1]) },
    );
  },
  read: (bytes) => readNpz(bytes, { wideIntegers: "float64", maxBytes: 1 << 24 }),
  again: (arrays: Map<string, Tensor>) =>
    readNpz(writeNpz(arrays, { compress: arrays.size % 2 === 0 })),
  growth: 8 * 1032,
};

/** Changes the fields of an archive's headers, or any bytes. */
function mutateZip(random: Random, seed: Uint8Array, seeds: readonly Uint8Array[]): Uint8Array {
  if (random.oneIn(2)) return mutateBytes(random, seed, seeds);
  const copy = seed.slice();
  const headers: number[] = [];
  for (let at = 0; at + 4 <= copy.length; at++) {
    if (copy[at] === 0x50 && copy[at + 1] === 0x4b && copy[at + 2]! < 8) headers.push(at);
  }
  for (let i = 0; i <= random.below(3); i++) {
    const at = random.pick(headers) + 4 + random.below(44);
    if (at + 4 > copy.length) continue;
    const view = new DataView(copy.buffer);
    const old = view.getUint32(at, true);
    const value = random.pick([
      old + 1,
      old - 1,
      0,
      1,
      0xffff,
      0xffffffff,
      old ^ (1 << random.below(32)),
      copy.length,
    ]);
    if (random.oneIn(2)) view.setUint32(at, value, true);
    else view.setUint16(at, value, true);
  }
  return copy;
}

const checkpointWords = [
  '"tensor"',
  '"object"',
  '"map"',
  '"set"',
  '"number"',
  '"bigint"',
  '"Float64Array"',
  '"Uint8Array"',
  '"undefined"',
];
/** The byte at which the checksum begins: see src/checkpoint/file.ts. */
const checksumAt = 37;

const checkpoint: Target = {
  seeds: [
    saveCheckpoint({
      model: small,
      history: { loss: [1, 0.5, Number.NaN], lr: [-0] },
      rest: [
        new Map([[1, tensor([1])]]),
        new Set(["a"]),
        12n,
        undefined,
        null,
        new Float64Array(3),
        new Uint8Array(2),
      ],
    }),
    saveCheckpoint({}),
  ],
  mutate(random, seed, seeds) {
    if (random.oneIn(3)) return mutateBytes(random, seed, seeds);
    const length = new DataView(seed.buffer, seed.byteOffset).getUint32(0, true);
    const header = new TextDecoder().decode(seed.subarray(8, 8 + length)).trimEnd();
    const begin = header.indexOf('"state":') + 8;
    const end = begin + (/^"(?:[^"\\]|\\.)*"/.exec(header.slice(begin))?.[0].length ?? 0);
    const state = String(JSON.parse(header.slice(begin, end)));
    const changed = JSON.stringify(mutateText(random, state, checkpointWords));
    const made = file(
      `${header.slice(0, begin)}${changed}${header.slice(end)}`,
      seed.subarray(8 + length),
    );
    // With the checksum that belongs to it, so that it is read to the end.
    const encoder = new TextEncoder();
    made.set(encoder.encode("00000000"), checksumAt);
    made.set(encoder.encode(crc32(made).toString(16).padStart(8, "0")), checksumAt);
    return made;
  },
  read: readCheckpoint,
  again: (data: Map<string, unknown>) => readCheckpoint(saveCheckpoint(data)),
  growth: 8,
};

const json: Target = {
  seeds: [new TextEncoder().encode(writeJson(small))],
  mutate: (random, seed) =>
    new TextEncoder().encode(
      mutateText(random, new TextDecoder().decode(seed), [
        '"dtype"',
        '"shape"',
        '"values"',
        '"float64"',
        '"int32"',
        '"NaN"',
      ]),
    ),
  read: (bytes) => readJson(new TextDecoder().decode(bytes)),
  again: (tensors: Map<string, Tensor>) => readJson(writeJson(tensors)),
  growth: 8,
};

interface OnnxRead {
  readonly message: ModelMessage;
  readonly state: readonly Tensor[];
}

const readOnnx = (bytes: Uint8Array): OnnxRead => {
  const model = importOnnx(bytes);
  const state = [...model.parameters(), ...model.buffers()];
  return { message: decode(modelSchema, bytes), state };
};

const onnx: Target = {
  seeds: onnxFiles(),
  mutate: (random, seed, seeds) =>
    random.oneIn(3) ? mutateBytes(random, seed, seeds) : mutateFields(random, seed, seeds),
  read: readOnnx,
  again: ({ message }: OnnxRead) => readOnnx(encode(modelSchema, message)),
  growth: 8,
};

export const targets: Readonly<Record<string, Target>> = {
  safetensors,
  npy: npyTarget,
  npz,
  checkpoint,
  json,
  onnx,
};
