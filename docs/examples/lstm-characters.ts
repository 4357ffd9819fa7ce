/**
 * An LSTM that reads the beginning of "Alice's Adventures in Wonderland" letter by letter, and then goes on by itself.
 *
 * It is shown 2000 letters, again and again, and guesses each from those before. What it learns are the words of this page,
 * so it tells the page again: that is memory, and the point of a *long* short-term one.
 *
 *     node scripts/run.mjs docs/examples/lstm-characters.ts
 */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  crossEntropy,
  Generator,
  manualSeed,
  nn,
  noGrad,
  optim,
  type Tensor,
  tensor,
  train,
} from "chainrule";

class Reader extends nn.Module {
  readonly embedding: nn.Embedding;
  readonly lstm: nn.LSTM;
  readonly head: nn.Linear;

  constructor(letters: number, width: number) {
    super();
    this.embedding = new nn.Embedding(letters, 24);
    this.lstm = new nn.LSTM(24, width, { batchFirst: true });
    this.head = new nn.Linear(width, letters);
  }

  /** Scores of the next letter behind each letter of [batch, time], and the memory at the end. */
  read(
    letters: Tensor,
    memory: nn.LSTMState | null,
  ): readonly [scores: Tensor, memory: nn.LSTMState] {
    const [hidden, after] = this.lstm.forward(this.embedding.forward(letters), memory);
    return [this.head.forward(hidden), after];
  }

  forward(letters: Tensor): Tensor {
    return this.read(letters, null)[0];
  }
}

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const text = readFileSync(join(import.meta.dirname, "../data/text.txt"), "utf8");
  const alphabet = new train.LabelEncoder([...text]);
  const letters = alphabet.encode([...text]);
  const count = alphabet.classes.length;

  // Windows of 40 letters that begin everywhere; the target is the same window, one letter later.
  const length = 40;
  const starts = Array.from(
    { length: Math.floor((text.length - length - 1) / 8) },
    (_, i) => 8 * i,
  );
  const windows = (offset: number): Tensor =>
    tensor(
      starts.map((start) => [
        ...letters.at(`${start + offset}:${start + offset + length}`).toTypedArray(),
      ]),
    ).to("int32");
  const model = new Reader(count, short ? 48 : 128);
  const { history } = await train.fit(model, [windows(0), windows(1)], {
    loss: (scores, target) => crossEntropy(scores.reshape([-1, count]), target.reshape([-1])),
    optimizer: new optim.Adam(model.parameters(), { lr: 0.005 }),
    epochs: short ? 2 : 25,
    batchSize: 16,
    clipGradNorm: 1,
    progress: short ? "off" : "auto",
  });
  console.log(
    `cross-entropy of a letter: ${history.loss[0]!.toFixed(3)} at first, ${history.loss.at(-1)!.toFixed(3)} at last (guessing blindly: ${Math.log(count).toFixed(3)})\n`,
  );

  // It goes on by itself: each letter is drawn from the scores, sharpened a little, and read in turn.
  const write = (start: string, more: number): string =>
    noGrad(() => {
      const random = new Generator(1);
      let [scores, memory] = model.read(alphabet.encode([...start]).unsqueeze(0), null);
      let written = start;
      for (let i = 0; i < more; i++) {
        const likely = scores.at(0, -1).div(0.4).softmax(-1);
        const next = likely.multinomial(1, { generator: random });
        written += String(alphabet.decode(next)[0]);
        [scores, memory] = model.read(next.unsqueeze(0), memory);
      }
      return written;
    });
  const written = write("Alice was ", short ? 40 : 400);
  console.log(written);
  assert.ok(history.loss.at(-1)! < (short ? 3.2 : 0.6), `loss ${history.loss.at(-1)}`);
  if (short) return;
  const words = new Set(text.split(/[^A-Za-z]+/));
  const own = written.split(/[^A-Za-z]+/).slice(0, -1);
  const known = own.filter((word) => words.has(word)).length / own.length;
  console.log(`\n${(100 * known).toFixed(0)} % of what it wrote are words of the page`);
  assert.ok(known > 0.85, `known ${known}`);
}

if (import.meta.main) await main();
