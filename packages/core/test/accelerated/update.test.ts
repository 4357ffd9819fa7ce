/** Updates of several tensors at once: those of the plain loops, and what is left to these. */
import { elementwiseUpdate, noGrad, setBackend, type Tensor, tensor } from "@chainrule/core";
import { afterEach, expect, test } from "vitest";
import { draws, onBackend } from "./backends.ts";

afterEach(() => setBackend("auto"));

const exchange = elementwiseUpdate({
  arrays: ["a", "b"],
  parameters: ["scale"],
  values: (s, { a, b }, { scale }) => ({ a: s.mul(scale, b), b: s.sqrt(s.abs(a)) }),
});

test("all elements are read before any is written, for lengths that fill no vector or block", () => {
  for (const length of [1, 4, 7, 4096, 4099]) {
    const [a, b] = [draws(length).plain([length]), draws(2).plain([length])];
    const [wantedA, wantedB] = [b.mul(2).toTypedArray(), a.abs().sqrt().toTypedArray()];
    onBackend("wasm", () => noGrad(() => exchange({ a, b }, { scale: 2 })));
    expect(a.toTypedArray()).toEqual(wantedA);
    expect(b.toTypedArray()).toEqual(wantedB);
  }
});

test("functions without vectors, and angles of any size, are left to the plain loops", () => {
  const turn = elementwiseUpdate({
    arrays: ["x"],
    parameters: [],
    values: (s, { x }) => ({ x: s.sin(x) }),
  });
  const special = elementwiseUpdate({
    arrays: ["x"],
    parameters: [],
    values: (s, { x }) => ({ x: s.lgamma(x) }),
  });
  for (const update of [turn, special]) {
    const updated = (): ArrayLike<number> => {
      const x: Tensor = tensor([0.5, 3e9, 17, 1e30, 2]);
      noGrad(() => update({ x }, {}));
      return x.toTypedArray();
    };
    expect(onBackend("wasm", updated)).toEqual(onBackend("reference", updated));
  }
});
