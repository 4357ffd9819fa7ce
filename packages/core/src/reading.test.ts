import { describe, expect, it } from "vitest";
import { ArgumentError, arange, ShapeError, tensor, vmap, zeros } from "./index.ts";

describe("item", () => {
  it("is the single number, whatever the rank; a truth value is 0 or 1", () => {
    expect(tensor([[2.5]]).item()).toBe(2.5);
    expect(tensor(true).item()).toBe(1);
    expect(arange(6).at(4).item()).toBe(4);
    expect(Object.is(tensor(-0).item(), -0)).toBe(true);
  });

  it("names the shape of anything else", () => {
    expect(() => zeros([2, 3]).item()).toThrow(
      "item: a tensor of shape [2, 3] has 6 elements, not one. Reduce it first, or use toArray().",
    );
    expect(() => zeros([0]).item()).toThrow(ShapeError);
  });
});

describe("toArray", () => {
  it("nests to the depth of the rank", () => {
    expect(tensor(3).toArray()).toBe(3);
    expect(arange(6).reshape([1, 3, 2]).toArray()).toEqual([
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
    ]);
    expect(tensor([true, false]).toArray()).toEqual([true, false]);
    expect(tensor(false).toArray()).toBe(false);
  });

  it("keeps empty dimensions", () => {
    expect(zeros([0]).toArray()).toEqual([]);
    expect(zeros([2, 0]).toArray()).toEqual([[], []]);
    expect(zeros([0, 2]).toArray()).toEqual([]);
    expect(zeros([2, 0, 3]).toArray()).toEqual([[], []]);
  });

  it("reads views in their own order", () => {
    const x = arange(6).reshape([2, 3]);
    expect(x.T.toArray()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(x.flip().toArray()).toEqual([
      [5, 4, 3],
      [2, 1, 0],
    ]);
    expect(tensor([1, 2]).expand([2, 2]).toArray()).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it("needs no stack for a large tensor", () => {
    expect((arange(300000).reshape([300000, 1]).toArray() as number[][])[299999]).toEqual([299999]);
  });
});

describe("toTypedArray", () => {
  it("is a copy in the tensor's own type", () => {
    const x = tensor([1, 2]);
    const copy = x.toTypedArray();
    copy[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
    expect(copy).toBeInstanceOf(Float32Array);
    expect(arange(2).toTypedArray()).toBeInstanceOf(Int32Array);
    expect(tensor([true]).toTypedArray()).toEqual(new Uint8Array([1]));
    expect(arange(6, { dtype: "float64" }).at("1:3").toTypedArray()).toEqual(
      new Float64Array([1, 2]),
    );
  });
});

describe("other ways to read", () => {
  it("iterates over the first dimension", () => {
    expect([...arange(4).reshape([2, 2])].map((row) => row.toArray())).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(() => [...tensor(1)]).toThrow(ShapeError);
    expect([...zeros([0, 2])]).toEqual([]);
  });

  it("a single number counts as a number in arithmetic, anything else is an error", () => {
    expect(+tensor(2) + 1).toBe(3);
    expect(() => +zeros([2])).toThrow(ShapeError);
    expect(`${tensor([1, 2])}`).toBe("tensor([1, 2])");
  });

  it("JSON has the numbers flat, and what JSON lacks as words", () => {
    const x = tensor(
      [
        [1, Number.NaN],
        [Number.NEGATIVE_INFINITY, 0.5],
      ],
      { dtype: "float64" },
    );
    expect(JSON.parse(JSON.stringify(x))).toEqual({
      dtype: "float64",
      shape: [2, 2],
      data: [1, "NaN", "-Infinity", 0.5],
    });
  });

  it("is refused inside vmap, where a tensor stands for all samples", () => {
    const reading = (read: (x: ReturnType<typeof zeros>) => unknown) => () =>
      vmap((x: ReturnType<typeof zeros>) => {
        read(x);
        return x;
      })(zeros([3, 1]));
    expect(reading((x) => x.item())).toThrow("item: inside vmap a tensor stands for all 3 samples");
    expect(reading((x) => x.toArray())).toThrow(ArgumentError);
  });
});
