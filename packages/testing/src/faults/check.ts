/**
 * Planting faults and seeing whether the laws catch them: the negative control of all laws.
 */
import { checkOp } from "../check.ts";
import { seededSource } from "../draw.ts";
import type { AnyOp } from "../laws/law.ts";
import { hashOf } from "../randomness.ts";
import type { Fault } from "./fault.ts";
import { forwardFaults } from "./forward.ts";
import { gradientFaults } from "./gradients.ts";

/** Every way in which an op can be done wrong here. */
export const faults: readonly Fault[] = [...gradientFaults, ...forwardFaults];

/** Options of {@link checkFaults}. */
export interface FaultOptions {
  /** How many faults to plant; one of each kind unless given. */
  count?: number;
  /** Another seed plants other faults in other ops. */
  seed?: number;
  /** How many calls the laws may draw to find one; 100 unless given. */
  cases?: number;
}

/** One planted fault. */
export interface FaultOutcome {
  readonly op: string;
  readonly fault: string;
  /** The laws that noticed. */
  readonly caughtBy: readonly string[];
}

/** How many faults were planted, and which were caught. */
export interface FaultReport {
  readonly planted: readonly FaultOutcome[];
  readonly missed: readonly FaultOutcome[];
}

/**
 * Plants faults in ops chosen at random, and tries the laws on them. A fault that made no difference to any call is
 * planted elsewhere.
 */
export function checkFaults(ops: readonly AnyOp[], options: FaultOptions = {}): FaultReport {
  const { count = faults.length, seed = 0, cases = 100 } = options;
  const source = seededSource(hashOf(`faults ${seed}`));
  const planted: FaultOutcome[] = [];
  for (let n = 0; n < count; n++) {
    const fault = faults[n % faults.length]!;
    const candidates = ops.filter((op) => fault.appliesTo(op));
    // Some ops cannot show the fault whatever is drawn: a sum has no operand to read wrong.
    for (let attempt = 0; attempt < 20 && candidates.length > 0; attempt++) {
      const [op] = candidates.splice(source.integer(0, candidates.length - 1), 1);
      const outcome = tryFault(op!, fault, source.integer(0, 2 ** 20), cases);
      if (outcome === null) continue;
      planted.push(outcome);
      break;
    }
  }
  return { planted, missed: planted.filter(({ caughtBy }) => caughtBy.length === 0) };
}

/** Plants one fault and tries the laws; `null` if it made no difference. */
export function tryFault(op: AnyOp, fault: Fault, seed: number, cases = 100): FaultOutcome | null {
  const { op: faulty, effects } = fault.plant(op, seededSource(seed));
  const report = checkOp(faulty, { cases, seed, shrink: false });
  if (effects() === 0) return null;
  return { op: op.op.name, fault: fault.name, caughtBy: report.failures.map(({ law }) => law) };
}
