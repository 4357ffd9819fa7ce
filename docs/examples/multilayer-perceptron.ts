/**
 * One kind of network, six problems: XOR, moons, a spiral, iris, wine, digits.
 *
 * From the four corners of XOR, which no line can part, to handwritten digits. The pictures of the decision boundaries
 * show what hidden neurons are for: each draws a line, and the next layer puts lines together.
 *
 *     node scripts/run.mjs docs/examples/multilayer-perceptron.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import {
  crossEntropy,
  Generator,
  manualSeed,
  nn,
  optim,
  type Tensor,
  tensor,
  train,
} from "chainrule";

const folder = join(import.meta.dirname, "../data");

/** Inputs and classes. */
type Problem = readonly [x: Tensor, y: Tensor];

function xor(): Problem {
  const corners = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  return [tensor(corners), tensor([0, 1, 1, 0], { dtype: "int32" })];
}

/** Two half circles that reach into each other. */
function moons(count: number): Problem {
  const noise = new Generator(7);
  const points = Array.from({ length: count }, (_, i) => {
    const angle = Math.PI * noise.uniform();
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    const [dx, dy] = [0.1 * noise.normal(), 0.1 * noise.normal()];
    return i % 2 === 0 ? [x + dx, y + dy] : [1 - x + dx, 0.5 - y + dy];
  });
  return [
    tensor(points),
    tensor(
      points.map((_, i) => i % 2),
      { dtype: "int32" },
    ),
  ];
}

/** Three arms that wind around each other. */
function spiral(count: number): Problem {
  const noise = new Generator(8);
  const points = Array.from({ length: count }, (_, i) => {
    const t = 0.1 + 0.9 * noise.uniform();
    const angle = 4.2 * t + ((i % 3) * 2 * Math.PI) / 3 + 0.15 * noise.normal();
    return [t * Math.cos(angle), t * Math.sin(angle)];
  });
  return [
    tensor(points),
    tensor(
      points.map((_, i) => i % 3),
      { dtype: "int32" },
    ),
  ];
}

async function fromFile(name: string, target: string): Promise<Problem> {
  const table = await train.readCsvFile(join(folder, `${name}.csv`));
  return [table.tensor(table.except(target)), table.labels(target).values];
}

export async function main(short = false): Promise<void> {
  const problems = [
    { name: "XOR", data: xor(), hidden: [4], epochs: short ? 80 : 200, reaches: 1 },
    {
      name: "moons",
      data: moons(300),
      hidden: [16, 16],
      epochs: short ? 12 : 80,
      reaches: short ? 0.9 : 0.97,
    },
    {
      name: "spiral",
      data: spiral(450),
      hidden: [32, 32],
      epochs: short ? 25 : 150,
      reaches: short ? 0.75 : 0.97,
    },
    {
      name: "iris",
      data: await fromFile("iris", "species"),
      hidden: [16],
      epochs: short ? 15 : 60,
      reaches: 0.93,
    },
    {
      name: "wine",
      data: await fromFile("wine", "cultivar"),
      hidden: [16],
      epochs: short ? 10 : 40,
      reaches: 0.95,
    },
    {
      name: "digits",
      data: await fromFile("digits", "digit"),
      hidden: [64],
      epochs: short ? 2 : 40,
      reaches: short ? 0.85 : 0.965,
    },
  ];
  for (const { name, data, hidden, epochs, reaches } of problems) {
    manualSeed(3);
    const [x, y] = data;
    // Too few for a test: XOR is learned by heart.
    const parts =
      name === "XOR" ? { train: data, test: data } : train.trainTestSplit(data, { stratify: y });
    const scaler = new train.StandardScaler().fit(parts.train[0]);
    const sizes = [x.size(1), ...hidden];
    const classes = 1 + y.max().item();
    const model = new nn.Sequential(
      ...sizes.slice(1).flatMap((size, i) => [new nn.Linear(sizes[i]!, size), new nn.Tanh()]),
      new nn.Linear(sizes.at(-1)!, classes),
    );
    const start = performance.now();
    await train.fit(model, [scaler.transform(parts.train[0]), parts.train[1]], {
      loss: crossEntropy,
      optimizer: new optim.AdamW(model.parameters(), { lr: 0.02, weightDecay: 0.01 }),
      epochs,
    });
    const test = [scaler.transform(parts.test[0]), parts.test[1]] as const;
    const { accuracy } = await train.evaluate(model, test, {
      loss: crossEntropy,
      metrics: [train.accuracy],
    });
    const shape = [...sizes, classes].join("-");
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `${name.padEnd(7)} ${shape.padEnd(12)} ${epochs} epochs, test accuracy ${(100 * accuracy!).toFixed(1)} %  (${seconds.toFixed(1)} s)`,
    );
    if (x.size(1) === 2) {
      const plot = train.plotDecision(model, scaler.transform(x), y, { title: name });
      console.log(`${plot}\n`);
      if (!short)
        await plot.save(join(import.meta.dirname, `out/boundary-${name.toLowerCase()}.svg`));
    }
    assert.ok(accuracy! >= reaches, `${name}: accuracy ${accuracy}, not ${reaches}`);
  }
}

if (import.meta.main) await main();
