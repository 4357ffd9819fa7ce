/**
 * Trying the laws on an op.
 */
import type { Sample } from "@chainrule/core";
import { ArgumentError, checkInteger, checkOptions } from "@chainrule/core";
import { check, gen, property } from "fast-check";
import { drawFrom, seededDraw, shrinkingSource } from "./draw.ts";
import { opLaws } from "./laws/index.ts";
import type { AnyOp, Law, Tally } from "./laws/law.ts";
import { emptyTally, OpCall } from "./laws/law.ts";
import { hashOf } from "./randomness.ts";

/** Options of {@link checkOp}. */
export interface CheckOptions {
  /** How many calls to draw; 100 unless given. */
  cases?: number;
  /** Another seed draws other calls. */
  seed?: number;
  /** The laws to try; all unless given. */
  laws?: readonly Law[];
  /** Whether to look for a smaller call that fails, too; true unless given. */
  shrink?: boolean;
}

/** A law that did not hold, and for which call. */
export interface LawFailure {
  readonly law: string;
  readonly message: string;
  /** The call as a line of a program; `null` for a law of the op itself. */
  readonly call: string | null;
  /** The number of the drawn call, to be had again with the same seed; −1 for a law of the op itself. */
  readonly caseNumber: number;
}

/** The outcome of {@link checkOp}. */
export interface LawReport {
  readonly op: string;
  readonly cases: number;
  readonly seed: number;
  /** The laws that say something about this op. */
  readonly laws: readonly string[];
  readonly tally: Readonly<Tally>;
  /** Operands for which no call had a gradient, by their place among the arguments. */
  readonly withoutGradient: readonly string[];
  readonly failures: readonly LawFailure[];
  readonly ok: boolean;
  /** One line if all laws hold, and what failed for which call otherwise. */
  toString(): string;
}

/** Kinks are tolerated in one call of a hundred. */
const kinkShare = 0.01;

/**
 * Tries the laws on an op: on calls drawn by its samples, and on its rows of bad calls and edge cases.
 *
 * Calls depend on the op's name, the seed and the number of the case only. For each law that fails, the first call is
 * reported, and a smaller one where fast-check finds it.
 *
 * @throws {ArgumentError} when `op` is no op, or has no samples.
 * @example
 * import { tanh } from "@chainrule/core";
 * import { checkOp } from "@chainrule/testing";
 * checkOp(tanh, { cases: 20 }).ok; // → true
 */
export function checkOp(op: AnyOp, options: CheckOptions = {}): LawReport {
  checkOptions("checkOp", options, ["cases", "seed", "laws", "shrink"]);
  const cases = checkInteger("checkOp", "cases", options.cases ?? 100, 1);
  const seed = checkInteger("checkOp", "seed", options.seed ?? 0, 0);
  if (typeof op !== "function" || typeof op.op !== "object") {
    throw new ArgumentError("checkOp: expected an op, as made by defineOp or pointwise.", { op });
  }
  const { name, samples } = op.op;
  if (samples.length === 0) {
    throw new ArgumentError(
      `checkOp: ${name} has no samples, so no call can be drawn. Give its literal some.`,
      { op: name },
    );
  }
  const laws = (options.laws ?? opLaws).filter((law) => law.appliesTo(op));
  const tally = emptyTally();
  const failures: LawFailure[] = [];
  const broken = new Set<string>();
  const fail = (failure: LawFailure): void => {
    broken.add(failure.law);
    failures.push(failure);
  };

  for (const law of laws) {
    try {
      law.once?.(op, tally);
    } catch (error) {
      fail({ law: law.name, message: messageOf(error), call: null, caseNumber: -1 });
    }
  }
  const onCalls = laws.filter((law) => law.onCall !== undefined);
  const gradientSeen = new Map<string, boolean>();
  for (let n = 0; n < cases && onCalls.some((law) => !broken.has(law.name)); n++) {
    const sample = samples[n % samples.length]!;
    const caseSeed = hashOf(`${name} ${seed} ${n}`);
    let call: OpCall;
    try {
      call = new OpCall(op, sample(seededDraw(caseSeed)), caseSeed);
    } catch (error) {
      fail({ law: "samples", message: messageOf(error), call: null, caseNumber: n });
      break;
    }
    for (const law of onCalls) {
      if (broken.has(law.name)) continue;
      try {
        law.onCall!(call, tally);
      } catch (error) {
        const message = messageOf(error);
        fail({
          law: law.name,
          caseNumber: n,
          ...((options.shrink === false ? null : shrunk(op, sample, law, caseSeed)) ?? {
            message,
            call: String(call),
          }),
        });
      }
    }
    if (broken.size === 0) noteGradients(call, gradientSeen);
  }
  const allowed = Math.max(1, kinkShare * cases);
  if (tally.kinkCalls > allowed) {
    fail({
      law: "gradcheck",
      message: `${tally.kinkCalls} of ${cases} calls met a kink; ${allowed} may. Keep the samples away from it: within(…, { avoid }).`,
      call: null,
      caseNumber: -1,
    });
  }
  const withoutGradient = [...gradientSeen].flatMap(([path, seen]) => (seen ? [] : [path]));
  return reportOf({
    op: name,
    cases,
    seed,
    laws: laws.map((law) => law.name),
    tally,
    withoutGradient,
    failures,
  });
}

function noteGradients(call: OpCall, seen: Map<string, boolean>): void {
  if (call.op.op.vjp === null) return;
  for (const [i, { path, tensor }] of call.operands.entries()) {
    if (tensor.dtype !== "float64" && tensor.dtype !== "float32") continue;
    seen.set(path, (seen.get(path) ?? false) || call.differentiable[i]!);
  }
}

/** Lets fast-check look for the smallest call of the sample that breaks the law. */
function shrunk(
  op: AnyOp,
  sample: Sample,
  law: Law,
  seed: number,
): { message: string; call: string } | null {
  let smallest: { message: string; call: string } | null = null;
  const holds = property(gen(), (source) => {
    const call = new OpCall(op, sample(drawFrom(shrinkingSource(source))), seed);
    try {
      law.onCall!(call, emptyTally());
      return true;
    } catch (error) {
      smallest = { message: messageOf(error), call: String(call) };
      return false;
    }
  });
  check(holds, { numRuns: 60, seed: seed | 0, interruptAfterTimeLimit: 2000 });
  return smallest;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === "LawViolation" ? error.message : `${error.name}: ${error.message}`;
}

function reportOf(found: Omit<LawReport, "ok" | "toString">): LawReport {
  return { ...found, ok: found.failures.length === 0, toString: () => textOf(found) };
}

function textOf({
  op,
  cases,
  seed,
  laws,
  tally,
  withoutGradient,
  failures,
}: Omit<LawReport, "ok" | "toString">): string {
  const kinks = tally.kinkSkips === 0 ? "" : `, ${tally.kinkSkips} kink skips`;
  const figures = `${cases} calls, ${laws.length} laws, ${tally.slopes} slopes${kinks}`;
  const without =
    withoutGradient.length === 0 ? "" : `; no gradient for ${withoutGradient.join(", ")}`;
  if (failures.length === 0) return `${op}: all laws hold (${figures}${without}).`;
  const lines = [`${op}: ${failures.length} of ${laws.length} laws broken (${figures}).`];
  for (const { law, message, call, caseNumber } of failures) {
    lines.push(`✗ ${law}`);
    lines.push(...message.split("\n").map((line) => `    ${line}`));
    if (call !== null) lines.push(`    call: ${call}`);
    if (caseNumber >= 0) lines.push(`    case ${caseNumber} of seed ${seed}`);
  }
  return lines.join("\n");
}
