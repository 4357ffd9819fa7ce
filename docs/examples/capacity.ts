/**
 * How many neurons? A search for the capacity of a network with k-fold cross-validation.
 *
 * Wine, with five measurements of thirteen, so that it is not too easy. For each size the network is trained k times, each time
 * on all folds but one, and tested on that one: the mean says how good the size is, the spread how far to trust it. Only
 * the winner meets the test data, once.
 *
 *     node scripts/run.mjs docs/examples/capacity.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { crossEntropy, Generator, manualSeed, nn, optim, type Tensor, train } from "chainrule";

const inputs = ["alcohol", "malic_acid", "ash", "magnesium", "color_intensity"];

/** Trains a network with one hidden layer (or none) and gives its accuracy on other data. */
async function accuracyOf(
  neurons: number,
  training: readonly [Tensor, Tensor],
  other: readonly [Tensor, Tensor],
  epochs: number,
): Promise<number> {
  const scaler = new train.StandardScaler().fit(training[0]);
  const model =
    neurons === 0
      ? new nn.Sequential(new nn.Linear(inputs.length, 3))
      : new nn.Sequential(
          new nn.Linear(inputs.length, neurons),
          new nn.Tanh(),
          new nn.Linear(neurons, 3),
        );
  await train.fit(model, [scaler.transform(training[0]), training[1]], {
    loss: crossEntropy,
    optimizer: new optim.Adam(model.parameters(), { lr: 0.02 }),
    epochs,
    progress: "off",
  });
  return train.accuracy(await train.predict(model, scaler.transform(other[0])), other[1]);
}

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const table = await train.readCsvFile(join(import.meta.dirname, "../data/wine.csv"));
  const { values: cultivar } = table.labels("cultivar");
  const split = train.trainTestSplit([table.tensor(inputs), cultivar], {
    stratify: cultivar,
    generator: new Generator(1),
  });
  const epochs = short ? 10 : 60;
  const sizes = short ? [0, 8] : [0, 1, 2, 4, 8, 16, 32, 64];
  const folds = train.kFold(split.train, {
    folds: short ? 3 : 5,
    stratify: split.train[1],
    generator: new Generator(2),
  });
  console.log(`neurons  accuracy of ${folds.length} folds`);
  let best = { neurons: 0, mean: 0 };
  const means = new Map<number, number>();
  for (const neurons of sizes) {
    const scores: number[] = [];
    for (const fold of folds) {
      scores.push(await accuracyOf(neurons, fold.train, fold.test, epochs));
    }
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    const spread = Math.sqrt(scores.reduce((sum, s) => sum + (s - mean) ** 2, 0) / scores.length);
    means.set(neurons, mean);
    if (mean > best.mean) best = { neurons, mean };
    console.log(
      `${String(neurons).padStart(7)}  ${(100 * mean).toFixed(1)} % ± ${(100 * spread).toFixed(1)}  ${"█".repeat(Math.round(60 * (mean - 0.4)))}`,
    );
  }
  const accuracy = await accuracyOf(best.neurons, split.train, split.test, epochs);
  console.log(`\n${best.neurons} neurons it is: test accuracy ${(100 * accuracy).toFixed(1)} %`);
  assert.ok(accuracy > 0.8, `accuracy ${accuracy}`);
  if (!short) assert.ok(means.get(1)! < means.get(8)!, "one neuron is too few");
}

if (import.meta.main) await main();
