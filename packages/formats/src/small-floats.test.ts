import { describe, expect, it } from "vitest";
import type { SmallFloat } from "./small-floats.ts";
import {
  bfloat16,
  decodeSmallFloat,
  encodeSmallFloat,
  float8e4m3,
  float8e5m2,
  float16,
} from "./small-floats.ts";

const kinds: Record<string, SmallFloat> = { float16, bfloat16, float8e4m3, float8e5m2 };

describe.each(Object.entries(kinds))("%s", (_, kind) => {
  const codes = 2 ** (kind.exponentBits + kind.mantissaBits);
  const largest = (kind.infinity ?? kind.nan) - 1;

  it("writes what it reads", () => {
    const wrong: number[] = [];
    for (let code = 0; code < 2 * codes; code++) {
      const value = decodeSmallFloat(kind, code);
      const written = encodeSmallFloat(kind, value);
      // A NaN loses its sign and its payload.
      const same = Number.isNaN(value) ? written % codes === kind.nan : written === code;
      if (!same) wrong.push(code);
    }
    expect(wrong).toEqual([]);
  });

  it("grows with its code, and rounds to nearest, ties to even", () => {
    const wrong: number[] = [];
    for (let code = 0; code < largest; code++) {
      const [low, high] = [decodeSmallFloat(kind, code), decodeSmallFloat(kind, code + 1)];
      const middle = (low + high) / 2;
      const step = (high - low) / 1024;
      const right =
        high > low &&
        encodeSmallFloat(kind, middle) === (code % 2 === 0 ? code : code + 1) &&
        encodeSmallFloat(kind, middle - step) === code &&
        encodeSmallFloat(kind, -middle - step) === codes + code + 1;
      if (!right) wrong.push(code);
    }
    expect(wrong).toEqual([]);
  });

  it("overflows half a step above its largest number", () => {
    const top = decodeSmallFloat(kind, largest);
    const step = top - decodeSmallFloat(kind, largest - 1);
    expect(encodeSmallFloat(kind, top + 0.499 * step)).toBe(largest);
    expect(encodeSmallFloat(kind, top + 0.501 * step)).toBe(largest + 1);
    expect(encodeSmallFloat(kind, 1e300)).toBe(largest + 1);
    expect(encodeSmallFloat(kind, Number.NEGATIVE_INFINITY)).toBe(codes + largest + 1);
    expect(encodeSmallFloat(kind, -5e-324)).toBe(codes);
  });
});

it("has the numbers of the papers", () => {
  expect(decodeSmallFloat(float16, 0x7bff)).toBe(65504);
  expect(decodeSmallFloat(float16, 1)).toBe(2 ** -24);
  expect(decodeSmallFloat(bfloat16, 0x3f80)).toBe(1);
  expect(decodeSmallFloat(float8e4m3, 0x7e)).toBe(448);
  expect(decodeSmallFloat(float8e4m3, 1)).toBe(2 ** -9);
  expect(decodeSmallFloat(float8e5m2, 0x7b)).toBe(57344);
  expect(decodeSmallFloat(float8e5m2, 1)).toBe(2 ** -16);
});
