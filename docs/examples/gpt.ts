/**
 * A small GPT: a transformer that reads letters and writes the next one, and so writes text.
 *
 * Each letter looks back at those before it (never ahead: the mask is causal), takes from them what it needs, and thinks about
 * it in a small network of its own; twice in a row. Trained on a page of "Alice's Adventures in Wonderland".
 * (Vaswani et al., NeurIPS 2017; Radford et al. 2018.)
 *
 *     node scripts/run.mjs docs/examples/gpt.ts
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

class GPT extends nn.Module {
  readonly context: number;
  readonly letters: nn.Embedding;
  readonly positions: nn.LearnedPositionalEncoding;
  readonly blocks: nn.TransformerEncoder;
  readonly head: nn.Linear;

  constructor(alphabet: number, context: number, width: number, heads: number, layers: number) {
    super();
    this.context = context;
    this.letters = new nn.Embedding(alphabet, width);
    this.positions = new nn.LearnedPositionalEncoding(context, width, { batchFirst: true });
    // Attention and then a network, each behind a norm and around it a bypass: a block of GPT-2.
    const block = new nn.TransformerEncoderLayer(width, heads, {
      dimFeedforward: 4 * width,
      activation: "gelu",
      dropout: 0,
      batchFirst: true,
      normFirst: true,
    });
    this.blocks = new nn.TransformerEncoder(block, layers, { norm: new nn.LayerNorm(width) });
    this.head = new nn.Linear(width, alphabet, { bias: false });
  }

  /** Scores of the next letter behind each letter of [batch, time]. */
  forward(text: Tensor): Tensor {
    const x = this.positions.forward(this.letters.forward(text));
    const mask = nn.Transformer.generateSquareSubsequentMask(text.size(1));
    return this.head.forward(this.blocks.forward(x, { mask, isCausal: true }));
  }

  /** Goes on with a text, letter by letter. */
  write(start: Tensor, more: number, temperature: number, generator: Generator): number[] {
    const written = [...start.toTypedArray()];
    for (let i = 0; i < more; i++) {
      const seen = tensor(written.slice(-this.context), { dtype: "int32" }).unsqueeze(0);
      const scores = noGrad(() => this.forward(seen))
        .at(0, -1)
        .div(temperature);
      written.push(scores.softmax(-1).multinomial(1, { generator }).item());
    }
    return written;
  }
}

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const text = readFileSync(join(import.meta.dirname, "../data/text.txt"), "utf8");
  const alphabet = new train.LabelEncoder([...text]);
  const letters = alphabet.encode([...text]);
  const count = alphabet.classes.length;
  const context = short ? 16 : 32;

  // Windows that begin at every letter: the model must not take the place in a window for a place in the text.
  const starts = Array.from({ length: text.length - context }, (_, i) => i);
  const windows = (offset: number): Tensor =>
    tensor(
      starts.map((start) => [
        ...letters.at(`${start + offset}:${start + offset + context}`).toTypedArray(),
      ]),
    ).to("int32");
  const model = new GPT(count, context, short ? 32 : 64, 4, short ? 1 : 2);
  const epochs = short ? 1 : 7;
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.004, weightDecay: 0.01 });
  const { history } = await train.fit(model, [windows(0), windows(1)], {
    loss: (scores, target) => crossEntropy(scores.reshape([-1, count]), target.reshape([-1])),
    optimizer,
    schedule: new optim.CosineAnnealingLR(optimizer, { tMax: epochs }),
    epochs,
    batchSize: short ? 64 : 16,
    clipGradNorm: 1,
    progress: short ? "off" : "auto",
  });
  console.log(
    `cross-entropy of a letter: ${history.loss[0]!.toFixed(3)} at first, ${history.loss.at(-1)!.toFixed(3)} at last (guessing blindly: ${Math.log(count).toFixed(3)})\n`,
  );
  model.eval();
  const start = alphabet.encode([..."So she was "]);
  const written = alphabet
    .decode(model.write(start, short ? 20 : 300, 0.5, new Generator(2)))
    .join("");
  console.log(written);

  // What comes later must not change what was said before: that is what the mask is for.
  const [one, other] = [letters.at(`:${context}`), letters.at(`:${context}`).clone()];
  other.setAt(-1, one.at(-1).eq(0).to("int32"));
  const [a, b] = noGrad(() => [one, other].map((x) => model.forward(x.unsqueeze(0)).at(0, ":-1")));
  assert.ok(a!.equal(b!), "letters do not look ahead");
  assert.ok(history.loss.at(-1)! < (short ? 3.2 : 1), `loss ${history.loss.at(-1)}`);
  if (short) return;
  const words = new Set(text.split(/[^A-Za-z]+/));
  const own = written.split(/[^A-Za-z]+/).slice(0, -1);
  const known = own.filter((word) => words.has(word)).length / own.length;
  console.log(`\n${(100 * known).toFixed(0)} % of what it wrote are words of the page`);
  assert.ok(known > 0.7, `known ${known}`);
}

if (import.meta.main) await main();
