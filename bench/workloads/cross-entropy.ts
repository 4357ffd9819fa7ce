import { gradientError } from "../gradient.ts";
import type { Workload } from "../workload.ts";

/** Softmax alone, and the loss of a classifier, forward and backward: rows of exponentials. */
function classes(name: string, about: string, fused: boolean): Workload {
  return {
    name,
    about: `${about} of [128, 1000], forward and backward`,
    prepare: (engine, dtype) => {
      const { core } = engine;
      core.manualSeed(1);
      const logits = core.randn([128, 1000], { dtype, requiresGrad: true });
      const weights = core.randn([128, 1000], { dtype });
      const labels = core.randint(0, 1000, [128]);
      const loss = (): InstanceType<typeof core.Tensor> =>
        fused ? core.crossEntropy(logits, labels) : logits.softmax(-1).mul(weights).sum();
      return {
        step: () => {
          logits.grad = null;
          loss().backward();
        },
        error: () => gradientError(engine, [logits], loss),
      };
    },
  };
}

export const crossEntropies: readonly Workload[] = [
  classes("softmax", "a weighted sum of softmax", false),
  classes("cross-entropy", "crossEntropy", true),
];
