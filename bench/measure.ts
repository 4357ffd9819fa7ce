/**
 * Measuring: medians of many short runs, the candidates in turn.
 */

/** The times of one candidate, in milliseconds a step. */
export interface Timing {
  readonly median: number;
  /** Lower and upper quartile. */
  readonly quartiles: readonly [number, number];
  readonly runs: number;
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

/**
 * Times several candidates A, B, … in the order A B A B …, so that a machine whose speed changes meanwhile treats all of
 * them alike. Each is warmed up first, then timed for `runs` runs of about `runTime`.
 */
export function measureInTurn(
  steps: readonly (() => void)[],
  { runs, runTime, warmUp }: Effort,
): Timing[] {
  const repeats = steps.map((step) => repeatsFor(step, runTime, warmUp));
  const times: number[][] = steps.map(() => []);
  for (let run = 0; run < runs; run++) {
    for (const [i, step] of steps.entries()) times[i]!.push(timeOf(step, repeats[i]!));
  }
  return times.map(timing);
}

/** Warms a step up, and finds how often it is to be repeated to fill a run. */
function repeatsFor(step: () => void, runTime: number, warmUp: number): number {
  const end = performance.now() + warmUp;
  let last = timeOf(step, 1);
  while (performance.now() < end) last = timeOf(step, 1 + Math.floor(5 / Math.max(last, 1e-3)));
  return Math.max(1, Math.round(runTime / last));
}

function timeOf(step: () => void, repeats: number): number {
  const start = performance.now();
  for (let i = 0; i < repeats; i++) step();
  return (performance.now() - start) / repeats;
}

function timing(times: readonly number[]): Timing {
  const sorted = times.slice().sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const low = Math.floor(place);
    const high = Math.ceil(place);
    return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!);
  };
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)], runs: sorted.length };
}
