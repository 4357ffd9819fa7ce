/**
 * Schedules that lead the learning rate up and down, and the momentum the other way.
 */
import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
} from "@chainrule/core";
import type { Moment, Scheduled } from "./schedule.ts";
import { momentumOf, RateSchedule } from "./schedule.ts";

/** A number for all groups, or one for each. */
export type PerGroup = number | readonly number[];

/** Reads a number for each group. */
function perGroup(
  where: string,
  name: string,
  value: unknown,
  optimizer: Scheduled,
): (group: number) => number {
  if (!Array.isArray(value)) {
    const number = checkNumber(where, name, value);
    return () => number;
  }
  const groups = optimizer?.paramGroups?.length;
  if (value.length !== groups) {
    throw new ArgumentError(
      `${where}: ${name} has ${value.length} numbers for ${groups} groups. Give one for each, or one for all.`,
      { [name]: value, groups },
    );
  }
  const numbers = value.map((one) => checkNumber(where, name, one));
  return (group) => {
    const number = numbers[group];
    if (number === undefined) {
      throw new ArgumentError(
        `${where}: group ${group} was added later and has no ${name}. Give one for all groups.`,
        { group },
      );
    }
    return number;
  };
}

/** Refuses an optimizer whose momentum is to go round, but has none. */
function checkMomentum(where: string, optimizer: Scheduled): void {
  for (const [i, group] of (optimizer?.paramGroups ?? []).entries()) {
    if (momentumOf(group) === undefined) {
      throw new ArgumentError(
        `${where}: group ${i} has neither momentum nor betas. Give { cycleMomentum: false }.`,
        { group: i },
      );
    }
  }
}

/** Options of {@link CyclicLR}. */
export interface CyclicLROptions {
  /** The lowest rate, for all groups or for each. */
  baseLr: PerGroup;
  /** The highest rate, for all groups or for each. */
  maxLr: PerGroup;
  /** Steps up; 2000 unless given. */
  stepSizeUp?: number;
  /** Steps down; as many as up unless given. */
  stepSizeDown?: number | null;
  /** Whether the height of the triangles stays, is halved with each, or falls as gamma^step; "triangular" unless given. */
  mode?: "triangular" | "triangular2" | "exp_range";
  /** For "exp_range"; 1 unless given. */
  gamma?: number;
  /** A height of one's own instead of `mode`: a factor for a cycle (counted from 1), or for a step. */
  scaleFn?: ((x: number) => number) | null;
  /** What `scaleFn` is a function of; "cycle" unless given. */
  scaleMode?: "cycle" | "iterations";
  /** Whether the momentum goes the other way; true unless given. */
  cycleMomentum?: boolean;
  /** The lowest momentum; 0.8 unless given. */
  baseMomentum?: PerGroup;
  /** The highest momentum; 0.9 unless given. */
  maxMomentum?: PerGroup;
}

/**
 * Leads the learning rate up and down in triangles (Smith, "Cyclical learning rates for training neural networks", WACV
 * 2017); `step()` after each update.
 *
 * η(t) = baseLr + (maxLr − baseLr)·s·h, where s goes from 0 to 1 in `stepSizeUp` steps and back in `stepSizeDown`, and h is
 * the height of the triangle. The momentum is maxMomentum − (maxMomentum − baseMomentum)·s·h.
 *
 * @throws {ArgumentError} for options that are unknown or out of range, and for an optimizer without momentum, unless
 * `cycleMomentum` is false.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { CyclicLR, SGD } from "@chainrule/optim";
 * const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 1 });
 * const schedule = new CyclicLR(optimizer, { baseLr: 1, maxLr: 5, stepSizeUp: 2, cycleMomentum: false });
 * const rates = Array.from({ length: 4 }, () => { schedule.step(); return schedule.getLastLr()[0]; });
 * rates; // → [ 3, 5, 3, 1 ]
 */
