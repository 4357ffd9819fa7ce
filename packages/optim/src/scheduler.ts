/**
 * Learning-rate schedules.
 */
import { ArgumentError, checkInteger, checkNumber, checkOptions } from "@chainrule/core";
import type { CommonOptions, ParamGroup } from "./groups.ts";
import { Optimizer } from "./optimizer.ts";

/** Any optimizer: a schedule needs nothing of it but its groups. */
export interface Scheduled {
  readonly paramGroups: readonly ParamGroup<CommonOptions>[];
}

/** A schedule's place, as plain data. */
export interface SchedulerStateDict {
  readonly lastEpoch: number;
  readonly baseLrs: readonly number[];
}

/**
 * The base of learning-rate schedules. `step()`, once after each epoch (or each update, as the schedule is meant), sets
 * the learning rate of every group.
 *
 * A kind of schedule says in `nextLr` how one epoch's rate follows from the last one's. As each rate is computed from the
 * one in force, several schedules can work on one optimizer.
 */
export abstract class LRScheduler {
  /** How many steps were made. */
  lastEpoch = 0;
  /** The rates of the groups before the schedule began. */
  readonly baseLrs: readonly number[];
  protected readonly optimizer: Scheduled;

  /** @throws {ArgumentError} when `optimizer` is none. */
  protected constructor(name: string, optimizer: Scheduled) {
    if (!(optimizer instanceof Optimizer)) {
      throw new ArgumentError(`${name}: expected an optimizer such as new SGD(…).`, { optimizer });
    }
    this.optimizer = optimizer;
    for (const group of optimizer.paramGroups) group.initialLr ??= group.lr;
    this.baseLrs = optimizer.paramGroups.map((group) => group.initialLr!);
  }

  /** The rate of epoch `this.lastEpoch`, from the one in force and the one at the beginning. */
  protected abstract nextLr(lr: number, baseLr: number): number;

  /** Goes on to the next epoch: sets the rates of all groups. */
  step(): void {
    this.lastEpoch++;
    for (const [i, group] of this.optimizer.paramGroups.entries()) {
      // A group that was added later begins with its own rate.
      group.initialLr ??= group.lr;
      group.lr = this.nextLr(group.lr, this.baseLrs[i] ?? group.initialLr);
    }
  }

  /** The rates in force, by group. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map((group) => group.lr);
  }

  /** Where the schedule stands; the rates themselves are in the optimizer's `stateDict`. */
  stateDict(): SchedulerStateDict {
    return { lastEpoch: this.lastEpoch, baseLrs: [...this.baseLrs] };
  }

  /** @throws {ArgumentError} for anything that `stateDict` did not give for as many groups. */
  loadStateDict(state: SchedulerStateDict): void {
    const where = `${this.constructor.name}.loadStateDict`;
    checkOptions(where, state, ["lastEpoch", "baseLrs"]);
    const lastEpoch = checkInteger(where, "lastEpoch", state.lastEpoch, 0);
    if (!Array.isArray(state.baseLrs) || state.baseLrs.length !== this.baseLrs.length) {
      throw new ArgumentError(`${where}: expected ${this.baseLrs.length} base rates.`, { state });
    }
    for (const rate of state.baseLrs) checkNumber(where, "a base rate", rate);
    this.lastEpoch = lastEpoch;
    (this as { baseLrs: readonly number[] }).baseLrs = [...state.baseLrs];
  }
}

/** Options of {@link StepLR}. */
export interface StepLROptions {
  /** Epochs from one decay to the next. */
  stepSize: number;
  /** What the rate is multiplied by; 0.1 unless given. */
  gamma?: number;
}

/**
 * Multiplies the learning rate by `gamma` every `stepSize` epochs.
 *
 * @throws {ArgumentError} for a `stepSize` that is no whole number of at least 1.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { SGD, StepLR } from "@chainrule/optim";
 * const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 8 });
 * const schedule = new StepLR(optimizer, { stepSize: 2, gamma: 0.5 });
 * const rates = Array.from({ length: 5 }, () => { schedule.step(); return schedule.getLastLr()[0]; });
 * rates; // → [ 8, 4, 4, 2, 2 ]
 */
export class StepLR extends LRScheduler {
  private readonly stepSize: number;
  private readonly gamma: number;

  constructor(optimizer: Scheduled, options: StepLROptions) {
    checkOptions("StepLR", options, ["stepSize", "gamma"]);
    const stepSize = checkInteger("StepLR", "stepSize", options?.stepSize, 1);
    const gamma = checkNumber("StepLR", "gamma", options.gamma ?? 0.1);
    super("StepLR", optimizer);
    this.stepSize = stepSize;
    this.gamma = gamma;
  }

  protected override nextLr(lr: number): number {
    return this.lastEpoch % this.stepSize === 0 ? lr * this.gamma : lr;
  }
}

/** Options of {@link CosineAnnealingLR}. */
export interface CosineAnnealingLROptions {
  /** Epochs from the largest rate to the smallest. */
  tMax: number;
  /** The smallest rate; 0 unless given. */
  etaMin?: number;
}

/**
 * Lets the learning rate fall along half a cosine from its first value to `etaMin` in `tMax` epochs, and rise again
 * likewise if it goes on (Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017).
 *
 * η(t) = etaMin + ½(η₀ − etaMin)(1 + cos(π·t/tMax)), computed from the rate before: the excess over `etaMin` is
 * multiplied by (1 + cos(π·t/tMax)) / (1 + cos(π·(t − 1)/tMax)).
 *
 * @throws {ArgumentError} for a `tMax` that is no whole number of at least 1.
 */
export class CosineAnnealingLR extends LRScheduler {
  private readonly tMax: number;
  private readonly etaMin: number;

  constructor(optimizer: Scheduled, options: CosineAnnealingLROptions) {
    checkOptions("CosineAnnealingLR", options, ["tMax", "etaMin"]);
    const tMax = checkInteger("CosineAnnealingLR", "tMax", options?.tMax, 1);
    const etaMin = checkNumber("CosineAnnealingLR", "etaMin", options.etaMin ?? 0);
    super("CosineAnnealingLR", optimizer);
    this.tMax = tMax;
    this.etaMin = etaMin;
  }

  protected override nextLr(lr: number, baseLr: number): number {
    const { lastEpoch: t, tMax, etaMin } = this;
    const phase = (epoch: number): number => 1 + Math.cos((Math.PI * epoch) / tMax);
    // At the bottom the excess is 0 and no factor leads up again: the first step up is taken from the formula itself.
    if ((t - 1) % (2 * tMax) === tMax) return etaMin + ((baseLr - etaMin) * phase(t)) / 2;
    return etaMin + ((lr - etaMin) * phase(t)) / phase(t - 1);
  }
}
