import type { Workload } from "../workload.ts";

/** A small network on two interleaved half circles: overhead and arithmetic in equal parts. */
export const moons: Workload = {
  name: "moons",
  about: "MLP 2-16-16-1, batch 100, hinge loss, SGD: one training step",
  prepare: ({ core, nn, optim }) => {
    core.manualSeed(1);
    const angle = core.rand([100, 1]).mul(Math.PI);
    const upper = core.arange(100).lt(50).unsqueeze(1);
    const first = core.where(upper, angle.cos(), core.sub(1, angle.cos()));
    const second = core.where(upper, angle.sin(), core.sub(0.5, angle.sin()));
    const inputs = core.cat([first, second], 1);
    const labels = core.where(upper, core.ones([100, 1]), core.tensor(-1));
    const model = new nn.Sequential(
      new nn.Linear(2, 16),
      new nn.ReLU(),
      new nn.Linear(16, 16),
      new nn.ReLU(),
      new nn.Linear(16, 1),
    );
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.05 });
    const lossNow = (): InstanceType<typeof core.Tensor> =>
      core
        .sub(1, labels.mul(model.forward(inputs)))
        .relu()
        .mean();
    const step = (): void => {
      optimizer.zeroGrad();
      lossNow().backward();
      optimizer.step();
    };
    return {
      step,
      // Fifty steps must lower the loss; the excess over that is the number to be 0.
      check: () => {
        const before = lossNow().item();
        for (let i = 0; i < 50; i++) step();
        return Math.max(0, lossNow().item() - before);
      },
    };
  },
};
