/**
 * The tests of a family of ops: all golden cases of each, in both precisions.
 */
import { describe, expect, test } from "vitest";
import { callText, checkOpCase, opCases } from "./operations.ts";
import type { Signatures } from "./signature.ts";
import type { Precision } from "./values.ts";

/** Declares a test for each op of the family and each precision. */
export function declareFamily(family: string, signatures: Signatures): void {
  test(`golden ${family}: each signature names its parameters once`, () => {
    for (const [name, { parameters }] of Object.entries(signatures)) {
      expect(new Set(parameters).size, name).toBe(parameters.length);
    }
  });
  for (const precision of ["float64", "float32"] satisfies Precision[]) {
    // A signature that only expressions use, such as `eye`, has no cases here.
    const entries = Object.entries(signatures).filter(
      ([name, { precisions }]) =>
        opCases.has(name) && (precisions === undefined || precisions.includes(precision)),
    );
    if (entries.length === 0) continue;
    describe(`golden ${family}, ${precision}`, () => {
      for (const [name, signature] of entries) {
        const cases = opCases.get(name) ?? [];
        test(`${name} (${cases.length} cases)`, () => {
          const failed = cases.flatMap((one) => {
            const problems = attempt(() => checkOpCase(signature, one, precision));
            return problems.length === 0
              ? []
              : [`${callText(one)}\n    ${problems.join("\n    ")}`];
          });
          expect(
            failed.length,
            `${failed.length} of ${cases.length} cases differ:\n${failed.slice(0, 4).join("\n")}`,
          ).toBe(0);
        });
      }
    });
  }
}

function attempt(check: () => string[]): string[] {
  try {
    return check();
  } catch (error) {
    return [error instanceof Error ? `${error.name}: ${error.message}` : String(error)];
  }
}
