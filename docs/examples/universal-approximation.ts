/**
 * One hidden layer can be any function, given enough neurons: the theorem of universal approximation, seen.
 *
 * First by hand: two steps make a bump, and a row of bumps follows any curve, the closer the narrower they are. Then by
 * learning: networks of 2, 8 and 32 tanh neurons are fitted to the same curve by L-BFGS.
 *
 * Source of the construction: M. Nielsen, Neural Networks and Deep Learning, 2015, chapter 4.
 *
 *     node scripts/run.mjs docs/examples/universal-approximation.ts
 */
import { strict as assert } from "node:assert";
import { Generator, linspace, nn, noGrad, optim, type Tensor, tensor } from "chainrule";

/** The curve. */
const target = (x: Tensor): Tensor =>
  x.mul(3).sin().add(x.square().mul(0.5)).add(x.mul(9).cos().mul(0.3));

/** A network with steps for activations whose weights are set, not learned: neuron i steps up at the left end of bump i. */
function staircase(bumps: number): nn.Sequential {
  const edges = Array.from({ length: bumps }, (_, i) => -1 + (2 * i) / bumps);
  const middles = tensor(edges.map((edge) => edge + 1 / bumps));
  const heights = target(middles).toArray() as number[];
  const hidden = new nn.Linear(1, bumps);
  const output = new nn.Linear(bumps, 1);
  noGrad(() => {
    hidden.weight.fill_(1);
    hidden.bias!.copy_(tensor(edges.map((edge) => -edge)));
    // Each step goes from the height of the bump before to that of its own.
    output.weight.copy_(tensor([heights.map((height, i) => height - (heights[i - 1] ?? 0))]));
    output.bias!.fill_(0);
  });
  return new nn.Sequential(hidden, new nn.Heaviside(), output);
}

/** A network with tanh neurons that learned the curve from samples. */
function learned(neurons: number, steps: number): nn.Sequential {
  const options = { generator: new Generator(3), dtype: "float64" } as const;
  const model = new nn.Sequential(
    new nn.Linear(1, neurons, options),
    new nn.Tanh(),
    new nn.Linear(neurons, 1, options),
  );
  noGrad(() => model.at(0).parameters()[0]!.mul_(4)); // slopes in all places, steep and flat
  const x = linspace(-1, 1, 201, { dtype: "float64" }).unsqueeze(1);
  const y = target(x);
  const optimizer = new optim.LBFGS(model.parameters(), { lineSearchFn: "strong_wolfe" });
  for (let step = 0; step < steps; step++) {
    optimizer.step(() => {
      optimizer.zeroGrad();
      const loss = model.forward(x).sub(y).square().mean();
      loss.backward();
      return loss;
    });
  }
  return model;
}

/** The largest distance from the curve, anywhere on a fine grid that no one has learned from. */
function largestError(model: nn.Sequential, dtype: "float32" | "float64"): number {
  const x = linspace(-0.999, 0.999, 1999, { dtype }).unsqueeze(1);
  return noGrad(() => model.forward(x).sub(target(x)).abs().max().item());
}

/** Runs the example; in its short form in a second or less. */
export async function main(short = false): Promise<void> {
  console.log("steps, set by hand     largest error");
  const byHand = [4, 16, 64, 256].map((bumps) => largestError(staircase(bumps), "float32"));
  for (const [i, error] of byHand.entries())
    console.log(`${String(4 ** (i + 1)).padEnd(22)} ${error.toFixed(4)}`);
  // Four times the steps: a quarter of the error, for a step is off by its width times the slope.
  assert.ok(byHand[3]! < byHand[2]! / 3 && byHand[2]! < byHand[1]! / 3, "finer steps come closer");

  console.log("tanh neurons, learned  largest error");
  const sizes = [2, 8, 32];
  const byLearning = sizes.map((neurons) =>
    largestError(learned(neurons, short ? 5 : 40), "float64"),
  );
  for (const [i, error] of byLearning.entries())
    console.log(`${String(sizes[i]).padEnd(22)} ${error.toFixed(4)}`);
  assert.ok(byLearning[2]! < byLearning[0]! / 5, "more neurons come closer");
  if (!short) assert.ok(byLearning[2]! < 0.01, `32 neurons are off by ${byLearning[2]}`);
}

if (import.meta.main) await main();