export class CyclicLR extends RateSchedule {
  constructor(optimizer: Scheduled, options: CyclicLROptions) {
    const where = "CyclicLR";
    checkOptions(where, options, [
      "baseLr",
      "maxLr",
      "stepSizeUp",
      "stepSizeDown",
      "mode",
      "gamma",
      "scaleFn",
      "scaleMode",
      "cycleMomentum",
      "baseMomentum",
      "maxMomentum",
    ]);
    const baseLr = perGroup(where, "baseLr", options?.baseLr, optimizer);
    const maxLr = perGroup(where, "maxLr", options.maxLr, optimizer);
    const up = checkInteger(where, "stepSizeUp", options.stepSizeUp ?? 2000, 1);
    const down = checkInteger(where, "stepSizeDown", options.stepSizeDown ?? up, 1);
    const height = heightOf(where, options);
    const cycleMomentum = checkBoolean(where, "cycleMomentum", options.cycleMomentum, true);
    const least = perGroup(where, "baseMomentum", options.baseMomentum ?? 0.8, optimizer);
    const most = perGroup(where, "maxMomentum", options.maxMomentum ?? 0.9, optimizer);
    if (cycleMomentum) checkMomentum(where, optimizer);
    const total = up + down;
    /** From 0 to 1 and back, times the height. */
    const level = (step: number): number => {
      const cycle = Math.floor(1 + step / total);
      const place = 1 + step / total - cycle;
      const ratio = up / total;
      const rise = place <= ratio ? place / ratio : (place - 1) / (ratio - 1);
      return rise * height(cycle, step);
    };
    const rate = (_: number, { epoch, group }: Moment): number =>
      baseLr(group) + (maxLr(group) - baseLr(group)) * level(epoch);
    const momentum = ({ epoch, group }: Moment): number =>
      most(group) - (most(group) - least(group)) * level(epoch);
    super(where, optimizer, { first: rate, next: rate, ...(cycleMomentum ? { momentum } : {}) });
  }
}

/** The height of the triangle at a step, by cycle or by step. */
function heightOf(
  where: string,
  { mode = "triangular", gamma = 1, scaleFn = null, scaleMode = "cycle" }: CyclicLROptions,
): (cycle: number, step: number) => number {
  checkNumber(where, "gamma", gamma);
  if (scaleFn !== null) {
    if (typeof scaleFn !== "function") {
      throw new ArgumentError(`${where}: scaleFn must be a function.`, { scaleFn });
    }
    if (scaleMode !== "cycle" && scaleMode !== "iterations") {
      throw new ArgumentError(
        `${where}: scaleMode must be "cycle" or "iterations", not ${JSON.stringify(scaleMode)}.`,
        { scaleMode },
      );
    }
    return (cycle, step) => scaleFn(scaleMode === "cycle" ? cycle : step);
  }
  switch (mode) {
    case "triangular":
      return () => 1;
    case "triangular2":
      return (cycle) => 1 / 2 ** (cycle - 1);
    case "exp_range":
      return (_, step) => gamma ** step;
    default:
      throw new ArgumentError(
        `${where}: mode must be "triangular", "triangular2" or "exp_range", not ${JSON.stringify(mode)}.`,
        { mode },
      );
  }
}

/** Options of {@link OneCycleLR}. */
export interface OneCycleLROptions {
  /** The highest rate, for all groups or for each. */
  maxLr: PerGroup;
  /** The number of steps; or give `epochs` and `stepsPerEpoch`. */
  totalSteps?: number | null;
  epochs?: number | null;
  stepsPerEpoch?: number | null;
  /** The part of the steps that leads up; 0.3 unless given. */
  pctStart?: number;
  /** Along half a cosine or a straight line; "cos" unless given. */
  annealStrategy?: "cos" | "linear";
  /** Whether the momentum goes the other way; true unless given. */
  cycleMomentum?: boolean;
  /** The lowest momentum; 0.85 unless given. */
  baseMomentum?: PerGroup;
  /** The highest momentum; 0.95 unless given. */
  maxMomentum?: PerGroup;
  /** The first rate is maxLr/divFactor; 25 unless given. */
  divFactor?: number;
  /** The last rate is the first one divided by this; 10⁴ unless given. */
  finalDivFactor?: number;
  /** Down as it went up first, and then to the last rate, instead of down at once. */
  threePhase?: boolean;
}

/** A stretch on which rate and momentum go from one value to another. */
interface Phase {
  readonly end: number;
  readonly lr: readonly ["initial" | "max" | "min", "initial" | "max" | "min"];
  readonly momentum: readonly ["base" | "max", "base" | "max"];
}

/**
 * Leads the learning rate up to `maxLr` and down to almost nothing, once (Smith & Topin, "Super-convergence: very fast
 * training of neural networks using large learning rates", 2018); `step()` after each update.
 *
 * It begins with maxLr/divFactor, is at `maxLr` after pctStart·totalSteps steps, and ends with
 * maxLr/(divFactor·finalDivFactor); the momentum goes from `maxMomentum` to `baseMomentum` and back.
 *
 * @throws {ArgumentError} for options that are unknown or out of range, and for an optimizer without momentum, unless
 * `cycleMomentum` is false; in `step`, when there are no steps left.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Adam, OneCycleLR } from "@chainrule/optim";
 * const optimizer = new Adam([tensor(1, { requiresGrad: true })]);
 * const schedule = new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 5, pctStart: 0.4, annealStrategy: "linear" });
 * const rates = [0, 1, 2, 3].map(() => { schedule.step(); return schedule.getLastLr()[0]?.toFixed(3); });
 * rates; // → [ "1.000", "0.667", "0.333", "0.000" ]
 */
