/**
 * Philox 4×32 with 10 rounds (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): four
 * random words as a function of a counter and a key, so that any part of a sequence can be computed by itself.
 */

/** Four words of 32 bits: a counter, or a block of random bits. */
export type Words4 = readonly [number, number, number, number];

/**
 * Fills `target` with the blocks for `blocks` consecutive counters; `blocks` is even, and the first word of the counter
 * does not overflow on the way.
 *
 * A round needs the upper halves of two products c·M of 32-bit words. In double precision c·M/2³² is off by 2⁻²¹ at most,
 * and taking off the lower half (which `Math.imul` gives) leaves a whole number but for 2⁻²⁰: rounding makes it exact.
 * Two blocks are computed side by side, since the rounds of one must wait for one another.
 */
export function philoxBlocks(
  target: Int32Array,
  blocks: number,
  counter: Words4,
  key0: number,
  key1: number,
): void {
  const scale = 1 / 0x100000000;
  const multiplier0 = 0xd2511f53;
  const multiplier1 = 0xcd9e8d57;
  const fraction0 = multiplier0 * scale;
  const fraction1 = multiplier1 * scale;
  const [first, second, third, fourth] = counter;
  for (let block = 0; block < blocks; block += 2) {
    let a0 = (first + block) | 0;
    let a1 = second | 0;
    let a2 = third | 0;
    let a3 = fourth | 0;
    let b0 = (first + block + 1) | 0;
    let b1 = a1;
    let b2 = a2;
    let b3 = a3;
    let k0 = key0 | 0;
    let k1 = key1 | 0;
    for (let round = 0; round < 10; round++) {
      const aLow0 = Math.imul(multiplier0, a0);
      const aLow1 = Math.imul(multiplier1, a2);
      const bLow0 = Math.imul(multiplier0, b0);
      const bLow1 = Math.imul(multiplier1, b2);
      const aHigh0 = ((a0 >>> 0) * fraction0 - (aLow0 >>> 0) * scale + 0.5) | 0;
      const aHigh1 = ((a2 >>> 0) * fraction1 - (aLow1 >>> 0) * scale + 0.5) | 0;
      const bHigh0 = ((b0 >>> 0) * fraction0 - (bLow0 >>> 0) * scale + 0.5) | 0;
      const bHigh1 = ((b2 >>> 0) * fraction1 - (bLow1 >>> 0) * scale + 0.5) | 0;
      a0 = aHigh1 ^ a1 ^ k0;
      a1 = aLow1;
      a2 = aHigh0 ^ a3 ^ k1;
      a3 = aLow0;
      b0 = bHigh1 ^ b1 ^ k0;
      b1 = bLow1;
      b2 = bHigh0 ^ b3 ^ k1;
      b3 = bLow0;
      // Weyl sequences: the golden ratio and √3 − 1.
      k0 = (k0 + 0x9e3779b9) | 0;
      k1 = (k1 + 0xbb67ae85) | 0;
    }
    const at = 4 * block;
    target[at] = a0;
    target[at + 1] = a1;
    target[at + 2] = a2;
    target[at + 3] = a3;
    target[at + 4] = b0;
    target[at + 5] = b1;
    target[at + 6] = b2;
    target[at + 7] = b3;
  }
}
