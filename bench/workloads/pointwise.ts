import type { Workload } from "../workload.ts";

/** A formula on a million numbers, forward and backward: memory and elementary functions. */
export const pointwise: Workload = {
  name: "pointwise-1e6",
  about: "(tanh(2x + 1) · sigmoid(x)).sum() on 1e6 numbers, forward and backward",
  prepare: ({ core }) => {
    core.manualSeed(1);
    const x = core.randn([1_000_000]).requiresGrad_();
    const step = (): void => {
      x.grad = null;
      x.mul(2).add(1).tanh().mul(x.sigmoid()).sum().backward();
    };
    return {
      step,
      check: () => {
        step();
        const v = x.at(0).item();
        const t = Math.tanh(2 * v + 1);
        const s = 1 / (1 + Math.exp(-v));
        return x.grad!.at(0).item() - (2 * (1 - t * t) * s + t * s * (1 - s));
      },
    };
  },
};
