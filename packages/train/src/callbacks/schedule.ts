/**
 * Learning-rate schedules, in step with the training.
 */
import { ArgumentError, checkOptions, quoted } from "@chainrule/core";
import type { Callback, Run } from "../loop/callback.ts";
import type { EpochRecord } from "../loop/history.ts";

/** A learning-rate schedule, such as those of `@chainrule/optim`; `figure` is for those that watch one. */
export interface AnySchedule {
  step(figure?: number): void;
  stateDict?(): unknown;
  loadStateDict?(state: never): void;
}

/** Options of {@link ScheduleStep}. */
export interface ScheduleStepOptions {
  /** When the schedule steps; behind each epoch unless given. */
  every?: "epoch" | "batch";
  /** The figure that is handed to the schedule, such as `valLoss`, for one that waits for a plateau. */
  monitor?: string;
}

/**
 * Lets a schedule step behind each epoch or each update.
 *
 * @throws {ArgumentError} for anything without `step`; in use, when the figure to be watched is not in the history.
 */
export class ScheduleStep implements Callback {
  private readonly schedule: AnySchedule;
  private readonly every: "epoch" | "batch";
  private readonly monitor: string | null;

  constructor(schedule: AnySchedule, options: ScheduleStepOptions = {}) {
    checkOptions("ScheduleStep", options, ["every", "monitor"]);
    const { every = "epoch", monitor } = options;
    if (schedule === null || typeof schedule !== "object" || typeof schedule.step !== "function") {
      throw new ArgumentError(
        `ScheduleStep: expected a schedule such as new StepLR(optimizer, …), not ${quoted(schedule)}.`,
        { schedule },
      );
    }
    if (every !== "epoch" && every !== "batch") {
      throw new ArgumentError(
        `ScheduleStep: every must be "epoch" or "batch", not ${quoted(every)}.`,
        { every },
      );
    }
    if (monitor !== undefined && every === "batch") {
      throw new ArgumentError("ScheduleStep: figures are there behind each epoch, not each batch.");
    }
    this.schedule = schedule;
    this.every = every;
    this.monitor = monitor ?? null;
  }

  onBatchEnd(): void {
    if (this.every === "batch") this.schedule.step();
  }

  onEpochEnd(_run: Run, record: EpochRecord): void {
    if (this.every !== "epoch") return;
    if (this.monitor === null) this.schedule.step();
    else this.schedule.step(figureOf("ScheduleStep", record, this.monitor));
  }

  stateDict(): unknown {
    return this.schedule.stateDict?.() ?? null;
  }

  loadStateDict(state: never): void {
    this.schedule.loadStateDict?.(state);
  }
}

/** A figure of an epoch. @throws {ArgumentError} naming those that there are. */
export function figureOf(where: string, record: EpochRecord, name: string): number {
  const figure = record[name];
  if (figure === undefined) {
    const advice =
      name.startsWith("val") && record.valLoss === undefined
        ? " Give fit a validationSplit or validationData."
        : "";
    throw new ArgumentError(
      `${where}: there is no figure ${quoted(name)}. There are: ${Object.keys(record).join(", ")}.${advice}`,
      { figure: name },
    );
  }
  return figure;
}
