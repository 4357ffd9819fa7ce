/**
 * Schedules whose rates fall (or rise) by one law.
 */
import { ArgumentError, checkInteger, checkNumber, checkOptions } from "@chainrule/core";
import type { Moment, Scheduled } from "./schedule.ts";
import { RateSchedule } from "./schedule.ts";

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
export class StepLR extends RateSchedule {
  constructor(optimizer: Scheduled, options: StepLROptions) {
    checkOptions("StepLR", options, ["stepSize", "gamma"]);
    const stepSize = checkInteger("StepLR", "stepSize", options?.stepSize, 1);
    const gamma = checkNumber("StepLR", "gamma", options.gamma ?? 0.1);
    super("StepLR", optimizer, {
      next: (lr, { epoch }) => (epoch % stepSize === 0 ? lr * gamma : lr),
    });
  }
}

/** Options of {@link MultiStepLR}. */
export interface MultiStepLROptions {
  /** The epochs at which the rate falls; one that stands there twice counts twice. */
  milestones: readonly number[];
  /** What the rate is multiplied by; 0.1 unless given. */
  gamma?: number;
}

/**
 * Multiplies the learning rate by `gamma` at each of the milestones.
 *
 * @throws {ArgumentError} for milestones that are no list of whole numbers.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { MultiStepLR, SGD } from "@chainrule/optim";
 * const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 8 });
 * const schedule = new MultiStepLR(optimizer, { milestones: [1, 4], gamma: 0.5 });
 * const rates = Array.from({ length: 5 }, () => { schedule.step(); return schedule.getLastLr()[0]; });
 * rates; // → [ 4, 4, 4, 2, 2 ]
 */
export class MultiStepLR extends RateSchedule {
  constructor(optimizer: Scheduled, options: MultiStepLROptions) {
    checkOptions("MultiStepLR", options, ["milestones", "gamma"]);
    const milestones = wholeNumbers("MultiStepLR", "milestones", options?.milestones);
    const gamma = checkNumber("MultiStepLR", "gamma", options.gamma ?? 0.1);
    super("MultiStepLR", optimizer, {
      next: (lr, { epoch }) => lr * gamma ** milestones.filter((at) => at === epoch).length,
    });
  }
}

/** A copy of a list of whole numbers. */
export function wholeNumbers(where: string, name: string, values: unknown): number[] {
  if (!Array.isArray(values)) {
    throw new ArgumentError(`${where}: ${name} must be a list of epochs such as [30, 80].`, {
      [name]: values,
    });
  }
  return values.map((value) => checkInteger(where, `one of the ${name}`, value, 0));
}

/** Options of {@link ConstantLR}. */
export interface ConstantLROptions {
  /** What the rate is multiplied by at first, more than 0 and at most 1; ⅓ unless given. */
  factor?: number;
  /** The epoch at which the rate becomes what it was; 5 unless given. */
  totalIters?: number;
}

/**
 * Multiplies the learning rate by `factor` until epoch `totalIters`.
 *
 * @throws {ArgumentError} for a factor that is not more than 0 and at most 1.
 */
export class ConstantLR extends RateSchedule {
  constructor(optimizer: Scheduled, options: ConstantLROptions = {}) {
    checkOptions("ConstantLR", options, ["factor", "totalIters"]);
    const factor = fraction("ConstantLR", "factor", options.factor ?? 1 / 3);
    const totalIters = checkInteger("ConstantLR", "totalIters", options.totalIters ?? 5, 0);
    super("ConstantLR", optimizer, {
      first: (lr) => lr * factor,
      next: (lr, { epoch }) => (epoch === totalIters ? lr / factor : lr),
    });
  }
}

/** Options of {@link LinearLR}. */
export interface LinearLROptions {
  /** What the rate is multiplied by at first, more than 0 and at most 1; ⅓ unless given. */
  startFactor?: number;
  /** What the rate is multiplied by at the end, from 0 to 1; 1 unless given. */
  endFactor?: number;
  /** The epoch of the end; 5 unless given. */
  totalIters?: number;
}

/**
 * Multiplies the learning rate by a factor that goes from `startFactor` to `endFactor` in a straight line, and stays there.
 *
 * @throws {ArgumentError} for factors out of range.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { LinearLR, SGD } from "@chainrule/optim";
 * const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 8 });
 * const schedule = new LinearLR(optimizer, { startFactor: 0.5, totalIters: 2 });
 * const rates = Array.from({ length: 3 }, () => { schedule.step(); return schedule.getLastLr()[0]; });
 * rates; // → [ 6, 8, 8 ]
 */
export class LinearLR extends RateSchedule {
  constructor(optimizer: Scheduled, options: LinearLROptions = {}) {
    checkOptions("LinearLR", options, ["startFactor", "endFactor", "totalIters"]);
    const start = fraction("LinearLR", "startFactor", options.startFactor ?? 1 / 3);
    const end = checkNumber("LinearLR", "endFactor", options.endFactor ?? 1);
    if (!(end >= 0 && end <= 1)) {
      throw new ArgumentError(`LinearLR: endFactor must be from 0 to 1, not ${end}.`, { end });
    }
    const totalIters = checkInteger("LinearLR", "totalIters", options.totalIters ?? 5, 1);
    super("LinearLR", optimizer, {
      first: (lr) => lr * start,
      next: (lr, { epoch }) => {
        if (epoch > totalIters) return lr;
        // On the way to 0 the last factor may be rounded to less than 0, which is no rate.
        return (
          lr * Math.max(1 + (end - start) / (totalIters * start + (epoch - 1) * (end - start)), 0)
        );
      },
    });
  }
}

