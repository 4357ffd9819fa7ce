/**
 * A neural network of scalars: no matrices, no layers from a library, one number at a time.
 *
 * Neurons, layers and networks are a few lines each, and every product and sum is a node of its own in a graph of tens of
 * thousands of nodes. It is slow, and it shows that there is nothing behind the curtain: the same `backward` trains
 * this and a transformer. (After the idea of Andrej Karpathy's micrograd.)
 *
 *     node scripts/run.mjs docs/examples/scalars.ts
 */
import { strict as assert } from "node:assert";
import { Generator, manualSeed, noGrad, rand, type Tensor, tensor } from "chainrule";

/** tanh(w·x + b), or the sum itself. */
class Neuron {
  readonly weights: readonly Tensor[];
  readonly bias: Tensor;
  readonly bends: boolean;

  constructor(inputs: number, bends: boolean) {
    const weight = (): Tensor => rand([]).mul(2).sub(1).detach().requiresGrad_();
    this.weights = Array.from({ length: inputs }, weight);
    this.bias = tensor(0, { requiresGrad: true });
    this.bends = bends;
  }

  call(inputs: readonly (Tensor | number)[]): Tensor {
    const sum = this.weights.reduce(
      (total, w, i) => total.add(w.mul(inputs[i]!)),
      this.bias.add(0),
    );
    return this.bends ? sum.tanh() : sum;
  }

  get parameters(): readonly Tensor[] {
    return [...this.weights, this.bias];
  }
}

/** Layers of neurons, one behind the other. */
class Network {
  readonly layers: readonly (readonly Neuron[])[];

  constructor(sizes: readonly number[]) {
    this.layers = sizes
      .slice(1)
      .map((size, i) =>
        Array.from({ length: size }, () => new Neuron(sizes[i]!, i < sizes.length - 2)),
      );
  }

  call(inputs: readonly (Tensor | number)[]): readonly Tensor[] {
    let values: readonly (Tensor | number)[] = inputs;
    for (const layer of this.layers) values = layer.map((neuron) => neuron.call(values));
    return values as readonly Tensor[];
  }

  get parameters(): readonly Tensor[] {
    return this.layers.flat().flatMap((neuron) => neuron.parameters);
  }
}

/** Two moons: points, and whether each is of the upper one (1) or the lower one (−1). */
function moons(count: number): { point: [number, number]; label: number }[] {
  const noise = new Generator(3);
  return Array.from({ length: count }, (_, i) => {
    const angle = Math.PI * noise.uniform();
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    const [dx, dy] = [0.1 * noise.normal(), 0.1 * noise.normal()];
    return i % 2 === 0
      ? { point: [x + dx, y + dy], label: 1 }
      : { point: [1 - x + dx, 0.5 - y + dy], label: -1 };
  });
}

export async function main(short = false): Promise<void> {
  manualSeed(4);
  const samples = moons(short ? 20 : 100);
  const network = new Network([2, 8, 8, 1]);
  console.log(`${network.parameters.length} parameters, each a tensor of its own`);

  const steps = short ? 15 : 120;
  let right = 0;
  let loss = Number.NaN;
  for (let step = 1; step <= steps; step++) {
    const scores = samples.map(({ point }) => network.call(point)[0]!);
    // A margin for each sample, and a small penalty for large weights.
    const margins = scores.map((score, i) => score.mul(-samples[i]!.label).add(1).relu());
    const error = margins.reduce((sum, margin) => sum.add(margin)).div(samples.length);
    const size = network.parameters.reduce((sum, p) => sum.add(p.square()), tensor(0));
    const total = error.add(size.mul(1e-4));

    for (const p of network.parameters) p.grad = null;
    total.backward();
    const rate = 0.3 * (1 - (0.9 * step) / steps);
    noGrad(() => {
      for (const p of network.parameters) p.sub_(p.grad!.mul(rate));
    });
    loss = total.item();
    right = scores.filter((score, i) => score.item() * samples[i]!.label > 0).length;
    if (step % Math.ceil(steps / 6) === 0) {
      console.log(
        `step ${String(step).padStart(3)}  loss ${loss.toFixed(4)}  ${right} of ${samples.length} right`,
      );
    }
  }
  const lines = Array.from({ length: 14 }, (_, i) =>
    Array.from({ length: 44 }, (_, j) => {
      const score = noGrad(() =>
        network.call([-1.5 + (4 * j) / 43, 1.4 - (2.4 * i) / 13])[0]!.item(),
      );
      return score > 0 ? "▒" : "·";
    }).join(""),
  );
  console.log(`\n${lines.join("\n")}`);
  assert.ok(right / samples.length > (short ? 0.8 : 0.97), `${right} right`);
}

if (import.meta.main) await main();
