import type { Workload } from "../workload.ts";

const nodes = 2000;

/** 2,000 ops on one number, forward and backward: what the engine itself costs. */
export const scalarChain: Workload = {
  name: "scalar-chain",
  about: `${nodes} ops on one number, forward and backward`,
  nodes,
  prepare: ({ core }, dtype) => {
    const run = (): InstanceType<typeof core.Tensor> => {
      const x = core.tensor(1, { dtype, requiresGrad: true });
      let y = x;
      for (let i = 0; i < nodes; i += 2) y = y.mul(1.0001).add(0.0001);
      y.backward();
      return x;
    };
    return { step: () => void run(), error: () => run().grad!.item() - 1.0001 ** (nodes / 2) };
  },
};
