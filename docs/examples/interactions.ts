/**
 * Bank customers: how much each will invest, and why adding up does not explain it.
 *
 * The data are made: age, balance and whether there are children. What children change depends on the age and on the
 * balance: that is an interaction. A linear model gives every input one slope, so it cannot say "the more money, the more
 * it matters". A hidden layer can, without being told.
 *
 *     node scripts/run.mjs docs/examples/interactions.ts
 */
import { strict as assert } from "node:assert";
import { Generator, manualSeed, mseLoss, nn, optim, type Tensor, tensor, train } from "chainrule";

/** Age in decades, balance in 10,000, children 0 or 1; and the investment in 1,000. */
function customers(count: number): { x: Tensor; y: Tensor } {
  const random = new Generator(5);
  const rows = Array.from({ length: count }, () => [
    2 + 5 * random.uniform(),
    10 * random.uniform(),
    random.integer(2),
  ]);
  const invested = rows.map(([age, balance, children]) => {
    const alone = 2 + 1.5 * balance! + 0.8 * age!;
    const together = children! * (1.2 * age! - 2.2 * balance!) + 0.4 * age! * balance!;
    return [alone + together + 0.5 * random.normal()];
  });
  return { x: tensor(rows), y: tensor(invested) };
}

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const { x, y } = customers(short ? 300 : 1500);
  const parts = train.trainTestSplit([x, y]);
  const inputs = new train.StandardScaler().fit(parts.train[0]);
  const scaled = [inputs.transform(parts.train[0]), parts.train[1]] as const;
  const test = inputs.transform(parts.test[0]);

  const fitted = async (model: nn.Sequential | nn.Linear): Promise<number> => {
    await train.fit(model, scaled, {
      loss: mseLoss,
      optimizer: new optim.Adam(model.parameters(), { lr: 0.02 }),
      epochs: short ? 60 : 150,
    });
    return train.r2(await train.predict(model, test), parts.test[1]);
  };
  const linear = await fitted(new nn.Linear(3, 1));
  const network = new nn.Sequential(new nn.Linear(3, 16), new nn.Softplus(), new nn.Linear(16, 1));
  const hidden = await fitted(network);
  console.log(`R² of a linear model    ${linear.toFixed(4)}`);
  console.log(`R² with a hidden layer  ${hidden.toFixed(4)}\n`);

  // What children change, by age and balance: a table of differences that no sum of slopes could give.
  console.log("What children change, in 1,000 (rows: age, columns: balance in 10,000)");
  const balances = [0, 2, 4, 6, 8, 10];
  console.log(`      ${balances.map((balance) => String(balance).padStart(6)).join("")}`);
  let worst = 0;
  for (const age of [2, 3, 4, 5, 6, 7]) {
    const withAndWithout = await Promise.all(
      [1, 0].map((children) =>
        train.predict(network, inputs.transform(tensor(balances.map((b) => [age, b, children])))),
      ),
    );
    const change = withAndWithout[0]!.sub(withAndWithout[1]!).reshape([-1]);
    const row = [...change.toTypedArray()];
    console.log(
      `${String(10 * age).padStart(4)}  ${row.map((v) => v.toFixed(1).padStart(6)).join("")}`,
    );
    for (const [i, value] of row.entries()) {
      worst = Math.max(worst, Math.abs(value - (1.2 * age - 2.2 * balances[i]!)));
    }
  }
  console.log(`\nFurthest from the rule behind the data: ${worst.toFixed(2)}`);
  assert.ok(hidden > (short ? 0.95 : 0.985), `R² ${hidden}`);
  assert.ok(hidden > linear + 0.02, "the hidden layer sees more");
  if (!short) assert.ok(worst < 3, `off by ${worst}`);
}

if (import.meta.main) await main();
