/**
 * The training loop.
 */
import type { Generator } from "@chainrule/core";
import { ArgumentError, checkInteger, checkNumber, checkOptions, quoted } from "@chainrule/core";
import type { Module } from "@chainrule/nn";
import type { AnySchedule } from "../callbacks/schedule.ts";
import { ScheduleStep } from "../callbacks/schedule.ts";
import type { Metrics } from "../metrics/metric.ts";
import { namedMetrics } from "../metrics/metric.ts";
import type { AnyOptimizer, Callback, RunStateDict } from "./callback.ts";
import { checkCallbacks } from "./callback.ts";
import type { CheckpointOptions, ResumedFrom } from "./checkpointing.ts";
import { Checkpointing } from "./checkpointing.ts";
import { checkModel } from "./evaluate.ts";
import type { History } from "./history.ts";
import { historyNames } from "./history.ts";
import type { ObjectiveOptions } from "./objective.ts";
import { objectiveOf } from "./objective.ts";
import type { StopSignal } from "./pause.ts";
import { onInterrupt } from "./pause.ts";
import type { ProgressOption } from "./progress.ts";
import { progressFor } from "./progress.ts";
import { TrainingRun } from "./run.ts";
import type { BatchOf, FitData } from "./source.ts";

/** Options of {@link fit}. */
export interface FitOptions<Batch, M extends Module> extends ObjectiveOptions<Batch, M> {
  /** What moves the parameters: `new optim.Adam(model.parameters())`. */
  optimizer: AnyOptimizer;
  /** How often the data is gone through; 1 unless given. */
  epochs?: number;
  /** Samples in a batch, where the data is no loader; 32 unless given. */
  batchSize?: number;
  /** Whether each epoch has an order of its own, where the data is no loader; true unless given. */
  shuffle?: boolean;
  /** Where the order and the choice of validation samples come from; the default generator unless given. */
  generator?: Generator;
  /** Data to be evaluated behind each epoch; the model is not trained on it. */
  validationData?: FitData;
  /** The share of the samples, chosen at random, that is kept for validation. */
  validationSplit?: number;
  /** Figures beside the loss, of the training data as it is trained on and of the validation data. */
  metrics?: Metrics;
  /** What else is to be done; see {@link Callback}. */
  callbacks?: readonly Callback[];
  /** A schedule that steps behind each epoch; for other rhythms, use the callback `ScheduleStep`. */
  schedule?: AnySchedule;
  /** Scales gradients down to this norm, all together. */
  clipGradNorm?: number;
  /** Batches whose gradients are averaged for one update; 1 unless given. */
  accumulate?: number;
  /** Stops behind a batch when it is aborted: the history so far is returned. */
  signal?: StopSignal;
  /** Whether Ctrl-C stops likewise (a second one ends the program); true unless given. */
  interrupt?: boolean;
  /** What is shown: a bar in a terminal and nothing elsewhere, unless given. */
  progress?: ProgressOption;
  /**
   * Saves the whole run now and then, and goes on from the last checkpoint with `resume: true`: a program that was killed
   * at any moment ends with the same numbers as one that was not.
   */
  checkpoint?: CheckpointOptions;
  /** Goes on from `run.stateDict()` of an earlier run with the same data and options, to the bit. */
  resume?: RunStateDict;
}

/** Why a run ended. */
export type Ending = "completed" | "stopped" | "aborted" | "interrupted";

/** What {@link fit} gives. */
export interface FitResult {
  /** The figures of all finished epochs. */
  readonly history: History;
  /** `stopped` by a callback, `aborted` by the signal, `interrupted` by Ctrl-C. */
  readonly ending: Ending;
  /** The reason in words; "" for a run that was completed. */
  readonly reason: string;
  /** The state at the end: `resume` goes on from it. */
  readonly state: RunStateDict;
  /** The checkpoint that the run went on from; `null` if it began anew. */
  readonly resumed: ResumedFrom | null;
}

const optionNames = [
  "loss",
  "step",
  "optimizer",
  "epochs",
  "batchSize",
  "shuffle",
  "generator",
  "validationData",
  "validationSplit",
  "metrics",
  "callbacks",
  "schedule",
  "clipGradNorm",
  "accumulate",
  "signal",
  "interrupt",
  "progress",
  "checkpoint",
  "resume",
];

