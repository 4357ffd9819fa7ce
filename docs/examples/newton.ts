/**
 * Newton's method on a logistic regression: malignant or benign, from 30 measurements of 569 tumours.
 *
 * The loss is the mean negative log-likelihood plus ½λ‖w‖², which is convex. Each step solves H·d = ∇L with the Hessian
 * H from the engine and goes to θ − d. Near the minimum the number of right digits doubles with every step.
 *
 *     node scripts/run.mjs docs/examples/newton.ts
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  binaryCrossEntropyWithLogits,
  hessian,
  solve,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "@chainrule/core";

/** What each step saw, and the accuracy at the end. */
export interface NewtonReport {
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
  readonly accuracy: number;
  readonly parameters: Tensor;
}

/** Reads the table: columns standardised, a column of ones in front for the bias; the last column is the label. */
function readTumours(): { inputs: Tensor; labels: Tensor } {
  const path = join(import.meta.dirname, "../data/breast_cancer.csv");
  const rows = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").map(Number));
  const table = tensor(rows, { dtype: "float64" });
  const raw = table.at(":", ":-1");
  const standardised = raw.sub(raw.mean(0)).div(raw.std(0, { correction: 0 }));
  const ones = rows.map((row, i) => [
    1,
    ...(standardised.at(i).toArray() as number[]).slice(0, row.length - 1),
  ]);
  return { inputs: tensor(ones, { dtype: "float64" }), labels: table.at(":", -1) };
}

/** Minimises the loss from zero until the gradient's norm is below 1e-9. */
export function trainByNewton(penalty = 1e-3): NewtonReport {
  const { inputs, labels } = readTumours();
  const loss = (parameters: Tensor): Tensor => {
    const weights = parameters.at("1:");
    return binaryCrossEntropyWithLogits(inputs.matmul(parameters), labels).add(
      weights
        .square()
        .sum()
        .mul(penalty / 2),
    );
  };
  let parameters = zeros([inputs.size(1)], { dtype: "float64" });
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  for (let step = 0; step < 50; step++) {
    const { value, grad: gradient } = valueAndGrad(loss)(parameters);
    losses.push(value.item());
    gradientNorms.push(gradient.norm().item());
    if (gradientNorms.at(-1)! < 1e-9) break;
    parameters = parameters.sub(solve(hessian(loss)(parameters), gradient));
  }
  const predicted = inputs.matmul(parameters).gt(0);
  const accuracy = predicted.eq(labels.gt(0.5)).to("float64").mean().item();
  return { losses, gradientNorms, accuracy, parameters };
}

if (import.meta.main) {
  const { losses, gradientNorms, accuracy } = trainByNewton();
  for (const [step, loss] of losses.entries()) {
    console.log(
      `step ${step}  loss ${loss.toFixed(12)}  |gradient| ${gradientNorms[step]!.toExponential(2)}`,
    );
  }
  console.log(`converged in ${losses.length - 1} steps; accuracy ${(100 * accuracy).toFixed(1)} %`);
}
