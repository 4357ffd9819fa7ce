/**
 * Watching one figure for the better.
 */
import { ArgumentError, checkNumber, quoted } from "@chainrule/core";
import type { EpochRecord } from "../loop/history.ts";
import { figureOf } from "./schedule.ts";

/** Which figure is watched, and what is better. */
export interface MonitorOptions {
  /** The figure; `valLoss` unless given. */
  monitor?: string;
  /** Whether less or more is better; unless given, less for losses and errors, more for the other metrics. */
  mode?: "min" | "max";
  /** A change of no more than this is none; 0 unless given. */
  minDelta?: number;
}

/** Figures of which less is better, by the end of their names. */
const falling = /(loss|mae|mse|rmse|error)$/i;

/** Keeps the best figure. */
export class Monitor {
  readonly name: string;
  best: number | null = null;
  private readonly where: string;
  private readonly sign: number;
  private readonly minDelta: number;

  constructor(where: string, { monitor = "valLoss", mode, minDelta = 0 }: MonitorOptions) {
    if (typeof monitor !== "string") {
      throw new ArgumentError(
        `${where}: monitor is the name of a figure such as "valLoss", not ${quoted(monitor)}.`,
        { monitor },
      );
    }
    if (mode !== undefined && mode !== "min" && mode !== "max") {
      throw new ArgumentError(`${where}: mode must be "min" or "max", not ${quoted(mode)}.`, {
        mode,
      });
    }
    if (checkNumber(where, "minDelta", minDelta) < 0) {
      throw new ArgumentError(`${where}: minDelta must be at least 0, not ${minDelta}.`, {
        minDelta,
      });
    }
    this.where = where;
    this.name = monitor;
    this.minDelta = minDelta;
    this.sign = (mode ?? (falling.test(monitor) ? "min" : "max")) === "min" ? 1 : -1;
  }

  /** Whether this epoch is better than the best so far, which it then replaces. NaN never is. */
  improves(record: EpochRecord): boolean {
    const figure = figureOf(this.where, record, this.name);
    const better =
      !Number.isNaN(figure) &&
      (this.best === null || this.sign * (this.best - figure) > this.minDelta);
    if (better) this.best = figure;
    return better;
  }
}
