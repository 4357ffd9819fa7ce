/**
 * The laws as tests of any test runner.
 */
import type { CheckOptions, LawReport } from "./check.ts";
import { checkOp } from "./check.ts";
import { opLaws } from "./laws/index.ts";
import type { AnyOp } from "./laws/law.ts";

/** The two functions of a test runner: `import { describe, test } from "vitest"`, or `node:test`. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly test: (name: string, body: () => void) => unknown;
}

/**
 * Declares a test for each law that says something about an op.
 *
 * @example
 * import { mul } from "@chainrule/core";
 * import { describeOp } from "@chainrule/testing";
 * const names: string[] = [];
 * const run = (name: string, body: () => void) => { names.push(name); body(); };
 * describeOp(mul, { describe: run, test: run }, { cases: 5 });
 * names[0]; // → mul obeys
 */
export function describeOp(
  op: AnyOp,
  { describe, test }: Runner,
  options: CheckOptions = {},
): void {
  const laws = (options.laws ?? opLaws).filter((law) => law.appliesTo(op));
  let report: LawReport | undefined;
  describe(`${op.op.name} obeys`, () => {
    for (const law of laws) {
      test(law.name, () => {
        report ??= checkOp(op, options);
        const broken = report.failures.filter(
          (failure) => failure.law === law.name || failure.law === "samples",
        );
        if (broken.length > 0)
          throw new Error(`${law.name}: ${law.statement}.\n${report.toString()}`);
      });
    }
  });
}
