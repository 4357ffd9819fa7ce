/**
 * A run of the training loop, with everything that it depends on.
 */
import {
  ArgumentError,
  checkInteger,
  checkOptions,
  defaultGenerator,
  Generator,
  noGrad,
  type Tensor,
} from "@chainrule/core";
import type { Module } from "@chainrule/nn";
import { clipGradNorm_ } from "@chainrule/optim";
import { trainTestSplit } from "../data/split.ts";
import type { Metric } from "../metrics/metric.ts";
import type { AnyOptimizer, Callback, Run, RunStateDict } from "./callback.ts";
import type { Checkpointing, ResumedFrom } from "./checkpointing.ts";
import { measure, noBatches } from "./evaluate.ts";
import type { Ending, FitResult } from "./fit.ts";
import { generatorsIn } from "./generators.ts";
import type { EpochRecord, History } from "./history.ts";
import { append, emptyHistory, validationName } from "./history.ts";
import type { Objective, Outcome } from "./objective.ts";
import { refuseNonFinite, samplesIn } from "./objective.ts";
import type { StopSignal } from "./pause.ts";
import { Breather } from "./pause.ts";
import type { BatchOptions, BatchSource, FitData } from "./source.ts";
import { datasetOf, isBatchSource, sourceOf } from "./source.ts";
import { Totals } from "./totals.ts";

/** What a run is made of: the options of `fit`, checked. */
export interface RunSettings {
  readonly model: Module;
  readonly data: FitData;
  readonly optimizer: AnyOptimizer;
  readonly epochs: number;
  readonly objective: Objective;
  readonly metrics: readonly (readonly [name: string, metric: Metric])[];
  readonly callbacks: readonly Callback[];
  /** Told behind the callbacks. Their memories are no part of the run: a bar in a terminal may be missing tomorrow. */
  readonly observers: readonly Callback[];
  readonly checkpointing: Checkpointing | null;
  readonly clipGradNorm: number | null;
  readonly accumulate: number;
  readonly batchOptions: BatchOptions;
  readonly validationData: FitData | null;
  readonly validationSplit: number | null;
  readonly signal: StopSignal | null;
}

export class TrainingRun implements Run {
  readonly model: Module;
  readonly optimizer: AnyOptimizer;
  readonly epochs: number;
  history: History = emptyHistory();
  epoch = 1;
  batch = 0;
  step = 0;
  private readonly settings: RunSettings;
  private readonly listeners: readonly Callback[];
  private readonly breather = new Breather();
  private epochsDone = 0;
  /** Whether all batches of the epoch are done, and only its validation is left. */
  private trained = false;
  private totals: Totals;
  private epochBegan = 0;
  private validationSeed: number | null = null;
  private source: BatchSource | null = null;
  private validation: BatchSource | null = null;
  private loaderState: unknown = null;
  private resumed: ResumedFrom | null = null;
  private ended: { ending: Ending; reason: string } | null = null;

  constructor(settings: RunSettings) {
    this.settings = settings;
    this.listeners = [...settings.callbacks, ...settings.observers];
    this.model = settings.model;
    this.optimizer = settings.optimizer;
    this.epochs = settings.epochs;
    this.totals = new Totals(settings.metrics);
    this.checkValidation();
  }

  get batches(): number | null {
    return this.source?.length ?? null;
  }

  stop(reason: string): void {
    this.end("stopped", String(reason));
  }

  /** Ends the run behind this batch; the first reason counts. */
  end(ending: Ending, reason: string): void {
    this.ended ??= { ending, reason };
  }

  /** Goes on from the last checkpoint, where the run is to do so. */
  async begin(): Promise<void> {
    const { checkpointing } = this.settings;
    if (checkpointing !== null) this.resumed = await checkpointing.begin("fit: checkpoint", this);
  }

  /** Goes through all epochs that are left. */
  async train(): Promise<FitResult> {
    this.makeSources();
    await this.tell((callback) => callback.onTrainBegin?.(this));
    let state: RunStateDict;
    try {
      while (this.epochsDone < this.epochs && !this.isOver()) await this.trainEpoch();
      // Before callbacks put other weights in place: what is resumed goes on from the last ones.
      state = this.stateDict();
      await this.settings.checkpointing?.atEnd(this.step, state);
    } finally {
      await this.tell((callback) => callback.onTrainEnd?.(this));
    }
    const { ending, reason } = this.ended ?? { ending: "completed", reason: "" };
    return { history: this.history, ending, reason, state, resumed: this.resumed };
  }

