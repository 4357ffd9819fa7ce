/**
 * A 2-2-2 network by hand: sigmoid neurons, one bias shared by each layer, L = Σ ½(t − o)².
 *
 * Forward, backward and one step of gradient descent with rate 0.5, as in the lecture.
 *
 *     node scripts/run.mjs docs/examples/worked/two-two-two.ts
 */
import { tensor } from "@chainrule/core";

const options = { dtype: "float64", requiresGrad: true } as const;

export function twoTwoTwo(rate = 0.5) {
  const x = tensor([0.05, 0.1], { dtype: "float64" });
  const target = tensor([0.01, 0.99], { dtype: "float64" });
  // Rows are neurons: w1, w2 go into h1; w3, w4 into h2; w5, w6 into o1; w7, w8 into o2.
  const hidden = tensor(
    [
      [0.15, 0.2],
      [0.25, 0.3],
    ],
    { ...options, name: "w1..w4" },
  );
  const output = tensor(
    [
      [0.4, 0.45],
      [0.5, 0.55],
    ],
    { ...options, name: "w5..w8" },
  );

  const h = hidden.matmul(x).add(0.35).sigmoid();
  const o = output.matmul(h).add(0.6).sigmoid();
  const loss = target.sub(o).square().mul(0.5).sum();
  loss.backward();

  const gradients = [...hidden.grad!.toTypedArray(), ...output.grad!.toTypedArray()];
  const weights = [...hidden.toTypedArray(), ...output.toTypedArray()];
  return {
    h: h.toArray(),
    o: o.toArray(),
    loss: loss.item(),
    gradients,
    updated: weights.map((w, i) => w - rate * gradients[i]!),
  };
}

if (process.argv[1]?.includes("two-two-two")) console.log(twoTwoTwo());
