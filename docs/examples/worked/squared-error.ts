/**
 * The mean squared error by hand: predictions 10, 8, 6, actual values 20, 3, 1.
 *
 *     node scripts/run.mjs docs/examples/worked/squared-error.ts
 */
import { mseLoss, tensor } from "@chainrule/core";

export function squaredError() {
  const predicted = tensor([10, 8, 6], { dtype: "float64" });
  const actual = tensor([20, 3, 1], { dtype: "float64" });
  return {
    total: mseLoss(predicted, actual, { reduction: "sum" }).item(),
    mean: mseLoss(predicted, actual).item(),
  };
}

if (process.argv[1]?.includes("squared-error")) console.log(squaredError());
