import { tensor } from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { parseExpression, UncoveredError } from "./expression.ts";

const x = tensor(
  [
    [1, 2],
    [3, 4],
  ],
  { dtype: "float64" },
);

function evaluated(source: string): unknown {
  return parseExpression(source)({ x, n: 3 });
}

describe("expressions of the golden files", () => {
  test.each([
    [
      "x + x * 2",
      [
        [3, 6],
        [9, 12],
      ],
    ],
    [
      "-x - (-x)",
      [
        [0, 0],
        [0, 0],
      ],
    ],
    [
      "x @ x.t() + x",
      [
        [6, 13],
        [14, 29],
      ],
    ],
    ["torch.sum(x, 0)", [4, 6]],
    ["x.sum(dim=1, keepdim=True)", [[3], [7]]],
    ["torch.sum(x, (0, 1))", 10],
    [
      "x.reshape(4) * torch.ones(2, 4, dtype=x.dtype)",
      [
        [1, 2, 3, 4],
        [1, 2, 3, 4],
      ],
    ],
    [
      "x.expand(1, 2, 2).sum([0])",
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ])("%s", (source, expected) => {
    expect(evaluated(source)).toMatchObject({ dtype: "float64" });
    expect(parseExpression(source)({ x })).toSatisfy((result: typeof x) => {
      expect(result.toArray()).toEqual(expected);
      return true;
    });
  });

  test("numbers, words and lists are themselves", () => {
    expect(evaluated("n")).toBe(3);
    expect(evaluated("-inf")).toBe(Number.NEGATIVE_INFINITY);
    expect(evaluated("1.5e-3")).toBe(0.0015);
    expect(evaluated("'none'")).toBe("none");
    expect(evaluated("[1, (2, 3), None, ()]")).toEqual([1, [2, 3], null, []]);
    expect(evaluated("(2,)")).toEqual([2]);
    expect(evaluated("[5, 6][1]")).toBe(6);
  });

  test("what it cannot read, it refuses", () => {
    expect(() => evaluated("x +")).toThrow("unexpected the end in x +");
    expect(() => evaluated("x ; x")).toThrow(/cannot read/);
    expect(() => evaluated("y")).toThrow("unknown name y");
    expect(() => evaluated("torch.sum(x")).toThrow(/unexpected the end/);
    expect(() => evaluated("3(x)")).toThrow("is no function");
    expect(() => evaluated("constructor")).toThrow("unknown name constructor");
    expect(() => evaluated("torch.nothing(x)")).toThrow(UncoveredError);
  });
});
