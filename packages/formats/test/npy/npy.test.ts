import { readFileSync } from "node:fs";
import { join } from "node:path";
import { arange, randn, type Tensor, tensor, zeros } from "@chainrule/core";
import { FormatError, openNpz, readNpy, readNpz, writeNpy, writeNpz } from "@chainrule/formats";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyTensor, expectSameTensor } from "../tensors.ts";
import { differences, parseLines } from "./exchange.ts";
import { malformedNpy, malformedNpz, npy } from "./malformed.ts";

const fixtures = parseLines(readFileSync(join(import.meta.dirname, "numpy.jsonl"), "utf8"));

describe("files by NumPy (exchange.py)", () => {
  it.each(fixtures.map((file) => [`${file.format}: ${file.name}`, file] as const))(
    "%s",
    (_, file) => {
      expect(differences(file)).toEqual([]);
    },
  );

  it("has all types, both orders of bytes, both layouts, all versions", () => {
    expect(fixtures.length).toBeGreaterThan(60);
  });
});

const names = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom("__proto__", "constructor", "arr_0", "a/b", "", "x.npy"),
);

describe("round trips", () => {
  it("gives tensors of all types, shapes and layouts back, as .npy", () => {
    fc.assert(
      fc.property(anyTensor(), (x) => {
        const bytes = writeNpy(x);
        expectSameTensor(readNpy(bytes), x);
        expect((bytes.length - x.toTypedArray().byteLength) % 64).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it("gives them back by name, as .npz", () => {
    const entries = fc.uniqueArray(fc.tuple(names, anyTensor()), {
      selector: ([name]) => name,
      maxLength: 5,
    });
    fc.assert(
      fc.property(entries, fc.boolean(), (tensors, compress) => {
        const arrays = readNpz(writeNpz(new Map(tensors), { compress }));
        expect([...arrays.keys()].sort()).toEqual(tensors.map(([name]) => name).sort());
        for (const [name, x] of tensors) expectSameTensor(arrays.get(name)!, x);
      }),
      { numRuns: 150 },
    );
  });

  it("reads .npz array by array, and no other bytes", async () => {
    const tensors = { large: randn([200, 200]), small: arange(3), last: zeros([2]) };
    for (const compress of [false, true]) {
      const bytes = writeNpz(tensors, { compress });
      let fetched = 0;
      const read = async (start: number, end: number): Promise<Uint8Array> => {
        fetched += end - start;
        return bytes.slice(start, end);
      };
      const file = await openNpz({ size: bytes.length, read });
      expect(file.names()).toEqual(["large", "small", "last"]);
      fetched = 0;
      expectSameTensor(await file.tensor("small"), tensors.small);
      expect(fetched).toBeLessThan(300);
      await expect(file.tensor("x")).rejects.toThrow(/no array "x" among the 3/);
    }
  });

  it("reads archives with a 64-bit directory", async () => {
    const bytes = writeNpz({ x: tensor([1, 2]), y: tensor([3]) });
    const endAt = bytes.length - 22;
    const end = new DataView(bytes.buffer, endAt);
    const wide = new DataView(new ArrayBuffer(56 + 20 + 22));
    wide.setUint32(0, 0x06064b50, true);
    wide.setBigUint64(4, 44n, true);
    wide.setBigUint64(24, 2n, true);
    wide.setBigUint64(32, 2n, true);
    wide.setBigUint64(40, BigInt(end.getUint32(12, true)), true);
    wide.setBigUint64(48, BigInt(end.getUint32(16, true)), true);
    wide.setUint32(56, 0x07064b50, true);
    wide.setBigUint64(64, BigInt(endAt), true);
    wide.setUint32(72, 1, true);
    wide.setUint32(76, 0x06054b50, true);
    for (let at = 84; at < 96; at++) wide.setUint8(at, 0xff);
    const large = new Uint8Array([...bytes.subarray(0, endAt), ...new Uint8Array(wide.buffer)]);
    expect(readNpz(large).get("y")!.toArray()).toEqual([3]);
    expect((await openNpz(large)).names()).toEqual(["x", "y"]);
    large[endAt + 64] = 1;
    expect(() => readNpz(large)).toThrow(/64-bit directory is not where/);
  });

  it("writes the same bytes each time", () => {
    const tensors = { a: randn([30]), b: zeros([3, 3]) };
    expect(writeNpz(tensors, { compress: true })).toEqual(writeNpz(tensors, { compress: true }));
  });

  it("stores numbers in a type of choice", () => {
    expect(readNpy(writeNpy(tensor([1, 1 / 3]), { type: "F16" })).toArray()).toEqual([
      1, 0.333251953125,
    ]);
    expect(readNpy(writeNpy(tensor([3], { dtype: "int32" }), { type: "I64" })).dtype).toBe("int32");
    expect(() => writeNpy(tensor([1]), { type: "BF16" })).toThrow(/NumPy has no type "BF16"/);
    expect(() => writeNpy(tensor([1]), { type: "I32" })).toThrow(/cannot be stored as I32/);
  });

  it("reads what other programs than NumPy write", () => {
    const read = (header: string, data: number): Tensor => readNpy(npy(header, data));
    expect(read(`{"shape":(1L,),"fortran_order":True,"descr":"<f4"}`, 4).shape).toEqual([1]);
    expect(read("{'descr': '?', 'fortran_order': False, 'shape': ()}", 1).dtype).toBe("bool");
    expect(read("{'descr': 'u1', 'fortran_order': False, 'shape': (2, 1)}", 2).shape).toEqual([
      2, 1,
    ]);
  });
});

function errorOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

describe("what is refused", () => {
  const rows = [
    ...malformedNpy.map((row) => ["npy", readNpy, ...row] as const),
    ...malformedNpz.map((row) => ["npz", readNpz, ...row] as const),
  ];
  it.each(rows)("%s: %o %s", (_, read, __, bytes, offset, message) => {
    const error = errorOf(() => read(bytes));
    expect(error).toBeInstanceOf(FormatError);
    if (!(error instanceof FormatError)) return;
    expect(error.message).toMatch(message);
    expect(error.offset).toBe(offset);
  });

  it("has forty of them, and as many array by array", async () => {
    expect(rows.length).toBeGreaterThanOrEqual(40);
    for (const [title, bytes] of malformedNpz) {
      const opened = async (): Promise<void> => {
        const file = await openNpz(bytes);
        for (const name of file.names()) await file.tensor(name);
      };
      await expect(opened(), title).rejects.toThrow(FormatError);
    }
  });

  it("inflates no more than it may", () => {
    const bytes = writeNpz({ x: zeros([1_000_000]) }, { compress: true });
    expect(bytes.length).toBeLessThan(10_000);
    expect(() => readNpz(bytes, { maxBytes: 1_000_000 })).toThrow(
      /inflate to 4000128 bytes, more than 1000000.*give \{ maxBytes: 4000128 \}/,
    );
    expect(readNpz(bytes, { maxBytes: 4_000_128 }).get("x")!.numel()).toBe(1_000_000);
  });

  it("says where in a compressed array it is wrong", () => {
    const bytes = writeNpz({ b: tensor([true, false]) }, { compress: true });
    const text = (error: unknown): string => (error instanceof Error ? error.message : "");
    expect(text(errorOf(() => readNpz(bytes.with(50, bytes[50]! ^ 4))))).toMatch(/"b\.npy"/);
  });

  it.each([
    ["no bytes", () => readNpy([] as never), /expected the file's bytes/],
    [
      "a misspelt option",
      () => readNpz(new Uint8Array(1), { max: 1 } as never),
      /unknown option "max"/,
    ],
    ["a cap that is no number", () => readNpz(new Uint8Array(1), { maxBytes: -1 }), /maxBytes/],
    ["no tensor", () => writeNpy(3 as never), /expected a tensor/],
    ["no tensors", () => writeNpz([1] as never), /by name/],
    ["compress of another kind", () => writeNpz({}, { compress: 1 as never }), /true or false/],
  ])("%s", (_, act, message) => {
    expect(act).toThrow(message);
  });
});
