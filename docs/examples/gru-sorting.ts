/**
 * A GRU that sorts: it reads digits one after the other, and then writes them in order.
 *
 * Nobody tells it how to sort; it sees unsorted and sorted sequences. A reader in both directions looks at the digits, and a
 * second network says at each place which digit belongs there. Sequences of the test are new to it.
 *
 *     node scripts/run.mjs docs/examples/gru-sorting.ts
 */
import { strict as assert } from "node:assert";
import { crossEntropy, manualSeed, nn, optim, randint, type Tensor, train } from "chainrule";

const digits = 10;

class Sorter extends nn.Module {
  readonly embedding = new nn.Embedding(digits, 16);
  readonly reader: nn.GRU;
  readonly writer: nn.GRU;
  readonly head: nn.Linear;

  constructor(width: number) {
    super();
    this.reader = new nn.GRU(16, width, { batchFirst: true, bidirectional: true });
    this.writer = new nn.GRU(2 * width, width, { batchFirst: true, bidirectional: true });
    this.head = new nn.Linear(2 * width, digits);
  }

  forward(sequence: Tensor): Tensor {
    const [read] = this.reader.forward(this.embedding.forward(sequence));
    const [written] = this.writer.forward(read);
    return this.head.forward(written);
  }
}

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const length = short ? 4 : 8;
  const sequences = (count: number): readonly [Tensor, Tensor] => {
    const unsorted = randint(digits, [count, length]);
    return [unsorted, unsorted.sort(1).values];
  };
  const [training, test] = [sequences(short ? 800 : 4000), sequences(500)];
  const model = new Sorter(short ? 24 : 48);
  const epochs = short ? 4 : 8;
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.008 });
  await train.fit(model, training, {
    loss: (scores, sorted) => crossEntropy(scores.reshape([-1, digits]), sorted.reshape([-1])),
    optimizer,
    schedule: new optim.CosineAnnealingLR(optimizer, { tMax: epochs }),
    epochs,
    batchSize: 32,
    clipGradNorm: 1,
    progress: short ? "off" : "auto",
  });
  const found = (await train.predict(model, test[0], { batchSize: 250 })).argmax(-1);
  const places = found.eq(test[1]).to("float32").mean().item();
  const whole = found.eq(test[1]).all(1).to("float32").mean().item();
  for (let i = 0; i < 4; i++) {
    const show = (x: Tensor): string => [...x.at(i).toTypedArray()].join(" ");
    console.log(
      `${show(test[0])}  →  ${show(found)}  ${show(found) === show(test[1]) ? "✓" : "✗"}`,
    );
  }
  console.log(
    `\n${(100 * places).toFixed(1)} % of the places and ${(100 * whole).toFixed(1)} % of 500 new sequences are right`,
  );
  assert.ok(places > (short ? 0.6 : 0.97), `places ${places}`);
  if (!short) assert.ok(whole > 0.85, `sequences ${whole}`);
}

if (import.meta.main) await main();
