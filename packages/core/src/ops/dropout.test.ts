import { checkOp } from "@chainrule/testing";
import { describe, expect, test } from "vitest";
import { ones, tensor, zeros } from "../creation.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import "../fluent.ts";
import { Generator } from "../random/generator.ts";
import { randn } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import type { DropoutOptions } from "./dropout.ts";
import {
  alphaDropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
  masked,
} from "./dropout.ts";

const family: Readonly<Record<string, (x: Tensor, options?: DropoutOptions) => Tensor>> = {
  dropout,
  dropout1d,
  dropout2d: (x, options) => dropout2d(x.unsqueeze(-1), options).squeeze(-1),
  dropout3d: (x, options) => dropout3d(x.unsqueeze(-1).unsqueeze(-1), options).flatten(2),
  alphaDropout,
  featureAlphaDropout,
};

test("the op behind them obeys the laws", () => {
  const report = checkOp(masked);
  expect(report.failures, report.toString()).toEqual([]);
});

test("the same elements fall out everywhere", () => {
  expect(dropout(ones([8]), { generator: new Generator(1) }).toArray()).toEqual([
    0, 0, 0, 0, 0, 0, 2, 0,
  ]);
});

describe.each(Object.keys(family))("%s", (name) => {
  const drop = family[name]!;
  const x = randn([4, 5, 6], { generator: new Generator(2) });

  test("is the identity where nothing is to fall out", () => {
    expect(drop(x, { training: false }).toArray()).toEqual(x.toArray());
    expect(drop(x, { p: 0 }).toArray()).toEqual(x.toArray());
  });

  test("gives 0 where everything falls out", () => {
    expect(drop(x, { p: 1 }).abs().amax().item()).toBe(0);
  });

  test("the gradient passes where the elements do", () => {
    const leaf = x.clone().detach().requiresGrad_();
    const y = drop(leaf, { p: 0.3, generator: new Generator(3) });
    y.sum().backward();
    const again = drop(x.add(1), { p: 0.3, generator: new Generator(3) });
    // The map is affine in what is kept, so a step of 1 shows the slope.
    const slope = again.sub(y.detach()).toTypedArray();
    for (const [i, g] of leaf.grad!.toTypedArray().entries()) expect(g).toBeCloseTo(slope[i]!, 5);
  });

  test("refuses a probability that is none", () => {
    for (const p of [-0.1, 1.1, Number.NaN]) expect(() => drop(x, { p })).toThrow(ArgumentError);
    expect(() => drop(x, { q: 1 } as never)).toThrow(/unknown option "q"/);
    expect(() => drop(x, { training: 1 } as never)).toThrow(/training must be true or false/);
  });
});

test("dropout keeps the mean, with as many zeros as asked for", () => {
  const n = 100_000;
  const p = 0.2;
  const y = dropout(ones([n], { dtype: "float64" }), { p, generator: new Generator(4) });
  const dropped = 1 - y.countNonzero().item() / n;
  expect(Math.abs(dropped - p)).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / n));
  expect(y.amax().item()).toBe(1.25);
  expect(y.mean().item()).toBeCloseTo((1 - dropped) * 1.25, 10);
});

test("alpha dropout keeps mean 0 and variance 1", () => {
  const n = 200_000;
  const x = randn([n], { generator: new Generator(5), dtype: "float64" });
  for (const p of [0.1, 0.5]) {
    const y = alphaDropout(x, { p, generator: new Generator(6) });
    expect(Math.abs(y.mean().item())).toBeLessThan(0.015);
    expect(Math.abs(y.var().item() - 1)).toBeLessThan(0.02);
  }
});

test("channels fall out as a whole", () => {
  const check = (y: Tensor, spatial: number): void => {
    const flat = y.flatten(-spatial);
    const largest = flat.amax(-1);
    expect(largest.toArray()).toEqual(flat.amin(-1).toArray());
    expect(new Set(largest.flatten().toArray() as number[]).size).toBe(2);
  };
  const generator = new Generator(7);
  check(dropout1d(ones([8, 8, 3]), { generator }), 1);
  check(dropout2d(ones([8, 8, 3, 2]), { generator }), 2);
  check(dropout2d(ones([16, 3, 2]), { generator }), 2);
  check(dropout3d(ones([8, 8, 2, 3, 2]), { generator }), 3);
  check(featureAlphaDropout(ones([8, 8, 3, 2]), { generator }), 2);
});

test("the graph shows what was dropped", () => {
  const x = tensor([1, 2, 3, 4], { requiresGrad: true });
  const node = dropout(x, { p: 0.75, generator: new Generator(8) }).node!;
  expect(node.op.name).toBe("dropout");
  expect(node.options).toEqual({ scale: 4 });
  expect(node.operands[1]!.dtype).toBe("bool");
});

test("shapes without channels are refused", () => {
  expect(() => dropout1d(zeros([3]))).toThrow(ShapeError);
  expect(() => dropout2d(zeros([2, 3]))).toThrow(/must have 4 dimensions .* or 3, not shape/);
  expect(() => dropout3d(zeros([2, 3, 4]))).toThrow(ShapeError);
  expect(() => featureAlphaDropout(zeros([3]))).toThrow(/at least two dimensions/);
});
