/**
 * Loss and metrics over the batches of an epoch.
 */
import { ArgumentError, checkOptions, noGrad } from "@chainrule/core";
import type { Metric, MetricState } from "../metrics/metric.ts";
import type { EpochTotals } from "./callback.ts";
import type { EpochRecord } from "./history.ts";
import type { Outcome } from "./objective.ts";

/** Sums over the batches of an epoch so far. */
export class Totals {
  private readonly metrics: readonly (readonly [name: string, metric: Metric])[];
  private states: MetricState[];
  private loss = 0;
  private samples = 0;
  /** The time that was spent on the epoch before it was resumed. */
  seconds = 0;

  constructor(metrics: readonly (readonly [name: string, metric: Metric])[]) {
    this.metrics = metrics;
    this.states = metrics.map(() => []);
  }

  add(where: string, outcome: Outcome, loss: number, samples: number): void {
    this.loss += loss * samples;
    this.samples += samples;
    if (this.metrics.length === 0) return;
    const { output, target } = outcome;
    if (output === null || target === null) {
      throw new ArgumentError(
        `${where}: metrics need an output and a target. Let step give { loss, output, target }, or leave the metrics out.`,
      );
    }
    noGrad(() => {
      for (const [i, [, metric]] of this.metrics.entries()) {
        metric.update(this.states[i]!, output, target);
      }
    });
  }

  /** The mean loss, and the metrics. */
  record(): EpochRecord {
    const figures = this.metrics.map(([name, metric], i) => [name, metric.value(this.states[i]!)]);
    return Object.fromEntries([["loss", this.loss / this.samples], ...figures]);
  }

  stateDict(seconds: number): EpochTotals {
    const metrics = this.states.map((state) => [...state]);
    return { loss: this.loss, samples: this.samples, seconds, metrics };
  }

  loadStateDict(where: string, state: EpochTotals): void {
    checkOptions(where, state, ["loss", "samples", "seconds", "metrics"]);
    if (state.metrics.length !== this.metrics.length) {
      throw new ArgumentError(
        `${where}: the state has ${state.metrics.length} metrics, but there are ${this.metrics.length}. Give the metrics of the run that is resumed.`,
      );
    }
    this.loss = state.loss;
    this.samples = state.samples;
    this.seconds = state.seconds;
    this.states = state.metrics.map((one) => [...one]);
  }
}
