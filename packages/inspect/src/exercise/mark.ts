/**
 * Marking a gradient that a learner worked out: right, or which mistake it shows.
 */
import { numbersOf } from "../trace/data.ts";
import type { Trace, TraceContribution, TraceRef, TraceValue } from "../trace/schema.ts";

/** What is wrong with an answer, as far as it can be told. */
export type Mistake =
  /** One path, or some of them, where all add up. */
  | "accumulate"
  /** Rows for columns. */
  | "transposed"
  /** Not summed over the copies that broadcasting made. */
  | "broadcast"
  /** An old gradient was still there, and the new one was added to it. */
  | "zeroGrad"
  | "sign"
  /** A constant factor. */
  | "factor"
  | "shape"
  | "notFinite"
  | "other";

/** The verdict on an answer. */
export interface Mark {
  readonly isRight: boolean;
  /** `null` where the answer is right. */
  readonly mistake: Mistake | null;
  /** The factor by which the answer is off, for the mistake "factor". */
  readonly factor: number | null;
  /** The places of elements that are wrong, in row-major order; empty where the shape is wrong. */
  readonly wrong: readonly number[];
}

/** An answer: numbers in row-major order, with their shape. */
export interface Answer {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** How far an answer may be off: relative to the number, and never less than a learner's rounding of it. */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

const right: Mark = { isRight: true, mistake: null, factor: null, wrong: [] };

/**
 * Marks the gradient of one tensor of a trace. Mistakes are recognised by what they would have given: each candidate is
 * made from the captured contributions and compared with the answer.
 */
export function markAnswer(
  trace: Trace,
  target: TraceRef,
  answer: Answer,
  tolerance: Tolerance,
): Mark {
  const tensor = trace.nodes[target.node - 1]!.outputs[target.output]!;
  const gradient = answerOf(tensor.grad);
  if (gradient === null) return { isRight: false, mistake: "other", factor: null, wrong: [] };
  if (!answer.data.every(Number.isFinite) && gradient.data.every(Number.isFinite))
    return wrongBecause("notFinite", answer, gradient, tolerance);
  if (isSame(answer, gradient, tolerance)) return right;
  const mistake = mistakeIn(trace, target, answer, gradient, tolerance);
  if (mistake !== null) return wrongBecause(mistake, answer, gradient, tolerance);
  if (!sameShape(answer.shape, gradient.shape))
    return wrongBecause("shape", answer, gradient, tolerance);
  const factor = commonFactor(answer, gradient, tolerance);
  if (factor === null) return wrongBecause("other", answer, gradient, tolerance);
  return { ...wrongBecause("factor", answer, gradient, tolerance), factor };
}

function mistakeIn(
  trace: Trace,
  target: TraceRef,
  answer: Answer,
  gradient: Answer,
  tolerance: Tolerance,
): Mistake | null {
  const matches = (candidate: Answer): boolean => isSame(answer, candidate, tolerance);
  if (matches(scaled(gradient, -1))) return "sign";
  const arrived = contributionsTo(trace, target);
  for (const { raw } of arrived) {
    const unsummed = answerOf(raw);
    if (unsummed !== null && matches(unsummed)) return "broadcast";
  }
  if (arrived.length > 1) {
    const parts = arrived.flatMap(({ value }) => answerOf(value) ?? []);
    const partial = parts.some(matches) || someSubset(parts, matches);
    if (partial) return "accumulate";
  }
  if (gradient.shape.length >= 2 && matches(transposed(gradient))) return "transposed";
  if (matches(scaled(gradient, 2))) return "zeroGrad";
  return null;
}

function contributionsTo(trace: Trace, target: TraceRef): readonly TraceContribution[] {
  return (trace.backward?.contributions ?? []).filter(({ node, operand }) => {
    const ref = trace.nodes[node - 1]!.operands[operand]!;
    return ref.node === target.node && ref.output === target.output;
  });
}

/** Whether the sum of some, but not all, of up to six parts is what was answered. */
function someSubset(parts: readonly Answer[], matches: (candidate: Answer) => boolean): boolean {
  if (parts.length > 6) return false;
  for (let chosen = 1; chosen < 2 ** parts.length - 1; chosen++) {
    const some = parts.filter((_, i) => (chosen >> i) & 1);
    const data = some[0]!.data.map((_, i) => some.reduce((total, one) => total + one.data[i]!, 0));
    if (matches({ shape: some[0]!.shape, data })) return true;
  }
  return false;
}

function answerOf(value: TraceValue | null): Answer | null {
  const data = numbersOf(value);
  return data === null || value === null ? null : { shape: value.shape, data };
}

function scaled({ shape, data }: Answer, factor: number): Answer {
  return { shape, data: data.map((value) => factor * value) };
}

/** The last two dimensions exchanged. */
function transposed({ shape, data }: Answer): Answer {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  const size = rows * columns;
  return {
    shape: [...shape.slice(0, -2), columns, rows],
    data: data.map((_, flat) => {
      const [matrix, place] = [Math.floor(flat / size), flat % size];
      return data[matrix * size + (place % rows) * columns + Math.floor(place / rows)]!;
    }),
  };
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

function isSame(answer: Answer, expected: Answer, tolerance: Tolerance): boolean {
  return (
    sameShape(answer.shape, expected.shape) &&
    answer.data.every((value, i) => isClose(value, expected.data[i]!, tolerance))
  );
}

function isClose(value: number, expected: number, { relative, absolute }: Tolerance): boolean {
  if (Object.is(value, expected)) return true;
  return Math.abs(value - expected) <= Math.max(absolute, relative * Math.abs(expected));
}

/** The one factor between an answer and the gradient, where there is one. */
function commonFactor(answer: Answer, gradient: Answer, tolerance: Tolerance): number | null {
  const largest = gradient.data.reduce(
    (best, value, i) => (Math.abs(value) > Math.abs(gradient.data[best]!) ? i : best),
    0,
  );
  if (!gradient.data[largest]) return null;
  const factor = answer.data[largest]! / gradient.data[largest]!;
  const isCommon = factor !== 0 && isSame(answer, scaled(gradient, factor), tolerance);
  return isCommon && answer.data.length > 1 ? factor : null;
}

function wrongBecause(
  mistake: Mistake,
  answer: Answer,
  gradient: Answer,
  tolerance: Tolerance,
): Mark {
  const wrong = sameShape(answer.shape, gradient.shape)
    ? answer.data.flatMap((value, i) => (isClose(value, gradient.data[i]!, tolerance) ? [] : [i]))
    : [];
  return { isRight: false, mistake, factor: null, wrong };
}
