/**
 * Schedules made of schedules.
 */
import { ArgumentError, checkInteger, checkOptions } from "@chainrule/core";
import { ConstantLR, LinearLR, wholeNumbers } from "./decay.ts";
import type { Scheduled, SchedulerStateDict } from "./schedule.ts";
import { baseLrOf, LRScheduler, setRates } from "./schedule.ts";

/** What schedules made of schedules share: their parts' places are saved with their own. */
abstract class ComposedSchedule extends LRScheduler {
  protected readonly parts: readonly LRScheduler[];

  protected constructor(name: string, optimizer: Scheduled, parts: readonly LRScheduler[]) {
    super(name, optimizer);
    this.parts = parts;
  }

  override stateDict(): SchedulerStateDict {
    return { ...super.stateDict(), schedulers: this.parts.map((part) => part.stateDict()) };
  }

  protected override get ownState(): readonly string[] {
    return ["schedulers"];
  }

  override checkState(state: SchedulerStateDict): void {
    super.checkState(state);
    if (!Array.isArray(state.schedulers) || state.schedulers.length !== this.parts.length) {
      throw new ArgumentError(
        `${this.name}.loadStateDict: expected the states of ${this.parts.length} schedules.`,
        { schedulers: state.schedulers },
      );
    }
    for (const [i, part] of this.parts.entries()) part.checkState(state.schedulers[i]);
  }

  override restore(state: SchedulerStateDict): void {
    for (const [i, part] of this.parts.entries()) part.restore(state.schedulers![i]!);
    // The rates come last: each part has set those that it saw.
    super.restore(state);
  }
}

/** The schedules of a list, all of one optimizer. */
function partsOf(where: string, schedulers: unknown, optimizer?: Scheduled): LRScheduler[] {
  if (!Array.isArray(schedulers) || schedulers.length === 0) {
    throw new ArgumentError(`${where}: expected a list of schedules, [new LinearLR(…), …].`, {
      schedulers,
    });
  }
  for (const [i, one] of schedulers.entries()) {
    if (!(one instanceof LRScheduler))
      throw new ArgumentError(`${where}: schedule ${i} is none.`, { schedule: one });
    if (LRScheduler.optimizerOf(one) !== (optimizer ?? LRScheduler.optimizerOf(schedulers[0]))) {
      throw new ArgumentError(`${where}: schedule ${i} was made for another optimizer.`, {
        schedule: i,
      });
    }
  }
  return schedulers;
}

/** Options of {@link SequentialLR}. */
export interface SequentialLROptions {
  /** The schedules, made for the same optimizer, in their order. */
  schedulers: readonly LRScheduler[];
  /** The epochs at which the second begins, the third, and so on. */
  milestones: readonly number[];
}

/**
 * One schedule after the other: at each milestone the next one begins, with the optimizer's first rates.
 *
 * @throws {ArgumentError} for schedules of another optimizer, and unless there is one milestone less than schedules, rising.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { ConstantLR, ExponentialLR, SequentialLR, SGD } from "@chainrule/optim";
 * const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 8 });
 * const schedulers = [
 *   new ConstantLR(optimizer, { factor: 0.5, totalIters: 2 }),
 *   new ExponentialLR(optimizer, { gamma: 0.5 }),
 * ];
 * const schedule = new SequentialLR(optimizer, { schedulers, milestones: [2] });
 * schedule.getLastLr(); // → [ 4 ]
 * const rates = Array.from({ length: 4 }, () => { schedule.step(); return schedule.getLastLr()[0]; });
 * rates; // → [ 4, 8, 4, 2 ]
 */
export class SequentialLR extends ComposedSchedule {
  private readonly milestones: readonly number[];

