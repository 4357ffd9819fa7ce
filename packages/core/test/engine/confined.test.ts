/**
 * Confined computations: what they make on the way is used again after backward, and nobody may notice.
 */
import type { Tensor } from "@chainrule/core";
import {
  confined,
  detectAnomaly,
  enableGrad,
  GradError,
  grad,
  manualSeed,
  noGrad,
  randn,
  scope,
  tensor,
  unconfined,
  vmap,
} from "@chainrule/core";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { recyclableBytes, setRecycling } from "../../src/recycling.ts";

afterEach(() => void setRecycling(true));

/** Uses memory of many sizes, so that what was given back too early is overwritten. */
function churn(): void {
  for (const shape of [[4, 8], [8, 8], [8], [64], [2, 8, 8]])
    enableGrad(() =>
      scope(() => randn(shape, { requiresGrad: true }).mul(3).tanh().exp().sum().backward()),
    );
}

/** The tensor that an op of this name has made, found in the graph behind another. */
function found(from: Tensor, name: string): Tensor {
  const open = [from];
  for (let x = open.pop(); x !== undefined; x = open.pop()) {
    if (x.node?.op.name === name) return x;
    open.push(...(x.node?.operands ?? []));
  }
  throw new Error(`There is no ${name} in the graph.`);
}

const w = (): Tensor => randn([8, 8], { requiresGrad: true });

