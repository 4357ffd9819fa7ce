import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { arange, eye, full, ones, setDefaultDType, tensor, vmap, zeros } from "./index.ts";

const text = (
  values: Parameters<typeof tensor>[0],
  options?: Parameters<typeof tensor>[1],
): string => String(tensor(values, options));

afterEach(() => setDefaultDType("float32"));

describe("numbers", () => {
  it("whole ones have no decimals", () => {
    expect(text([1, 2, 3])).toBe("tensor([1, 2, 3])");
    expect(text(-7)).toBe("tensor(-7)");
    expect(
      text([
        [1, 10],
        [100, -1000],
      ]),
    ).toBe("tensor([[    1,    10],\n        [  100, -1000]])");
  });

  it("broken ones have up to four; zeros at the end go where nothing was rounded", () => {
    expect(text([1.5, -2.25, 3])).toBe("tensor([1.50, -2.25, 3.00])");
    expect(text(0.1)).toBe("tensor(0.1)");
    expect(text(Math.PI)).toBe("tensor(3.1416)");
    expect(text([0.1, 1 / 3])).toBe("tensor([0.1000, 0.3333])");
    expect(text([0.9999999, 0.5], { dtype: "float64" })).toBe(
      "tensor([1.0000, 0.5000], dtype=float64)",
    );
    expect(text([99999.5, 1])).toBe("tensor([99999.5, 1.0])");
  });

  it("those that range too far, and tiny ones, have exponents", () => {
    expect(text([1e-5, 2e-5])).toBe("tensor([1e-5, 2e-5])");
    expect(text([1e-7, 0.5])).toBe("tensor([1e-7, 5e-1])");
    expect(text([1.25e10, 1])).toBe("tensor([1.25e+10, 1.00e+0])");
    expect(text(0.00012345)).toBe("tensor(1.2345e-4)");
    expect(text([0.00012345, 0.0023])).toBe("tensor([0.0001, 0.0023])");
    expect(text([0, 1e-6])).toBe("tensor([0e+0, 1e-6])");
    expect(
      text([
        [1e-5, -1],
        [1e10, 2],
      ]),
    ).toBe("tensor([[ 1e-5, -1e+0],\n        [1e+10,  2e+0]])");
  });

  it("int32 is always written out", () => {
    expect(String(tensor([2147483647, -5], { dtype: "int32" }))).toBe(
      "tensor([2147483647, -5], dtype=int32)",
    );
  });

  it("NaN, infinities and the sign of zero are shown", () => {
    expect(text([Number.NaN, Number.POSITIVE_INFINITY, -1.5])).toBe(
      "tensor([NaN, Infinity, -1.5])",
    );
    expect(
      text([
        [1, Number.NEGATIVE_INFINITY],
        [Number.NaN, 2],
      ]),
    ).toBe("tensor([[        1, -Infinity],\n        [      NaN,         2]])");
    expect(text([-0, 0])).toBe("tensor([-0, 0])");
    expect(text([-0, 0.5])).toBe("tensor([-0.0, 0.5])");
    expect(text([Number.NaN])).toBe("tensor([NaN])");
  });

  it("truth values are words", () => {
    expect(
      text([
        [true, false],
        [false, true],
      ]),
    ).toBe("tensor([[ true, false],\n        [false,  true]], dtype=bool)");
    expect(text(true)).toBe("tensor(true, dtype=bool)");
  });
});

describe("shapes", () => {
  it("blocks are set apart by empty lines, one more for each dimension", () => {
    expect(String(arange(8).reshape([2, 2, 2]))).toBe(
      "tensor([[[0, 1],\n         [2, 3]],\n\n        [[4, 5],\n         [6, 7]]], dtype=int32)",
    );
    expect(String(zeros([2, 1, 1, 1]))).toBe("tensor([[[[0]]],\n\n\n        [[[0]]]])");
  });

  it("empty tensors name their shape where it is not plain", () => {
    expect(String(zeros([0]))).toBe("tensor([])");
    expect(String(zeros([0, 3]))).toBe("tensor([], shape=[0, 3])");
    expect(String(zeros([2, 0]))).toBe("tensor([], shape=[2, 0])");
  });

  it("views are shown in their own order", () => {
    const x = arange(4, { dtype: "float32" }).reshape([2, 2]);
    expect(String(x.T)).toBe("tensor([[0, 2],\n        [1, 3]])");
    expect(String(x.flip(0).at(0))).toBe("tensor([2, 3])");
    expect(String(tensor([7]).expand([3]))).toBe("tensor([7, 7, 7])");
  });

  it("long rows are broken, in columns", () => {
    const lines = String(arange(100)).split("\n");
    expect(lines[0]).toBe(
      "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,",
    );
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toBe("        90, 91, 92, 93, 94, 95, 96, 97, 98, 99], dtype=int32)");
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(81);
  });

  it("large tensors are cut in the middle, and name their shape", () => {
    expect(String(arange(2000))).toBe(
      "tensor([0, 1, 2, …, 1997, 1998, 1999], dtype=int32, shape=[2000])",
    );
    expect(String(eye(100))).toBe(
      [
        "tensor([[1, 0, 0, …, 0, 0, 0],",
        "        [0, 1, 0, …, 0, 0, 0],",
        "        [0, 0, 1, …, 0, 0, 0],",
        "        …,",
        "        [0, 0, 0, …, 1, 0, 0],",
        "        [0, 0, 0, …, 0, 1, 0],",
        "        [0, 0, 0, …, 0, 0, 1]], shape=[100, 100])",
      ].join("\n"),
    );
    // What is not shown has no say in the notation, nor in the width.
    const x = zeros([2000]);
    x.setAt(1000, 1e30);
    expect(String(x)).toBe("tensor([0, 0, 0, …, 0, 0, 0], shape=[2000])");
    expect(String(zeros([2, 600]))).toContain(
      "tensor([[0, 0, 0, …, 0, 0, 0],\n        [0, 0, 0, …, 0, 0, 0]]",
    );
  });

  it("many dimensions and large ones need neither stack nor time", () => {
    expect(String(full([7, 7, 7, 7, 7], 1)).length).toBeGreaterThan(1000);
    expect(String(zeros([1]).expand([2 ** 31]))).toBe(
      "tensor([0, 0, 0, …, 0, 0, 0], shape=[2147483648])",
    );
  });
});

describe("what is said beside the numbers", () => {
  it("the type where it is not the default", () => {
    expect(text([0.5], { dtype: "float64" })).toBe("tensor([0.5], dtype=float64)");
    setDefaultDType("float64");
    expect(text([0.5], { dtype: "float32" })).toBe("tensor([0.5], dtype=float32)");
    expect(text([0.5])).toBe("tensor([0.5])");
  });

  it("the place in the graph", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    expect(String(x)).toBe("tensor([1, 2], requiresGrad=true)");
    expect(String(x.mul(2))).toBe("tensor([2, 4], from=mul)");
  });

  it("inside vmap there are shapes only", () => {
    let seen = "";
    vmap((x: ReturnType<typeof ones>) => {
      seen = String(x);
      return x;
    })(ones([3, 2]));
    expect(seen).toBe("tensor(shape=[2], one of 3 samples in vmap)");
  });

  it("console.log shows the same", () => {
    expect(inspect(tensor([1, 2]))).toBe("tensor([1, 2])");
    expect(inspect({ w: tensor([1, 2]) })).toBe("{ w: tensor([1, 2]) }");
  });
});
