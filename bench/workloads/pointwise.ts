import { gradientError } from "../gradient.ts";
import type { Workload } from "../workload.ts";

/** A formula on a million numbers, forward and backward: memory and elementary functions. */
export const pointwise: Workload = {
  name: "pointwise-1e6",
  about: "(tanh(2x + 1) · sigmoid(x)).sum() on 1e6 numbers, forward and backward",
  prepare: (engine, dtype) => {
    const { core } = engine;
    core.manualSeed(1);
    const x = core.randn([1_000_000], { dtype, requiresGrad: true });
    const loss = (): InstanceType<typeof core.Tensor> =>
      x.mul(2).add(1).tanh().mul(x.sigmoid()).sum();
    return {
      step: () => {
        x.grad = null;
        loss().backward();
      },
      error: () => gradientError(engine, [x], loss, 1e-5),
    };
  },
};
