import { constantFrom, integer, property, assert as sample, tuple } from "fast-check";
import { describe, expect, test } from "vitest";
import type { Tensor } from "../index.ts";
import {
  at,
  grad,
  matmul,
  permute,
  rand,
  ShapeError,
  setBackend,
  tensor,
  vmap,
  zeros,
} from "../index.ts";

/** A matrix of random numbers in one of several memory layouts. */
function matrix(rows: number, columns: number, layout: string): Tensor {
  switch (layout) {
    case "transposed":
      return permute(rand([columns, rows], { dtype: "float64" }), [1, 0]);
    case "stepped":
      return at(rand([rows, 2 * columns + 1], { dtype: "float64" }), ":", {
        start: 1,
        stop: 2 * columns + 1,
        step: 2,
      });
    case "shifted":
      return at(rand([rows + 2, columns], { dtype: "float64" }), { start: 1, stop: rows + 1 });
    default:
      return rand([rows, columns], { dtype: "float64" });
  }
}

/** The definition: sums of products in the order of k. */
function naiveProduct(a: Tensor, b: Tensor): number[] {
  const [m, k] = a.shape as [number, number];
  const n = b.shape[1]!;
  const x = a.toTypedArray();
  const y = b.toTypedArray();
  const c: number[] = [];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += x[i * k + p]! * y[p * n + j]!;
      c.push(sum);
    }
  }
  return c;
}

const layout = constantFrom("plain", "transposed", "stepped", "shifted");

describe("matmul", () => {
  test("gives the bits of the triple loop for all sizes, remainders and layouts", () => {
    const length = integer({ min: 1, max: 19 });
    sample(
      property(tuple(length, length, length, layout, layout), ([m, k, n, first, second]) => {
        const a = matrix(m, k, first);
        const b = matrix(k, n, second);
        expect(Array.from(matmul(a, b).toTypedArray())).toEqual(naiveProduct(a, b));
      }),
      { numRuns: 300 },
    );
  });

  test("gives the bits of the triple loop for large matrices", () => {
    for (const [m, k, n] of [
      [70, 33, 129],
      [1, 500, 300],
      [300, 500, 1],
      [129, 1, 65],
    ] as const) {
      const a = matrix(m, k, "transposed");
      const b = matrix(k, n, "plain");
      expect(Array.from(matmul(a, b).toTypedArray())).toEqual(naiveProduct(a, b));
    }
  });

  test("plain loops sum in double precision for float32", () => {
    const a = tensor(Float32Array.from([1, 2 ** 24, 1, -(2 ** 24)])).reshape([1, 4]);
    const before = setBackend("reference");
    expect(matmul(a, tensor(Float32Array.from([1, 1, 1, 1]))).item()).toBe(2);
    setBackend(before);
  });

  test("whole numbers give whole numbers", () => {
    const a = tensor([[1, 2]], { dtype: "int32" });
    expect(matmul(a, a.T).dtype).toBe("int32");
    expect(matmul(tensor([[true, true]]), tensor([true, true])).toArray()).toEqual([2]);
  });

  test("multiplies stacks against one matrix whether or not their rows lie at even distances", () => {
    const stack = rand([3, 4, 5], { dtype: "float64" });
    const one = rand([5, 2], { dtype: "float64" });
    const turned = permute(rand([4, 3, 5], { dtype: "float64" }), [1, 0, 2]);
    for (const a of [stack, turned]) {
      const c = matmul(a, one);
      for (let i = 0; i < 3; i++)
        expect(at(c, i).toArray()).toEqual(matmul(at(a, i), one).toArray());
    }
  });

  test("is mapped over samples of every rank", () => {
    const shapes: [number[], number[]][] = [
      [[4], [4]],
      [[2, 4], [4]],
      [[4], [4, 3]],
      [
        [2, 4],
        [4, 3],
      ],
      [
        [5, 2, 4],
        [4, 3],
      ],
      [
        [2, 4],
        [5, 4, 3],
      ],
      [[4], [5, 4, 3]],
    ];
    for (const [left, right] of shapes) {
      const a = rand([6, ...left], { dtype: "float64" });
      const b = rand([6, ...right], { dtype: "float64" });
      for (const inDims of [
        [0, 0],
        [0, null],
        [null, 0],
      ]) {
        const x = inDims[0] === null ? at(a, 0) : a;
        const y = inDims[1] === null ? at(b, 0) : b;
        const all = vmap(matmul, { inDims })(x, y);
        for (let i = 0; i < 6; i++) {
          const one = matmul(inDims[0] === null ? x : at(x, i), inDims[1] === null ? y : at(y, i));
          expect(at(all, i).toArray()).toEqual(one.toArray());
        }
      }
    }
  });

  test("a gradient with respect to one matrix sums over the stack", () => {
    const a = rand([3, 2, 4], { dtype: "float64" });
    const b = rand([4, 2], { dtype: "float64", requiresGrad: true });
    const found = grad(matmul(a, b).sum(), b);
    const expected = a.sum([0, 1]).toTypedArray();
    for (const [i, value] of found.toTypedArray().entries())
      expect(value).toBeCloseTo(expected[Math.floor(i / 2)]!, 12);
  });

  test("names what does not fit", () => {
    expect(() => matmul(zeros([2, 3]), zeros([2, 3]))).toThrow(ShapeError);
  });
});
