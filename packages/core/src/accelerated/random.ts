/**
 * Random numbers in WebAssembly: the very numbers that a generator draws one by one.
 */
import type { Generator } from "../random/generator.ts";
import type { Tensor } from "../tensor.ts";
import { mayAccelerate } from "./backend.ts";
import type { Kernels } from "./kernels.ts";
import { computeWhole } from "./whole.ts";

/** A word takes as long as so many products of a matrix product. */
const workOfWord = 16;
/** From so many words on kernels are faster, copying included. */
const leastWords = 1 << 8;
/** Words that a thread draws at a time. */
const partWords = 1 << 14;
/** Four blocks of four words. */
const wordsAtATime = 16;

/** Fills a part with blocks from a counter on. */
type Draw = (
  kernels: Kernels,
  target: number,
  blocks: number,
  ...start: readonly [low: number, high: number, key0: number, key1: number]
) => void;

/**
 * Fills a contiguous float32 tensor, a word for each number: `one` draws a number by itself, `many` those of blocks.
 * False, with nothing drawn, where plain loops are to do it.
 */
function draw(
  x: Tensor,
  generator: Generator,
  one: (generator: Generator) => number,
  many: Draw,
): boolean {
  const count = x.numel();
  const work = count * workOfWord;
  if (x.dtype !== "float32" || count < 4 * wordsAtATime || !mayAccelerate(count)) return false;
  const { seed, counter, left } = generator.getState();
  // What is left of a block is drawn by itself, and so is the end.
  const words = count - left - ((count - left) % wordsAtATime);
  const blocks = words / 4;
  const high = Math.floor(counter / 2 ** 32);
  if (Math.floor((counter + blocks) / 2 ** 32) !== high) return false;
  const done = computeWhole(
    { operands: [], results: [x], work, least: leastWords * workOfWord },
    ({ kernels, results, part }) => {
      const target = results[0]! + 4 * left;
      for (let at = 0; at < words; at += partWords) {
        const some = Math.min(partWords, words - at) / 4;
        const low = (counter + at / 4) % 2 ** 32;
        const key1 = Math.floor(seed / 2 ** 32);
        many(kernels, target + 4 * at, some, low, high, seed % 2 ** 32, key1);
        part();
      }
    },
  );
  if (!done) return false;
  const { data } = x.storage;
  for (let i = 0; i < left; i++) data[x.offset + i] = one(generator);
  generator.setState({ seed, counter: counter + blocks, left: 0 });
  for (let i = left + words; i < count; i++) data[x.offset + i] = one(generator);
  return true;
}

/** 1 with probability p, else 0, as {@link Generator.chance} draws it. False where plain loops are to do it. */
export function drawMaskAccelerated(x: Tensor, p: number, generator: Generator): boolean {
  // A whole number is below a limit if it is below the next whole number.
  const limit = Math.ceil(p * 2 ** 32);
  if (!(limit >= 0 && limit < 2 ** 32)) return false;
  return draw(
    x,
    generator,
    (from) => (from.chance(p) ? 1 : 0),
    (kernels, target, blocks, ...start) => kernels.drawMask(target, blocks, ...start, limit),
  );
}

/** Uniform numbers of 24 bits, as `rand` draws them. False where plain loops are to do it. */
export function drawUniformAccelerated(x: Tensor, generator: Generator): boolean {
  return draw(
    x,
    generator,
    (from) => (from.bits() >>> 8) / 0x1000000,
    (kernels, target, blocks, ...start) => kernels.drawUniform(target, blocks, ...start),
  );
}
