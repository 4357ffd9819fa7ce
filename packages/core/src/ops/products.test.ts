import { describe, expect, test } from "vitest";
import {
  bmm,
  dot,
  inner,
  mm,
  mv,
  ones,
  outer,
  ShapeError,
  tensor,
  trace,
  vdot,
  zeros,
} from "../index.ts";

describe("products by rank", () => {
  const a = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const v = tensor([1, 10, 100]);

  test("dot, vdot, mv, mm, bmm, outer and inner are what their names say", () => {
    expect(dot(v, tensor([1, 2, 3])).item()).toBe(321);
    expect(vdot(v, v).item()).toBe(10101);
    expect(mv(a, v).toArray()).toEqual([321, 654]);
    expect(mm(a, a.T).toArray()).toEqual([
      [14, 32],
      [32, 77],
    ]);
    expect(bmm(ones([2, 2, 3]), ones([2, 3, 1])).toArray()).toEqual([
      [[3], [3]],
      [[3], [3]],
    ]);
    expect(outer(tensor([1, 2]), v).toArray()).toEqual([
      [1, 10, 100],
      [2, 20, 200],
    ]);
    expect(inner(a, v).toArray()).toEqual([321, 654]);
    expect(inner(a, 2).toArray()).toEqual(a.mul(2).toArray());
    expect(inner(zeros([2, 0]), zeros([3, 0])).toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  test("numbers in arrays are welcome", () => {
    expect(dot([1, 2], [3, 4]).item()).toBe(11);
    expect(v.dot([1, 1, 1]).item()).toBe(111);
  });

  test("the wrong rank or length is refused by name", () => {
    expect(() => dot(a, v)).toThrow(ShapeError);
    expect(() => dot(a, v)).toThrow(
      /dot: operand 0 must be a vector \(1-D\), but has shape \[2, 3\]/,
    );
    expect(() => dot(v, [1, 2])).toThrow(/dot: lengths 3 and 2 differ/);
    expect(() => mm(a, v)).toThrow(/mm: operand 1 must be a matrix/);
    expect(() => mv(v, v)).toThrow(/mv: operand 0 must be a matrix/);
    expect(() => bmm(zeros([2, 1, 1]), zeros([3, 1, 1]))).toThrow(/bmm: stacks of 2 and 3/);
    expect(() => outer(a, v)).toThrow(/outer: operand 0 must be a vector/);
    expect(() => inner(a, [1, 2])).toThrow(/inner: the last dimensions 3 and 2 differ/);
  });
});

describe("trace", () => {
  test("sums the diagonal, of tall and wide matrices too", () => {
    expect(
      trace([
        [1, 2],
        [3, 4],
      ]).item(),
    ).toBe(5);
    expect(
      trace([
        [1, 2, 3],
        [4, 5, 6],
      ]).item(),
    ).toBe(6);
    expect(
      trace([
        [1, 2],
        [3, 4],
        [5, 6],
      ]).item(),
    ).toBe(5);
    expect(trace(zeros([0, 3])).item()).toBe(0);
  });

  test("its gradient is the identity", () => {
    const x = tensor(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      { requiresGrad: true },
    );
    trace(x).backward();
    expect(x.grad?.toArray()).toEqual([
      [1, 0],
      [0, 1],
      [0, 0],
    ]);
  });

  test("refuses what is no matrix", () => {
    expect(() => trace(zeros([2, 2, 2]))).toThrow(
      /trace: expected a matrix, but the shape is \[2, 2, 2\]/,
    );
  });
});
