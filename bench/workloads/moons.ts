import { gradientError } from "../gradient.ts";
import type { Workload } from "../workload.ts";

/** A small network on two interleaved half circles: overhead and arithmetic in equal parts. */
export const moons: Workload = {
  name: "moons",
  about: "MLP 2-16-16-1, batch 100, hinge loss, SGD: one training step",
  prepare: (engine, dtype) => {
    const { core, nn, optim } = engine;
    core.manualSeed(1);
    const angle = core.rand([100, 1], { dtype }).mul(Math.PI);
    const upper = core.arange(100).lt(50).unsqueeze(1);
    const first = core.where(upper, angle.cos(), core.sub(1, angle.cos()));
    const second = core.where(upper, angle.sin(), core.sub(0.5, angle.sin()));
    const inputs = core.cat([first, second], 1);
    const labels = core.where(upper, core.ones([100, 1], { dtype }), -1);
    const model = new nn.Sequential(
      new nn.Linear(2, 16),
      new nn.ReLU(),
      new nn.Linear(16, 16),
      new nn.ReLU(),
      new nn.Linear(16, 1),
    ).to(dtype);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.05 });
    const loss = (): InstanceType<typeof core.Tensor> =>
      core
        .sub(1, labels.mul(model.forward(inputs)))
        .relu()
        .mean();
    return {
      step: () => {
        optimizer.zeroGrad();
        loss().backward();
        optimizer.step();
      },
      error: () => gradientError(engine, model.parameters(), loss),
    };
  },
};
