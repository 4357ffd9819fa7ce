/** Accelerated steps against those of the plain loops. */
import { setBackend, type Tensor, tensor } from "@chainrule/core";
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  ASGD,
  NAdam,
  RAdam,
  RMSprop,
  SGD,
} from "@chainrule/optim";
import { afterEach, expect, test } from "vitest";

afterEach(() => setBackend("auto"));

type Make = (parameters: Tensor[]) => { zeroGrad(): void; step(): void };

/** Trains on Σ(θ − i/7)²·(1 + i mod 3) for some steps. */
function trained(make: Make, length: number): Float32Array {
  const start = Float32Array.from({ length }, (_, i) => Math.sin(i));
  const wanted = tensor(Float32Array.from({ length }, (_, i) => i / 7 / length));
  const weights = tensor(Float32Array.from({ length }, (_, i) => 1 + (i % 3)));
  const theta = tensor(start, { requiresGrad: true });
  const optimizer = make([theta]);
  for (let step = 0; step < 30; step++) {
    optimizer.zeroGrad();
    theta.sub(wanted).square().mul(weights).sum().backward();
    optimizer.step();
  }
  return theta.toTypedArray() as Float32Array;
}

test.each<[string, Make]>([
  ["SGD", (p) => new SGD(p, { lr: 0.02 })],
  ["SGD with momentum", (p) => new SGD(p, { lr: 0.01, momentum: 0.9, weightDecay: 0.1 })],
  ["SGD, Nesterov", (p) => new SGD(p, { lr: 0.01, momentum: 0.8, nesterov: true })],
  ["SGD, dampened", (p) => new SGD(p, { lr: 0.01, momentum: 0.8, dampening: 0.3 })],
  ["Adam", (p) => new Adam(p, { lr: 0.05 })],
  ["Adam with decay", (p) => new Adam(p, { lr: 0.05, weightDecay: 0.1 })],
  ["AdamW", (p) => new AdamW(p, { lr: 0.05, weightDecay: 0.1 })],
  ["Adagrad", (p) => new Adagrad(p, { lr: 0.05 })],
  ["Adadelta", (p) => new Adadelta(p, { eps: 1e-3 })],
  ["RMSprop", (p) => new RMSprop(p, { lr: 0.01, alpha: 0.9, eps: 0.01 })],
  ["RMSprop with momentum", (p) => new RMSprop(p, { lr: 0.002, momentum: 0.8, eps: 0.01 })],
  ["Adamax", (p) => new Adamax(p, { lr: 0.05 })],
  ["NAdam", (p) => new NAdam(p, { lr: 0.02, eps: 0.01 })],
  ["RAdam", (p) => new RAdam(p, { lr: 0.02, eps: 0.01 })],
  ["ASGD", (p) => new ASGD(p, { lr: 0.02, t0: 5 })],
  ["AMSGrad", (p) => new Adam(p, { lr: 0.05, amsgrad: true })],
])("%s", (_, make) => {
  for (const length of [1, 6, 9001]) {
    setBackend("reference");
    const expected = trained(make, length);
    setBackend("wasm");
    const given = trained(make, length);
    // Some ten roundings a step, of numbers of magnitude 1; the steps do not enlarge them.
    const bound = 30 * 10 * 2 ** -24;
    for (let i = 0; i < length; i++)
      if (!(Math.abs(given[i]! - expected[i]!) <= bound))
        expect(given[i], `element ${i}`).toBe(expected[i]);
  }
});
