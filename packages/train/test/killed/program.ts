/**
 * A training run with everything that could be lost: dropout, batch norm, a shuffled loader with a generator of its own,
 * momentum, a schedule, early stopping. It saves a checkpoint behind each update and goes on from the last one; in the end
 * it prints the history and the bits of the weights.
 *
 *     node program.mjs <folder for checkpoints> <epochs>
 */
import { crossEntropy, Generator, manualSeed, randn } from "@chainrule/core";
import { BatchNorm1d, Dropout, Linear, ReLU, Sequential } from "@chainrule/nn";
import { AdamW, StepLR } from "@chainrule/optim";
import { accuracy, DataLoader, EarlyStopping, fit, TensorDataset } from "@chainrule/train";

const [folder = "", epochs = "6"] = process.argv.slice(2);
manualSeed(1);
const x = randn([120, 10]);
const y = x.at("...", ":3").argmax(1);
const model = new Sequential(
  new Linear(10, 60),
  new BatchNorm1d(60),
  new ReLU(),
  new Dropout({ p: 0.3 }),
  new Linear(60, 3),
);
const optimizer = new AdamW(model.parameters(), { lr: 0.02, amsgrad: true });
const loader = new DataLoader(new TensorDataset([x.at(":90"), y.at(":90")]), {
  batchSize: 8,
  shuffle: true,
  generator: new Generator(5),
});
console.log("begin");
const { history, resumed } = await fit(model, loader, {
  loss: crossEntropy,
  optimizer,
  epochs: Number(epochs),
  validationData: [x.at("90:"), y.at("90:")],
  metrics: [accuracy],
  schedule: new StepLR(optimizer, { stepSize: 2 }),
  callbacks: [new EarlyStopping({ patience: 100 })],
  checkpoint: { to: folder, every: 1, keep: 2, resume: true },
  accumulate: 2,
  progress: "off",
});
if (resumed !== null && resumed.damaged.length > 0) throw new Error(JSON.stringify(resumed));
const { seconds: _, ...figures } = history;
const weights = Object.entries(model.stateDict()).map(([name, tensor]) => [
  name,
  Buffer.from(tensor.toTypedArray().buffer).toString("base64"),
]);
console.log(`result ${JSON.stringify({ figures, weights })}`);
