/**
 * A convolutional network that reads handwritten digits: 8 × 8 pixels, 98.5 % and more of unseen ones.
 *
 * A convolution looks for the same stroke at every place of the image, with nine weights a stroke instead of one for each
 * pixel; pooling keeps the strongest answer of its surroundings. Each training image is also shown moved by a pixel to the
 * four sides: what a digit means does not depend on it, and that is worth as much as thousands of new images.
 *
 *     node scripts/run.mjs docs/examples/cnn.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import {
  cat,
  constantPad,
  crossEntropy,
  manualSeed,
  nn,
  optim,
  type Tensor,
  train,
} from "chainrule";

const outputs = join(import.meta.dirname, "out");

/** The images, and the same moved by one pixel up, down, left and right. */
function withShifts([images, digits]: readonly [Tensor, Tensor]): readonly [Tensor, Tensor] {
  const padded = constantPad(images, [1, 1, 1, 1]);
  const places = [
    [1, 1],
    [0, 1],
    [2, 1],
    [1, 0],
    [1, 2],
  ] as const;
  return [
    cat(places.map(([y, x]) => padded.at(":", ":", `${y}:${y + 8}`, `${x}:${x + 8}`))),
    cat(places.map(() => digits)),
  ];
}

export async function main(short = false): Promise<void> {
  manualSeed(1);
  const table = await train.readCsvFile(join(import.meta.dirname, "../data/digits.csv"));
  const { values: digit } = table.labels("digit");
  const images = table.tensor(table.except("digit")).div(16).reshape([-1, 1, 8, 8]);
  const { train: training, test } = train.trainTestSplit([images, digit], {
    testSize: 0.2,
    stratify: digit,
  });

  const model = new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { padding: 1 }),
    new nn.BatchNorm2d(16),
    new nn.ReLU(),
    new nn.Conv2d(16, 32, 3, { padding: 1 }),
    new nn.BatchNorm2d(32),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Dropout({ p: 0.3 }),
    new nn.Linear(32 * 4 * 4, 10),
  );
  console.log(`${model.summary([32, 1, 8, 8])}\n`);

  const few = [training[0].at(":640"), training[1].at(":640")] as const;
  const epochs = short ? 1 : 5;
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.005, weightDecay: 0.05 });
  const { history } = await train.fit(model, short ? few : withShifts(training), {
    loss: crossEntropy,
    optimizer,
    epochs,
    batchSize: short ? 32 : 64,
    schedule: new optim.CosineAnnealingLR(optimizer, { tMax: epochs }),
    metrics: [train.accuracy],
    ...(short ? {} : { validationData: test }),
    progress: short ? "off" : "auto",
  });

  const scores = await train.predict(model, test[0]);
  const accuracy = train.accuracy(scores, test[1]);
  console.log(
    train.plotConfusion(train.confusionMatrix(scores, test[1]), { title: "unseen digits" }),
  );
  console.log(`\nTest accuracy ${(100 * accuracy).toFixed(2)} %`);

  const filters = train.plotImages((model.at(0) as nn.Conv2d).weight.reshape([16, 9]), {
    columns: 8,
    title: "what the first layer looks for",
  });
  const wrong = scores.argmax(1).ne(test[1]).nonzero().reshape([-1]);
  if (wrong.numel() > 0) {
    console.log(
      train.plotImages(test[0].indexSelect(0, wrong).reshape([-1, 8, 8]), {
        captions: [...wrong.toTypedArray()].map(
          (i) => `${test[1].at(i).item()} as ${scores.at(i).argmax().item()}`,
        ),
        title: "\nread wrongly",
      }),
    );
  }
  if (!short) {
    await filters.save(join(outputs, "cnn-filters.svg"));
    await train.plotHistory(history, { log: ["loss"] }).save(join(outputs, "cnn-history.svg"));
  }
  assert.ok(accuracy >= (short ? 0.6 : 0.985), `accuracy ${accuracy}`);
}

if (import.meta.main) await main();
