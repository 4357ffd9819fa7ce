import {
  ArgumentError,
  elementwiseUpdate,
  GradError,
  noGrad,
  ones,
  ShapeError,
  setBackend,
  setInterpreted,
  type Tensor,
  tensor,
} from "@chainrule/core";
import { afterEach, describe, expect, test } from "vitest";

afterEach(() => {
  setInterpreted(false);
  setBackend("auto");
});

/** Each of the two gets what the other one was made of: writing early would show. */
const mixed = elementwiseUpdate({
  arrays: ["a", "b", "c"],
  parameters: ["p", "q"],
  values: (s, { a, b, c }, { p, q }) => {
    const shared = s.mul(c, s.add(a, b));
    return {
      a: s.add(s.mul(p, b), shared),
      b: s.sub(s.where(s.gt(a, s.zero), a, s.sqrt(s.abs(q))), shared),
    };
  },
});

const numbers = (dtype: "float32" | "float64", length: number): Tensor[] =>
  [1, 2, 3].map((k) =>
    tensor(
      Array.from({ length }, (_, i) => Math.sin(k * (i + 1))),
      { dtype },
    ),
  );

function expected([a, b, c]: readonly number[], p: number, q: number): [number, number] {
  const shared = c! * (a! + b!);
  return [p * b! + shared, (a! > 0 ? a! : Math.sqrt(Math.abs(q))) - shared];
}

describe("an update of several tensors", () => {
  test.each([
    ["generated loops", "float64", "auto", false, 0],
    ["generated loops", "float32", "reference", false, 0],
    ["the interpreter", "float64", "auto", true, 0],
    ["WebAssembly", "float32", "wasm", false, 1e-6],
  ] as const)("by %s in %s", (_name, dtype, backend, interpreted, tolerance) => {
    setBackend(backend);
    setInterpreted(interpreted);
    for (const length of [0, 1, 7, 2500, 9001]) {
      const [a, b, c] = numbers(dtype, length) as [Tensor, Tensor, Tensor];
      const before = [a, b, c].map((x) => x.toTypedArray());
      mixed({ a, b, c }, { p: 0.5, q: -4 });
      const [found, other] = [a.toTypedArray(), b.toTypedArray()];
      const round = dtype === "float32" ? Math.fround : (x: number) => x;
      let off = 0;
      for (let i = 0; i < length; i++) {
        const [first, second] = expected(
          before.map((x) => x[i]!),
          0.5,
          -4,
        );
        off = Math.max(
          off,
          Math.abs(found[i]! - round(first)),
          Math.abs(other[i]! - round(second)),
        );
      }
      expect(off).toBeLessThanOrEqual(tolerance);
      expect(c.toTypedArray()).toEqual(before[2]);
    }
  });

  test("on views, and from tensors that are not contiguous", () => {
    const base = tensor([1, 2, 3, 4], { dtype: "float64" });
    const a = base.at("1:3");
    const c = tensor(
      [
        [1, 9],
        [2, 9],
      ],
      { dtype: "float64" },
    ).at(":", 0);
    mixed({ a, b: ones([2], { dtype: "float64" }), c }, { p: 10, q: 0 });
    expect(base.toArray()).toEqual([1, 13, 18, 4]);
  });

  test("refuses what it cannot change, and leaves everything as it was", () => {
    const [a, b, c] = [ones([2]), ones([2]), ones([3])];
    const p = { p: 1, q: 1 };
    expect(() => mixed({ a, b, c }, p)).toThrow(ShapeError);
    expect(() => mixed({ a, b, c }, p)).toThrow(/c has shape \[3\], but the first tensor \[2\]/);
    expect(() => mixed({ a, b, c: 1 as never }, p)).toThrow(ArgumentError);
    expect(() => mixed({ a: undefined as never, b, c }, p)).toThrow(/a is no tensor/);
    const leaf = ones([2], { requiresGrad: true });
    expect(() => mixed({ a: leaf, b, c: a }, p)).toThrow(GradError);
    noGrad(() => mixed({ a: leaf, b, c: a }, p));
    expect(leaf.toArray()).toEqual([3, 3]);
    const striped = ones([2, 2]).at(":", 0);
    expect(() => mixed({ a: striped, b, c: a }, p)).toThrow(/not contiguous/);
  });
});
