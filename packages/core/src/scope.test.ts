import {
  ArgumentError,
  customOp,
  GradError,
  grad,
  keep,
  manualSeed,
  noGrad,
  randn,
  scope,
  type Tensor,
  tensor,
} from "@chainrule/core";
import { describe, expect, test } from "vitest";
import { recyclableBytes, setRecycling } from "./recycling.ts";

const leaf = (): Tensor => {
  manualSeed(5);
  return randn([6, 8], { requiresGrad: true });
};

/** Scopes that use again whatever was given back. */
function churn(): void {
  for (let i = 0; i < 3; i++) {
    scope(() => {
      const x = randn([6, 8], { requiresGrad: true });
      x.mul(3).tanh().exp().matmul(x.mT).sum().backward();
    });
  }
}

const refusal = /made inside of a scope that has ended.*Return it from the scope, or keep or clone/;

describe("when a scope ends", () => {
  test("what was recorded is given back, and reading it is an error", () => {
    const w = leaf();
    const y = scope(() => {
      const inner = w.mul(2);
      return { inner: [inner.tanh()], other: () => inner };
    });
    const lost = y.other();
    for (const read of [
      () => lost.toArray(),
      () => lost.add(1),
      () => lost.detach().sum(),
      () => lost.mT.matmul(w),
      () => String(lost),
    ]) {
      expect(read).toThrow(GradError);
      expect(read).toThrow(refusal);
    }
    expect(lost.shape).toEqual([6, 8]);
    // tanh needs its result only, but what comes before it is lost, too, when it is needed.
    expect(() => lost.exp().sum().backward()).toThrow(refusal);
  });

  test("a backward pass that needs what was given back says so, and changes nothing", () => {
    const w = leaf();
    const y = scope(() => w.sin().mul(w).sum());
    expect(() => y.backward()).toThrow(refusal);
    expect(w.grad).toBeNull();
  });

  test("what it returns stays, however it is nested", () => {
    const w = leaf();
    const expected = w.tanh().toArray();
    const found = scope(() => ({ list: [w.tanh(), { deep: w.tanh() }], number: 3, none: null }));
    churn();
    expect((found.list[0] as Tensor).toArray()).toEqual(expected);
    expect((found.list[1] as { deep: Tensor }).deep.toArray()).toEqual(expected);
  });

  test("what was kept stays, and with it what shares its memory", () => {
    const w = leaf();
    const expected = w.tanh().toArray();
    const seen: Tensor[] = [];
    scope(() => {
      const y = w.tanh();
      seen.push(y.mT.detach(), keep(y));
    });
    churn();
    expect(seen[0]!.mT.toArray()).toEqual(expected);
    expect(seen[1]!.toArray()).toEqual(expected);
  });

  test("gradients stay, of any order and by any way; so does what was made without a graph", () => {
    const w = leaf();
    const seen = new Map<string, Tensor>();
    scope(() => {
      const hidden = w.mul(2).retainGrad();
      hidden.registerHook((g) => void seen.set("hook", g));
      const loss = hidden.tanh().exp().sum();
      loss.backward(undefined, { createGraph: true });
      seen.set("recorded grad", w.grad!);
      seen.set("retained", hidden.grad!);
      w.grad = null;
      const [first] = grad(w.sin().exp().sum(), [w], { createGraph: true });
      seen.set("from grad", first!);
      w.square().sum().backward();
      seen.set("grad", w.grad!);
      seen.set(
        "without a graph",
        noGrad(() => w.mul(7)),
      );
      seen.set("outside of the graph", randn([6, 8]).mul(2));
    });
    const before = new Map([...seen].map(([name, x]) => [name, x.toArray()]));
    churn();
    for (const [name, x] of seen) expect(x.toArray(), name).toEqual(before.get(name));
  });

  test("tensors of users' own ops stay: nobody knows what else sees them", () => {
    const w = leaf();
    const inside: Tensor[] = [];
    const twice = customOp({
      name: "twice",
      forward: (x: Tensor) => {
        inside.push(x.mul(2));
        return inside[0]!;
      },
      vjp: (g: Tensor) => [g.mul(2)],
    });
    const seen: Tensor[] = [];
    scope(() => void seen.push(twice(w) as Tensor));
    const before = seen[0]!.toArray();
    churn();
    expect(seen[0]!.toArray()).toEqual(before);
    expect(inside[0]!.toArray()).toEqual(before);
  });

  test("leaves stay, wherever they were made, and views of them", () => {
    const seen: Tensor[] = [];
    scope(() => {
      const w = leaf();
      seen.push(w, w.reshape([48]), w.mT);
      w.mul(w).sum().backward();
    });
    const before = seen.map((x) => x.toArray());
    churn();
    for (const [i, x] of seen.entries()) expect(x.toArray()).toEqual(before[i]);
  });
});

describe("scopes", () => {
  test("nest: what an inner one returns belongs to the outer one", () => {
    const w = leaf();
    const expected = w.exp().toArray();
    const lost: Tensor[] = [];
    const kept = scope(() => {
      const a = scope(() => w.exp());
      const b = scope(() => w.exp());
      churn();
      expect(a.toArray()).toEqual(expected);
      lost.push(a);
      return b;
    });
    churn();
    expect(kept.toArray()).toEqual(expected);
    expect(() => lost[0]!.toArray()).toThrow(refusal);
  });

  test("end when their body throws, and the memory is used again", () => {
    const w = leaf();
    const lost: Tensor[] = [];
    const fail = (): void =>
      scope(() => {
        lost.push(w.exp());
        throw new RangeError("not today");
      });
    expect(fail).toThrow("not today");
    expect(() => lost[0]!.toArray()).toThrow(refusal);
    const bytes = recyclableBytes();
    for (let i = 0; i < 100; i++) expect(fail).toThrow("not today");
    expect(recyclableBytes()).toBe(bytes);
    // Outside of scopes everything is as ever.
    const y = w.exp();
    churn();
    expect(y.toArray()).toEqual(w.detach().exp().toArray());
  });

  test("are not for asynchronous functions", () => {
    expect(() => scope(async () => 1)).toThrow(ArgumentError);
    expect(() => scope(async () => 1)).toThrow(/scope: the function is asynchronous/);
  });

  test("change no bit of a training run", () => {
    const train = (inScope: boolean, recycling = true): unknown => {
      setRecycling(recycling);
      const x = tensor(Array.from({ length: 24 }, (_, i) => [Math.sin(i), Math.cos(i)]));
      manualSeed(2);
      const w1 = randn([2, 16], { requiresGrad: true });
      const w2 = randn([16, 4], { requiresGrad: true });
      const momenta = new Map<Tensor, Tensor>();
      const losses: number[] = [];
      const step = (): number => {
        const hidden = x.matmul(w1).layerNorm([16]).relu();
        const loss = hidden.matmul(w2).logSoftmax(1).square().mean();
        loss.backward();
        noGrad(() => {
          for (const w of [w1, w2]) {
            const momentum = (momenta.get(w) ?? w.mul(0)).mul(0.9).add(w.grad!);
            momenta.set(w, momentum);
            w.sub_(momentum.mul(0.1));
            w.grad = null;
          }
        });
        return loss.item();
      };
      for (let i = 0; i < 20; i++) losses.push(inScope ? scope(step) : step());
      setRecycling(true);
      return losses;
    };
    expect(train(true)).toEqual(train(false));
    expect(train(true)).toEqual(train(true, false));
  });
});