describe("what a confined computation makes on its way", () => {
  test("is used again when backward has freed the graph, and then refuses to be read", () => {
    setRecycling(false);
    setRecycling(true);
    const loss = confined(() => w().tanh().square().sum());
    const inner = found(loss, "tanh");
    const before = recyclableBytes();
    expect(inner.numel()).toBe(inner.toTypedArray().length);
    loss.backward();
    expect(recyclableBytes() - before).toBeGreaterThanOrEqual(2 * 4 * 64);
    expect(() => inner.toTypedArray()).toThrow(GradError);
    expect(() => inner.add(1)).toThrow(
      "confined: a layer computed this tensor on its way and gave it to nobody; its memory was given back with the graph, or at once where no graph was recorded. Read it before backward, or keep the graph with { retainGraph: true }.",
    );
  });

  test("stays while the graph does", () => {
    const loss = confined(() => w().tanh().square().sum());
    const inner = found(loss, "tanh");
    const numbers = Array.from(inner.toTypedArray());
    loss.backward(undefined, { retainGraph: true });
    churn();
    expect(Array.from(inner.toTypedArray())).toEqual(numbers);
    loss.backward();
    expect(() => inner.toTypedArray()).toThrow(GradError);
  });

  test("stays while another graph refers to it", () => {
    const [a, b] = [w(), w()];
    const [first, second] = confined(() => {
      const h = a.tanh();
      return [h.square().sum(), b.mul(h.detach()).sum()] as const;
    });
    const inner = found(first, "tanh");
    const numbers = Array.from(inner.toTypedArray());
    first.backward();
    churn();
    second.backward();
    expect(Array.from(b.grad!.toTypedArray())).toEqual(numbers);
    expect(() => inner.toTypedArray()).toThrow(GradError);
  });

  test("stays when derivatives are differentiated again", () => {
    const x = tensor(Array(40).fill(0.3), { requiresGrad: true, dtype: "float64" });
    const loss = confined(() => x.tanh().square().sum());
    const slope = grad(loss, x, { createGraph: true });
    churn();
    const [curvature] = grad(slope.sum(), [x]);
    const t = Math.tanh(0.3);
    expect(curvature!.at(7).item()).toBeCloseTo(2 * (1 - t * t) * (1 - 3 * t * t), 14);
  });

  test("is not given back when somebody watches, nor when the computation throws", () => {
    const before = recyclableBytes();
    const watched = detectAnomaly(() => confined(() => w().tanh().square().sum()));
    const inner = found(watched, "tanh");
    watched.backward();
    expect(inner.numel()).toBe(inner.toTypedArray().length);
    let kept: Tensor | undefined;
    expect(() =>
      confined(() => {
        kept = w().tanh();
        throw new RangeError("on the way");
      }),
    ).toThrow("on the way");
    kept!.sum().backward();
    churn();
    expect(kept!.toTypedArray().every((one) => Math.abs(one) < 1)).toBe(true);
    expect(recyclableBytes()).toBeGreaterThanOrEqual(before);
  });

  test("is used again at once where nothing is recorded; results stay, in a scope, too", () => {
    setRecycling(false);
    setRecycling(true);
    const x = randn([8, 8]);
    const f = (): Tensor => confined(() => x.tanh().exp().t());
    const expected = noGrad(() => Array.from(x.tanh().exp().t().contiguous().toTypedArray()));
    const [first, second] = noGrad(() => [f(), scope(() => f())]) as [Tensor, Tensor];
    expect(recyclableBytes()).toBe(4 * 64);
    const seen: Tensor[] = [];
    scope(() => void noGrad(() => seen.push(f())));
    churn();
    for (const result of [first, second, ...seen])
      expect(Array.from(result.contiguous().toTypedArray())).toEqual(expected);
  });

  test("is used again by the parts of a computation that records nothing; what others see on the way stays", () => {
    const x = randn([8, 8]);
    const kept: Tensor[] = [];
    const whole = (look: (y: Tensor) => void): Tensor =>
      confined(() => {
        const first = confined(() => x.tanh().exp());
        const waiting = recyclableBytes();
        const second = confined(() => {
          const inner = first.mul(2);
          unconfined(() => look(inner));
          return inner.sub(first);
        });
        expect(recyclableBytes()).toBeLessThanOrEqual(waiting);
        return second.add(first);
      });
    const expected = noGrad(() => Array.from(x.tanh().exp().mul(2).toTypedArray()));
    const quiet = noGrad(() => whole(() => undefined));
    const seen = noGrad(() => whole((y) => kept.push(y)));
    churn();
    for (const y of [quiet, seen, ...kept]) expect(Array.from(y.toTypedArray())).toEqual(expected);
  });

  test("is given back by the scope around it, if not before", () => {
    let loss: Tensor | undefined;
    const kept = scope(() => {
      loss = confined(() => w().tanh().square().sum());
      return confined(() => w().tanh().mul(2));
    });
    churn();
    expect(kept.toTypedArray().every((one) => Math.abs(one) < 2)).toBe(true);
    expect(() => found(loss!, "tanh").toTypedArray()).toThrow(/^scope: /);
  });
});

test("results, their views and what holds them in an unknown way are nobody's to give back", () => {
  class Holder {
    readonly held: Tensor;

    constructor(held: Tensor) {
      this.held = held;
    }
  }
  const x = w();
  const parts = confined(() => {
    const h = x.tanh();
    return { whole: [h.t()], held: x.sigmoid() };
  });
  const holder = confined(() => new Holder(x.exp()));
  const expected = [x.tanh(), x.sigmoid(), x.exp()].map((y) => Array.from(y.toTypedArray()));
  parts.whole[0]!.sum().add(parts.held.sum()).add(holder.held.sum()).backward();
  churn();
  expect(Array.from(parts.whole[0]!.t().contiguous().toTypedArray())).toEqual(expected[0]);
  expect(Array.from(parts.held.toTypedArray())).toEqual(expected[1]);
  expect(Array.from(holder.held.toTypedArray())).toEqual(expected[2]);
});

test("code of others may keep what it is given and what it makes", () => {
  const x = w();
  const kept: Tensor[] = [];
  const loss = confined(() => {
    const before = x.tanh();
    const after = unconfined(() => {
      const made = before.mul(2);
      kept.push(before, made);
      return made;
    });
    return after.exp().sum();
  });
  const numbers = kept.map((one) => Array.from(one.toTypedArray()));
  const inner = found(loss, "exp");
  loss.backward();
  churn();
  expect(kept.map((one) => Array.from(one.toTypedArray()))).toEqual(numbers);
  expect(() => inner.toTypedArray()).toThrow(GradError);
});

