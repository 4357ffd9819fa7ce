/**
 * Metrics of regressions.
 */
import type { Tensor } from "@chainrule/core";
import { formatShape, ShapeError } from "@chainrule/core";
import type { Metric, MetricState } from "./metric.ts";
import { defineMetric } from "./metric.ts";

function checkSameShape(where: string, output: Tensor, target: Tensor): void {
  if (output.shape.join() === target.shape.join()) return;
  throw new ShapeError(
    `${where}: outputs of shape ${formatShape(output.shape)} and targets of shape ${formatShape(target.shape)} must be equal. (Broadcasting here is a mistake as a rule: reshape one of them.)`,
    { output: output.shape, target: target.shape },
  );
}

/** A metric from sums over all pairs of output and target. */
function summed(
  name: string,
  terms: readonly ((output: number, target: number) => number)[],
  value: (sums: readonly number[], count: number) => number,
): Metric {
  return defineMetric({
    name,
    defaults: {},
    update: (state: MetricState, output: Tensor, target: Tensor) => {
      checkSameShape(name, output, target);
      const outputs = output.toTypedArray();
      const targets = target.toTypedArray();
      for (const [k, term] of terms.entries()) {
        let sum = 0;
        for (let i = 0; i < outputs.length; i++) sum += term(outputs[i]!, targets[i]!);
        state[k] = (state[k] ?? 0) + sum;
      }
      state[terms.length] = (state[terms.length] ?? 0) + outputs.length;
    },
    value: (state) => value(state, state[terms.length] ?? 0),
  });
}

/**
 * The mean absolute error, Σ|output − target|/n.
 *
 * @throws {ShapeError} when outputs and targets differ in shape.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { mae } from "@chainrule/train";
 * mae(tensor([1, 4]), tensor([2, 2])); // → 1.5
 */
export const mae: Metric = summed(
  "mae",
  [(output, target) => Math.abs(output - target)],
  ([sum = 0], count) => sum / count,
);

/** The mean squared error, Σ(output − target)²/n. @throws {ShapeError} when outputs and targets differ in shape. */
export const mse: Metric = summed(
  "mse",
  [(output, target) => (output - target) ** 2],
  ([sum = 0], count) => sum / count,
);

/** The root of the mean squared error. @throws {ShapeError} when outputs and targets differ in shape. */
export const rmse: Metric = summed(
  "rmse",
  [(output, target) => (output - target) ** 2],
  ([sum = 0], count) => Math.sqrt(sum / count),
);

/**
 * The coefficient of determination, R² = 1 − Σ(output − target)²/Σ(target − mean)²: 1 for a perfect model, 0 for one that
 * always gives the mean. NaN where all targets are equal.
 *
 * Several targets a sample are taken together.
 *
 * @throws {ShapeError} when outputs and targets differ in shape.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { r2 } from "@chainrule/train";
 * r2(tensor([2.5, 0, 2, 8]), tensor([3, -0.5, 2, 7])); // → 0.948…
 */
export const r2: Metric = defineMetric({
  name: "r2",
  defaults: {},
  // Summed from the first target on, so that large means cost no digits:
  // [origin, Σ(output − target)², Σ(target − origin), Σ(target − origin)², n]
  update: (state: MetricState, output: Tensor, target: Tensor) => {
    checkSameShape("r2", output, target);
    const outputs = output.toTypedArray();
    const targets = target.toTypedArray();
    if (outputs.length === 0) return;
    if (state.length === 0) state.push(targets[0]!, 0, 0, 0, 0);
    const origin = state[0]!;
    for (let i = 0; i < targets.length; i++) {
      const distance = targets[i]! - origin;
      state[1]! += (outputs[i]! - targets[i]!) ** 2;
      state[2]! += distance;
      state[3]! += distance ** 2;
      state[4]!++;
    }
  },
  value: ([, residuals = 0, sum = 0, squares = 0, count = 0]) => {
    const total = squares - sum ** 2 / count;
    return total > 0 ? 1 - residuals / total : Number.NaN;
  },
});
