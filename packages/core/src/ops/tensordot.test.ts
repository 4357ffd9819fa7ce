import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  cross,
  einsum,
  IndexError,
  kron,
  rand,
  ShapeError,
  tensor,
  tensordot,
  zeros,
} from "../index.ts";

const f64 = { dtype: "float64" } as const;

describe("tensordot", () => {
  test("contracts pairs of dimensions", () => {
    const a = rand([2, 3, 4], f64);
    const b = rand([4, 5, 3], f64);
    const expected = einsum("ijk,klj->il", a, b).toTypedArray();
    const found = tensordot(a, b, [
      [1, -1],
      [2, 0],
    ]).toTypedArray();
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 12);
    expect(tensordot(a, rand([3, 4, 5], f64)).shape).toEqual([2, 5]);
    expect(tensordot(a, b, 0).shape).toEqual([2, 3, 4, 4, 5, 3]);
    expect(tensordot(a, b, [2, 0]).shape).toEqual([2, 3, 5, 3]);
    expect(tensordot(2, 3, 0).item()).toBe(6);
  });

  test("refuses pairs that do not fit", () => {
    const [a, b] = [zeros([2, 3]), zeros([2, 4])];
    expect(() => tensordot(a, b, 1)).toThrow(ShapeError);
    expect(() => tensordot(a, b, 1)).toThrow(
      /dimension 1 of \[2, 3\] has length 3, but dimension 0 of \[2, 4\] has 2/,
    );
    expect(() => tensordot(a, b, 3)).toThrow(/dims must be a whole number from 0 to 2, not 3/);
    expect(() => tensordot(a, b, [[0, 1], [0]])).toThrow(ArgumentError);
    expect(() =>
      tensordot(a, b, [
        [0, 0],
        [0, 1],
      ]),
    ).toThrow(/names a dimension twice/);
    expect(() => tensordot(a, b, [[2], [0]])).toThrow(IndexError);
    expect(() => tensordot(a, b, "1" as never)).toThrow(/must be a whole number, or two lists/);
  });
});

describe("kron", () => {
  test("puts a block for each element", () => {
    const a = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(kron(a, [1, 10]).toArray()).toEqual([
      [1, 10, 2, 20],
      [3, 30, 4, 40],
    ]);
    expect(kron(a, a).shape).toEqual([4, 4]);
    expect(kron(zeros([0, 2]), a).shape).toEqual([0, 4]);
    expect(kron(3, a).toArray()).toEqual(a.mul(3).toArray());
  });
});

describe("cross", () => {
  test("is orthogonal to both operands, which broadcast", () => {
    const a = rand([4, 3], f64);
    const b = rand([3], f64);
    const c = cross(a, b);
    expect(c.shape).toEqual([4, 3]);
    for (const x of [a, b])
      for (const dot of c.mul(x).sum(-1).toTypedArray()) expect(dot).toBeCloseTo(0, 12);
    expect(cross(a.T, b.reshape([3, 1]), 0).toArray()).toEqual(c.T.toArray());
  });

  test("takes the first dimension of length 3 unless told", () => {
    const a = rand([3, 3], f64);
    const b = rand([3, 3], f64);
    expect(cross(a, b).toArray()).toEqual(cross(a, b, 0).toArray());
    expect(cross(a, b, -1).toArray()).toEqual(cross(a.T, b.T, 0).T.toArray());
  });

  test("refuses other lengths", () => {
    expect(() => cross(zeros([2]), zeros([2]))).toThrow(
      /cross: there is no dimension of length 3 in both operands \(\[2\] and \[2\]\)/,
    );
    expect(() => cross(zeros([2, 3]), zeros([2, 3]), 0)).toThrow(
      /dimension 0 is not one of length 3/,
    );
    expect(() => cross(zeros([1, 2]), zeros([3, 2]))).toThrow(ShapeError);
    expect(() => cross(zeros([3]), zeros([3]), 1)).toThrow(IndexError);
  });
});