test("samples of vmap are confined, too", () => {
  const x = randn([3, 8, 8], { requiresGrad: true });
  const f = (row: Tensor): Tensor => confined(() => row.tanh().square().sum());
  vmap(f)(x).sum().backward();
  const gradient = Array.from(x.grad!.toTypedArray());
  churn();
  const y = x.detach();
  y.requiresGrad = true;
  y.tanh().square().sum().backward();
  expect(gradient).toEqual(Array.from(y.grad!.toTypedArray()));
});

/** A program: in confined computations, each step takes two earlier tensors; some are returned and kept. */
const programs = fc.record({
  records: fc.boolean(),
  seed: fc.integer({ min: 1, max: 1000 }),
  layers: fc.array(
    fc.record({
      steps: fc.array(fc.tuple(fc.nat(5), fc.nat(20), fc.nat(20)), { minLength: 1, maxLength: 6 }),
      returned: fc.nat(20),
      keepsSecond: fc.boolean(),
      isForeign: fc.boolean(),
      isPart: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  retain: fc.boolean(),
});

type Program = typeof programs extends fc.Arbitrary<infer P> ? P : never;

/** All numbers that somebody can see who runs a program. */
function run(program: Program): readonly (readonly number[])[] {
  return program.records ? recordedRun(program) : noGrad(() => recordedRun(program));
}

function recordedRun({ seed, layers, retain }: Program): readonly (readonly number[])[] {
  manualSeed(seed);
  const leaves = [w(), w(), w()];
  const visible: Tensor[] = [...leaves];
  const steps = [
    (a: Tensor, b: Tensor) => a.add(b),
    (a: Tensor, b: Tensor) => a.mul(b),
    (a: Tensor) => a.tanh(),
    (a: Tensor, b: Tensor) => a.matmul(b).mul(0.1),
    (a: Tensor) => a.t(),
    (a: Tensor, b: Tensor) => a.sub(b.detach()),
  ];
  for (const { steps: chosen, returned, keepsSecond, isForeign, isPart } of layers) {
    const results = confined(() => {
      const made = [...visible];
      const body = (): void => {
        for (const [kind, i, j] of chosen)
          made.push(steps[kind]!(made[i % made.length]!, made[j % made.length]!));
      };
      if (isForeign) unconfined(body);
      else if (isPart)
        confined(() => {
          body();
          return made;
        });
      else body();
      const fresh = made.slice(visible.length);
      const first = fresh[returned % fresh.length]!;
      return keepsSecond ? [first, fresh[0]!] : [first];
    });
    visible.push(...results);
  }
  const losses = visible.slice(3).map((x) => x.square().mean());
  const loss = losses.reduce((a, b) => a.add(b));
  if (loss.requiresGrad) {
    loss.backward(undefined, { retainGraph: retain });
    churn();
    if (retain) loss.backward();
  }
  churn();
  const gradients = leaves.flatMap(({ grad: gradient }) => (gradient === null ? [] : [gradient]));
  return [...visible, loss, ...gradients].map((x) => Array.from(x.contiguous().toTypedArray()));
}

test("a computation that breaks its promise finds what it kept refused", () => {
  // The negative control of the programs below.
  const kept: Tensor[] = [];
  const x = w();
  confined(() => {
    kept.push(x.tanh());
    return kept[0]!.square().sum();
  }).backward();
  expect(() => kept[0]!.toTypedArray()).toThrow(GradError);
});

describe("programs of confined computations", () => {
  test("show the same to the bit with recycling and without", () => {
    fc.assert(
      fc.property(programs, (program) => {
        setRecycling(false);
        const expected = run(program);
        setRecycling(true);
        expect(run(program)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });
});
