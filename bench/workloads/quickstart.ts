import { gradientError } from "../gradient.ts";
import type { Workload } from "../workload.ts";

/** The training step of `npm run quickstart`, on made digits. */
function quickstart(batch: number): Workload {
  return {
    name: `quickstart-${batch}`,
    about: `MLP 64-32-10, batch ${batch}, cross-entropy, Adam: one training step`,
    prepare: (engine, dtype) => {
      const { core, nn, optim } = engine;
      core.manualSeed(1);
      const inputs = core.rand([batch, 64], { dtype });
      const labels = core.randint(0, 10, [batch]);
      const layers = [new nn.Linear(64, 32), new nn.ReLU(), new nn.Linear(32, 10)];
      const model = new nn.Sequential(...layers).to(dtype);
      const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
      const loss = (): InstanceType<typeof core.Tensor> =>
        core.crossEntropy(model.forward(inputs), labels);
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
}

export const quickstarts: readonly Workload[] = [quickstart(32), quickstart(64)];
