/**
 * Measuring: medians of many short runs, the candidates in turn.
 */

/** The times of one candidate, in milliseconds a step. */
export interface Timing extends Spread {
  readonly runs: number;
}

/** A median, and the lower and upper quartile around it. */
export interface Spread {
  readonly median: number;
  readonly quartiles: readonly [number, number];
}

/** Of several candidates: the times of each, and how each compares with the first. */
export interface Comparison {
  readonly timings: readonly Timing[];
  /** First candidate's time ÷ this one's, run by run: below 1, the first is faster. */
  readonly ratios: readonly Spread[];
}

/** How long to measure. */
export interface Effort {
  /** Runs of each candidate. */
  readonly runs: number;
  /** Milliseconds that one run should last. */
  readonly runTime: number;
  /** Milliseconds for which a candidate runs before it counts, so that its code is compiled. */
  readonly warmUp: number;
}

/** Milliseconds that have passed since some moment. */
export type Clock = () => number;

/** The clock on the wall: what users wait for. */
export const wallTime: Clock = () => performance.now();

/**
 * The time that the processor spent on this process, its garbage collection included: on a machine that others use at
 * the same time, it is this process's own.
 */
export const processorTime: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/**
 * Times several candidates in turn, A B B A A B …, so that a machine whose speed changes meanwhile treats all of them
 * alike and none always comes after the same other. A ratio compares runs that follow each other; the median of these
 * ratios is steadier than the ratio of the medians.
 */
export function measureInTurn(
  steps: readonly (() => void)[],
  { runs, runTime, warmUp }: Effort,
  clock: Clock = wallTime,
): Comparison {
  const repeats = steps.map((step) => repeatsFor(step, runTime, warmUp));
  const times: number[][] = steps.map(() => []);
  for (let run = 0; run < runs; run++) {
    for (let turn = 0; turn < steps.length; turn++) {
      const i = run % 2 === 0 ? turn : steps.length - 1 - turn;
      times[i]!.push(timeOf(steps[i]!, repeats[i]!, clock));
    }
  }
  const first = times[0] ?? [];
  return {
    timings: times.map((own) => ({ ...spreadOf(own), runs: own.length })),
    ratios: times.map((own) => spreadOf(own.map((time, run) => first[run]! / time))),
  };
}

/** Warms a step up, and finds how often it is to be repeated to fill a run. */
function repeatsFor(step: () => void, runTime: number, warmUp: number): number {
  const end = performance.now() + warmUp;
  let last = timeOf(step, 1, wallTime);
  // What is seen first is slow: the pieces grow as the code is compiled.
  while (performance.now() < end)
    last = timeOf(step, 1 + Math.floor(5 / Math.max(last, 1e-3)), wallTime);
  return Math.max(1, Math.round(runTime / Math.max(last, 1e-6)));
}

function timeOf(step: () => void, repeats: number, clock: Clock): number {
  const start = clock();
  for (let i = 0; i < repeats; i++) step();
  return (clock() - start) / repeats;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.slice().sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const low = Math.floor(place);
    const high = Math.ceil(place);
    return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!);
  };
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)] };
}

/**
 * The bytes that a step allocates, on the heap and in array buffers: the growth over steps during which no garbage was
 * collected. A run that shrank the heap, or grew it much less than others, had a collection in it, so the upper
 * quartile counts.
 */
export function bytesAllocated(step: () => void): number {
  const growths: number[] = [];
  for (let run = 0; run < 15; run++) {
    const before = process.memoryUsage();
    step();
    const after = process.memoryUsage();
    growths.push(after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers);
  }
  return Math.max(0, spreadOf(growths).quartiles[1]);
}
