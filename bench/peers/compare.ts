/**
 * Chainrule and its peers, each in a process of its own, taking turns.
 */
import type { Effort, Spread } from "../measure.ts";
import { spreadOf } from "../measure.ts";
import type { Problem } from "../problems.ts";
import { Child, ourselves, type Peer, PeerError } from "./child.ts";

/** What was found about an engine on a problem. */
export interface Measured {
  readonly engine: string;
  /** Milliseconds of a step. */
  readonly time: Spread;
  /** Chainrule's time ÷ this engine's, turn by turn: below 1, Chainrule is faster. */
  readonly ratio: Spread;
  /** The most memory that the process held, in bytes. */
  readonly memory: number;
  /** Milliseconds to import the library. */
  readonly importTime: number;
  /** What it computed: the losses of the first steps. */
  readonly results: readonly number[];
  /** How far that is from what Chainrule computed, relatively. */
  readonly deviation: number;
}

/** An engine that gave no figures, and why. */
export interface Failed {
  readonly engine: string;
  readonly failure: string;
}

/** Engines compute in float32, and some of them approximate elementary functions more coarsely than that. */
export const allowedDeviation = 1e-3;

interface Running {
  readonly peer: Peer;
  readonly child: Child;
  readonly results: readonly number[];
  readonly repeats: number;
  /** In how many turns it takes part. */
  readonly turns: number;
}

/** An engine that has computed for so many milliseconds sits out what turns are left, but for the first three. */
const enoughTime = 10_000;
const leastTurns = 3;

/**
 * Measures a problem on all engines in turn, forth and back, so that a machine whose speed changes treats all alike.
 * The first result is Chainrule's.
 */
export async function compare(
  problem: Problem,
  peers: readonly Peer[],
  { runs, runTime, warmUp }: Effort,
): Promise<readonly (Measured | Failed)[]> {
  const running: Running[] = [];
  const failed: Failed[] = [];
  const children: Child[] = [];
  try {
    for (const peer of [ourselves, ...peers]) {
      try {
        const child = await Child.start(peer);
        children.push(child);
        const results = await child.prepare(peer, problem);
        const { repeats, time } = await repeatsFor(child, runTime, warmUp);
        const turns = Math.max(leastTurns, Math.ceil(enoughTime / (repeats * time)));
        running.push({ peer, child, results, repeats, turns });
      } catch (error) {
        if (!(error instanceof PeerError)) throw error;
        if (peer === ourselves) throw error;
        failed.push({ engine: peer.name, failure: error.message });
      }
    }
    const times = running.map((): number[] => []);
    for (let run = 0; run < runs; run++) {
      for (let turn = 0; turn < running.length; turn++) {
        const i = run % 2 === 0 ? turn : running.length - 1 - turn;
        const { child, repeats, turns } = running[i]!;
        if (run < turns) times[i]!.push((await child.time(repeats)) / repeats);
      }
    }
    const measured: Measured[] = [];
    for (const [i, { peer, child, results }] of running.entries()) {
      measured.push({
        engine: peer.name,
        time: spreadOf(times[i]!),
        ratio: spreadOf(times[i]!.map((time, run) => times[0]![run]! / time)),
        memory: await child.memory(),
        importTime: child.greeting!.importTime,
        results,
        deviation: deviation(results, running[0]!.results),
      });
    }
    return [...measured, ...failed];
  } finally {
    for (const child of children) child.stop();
  }
}

function deviation(results: readonly number[], expected: readonly number[]): number {
  if (results.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const [i, value] of expected.entries()) {
    const apart = Math.abs(results[i]! - value) / Math.max(Math.abs(value), 1e-30);
    // NaN, which is far from everything, stays.
    largest = Math.max(largest, apart);
  }
  return largest;
}

/** Warms an engine up, and finds how long a step takes in milliseconds, and how often it fills a run. */
async function repeatsFor(
  child: Child,
  runTime: number,
  warmUp: number,
): Promise<{ repeats: number; time: number }> {
  const end = performance.now() + warmUp;
  let last = await child.time(1);
  while (performance.now() < end) {
    const repeats = 1 + Math.floor(5 / Math.max(last, 1e-3));
    last = (await child.time(repeats)) / repeats;
  }
  return { repeats: Math.max(1, Math.round(runTime / Math.max(last, 1e-6))), time: last };
}
