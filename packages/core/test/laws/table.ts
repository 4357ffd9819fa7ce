/**
 * All laws over the whole op table, a share of the ops for each test file, so that files run side by side.
 */
import { canGenerateCode } from "@chainrule/core";
import type { AnyOp } from "@chainrule/testing";
import { checkOp } from "@chainrule/testing";
import { describe, expect, test } from "vitest";
import * as table from "../../src/ops/index.ts";

/** Every op of the table by the name under which it is exported; functions without `op` are compositions of ops. */
export const allOps: ReadonlyMap<string, AnyOp> = new Map(
  Object.entries(table).filter(
    (entry): entry is [string, Extract<(typeof entry)[1], AnyOp>] => "op" in entry[1],
  ),
);

/** Where code cannot be generated the same tests run a second time: fewer calls do there. */
const cases = canGenerateCode() ? 100 : 10;

/** Ops whose work, or that of their gradient, depends on numbers, not on shapes alone: they cannot be compiled. */
const decidedByNumbers: ReadonlySet<string> = new Set([
  "ctcTermGradient",
  "index",
  "indexPut",
  "nonzero",
  "oneHot",
]);

/** Milliseconds for one op: the slowest takes a tenth of it on a machine that does nothing else. */
const patience = 120_000;

/** How many test files share the table. */
const shares = 4;

/** Declares a test for each op of one share. */
export function declareLaws(share: number): void {
  const ops = [...allOps].filter((_, i) => i % shares === share);
  describe(`laws, part ${share + 1} of ${shares}`, () => {
    test.each(ops)(
      "%s",
      (name, op) => {
        const report = checkOp(op, { cases });
        expect(report.failures, report.toString()).toEqual([]);
        expect(report.tally.notCompiled > 0).toBe(decidedByNumbers.has(name));
      },
      patience,
    );
  });
}
