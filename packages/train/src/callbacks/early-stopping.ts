/**
 * Stopping when nothing gets better.
 */
import { ArgumentError, checkInteger, checkOptions } from "@chainrule/core";
import type { StateDict } from "@chainrule/nn";
import type { Callback, Run } from "../loop/callback.ts";
import type { EpochRecord } from "../loop/history.ts";
import type { MonitorOptions } from "./monitor.ts";
import { Monitor } from "./monitor.ts";

/** Options of {@link EarlyStopping}. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** After how many epochs without improvement the run ends; 10 unless given. */
  patience?: number;
  /** Whether the weights of the best epoch are put back at the end; true unless given. */
  restoreBest?: boolean;
}

/** What {@link EarlyStopping} remembers. */
export interface EarlyStoppingState {
  readonly best: number | null;
  readonly bestEpoch: number;
  readonly waited: number;
  readonly weights: StateDict | null;
}

/**
 * Ends the run when a figure has not improved for `patience` epochs, and puts back the weights of the best one.
 *
 * @throws {ArgumentError} for options out of range; in use, when there is no such figure.
 * @example
 * import { linspace, mseLoss } from "@chainrule/core";
 * import { Linear } from "@chainrule/nn";
 * import { SGD } from "@chainrule/optim";
 * import { EarlyStopping, fit } from "@chainrule/train";
 * const x = linspace(0, 1, 10).reshape([10, 1]);
 * const model = new Linear(1, 1);
 * const { ending, reason } = await fit(model, [x, x.mul(2)], {
 *   loss: mseLoss,
 *   optimizer: new SGD(model.parameters(), { lr: 0 }), // nothing ever changes
 *   epochs: 100,
 *   callbacks: [new EarlyStopping({ monitor: "loss", minDelta: 0.001, patience: 3 })],
 * });
 * `${ending}: ${reason}`; // → stopped: loss has not improved for 3 epochs; the best was epoch 1
 */
export class EarlyStopping implements Callback {
  /** The epoch with the best figure; 0 before there is one. */
  bestEpoch = 0;
  private readonly options: MonitorOptions;
  private monitor: Monitor;
  private readonly patience: number;
  private readonly restoreBest: boolean;
  private waited = 0;
  private weights: StateDict | null = null;

  constructor(options: EarlyStoppingOptions = {}) {
    const where = "EarlyStopping";
    checkOptions(where, options, ["monitor", "mode", "minDelta", "patience", "restoreBest"]);
    const { patience = 10, restoreBest = true, ...watched } = options;
    this.options = watched;
    this.monitor = new Monitor(where, watched);
    this.patience = checkInteger(where, "patience", patience, 1);
    this.restoreBest = restoreBest;
  }

  /** The best figure so far. */
  get best(): number | null {
    return this.monitor.best;
  }

  onTrainBegin(run: Run): void {
    if (run.step > 0) return; // resumed: the memory is that of the run before
    this.monitor = new Monitor("EarlyStopping", this.options);
    this.bestEpoch = 0;
    this.waited = 0;
    this.weights = null;
  }

  onEpochEnd(run: Run, record: EpochRecord): void {
    if (this.monitor.improves(record)) {
      this.bestEpoch = run.epoch;
      this.waited = 0;
      if (this.restoreBest) this.weights = run.model.stateDict();
      return;
    }
    this.waited++;
    if (this.waited < this.patience) return;
    run.stop(
      `${this.monitor.name} has not improved for ${this.patience} epochs; the best was epoch ${this.bestEpoch}`,
    );
  }

  onTrainEnd(run: Run): void {
    if (this.weights !== null) run.model.loadStateDict(this.weights);
  }

  stateDict(): EarlyStoppingState {
    const { bestEpoch, waited, weights } = this;
    return { best: this.monitor.best, bestEpoch, waited, weights };
  }

  loadStateDict(state: EarlyStoppingState): void {
    checkOptions("EarlyStopping.loadStateDict", state, ["best", "bestEpoch", "waited", "weights"]);
    if (this.restoreBest && state.bestEpoch > 0 && state.weights === null) {
      throw new ArgumentError(
        "EarlyStopping.loadStateDict: the state has no weights to put back. Make it with restoreBest: false, as it was made then.",
      );
    }
    this.monitor.best = state.best;
    this.bestEpoch = checkInteger("EarlyStopping.loadStateDict", "bestEpoch", state.bestEpoch, 0);
    this.waited = checkInteger("EarlyStopping.loadStateDict", "waited", state.waited, 0);
    this.weights = state.weights;
  }
}