export class OneCycleLR extends RateSchedule {
  constructor(optimizer: Scheduled, options: OneCycleLROptions) {
    const where = "OneCycleLR";
    checkOptions(where, options, [
      "maxLr",
      "totalSteps",
      "epochs",
      "stepsPerEpoch",
      "pctStart",
      "annealStrategy",
      "cycleMomentum",
      "baseMomentum",
      "maxMomentum",
      "divFactor",
      "finalDivFactor",
      "threePhase",
    ]);
    const maxLr = perGroup(where, "maxLr", options?.maxLr, optimizer);
    const total = totalStepsOf(where, options);
    const pctStart = checkNumber(where, "pctStart", options.pctStart ?? 0.3);
    if (!(pctStart >= 0 && pctStart <= 1)) {
      throw new ArgumentError(`${where}: pctStart must be from 0 to 1, not ${pctStart}.`, {
        pctStart,
      });
    }
    const { annealStrategy = "cos" } = options;
    if (annealStrategy !== "cos" && annealStrategy !== "linear") {
      throw new ArgumentError(
        `${where}: annealStrategy must be "cos" or "linear", not ${JSON.stringify(annealStrategy)}.`,
        { annealStrategy },
      );
    }
    const cycleMomentum = checkBoolean(where, "cycleMomentum", options.cycleMomentum, true);
    const baseMomentum = perGroup(where, "baseMomentum", options.baseMomentum ?? 0.85, optimizer);
    const maxMomentum = perGroup(where, "maxMomentum", options.maxMomentum ?? 0.95, optimizer);
    const divFactor = checkNumber(where, "divFactor", options.divFactor ?? 25);
    const finalDivFactor = checkNumber(where, "finalDivFactor", options.finalDivFactor ?? 1e4);
    const threePhase = checkBoolean(where, "threePhase", options.threePhase, false);
    if (cycleMomentum) checkMomentum(where, optimizer);

    const phases = phasesOf(total, pctStart, threePhase);
    const lrs = {
      initial: (group: number) => maxLr(group) / divFactor,
      max: maxLr,
      min: (group: number) => maxLr(group) / divFactor / finalDivFactor,
    };
    const momenta = { base: baseMomentum, max: maxMomentum };
    /** The phase of a step, and how far along it the step is, from 0 to 1. */
    const placeOf = (step: number): { phase: Phase; along: number } => {
      if (step > total) {
        throw new ArgumentError(
          `${where}: this is step ${step}, but the schedule was made for ${total}.`,
          { step, totalSteps: total },
        );
      }
      const at = phases.findIndex(({ end }) => step <= end);
      const i = at < 0 ? phases.length - 1 : at;
      const begin = i === 0 ? 0 : phases[i - 1]!.end;
      const { end } = phases[i]!;
      // A phase without a length is over at once.
      const along = end === begin ? 1 : (step - begin) / (end - begin);
      return { phase: phases[i]!, along };
    };
    const between = (from: number, to: number, along: number): number =>
      annealStrategy === "linear"
        ? (to - from) * along + from
        : to + ((from - to) / 2) * (1 + Math.cos(Math.PI * along));
    const rate = (_: number, { epoch, group }: Moment): number => {
      const { phase, along } = placeOf(epoch);
      return between(lrs[phase.lr[0]](group), lrs[phase.lr[1]](group), along);
    };
    const momentum = ({ epoch, group }: Moment): number => {
      const { phase, along } = placeOf(epoch);
      return between(momenta[phase.momentum[0]](group), momenta[phase.momentum[1]](group), along);
    };
    super(where, optimizer, { first: rate, next: rate, ...(cycleMomentum ? { momentum } : {}) });
  }
}

function phasesOf(total: number, pctStart: number, threePhase: boolean): readonly Phase[] {
  const up: Phase = {
    end: pctStart * total - 1,
    lr: ["initial", "max"],
    momentum: ["max", "base"],
  };
  if (!threePhase) return [up, { end: total - 1, lr: ["max", "min"], momentum: ["base", "max"] }];
  return [
    up,
    { end: 2 * pctStart * total - 2, lr: ["max", "initial"], momentum: ["base", "max"] },
    { end: total - 1, lr: ["initial", "min"], momentum: ["max", "max"] },
  ];
}

function totalStepsOf(
  where: string,
  { totalSteps = null, epochs = null, stepsPerEpoch = null }: OneCycleLROptions,
): number {
  if (totalSteps !== null) return checkInteger(where, "totalSteps", totalSteps, 1);
  if (epochs === null || stepsPerEpoch === null) {
    throw new ArgumentError(
      `${where}: give totalSteps, or both epochs and stepsPerEpoch, so that the schedule knows its length.`,
      { epochs, stepsPerEpoch },
    );
  }
  return (
    checkInteger(where, "epochs", epochs, 1) *
    checkInteger(where, "stepsPerEpoch", stepsPerEpoch, 1)
  );
}
