/**
 * Rosenblatt's perceptron (1958), the first neuron that learned: sign(⟨w, x⟩ + b).
 *
 * Its rule needs no gradient: as long as a sample lies on the wrong side, y·(⟨w, x⟩ + b) ≤ 0 with y = ±1, the sample is added
 * to the weights: w ← w + η·y·x. Where a line can part the classes it finds one; where none can, as for XOR, it never
 * ends. Three of them, two side by side and one behind, solve XOR.
 *
 *     node scripts/run.mjs docs/examples/perceptron.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { cat, nn, ones, type Tensor, tensor, train, zeros } from "chainrule";

/** Learns weights for inputs with a column of ones in front; the number of rounds, or `null` if it never ended. */
function learn(
  inputs: Tensor,
  labels: Tensor,
  rate: number,
  most: number,
): { weights: Tensor; rounds: number | null } {
  let weights = zeros([inputs.size(1)]);
  for (let round = 1; round <= most; round++) {
    let wrong = 0;
    for (let i = 0; i < inputs.size(0); i++) {
      const [x, y] = [inputs.at(i), labels.at(i).item()];
      if (y * weights.dot(x).item() > 0) continue;
      weights = weights.add(x.mul(rate * y));
      wrong++;
    }
    if (wrong === 0) return { weights, rounds: round };
  }
  return { weights, rounds: null };
}

const withOnes = (x: Tensor): Tensor => cat([ones([x.size(0), 1]), x], 1);
const decide = (weights: Tensor, x: Tensor): Tensor => withOnes(x).matmul(weights).sign();

export async function main(short = false): Promise<void> {
  const corners = tensor([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  const functions = {
    AND: tensor([-1, -1, -1, 1]),
    OR: tensor([-1, 1, 1, 1]),
    NAND: tensor([1, 1, 1, -1]),
    XOR: tensor([-1, 1, 1, -1]),
  };
  const learned = Object.entries(functions).map(([name, labels]) => {
    const { weights, rounds } = learn(withOnes(corners), labels, 0.5, short ? 50 : 1000);
    console.log(
      `${name.padEnd(4)} ${rounds === null ? "never ends" : `learned in ${rounds} rounds`}, weights ${weights.toArray()}`,
    );
    return [name, { weights, rounds }] as const;
  });
  const of = new Map(learned);
  assert.ok(of.get("AND")!.rounds !== null && of.get("OR")!.rounds !== null);
  assert.equal(of.get("XOR")!.rounds, null, "no line parts XOR");

  // XOR is OR, but not both: two perceptrons side by side, and a third one behind them.
  const or = decide(of.get("OR")!.weights, corners);
  const nand = decide(of.get("NAND")!.weights, corners);
  const layer = cat([or.unsqueeze(1), nand.unsqueeze(1)], 1);
  const { weights } = learn(withOnes(layer), functions.XOR, 0.5, 100);
  const combined = decide(weights, layer);
  console.log(`XOR of three perceptrons: ${combined.toArray()}`);
  assert.deepEqual(combined.toArray(), functions.XOR.toArray());

  // Iris: setosa can be parted from the other two by a plane; versicolor and virginica cannot.
  const table = await train.readCsvFile(join(import.meta.dirname, "../data/iris.csv"));
  const flowers = withOnes(table.tensor(table.except("species")));
  const species = table.tensor("species");
  const isSetosa = species.eq(0).to("float32").mul(2).sub(1);
  const setosa = learn(flowers, isSetosa, 1, 100);
  console.log(`iris: setosa or not, learned in ${setosa.rounds} rounds`);
  assert.ok(setosa.rounds !== null);
  const isVirginica = species.at("50:").eq(2).to("float32").mul(2).sub(1);
  const others = flowers.at("50:");
  const virginica = learn(others, isVirginica, 1, short ? 20 : 300);
  const right = others.matmul(virginica.weights).mul(isVirginica).gt(0).sum().item();
  console.log(
    `iris: virginica or versicolor ${virginica.rounds === null ? "never ends" : "ends"}; ${right} of 100 are right`,
  );
  assert.equal(virginica.rounds, null);

  // nn.Perceptron is the same rule as a module. Like train.fit it takes tensors, data sets and loaders of batches.
  const samples = new train.TensorDataset([flowers.at(":", "1:"), isSetosa]);
  const perceptron = new nn.Perceptron(4);
  const { converged, mistakes } = await perceptron.fit(
    new train.DataLoader(samples, { batchSize: 25 }),
  );
  console.log(`iris: as a module, mistakes by round ${mistakes.join(", ")}`);
  assert.ok(converged);
  assert.deepEqual(perceptron.weight.toArray(), setosa.weights.at("1:").toArray());
}

if (import.meta.main) await main();
