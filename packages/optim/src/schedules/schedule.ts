/**
 * What all learning-rate schedules share: the groups whose rates they set, and their place, which can be saved.
 */
import { ArgumentError, checkNumber, checkOptions } from "@chainrule/core";
import type { CommonOptions, ParamGroup } from "../groups.ts";
import { Optimizer } from "../optimizer.ts";

/** A group as schedules see it: they set its rate, and some of them its momentum. */
export type ScheduledGroup = ParamGroup<CommonOptions> & {
  momentum?: number;
  betas?: readonly [number, number];
};

/** Any optimizer: a schedule needs nothing of it but its groups. */
export interface Scheduled {
  readonly paramGroups: readonly ScheduledGroup[];
}

/** A schedule's place, as plain data. */
export interface SchedulerStateDict {
  readonly lastEpoch: number;
  /** The rates before the schedule began, by group. */
  readonly baseLrs: readonly number[];
  /** The rates in force. */
  readonly lrs: readonly number[];
  /** The momenta in force, of schedules that set them. */
  readonly momenta?: readonly number[];
  /** The places of the schedules that this one is made of. */
  readonly schedulers?: readonly SchedulerStateDict[];
  /** What a schedule that watches a figure has seen. */
  readonly watched?: Watched;
}

/** What {@link ReduceLROnPlateau} has seen. */
export interface Watched {
  /** The best figure; `null` before the first. */
  readonly best: number | null;
  /** Epochs since it was seen. */
  readonly numBadEpochs: number;
  /** Epochs to wait before counting again. */
  readonly cooldownCounter: number;
}

/**
 * The base of learning-rate schedules. `step()`, once after each epoch (or each update, as the schedule is meant), sets
 * the learning rate of every group.
 *
 * A schedule of your own extends {@link RateSchedule}, or is a {@link LambdaLR}.
 */
export abstract class LRScheduler {
  /** How many steps were made. */
  lastEpoch = 0;
  /** The rates of the groups before the schedule began. */
  baseLrs: readonly number[];
  protected readonly name: string;
  protected readonly optimizer: Scheduled;

  /** @throws {ArgumentError} when `optimizer` is none. */
  protected constructor(name: string, optimizer: Scheduled) {
    this.name = name;
    this.optimizer = checkedOptimizer(name, optimizer);
    this.baseLrs = optimizer.paramGroups.map(baseLrOf);
  }

  /** The optimizer that a schedule was made for. */
  static optimizerOf(schedule: LRScheduler): Scheduled {
    return schedule.optimizer;
  }

  /** The names of what this kind has in its state beside what all have. */
  protected get ownState(): readonly string[] {
    return [];
  }

  /** Goes to epoch 0, from the rates in force or from the base rates. */
  abstract begin(from: "present" | "base"): void;

  /** Sets the rates of epoch `this.lastEpoch`. */
  protected abstract advance(): void;

  /** Goes on to the next epoch: sets the rates of all groups. */
  step(): void {
    this.lastEpoch++;
    try {
      this.advance();
    } catch (error) {
      this.lastEpoch--;
      throw error;
    }
  }

  /** The rates in force, by group. */
  getLastLr(): number[] {
    return ratesOf(this.optimizer);
  }

  /** Where the schedule stands. */
  stateDict(): SchedulerStateDict {
    const { lastEpoch, baseLrs } = this;
    return { lastEpoch, baseLrs: [...baseLrs], lrs: this.getLastLr() };
  }

  /**
   * Goes on from what {@link LRScheduler.stateDict} gave: sets the rates that were in force, whatever was loaded first.
   *
   * @throws {ArgumentError} for anything that `stateDict` did not give for as many groups. Nothing has changed then.
   */
  loadStateDict(state: SchedulerStateDict): void {
    this.checkState(state);
    this.restore(state);
  }

  /** Refuses a state that is not one of this schedule. */
  checkState(state: SchedulerStateDict): void {
    const where = `${this.name}.loadStateDict`;
    checkOptions(where, state, ["lastEpoch", "baseLrs", "lrs", ...this.ownState]);
    if (!(checkNumber(where, "lastEpoch", state?.lastEpoch) >= 0 && state.lastEpoch < Infinity)) {
      throw new ArgumentError(
        `${where}: lastEpoch must be at least 0 and finite, not ${state.lastEpoch}.`,
        { lastEpoch: state.lastEpoch },
      );
    }
    checkRates(where, "base rates", state.baseLrs, this.baseLrs.length);
    checkRates(where, "rates", state.lrs, this.optimizer.paramGroups.length);
  }

  /** Takes over a state that was checked. */
  restore({ lastEpoch, baseLrs, lrs }: SchedulerStateDict): void {
    this.lastEpoch = lastEpoch;
    this.baseLrs = [...baseLrs];
    setRates(this.optimizer, lrs);
  }
}

