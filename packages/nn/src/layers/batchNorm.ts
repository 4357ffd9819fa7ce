/**
 * Normalisation layers that remember the statistics of what they have seen.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  batchNorm,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  checkTensor,
  formatShape,
  instanceNorm,
  noGrad,
  ones,
  ShapeError,
  zeros,
} from "@chainrule/core";
import { Module } from "../module.ts";
import { buffer } from "../registry.ts";
import type { DTypeOptions } from "./parameters.ts";
import { constantParameter, described, ofType } from "./parameters.ts";

/** Options of the batch and instance norms. */
export interface RunningNormOptions extends DTypeOptions {
  /** Added to the variance; 1e-5 unless given. */
  eps?: number;
  /** The share of each batch in the running statistics, 0.1 unless given; `null`: their plain average so far. */
  momentum?: number | null;
  /** Whether each channel has a weight and a bias; true for batch norms and false for instance norms unless given. */
  affine?: boolean;
  /** Whether there are running statistics; true for batch norms and false for instance norms unless given. */
  trackRunningStats?: boolean;
}

/** What they share: channels with weight and bias, and running statistics. */
abstract class RunningNorm extends Module {
  readonly numFeatures: number;
  readonly eps: number;
  readonly momentum: number | null;
  weight: Tensor | null;
  bias: Tensor | null;
  runningMean: Tensor | null;
  runningVar: Tensor | null;
  /** How many batches the running statistics have seen. */
  numBatchesTracked: Tensor | null;
  private readonly ranks: readonly number[];

  protected constructor(
    ranks: readonly number[],
    numFeatures: number,
    options: RunningNormOptions,
    otherwise: boolean,
  ) {
    super();
    const { name } = this.constructor;
    checkOptions(name, options, ["eps", "momentum", "affine", "trackRunningStats", "dtype"]);
    this.ranks = ranks;
    this.numFeatures = checkInteger(name, "numFeatures", numFeatures, 1);
    this.eps = checkNumber(name, "eps", options.eps ?? 1e-5);
    const { momentum = 0.1 } = options;
    this.momentum = momentum === null ? null : checkNumber(name, "momentum", momentum);
    const affine = checkBoolean(name, "affine", options.affine, otherwise);
    const tracks = checkBoolean(name, "trackRunningStats", options.trackRunningStats, otherwise);
    this.weight = affine ? constantParameter([numFeatures], 1, options) : null;
    this.bias = affine ? constantParameter([numFeatures], 0, options) : null;
    this.runningMean = tracks ? buffer(zeros([numFeatures], ofType(options))) : null;
    this.runningVar = tracks ? buffer(ones([numFeatures], ofType(options))) : null;
    this.numBatchesTracked = tracks ? buffer(zeros([], { dtype: "int32" })) : null;
  }

  /** Sets the running statistics to what they were in the beginning. */
  resetRunningStats(): void {
    noGrad(() => {
      this.runningMean?.zero_();
      this.runningVar?.fill_(1);
      this.numBatchesTracked?.zero_();
    });
  }

  /** Refuses what has another rank, or other channels. Gives the dimension of the channels. */
  protected checkInput(x: Tensor, mayBeSingle: boolean): 0 | 1 {
    const { name } = this.constructor;
    checkTensor(name, x);
    if (!this.ranks.includes(x.ndim)) {
      throw new ShapeError(
        `${name}: expected ${this.ranks.join(" or ")} dimensions, but the input has shape ${formatShape(x.shape)}.`,
        { shape: x.shape },
      );
    }
    const dim = mayBeSingle && x.ndim < this.ranks.at(-1)! ? 0 : 1;
    const channels = x.shape[dim];
    if (channels !== this.numFeatures) {
      throw new ShapeError(
        `${name}: made for ${this.numFeatures} channels, but the input of shape ${formatShape(x.shape)} has ${channels}.`,
        { shape: x.shape, numFeatures: this.numFeatures },
      );
    }
    return dim;
  }

  /** The momentum of the next update, when this batch is counted. */
  protected nextMomentum(): number {
    return this.momentum ?? 1 / ((this.numBatchesTracked?.item() ?? 0) + 1);
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum } = this;
    return described({
      numFeatures,
      eps,
      momentum,
      affine: this.weight !== null,
      trackRunningStats: this.runningMean !== null,
    });
  }
}

abstract class BatchNorm extends RunningNorm {
  protected constructor(
    ranks: readonly number[],
    numFeatures: number,
    options: RunningNormOptions,
  ) {
    super(ranks, numFeatures, options, true);
  }

