/**
 * Autoencoders on handwritten digits: 64 pixels through a waist of a few numbers and back.
 *
 * What goes in must come out, but there are only eight numbers to say it with, so the network has to find out what matters
 * about a digit. The denoising one is given a damaged image and must give the clean one; it learns what digits look
 * like, and draws what it cannot see. (Hinton & Salakhutdinov, Science 2006; Vincent et al., ICML 2008.)
 *
 *     node scripts/run.mjs docs/examples/autoencoder.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import {
  cat,
  Generator,
  linalg,
  manualSeed,
  mseLoss,
  nn,
  optim,
  rand,
  type Tensor,
  train,
} from "chainrule";

const outputs = join(import.meta.dirname, "out");

const network = (waist: number): nn.Sequential =>
  new nn.Sequential(
    new nn.Linear(64, 48),
    new nn.ReLU(),
    new nn.Linear(48, waist),
    new nn.Linear(waist, 48),
    new nn.ReLU(),
    new nn.Linear(48, 64),
    new nn.Sigmoid(),
  );

/** Puts out three pixels of ten. */
const damaged = (x: Tensor, generator: Generator): Tensor =>
  x.mul(rand(x.shape, { generator }).gt(0.3).to("float32"));

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const table = await train.readCsvFile(join(import.meta.dirname, "../data/digits.csv"));
  const digit = table.labels("digit").values;
  const images = table.tensor(table.except("digit")).div(16);
  const split = train.trainTestSplit([images, digit], { testSize: 0.2 });
  const [x, test] = [split.train[0], split.test[0]];
  const epochs = short ? 8 : 120;
  const options = { epochs, progress: short ? ("off" as const) : ("auto" as const) };

  const plain = network(8);
  await train.fit(plain, [x, x], {
    loss: mseLoss,
    optimizer: new optim.Adam(plain.parameters(), { lr: 0.003 }),
    ...options,
  });
  const error = mseLoss(await train.predict(plain, test), test).item();

  // The best that a linear waist of eight can do: the eight main directions of the data.
  const mean = x.mean(0);
  const directions = linalg.svd(x.sub(mean), { fullMatrices: false }).Vh.at(":8");
  const linear = test.sub(mean).matmul(directions.T).matmul(directions).add(mean);
  const linearError = mseLoss(linear, test).item();
  console.log(
    `error through a waist of 8: ${error.toFixed(5)}; of principal components: ${linearError.toFixed(5)}`,
  );

  const noise = new Generator(4);
  const denoising = network(24);
  await train.fit(denoising, [x, x], {
    step: ([clean]) => mseLoss(denoising.forward(damaged(clean, noise)), clean),
    optimizer: new optim.Adam(denoising.parameters(), { lr: 0.003 }),
    ...options,
  });
  const spoiled = damaged(test, new Generator(5));
  const repaired = await train.predict(denoising, spoiled);
  const [before, after] = [mseLoss(spoiled, test).item(), mseLoss(repaired, test).item()];
  console.log(
    `error of damaged images ${before.toFixed(4)}, of repaired ones ${after.toFixed(4)}\n`,
  );

  const some = 8;
  const rows = {
    original: test.at(`:${some}`),
    "through 8": (await train.predict(plain, test)).at(`:${some}`),
    damaged: spoiled.at(`:${some}`),
    repaired: repaired.at(`:${some}`),
  };
  const picture = train.plotImages(cat(Object.values(rows)), {
    columns: some,
    range: [0, 1],
    captions: Object.keys(rows).flatMap((name) => Array.from({ length: some }, () => name)),
    title: "autoencoders",
  });
  const text = train.plotImages(cat(Object.values(rows).map((row) => row.at(":5"))), {
    columns: 5,
    range: [0, 1],
  });
  console.log(`${text}\n(originals, through a waist of 8, damaged, repaired)`);

  // The first half of the plain network is the encoder.
  const codes = [0, 1, 2].reduce((h, i) => plain.at(i).forward(h), test).detach();
  const map = train.plotEmbedding(codes, split.test[1], { title: "codes of unseen digits" });
  if (!short) {
    await picture.save(join(outputs, "autoencoder.svg"));
    await map.save(join(outputs, "autoencoder-codes.svg"));
  }
  assert.ok(after < before / (short ? 1.2 : 3), `repaired: ${after}`);
  if (!short) assert.ok(error < linearError, "bends help: better than any linear waist");
}

if (import.meta.main) await main();
