import { describe, expect, test } from "vitest";
import { addbmm, addmm, addr, baddbmm, grad, rand, ShapeError, tensor, zeros } from "../index.ts";

const f64 = { dtype: "float64" } as const;

describe("products added to an input", () => {
  test("addbmm sums the products of a stack", () => {
    const [a, b, x] = [rand([3, 2, 4], f64), rand([3, 4, 5], f64), rand([2, 5], f64)];
    const expected = x.mul(0.5).add(a.matmul(b).sum(0).mul(-2));
    const found = addbmm(x, a, b, { beta: 0.5, alpha: -2 }).sub(expected).toTypedArray();
    for (const gap of found) expect(gap).toBeCloseTo(0, 12);
  });

  test("addr adds an outer product", () => {
    expect(addr([[1], [2]], [1, 2], [10, 20, 30], { alpha: 2 }).toArray()).toEqual([
      [21, 41, 61],
      [42, 82, 122],
    ]);
  });

  test("what has beta = 0 gets a gradient of zeros", () => {
    const x = tensor([Number.NaN], { requiresGrad: true });
    expect(grad(addmm(x, [[2]], [[3]], { beta: 0 }).sum(), x).toArray()).toEqual([0]);
  });

  test("an empty product leaves the input", () => {
    expect(addmm([[1, 2]], zeros([1, 0]), zeros([0, 2])).toArray()).toEqual([[1, 2]]);
    expect(addbmm([[1]], zeros([0, 1, 2]), zeros([0, 2, 1])).toArray()).toEqual([[1]]);
  });

  test("the wrong shapes are refused by name", () => {
    expect(() => addbmm(0, zeros([2, 1, 1]), zeros([3, 1, 1]))).toThrow(ShapeError);
    expect(() => addbmm(0, zeros([2, 1, 1]), zeros([3, 1, 1]))).toThrow(
      /addbmm: the factors must be two stacks of as many matrices/,
    );
    expect(() => addr(0, zeros([2, 1]), zeros([2]))).toThrow(/addr: the factors must be vectors/);
    expect(() => baddbmm(0, zeros([2, 1, 1]), zeros([3, 1, 1]))).toThrow(
      /stacks of as many matrices/,
    );
    expect(() => addmm(zeros([3]), zeros([2, 4]), zeros([4, 2]))).toThrow(
      /addmm: shapes \[3\] and \[2, 2\] do not broadcast/,
    );
  });
});