  constructor(optimizer: Scheduled, options: SequentialLROptions) {
    const where = "SequentialLR";
    checkOptions(where, options, ["schedulers", "milestones"]);
    const parts = partsOf(where, options?.schedulers, optimizer);
    const milestones = wholeNumbers(where, "milestones", options.milestones);
    if (milestones.length !== parts.length - 1) {
      throw new ArgumentError(
        `${where}: ${parts.length} schedules need ${parts.length - 1} milestones between them, not ${milestones.length}.`,
        { schedulers: parts.length, milestones: milestones.length },
      );
    }
    if (milestones.some((at, i) => i > 0 && at < milestones[i - 1]!)) {
      throw new ArgumentError(`${where}: milestones must rise, not ${milestones.join(", ")}.`, {
        milestones,
      });
    }
    super(where, optimizer, parts);
    this.milestones = milestones;
    this.begin("base");
  }

  begin(from: "present" | "base"): void {
    this.lastEpoch = 0;
    // The parts have changed the rates when they were made.
    if (from === "base") setRates(this.optimizer, this.optimizer.paramGroups.map(baseLrOf));
    this.parts[0]!.begin("present");
  }

  protected advance(): void {
    const passed = this.milestones.filter((at) => at <= this.lastEpoch).length;
    const part = this.parts[passed]!;
    if (passed > 0 && this.milestones[passed - 1] === this.lastEpoch) part.begin("base");
    else part.step();
  }
}

/**
 * Several schedules at once: each step is one of all of them, in their order.
 *
 * @throws {ArgumentError} for an empty list, and schedules of different optimizers.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { ChainedScheduler, ExponentialLR, SGD, StepLR } from "@chainrule/optim";
 * const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 8 });
 * const schedule = new ChainedScheduler([
 *   new ExponentialLR(optimizer, { gamma: 0.5 }),
 *   new StepLR(optimizer, { stepSize: 2, gamma: 10 }),
 * ]);
 * const rates = Array.from({ length: 3 }, () => { schedule.step(); return schedule.getLastLr()[0]; });
 * rates; // → [ 4, 20, 10 ]
 */
export class ChainedScheduler extends ComposedSchedule {
  constructor(schedulers: readonly LRScheduler[]) {
    const parts = partsOf("ChainedScheduler", schedulers);
    super("ChainedScheduler", LRScheduler.optimizerOf(parts[0]!), parts);
  }

  begin(from: "present" | "base"): void {
    this.lastEpoch = 0;
    if (from === "base") setRates(this.optimizer, this.optimizer.paramGroups.map(baseLrOf));
    for (const part of this.parts) part.begin("present");
  }

  protected advance(): void {
    for (const part of this.parts) part.step();
  }
}

/** Options of {@link WarmupLR}. */
export interface WarmupLROptions {
  /** Steps until the full rate. */
  totalIters: number;
  /** What the rate is multiplied by at first, more than 0 and at most 1; 1/(totalIters + 1) unless given. */
  startFactor?: number;
  /** The schedule that follows, made for the same optimizer; the rate stays unless given. */
  after?: LRScheduler;
}

/**
 * Lets the learning rate rise to its value in a straight line, and follows another schedule from there.
 *
 * @throws {ArgumentError} for options that are unknown or out of range, and a schedule of another optimizer.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { CosineAnnealingLR, SGD, WarmupLR } from "@chainrule/optim";
 * const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 8 });
 * const after = new CosineAnnealingLR(optimizer, { tMax: 2 });
 * const schedule = new WarmupLR(optimizer, { totalIters: 3, after });
 * const rates = schedule.getLastLr();
 * for (let i = 0; i < 5; i++) { schedule.step(); rates.push(...schedule.getLastLr().map(Math.round)); }
 * rates; // → [ 2, 4, 6, 8, 4, 0 ]
 */
export class WarmupLR extends SequentialLR {
  constructor(optimizer: Scheduled, options: WarmupLROptions) {
    checkOptions("WarmupLR", options, ["totalIters", "startFactor", "after"]);
    const totalIters = checkInteger("WarmupLR", "totalIters", options?.totalIters, 1);
    const { startFactor = 1 / (totalIters + 1) } = options;
    const after = options.after ?? new ConstantLR(optimizer, { factor: 1, totalIters: 0 });
    const rise = new LinearLR(optimizer, { startFactor, totalIters });
    super(optimizer, { schedulers: [rise, after], milestones: [totalIters] });
  }
}
