import { manualSeed, randn, type Tensor, tensor, zeros } from "@chainrule/core";
import type { StoredType } from "@chainrule/formats";
import {
  FormatError,
  openSafetensors,
  readSafetensors,
  writeSafetensors,
} from "@chainrule/formats";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyTensor, expectSameTensor } from "../tensors.ts";
import { entry, file } from "./bytes.ts";
import { malformed } from "./malformed.ts";

const names = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom("__proto__", "constructor", "toString", "0", "", "a.b", "\u0000", '"\\'),
);

describe("round trips", () => {
  it("gives tensors of all types, shapes and layouts back", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(names, anyTensor()), { selector: ([name]) => name, maxLength: 6 }),
        fc.uniqueArray(fc.tuple(names, names), { selector: ([key]) => key, maxLength: 4 }),
        (entries, pairs) => {
          const bytes = writeSafetensors(new Map(entries), { metadata: new Map(pairs) });
          const { tensors, metadata } = readSafetensors(bytes);
          expect(tensors.size).toBe(entries.length);
          for (const [name, x] of entries) expectSameTensor(tensors.get(name)!, x);
          expect([...metadata]).toEqual(pairs);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("writes the same bytes whatever the order of the tensors", () => {
    const [a, b] = [tensor([1, 2, 3]), tensor([[true]])];
    const bytes = writeSafetensors({ a, b });
    expect(writeSafetensors({ b, a })).toEqual(bytes);
    expect(bytes.length % 8).toBe((8 + 12 + 1) % 8);
  });

  it("lays each tensor where its elements are aligned", async () => {
    const bytes = writeSafetensors({
      a: tensor([true, false, true]),
      b: tensor([1, 2], { dtype: "float64" }),
      c: tensor([1]),
    });
    const opened = await openSafetensors(bytes);
    expect(opened.names()).toEqual(["b", "c", "a"]);
    expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
  });

  it("keeps names such as __proto__ as data", () => {
    const parsed: Record<string, Tensor> = Object.fromEntries([["__proto__", tensor([7])]]);
    const { tensors, metadata } = readSafetensors(
      writeSafetensors(parsed, { metadata: new Map([["__proto__", "x"]]) }),
    );
    expect([...tensors.keys()]).toEqual(["__proto__"]);
    expect(metadata.get("__proto__")).toBe("x");
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it("has an empty file", () => {
    const bytes = writeSafetensors({});
    expect(bytes.length).toBe(16);
    expect(readSafetensors(bytes).tensors.size).toBe(0);
    expect(readSafetensors(file("{}")).tensors.size).toBe(0);
  });
});

describe("types", () => {
  const read = (type: string, data: Uint8Array, count: number, options = {}): Tensor =>
    readSafetensors(
      file(`{"x":${entry(type, [count], [0, data.length])}}`, data),
      options,
    ).tensors.get("x")!;
  const bytesOf = (array: ArrayBufferView): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

  it.each([
    ["U8", Uint8Array.of(0, 128, 255), [0, 128, 255]],
    ["I8", Int8Array.of(0, -128, 127), [0, -128, 127]],
    ["U16", Uint16Array.of(0, 65535), [0, 65535]],
    ["I16", Int16Array.of(-32768, 32767), [-32768, 32767]],
    ["U32", Uint32Array.of(0, 2 ** 31 - 1), [0, 2 ** 31 - 1]],
    ["I32", Int32Array.of(-(2 ** 31), 2 ** 31 - 1), [-(2 ** 31), 2 ** 31 - 1]],
    ["I64", BigInt64Array.of(-(2n ** 31n), 2n ** 31n - 1n, -1n), [-(2 ** 31), 2 ** 31 - 1, -1]],
    ["U64", BigUint64Array.of(5n, 2n ** 31n - 1n), [5, 2 ** 31 - 1]],
  ])("reads %s as int32", (type, array, expected) => {
    const x = read(type, bytesOf(array), expected.length);
    expect(x.dtype).toBe("int32");
    expect(x.toArray()).toEqual(expected);
  });

  it("reads wide integers in double precision, rounded once", () => {
    const wide = { wideIntegers: "float64" };
    const values = [2n ** 53n + 1n, 2n ** 53n + 3n, -(2n ** 63n), 2n ** 63n - 1n, -1n, 0n];
    const x = read("I64", bytesOf(BigInt64Array.from(values)), values.length, wide);
    expect(x.dtype).toBe("float64");
    expect(x.toArray()).toEqual(values.map(Number));
    const u = [2n ** 64n - 1n, 2n ** 63n + 1025n];
    expect(read("U64", bytesOf(BigUint64Array.from(u)), 2, wide).toArray()).toEqual(u.map(Number));
    expect(read("U32", Uint8Array.of(255, 255, 255, 255), 1, wide).toArray()).toEqual([
      2 ** 32 - 1,
    ]);
  });

  it("reads the small floating types", () => {
    expect(read("F16", bytesOf(Uint16Array.of(0x3c00, 0xc000, 1)), 3).toArray()).toEqual([
      1,
      -2,
      2 ** -24,
    ]);
    expect(read("BF16", bytesOf(Uint16Array.of(0x3f80, 0xff80)), 2).toArray()).toEqual([
      1,
      -Infinity,
    ]);
    expect(read("F8_E4M3", Uint8Array.of(0x7e, 0xff), 2).toArray()).toEqual([448, Number.NaN]);
    const nan = Number.NaN;
    expect(read("F8_E4M3FNUZ", Uint8Array.of(0x7f, 0x80, 1, 0x40), 4).toArray()).toEqual([
      240,
      nan,
      2 ** -10,
      1,
    ]);
    expect(read("F8_E5M2FNUZ", Uint8Array.of(0x7f, 0x80, 1, 0x40), 4).toArray()).toEqual([
      57344,
      nan,
      2 ** -17,
      1,
    ]);
    expect(read("F8_E8M0", Uint8Array.of(0, 127, 254, 255), 4).toArray()).toEqual([
      2 ** -127,
      1,
      2 ** 127,
      nan,
    ]);
    expect(read("F8_E5M2", Uint8Array.of(0x7c, 0x3c), 2).toArray()).toEqual([Infinity, 1]);
  });

  it("stores floating tensors in a type of choice, others as they are", async () => {
    manualSeed(3);
    const x = randn([50]);
    const types: StoredType[] = ["F16", "BF16", "F8_E4M3", "F8_E5M2", "F32", "F64"];
    for (const type of types) {
      const bytes = writeSafetensors({ x, n: tensor([1, 2], { dtype: "int32" }) }, { type });
      const opened = await openSafetensors(bytes);
      expect(opened.info("x").type).toBe(type);
      expect(opened.info("n").type).toBe("I32");
      const error = (await opened.tensor("x"))
        .to("float64")
        .sub(x.to("float64"))
        .abs()
        .max()
        .item();
      expect(error).toBeLessThanOrEqual(
        { F16: 2e-3, BF16: 2e-2, F32: 0, F64: 0 }[type as "F16"] ?? 0.5,
      );
    }
  });

  it("stores whole numbers and bools in a type of choice", () => {
    const types = new Map<string, StoredType>([
      ["n", "I64"],
      ["b", "U8"],
      ["m", "I16"],
    ]);
    const n = tensor([-5, 2 ** 31 - 1], { dtype: "int32" });
    const bytes = writeSafetensors(
      { n, b: tensor([true, false]), m: tensor([-32768], { dtype: "int32" }) },
      { type: (name) => types.get(name) },
    );
    const { tensors } = readSafetensors(bytes);
    expect(tensors.get("n")!.toArray()).toEqual(n.toArray());
    expect(tensors.get("b")!.toArray()).toEqual([1, 0]);
    expect(tensors.get("m")!.toArray()).toEqual([-32768]);
  });
});

describe("reading tensor by tensor", () => {
  it("fetches the header and the bytes of the tensor, and nothing else", async () => {
    const bytes = writeSafetensors({ a: zeros([10_000]), b: tensor([1, 2]), c: zeros([0]) });
    const ranges: [number, number][] = [];
    const read = async (start: number, end: number): Promise<Uint8Array> => {
      ranges.push([start, end]);
      return bytes.slice(start, end);
    };
    const opened = await openSafetensors({ size: bytes.length, read });
    expect((await opened.tensor("b")).toArray()).toEqual([1, 2]);
    expect((await opened.tensor("c")).shape).toEqual([0]);
    const header = new DataView(bytes.buffer).getUint32(0, true);
    expect(ranges).toEqual([
      [0, 8],
      [8, 8 + header],
      [8 + header + 40_000, 8 + header + 40_008],
    ]);
  });

  it("reads from a Blob and from an ArrayBuffer", async () => {
    const bytes = writeSafetensors({ w: tensor([[1, 2]]) }, { metadata: { format: "pt" } });
    const buffer = bytes.slice().buffer;
    for (const from of [new Blob([buffer]), buffer]) {
      const opened = await openSafetensors(from);
      expect(opened.metadata.get("format")).toBe("pt");
      expectSameTensor(await opened.tensor("w"), tensor([[1, 2]]));
    }
  });

  it("copies out of Node's buffers", async () => {
    const tensors = { b: tensor([true, false]), f: tensor([1, 2]) };
    const buffer = Buffer.from(writeSafetensors(tensors));
    const source = {
      size: buffer.length,
      read: async (a: number, b: number) => buffer.subarray(a, b),
    };
    const opened = await openSafetensors(source);
    const read = [
      readSafetensors(buffer).tensors.get("b")!,
      readSafetensors(buffer).tensors.get("f")!,
      await opened.tensor("b"),
    ];
    const before = read.map((x) => x.toArray());
    buffer.fill(1);
    expect(read.map((x) => x.toArray())).toEqual(before);
    expect(read[0]!.storage.data.constructor).toBe(Uint8Array);
  });

  it("reads the others when one is of a type that tensors cannot hold", async () => {
    const header = `{"c":${entry("C64", [1], [0, 8])},"w":${entry("U8", [1], [8, 9])}}`;
    const opened = await openSafetensors(file(header, 9));
    expect((await opened.tensor("w")).toArray()).toEqual([0]);
    await expect(opened.tensor("c")).rejects.toThrow(FormatError);
    expect(() => readSafetensors(file(header, 9))).toThrow(/type C64/);
  });

  it("says so when the source gives too few bytes, or has no such tensor", async () => {
    const bytes = writeSafetensors({ w: zeros([4]) });
    const opened = await openSafetensors({
      size: bytes.length,
      read: async (start, end) => bytes.slice(start, Math.min(end, 72)),
    });
    await expect(opened.tensor("w")).rejects.toThrow(/byte 72: the source gave/);
    await expect(opened.tensor("v")).rejects.toThrow(/no tensor "v" among the 1/);
    expect(() => opened.info("__proto__")).toThrow(/no tensor "__proto__"/);
  });
});

describe("what is refused", () => {
  it.each(malformed)("%s", async (_, bytes, offset, message) => {
    const errorOf = async (act: () => unknown): Promise<unknown> => {
      try {
        return await act();
      } catch (error) {
        return error;
      }
    };
    const error = await errorOf(() => readSafetensors(bytes));
    expect(error).toBeInstanceOf(FormatError);
    if (!(error instanceof FormatError)) return;
    expect(error.message).toMatch(message);
    expect(error.offset).toBe(offset);
    // Tensor by tensor the same is wrong.
    const lazily = await errorOf(async () => {
      const opened = await openSafetensors(bytes);
      for (const name of opened.names()) await opened.tensor(name);
    });
    expect(lazily).toBeInstanceOf(FormatError);
  });

  it("has sixty of them", () => {
    expect(malformed.length).toBeGreaterThanOrEqual(60);
  });

  it.each([
    ["no bytes", () => readSafetensors("x" as never), /expected the file's bytes/],
    [
      "a misspelt option",
      () => readSafetensors(file("{}"), { wide: 1 } as never),
      /unknown option "wide"/,
    ],
    [
      "an unknown type of integers",
      () => readSafetensors(file("{}"), { wideIntegers: "int64" as never }),
      /wideIntegers/,
    ],
    ["no tensors", () => writeSafetensors(tensor([1]) as never), /by name/],
    ["a number for a tensor", () => writeSafetensors({ a: 1 as never }), /"a" is no tensor but 1/],
    ["the reserved name", () => writeSafetensors({ __metadata__: tensor([1]) }), /Rename it/],
    ["half of a surrogate pair", () => writeSafetensors({ "\ud800": tensor([1]) }), /surrogate/],
    [
      "metadata that is no text",
      () => writeSafetensors({}, { metadata: { a: 1 as never } }),
      /metadata is text/,
    ],
    [
      "an unknown type",
      () => writeSafetensors({ a: zeros([1]) }, { type: "F15" as never }),
      /unknown type "F15"/,
    ],
    [
      "floats as integers",
      () => writeSafetensors({ a: zeros([1]) }, { type: "I32" }),
      /cannot be stored as I32/,
    ],
    [
      "integers that do not fit",
      () => writeSafetensors({ a: tensor([300], { dtype: "int32" }) }, { type: () => "U8" }),
      /is 300, but U8/,
    ],
    [
      "a type that is only read",
      () => writeSafetensors({ a: zeros([1]) }, { type: "F8_E8M0" }),
      /a type that is only read/,
    ],
    [
      "integers as bools",
      () => writeSafetensors({ a: tensor([1], { dtype: "int32" }) }, { type: () => "BOOL" }),
      /cannot be stored/,
    ],
  ])("%s", (_, act, message) => {
    expect(act).toThrow(message);
  });

  it("refuses what cannot be opened", async () => {
    await expect(openSafetensors(5 as never)).rejects.toThrow(/expected a Uint8Array/);
  });
});
