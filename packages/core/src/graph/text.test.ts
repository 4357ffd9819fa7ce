import {
  graphToText,
  manualSeed,
  noGrad,
  randn,
  tensor,
  topk,
  withScope,
  zeros,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";

const x = () => tensor([1, 2, 3], { requiresGrad: true, name: "x" });

describe("graphToText", () => {
  test("writes what is shared once, and numbers as numbers", () => {
    const a = x();
    const b = a.mul(2);
    expect(graphToText(b.mul(b).sum())).toBe(
      "%1 = mul(∂x [3], 2) → [3]\n%2 = mul(%1, %1) → [3]\n%3 = sum(%2) → 56",
    );
  });

  test("numbers leaves without names, and says types that are not the default", () => {
    const w = zeros([3], { dtype: "float64", requiresGrad: true });
    const data = zeros([3], { dtype: "float64" });
    expect(graphToText(w.mul(data).add(data).add(w))).toBe(
      [
        "%1 = mul(∂x1 float64 [3], x2 float64 [3]) → float64 [3]",
        "%2 = add(%1, x2 float64 [3]) → float64 [3]",
        "%3 = add(%2, ∂x1 float64 [3]) → float64 [3]",
      ].join("\n"),
    );
  });

  test("groups by scopes, also when one comes back", () => {
    const y = withScope("net", () => {
      const inner = withScope("a", () => x().exp());
      return inner.neg();
    });
    expect(graphToText(y.sum())).toBe(
      "net/a\n  %1 = exp(∂x [3]) → [3]\nnet\n  %2 = neg(%1) → [3]\n%3 = sum(%2) → -30.193",
    );
  });

  test("tells several results apart", () => {
    const { values } = topk(x(), 2);
    expect(graphToText(values.sum())).toMatch(/%1 = \w+\(∂x \[3\].*\n%2 = \w*um\(%1(\.0)?\)/i);
  });

  test("of a leaf, and of what was made without a graph", () => {
    expect(graphToText(x())).toBe("∂x [3]");
    expect(graphToText(noGrad(() => x().mul(2)))).toBe("x1 [3]");
  });

  test("shows both ends of a long chain, without recursion", () => {
    let y = x();
    for (let i = 0; i < 200_000; i++) y = y.mul(1);
    const lines = graphToText(y, { maxNodes: 5 }).split("\n");
    expect(lines.length).toBe(6);
    expect(lines[0]).toBe("%1 = mul(∂x [3], 1) → [3]");
    expect(lines[3]).toBe("… 199995 more …");
    expect(lines[5]).toBe("%200000 = mul(%199999, 1) → [3]");
  });

  test("refuses a graph that was freed, and what is no tensor", () => {
    manualSeed(0);
    const loss = randn([2], { requiresGrad: true }).mul(2).sum();
    loss.backward();
    expect(() => graphToText(loss)).toThrow(/freed/);
    expect(() => graphToText(3 as never)).toThrow(/graphToText: expected a tensor, not 3/);
    expect(() => graphToText(loss, { depth: 1 } as never)).toThrow(/unknown option "depth"/);
  });
});
