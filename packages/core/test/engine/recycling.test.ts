/**
 * Buffers that a backward pass uses again: nobody may notice, whatever they keep.
 */
import type { Op, Tensor, TypedArray } from "@chainrule/core";
import {
  cat,
  checkpoint,
  customOp,
  defineOp,
  detectAnomaly,
  Generator,
  GraphNode,
  grad,
  linear,
  manualSeed,
  mul,
  noGrad,
  randn,
  tensor,
  vmap,
  within,
  zeros,
} from "@chainrule/core";
import { afterEach, describe, expect, test } from "vitest";
import { recyclableBytes, setRecycling } from "../../src/recycling.ts";

afterEach(() => void setRecycling(true));

/** Passes over tensors of all sizes at hand, so that whatever was given back wrongly is overwritten. */
function churn(): void {
  for (const shape of [[6, 8], [8, 6], [48], [6, 6], [8, 8], [12, 8], [96]]) {
    const x = randn(shape, { requiresGrad: true, dtype: "float64" });
    const y = randn(shape, { requiresGrad: true });
    x.mul(3).tanh().exp().sub(x).sum().backward();
    y.mul(3).tanh().exp().sub(y).sum().backward();
  }
}

/** An op of a user's own. */
function userOp(
  name: string,
  forward: (x: Tensor) => TypedArray,
  vjp: (cotangent: Tensor, x: Tensor) => Tensor,
): Op<(x: Tensor) => Tensor> {
  return defineOp({
    name,
    formula: "y = f(x)",
    call: (x: Tensor) => ({ operands: [x], options: {} }),
    shape: ([x]) => x!.shape,
    forward: ([x], y) => y.storage.data.set(forward(x!)),
    vjp: [(cotangent, node) => vjp(cotangent, node.a)],
    samples: [(draw) => [draw.tensor(draw.shape(), within(-1, 1))]],
  });
}

/** What somebody keeps, and what it was when it was kept. */
class Keeper {
  private readonly kept: {
    readonly what: string;
    readonly x: Tensor;
    readonly before: number[];
  }[] = [];

  keep(what: string, x: Tensor): Tensor {
    this.kept.push({ what, x, before: Array.from(x.toTypedArray()) });
    return x;
  }

  /** Everything kept is as it was; returns the numbers. */
  check(): number[] {
    for (const { what, x, before } of this.kept)
      if (!sameBits(x.toTypedArray(), before)) throw new Error(`${what} has changed`);
    return this.kept.flatMap(({ before }) => before);
  }
}

