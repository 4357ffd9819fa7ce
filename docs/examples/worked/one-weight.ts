/**
 * One weight: identity, w = 2, input 3, target 10, squared error. The slope is −24; with rate 0.01 the new weight is 2.24.
 *
 *     node scripts/run.mjs docs/examples/worked/one-weight.ts
 */
import { tensor } from "@chainrule/core";

export function oneWeight(rate = 0.01) {
  const w = tensor(2, { dtype: "float64", requiresGrad: true, name: "w" });
  w.mul(3).sub(10).square().backward();
  const slope = w.grad!.item();
  return { slope, updated: w.item() - rate * slope };
}

if (process.argv[1]?.includes("one-weight")) console.log(oneWeight());
