import { describe, expect, test } from "vitest";
import { fromTypedArray, full, ones, tensor, zeros } from "../creation.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import "../fluent.ts";
import { Generator } from "../random/generator.ts";
import { randn } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { grad } from "../transforms/grad.ts";
import { cumprod, linearRecurrence } from "./cumulative.ts";
import { norm } from "./matrix-norm.ts";
import { max, min } from "./max.ts";
import { nanmean, nansum } from "./nan-reductions.ts";
import { vectorNorm } from "./norm.ts";
import { prod } from "./prod.ts";
import { logSoftmax, softmax, softmin } from "./softmax.ts";
import { mean, sum } from "./sum.ts";
import { std, stdMean, variance, varMean } from "./variance.ts";

const big = 1_000_000;

describe("arguments", () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);

  test("an empty list of dimensions means all of them", () => {
    for (const f of [sum, mean, prod]) expect(f(x, []).toArray()).toEqual(f(x).toArray());
    expect(x.amax([]).item()).toBe(4);
    expect(x.var([]).item()).toBe(x.var().item());
  });

  test("options may stand in the place of the dimension", () => {
    expect(sum(x, { keepdim: true }).shape).toEqual([1, 1]);
    expect(x.std({ correction: 0 }).item()).toBeCloseTo(Math.sqrt(1.25), 6);
    expect(norm(x, 1, { keepdim: true }).toArray()).toEqual([[10]]);
  });

  test("what the graph notes is the same however it was said", () => {
    const leaf = tensor([[1, 2]], { requiresGrad: true });
    const expected = { dim: [0, 1], keepdim: false };
    for (const y of [leaf.sum(), leaf.sum([]), leaf.sum([-1, 0]), leaf.sum([0, 1], {})]) {
      expect(y.node!.options).toEqual(expected);
    }
  });

  test("nested arrays and numbers are taken, too", () => {
    expect(sum([[1, 2]], 1).toArray()).toEqual([3]);
    expect(mean(5).item()).toBe(5);
    expect(max([3, 9, 4], 0).indices.item()).toBe(1);
  });

  test("max and min take another tensor", () => {
    expect(max(x, tensor([2, 3])).toArray()).toEqual([
      [2, 3],
      [3, 4],
    ]);
    expect(x.min(tensor(2)).toArray()).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(() => max(x, { keepdim: true } as never)).toThrow(/options need a dimension/);
    expect(() => min(x, undefined as never, { keepdim: true })).toThrow(/options need a dimension/);
  });
});

describe("large tensors", () => {
  const x = full([big], 0.1);

  test("sums are made in double precision", () => {
    expect(x.sum().item()).toBeCloseTo(Math.fround(0.1) * big, 2);
    expect(x.mean().item()).toBe(Math.fround(0.1));
    expect(full([1000, 1000], 0.1).sum(0).amax().item()).toBeCloseTo(100, 4);
  });

  test("variances do not suffer from a large mean", () => {
    const values = new Float64Array(1001).map((_, i) => 1e9 + (i % 2));
    expect(fromTypedArray(values).var({ correction: 0 }).item()).toBeCloseTo(0.25, 6);
  });

  test("every reduction takes a million elements", () => {
    for (const name of ["sum", "mean", "prod", "amax", "argmax", "var", "norm", "logsumexp"]) {
      const f = x[name as "sum"].bind(x);
      expect(Number.isNaN((f as () => Tensor)().item())).toBe(false);
    }
    expect(x.cumsum(0).at(-1).item()).toBeCloseTo(big / 10, -1);
    expect(x.sort().values.at(0).item()).toBe(Math.fround(0.1));
  });
});