  private async trainEpoch(): Promise<void> {
    this.epochBegan = performance.now() - 1000 * this.totals.seconds;
    const lr = this.optimizer.paramGroups[0]?.lr ?? Number.NaN;
    this.epoch = this.epochsDone + 1;
    if (this.batch === 0) await this.tell((callback) => callback.onEpochBegin?.(this));
    if (!this.trained) await this.trainBatches();
    if (this.isOver()) return;
    this.trained = true;
    const validated = await this.validate();
    if (validated === null) return;
    const seconds = (performance.now() - this.epochBegan) / 1000;
    const { loss, ...figures } = this.totals.record();
    const record = { epoch: this.epoch, loss: loss!, lr, seconds, ...figures, ...validated };
    append(this.history, record);
    this.batch = 0;
    this.trained = false;
    this.totals = new Totals(this.settings.metrics);
    this.epochsDone = this.epoch;
    await this.tell((callback) => callback.onEpochEnd?.(this, record));
    await this.settings.checkpointing?.afterEpoch(this.step, this);
  }

  private async trainBatches(): Promise<void> {
    this.model.train();
    let group: unknown[] = [];
    for await (const batch of this.source!) {
      group.push(batch);
      if (group.length < this.settings.accumulate) continue;
      await this.update(group);
      group = [];
      if (this.isOver()) return;
    }
    if (group.length > 0) {
      // The loader has gone through all batches: whoever resumes behind this update must not begin anew.
      this.trained = true;
      await this.update(group);
    }
    if (this.batch === 0) throw noBatches("fit");
  }

  /** One step of the optimizer, with the mean gradient of some batches. */
  private async update(group: readonly unknown[]): Promise<void> {
    const { model, optimizer, settings } = this;
    const { objective, clipGradNorm } = settings;
    const counts = group.map((batch) => samplesIn("fit", batch));
    // An optimizer such as LBFGS calls the closure several times; the first outcome is that of the epoch.
    let outcomes: readonly (Outcome & { readonly value: number })[] | null = null;
    optimizer.step((): Tensor => {
      optimizer.zeroGrad();
      const leavesBackward = optimizer.differentiates === true;
      const found = group.map((batch) => {
        const outcome = objective(batch);
        const value = outcome.loss.item();
        refuseNonFinite("fit", batch, value);
        const share = group.length === 1 ? outcome.loss : outcome.loss.div(group.length);
        if (!leavesBackward) share.backward();
        return { ...outcome, share, value };
      });
      outcomes ??= found;
      const mean = (): Tensor =>
        found.map(({ share }) => share).reduce((sum, share) => sum.add(share));
      if (leavesBackward) return mean();
      if (clipGradNorm !== null) clipGradNorm_(model.parameters(), clipGradNorm);
      for (const callback of settings.callbacks) callback.onGradients?.(this);
      return noGrad(mean).detach();
    });
    const seen: readonly (Outcome & { readonly value: number })[] = outcomes ?? [];
    for (const [i, outcome] of seen.entries()) {
      this.totals.add("fit", outcome, outcome.value, counts[i]!);
    }
    this.batch += group.length;
    this.step++;
    const loss = seen.reduce((sum, { value }) => sum + value, 0) / seen.length;
    const record = { loss, running: () => this.totals.record() };
    await this.tell((callback) => callback.onBatchEnd?.(this, record));
    await settings.checkpointing?.afterUpdate(this.step, this);
    const pause = this.breather.due();
    if (pause !== null) await pause;
  }

  /** The figures of the validation data; `null` if the run ended meanwhile. */
  private async validate(): Promise<EpochRecord | null> {
    if (this.validation === null) return {};
    const { model, settings } = this;
    const { objective, metrics } = settings;
    const record = await measure("fit", model, this.validation, objective, metrics, () =>
      this.isOver(),
    );
    if (record === null) return null;
    return Object.fromEntries(
      Object.entries(record).map(([name, figure]) => [validationName(name), figure]),
    );
  }

  private isOver(): boolean {
    const { signal } = this.settings;
    if (signal?.aborted === true) this.end("aborted", String(signal.reason ?? "aborted"));
    return this.ended !== null;
  }

  private async tell(what: (callback: Callback) => void | Promise<void>): Promise<void> {
    for (const callback of this.listeners) {
      const answer = what(callback);
      if (answer !== undefined) await answer;
    }
  }

