/**
 * Learning by heart, and what helps against it: dropout, batch norm, early stopping.
 *
 * 250 handwritten digits are few for a network of 13,000 parameters: it knows them by heart while it gets no better, or
 * worse, on digits that it has not seen. The curves of training and validation part; three remedies bring them together.
 *
 *     node scripts/run.mjs docs/examples/overfitting.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { crossEntropy, Generator, manualSeed, nn, optim, train } from "chainrule";

export async function main(short = false): Promise<void> {
  const table = await train.readCsvFile(join(import.meta.dirname, "../data/digits.csv"));
  const digit = table.labels("digit").values;
  const images = table.tensor(table.except("digit")).div(16);
  const { train: few, test } = train.trainTestSplit([images, digit], {
    testSize: 1797 - 250,
    stratify: digit,
    generator: new Generator(1),
  });
  const validation = train.trainTestSplit(test, { testSize: 0.5, shuffle: false });

  const epochs = short ? 5 : 120;
  const hidden = 96;
  const networks = {
    plain: () => [
      new nn.Linear(64, hidden),
      new nn.ReLU(),
      new nn.Linear(hidden, hidden),
      new nn.ReLU(),
    ],
    dropout: () => [
      new nn.Linear(64, hidden),
      new nn.ReLU(),
      new nn.Dropout({ p: 0.5 }),
      new nn.Linear(hidden, hidden),
      new nn.ReLU(),
      new nn.Dropout({ p: 0.5 }),
    ],
    "batch norm": () => [
      new nn.Linear(64, hidden),
      new nn.BatchNorm1d(hidden),
      new nn.ReLU(),
      new nn.Linear(hidden, hidden),
      new nn.BatchNorm1d(hidden),
      new nn.ReLU(),
    ],
  };
  const runs: Record<string, train.History> = {};
  const accuracies: Record<string, number> = {};
  for (const [name, layers] of [
    ...Object.entries(networks),
    ["early stopping", networks.plain] as const,
  ]) {
    manualSeed(2);
    const model = new nn.Sequential(...layers(), new nn.Linear(hidden, 10));
    const stopping = new train.EarlyStopping({ patience: short ? 2 : 10 });
    const { history, reason } = await train.fit(model, few, {
      loss: crossEntropy,
      optimizer: new optim.Adam(model.parameters(), { lr: 0.003 }),
      epochs,
      metrics: [train.accuracy],
      validationData: validation.train,
      callbacks: name === "early stopping" ? [stopping] : [],
      progress: "off",
    });
    runs[name] = history;
    const { loss, accuracy } = await train.evaluate(model, validation.test, {
      loss: crossEntropy,
      metrics: [train.accuracy],
    });
    accuracies[name] = accuracy!;
    console.log(
      `${name.padEnd(15)} training loss ${history.loss.at(-1)!.toFixed(4)}, unseen: loss ${loss!.toFixed(4)}, accuracy ${(100 * accuracy!).toFixed(1)} %${reason === "" ? "" : `\n${" ".repeat(16)}(${reason})`}`,
    );
  }
  const plot = train.plotHistory(
    { plain: runs.plain!, dropout: runs.dropout! },
    { figures: ["loss"], log: true },
  );
  console.log(`\n${plot}`);
  if (short) {
    assert.ok(Object.values(accuracies).every((accuracy) => accuracy > 0.7));
    return;
  }
  await train
    .plotHistory(runs, { log: ["loss"] })
    .save(join(import.meta.dirname, "out/overfitting.svg"));
  const gap = (name: string): number => runs[name]!.valLoss!.at(-1)! / runs[name]!.loss.at(-1)!;
  assert.ok(runs.plain!.loss.at(-1)! < 0.01, "the plain network learns by heart");
  assert.ok(gap("dropout") < gap("plain") / 3, "dropout brings the curves together");
  assert.ok(accuracies.dropout! > accuracies.plain!, "dropout is better on unseen digits");
  assert.ok(accuracies.dropout! > 0.9);
}

if (import.meta.main) await main();