describe("along any dimension of any layout", () => {
  const x = randn([3, 4, 5], { generator: new Generator(1), dtype: "float64" });
  const turned = x.permute([2, 0, 1]);
  const copy = turned.contiguous();

  test.each([[0], [1], [2], [[0, 2]], [[0, 1, 2]]])("over %j", (dim) => {
    for (const name of ["sum", "mean", "prod", "amax", "argmin", "var", "std", "logsumexp"]) {
      const f = (y: Tensor): unknown =>
        (y[name as "sum"] as (dim: number | number[]) => Tensor).call(y, dim).toArray();
      expect(f(turned), name).toEqual(f(copy));
    }
  });

  test("a sum by hand", () => {
    const [, middle] = x.sum([0, 2]).toArray() as number[];
    let expected = 0;
    for (let i = 0; i < 3; i++) for (let k = 0; k < 5; k++) expected += x.at(i, 1, k).item();
    expect(middle).toBeCloseTo(expected, 12);
  });
});

describe("derivatives of high order", () => {
  test("prod: the third derivative at zeros", () => {
    // ∂³(abcd)/∂a∂b∂c = d, whatever the others are.
    const product = (v: Tensor): Tensor => prod(v);
    const by = (f: (v: Tensor) => Tensor, i: number) => (v: Tensor) => grad(f)(v).at(i);
    const third = by(by(by(product, 0), 1), 2);
    for (const values of [
      [0, 0, 0, 5],
      [0, 2, 0, 5],
      [1, 2, 3, 5],
    ]) {
      expect(third(tensor(values, { dtype: "float64" })).item()).toBe(5);
    }
  });

  test("cumprod: mixed derivatives at zeros", () => {
    const last = (v: Tensor): Tensor => cumprod(v, 0).at(-1);
    const mixed = (v: Tensor): Tensor => grad((u: Tensor) => grad(last)(u).at(0))(v);
    const found = mixed(tensor([0, 0, 7], { dtype: "float64" })).toArray();
    expect(found).toEqual([0, 7, 0]);
  });

  test("softmax: third derivative against its formula", () => {
    // For two entries softmax is the logistic function of the difference.
    const s = (v: Tensor): Tensor => softmax(v, 0).at(0);
    const first = (f: (v: Tensor) => Tensor) => (v: Tensor) => grad(f)(v).at(0);
    const third = first(first(first(s)))(tensor([0.3, -0.4], { dtype: "float64" })).item();
    const p = 1 / (1 + Math.exp(-0.7));
    expect(third).toBeCloseTo(p * (1 - p) * (1 - 6 * p + 6 * p * p), 12);
  });
});

describe("softmax", () => {
  test("entries of −∞ are left out, and rows of them are NaN", () => {
    const x = tensor([
      [0, -Infinity, 0],
      [-Infinity, -Infinity, -Infinity],
    ]);
    expect(softmax(x, 1).toArray()).toEqual([
      [0.5, 0, 0.5],
      [Number.NaN, Number.NaN, Number.NaN],
    ]);
  });

  test("large numbers do no harm", () => {
    expect(softmax(tensor([1e30, 0]), 0).toArray()).toEqual([1, 0]);
    expect(logSoftmax(tensor([1e4, 0]), 0).toArray()).toEqual([0, -1e4]);
    expect(softmin(tensor([1e30, 0]), 0).toArray()).toEqual([0, 1]);
  });

  test("NaN stays", () => {
    expect(softmax(tensor([1, Number.NaN]), 0).toArray()).toEqual([Number.NaN, Number.NaN]);
    expect(logSoftmax(tensor([Number.NaN, 1]), 0).toArray()).toEqual([Number.NaN, Number.NaN]);
  });

  test("whole numbers become the default type", () => {
    expect(softmax(tensor([1, 1], { dtype: "int32" }), 0).toArray()).toEqual([0.5, 0.5]);
  });
});

describe("variance", () => {
  const x = tensor([1, 2, 4], { dtype: "float64" });

  test("corrections", () => {
    expect(variance(x).item()).toBeCloseTo(7 / 3, 14);
    expect(variance(x, { unbiased: false }).item()).toBeCloseTo(14 / 9, 14);
    expect(variance(x, { correction: 1.5 }).item()).toBeCloseTo(14 / 3 / 1.5, 14);
    expect(std(x, 0, { correction: 3 }).item()).toBe(Infinity);
  });

  test("with the mean beside", () => {
    const [v, m] = varMean(x, 0, { keepdim: true, correction: 0 });
    expect([v.item(), m.item()]).toEqual([expect.closeTo(14 / 9, 14), expect.closeTo(7 / 3, 14)]);
    expect(m.shape).toEqual([1]);
    const [s, n] = stdMean(x);
    expect([s.item(), n.item()]).toEqual([x.std().item(), x.mean().item()]);
    expect(() => varMean(x, 0, { bias: true } as never)).toThrow(ArgumentError);
  });
});

