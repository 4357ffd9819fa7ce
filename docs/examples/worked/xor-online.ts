/**
 * XOR by online learning: 2-2-1, sigmoid, no bias, E = ½(y − f)², one step on the sample (0, 1) → 1 with rate 0.25.
 *
 * The first row of W1 does not move, because its input is 0.
 *
 *     node scripts/run.mjs docs/examples/worked/xor-online.ts
 */
import { noGrad, type Tensor, tensor } from "@chainrule/core";

const options = { dtype: "float64", requiresGrad: true } as const;

export function xorOnline(rate = 0.25) {
  const x = tensor([0, 1], { dtype: "float64" });
  const w1 = tensor(
    [
      [0.1, 0.5],
      [-0.7, 0.3],
    ],
    { ...options, name: "W1" },
  );
  const w2 = tensor([0.2, 0.4], { ...options, name: "W2" });
  const predict = (): { h: Tensor; z: Tensor; f: Tensor } => {
    const h = x.matmul(w1).sigmoid();
    const z = h.matmul(w2);
    return { h, z, f: z.sigmoid() };
  };

  const { h, z, f } = predict();
  z.retainGrad();
  const error = f.sub(1).square().mul(0.5);
  error.backward();
  noGrad(() => {
    for (const w of [w1, w2]) w.sub_(w.grad!.mul(rate));
  });
  return {
    h: h.toArray(),
    f: f.item(),
    error: error.item(),
    /** δ of the output, −∂E/∂z. */
    delta: -z.grad!.item(),
    w1: w1.toArray(),
    w2: w2.toArray(),
    after: predict().f.item(),
  };
}

if (process.argv[1]?.includes("xor-online")) console.log(xorOnline());
