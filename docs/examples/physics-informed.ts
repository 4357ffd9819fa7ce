/**
 * A network that solves a differential equation: a swing that comes to rest, u″ + 2·δ·u′ + ω²·u = 0.
 *
 * It is never shown a solution. The loss asks how badly it breaks the law of motion at a hundred times, so it contains the
 * second derivative of the network by its input, and training differentiates that again, by the weights. The beginning,
 * u(0) = 1 and u′(0) = 0, is built in: u(t) = 1 + t²·N(t). (Raissi, Perdikaris & Karniadakis 2019.)
 *
 *     node scripts/run.mjs docs/examples/physics-informed.ts
 */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { grad, linspace, manualSeed, nn, noGrad, optim, type Tensor, train } from "chainrule";

const [damping, frequency, until] = [0.4, 3, 4] as const;

/** The solution from the textbook: e^(−δt)·(cos νt + (δ/ν)·sin νt) with ν² = ω² − δ². */
function exact(t: Tensor): Tensor {
  const nu = Math.sqrt(frequency ** 2 - damping ** 2);
  const swing = t
    .mul(nu)
    .cos()
    .add(
      t
        .mul(nu)
        .sin()
        .mul(damping / nu),
    );
  return t.mul(-damping).exp().mul(swing);
}

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const network = new nn.Sequential(
    new nn.Linear(1, 32, { dtype: "float64" }),
    new nn.Tanh(),
    new nn.Linear(32, 32, { dtype: "float64" }),
    new nn.Tanh(),
    new nn.Linear(32, 1, { dtype: "float64" }),
  );
  const u = (t: Tensor): Tensor =>
    t
      .square()
      .mul(network.forward(t.div(until / 2).sub(1)))
      .add(1);
  // Each output depends on its own time only, so the derivative of the sum is that of each.
  const u1 = grad((t: Tensor) => u(t).sum());
  const u2 = grad((t: Tensor) => u1(t).sum());
  const broken = (t: Tensor): Tensor =>
    u2(t)
      .add(u1(t).mul(2 * damping))
      .add(u(t).mul(frequency ** 2));

  const times = linspace(0, until, 100, { dtype: "float64" }).unsqueeze(1);
  const loss = (): Tensor => broken(times).square().mean();
  const first = loss().item();
  // A method that feels how the loss bends: each of its steps tries the loss several times.
  const optimizer = new optim.LBFGS(network.parameters(), {
    maxIter: 20,
    lineSearchFn: "strong_wolfe",
  });
  const steps = short ? 4 : 90;
  for (let step = 1; step <= steps; step++) {
    optimizer.step(() => {
      optimizer.zeroGrad();
      const value = loss();
      value.backward();
      return value;
    });
    if (step % Math.ceil(steps / 5) === 0) {
      console.log(
        `step ${step}  the law is broken by ${Math.sqrt(loss().item()).toExponential(2)} (root of the mean square)`,
      );
    }
  }
  const t = linspace(0, until, 81, { dtype: "float64" }).unsqueeze(1);
  const [found, truth] = [noGrad(() => u(t)), exact(t)];
  const off = found.sub(truth).abs().max().item();
  const moments = [...t.toTypedArray()];
  const plot = train.plotLines(
    { exact: { x: t, y: truth }, network: { x: t, y: found, dashed: true } },
    { title: "a damped oscillator", xLabel: "t", yLabel: "u" },
  );
  if (!short) await plot.save(join(import.meta.dirname, "out/physics-informed.svg"));
  console.log(`\n t     network   exact`);
  for (let i = 0; i <= 80; i += 10) {
    console.log(
      `${moments[i]!.toFixed(1)}  ${found.at(i, 0).item().toFixed(4).padStart(8)}  ${truth.at(i, 0).item().toFixed(4).padStart(8)}`,
    );
  }
  console.log(`\nnever off by more than ${off.toExponential(2)}`);
  const last = loss().item();
  assert.ok(last < first / (short ? 2 : 1000), `the law is kept: ${first} → ${last}`);
  if (!short) assert.ok(off < 0.01, `off by ${off}`);
}

if (import.meta.main) await main();
