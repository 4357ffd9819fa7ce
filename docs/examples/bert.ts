/**
 * A small BERT: it reads sentences with a gap, and says what is missing.
 *
 * GPT looks back only; a masked model looks both ways. The sentences are made by a small grammar in which the noun and the
 * verb agree in number, as in "the old cats often see a bird": when the noun is hidden, only the verb *behind* it tells
 * whether it was "cat" or "cats". (Devlin et al., NAACL 2019.)
 *
 *     node scripts/run.mjs docs/examples/bert.ts
 */
import { strict as assert } from "node:assert";
import {
  crossEntropy,
  Generator,
  manualSeed,
  nn,
  noGrad,
  optim,
  rand,
  type Tensor,
  tensor,
  train,
} from "chainrule";

const singular = ["cat", "dog", "bird", "child", "king"];
const plural = ["cats", "dogs", "birds", "children", "kings"];
const verbs = { one: ["sees", "hears", "finds"], many: ["see", "hear", "find"] };
const adjectives = ["old", "small", "clever", "sleepy"];
const adverbs = ["often", "never", "sometimes"];
const mask = "[mask]";

/** Sentences of seven words: the ADJECTIVE NOUN ADVERB VERB a NOUN. */
function sentences(count: number, random: Generator): string[][] {
  const one = <T>(list: readonly T[]): T => list[random.integer(list.length)]!;
  return Array.from({ length: count }, () => {
    const isOne = random.chance(0.5);
    const subject = one(isOne ? singular : plural);
    const verb = one(isOne ? verbs.one : verbs.many);
    return ["the", one(adjectives), subject, one(adverbs), verb, "a", one(singular)];
  });
}

class Bert extends nn.Module {
  readonly words: nn.Embedding;
  readonly positions: nn.LearnedPositionalEncoding;
  readonly layers: nn.TransformerEncoder;
  readonly head: nn.Linear;

  constructor(vocabulary: number, width: number, layers: number) {
    super();
    this.words = new nn.Embedding(vocabulary, width);
    this.positions = new nn.LearnedPositionalEncoding(7, width, { batchFirst: true });
    const layer = new nn.TransformerEncoderLayer(width, 4, {
      dimFeedforward: 2 * width,
      dropout: 0,
      batchFirst: true,
    });
    this.layers = new nn.TransformerEncoder(layer, layers);
    this.head = new nn.Linear(width, vocabulary);
  }

  forward(sentence: Tensor): Tensor {
    const x = this.positions.forward(this.words.forward(sentence));
    return this.head.forward(this.layers.forward(x));
  }
}

export async function main(short = false): Promise<void> {
  manualSeed(0);
  const all = sentences(short ? 600 : 3000, new Generator(1));
  const vocabulary = new train.LabelEncoder([...all.flat(), mask]);
  const numbers = (list: readonly string[][]): Tensor =>
    vocabulary.encode(list.flat()).reshape([list.length, 7]);
  const hidden = vocabulary.encode([mask]).item();
  const ignored = -100;

  const model = new Bert(vocabulary.classes.length, short ? 16 : 32, short ? 1 : 2);
  const { history } = await train.fit(model, [numbers(all)], {
    // A fifth of the words is hidden, others in every epoch; the loss looks at the hidden ones only.
    step: ([whole]) => {
      const gaps = rand(whole!.shape).lt(0.2);
      const scores = model.forward(whole!.maskedFill(gaps, hidden));
      const target = whole!.maskedFill(gaps.logicalNot(), ignored);
      return crossEntropy(scores.transpose(1, 2), target, { ignoreIndex: ignored });
    },
    optimizer: new optim.Adam(model.parameters(), { lr: short ? 0.02 : 0.003 }),
    epochs: short ? 8 : 20,
    batchSize: 50,
    progress: short ? "off" : "auto",
  });
  console.log(
    `loss of hidden words: ${history.loss[0]!.toFixed(3)} at first, ${history.loss.at(-1)!.toFixed(3)} at last\n`,
  );
  model.eval();

  /** The likelihood of each word in the gap of a sentence. */
  const guess = (sentence: readonly string[]): readonly [word: string, likelihood: number][] => {
    const gap = sentence.indexOf(mask);
    const likely = noGrad(() => model.forward(numbers([[...sentence]])))
      .at(0, gap)
      .softmax(-1);
    return vocabulary.classes
      .map((word, i) => [String(word), likely.at(i).item()] as [string, number])
      .sort((a, b) => b[1] - a[1]);
  };
  for (const text of [
    "the old [mask] often sees a dog",
    "the old [mask] often see a dog",
    "the sleepy kings never [mask] a bird",
    "[mask] small cat sometimes hears a child",
  ]) {
    const best = guess(text.split(" ")).slice(0, 5);
    console.log(
      `${text.padEnd(42)} ${best.map(([word, p]) => `${word} ${(100 * p).toFixed(0)} %`).join(", ")}`,
    );
  }

  // In new sentences: does the hidden noun agree with the verb behind it?
  const test = sentences(short ? 30 : 200, new Generator(2));
  let agree = 0;
  for (const sentence of test) {
    const isOne = singular.includes(sentence[2]!);
    const among = new Map(guess(sentence.map((word, i) => (i === 2 ? mask : word))));
    const weight = (list: readonly string[]): number =>
      list.reduce((sum, word) => sum + (among.get(word) ?? 0), 0);
    if (weight(isOne ? singular : plural) > 0.5) agree++;
  }
  const share = agree / test.length;
  console.log(`\n${(100 * share).toFixed(1)} % of hidden nouns agree with the verb behind them`);
  assert.equal(tensor(history.loss).isfinite().all().item(), 1);
  assert.ok(share > (short ? 0.8 : 0.99), `agreement ${share}`);
}

if (import.meta.main) await main();