function checkedOptimizer(where: string, optimizer: Scheduled): Scheduled {
  if (!(optimizer instanceof Optimizer)) {
    throw new ArgumentError(`${where}: expected an optimizer such as new SGD(…).`, { optimizer });
  }
  return optimizer;
}

/** The rate with which a group began; for one that was added later, its own. */
export function baseLrOf(group: ScheduledGroup): number {
  group.initialLr ??= group.lr;
  return group.initialLr;
}

export function ratesOf(optimizer: Scheduled): number[] {
  return optimizer.paramGroups.map((group) => group.lr);
}

export function setRates(optimizer: Scheduled, rates: readonly number[]): void {
  for (const [i, group] of optimizer.paramGroups.entries()) group.lr = rates[i]!;
}

export function checkRates(where: string, what: string, rates: unknown, count: number): void {
  if (!Array.isArray(rates) || rates.length !== count)
    throw new ArgumentError(`${where}: expected ${count} ${what}.`, { rates });
  for (const rate of rates) checkNumber(where, `one of the ${what}`, rate);
}

/** What a rule is told of the moment. */
export interface Moment {
  readonly epoch: number;
  /** The place of the group. */
  readonly group: number;
  /** The group's rate before the schedule began. */
  readonly baseLr: number;
}

/** How the rate of one group goes from epoch to epoch. */
export interface RateRule {
  /** The rate of epoch 0, from the one in force; that one unless given. */
  readonly first?: (lr: number, moment: Moment) => number;
  /** The rate of a later epoch, from the one in force. */
  readonly next: (lr: number, moment: Moment) => number;
  /** The rate of epoch 0 where another schedule ended; that of `first` from the base rate unless given. */
  readonly again?: (lr: number, moment: Moment) => number;
  /** The momentum of any epoch, where the schedule sets it: SGD's `momentum`, the first of Adam's `betas`. */
  readonly momentum?: (moment: Moment) => number;
}

/**
 * A schedule by a rule. As each rate is computed from the one in force, several schedules can work on one optimizer.
 *
 * @example
 * import { tensor } from "@chainrule/core";
 * import { RateSchedule, SGD } from "@chainrule/optim";
 * const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 8 });
 * class HalvingLR extends RateSchedule {
 *   constructor() {
 *     super("HalvingLR", optimizer, { next: (lr) => lr / 2 });
 *   }
 * }
 * const schedule = new HalvingLR();
 * schedule.step();
 * schedule.getLastLr(); // → [ 4 ]
 */
export abstract class RateSchedule extends LRScheduler {
  private readonly rule: RateRule;

  /** @throws {ArgumentError} when `optimizer` is none. */
  protected constructor(name: string, optimizer: Scheduled, rule: RateRule) {
    super(name, optimizer);
    this.rule = rule;
    this.begin("present");
  }

  begin(from: "present" | "base"): void {
    const { first = (lr) => lr, again = (_, moment) => first(moment.baseLr, moment) } = this.rule;
    this.lastEpoch = 0;
    this.apply(from === "present" ? first : again);
  }

  protected advance(): void {
    this.apply(this.rule.next);
  }

  private apply(rateOf: (lr: number, moment: Moment) => number): void {
    const { momentum } = this.rule;
    const values = this.optimizer.paramGroups.map((group, i) => {
      const moment = {
        epoch: this.lastEpoch,
        group: i,
        baseLr: this.baseLrs[i] ?? baseLrOf(group),
      };
      return { group, lr: rateOf(group.lr, moment), momentum: momentum?.(moment) };
    });
    // All groups change together: a rule that throws has changed none.
    for (const { group, lr, momentum } of values) {
      group.lr = lr;
      if (momentum !== undefined) setMomentum(group, momentum);
    }
  }

  override stateDict(): SchedulerStateDict {
    const state = super.stateDict();
    if (this.rule.momentum === undefined) return state;
    return { ...state, momenta: this.optimizer.paramGroups.map((group) => momentumOf(group)!) };
  }

  protected override get ownState(): readonly string[] {
    return this.rule.momentum === undefined ? [] : ["momenta"];
  }

  override checkState(state: SchedulerStateDict): void {
    super.checkState(state);
    if (this.rule.momentum === undefined) return;
    const where = `${this.name}.loadStateDict`;
    checkRates(where, "momenta", state.momenta, this.optimizer.paramGroups.length);
  }

  override restore(state: SchedulerStateDict): void {
    super.restore(state);
    if (this.rule.momentum === undefined) return;
    for (const [i, group] of this.optimizer.paramGroups.entries())
      setMomentum(group, state.momenta![i]!);
  }
}

/** The momentum of a group, under the name that its optimizer has for it. */
export function momentumOf(group: ScheduledGroup): number | undefined {
  return group.betas === undefined ? group.momentum : group.betas[0];
}

function setMomentum(group: ScheduledGroup, momentum: number): void {
  if (group.betas === undefined) group.momentum = momentum;
  else group.betas = [momentum, group.betas[1]];
}
