import { describe, expect, test } from "vitest";
import { erfc } from "../scalar/erf.ts";
import { Generator } from "./generator.ts";
import { normalQuantile, portableLog } from "./portable.ts";

describe("portableLog", () => {
  test("agrees with Math.log to the last digits", () => {
    const generator = new Generator(1);
    for (let i = 0; i < 2000; i++) {
      const x = generator.uniformInside() * 10 ** (generator.integer(40) - 20);
      expect(Math.abs(portableLog(x) - Math.log(x))).toBeLessThanOrEqual(
        4e-16 * Math.max(1, Math.abs(Math.log(x))),
      );
    }
  });

  test("gives these bits everywhere", () => {
    expect(portableLog(1)).toBe(0);
    expect(portableLog(2)).toBe(Math.LN2);
    expect([0.3, 3, 1e-16].map(portableLog)).toEqual([
      -1.203972804325936, 1.0986122886681096, -36.84136148790473,
    ]);
  });
});

describe("normalQuantile", () => {
  test("inverts the distribution function", () => {
    const generator = new Generator(2);
    for (let i = 0; i < 2000; i++) {
      const p = generator.uniformInside() * 2 ** -generator.integer(50);
      const x = normalQuantile(p);
      expect(Math.abs(erfc(-x / Math.SQRT2) / 2 / p - 1)).toBeLessThan(1e-13);
    }
  });

  test("is odd about ½", () => {
    for (const p of [0.5 ** 30, 0.01, 0.07, 0.25, 0.4375]) {
      expect(normalQuantile(1 - p)).toBe(-normalQuantile(1 - (1 - p)));
    }
    expect(normalQuantile(0.5)).toBe(0);
  });

  test("gives these bits everywhere", () => {
    expect([0.975, 0.75, 1e-3, 1e-15].map(normalQuantile)).toEqual([
      1.9599639845400536, 0.6744897501960817, -3.090232306167813, -7.941345326170995,
    ]);
  });
});
