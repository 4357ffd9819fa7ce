import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  arange,
  DTypeError,
  GradError,
  IndexError,
  noGrad,
  ShapeError,
  setAt,
  tensor,
  vmap,
  zeros,
} from "./index.ts";

describe("setAt", () => {
  it("changes what at with the same items reads", () => {
    const x = zeros([3, 4]);
    x.setAt([0, "1:3"], 5);
    x.setAt([[1, 2], 0], [7, 8]);
    x.setAt([-1, "2:"], tensor([[1, 2]]).at(0));
    expect(x.toArray()).toEqual([
      [0, 5, 5, 0],
      [7, 0, 0, 0],
      [8, 0, 1, 2],
    ]);
    x.setAt(x.eq(0), -1);
    expect(x.at(0).toArray()).toEqual([-1, 5, 5, -1]);
    x.setAt("...", 3).setAt(1, 4).setAt(":", 5).setAt({ stop: 1 }, 6);
    expect(x.at(":", 0).toArray()).toEqual([6, 5, 5]);
  });

  it("broadcasts, also to indices, and takes the type of x", () => {
    const x = zeros([2, 3], { dtype: "int32" });
    expect(x.setAt([":", [0, 2]], tensor([[1.9], [2]])).toArray()).toEqual([
      [1, 0, 1],
      [2, 0, 2],
    ]);
    expect(x.setAt([[1, 0], ":"], [7, 8, 9]).toArray()).toEqual([
      [7, 8, 9],
      [7, 8, 9],
    ]);
  });

  it("keeps the last of several values, or adds them", () => {
    const x = zeros([3]);
    expect(x.setAt([[1, 1, -1]], [1, 2, 3]).toArray()).toEqual([0, 2, 3]);
    expect(x.setAt([[1, 1, -1]], [1, 2, 3], { accumulate: true }).toArray()).toEqual([0, 5, 6]);
    expect(x.setAt("1:", 1, { accumulate: true }).toArray()).toEqual([0, 6, 7]);
  });

  it("writes through views of any layout", () => {
    const x = arange(12, { dtype: "float32" }).reshape([3, 4]);
    x.T.setAt([[0, 3], 1], [-1, -2]);
    x.flip(1).setAt([2, [0, 1]], [-3, -4]);
    x.at("::2", "1:").setAt(
      [
        tensor([
          [true, false, false],
          [false, false, false],
        ]),
      ],
      -5,
    );
    expect(x.toArray()).toEqual([
      [0, -5, 2, 3],
      [-1, 5, 6, -2],
      [8, 9, -4, -3],
    ]);
  });

  it("reads a value from the same storage before it is overwritten", () => {
    const x = arange(4);
    expect(x.setAt("1:", x.at(":3")).toArray()).toEqual([0, 0, 1, 2]);
    expect(x.setAt([[0, 1, 2, 3]], x.flip()).toArray()).toEqual([2, 1, 0, 0]);
  });

  it("is noted: a graph that needs the old numbers says so", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const buffer = tensor([3, 4]);
    const before = buffer.storage.version;
    const y = x.mul(buffer).sum();
    buffer.setAt([[0]], 9);
    expect(buffer.storage.version).toBeGreaterThan(before);
    expect(() => y.backward()).toThrow(GradError);
  });

  it("changes leaves under noGrad only, and never results or samples", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    expect(() => x.setAt(0, 5)).toThrow("Wrap it: noGrad(() => x.setAt(…))");
    noGrad(() => x.setAt([[1]], 5));
    expect(x.toArray()).toEqual([1, 5]);
    expect(() => x.mul(2).setAt(0, 5)).toThrow("this tensor is the result of mul");
    expect(() => zeros([1]).expand([3]).setAt(0, 5)).toThrow("change a clone of it");
    expect(() => vmap((row: typeof x) => row.setAt(0, 1))(zeros([2, 2]))).toThrow("inside vmap");
  });

  it("refuses what does not fit, and changes nothing", () => {
    const x = zeros([2, 3]);
    expect(() => x.setAt([[0, 2]], 1)).toThrow(IndexError);
    expect(() => x.setAt(2, 1)).toThrow("setAt: index 2 is out of range at dimension 0");
    expect(() => x.setAt([[0, 1]], [1, 2])).toThrow(ShapeError);
    expect(() => x.setAt(0, [1, 2])).toThrow(ShapeError);
    expect(() => x.setAt("a", 1)).toThrow(ArgumentError);
    expect(() => setAt(x, 0, 1, { add: true } as never)).toThrow('unknown option "add"');
    expect(() => tensor([true]).setAt(0, 2)).toThrow(DTypeError);
    expect(x.sum().item()).toBe(0);
    expect(x.storage.version).toBe(0);
  });
});
