import { gradientError } from "../gradient.ts";
import type { Workload } from "../workload.ts";

const rows = 256;
const columns = 512;

/** Sums of what a layer puts out, along one dimension or all, forward and backward. */
function sum(dim: number | undefined): Workload {
  const which = dim === undefined ? "all" : `dim ${dim}`;
  return {
    name: `sum-${dim ?? "all"}`,
    about: `the square of the sum over ${which} of [${rows}, ${columns}], forward and backward`,
    prepare: (engine, dtype) => {
      const { core } = engine;
      core.manualSeed(1);
      const x = core.randn([rows, columns], { dtype, requiresGrad: true });
      const loss = (): InstanceType<typeof core.Tensor> => x.sum(dim).square().sum();
      return {
        step: () => {
          x.grad = null;
          loss().backward();
        },
        error: () => gradientError(engine, [x], loss),
      };
    },
  };
}

export const sums: readonly Workload[] = [sum(undefined), sum(0), sum(1)];