describe("norm", () => {
  test("names and powers", () => {
    const x = tensor([3, -4, 0], { dtype: "float64" });
    expect(norm(x).item()).toBe(5);
    expect(norm(x, "fro").item()).toBe(5);
    expect(norm(x, 0).item()).toBe(2);
    expect(norm(x, 1).item()).toBe(7);
    expect(norm(x, Infinity).item()).toBe(4);
    expect(norm(x, -Infinity).item()).toBe(0);
    expect(norm(x, 3).item()).toBeCloseTo(91 ** (1 / 3), 14);
    expect(norm(x, -1).item()).toBe(0);
    expect(() => norm(x, "max" as never)).toThrow(/p must be a number/);
    expect(() => norm(zeros([0]), -1)).toThrow(ShapeError);
    expect(norm(zeros([0])).item()).toBe(0);
  });

  test("nothing overflows or vanishes on the way", () => {
    const far = tensor([3e200, 4e200], { dtype: "float64" });
    expect(norm(far).item() / 5e200).toBeCloseTo(1, 14);
    expect(norm(far, 3).item() / (91 ** (1 / 3) * 1e200)).toBeCloseTo(1, 14);
    const near = tensor([3e-200, 4e-200], { dtype: "float64" });
    expect(norm(near).item() / 5e-200).toBeCloseTo(1, 14);
    expect(norm(tensor([Infinity, 1])).item()).toBe(Infinity);
    expect(norm(tensor([Number.NaN, 1])).item()).toBeNaN();
  });

  test("the gradient at 0 is 0, and so is the second derivative's", () => {
    for (const p of [1, 2, 3, 2.5]) {
      const f = (v: Tensor): Tensor => vectorNorm(v, p);
      expect(grad(f)(zeros([3])).toArray()).toEqual([0, 0, 0]);
    }
  });
});

describe("sums without NaN", () => {
  test("along dimensions, with their gradients", () => {
    const x = tensor(
      [
        [1, Number.NaN],
        [Number.NaN, Number.NaN],
      ],
      { requiresGrad: true },
    );
    expect(nansum(x, 1).toArray()).toEqual([1, 0]);
    expect(nanmean(x, 1).toArray()).toEqual([1, Number.NaN]);
    nansum(x).backward();
    expect(x.grad!.toArray()).toEqual([
      [1, 0],
      [0, 0],
    ]);
    expect(nansum(tensor([1, 2], { dtype: "int32" })).dtype).toBe("int32");
  });
});

test("a linear recurrence is its loop", () => {
  const a = [0.5, 2, -1, 3];
  const b = [1, 1, 2, 0];
  const expected: number[] = [];
  for (const [i, each] of b.entries()) expected.push(each + a[i]! * (expected[i - 1] ?? 0));
  expect(linearRecurrence(tensor(a), tensor(b), 0).toArray()).toEqual(expected);
  // What the first coefficient would multiply does not exist.
  const [first] = linearRecurrence(tensor([Infinity]), tensor([3]), 0).toArray() as number[];
  expect(first).toBe(3);
});

test("reductions of int32 and bool", () => {
  const x = tensor([1, 2, 3], { dtype: "int32" });
  expect([x.sum().dtype, x.prod().dtype, x.cumsum(0).dtype, x.amax().dtype]).toEqual(
    new Array(4).fill("int32"),
  );
  expect([x.mean().dtype, x.std().dtype, x.logsumexp().dtype]).toEqual(
    new Array(3).fill("float32"),
  );
  expect(tensor([true, true]).sum().toArray()).toBe(2);
  expect(ones([2], { dtype: "bool" }).amin().dtype).toBe("bool");
  expect(() => tensor([1], { dtype: "int32" }).sum().backward()).toThrow(/does not require/);
});
