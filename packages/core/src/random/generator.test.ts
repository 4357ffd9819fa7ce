import { describe, expect, test } from "vitest";
import { ArgumentError } from "../errors.ts";
import { defaultGenerator, Generator, manualSeed } from "./generator.ts";

function many(generator: Generator, count: number): number[] {
  return Array.from({ length: count }, () => generator.bits());
}

describe("Generator", () => {
  test("gives these words everywhere", () => {
    expect(many(new Generator(0), 5)).toEqual([
      0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8, 0xf8e4cca4,
    ]);
  });

  test("gives these numbers everywhere", () => {
    const g = new Generator(42);
    expect([g.uniform(), g.normal(), g.exponential(), g.gumbel(), g.integer(1000)]).toEqual([
      0.6129598801477738, -1.4521371864518995, 0.01235739240492091, 0.4068941814763648, 13,
    ]);
  });

  test("goes on from any state", () => {
    for (const start of [0, 1, 2, 3, 4, 5, 63, 64, 65, 130]) {
      const generator = new Generator(7);
      many(generator, start);
      const state = generator.getState();
      expect(4 * state.counter - state.left).toBe(start);
      const expected = many(generator, 100);
      expect(many(new Generator().setState(state), 100)).toEqual(expected);
      expect(new Generator().setState(state).getState()).toEqual(state);
    }
  });

  test("tells seeds apart beyond 32 bits", () => {
    expect(new Generator(2 ** 32 + 5).bits()).not.toBe(new Generator(5).bits());
    expect(new Generator(2 ** 52 + 5).bits()).not.toBe(new Generator(5).bits());
  });

  test("counts blocks beyond 32 bits", () => {
    const counter = 2 ** 32;
    const generator = new Generator(1).setState({ seed: 1, counter, left: 0 });
    const after = many(generator, 8);
    expect(after).not.toEqual(many(new Generator(1), 8));
    const before = new Generator().setState({ seed: 1, counter: counter - 2, left: 0 });
    expect(many(before, 16).slice(8)).toEqual(after);
  });

  test("starts again when seeded", () => {
    const generator = new Generator(3);
    const first = many(generator, 10);
    expect(many(generator.manualSeed(3), 10)).toEqual(first);
    manualSeed(3);
    expect(many(defaultGenerator, 10)).toEqual(first);
  });

  test("draws each of a few numbers equally often", () => {
    const generator = new Generator(4);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[generator.integer(7)]! += 1;
    // χ² with 6 degrees of freedom exceeds 22.5 once in a thousand times.
    const chiSquared = counts.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
    expect(chiSquared).toBeLessThan(22.5);
  });

  test("takes chances as they are given", () => {
    const generator = new Generator(5);
    const hits = Array.from({ length: 100_000 }, () => generator.chance(0.3)).filter(Boolean);
    expect(Math.abs(hits.length / 100_000 - 0.3)).toBeLessThan(4.5 * Math.sqrt(0.21 / 100_000));
    expect(Array.from({ length: 100 }, () => generator.chance(0))).not.toContain(true);
    expect(Array.from({ length: 100 }, () => generator.chance(1))).not.toContain(false);
  });

  test("refuses seeds and states that are none, and stays as it was", () => {
    expect(() => new Generator(-1)).toThrow(ArgumentError);
    expect(() => new Generator(0.5)).toThrow(/seed must be a whole number of at least 0, not 0.5/);
    const generator = new Generator(6);
    many(generator, 3);
    const state = generator.getState();
    const bad = [
      { seed: 1, counter: 0, left: 2 },
      { seed: 1, counter: -1, left: 0 },
      { seed: 1, counter: 1, left: 4 },
      { seed: 1, counter: 1, left: 0, more: 1 },
    ];
    for (const one of bad) expect(() => generator.setState(one)).toThrow(ArgumentError);
    expect(generator.getState()).toEqual(state);
  });
});
