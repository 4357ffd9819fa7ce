/**
 * Random numbers in WebAssembly: the very numbers that a generator draws one by one.
 *
 * Each part draws the words that it needs into room of its own, and makes numbers of them while they are in the cache.
 */
import type { Generator } from "../random/generator.ts";
import type { Tensor } from "../tensor.ts";
import { mayAccelerate } from "./backend.ts";
import type { Kernels } from "./kernels.ts";
import { computeWhole } from "./whole.ts";

/** A word takes as long as so many products of a matrix product; the quantile of a normal number as so many words. */
const workOfWord = 16;
const wordsOfQuantile = 4;
/** Fewer numbers than these the generator draws itself, on any backend. */
const fewest = 64;
/** From so many words on kernels are faster, copying included. */
const leastWords = 1 << 8;
/** Words that a thread draws at a time. */
const partWords = 1 << 13;
/** Blocks of four words, of which the kernel computes four at a time. */
const blocksAtATime = 4;

/** What is drawn: `tensors` are addresses of the numbers of a part, the results and then the operands. */
interface Drawing {
  readonly operands: readonly Tensor[];
  readonly results: readonly Tensor[];
  readonly wordsOfNumber: number;
  /** What it takes altogether, in words. */
  readonly cost: number;
  readonly make: (
    kernels: Kernels,
    tensors: readonly number[],
    words: number,
    count: number,
  ) => void;
}

/** Draws contiguous tensors of one length. False, with nothing drawn, where plain loops are to do it. */
function draw({ operands, results, ...drawing }: Drawing, generator: Generator): boolean {
  const { wordsOfNumber, cost, make } = drawing;
  const count = results[0]!.numel();
  if (count < fewest || !mayAccelerate(count)) return false;
  const { seed, counter, left } = generator.getState();
  const first = 4 * counter - left;
  const end = first + count * wordsOfNumber;
  const lastBlock = Math.ceil(end / 4) - 1;
  const high = Math.floor(lastBlock / 2 ** 32);
  // The counter's first word must not overflow on the way.
  if (Math.floor(first / 4 / 2 ** 32) !== high) return false;
  const [key0, key1] = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
  const work = count * cost * workOfWord;
  const least = leastWords * workOfWord;
  const own = partWords + 8 * blocksAtATime;
  const done = computeWhole({ operands, results, work, least, own }, (place) => {
    const { kernels, own: words } = place;
    const tensors = [...place.results, ...place.operands];
    const most = partWords / wordsOfNumber;
    for (let at = 0; at < count; at += most) {
      const some = Math.min(most, count - at);
      const word = first + at * wordsOfNumber;
      const skipped = word % 4;
      const block = (word - skipped) / 4;
      const needed = Math.ceil((skipped + some * wordsOfNumber) / 4);
      const blocks = Math.ceil(needed / blocksAtATime) * blocksAtATime;
      kernels.drawWords(words, blocks, block % 2 ** 32, high, key0, key1);
      const here = tensors.map((address) => address + 4 * at);
      make(kernels, here, words + 4 * skipped, some);
      place.part();
    }
  });
  if (done) generator.setState({ seed, counter: lastBlock + 1, left: 4 * (lastBlock + 1) - end });
  return done;
}

/** A whole number is below p·2³² if it is below the next whole number; null where 32 bits cannot hold that. */
function limitOf(p: number): number | null {
  const limit = Math.ceil(p * 2 ** 32);
  return limit >= 0 && limit < 2 ** 32 ? limit : null;
}

/** 1 with probability p, else 0, as {@link Generator.chance} draws it. False where plain loops are to do it. */
export function drawMaskAccelerated(x: Tensor, p: number, generator: Generator): boolean {
  const limit = limitOf(p);
  if (limit === null) return false;
  const make: Drawing["make"] = (kernels, [target], words, count) =>
    kernels.toMask(target!, words, count, limit);
  return draw({ operands: [], results: [x], wordsOfNumber: 1, cost: 1, make }, generator);
}

/**
 * Such a mask, and x·mask·scale, in one pass: `result` and `mask` have the shape of x. False, with nothing drawn, where
 * plain loops are to do it.
 */
export function drawDropoutAccelerated(
  x: Tensor,
  mask: Tensor,
  result: Tensor,
  p: number,
  scale: number,
  generator: Generator,
): boolean {
  const limit = limitOf(p);
  if (limit === null) return false;
  const make: Drawing["make"] = (kernels, [target, factors, source], words, count) =>
    kernels.toDropout(target!, factors!, source!, words, count, limit, scale);
  return draw(
    { operands: [x], results: [result, mask], wordsOfNumber: 1, cost: 1, make },
    generator,
  );
}

/** Uniform numbers of 24 bits, as `rand` draws them. False where plain loops are to do it. */
export function drawUniformAccelerated(x: Tensor, generator: Generator): boolean {
  const make: Drawing["make"] = (kernels, [target], words, count) =>
    kernels.toUniform(target!, words, count);
  return draw({ operands: [], results: [x], wordsOfNumber: 1, cost: 1, make }, generator);
}

/** Standard normal numbers, as {@link Generator.normal} draws them. False where plain loops are to do it. */
export function drawNormalAccelerated(x: Tensor, generator: Generator): boolean {
  const make: Drawing["make"] = (kernels, [target], words, count) =>
    kernels.toNormal(target!, words, count);
  const cost = 2 + wordsOfQuantile;
  return draw({ operands: [], results: [x], wordsOfNumber: 2, cost, make }, generator);
}
