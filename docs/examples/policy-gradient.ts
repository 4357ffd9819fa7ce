/**
 * Balancing a pole by trial and error: policy gradient (REINFORCE) on a cart-pole that is written here.
 *
 * Nobody says what would have been right. A network gives the probabilities of pushing left and right, one of them is drawn,
 * and at the end of the attempt what was done is made more likely if it went better than usual, and less if worse:
 * ∇E[R] = E[Σ ∇ln π(aₜ|sₜ)·(Rₜ − b)]. (Williams 1992; the cart is that of Barto, Sutton & Anderson 1983.)
 *
 *     node scripts/run.mjs docs/examples/policy-gradient.ts
 */
import { strict as assert } from "node:assert";
import {
  defaultGenerator,
  manualSeed,
  nn,
  noGrad,
  optim,
  stack,
  type Tensor,
  tensor,
} from "chainrule";

/** Position, speed, angle and angular speed of each of several carts, side by side. */
type Carts = number[][];

const limit = 200;

const start = (count: number): Carts =>
  Array.from({ length: count }, () =>
    Array.from({ length: 4 }, () => 0.1 * (defaultGenerator.uniform() - 0.5)),
  );

/** A push of 10 N to the left (0) or right (1), for 0.02 s; whether the cart is still in play. */
function push(cart: number[], direction: number): boolean {
  const [position, speed, angle, spin] = cart as [number, number, number, number];
  const [gravity, cartMass, poleMass, half] = [9.8, 1, 0.1, 0.5];
  const force = direction === 1 ? 10 : -10;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const total = cartMass + poleMass;
  const part = (force + poleMass * half * spin ** 2 * sin) / total;
  const turn = (gravity * sin - cos * part) / (half * (4 / 3 - (poleMass * cos ** 2) / total));
  const drive = part - (poleMass * half * turn * cos) / total;
  cart[0] = position + 0.02 * speed;
  cart[1] = speed + 0.02 * drive;
  cart[2] = angle + 0.02 * spin;
  cart[3] = spin + 0.02 * turn;
  return Math.abs(cart[0]) < 2.4 && Math.abs(cart[2]) < (12 * Math.PI) / 180;
}

/** What happened to several carts at once: states, choices, and for how long each was (still) in play. */
interface Attempts {
  readonly states: Tensor;
  readonly choices: Tensor;
  /** 1 while a cart was in play. */
  readonly playing: Tensor;
  readonly lengths: readonly number[];
}

function attempt(policy: nn.Sequential, count: number): Attempts {
  const carts = start(count);
  const alive = carts.map(() => true);
  const lengths = carts.map(() => 0);
  const [states, choices, playing]: [Tensor[], Tensor[], Tensor[]] = [[], [], []];
  for (let time = 0; time < limit && alive.some(Boolean); time++) {
    const state = tensor(carts);
    const chosen = noGrad(() => policy.forward(state))
      .softmax(1)
      .multinomial(1)
      .squeeze(1);
    states.push(state);
    choices.push(chosen);
    playing.push(tensor(alive.map(Number)));
    const pushes = chosen.toTypedArray();
    for (const [i, cart] of carts.entries()) {
      if (!alive[i]) continue;
      lengths[i]!++;
      alive[i] = push(cart, pushes[i]!);
    }
  }
  return { states: stack(states), choices: stack(choices), playing: stack(playing), lengths };
}

export async function main(short = false): Promise<void> {
  manualSeed(2);
  const policy = new nn.Sequential(new nn.Linear(4, 32), new nn.Tanh(), new nn.Linear(32, 2));
  const optimizer = new optim.Adam(policy.parameters(), { lr: 0.02 });
  const rounds = short ? 12 : 80;
  const carts = 24;
  const means: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const { states, choices, playing, lengths } = attempt(policy, carts);
    // A reward of 1 for each step in play: what is still to come is how long it will stay up.
    const toCome = playing.flip([0]).cumsum(0).flip([0]);
    // "Better than usual" is better than the other carts at this time.
    const inPlay = playing.sum(1, { keepdim: true }).clamp(1);
    const usual = toCome.sum(1, { keepdim: true }).div(inPlay);
    const advantage = toCome.sub(usual).mul(playing);
    const scaled = advantage.div(advantage.square().sum().div(playing.sum()).sqrt().add(1e-6));
    const likelihoods = policy.forward(states).logSoftmax(-1).gather(-1, choices.unsqueeze(-1));
    const loss = likelihoods.squeeze(-1).mul(scaled).sum().div(playing.sum()).neg();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    means.push(lengths.reduce((sum, n) => sum + n, 0) / carts);
    if (round === 1 || round % 10 === 0) {
      const bar = "█".repeat(Math.round(means.at(-1)! / 5));
      console.log(
        `round ${String(round).padStart(3)}  ${means.at(-1)!.toFixed(0).padStart(4)} steps  ${bar}`,
      );
    }
  }
  const final = attempt(policy, short ? 20 : 100).lengths;
  const upright = final.filter((length) => length === limit).length;
  const mean = final.reduce((sum, n) => sum + n, 0) / final.length;
  console.log(
    `\n${upright} of ${final.length} new attempts stay up for all ${limit} steps; ${mean.toFixed(1)} on average`,
  );
  assert.ok(mean > (short ? 35 : 190), `mean ${mean}`);
}

if (import.meta.main) await main();
