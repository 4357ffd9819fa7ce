/**
 * Gradients as an exercise: the learner fills them in, and is told what went wrong.
 */
import { ArgumentError, checkNumber, checkOptions, quoted, Tensor, tensor } from "@chainrule/core";
import type { Language } from "../page/data.ts";
import { capture } from "../trace/capture.ts";
import { numbersOf } from "../trace/data.ts";
import { TensorNames } from "../trace/names.ts";
import { readTrace } from "../trace/read.ts";
import type { Trace, TraceRef } from "../trace/schema.ts";
import { exercisePage } from "./html.ts";
import type { Answer, Mark } from "./mark.ts";
import { markAnswer } from "./mark.ts";
import { messageOf } from "./message.ts";
import { exerciseWords } from "./words.ts";

/** Options of {@link exercise}. */
export interface ExerciseOptions {
  /** "en" (English) unless given, or "es" (Spanish). */
  language?: Language;
  /** How far an answer may be off, relative to the number; 1e-3 unless given, so that rounded answers count. */
  tolerance?: number;
}

/** One gradient to be found. */
export interface Blank {
  readonly name: string;
  readonly shape: readonly number[];
  readonly isSolved: boolean;
}

/** The verdict on an answer, with what to tell the learner. */
export interface CheckedAnswer extends Mark {
  readonly name: string;
  readonly message: string;
  toString(): string;
}

/** Gradients that wait to be filled in; made by {@link exercise}. */
export interface Exercise {
  /** The trace without its gradients: what the learner is shown. */
  readonly trace: Trace;
  /** The gradients to be found, from the loss backward. */
  readonly blanks: readonly Blank[];
  readonly isComplete: boolean;
  /** Marks an answer: a number, nested arrays, or a tensor. */
  check(name: string, answer: number | Tensor | readonly unknown[]): CheckedAnswer;
  /** The gradient itself, for those who give up: nested arrays. */
  solution(name: string): unknown;
  /** The exercise as one file with fields to fill in: opened from disk, it loads nothing. */
  toHTML(): string;
}

/**
 * Makes an exercise of a computation: its gradients are blanked, and `check(name, value)` marks what a learner finds.
 * An answer counts when it is right to the tolerance; one that is wrong is compared with what the common mistakes would
 * have given: one path of several, transposed, not summed over broadcast copies, added to an old gradient, wrong sign.
 *
 * All leaves with gradients are asked for, and results that have a name or feed several others.
 *
 * @throws {ArgumentError} for an unknown option or language, a computation without a backward pass, a name that is not
 * asked for, or an answer that holds no numbers.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { exercise } from "@chainrule/inspect";
 * const a = tensor(1, { requiresGrad: true, name: "a" });
 * const b = a.add(a).named("b");
 * const task = exercise(b.mul(b));
 * task.blanks.map(({ name }) => name); // → [ 'b', 'a' ]
 * task.check("b", 4).isRight; // → true
 * task.check("a", 4).mistake; // → accumulate
 * console.log(`${task.check("a", 8)}`); // → ✓ a: right.
 */
export function exercise(
  program: Tensor | (() => Tensor) | (() => void) | Trace,
  options: ExerciseOptions = {},
): Exercise {
  checkOptions("exercise", options, ["language", "tolerance"]);
  const { language = "en" } = options;
  if (!Object.hasOwn(exerciseWords, language)) {
    throw new ArgumentError(
      `exercise: language ${quoted(language)} is unknown. Known: ${Object.keys(exerciseWords).join(", ")}.`,
      { language },
    );
  }
  const relative = checkNumber("exercise", "tolerance", options.tolerance ?? 1e-3);
  const whole =
    program instanceof Tensor || typeof program === "function"
      ? capture(program)
      : readTrace(program);
  if (whole.backward === null)
    throw new ArgumentError("exercise: there is no backward pass, so there is nothing to find.");
  const targets = targetsOf(whole);
  const solved = new Set<string>();
  const targetOf = (name: string): TraceRef => {
    const target = targets.get(name);
    if (target !== undefined) return target;
    throw new ArgumentError(
      `exercise: ${quoted(name)} is not asked for. Asked for: ${[...targets.keys()].join(", ")}.`,
      { name },
    );
  };
  return {
    trace: blanked(whole),
    get blanks() {
      return [...targets].map(([name, ref]) => ({
        name,
        shape: whole.nodes[ref.node - 1]!.outputs[ref.output]!.shape,
        isSolved: solved.has(name),
      }));
    },
    get isComplete() {
      return solved.size === targets.size;
    },
    check(name, given) {
      const target = targetOf(name);
      const answer = answerFrom(given);
      const mark = markAnswer(whole, target, answer, { relative, absolute: relative / 1000 });
      if (mark.isRight) solved.add(name);
      const message = messageOf(name, mark, answer, language);
      return { ...mark, name, message, toString: () => message };
    },
    solution(name) {
      const { node, output } = targetOf(name);
      const grad = whole.nodes[node - 1]!.outputs[output]!.grad!;
      return tensor(numbersOf(grad)!, { dtype: "float64" })
        .reshape([...grad.shape])
        .toArray();
    },
    toHTML: () => exercisePage(whole, blanked(whole), targets, language, relative),
  };
}

/** What is asked for, from the loss backward: leaves, and results with a name or with several paths. */
function targetsOf(trace: Trace): ReadonlyMap<string, TraceRef> {
  const names = new TensorNames(trace);
  const outputs = new Set(trace.outputs.map(({ node, output }) => `${node}.${output}`));
  const targets = new Map<string, TraceRef>();
  for (const node of trace.nodes.slice().reverse()) {
    for (const [output, { grad, name }] of node.outputs.entries()) {
      if (numbersOf(grad) === null || outputs.has(`${node.id}.${output}`)) continue;
      const paths = trace.backward!.contributions.filter((one) => {
        const ref = trace.nodes[one.node - 1]!.operands[one.operand]!;
        return ref.node === node.id && ref.output === output;
      });
      if (node.kind !== "leaf" && name === null && paths.length < 2) continue;
      targets.set(names.of({ node: node.id, output }), { node: node.id, output });
    }
  }
  return targets;
}

/** The trace without anything that gives the answer away. */
function blanked(trace: Trace): Trace {
  return {
    ...trace,
    nodes: trace.nodes.map((node) => ({
      ...node,
      outputs: node.outputs.map((one) => ({ ...one, grad: null })),
    })),
    backward: null,
    update: null,
  };
}

function answerFrom(given: number | Tensor | readonly unknown[]): Answer {
  const x = given instanceof Tensor ? given : tensor(given as number, { dtype: "float64" });
  return { shape: x.shape, data: Array.from(x.toTypedArray()) };
}
