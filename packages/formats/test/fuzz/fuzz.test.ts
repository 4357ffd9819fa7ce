import { canGenerateCode } from "@chainrule/core";
import { expect, it } from "vitest";
import { fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

/** Without code generation the same tests run a second time: fewer files do there. */
const count = canGenerateCode() ? 10_000 : 1_000;

it.each(Object.entries(targets))("%s: a typed error or a valid result", (_, target) => {
  for (const seed of target.seeds) expect(() => target.read(seed)).not.toThrow();
  const report = fuzz(target, count, 1);
  expect(report.failures).toEqual([]);
  // Most changes break a file, in many ways; some do not.
  expect(report.refused).toBeGreaterThan(0.3 * count);
  expect(report.refused).toBeLessThan(count);
  expect(report.reasons).toBeGreaterThan(10);
  // Nothing hangs: a file takes milliseconds, also on a machine that does other things.
  expect(report.slowest).toBeLessThan(10_000);
});
