/**
 * Linear regression on 442 diabetes patients: how far the disease has gone after a year.
 *
 * Simple (one input), multiple (ten inputs) and multivariate (two outputs), each solved at once by least squares and
 * learned by gradient descent. Both find the same line, because the loss is a bowl with a single bottom.
 *
 *     node scripts/run.mjs docs/examples/linear-regression.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { cat, linalg, manualSeed, mseLoss, nn, ones, optim, type Tensor, train } from "chainrule";

/** The weights of y ≈ x·W + b by least squares, the bias first: shape [1 + inputs, outputs]. */
function solved(x: Tensor, y: Tensor): Tensor {
  const ones1 = ones([x.size(0), 1], { dtype: x.dtype });
  return linalg.lstsq(cat([ones1, x], 1), y).solution;
}

/** The same by gradient descent, from random weights. */
async function learned(x: Tensor, y: Tensor, epochs: number): Promise<nn.Linear> {
  const model = new nn.Linear(x.size(1), y.size(1), { dtype: "float64" });
  // Columns of variance 1 that are alike make a long valley: momentum goes along it.
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 });
  await train.fit(model, [x, y], { loss: mseLoss, optimizer, epochs, batchSize: x.size(0) });
  return model;
}

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const table = await train.readCsvFile(join(import.meta.dirname, "../data/diabetes.csv"));
  const float64 = { dtype: "float64" } as const;
  const y = table.tensor(["progression"], float64);
  const scaler = new train.StandardScaler();

  const problems = [
    { name: "simple: progression by bmi", inputs: ["bmi"], target: y, reaches: 0.34 },
    {
      name: "multiple: progression by all ten",
      inputs: table.except("progression"),
      target: y,
      reaches: 0.51,
    },
    {
      name: "multivariate: progression and blood pressure by the other nine",
      inputs: table.except("progression", "bp"),
      target: table.tensor(["progression", "bp"], float64),
      reaches: 0.49,
    },
  ];
  for (const { name, inputs, target, reaches } of problems) {
    const x = scaler.fitTransform(table.tensor(inputs, float64));
    const exact = solved(x, target);
    const model = await learned(x, target, short ? 400 : 4000);
    const predicted = await train.predict(model, x);
    const r2 = train.r2(predicted.at(":", 0), target.at(":", 0));
    const apart = model.weight.detach().T.sub(exact.at("1:")).abs().max().item();
    console.log(
      `${name}\n  R² of progression ${r2.toFixed(4)}, weights apart by ${apart.toExponential(1)}`,
    );
    for (const [i, input] of inputs.entries()) {
      console.log(`  ${input.padEnd(4)} ${model.weight.at(0, i).item().toFixed(2).padStart(8)}`);
    }
    assert.ok(r2 > reaches, `R² ${r2}`);
    if (!short) assert.ok(apart < 1e-5, `least squares and descent differ by ${apart}`);
  }
}

if (import.meta.main) await main();
