/**
 * Training in a synchronous loop keeps memory flat: no step leaves anything behind.
 */
import { crossEntropy, manualSeed, randint, randn } from "@chainrule/core";
import { expect, test } from "vitest";

/** Steps of a small network; the long version takes 10⁵ of them (`npm run soak`). */
const steps = Number(process.env.CHAINRULE_SOAK_STEPS ?? 4_000);

function used(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
}

/** The lowest use of memory within a stretch of steps, in MB: the garbage collector runs when it likes. */
function lowest(step: () => void, count: number): number {
  let low = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    step();
    if (i % 20 === 0) low = Math.min(low, used());
  }
  return low;
}

/** How much more memory is in use after `steps` steps than after a few, in MB. */
function growth(step: () => void): number {
  lowest(step, steps / 5);
  const before = lowest(step, steps / 5);
  lowest(step, (steps * 2) / 5);
  return lowest(step, steps / 5) - before;
}

/** Between the two stretches lie 3/5 of the steps; a graph and its numbers take some 5 kB. */
const leak = (steps * 3 * 0.005) / 5;

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

test(`after ${steps} small steps no more memory is in use than after a few`, () => {
  expect(growth(trainingStep())).toBeLessThan(leak / 4);
}, 600_000);

test("a graph that is kept at every step is seen", () => {
  const kept: unknown[] = [];
  const step = trainingStep();
  expect(growth(() => kept.push(step()))).toBeGreaterThan(leak / 2);
}, 600_000);
