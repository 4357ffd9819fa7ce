import { expect, it } from "vitest";
import { fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

it.each(Object.entries(targets))("%s: a typed error or a valid result", (_, target) => {
  for (const seed of target.seeds) expect(() => target.read(seed)).not.toThrow();
  const report = fuzz(target, 10_000, 1);
  expect(report.failures).toEqual([]);
  // Most changes break a file, in many ways; some do not.
  expect(report.refused).toBeGreaterThan(3_000);
  expect(report.refused).toBeLessThan(10_000);
  expect(report.reasons).toBeGreaterThan(10);
  expect(report.slowest).toBeLessThan(1_000);
});
