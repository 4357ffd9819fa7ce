/**
 * Eleven activations in the same network on the same wine: how quickly each learns, side by side.
 *
 * All networks have the same weights at first and see the same batches in the same order; only the activation differs.
 * The data are 13 measurements of 178 Italian wines of three cultivars.
 *
 *     node scripts/run.mjs docs/examples/activations.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { crossEntropy, Generator, nn, optim, train } from "chainrule";

const activations = {
  hardsigmoid: () => new nn.Hardsigmoid(), // a step has no slope to learn by; this is near to it
  sigmoid: () => new nn.Sigmoid(),
  tanh: () => new nn.Tanh(),
  relu: () => new nn.ReLU(),
  leakyRelu: () => new nn.LeakyReLU(),
  prelu: () => new nn.PReLU(),
  elu: () => new nn.ELU(),
  softplus: () => new nn.Softplus(),
  gelu: () => new nn.GELU(),
  silu: () => new nn.SiLU(),
  identity: () => new nn.Identity(),
};

export async function main(short = false): Promise<void> {
  const table = await train.readCsvFile(join(import.meta.dirname, "../data/wine.csv"));
  const { values: cultivar } = table.labels("cultivar");
  const x = new train.StandardScaler().fitTransform(table.tensor(table.except("cultivar")));
  const epochs = short ? 4 : 40;

  const runs: Record<string, train.History> = {};
  for (const [name, activation] of Object.entries(activations)) {
    const generator = new Generator(1);
    const layer = (inputs: number, outputs: number) =>
      new nn.Linear(inputs, outputs, { generator });
    const model = new nn.Sequential(
      layer(13, 16),
      activation(),
      layer(16, 16),
      activation(),
      layer(16, 3),
    );
    const { history } = await train.fit(model, [x, cultivar], {
      loss: crossEntropy,
      optimizer: new optim.SGD(model.parameters(), { lr: 0.05, momentum: 0.9 }),
      epochs,
      batchSize: 16,
      validationSplit: 0.25,
      generator: new Generator(2),
      metrics: [train.accuracy],
      progress: "off",
    });
    runs[name] = history;
  }

  const plot = train.plotHistory(runs, { figures: ["loss", "accuracy"], log: ["loss"] });
  if (!short) await plot.save(join(import.meta.dirname, "out/activations.svg"));
  const ranked = Object.entries(runs).sort((a, b) => a[1].loss.at(-1)! - b[1].loss.at(-1)!);
  console.log(
    "activation   loss on the way                                         validation accuracy",
  );
  for (const [name, { loss, valAccuracy }] of ranked) {
    const every = Math.max(1, Math.floor(epochs / 6));
    const curve = loss.filter((_, i) => i % every === 0).map((value) => value.toFixed(3));
    console.log(
      `${name.padEnd(11)}  ${curve.join("  ").padEnd(56)} ${(100 * valAccuracy!.at(-1)!).toFixed(1)} %`,
    );
  }
  const last = (name: string): number => runs[name]!.loss.at(-1)!;
  // Saturating sigmoids in two layers let little of the gradient through.
  assert.ok(last("relu") < last("sigmoid"), "relu learns faster than sigmoid");
  assert.ok(last("tanh") < last("sigmoid"), "tanh learns faster than sigmoid");
  if (short) return;
  for (const name of ["tanh", "relu", "leakyRelu", "prelu", "elu", "gelu", "silu"]) {
    assert.ok(runs[name]!.valAccuracy!.at(-1)! > 0.93, name);
  }
}

if (import.meta.main) await main();
