/**
 * A chain of three sigmoid neurons, one weight each: the chain rule as a product along one path.
 *
 *     node scripts/run.mjs docs/examples/worked/three-neurons.ts
 */
import { type Tensor, tensor } from "@chainrule/core";

export function threeNeurons(rate = 0.1) {
  const weights = [0.32, 0.18, 0.23].map((w, i) =>
    tensor(w, { dtype: "float64", requiresGrad: true, name: `w${i + 1}` }),
  );
  const activations: Tensor[] = [];
  let signal: Tensor = tensor(1, { dtype: "float64" });
  for (const w of weights) {
    signal = signal.mul(w).sigmoid();
    activations.push(signal);
  }
  const cost = signal.sub(0).square();
  cost.backward();
  const gradients = weights.map((w) => w.grad!.item());
  return {
    activations: activations.map((a) => a.item()),
    cost: cost.item(),
    gradients,
    updated: weights.map((w, i) => w.item() - rate * gradients[i]!),
  };
}

if (process.argv[1]?.includes("three-neurons")) console.log(threeNeurons());
