import { manualSeed, randn, type Tensor } from "@chainrule/core";
import { Adam, clipGradNorm_, SGD, type SGDOptions } from "@chainrule/optim";
import { expect, test } from "vitest";

/** A step of training: two passes, whose gradients add up. */
function step(w: Tensor, optimizer: SGD | Adam): void {
  optimizer.zeroGrad();
  for (let i = 0; i < 2; i++) w.mul(2).tanh().exp().sum().backward();
  clipGradNorm_([w], 5);
  optimizer.step();
}

const parameter = (): Tensor => {
  manualSeed(1);
  return randn([16, 8], { requiresGrad: true });
};

test("gradients that somebody reads do not change, whatever the optimizer does", () => {
  const w = parameter();
  const optimizer = new Adam([w]);
  const kept: { readonly gradient: Tensor; readonly before: unknown }[] = [];
  for (let i = 0; i < 6; i++) {
    step(w, optimizer);
    if (i % 2 === 0) kept.push({ gradient: w.grad!, before: w.grad!.toArray() });
  }
  for (const { gradient, before } of kept) expect(gradient.toArray()).toEqual(before);
});

test("a derived optimizer may keep the gradients that it is given", () => {
  const kept: { readonly gradient: Tensor; readonly before: unknown }[] = [];
  class Recorder extends SGD {
    protected override update(parameter: Tensor, gradient: Tensor, options: SGDOptions): void {
      kept.push({ gradient, before: gradient.toArray() });
      super.update(parameter, gradient, options);
    }
  }
  const w = parameter();
  const optimizer = new Recorder([w], { lr: 0.01 });
  for (let i = 0; i < 6; i++) step(w, optimizer);
  expect(kept.length).toBe(6);
  for (const { gradient, before } of kept) expect(gradient.toArray()).toEqual(before);
});

test("steps are the same whether anybody reads the gradients or not", () => {
  const train = (read: boolean): unknown => {
    const w = parameter();
    const optimizer = new SGD([w], { lr: 0.05, momentum: 0.9 });
    for (let i = 0; i < 20; i++) {
      step(w, optimizer);
      if (read) void w.grad;
    }
    return w.toArray();
  };
  expect(train(true)).toEqual(train(false));
});
