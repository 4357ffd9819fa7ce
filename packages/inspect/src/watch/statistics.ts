/**
 * What is told of many numbers at once.
 */

/** Bins to a decade of |x|. */
const perDecade = 2;
/** The histogram reaches from 10^lowest to 10^highest; what lies outside counts in the bins at the ends. */
export const lowest = -12;
export const highest = 4;
/** The number of bins of a histogram. */
export const binCount = (highest - lowest) * perDecade;

/** Numbers summed up. */
export interface Statistics {
  /** √Σx², over the finite numbers. */
  readonly norm: number;
  /** √(mean of x²), over the finite numbers; 0 if there are none. */
  readonly rms: number;
  /** The share of exact zeros. */
  readonly zero: number;
  /** The share of NaN and infinities. */
  readonly notFinite: number;
  /** How many |x| lie in each bin on a logarithmic scale; zeros and what is not finite are in none. */
  readonly histogram: readonly number[];
}

/** Sums up numbers in one pass. */
export function statisticsOf(numbers: ArrayLike<number>): Statistics {
  const histogram = new Array<number>(binCount).fill(0);
  let squares = 0;
  let zeros = 0;
  let odd = 0;
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]!;
    if (x === 0) zeros++;
    else if (!Number.isFinite(x)) odd++;
    else {
      squares += x * x;
      const bin = Math.floor((Math.log10(Math.abs(x)) - lowest) * perDecade);
      histogram[Math.min(Math.max(bin, 0), binCount - 1)]! += 1;
    }
  }
  const finite = numbers.length - odd;
  const all = Math.max(numbers.length, 1);
  return {
    norm: Math.sqrt(squares),
    rms: finite === 0 ? 0 : Math.sqrt(squares / finite),
    zero: zeros / all,
    notFinite: odd / all,
    histogram,
  };
}

/** √Σ(a − b)². */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(squares);
}

/** The share of units that are 0 for every sample; samples lie in the first dimension. */
export function deadShare(numbers: ArrayLike<number>, samples: number): number {
  const units = samples === 0 ? 0 : numbers.length / samples;
  if (units === 0) return 0;
  let dead = 0;
  for (let unit = 0; unit < units; unit++) {
    let isDead = true;
    for (let i = unit; i < numbers.length && isDead; i += units) isDead = numbers[i] === 0;
    if (isDead) dead++;
  }
  return dead / units;
}
