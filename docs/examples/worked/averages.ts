/**
 * Learning to average: the mean of two inputs, from three samples, with one hidden layer of ReLU neurons.
 *
 *     node scripts/run.mjs docs/examples/worked/averages.ts
 */
import { Generator, tensor } from "@chainrule/core";
import { Linear, ReLU, Sequential } from "@chainrule/nn";
import { SGD } from "@chainrule/optim";

export function averages(steps = 2000) {
  const inputs = tensor(
    [
      [0.1, 0.3],
      [0.1, -0.1],
      [-0.8, 0.2],
    ],
    { dtype: "float64" },
  );
  const means = tensor([[0.2], [0], [-0.3]], { dtype: "float64" });
  const options = { generator: new Generator(1), dtype: "float64" } as const;
  const model = new Sequential(new Linear(2, 4, options), new ReLU(), new Linear(4, 1, options));
  const optimizer = new SGD(model.parameters(), { lr: 0.1 });
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad();
    model.forward(inputs).sub(means).square().mean().backward();
    optimizer.step();
  }
  return {
    learned: model.forward(inputs).flatten().toArray() as number[],
    // A pair it has never seen, between those that it has.
    unseen: model.forward(tensor([[0, 0.1]], { dtype: "float64" })).item(),
  };
}

if (process.argv[1]?.includes("averages")) console.log(averages());
