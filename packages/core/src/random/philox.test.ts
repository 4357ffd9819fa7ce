import { describe, expect, test } from "vitest";
import type { Words4 } from "./philox.ts";
import { philoxBlocks } from "./philox.ts";

function block(counter: Words4, key: readonly [number, number]): string[] {
  const words = new Int32Array(8);
  philoxBlocks(words, 2, counter, ...key);
  return Array.from(words.subarray(0, 4), (word) => (word >>> 0).toString(16).padStart(8, "0"));
}

/** The same by the definition, with whole numbers of any size. */
function byDefinition(counter: Words4, key: readonly [number, number]): number[] {
  const mask = 0xffffffffn;
  let [c0, c1, c2, c3] = counter.map((word) => BigInt(word >>> 0)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  let [k0, k1] = key.map((word) => BigInt(word >>> 0)) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const product0 = 0xd2511f53n * c0;
    const product1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [
      (product1 >> 32n) ^ c1 ^ k0,
      product1 & mask,
      (product0 >> 32n) ^ c3 ^ k1,
      product0 & mask,
    ];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [c0, c1, c2, c3].map((word) => Number(BigInt.asIntN(32, word)));
}

describe("philox", () => {
  // The known answers published with Random123, kat_vectors.
  test("gives the known answers", () => {
    expect(block([0, 0, 0, 0], [0, 0])).toEqual(["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]);
    const ones = 0xffffffff;
    expect(block([ones, ones, ones, ones], [ones, ones])).toEqual([
      "408f276d",
      "41c83b0e",
      "a20bc7c6",
      "6d5451fd",
    ]);
    expect(
      block([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
    ).toEqual(["d16cfe09", "94fdcceb", "5001e420", "24126ea1"]);
  });

  test("gives what the definition gives, block by block", () => {
    let word = 1;
    const next = (): number => {
      word = Math.imul(word, 0x9e3779b1) ^ (word >>> 15);
      return word >>> 0;
    };
    for (let i = 0; i < 200; i++) {
      const counter: Words4 = [next() & 0xfffffff0, next(), next(), next()];
      const key = [next(), next()] as const;
      const words = new Int32Array(16);
      philoxBlocks(words, 4, counter, ...key);
      for (let n = 0; n < 4; n++) {
        const [first, ...rest] = counter;
        expect(Array.from(words.subarray(4 * n, 4 * n + 4))).toEqual(
          byDefinition([first + n, ...rest] as Words4, key),
        );
      }
    }
  });
});
