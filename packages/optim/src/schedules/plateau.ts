/**
 * A schedule that waits until a figure gets no better.
 */
import { ArgumentError, checkInteger, checkNumber, checkOptions, Tensor } from "@chainrule/core";
import type { Scheduled, SchedulerStateDict } from "./schedule.ts";
import { baseLrOf, LRScheduler, setRates } from "./schedule.ts";

/** Options of {@link ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions {
  /** Whether small figures are better (a loss) or large ones (an accuracy); "min" unless given. */
  mode?: "min" | "max";
  /** What the rate is multiplied by, less than 1; 0.1 unless given. */
  factor?: number;
  /** How many epochs without a better figure are tolerated; 10 unless given. */
  patience?: number;
  /** How much better a figure must be to count; 1e-4 unless given. */
  threshold?: number;
  /** Whether that is a part of the best figure or a difference from it; "rel" unless given. */
  thresholdMode?: "rel" | "abs";
  /** Epochs after a reduction in which nothing counts; 0 unless given. */
  cooldown?: number;
  /** The smallest rate, for all groups or for each; 0 unless given. */
  minLr?: number | readonly number[];
  /** A reduction by no more than this is not made; 1e-8 unless given. */
  eps?: number;
}

/**
 * Multiplies the learning rate by `factor` when a figure has not become better for more than `patience` epochs:
 * `step(loss)` after each epoch.
 *
 * @throws {ArgumentError} for options that are unknown or out of range; in `step`, for what is no figure.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { ReduceLROnPlateau, SGD } from "@chainrule/optim";
 * const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 8 });
 * const schedule = new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 1 });
 * const rates = [3, 2, 2, 2, 1].map((loss) => { schedule.step(loss); return schedule.getLastLr()[0]; });
 * rates; // → [ 8, 8, 8, 4, 4 ]
 */
export class ReduceLROnPlateau extends LRScheduler {
  private readonly isBetter: (figure: number, best: number) => boolean;
  private readonly factor: number;
  private readonly patience: number;
  private readonly cooldown: number;
  private readonly minLrs: (group: number) => number;
  private readonly eps: number;
  private readonly worst: number;
  private best: number | null = null;
  private numBadEpochs = 0;
  private cooldownCounter = 0;

  constructor(optimizer: Scheduled, options: ReduceLROnPlateauOptions = {}) {
    const where = "ReduceLROnPlateau";
    checkOptions(where, options, [
      "mode",
      "factor",
      "patience",
      "threshold",
      "thresholdMode",
      "cooldown",
      "minLr",
      "eps",
    ]);
    super(where, optimizer);
    const { mode = "min", thresholdMode = "rel", minLr = 0 } = options;
    if (mode !== "min" && mode !== "max") {
      throw new ArgumentError(
        `${where}: mode must be "min" or "max", not ${JSON.stringify(mode)}.`,
        { mode },
      );
    }
    if (thresholdMode !== "rel" && thresholdMode !== "abs") {
      throw new ArgumentError(
        `${where}: thresholdMode must be "rel" or "abs", not ${JSON.stringify(thresholdMode)}.`,
        { thresholdMode },
      );
    }
    this.factor = checkNumber(where, "factor", options.factor ?? 0.1);
    if (!(this.factor < 1 && this.factor >= 0)) {
      throw new ArgumentError(
        `${where}: factor must be at least 0 and less than 1, not ${this.factor}.`,
        { factor: this.factor },
      );
    }
    this.patience = checkInteger(where, "patience", options.patience ?? 10, 0);
    this.cooldown = checkInteger(where, "cooldown", options.cooldown ?? 0, 0);
    this.eps = checkNumber(where, "eps", options.eps ?? 1e-8);
    const threshold = checkNumber(where, "threshold", options.threshold ?? 1e-4);
    const sign = mode === "min" ? -1 : 1;
    this.worst = -sign * Number.POSITIVE_INFINITY;
    this.isBetter = (figure, best) => {
      const bound =
        thresholdMode === "rel" ? best * (1 + sign * threshold) : best + sign * threshold;
      return mode === "min" ? figure < bound : figure > bound;
    };
    const list = Array.isArray(minLr) ? minLr.map((one) => checkNumber(where, "minLr", one)) : null;
    if (list !== null && list.length !== optimizer.paramGroups.length) {
      throw new ArgumentError(
        `${where}: minLr has ${list.length} numbers for ${optimizer.paramGroups.length} groups. Give one for each, or one for all.`,
        { minLr },
      );
    }
    const single = list === null ? checkNumber(where, "minLr", minLr) : 0;
    this.minLrs = (group) => list?.[group] ?? single;
  }

  begin(from: "present" | "base"): void {
    if (from === "base") setRates(this.optimizer, this.optimizer.paramGroups.map(baseLrOf));
    this.lastEpoch = 0;
    this.best = null;
    this.numBadEpochs = 0;
    this.cooldownCounter = 0;
  }

  protected advance(): void {
    for (const [i, group] of this.optimizer.paramGroups.entries()) {
      const lr = Math.max(group.lr * this.factor, this.minLrs(i));
      if (group.lr - lr > this.eps) group.lr = lr;
    }
  }

  /**
   * Takes the figure of an epoch, and reduces the rates when it is time.
   *
   * @throws {ArgumentError} for what is no number and no tensor with a single one.
   */
  override step(figure?: number | Tensor): void {
    const where = "ReduceLROnPlateau.step";
    if (figure === undefined) {
      throw new ArgumentError(`${where}: a figure is needed, such as the loss of the epoch.`);
    }
    const value = figure instanceof Tensor ? figure.item() : figure;
    // NaN is a figure: a bad one.
    if (typeof value !== "number") checkNumber(where, "the figure", value);
    this.lastEpoch++;
    if (this.isBetter(value, this.best ?? this.worst)) {
      this.best = value;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs <= this.patience) return;
    this.advance();
    this.cooldownCounter = this.cooldown;
    this.numBadEpochs = 0;
  }

  override stateDict(): SchedulerStateDict {
    const { best, numBadEpochs, cooldownCounter } = this;
    return { ...super.stateDict(), watched: { best, numBadEpochs, cooldownCounter } };
  }

  protected override get ownState(): readonly string[] {
    return ["watched"];
  }

  override checkState(state: SchedulerStateDict): void {
    super.checkState(state);
    const where = "ReduceLROnPlateau.loadStateDict";
    checkOptions(where, state.watched, ["best", "numBadEpochs", "cooldownCounter"]);
    const { best = null, numBadEpochs, cooldownCounter } = state.watched ?? {};
    if (best !== null) checkNumber(where, "best", best);
    checkInteger(where, "numBadEpochs", numBadEpochs, 0);
    checkInteger(where, "cooldownCounter", cooldownCounter, 0);
  }

  override restore(state: SchedulerStateDict): void {
    super.restore(state);
    Object.assign(this, state.watched);
  }
}
