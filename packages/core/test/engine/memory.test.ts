/**
 * Training in a synchronous loop keeps memory flat: no step leaves anything behind.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { crossEntropy, customOp, manualSeed, randint, randn, type Tensor } from "@chainrule/core";
import { expect, test } from "vitest";

/** Steps of a small network; the long version (`npm run soak`) takes 10⁶ of a model with an optimizer. */
const steps = Number(process.env.CHAINRULE_SOAK_STEPS ?? 4_000);

// The collector can be called by hand once this flag is set, also while the program runs.
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Memory in use after a collection, in MB. */
async function used(): Promise<number> {
  // What typed arrays held is given back in a turn of its own.
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
}

/** How much more memory is in use after so many synchronous steps than after a few, in MB. */
async function growth(step: () => void, count = steps): Promise<number> {
  for (let i = 0; i < count / 5; i++) step();
  const before = await used();
  for (let i = 0; i < count; i++) step();
  return (await used()) - before;
}

/** A graph of this size and its numbers take some 5 kB: what it would be if every step left one behind, in MB. */
const leak = (count: number): number => count * 0.005;

function trainingStep(): () => unknown {
  manualSeed(1);
  const x = randn([16, 4]);
  const labels = randint(0, 3, [16]);
  const w1 = randn([4, 8]).mul(0.5).detach().requiresGrad_();
  const w2 = randn([8, 3]).mul(0.5).detach().requiresGrad_();
  return () => {
    const loss = crossEntropy(x.matmul(w1).tanh().matmul(w2), labels);
    loss.backward(undefined, { retainGraph: true });
    for (const w of [w1, w2]) {
      w.detach().sub_(w.grad!.mul(0.01));
      w.grad = null;
    }
    return loss;
  };
}

test(`after ${steps} small steps no more memory is in use than after a few`, async () => {
  expect(await growth(trainingStep())).toBeLessThan(leak(steps) / 4);
}, 600_000);

/** Steps that fail: before the graph is complete, in a rule, in a hook, and when all gradients are there but one. */
function failingStep(): () => void {
  manualSeed(1);
  const x = randn([16, 4]);
  const w = randn([4, 8], { requiresGrad: true });
  const fragile = customOp({
    name: "fragile",
    forward: (t: Tensor) => t.mul(1),
    vjp: () => {
      throw new RangeError("a rule fails");
    },
  });
  const failures: (() => unknown)[] = [
    () => x.matmul(w).tanh().matmul(w),
    () => fragile(x.matmul(w)).tanh().exp().sum().backward(),
    () => {
      const hidden = x.matmul(w);
      hidden.registerHook(() => {
        throw new RangeError("a hook fails");
      });
      hidden.tanh().exp().sum().backward();
    },
    () => {
      const hook = w.registerPostAccumulateGradHook(() => {
        throw new RangeError("a hook of a leaf fails");
      });
      try {
        x.matmul(w).tanh().exp().sum().backward();
      } finally {
        hook.remove();
      }
    },
  ];
  let next = 0;
  return () => {
    expect(failures[next++ % failures.length]!).toThrow();
    w.grad = null;
  };
}

const failures = Math.min(steps / 4, 10_000);

test(`after ${failures} failures inside of steps no more memory is in use than after a few`, async () => {
  expect(await growth(failingStep(), failures)).toBeLessThan(leak(failures) / 2);
}, 600_000);

test("a graph that is kept at every step is seen", async () => {
  const kept: unknown[] = [];
  const step = trainingStep();
  expect(await growth(() => kept.push(step()))).toBeGreaterThan(leak(steps) / 2);
}, 600_000);
