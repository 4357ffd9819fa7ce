/**
 * Marking a gradient that a learner worked out: right, or which mistake it shows.
 */

import { numbersOf } from "../trace/data.ts";
import type { Trace, TraceRef, TraceValue } from "../trace/schema.ts";
import { broadcastIndex, cotangentOf } from "../trace/terms.ts";

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
  const copies = arrived.flatMap((index) => unsummedOf(trace, index, gradient.shape));
  if (copies.some(matches)) return "broadcast";
  if (arrived.length > 1) {
    const parts = arrived.flatMap(
      (index) => answerOf(trace.backward!.contributions[index]!.value) ?? [],
    );
    const partial = parts.some(matches) || someSubset(parts, matches);
    if (partial) return "accumulate";
  }
  if (gradient.shape.length >= 2) {
    const { shape, data } = transposed(gradient);
    // A page has fields for the right shape only.
    if (matches({ shape, data }) || matches({ shape: gradient.shape, data })) return "transposed";
  }
  if (arrived.some((index) => withoutTranspose(trace, index).some(matches))) return "transposed";
  if (matches(scaled(gradient, 2))) return "zeroGrad";
  return null;
}

/** The places of the contributions to a tensor. */
function contributionsTo(trace: Trace, target: TraceRef): number[] {
  return (trace.backward?.contributions ?? []).flatMap(({ node, operand }, index) => {
    const ref = trace.nodes[node - 1]!.operands[operand]!;
    return ref.node === target.node && ref.output === target.output ? [index] : [];
  });
}

/** What a contribution is before it is summed over the copies of a tensor: all copies, and each by itself. */
function unsummedOf(trace: Trace, index: number, shape: readonly number[]): Answer[] {
  const { node, operand, raw } = trace.backward!.contributions[index]!;
  const whole = answerOf(raw) ?? cotangentAnswer(trace, node, index);
  const { op, outputs } = trace.nodes[node - 1]!;
  // A bias is summed by the rule itself.
  const isBias = op === "linear" && operand === 2 && outputs.length === 1;
  if (whole === null || (raw === null && !isBias)) return [];
  const places = whole.data.map((_, i) => broadcastIndex(i, whole.shape, shape));
  const size = shape.reduce((product, length) => product * length, 1);
  if (size === 0) return [];
  const copies = Array.from({ length: whole.data.length / size }, (): number[] => []);
  const met = new Map<number, number>();
  for (const [i, place] of places.entries()) {
    const copy = met.get(place) ?? 0;
    met.set(place, copy + 1);
    copies[copy]![place] = whole.data[i]!;
  }
  return [whole, ...copies.map((data) => ({ shape, data }))];
}

function cotangentAnswer(trace: Trace, node: number, index: number): Answer | null {
  const data = cotangentOf(trace, node, index);
  return data === null ? null : { shape: trace.nodes[node - 1]!.outputs[0]!.shape, data };
}

/** What the rules of a product of matrices give where somebody forgot to transpose the other factor, if that has a shape. */
function withoutTranspose(trace: Trace, index: number): Answer[] {
  const { node: id, operand } = trace.backward!.contributions[index]!;
  const node = trace.nodes[id - 1]!;
  const cotangent = cotangentAnswer(trace, id, index);
  if (node.op !== "matmul" || cotangent === null) return [];
  const other = node.operands[1 - operand]!;
  const factor = answerOf(trace.nodes[other.node - 1]!.outputs[other.output]!.value);
  if (factor === null || factor.shape.length !== 2) return [];
  const product =
    operand === 0
      ? matrixProduct(asRows(cotangent), factor)
      : matrixProduct(factor, asColumns(cotangent));
  if (product === null) return [];
  const { shape } =
    trace.nodes[node.operands[operand]!.node - 1]!.outputs[node.operands[operand]!.output]!;
  return product.data.length === shape.reduce((a, b) => a * b, 1)
    ? [{ shape, data: product.data }]
    : [];
}

/** A vector on the left of a product is a row, one on the right a column. */
function asRows({ shape, data }: Answer): Answer {
  return { shape: shape.length === 1 ? [1, shape[0]!] : shape, data };
}

function asColumns({ shape, data }: Answer): Answer {
  return { shape: shape.length === 1 ? [shape[0]!, 1] : shape, data };
}

function matrixProduct(a: Answer, b: Answer): Answer | null {
  if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[1] !== b.shape[0]) return null;
  const [rows, inner, columns] = [a.shape[0]!, a.shape[1]!, b.shape[1]!];
  const data = new Array<number>(rows * columns).fill(0);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++)
      for (let j = 0; j < columns; j++)
        data[i * columns + j]! += a.data[i * inner + k]! * b.data[k * columns + j]!;
  return { shape: [rows, columns], data };
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
