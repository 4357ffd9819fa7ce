import { afterAll, describe, expect, test } from "vitest";
import { checkEdgeCase, edgeCases } from "./edges.ts";
import { UncoveredError } from "./expression.ts";

const categories = [...new Set(edgeCases.map(({ category }) => category))];
const uncovered: string[] = [];

describe.each(categories)("golden edges: %s", (category) => {
  const cases = edgeCases.filter((one) => one.category === category);
  test.each(cases.map((one) => [one.id, one.expr, one] as const))("%s  %s", (id, _expr, one) => {
    try {
      expect(checkEdgeCase(one), one.note).toEqual([]);
    } catch (error) {
      if (!(error instanceof UncoveredError)) throw error;
      uncovered.push(`${id}: ${error.message}`);
    }
  });
});

afterAll(() => {
  if (uncovered.length > 0)
    console.log(
      `golden edges not covered (${uncovered.length} of ${edgeCases.length}): ${uncovered.join("; ")}`,
    );
});

test("there are as many as the scorecard asks for", () => {
  expect(edgeCases.length).toBeGreaterThanOrEqual(80);
});
