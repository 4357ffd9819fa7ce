/**
 * A network that learns to read digits: the same program in Node and on pages.
 */
import {
  backendInfo,
  manualSeed,
  nn,
  optim,
  setDeterministic,
  setThreads,
  tensor,
} from "chainrule";

export interface Outcome {
  readonly losses: readonly number[];
  /** The bits of all weights, summed up. */
  readonly bits: number;
  readonly accuracy: number;
  readonly backend: ReturnType<typeof backendInfo>;
}

const pixels = 64;
const batch = 256;

/** Trains on the rows of digits.csv: 64 pixels and the digit. */
export async function train(csv: string, threads: number, epochs = 3): Promise<Outcome> {
  setThreads(threads);
  // Engines of different age may differ in relaxed multiply-add.
  setDeterministic(true);
  manualSeed(1);
  const rows = csv
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").map(Number));
  const x = tensor(rows.map((row) => row.slice(0, pixels).map((value) => value / 16)));
  const y = tensor(
    rows.map((row) => row[pixels]!),
    { dtype: "int32" },
  );
  const model = new nn.Sequential(
    new nn.Linear(pixels, 128),
    new nn.ReLU(),
    new nn.Linear(128, 128),
    new nn.ReLU(),
    new nn.Linear(128, 10),
  );
  const optimizer = new optim.Adam(model.parameters(), { lr: 3e-3 });
  const criterion = new nn.CrossEntropyLoss();
  const losses: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let from = 0; from + batch <= rows.length; from += batch) {
      const loss = criterion.forward(
        model.forward(x.slice(0, from, from + batch)),
        y.slice(0, from, from + batch),
      );
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      losses.push(loss.item());
      // On a page workers begin when the script pauses.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  let bits = 0;
  for (const parameter of model.parameters()) {
    for (const word of new Int32Array(parameter.toTypedArray().buffer))
      bits = (Math.imul(bits, 31) + word) | 0;
  }
  const right = model.forward(x).argmax(1).eq(y).sum().item();
  return { losses, bits, accuracy: right / rows.length, backend: backendInfo() };
}
