import type { Workload } from "../workload.ts";

/** The training step of `npm run quickstart`, on made digits. */
export const quickstart: Workload = {
  name: "quickstart",
  about: "MLP 64-32-10, batch 64, cross-entropy, Adam: one training step",
  prepare: ({ core, nn, optim }) => {
    core.manualSeed(1);
    const inputs = core.rand([64, 64]);
    const labels = core.randint(0, 10, [64]);
    const model = new nn.Sequential(new nn.Linear(64, 32), new nn.ReLU(), new nn.Linear(32, 10));
    const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
    const lossNow = (): InstanceType<typeof core.Tensor> =>
      core.crossEntropy(model.forward(inputs), labels);
    const step = (): void => {
      optimizer.zeroGrad();
      lossNow().backward();
      optimizer.step();
    };
    return {
      step,
      check: () => {
        const before = lossNow().item();
        for (let i = 0; i < 20; i++) step();
        return Math.max(0, lossNow().item() - before);
      },
    };
  },
};
