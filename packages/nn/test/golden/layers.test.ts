/**
 * Every case of layers.jsonl.gz: outputs, gradients of inputs and parameters, and buffers, to 1e-10.
 */
import { describe, expect, test } from "vitest";
import { problemsOf } from "./layers.ts";
import { readCases } from "./values.ts";

const cases = readCases();
const layers = [...new Set(cases.map(({ layer }) => layer))];

describe.each(layers)("golden values of %s", (layer) => {
  const own = cases.filter((one) => one.layer === layer);
  test.each(own.map((one) => [one.id, one] as const))("%s", (_id, one) => {
    expect(problemsOf(one)).toEqual([]);
  });
});

test("all of them", () => {
  expect(cases.length).toBe(235);
});