/**
 * Trains a model: for each epoch and each batch it forgets the old gradients, computes the loss, differentiates and lets
 * the optimizer step; then it evaluates the validation data. The model is put into its mode for training (`train`).
 *
 * The numbers are those of the same loop written by hand over the same `DataLoader`, to the bit. What it adds is
 * bookkeeping: a history, metrics, callbacks, a progress bar, a clean end at Ctrl-C or an `AbortSignal`, turns for the
 * event loop, and a state from which a run goes on exactly.
 *
 * @throws {ArgumentError} for unknown or contradictory options, data that is none, batches the loss cannot use.
 * @example
 * import { Generator, linspace, manualSeed, mseLoss } from "@chainrule/core";
 * import { Linear } from "@chainrule/nn";
 * import { SGD } from "@chainrule/optim";
 * import { fit } from "@chainrule/train";
 * manualSeed(0);
 * const x = linspace(-1, 1, 64).reshape([64, 1]);
 * const y = x.mul(3).add(1);
 * const model = new Linear(1, 1);
 * const optimizer = new SGD(model.parameters(), { lr: 0.1 });
 * const { history } = await fit(model, [x, y], { loss: mseLoss, optimizer, epochs: 50, batchSize: 16 });
 * history.epoch.length; // → 50
 * history.loss.at(-1)! < 1e-4; // → true
 * model.weight.item().toFixed(2); // → 3.00
 */
export async function fit<M extends Module, const Data extends FitData>(
  model: M,
  data: Data,
  options: FitOptions<BatchOf<Data>, M>,
): Promise<FitResult> {
  const where = "fit";
  checkModel(where, model);
  checkOptions(where, options, optionNames);
  const { optimizer, clipGradNorm, signal } = options;
  checkOptimizer(optimizer, model);
  const epochs = checkInteger(where, "epochs", options.epochs ?? 1, 1);
  if (clipGradNorm !== undefined && !(checkNumber(where, "clipGradNorm", clipGradNorm) > 0)) {
    throw new ArgumentError(`${where}: clipGradNorm must be positive, not ${clipGradNorm}.`);
  }
  if (clipGradNorm !== undefined && optimizer.differentiates === true) {
    throw new ArgumentError(
      `${where}: clipGradNorm has nothing to clip, because this optimizer differentiates the loss by itself.`,
    );
  }
  const { schedule, callbacks = [] } = options;
  checkCallbacks(where, callbacks);
  const run = new TrainingRun({
    model,
    data,
    optimizer,
    epochs,
    objective: objectiveOf(where, model, options),
    metrics: namedMetrics(where, options.metrics, historyNames),
    callbacks: [...(schedule === undefined ? [] : [new ScheduleStep(schedule)]), ...callbacks],
    observers: progressFor(where, options.progress),
    checkpointing:
      options.checkpoint === undefined
        ? null
        : new Checkpointing(`${where}: checkpoint`, options.checkpoint),
    clipGradNorm: clipGradNorm ?? null,
    accumulate: checkInteger(where, "accumulate", options.accumulate ?? 1, 1),
    batchOptions: {
      batchSize: options.batchSize,
      shuffle: options.shuffle,
      generator: options.generator,
    },
    validationData: options.validationData ?? null,
    validationSplit: options.validationSplit ?? null,
    signal: signal ?? null,
  });
  if (options.resume !== undefined) {
    if (options.checkpoint?.resume === true) {
      throw new ArgumentError(
        `${where}: there is both a state to resume and checkpoint.resume; give one of them.`,
      );
    }
    run.loadStateDict(options.resume);
  }
  await run.begin();
  const release =
    options.interrupt === false
      ? () => undefined
      : onInterrupt(() => run.end("interrupted", "Ctrl-C"));
  try {
    return await run.train();
  } finally {
    release();
  }
}

/** An optimizer, and one that moves at least something of the model: that of another model would train nothing, silently. */
function checkOptimizer(optimizer: unknown, model: Module): void {
  const { name } = model.constructor;
  const known =
    optimizer !== null &&
    typeof optimizer === "object" &&
    "step" in optimizer &&
    "zeroGrad" in optimizer &&
    "paramGroups" in optimizer;
  if (!known) {
    throw new ArgumentError(
      `fit: optimizer must be one such as new Adam(model.parameters()), not ${quoted(optimizer)}.`,
      { optimizer },
    );
  }
  const { paramGroups } = optimizer as AnyOptimizer;
  const moved = new Set(paramGroups.flatMap(({ params }) => [...params]));
  if (model.parameters().some((parameter) => moved.has(parameter))) return;
  throw new ArgumentError(
    `fit: the optimizer moves none of the parameters of the ${name} that is to be trained. Make it with model.parameters() of this very model.`,
  );
}
