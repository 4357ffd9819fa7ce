import { afterAll, describe, expect, test } from "vitest";
import { UncoveredError } from "./expression.ts";
import { checkSecondOrderCase, secondOrderCases } from "./second-order.ts";

const uncovered: string[] = [];

describe("golden second derivatives", () => {
  test.each(secondOrderCases.map((one) => [one.id, one.expr, one] as const))(
    "%s  %s",
    (id, _expr, one) => {
      try {
        expect(checkSecondOrderCase(one)).toEqual([]);
      } catch (error) {
        if (!(error instanceof UncoveredError)) throw error;
        uncovered.push(`${id}: ${error.message}`);
      }
    },
  );
});

afterAll(() => {
  if (uncovered.length > 0)
    console.log(
      `golden second derivatives not covered (${uncovered.length} of ${secondOrderCases.length}): ${uncovered.join("; ")}`,
    );
});