function sameBits(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

/** Unary steps of random graphs over 6 × 8 numbers; each leaves the shape as it is. */
function steps(keeper: Keeper): ((x: Tensor, w: Tensor) => Tensor)[] {
  const keepsCotangent = userOp(
    "keepsCotangent",
    (x) => x.toTypedArray(),
    (cotangent) => keeper.keep("a cotangent", cotangent),
  );
  const keepsView = userOp(
    "keepsView",
    (x) => x.toTypedArray(),
    (cotangent) => {
      keeper.keep("a view of a cotangent", cotangent.mT);
      return keeper.keep("a product", cotangent.mul(0.5));
    },
  );
  const givesOperand = userOp(
    "givesOperand",
    (x) => x.mul(x).mul(0.5).toTypedArray(),
    (_cotangent, x) => x,
  );
  const straight = customOp({
    name: "straight",
    forward: (x: Tensor) => x,
    vjp: (cotangent: Tensor, { operands }) => {
      keeper.keep("an operand", operands[0]!);
      return [cotangent];
    },
  });
  const nested = customOp({
    name: "nested",
    forward: (x: Tensor) => x.sin(),
    vjp: (cotangent: Tensor, { operands }) => {
      const inner = grad((t: Tensor) => t.sin().mul(cotangent).sum())(operands[0]!.detach());
      return [keeper.keep("an inner gradient", inner)];
    },
  });
  return [
    (x) => x.tanh(),
    (x, w) => x.mul(w),
    (x) => x.add(x),
    (x) => x.mT.reshape([6, 8]),
    (x) => x.mT.contiguous().mT,
    (x) => x.sub(x.mean(0)),
    (x) => x.softmax(1),
    (x) => x.layerNorm([8]),
    (x, w) => x.matmul(w.mT).matmul(w),
    (x, w) => linear(x, w.mT.matmul(w), w.sum(0)),
    (x) => cat([x.narrow(0, 3, 3), x.narrow(0, 0, 3)], 0),
    (x) => x.cumsum(1).mul(0.3),
    (x) => x.sort(1).values,
    (x) => x.relu().sub(x.exp().log1p()),
    (x) => x.div(x.norm().add(1)),
    (x) => checkpoint((t: Tensor) => t.sin().mul(t), x),
    keepsCotangent,
    keepsView,
    givesOperand,
    (x) => straight(x) as Tensor,
    (x) => nested(x) as Tensor,
    (x) => {
      if (x.requiresGrad) x.registerHook((g) => void keeper.keep("a gradient in a hook", g));
      return x;
    },
    (x) => {
      if (x.requiresGrad) x.registerHook((g) => keeper.keep("a replacement", g.mT).mT);
      return x;
    },
    (x) => (x.requiresGrad ? x.retainGrad() : x),
  ];
}

/** Runs a program that is made of random numbers, and gives everything that could be seen of it. */
function observed(seed: number, recycling: boolean): number[] {
  setRecycling(recycling);
  manualSeed(seed);
  const generator = new Generator(seed);
  const keeper = new Keeper();
  const all = steps(keeper);
  const dtype = generator.integer(2) === 0 ? "float32" : "float64";
  const leaf = (): Tensor => randn([6, 8], { dtype }).mul(0.5).detach().requiresGrad_();
  const leaves = [leaf(), leaf(), leaf()];
  for (let round = 0; round < 2; round++) {
    const values: Tensor[] = leaves.slice();
    for (let i = 0; i < 10; i++) {
      const step = all[generator.integer(all.length)]!;
      const x = values[generator.integer(values.length)]!;
      const y = step(x, leaves[generator.integer(3)]!);
      keeper.keep("a result", y);
      values.push(
        generator.integer(3) === 0 ? y.add(values[generator.integer(values.length)]!) : y,
      );
    }
    const loss = values.at(-1)!.mul(values.at(-2)!).mean();
    const way = generator.integer(5);
    if (way === 0) {
      const options = { allowUnused: true, retainGraph: true };
      for (const g of grad(loss, leaves, options)) if (g !== null) keeper.keep("from grad", g);
    }
    if (way === 1) loss.backward(undefined, { retainGraph: true });
    if (way === 2) {
      const options = { allowUnused: true, createGraph: true };
      const firsts = grad(loss, leaves, options).filter(
        (g): g is Tensor => g?.requiresGrad === true,
      );
      for (const g of firsts) keeper.keep("recorded", g);
      if (firsts.length > 0) {
        let sum = firsts[0]!.square().sum();
        for (const g of firsts.slice(1)) sum = sum.add(g.square().sum());
        sum.backward(undefined, { retainGraph: true });
      }
    }
    if (way === 3) detectAnomaly(() => loss.backward(undefined, { retainGraph: true }));
    if (loss.requiresGrad) loss.backward();
    churn();
    for (const x of [...values, ...leaves]) if (x.grad !== null) keeper.keep("a grad", x.grad);
    // A gradient goes into another pass as its cotangent.
    if (leaves[0]!.grad !== null) {
      const [g] = grad(leaves[1]!.mul(2).sin(), [leaves[1]!], { gradOutputs: leaves[0]!.grad });
      keeper.keep("from a gradient", g!);
    }
    churn();
  }
  return keeper.check();
}

describe("random programs that keep what they can get", () => {
  test("see the same to the bit with recycling and without", () => {
    for (let seed = 1; seed <= 80; seed++)
      expect(sameBits(observed(seed, true), observed(seed, false)), `seed ${seed}`).toBe(true);
  }, 60_000);

  test("notice when buffers are given back too early", () => {
    // The negative control: a rule of a user that passes for one of the engine's own.
    setRecycling(true);
    const x = randn([6, 8], { requiresGrad: true });
    const keeper = new Keeper();
    const wrong = userOp(
      "wrong",
      (t) => t.toTypedArray(),
      (cotangent) => keeper.keep("a cotangent", cotangent).mul(2),
    );
    Object.assign(wrong.op, { confined: wrong.op.vjp });
    wrong(x).tanh().sum().backward();
    churn();
    expect(() => keeper.check()).toThrow(/a cotangent/);
  });
});

describe("what is given back", () => {
  const pass = (length: number): void =>
    zeros([length], { requiresGrad: true }).mul(2).exp().square().sum().backward();

  test("are cotangents of a pass, but of none that is watched or recorded", () => {
    setRecycling(false);
    setRecycling(true);
    const x = randn([6, 8], { requiresGrad: true });
    grad(x.tanh().exp().sum(), [x], { createGraph: true });
    detectAnomaly(() => x.tanh().exp().sum().backward());
    expect(recyclableBytes()).toBe(0);
    pass(50);
    const bytes = recyclableBytes();
    expect(bytes).toBeGreaterThan(0);
    for (let i = 0; i < 100; i++) pass(50);
    expect(recyclableBytes()).toBe(bytes);
  });

  test("stays within bounds, whatever lengths come", () => {
    for (let i = 0; i < 12; i++) {
      pass(1_000_000 + i);
      expect(recyclableBytes()).toBeLessThanOrEqual(64 * 2 ** 20);
    }
    expect(recyclableBytes()).toBeGreaterThan(0);
  });

  test("are not the arrays of gradients that are there, nor of what a pass began with", () => {
    const x = randn([6, 8], { requiresGrad: true });
    const seed = randn([6, 8]);
    const before = Array.from(seed.toTypedArray());
    const run = (): void => x.reshape([48]).reshape([6, 8]).add(x).backward(seed);
    run();
    const first = x.grad!;
    const numbers = Array.from(first.toTypedArray());
    run();
    churn();
    expect(Array.from(seed.toTypedArray())).toEqual(before);
    expect(Array.from(first.toTypedArray())).toEqual(numbers);
    expect(Array.from(x.grad!.toTypedArray())).toEqual(numbers.map((value) => 2 * value));
  });
});

describe("gradients of leaves", () => {
  const leafOf = (): Tensor => {
    manualSeed(3);
    return randn([6, 8], { requiresGrad: true });
  };
  const pass = (x: Tensor): void => x.mul(2).tanh().exp().sum().backward();

  test("are the reader's to keep once they were read", () => {
    const x = leafOf();
    pass(x);
    const first = x.grad!;
    const numbers = first.toArray();
    pass(x);
    const second = x.grad!;
    expect(second === first).toBe(false);
    const doubled = second.toArray();
    pass(x);
    x.grad = null;
    churn();
    expect(first.toArray()).toEqual(numbers);
    expect(second.toArray()).toEqual(doubled);
  });

  test("add up in place, and are given back, while nobody has read them", () => {
    const x = leafOf();
    pass(x);
    const lent = x.lentGrad()!;
    const numbers = Array.from(lent.toTypedArray());
    pass(x);
    expect(x.lentGrad() === lent).toBe(true);
    expect(Array.from(lent.toTypedArray())).toEqual(numbers.map((value) => 2 * value));
    const bytes = recyclableBytes();
    x.grad = null;
    expect(recyclableBytes()).toBe(bytes + 6 * 8 * 4);
    // Whoever kept what was only lent finds no numbers, rather than those of somebody else.
    expect(lent.storage.data.length).toBe(0);
  });

  test("are read by hooks", () => {
    const x = leafOf();
    const keeper = new Keeper();
    x.registerPostAccumulateGradHook((leaf) => void keeper.keep("a gradient", leaf.grad!));
    for (let i = 0; i < 5; i++) {
      pass(x);
      if (i % 2 === 1) x.grad = null;
      churn();
    }
    keeper.check();
  });

  test("are the same with recycling and without, over steps in which they add up", () => {
    const train = (recycling: boolean): number[] => {
      setRecycling(recycling);
      const x = leafOf();
      for (let i = 0; i < 30; i++) {
        for (let k = 0; k <= i % 3; k++) pass(x);
        noGrad(() => x.sub_(x.lentGrad()!.mul(0.01)));
        x.grad = null;
      }
      return Array.from(x.toTypedArray());
    };
    expect(sameBits(train(true), train(false))).toBe(true);
  });
});

test("an error in the middle leaves everything usable", () => {
  const keeper = new Keeper();
  let fails = true;
  const fragile = userOp(
    "fragile",
    (x) => x.toTypedArray(),
    (cotangent) => {
      if (fails) throw new RangeError("not today");
      return cotangent;
    },
  );
  const x = randn([6, 8], { requiresGrad: true });
  for (let i = 0; i < 50; i++) {
    fails = true;
    const y = fragile(x.mul(2)).tanh();
    const loss = y.exp().mul(keeper.keep("a value", y.sin())).sum();
    expect(() => loss.backward()).toThrow("not today");
    expect(x.grad).toBeNull();
    churn();
    fails = false;
    loss.backward();
    const found = x.grad!;
    x.grad = null;
    keeper.keep("a gradient", found);
  }
  keeper.check();
});

test("other rules in a copy of an op's definition are not taken for the engine's own", () => {
  const keeper = new Keeper();
  const x = randn([6, 8], { requiresGrad: true });
  const inner = x.tanh();
  const y = noGrad(() => inner.mul(2));
  const rule = (cotangent: Tensor): Tensor => keeper.keep("a cotangent", cotangent.mul(2)).mul(1);
  const node = new GraphNode({ ...mul.op, vjp: [rule, null] }, [inner, tensor(2)], {}, undefined);
  node.results = [y];
  y.attach(node, 0);
  y.exp().sum().backward();
  churn();
  keeper.check();
});

test("gradients of samples are their own", () => {
  const x = randn([5, 6, 8]);
  const one = vmap(grad((t: Tensor) => t.mul(2).tanh().exp().sum()))(x) as Tensor;
  const before = Array.from(one.toTypedArray());
  churn();
  expect(Array.from(one.toTypedArray())).toEqual(before);
});