  override forward(x: Tensor): Tensor {
    this.checkInput(x, false);
    const { runningMean, runningVar, weight, bias, eps } = this;
    const updates = this.training && runningMean !== null;
    const y = batchNorm(x, runningMean, runningVar, weight, bias, {
      training: this.training || runningMean === null,
      momentum: updates ? this.nextMomentum() : 0,
      eps,
    });
    if (updates) noGrad(() => this.numBatchesTracked?.add_(1));
    return y;
  }
}

abstract class InstanceNorm extends RunningNorm {
  protected constructor(
    ranks: readonly number[],
    numFeatures: number,
    options: RunningNormOptions,
  ) {
    super(ranks, numFeatures, options, false);
    if (options.momentum === null) {
      throw new ArgumentError(
        `${this.constructor.name}: momentum is a number; only batch norms count their batches.`,
      );
    }
  }

  override forward(x: Tensor): Tensor {
    const isBatched = this.checkInput(x, true) === 1;
    const { runningMean, runningVar, weight, bias, eps } = this;
    const y = instanceNorm(isBatched ? x : x.unsqueeze(0), runningMean, runningVar, weight, bias, {
      useInputStats: this.training || runningMean === null,
      momentum: this.nextMomentum(),
      eps,
    });
    return isBatched ? y : y.squeeze(0);
  }
}

/**
 * Standardises each channel over the batch, then scales and shifts it: y = (x − E[x]) / √(Var[x] + eps) · weight + bias, for
 * x of shape [N, numFeatures] or [N, numFeatures, L], see `batchNorm`. (Ioffe & Szegedy 2015.)
 *
 * While training, mean and variance are those of the batch, and the running ones move towards them (the variance towards the
 * unbiased one). Otherwise the running ones are used. `weight`, `bias`, `runningMean` and `runningVar` have shape
 * [numFeatures] and begin with 1, 0, 0 and 1. With `trackRunningStats: false` the batch's own statistics are always used.
 *
 * @throws {ArgumentError} for a size that is none, and unknown options.
 * @throws {ShapeError} in `forward`, for other channels, and in training for one number a channel.
 * @example
 * import { randn } from "@chainrule/core";
 * import { BatchNorm1d } from "@chainrule/nn";
 * const norm = new BatchNorm1d(3);
 * Math.abs(norm.forward(randn([100, 3])).mean().item()) < 1e-6; // → true
 * norm.numBatchesTracked?.item(); // → 1
 * norm.eval().forward(randn([1, 3])).shape; // → [ 1, 3 ]
 */
export class BatchNorm1d extends BatchNorm {
  static override readonly isConfined = true;

  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super([2, 3], numFeatures, options);
  }
}

/** As {@link BatchNorm1d}, for images: x of shape [N, numFeatures, H, W]. */
export class BatchNorm2d extends BatchNorm {
  static override readonly isConfined = true;

  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super([4], numFeatures, options);
  }
}

/** As {@link BatchNorm1d}, for volumes: x of shape [N, numFeatures, D, H, W]. */
export class BatchNorm3d extends BatchNorm {
  static override readonly isConfined = true;

  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super([5], numFeatures, options);
  }
}

/**
 * Standardises each channel of each sample over its places, for x of shape [N, numFeatures, L] (or without N), see
 * `instanceNorm`. (Ulyanov, Vedaldi & Lempitsky 2016.)
 *
 * Weight and bias (`affine`) and running statistics (`trackRunningStats`) are there if asked for; running statistics are
 * then used outside of training, as those of {@link BatchNorm1d}.
 *
 * @throws {ArgumentError} for a size that is none, and unknown options.
 * @throws {ShapeError} in `forward`, for other channels, and for one number a channel.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { InstanceNorm1d } from "@chainrule/nn";
 * new InstanceNorm1d(2, { eps: 0 }).forward(tensor([[1, 3], [0, 4]])).toArray(); // → [ [ -1, 1 ], [ -1, 1 ] ]
 */
export class InstanceNorm1d extends InstanceNorm {
  static override readonly isConfined = true;

  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super([2, 3], numFeatures, options);
  }
}

/** As {@link InstanceNorm1d}, for images: x of shape [N, numFeatures, H, W] (or without N). */
export class InstanceNorm2d extends InstanceNorm {
  static override readonly isConfined = true;

  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super([3, 4], numFeatures, options);
  }
}

/** As {@link InstanceNorm1d}, for volumes: x of shape [N, numFeatures, D, H, W] (or without N). */
export class InstanceNorm3d extends InstanceNorm {
  static override readonly isConfined = true;

  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super([4, 5], numFeatures, options);
  }
}
