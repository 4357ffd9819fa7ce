/**
 * Schedules along a cosine.
 */
import { ArgumentError, checkInteger, checkNumber, checkOptions } from "@chainrule/core";
import type { Moment, Scheduled } from "./schedule.ts";
import { RateSchedule } from "./schedule.ts";

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
export class CosineAnnealingLR extends RateSchedule {
  constructor(optimizer: Scheduled, options: CosineAnnealingLROptions) {
    checkOptions("CosineAnnealingLR", options, ["tMax", "etaMin"]);
    const tMax = checkInteger("CosineAnnealingLR", "tMax", options?.tMax, 1);
    const etaMin = checkNumber("CosineAnnealingLR", "etaMin", options.etaMin ?? 0);
    const phase = (epoch: number): number => 1 + Math.cos((Math.PI * epoch) / tMax);
    super("CosineAnnealingLR", optimizer, {
      next: (lr, { epoch, baseLr }) => {
        // At the bottom the excess is 0 and no factor leads up again: the first step up is that of the formula itself, from
        // the rate in force, which other schedules may have changed.
        if ((epoch - 1) % (2 * tMax) === tMax) return lr + ((baseLr - etaMin) * phase(epoch)) / 2;
        return etaMin + ((lr - etaMin) * phase(epoch)) / phase(epoch - 1);
      },
    });
  }
}

/** Options of {@link CosineAnnealingWarmRestarts}. */
export interface CosineAnnealingWarmRestartsOptions {
  /** Epochs of the first fall. */
  t0: number;
  /** How many times longer each fall is than the one before, a whole number; 1 unless given. */
  tMult?: number;
  /** The smallest rate; 0 unless given. */
  etaMin?: number;
}

/**
 * Lets the learning rate fall along half a cosine from its first value to `etaMin`, and begin anew: after `t0` epochs, then
 * after `t0·tMult`, and so on (Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017).
 *
 * η(t) = etaMin + ½(η₀ − etaMin)(1 + cos(π·t/T)), where t counts from the last restart and T is the length of this fall.
 *
 * @throws {ArgumentError} for lengths that are no whole numbers of at least 1.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { CosineAnnealingWarmRestarts, SGD } from "@chainrule/optim";
 * const optimizer = new SGD([tensor(1, { requiresGrad: true })], { lr: 8 });
 * const schedule = new CosineAnnealingWarmRestarts(optimizer, { t0: 2 });
 * const rates = Array.from({ length: 4 }, () => { schedule.step(); return schedule.getLastLr()[0]; });
 * rates; // → [ 4, 8, 4, 8 ]
 */
export class CosineAnnealingWarmRestarts extends RateSchedule {
  constructor(optimizer: Scheduled, options: CosineAnnealingWarmRestartsOptions) {
    const where = "CosineAnnealingWarmRestarts";
    checkOptions(where, options, ["t0", "tMult", "etaMin"]);
    const t0 = checkInteger(where, "t0", options?.t0, 1);
    const tMult = checkInteger(where, "tMult", options.tMult ?? 1, 1);
    const etaMin = checkNumber(where, "etaMin", options.etaMin ?? 0);
    // Always from the base rate: what schedules before this one made of the rate does not count, in PyTorch neither.
    const rate = (_: number, { epoch, baseLr }: Moment): number => {
      let [since, length] = [epoch, t0];
      if (tMult === 1) since %= t0;
      else {
        for (; since >= length; length *= tMult) since -= length;
      }
      return etaMin + ((baseLr - etaMin) * (1 + Math.cos((Math.PI * since) / length))) / 2;
    };
    super(where, optimizer, { first: rate, next: rate });
  }

  /**
   * Goes on to the next epoch, or to a given one, which need not be whole: `schedule.step(epoch + batch / batches)`.
   *
   * @throws {ArgumentError} for an epoch that is negative or not finite.
   */
  override step(epoch: number = Math.floor(this.lastEpoch) + 1): void {
    if (!(epoch >= 0 && epoch < Number.POSITIVE_INFINITY)) {
      throw new ArgumentError(
        `CosineAnnealingWarmRestarts.step: an epoch is a number of at least 0, not ${epoch}.`,
        { epoch },
      );
    }
    this.lastEpoch = epoch;
    this.advance();
  }
}
