/**
 * Logistic regression three ways: is a tumour malignant or benign, by 30 measurements of 569 of them?
 *
 * The model says P(benign) = σ(⟨w, x⟩ + b). Maximum likelihood is minimum cross-entropy; with a small penalty ½λ‖w‖² the
 * minimum is unique, and all ways of going down lead to it: full gradient descent, Newton's method with the Hessian, and
 * many small noisy steps.
 *
 *     node scripts/run.mjs docs/examples/logistic-regression.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import {
  binaryCrossEntropyWithLogits,
  hessian,
  manualSeed,
  nn,
  optim,
  solve,
  type Tensor,
  train,
  valueAndGrad,
  zeros,
} from "chainrule";

const penalty = 0.01;

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const table = await train.readCsvFile(join(import.meta.dirname, "../data/breast_cancer.csv"));
  const target = table.columns.at(-1)!;
  const label = table.tensor(target, { dtype: "float64" });
  const parts = train.trainTestSplit(
    [table.tensor(table.except(target), { dtype: "float64" }), label],
    {
      stratify: label,
    },
  );
  const scaler = new train.StandardScaler().fit(parts.train[0]);
  const [x, y] = [scaler.transform(parts.train[0]), parts.train[1]];
  const [xTest, yTest] = [scaler.transform(parts.test[0]), parts.test[1]];

  /** The negative log-likelihood of parameters (w, b), per sample, with the penalty. */
  const loss = (theta: Tensor): Tensor => {
    const [w, b] = [theta.at(":-1"), theta.at(-1)];
    const likelihood = binaryCrossEntropyWithLogits(x.matmul(w).add(b), y);
    return likelihood.add(
      w
        .square()
        .sum()
        .mul(penalty / 2),
    );
  };
  const show = (name: string, theta: Tensor, steps: number): number => {
    const value = loss(theta).item();
    const scores = xTest.matmul(theta.at(":-1")).add(theta.at(-1));
    const accuracy = train.accuracy(scores, yTest, { threshold: 0 });
    console.log(
      `${name.padEnd(18)} ${String(steps).padStart(5)} steps   loss ${value.toFixed(8)}   test accuracy ${(100 * accuracy).toFixed(1)} %   AUC ${train.auc(scores, yTest).toFixed(4)}`,
    );
    assert.ok(accuracy > 0.95, `${name}: accuracy ${accuracy}`);
    return value;
  };
  const start = zeros([x.size(1) + 1], { dtype: "float64" });

  // Gradient descent: follow the slope of all samples.
  let descended = start;
  const steps = short ? 300 : 20000;
  for (let step = 0; step < steps; step++) {
    descended = descended.sub(valueAndGrad(loss)(descended).grad.mul(0.5));
  }
  const byDescent = show("gradient descent", descended, steps);

  // Newton: jump to the minimum of the parabola that touches the loss here.
  let jumped = start;
  let jumps = 0;
  for (; jumps < 20; jumps++) {
    const { grad } = valueAndGrad(loss)(jumped);
    if (grad.norm().item() < 1e-10) break;
    jumped = jumped.sub(solve(hessian(loss)(jumped), grad));
  }
  const byNewton = show("Newton", jumped, jumps);

  // Small batches: the slope of 32 samples at a time, with a step that shrinks.
  const model = new nn.Linear(x.size(1), 1, { dtype: "float64" });
  const epochs = short ? 20 : 200;
  const optimizer = new optim.SGD(
    [{ params: [model.weight], weightDecay: penalty }, { params: [model.bias!] }],
    { lr: 0.1 },
  );
  await train.fit(model, [x, y.unsqueeze(1)], {
    loss: binaryCrossEntropyWithLogits,
    optimizer,
    epochs,
    schedule: new optim.CosineAnnealingLR(optimizer, { tMax: epochs }),
  });
  const noisy = start.clone();
  noisy.setAt(":-1", model.weight.detach().at(0));
  noisy.setAt(-1, model.bias!.detach().at(0));
  const byBatches = show("small batches", noisy, epochs * Math.ceil(x.size(0) / 32));

  assert.ok(jumps < 12, "Newton needs a handful of steps");
  assert.ok(
    byDescent - byNewton < (short ? 2e-3 : 1e-6),
    `descent is off by ${byDescent - byNewton}`,
  );
  assert.ok(
    byBatches - byNewton < (short ? 3e-2 : 3e-4),
    `batches are off by ${byBatches - byNewton}`,
  );
}

if (import.meta.main) await main();
