/**
 * What can be done beside the training itself.
 */
import type { GeneratorState, Tensor } from "@chainrule/core";
import { ArgumentError, quoted } from "@chainrule/core";
import type { Module, StateDict } from "@chainrule/nn";
import type { EpochRecord, History } from "./history.ts";

/** Anything that moves parameters: the optimizers of `@chainrule/optim`, or one's own. */
export interface AnyOptimizer {
  readonly paramGroups: readonly { readonly params: readonly Tensor[]; lr: number }[];
  /** Whether it differentiates the loss that the closure returns by itself, as Newton's method does. */
  readonly differentiates?: boolean;
  zeroGrad(): void;
  step(closure: () => Tensor): unknown;
  stateDict(): unknown;
  loadStateDict(state: never): void;
}

/** What callbacks are given: the run as it stands. */
export interface Run {
  readonly model: Module;
  readonly optimizer: AnyOptimizer;
  /** The epoch that is running or was the last, counted from 1. */
  readonly epoch: number;
  /** How many epochs there will be, unless something stops the run. */
  readonly epochs: number;
  /** Batches done in this epoch. */
  readonly batch: number;
  /** Batches in an epoch; `null` where nobody knows. */
  readonly batches: number | null;
  /** Updates of the parameters since the run began, those before it was resumed among them. */
  readonly step: number;
  readonly history: History;
  /** Everything that the rest of the run depends on; `fit` goes on from it with `resume`. */
  stateDict(): RunStateDict;
  /** Ends the run behind this batch, or behind this epoch when called in `onEpochEnd`. */
  stop(reason: string): void;
}

/**
 * Everything that the rest of a run depends on: numbers, strings, arrays and plain objects of them, and tensors.
 * Continued from it, a run gives the same numbers to the bit as one that was never stopped.
 */
export interface RunStateDict {
  readonly model: StateDict;
  readonly optimizer: unknown;
  readonly callbacks: readonly unknown[];
  /** The loader's place, in the middle of an epoch, too. */
  readonly loader: unknown;
  /** The default generator, from which dropout draws. */
  readonly generator: GeneratorState;
  /** The generators that modules hold, in the order of the modules. */
  readonly generators: readonly GeneratorState[];
  /** The seed by which the validation samples were chosen; `null` if they were given. */
  readonly validationSeed: number | null;
  /** Epochs that are done. */
  readonly epochsDone: number;
  /** Batches done in the epoch behind them. */
  readonly batch: number;
  /** Whether those are all, and only the validation is left. */
  readonly trained: boolean;
  readonly step: number;
  /** What was counted in that epoch so far. */
  readonly totals: EpochTotals;
  readonly history: History;
}

/** What is counted during an epoch. */
export interface EpochTotals {
  /** Σ loss · samples. */
  readonly loss: number;
  readonly samples: number;
  readonly seconds: number;
  /** The states of the metrics, in their order. */
  readonly metrics: readonly (readonly number[])[];
}

/** The figures after a batch. */
export interface BatchRecord {
  /** The loss of this batch. */
  readonly loss: number;
  /** Computes the mean loss and the metrics of the epoch so far. */
  running(): EpochRecord;
}

/**
 * Is told of what happens in `fit`; each method may be left out, and may give a promise. The order is that of the array;
 * an error ends the run.
 *
 * A callback with a memory gives it in `stateDict` and takes it in `loadStateDict`, so that a run that is resumed goes on
 * exactly.
 */
export interface Callback {
  onTrainBegin?(run: Run): void | Promise<void>;
  onEpochBegin?(run: Run): void | Promise<void>;
  /**
   * Behind the backward pass, when the gradients are there and the parameters have not moved yet. Not with an optimizer that
   * differentiates by itself.
   */
  onGradients?(run: Run): void;
  onBatchEnd?(run: Run, record: BatchRecord): void | Promise<void>;
  /** Behind the validation; the record is in the history already. */
  onEpochEnd?(run: Run, record: EpochRecord): void | Promise<void>;
  /** At the end, also of a run that was stopped or failed. */
  onTrainEnd?(run: Run): void | Promise<void>;
  stateDict?(): unknown;
  loadStateDict?(state: never): void;
}

const moments = [
  "onTrainBegin",
  "onEpochBegin",
  "onGradients",
  "onBatchEnd",
  "onEpochEnd",
  "onTrainEnd",
] as const satisfies readonly (keyof Callback)[];

/** Refuses what is no callback, and methods that are misspelt and would never be called. */
export function checkCallbacks(where: string, callbacks: unknown): void {
  if (
    !Array.isArray(callbacks) ||
    callbacks.some((one) => one === null || typeof one !== "object")
  ) {
    throw new ArgumentError(`${where}: callbacks must be an array of objects.`, { callbacks });
  }
  const called: readonly string[] = [...moments, "stateDict"];
  for (const [i, callback] of callbacks.entries()) {
    const names = methodNames(callback);
    const unknown = names.find((name) => /^on[A-Z]/.test(name) && !called.includes(name));
    const isIdle = names.length > 0 && !names.some((name) => called.includes(name));
    if (unknown === undefined && !isIdle) continue;
    const what = isIdle
      ? `has only ${names.map(quoted).join(", ")}, which nobody calls`
      : `has the unknown method ${quoted(unknown)}`;
    throw new ArgumentError(`${where}: callback ${i} ${what}. Known: ${moments.join(", ")}.`, {
      callback: i,
    });
  }
}

/** The names of an object's methods, inherited ones too. */
function methodNames(object: object): string[] {
  const names: string[] = [];
  for (let at = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at))
    names.push(...Object.getOwnPropertyNames(at));
  return names.filter(
    (name) => name !== "constructor" && typeof Reflect.get(object, name) === "function",
  );
}
