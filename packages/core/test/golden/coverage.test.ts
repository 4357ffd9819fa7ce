import { expect, test } from "vitest";
import { opCases } from "./operations.ts";
import { families, signatures } from "./signatures/index.ts";

test("each op has one signature", () => {
  const names = Object.values(families).flatMap(Object.keys);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

test("how much of the golden file is covered", () => {
  const missing = [...opCases.keys()].filter((name) => !(name in signatures));
  if (missing.length > 0)
    console.log(
      `golden ops without a signature (${missing.length} of ${opCases.size}): ${missing.join(", ")}`,
    );
  expect(opCases.size).toBe(308);
});