function fraction(where: string, name: string, value: number): number {
  if (!(checkNumber(where, name, value) > 0 && value <= 1)) {
    throw new ArgumentError(`${where}: ${name} must be more than 0 and at most 1, not ${value}.`, {
      [name]: value,
    });
  }
  return value;
}

/** Options of {@link ExponentialLR}. */
export interface ExponentialLROptions {
  /** What the rate is multiplied by at each epoch. */
  gamma: number;
}

/**
 * Multiplies the learning rate by `gamma` at each epoch.
 *
 * @throws {ArgumentError} for a `gamma` that is no number.
 */
export class ExponentialLR extends RateSchedule {
  constructor(optimizer: Scheduled, options: ExponentialLROptions) {
    checkOptions("ExponentialLR", options, ["gamma"]);
    const gamma = checkNumber("ExponentialLR", "gamma", options?.gamma);
    super("ExponentialLR", optimizer, { next: (lr) => lr * gamma });
  }
}

/** Options of {@link PolynomialLR}. */
export interface PolynomialLROptions {
  /** The epoch at which the rate is 0; 5 unless given. */
  totalIters?: number;
  /** The power of the law; 1, a straight line, unless given. */
  power?: number;
}

/**
 * Lets the learning rate fall to 0 in `totalIters` epochs, as (1 − t/totalIters)^power.
 *
 * @throws {ArgumentError} for a `totalIters` that is no whole number of at least 1.
 */
export class PolynomialLR extends RateSchedule {
  constructor(optimizer: Scheduled, options: PolynomialLROptions = {}) {
    checkOptions("PolynomialLR", options, ["totalIters", "power"]);
    const totalIters = checkInteger("PolynomialLR", "totalIters", options.totalIters ?? 5, 1);
    const power = checkNumber("PolynomialLR", "power", options.power ?? 1);
    super("PolynomialLR", optimizer, {
      next: (lr, { epoch }) => {
        if (epoch > totalIters) return lr;
        const left = (1 - epoch / totalIters) / (1 - (epoch - 1) / totalIters);
        return lr * left ** power;
      },
    });
  }
}

/** A factor for each epoch, the same for all groups or one for each. */
export type LrLambda = ((epoch: number) => number) | readonly ((epoch: number) => number)[];

/** Options of {@link LambdaLR} and {@link MultiplicativeLR}. */
export interface LambdaLROptions {
  /** The factor of an epoch. */
  lrLambda: LrLambda;
}

/** The factor of a moment, by the function of its group. */
function factorBy(
  where: string,
  optimizer: Scheduled,
  options: LambdaLROptions,
): (moment: Moment) => number {
  checkOptions(where, options, ["lrLambda"]);
  const lambda = options?.lrLambda;
  const list = Array.isArray(lambda) ? lambda : null;
  const groups = optimizer?.paramGroups?.length;
  if (list !== null && list.length !== groups) {
    throw new ArgumentError(
      `${where}: ${list.length} functions were given for ${groups} groups. Give one for each, or one for all.`,
      { functions: list.length, groups },
    );
  }
  for (const one of list ?? [lambda]) {
    if (typeof one !== "function") {
      throw new ArgumentError(`${where}: lrLambda must be a function of the epoch.`, { lambda });
    }
  }
  return ({ epoch, group }) => {
    const one = list === null ? (lambda as (epoch: number) => number) : list[group];
    if (one === undefined) {
      throw new ArgumentError(
        `${where}: group ${group} was added later and has no function. Give one function for all groups.`,
        { group },
      );
    }
    return checkNumber(where, "the factor", one(epoch));
  };
}

/**
 * Sets the learning rate to its first value times a function of the epoch.
 *
 * @throws {ArgumentError} for what is no function, or a list of another length than that of the groups.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { LambdaLR, SGD } from "@chainrule/optim";
 * const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 6 });
 * const schedule = new LambdaLR(optimizer, { lrLambda: (epoch) => 1 / (1 + epoch) });
 * const rates = Array.from({ length: 2 }, () => { schedule.step(); return schedule.getLastLr()[0]; });
 * rates; // → [ 3, 2 ]
 */
export class LambdaLR extends RateSchedule {
  constructor(optimizer: Scheduled, options: LambdaLROptions) {
    const factor = factorBy("LambdaLR", optimizer, options);
    const rate = (_: number, moment: Moment): number => moment.baseLr * factor(moment);
    super("LambdaLR", optimizer, { first: rate, next: rate });
  }
}

/**
 * Multiplies the learning rate by a function of the epoch, at each epoch from the first on.
 *
 * @throws {ArgumentError} for what is no function, or a list of another length than that of the groups.
 */
export class MultiplicativeLR extends RateSchedule {
  constructor(optimizer: Scheduled, options: LambdaLROptions) {
    const factor = factorBy("MultiplicativeLR", optimizer, options);
    super("MultiplicativeLR", optimizer, {
      next: (lr, moment) => lr * factor(moment),
      // As PyTorch's: it goes on from where another schedule ended.
      again: (lr) => lr,
    });
  }
}
