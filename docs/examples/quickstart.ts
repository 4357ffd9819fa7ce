/**
 * From handwritten digits to a network that reads them, in one file.
 *
 *     npm run quickstart
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Tensor } from "chainrule";
import {
  crossEntropy,
  graphToText,
  manualSeed,
  nn,
  noGrad,
  optim,
  randperm,
  tensor,
} from "chainrule";

const epochs = Number(process.argv[2] ?? 30);
const batchSize = 32;
manualSeed(0); // the same digits, weights and order in every run

// 1. The data: 1,797 images of 8 × 8 pixels from 0 to 16, and the digit that each shows.

const file = join(import.meta.dirname, "../data/digits.csv");
const rows = readFileSync(file, "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((row) => row.split(",").map(Number));
const images = tensor(rows.map((row) => row.slice(0, 64))).div(16);
const digits = tensor(rows.map((row) => row[64]!)).to("int32");

const shuffled = randperm(rows.length);
const forTraining = Math.round(0.8 * rows.length);
const training = shuffled.at(`:${forTraining}`);
const test = shuffled.at(`${forTraining}:`);
console.log(`${training.numel()} digits to learn from, ${test.numel()} to be tested on\n`);

// 2. The model: 64 pixels in, 32 neurons between, one score for each of the ten digits out.

const model = new nn.Sequential(new nn.Linear(64, 32), new nn.ReLU(), new nn.Linear(32, 10));
const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01, weightDecay: 0.1 });
const schedule = new optim.CosineAnnealingLR(optimizer, { tMax: epochs });
console.log(`${model.summary([batchSize, 64])}\n`);

// 3. One loss, and how it was computed: this is the graph that the chain rule walks backward.

const someImages = images.indexSelect(0, test.at(":4")).named("images");
const someDigits = digits.indexSelect(0, test.at(":4")).named("digits");
console.log(`${graphToText(crossEntropy(model.forward(someImages), someDigits))}\n`);

// 4. Training: shuffle; for each batch forget the old gradients, compute the loss, differentiate, step.

const start = performance.now();
for (let epoch = 1; epoch <= epochs; epoch++) {
  let loss = 0;
  let correct = 0;
  for (const part of randperm(training.numel()).split(batchSize)) {
    const batch = training.indexSelect(0, part);
    const target = digits.indexSelect(0, batch);
    optimizer.zeroGrad();
    const scores = model.forward(images.indexSelect(0, batch));
    const batchLoss = crossEntropy(scores, target);
    batchLoss.backward();
    optimizer.step();
    loss += batchLoss.item() * batch.numel();
    correct += countEqual(scores.argmax(1), target);
  }
  schedule.step();
  showProgress(epoch, loss / training.numel(), correct / training.numel());
}

// 5. The test: digits that the model has not seen.

model.eval();
const target = digits.indexSelect(0, test);
const predicted = noGrad(() => model.forward(images.indexSelect(0, test))).argmax(1);
const accuracy = countEqual(predicted, target) / test.numel();
console.log(`\nTest accuracy: ${(100 * accuracy).toFixed(1)} %\n`);

console.log("Confusion matrix (rows: the digit, columns: what was read)\n");
const confusion = target.oneHot(10).T.matmul(predicted.oneHot(10));
const cell = (count: unknown): string => (count === 0 ? "·" : String(count)).padStart(4);
console.log(`    ${Array.from({ length: 10 }, (_, digit) => String(digit).padStart(4)).join("")}`);
for (const [digit, counts] of [...confusion].entries()) {
  console.log(`${String(digit).padStart(4)}${[...counts.toTypedArray()].map(cell).join("")}`);
}

// A few of them, the ones that were misread first.
const misread = predicted.ne(target).to("int32");
const chosen = [...misread.argsort(0, { descending: true, stable: true }).toTypedArray()].slice(
  0,
  4,
);
console.log("");
for (let line = 0; line < 8; line++) {
  console.log(chosen.map((i) => drawLine(rows[test.at(i).item()]!, line)).join("    "));
}
console.log(
  chosen
    .map((i) => `read as ${predicted.at(i).item()}, is ${target.at(i).item()}`.padEnd(16))
    .join("    "),
);

/** In how many places two tensors of whole numbers agree. */
function countEqual(a: Tensor, b: Tensor): number {
  return a.eq(b).sum().item();
}

/** A bar that fills up in a terminal; plain lines elsewhere. */
function showProgress(epoch: number, loss: number, correct: number): void {
  const speed = Math.round((epoch * training.numel()) / ((performance.now() - start) / 1000));
  const figures = `loss ${loss.toFixed(4)}  accuracy ${(100 * correct).toFixed(1)} %  ${speed} samples/s`;
  if (process.stdout.isTTY) {
    const done = Math.round((24 * epoch) / epochs);
    process.stdout.write(`\r${"█".repeat(done)}${"░".repeat(24 - done)}  ${figures}  `);
    if (epoch === epochs) process.stdout.write("\n");
  } else if (epoch === 1 || epoch === epochs || epoch % 10 === 0) {
    console.log(`epoch ${String(epoch).padStart(2)} of ${epochs}  ${figures}`);
  }
}

/** One line of an image, two characters a pixel. */
function drawLine(pixels: readonly number[], line: number): string {
  const shade = (value: number): string => " ░▒▓█"[Math.ceil(value / 4)]!.repeat(2);
  return pixels
    .slice(8 * line, 8 * line + 8)
    .map(shade)
    .join("");
}