  private checkValidation(): void {
    const { data, validationData, validationSplit } = this.settings;
    if (validationSplit === null) return;
    if (validationData !== null) {
      throw new ArgumentError(
        "fit: there is both validationData and a validationSplit; give one of them.",
      );
    }
    if (typeof validationSplit !== "number" || !(validationSplit > 0 && validationSplit < 1)) {
      throw new ArgumentError(
        `fit: validationSplit must be a share between 0 and 1, not ${String(validationSplit)}.`,
        { validationSplit },
      );
    }
    if (isBatchSource(data)) {
      throw new ArgumentError(
        "fit: a loader cannot be split. Give the data set itself, or split it with trainTestSplit and give validationData.",
      );
    }
  }

  private makeSources(): void {
    const { data, validationData, validationSplit, batchOptions } = this.settings;
    const { batchSize, generator } = batchOptions;
    const shuffled = isBatchSource(data)
      ? batchOptions
      : { ...batchOptions, shuffle: batchOptions.shuffle ?? true };
    if (validationSplit === null) {
      this.source = sourceOf("fit", data, shuffled);
      this.validation =
        validationData === null
          ? null
          : sourceOf(
              "fit: validationData",
              validationData,
              isBatchSource(validationData) ? {} : { batchSize },
            );
    } else {
      this.validationSeed ??= (generator ?? defaultGenerator).integer(2 ** 32);
      const { train, test } = trainTestSplit(datasetOf("fit", data), {
        testSize: validationSplit,
        generator: new Generator(this.validationSeed),
      });
      this.source = sourceOf("fit", train, shuffled);
      this.validation = sourceOf("fit", test, { batchSize });
    }
    if (this.loaderState !== null) {
      this.source.loadStateDict?.(this.loaderState as never);
      this.loaderState = null;
    } else if (this.batch > 0) {
      throw new ArgumentError(
        "fit: the state to resume is in the middle of an epoch, but the data cannot go on there. Use a DataLoader, or a source with stateDict and loadStateDict.",
      );
    }
  }

  stateDict(): RunStateDict {
    const spent = this.batch === 0 ? 0 : (performance.now() - this.epochBegan) / 1000;
    return {
      model: this.model.stateDict(),
      optimizer: this.optimizer.stateDict(),
      callbacks: this.settings.callbacks.map((callback) => callback.stateDict?.() ?? null),
      loader: this.source?.stateDict?.() ?? null,
      generator: defaultGenerator.getState(),
      generators: generatorsIn(this.model).map((generator) => generator.getState()),
      validationSeed: this.validationSeed,
      epochsDone: this.epochsDone,
      batch: this.batch,
      trained: this.trained,
      step: this.step,
      totals: this.totals.stateDict(spent),
      history: structuredClone(this.history),
    };
  }

  /** Takes over the state of another run, before this one has begun; nothing has changed where it is refused. */
  loadStateDict(state: RunStateDict): void {
    const before = this.stateDict();
    try {
      this.takeOver(state);
    } catch (error) {
      this.takeOver(before);
      throw error;
    }
  }

  private takeOver(state: RunStateDict): void {
    const where = "fit: resume";
    checkOptions(where, state, Object.keys(this.stateDict()));
    const { callbacks } = this.settings;
    if (!Array.isArray(state.callbacks) || state.callbacks.length !== callbacks.length) {
      throw new ArgumentError(
        `${where}: the state has ${state.callbacks?.length} callbacks, but there are ${callbacks.length}. Give those of the run that is resumed.`,
      );
    }
    const generators = generatorsIn(this.model);
    if (!Array.isArray(state.generators) || state.generators.length !== generators.length) {
      throw new ArgumentError(
        `${where}: the model has other modules than the one that was saved: ${generators.length} generators of their own instead of ${state.generators?.length}. Make it as it was made then.`,
      );
    }
    this.epochsDone = checkInteger(where, "epochsDone", state.epochsDone, 0);
    this.epoch = Math.min(this.epochsDone + 1, this.epochs);
    this.batch = checkInteger(where, "batch", state.batch, 0);
    this.trained = state.trained;
    this.step = checkInteger(where, "step", state.step, 0);
    this.totals.loadStateDict(where, state.totals);
    this.history = structuredClone(state.history);
    this.validationSeed = state.validationSeed;
    this.loaderState = state.loader;
    this.model.loadStateDict(state.model);
    // The state is what this optimizer gave; its type is its own affair.
    this.optimizer.loadStateDict(state.optimizer as never);
    for (const [i, callback] of callbacks.entries()) {
      if (state.callbacks[i] !== null) callback.loadStateDict?.(state.callbacks[i] as never);
    }
    defaultGenerator.setState(state.generator);
    for (const [i, generator] of generators.entries()) generator.setState(state.generators[i]!);
  }
}
