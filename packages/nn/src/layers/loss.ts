/**
 * Losses as modules. Each does what the function of its name does, and takes the same options; tensors among them are
 * buffers.
 */
import type {
  BinaryCrossEntropyOptions,
  BinaryCrossEntropyWithLogitsOptions,
  CrossEntropyOptions,
  CtcLossOptions,
  GaussianNllLossOptions,
  HingeLossOptions,
  HuberLossOptions,
  KlDivOptions,
  LossOptions,
  MarginLossOptions,
  MultilabelSoftMarginLossOptions,
  MultiMarginLossOptions,
  NllLossOptions,
  PoissonNllLossOptions,
  SmoothL1LossOptions,
  Tensor,
  TensorLike,
  TripletMarginLossOptions,
} from "@chainrule/core";
import {
  ArgumentError,
  add,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  checkNumber,
  checkOptions,
  clampMin,
  cosineEmbeddingLoss,
  crossEntropy,
  ctcLoss,
  gaussianNllLoss,
  hingeEmbeddingLoss,
  hingeLoss,
  huberLoss,
  klDiv,
  l1Loss,
  marginRankingLoss,
  mean,
  minimum,
  mseLoss,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  nllLoss,
  pairwiseDistance,
  perceptronLoss,
  poissonNllLoss,
  quoted,
  smoothL1Loss,
  softMarginLoss,
  sub,
  sum,
  toTensor,
  tripletMarginLoss,
} from "@chainrule/core";
import { Module } from "../module.ts";
import { buffer } from "../registry.ts";

type Pair = readonly [input: TensorLike, target: TensorLike];
type Triple = readonly [first: TensorLike, second: TensorLike, third: TensorLike];

/** A loss function with the options it is to have. */
abstract class Loss<Operands extends readonly TensorLike[], Options extends object> extends Module {
  readonly options: Readonly<Options>;
  private readonly compute: (...args: [...Operands, Options]) => Tensor;

  protected constructor(
    compute: (...args: [...Operands, Options]) => Tensor,
    options: Options,
    further: readonly (keyof Options & string)[] = [],
  ) {
    super();
    const { name } = this.constructor;
    checkOptions(name, options, ["reduction", ...further]);
    const entries = Object.entries(options).map(([key, value]) => [
      key,
      tensorOptions.has(key) && value !== null ? buffer(toTensor(name, value)) : value,
    ]);
    this.options = Object.fromEntries(entries) as Options;
    this.compute = compute;
  }

  override members(): readonly (readonly [name: string, value: unknown])[] {
    return Object.entries(this.options);
  }

  override forward(...operands: Operands): Tensor {
    return this.compute(...operands, this.options);
  }

  override extraRepr(): string {
    return Object.entries(this.options)
      .filter(([, value]) => typeof value !== "object")
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(", ");
  }
}

const tensorOptions: ReadonlySet<string> = new Set(["weight", "posWeight"]);

/** The mean squared error; see `mseLoss`. */
export class MSELoss extends Loss<Pair, LossOptions> {
  static override readonly isConfined = true;

  constructor(options: LossOptions = {}) {
    super(mseLoss, options);
  }
}

/** The mean absolute error; see `l1Loss`. */
export class L1Loss extends Loss<Pair, LossOptions> {
  static override readonly isConfined = true;

  constructor(options: LossOptions = {}) {
    super(l1Loss, options);
  }
}

/** The absolute error with its kink rounded off; see `smoothL1Loss`. */
export class SmoothL1Loss extends Loss<Pair, SmoothL1LossOptions> {
  static override readonly isConfined = true;

  constructor(options: SmoothL1LossOptions = {}) {
    super(smoothL1Loss, options, ["beta"]);
  }
}

/** Huber's loss; see `huberLoss`. */
export class HuberLoss extends Loss<Pair, HuberLossOptions> {
  static override readonly isConfined = true;

  constructor(options: HuberLossOptions = {}) {
    super(huberLoss, options, ["delta"]);
  }
}

/**
 * Cross-entropy of logits against classes or probabilities; see `crossEntropy`.
 *
 * @throws {ArgumentError} for unknown options.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { CrossEntropyLoss } from "@chainrule/nn";
 * const criterion = new CrossEntropyLoss({ weight: [1, 2] });
 * criterion.forward(tensor([[2, 0], [0, 0]]), [0, 1]); // → tensor(0.5044)
 */
export class CrossEntropyLoss extends Loss<Pair, CrossEntropyOptions> {
  static override readonly isConfined = true;

  constructor(options: CrossEntropyOptions = {}) {
    super(crossEntropy, options, ["weight", "ignoreIndex", "labelSmoothing"]);
  }
}

/** `forward(logProbs, targets, inputLengths, targetLengths)`; see `ctcLoss`. */
export class CTCLoss extends Loss<
  readonly [
    logProbs: TensorLike,
    targets: TensorLike,
    inputLengths: TensorLike,
    targetLengths: TensorLike,
  ],
  CtcLossOptions
> {
  static override readonly isConfined = true;

  constructor(options: CtcLossOptions = {}) {
    super(ctcLoss, options, ["blank", "zeroInfinity"]);
  }
}

/** The negative log-likelihood of classes; see `nllLoss`. */
export class NLLLoss extends Loss<Pair, NllLossOptions> {
  static override readonly isConfined = true;

  constructor(options: NllLossOptions = {}) {
    super(nllLoss, options, ["weight", "ignoreIndex"]);
  }
}

/** Cross-entropy of probabilities of two classes; see `binaryCrossEntropy`. */
export class BCELoss extends Loss<Pair, BinaryCrossEntropyOptions> {
  static override readonly isConfined = true;

  constructor(options: BinaryCrossEntropyOptions = {}) {
    super(binaryCrossEntropy, options, ["weight"]);
  }
}

/** Cross-entropy of logits of two classes; see `binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss extends Loss<Pair, BinaryCrossEntropyWithLogitsOptions> {
  static override readonly isConfined = true;

  constructor(options: BinaryCrossEntropyWithLogitsOptions = {}) {
    super(binaryCrossEntropyWithLogits, options, ["weight", "posWeight"]);
  }
}

/** The Kullback–Leibler divergence; see `klDiv`. */
export class KLDivLoss extends Loss<Pair, KlDivOptions> {
  static override readonly isConfined = true;

  constructor(options: KlDivOptions = {}) {
    super(klDiv, options, ["logTarget"]);
  }
}

/** The negative log-likelihood of counts; see `poissonNllLoss`. */
export class PoissonNLLLoss extends Loss<Pair, PoissonNllLossOptions> {
  static override readonly isConfined = true;

  constructor(options: PoissonNllLossOptions = {}) {
    super(poissonNllLoss, options, ["logInput", "full", "eps"]);
  }
}

/** The negative log-likelihood under normal distributions: `forward(input, target, variance)`; see `gaussianNllLoss`. */
export class GaussianNLLLoss extends Loss<Triple, GaussianNllLossOptions> {
  static override readonly isConfined = true;

  constructor(options: GaussianNllLossOptions = {}) {
    super(gaussianNllLoss, options, ["full", "eps"]);
  }
}

/** The hinge loss of scores against signs; see `hingeLoss`. */
export class HingeLoss extends Loss<Pair, HingeLossOptions> {
  static override readonly isConfined = true;

  constructor(options: HingeLossOptions = {}) {
    super(hingeLoss, options, ["margin", "squared"]);
  }
}

/** The loss of Rosenblatt's perceptron, of scores against signs; see `perceptronLoss`. */
export class PerceptronLoss extends Loss<Pair, LossOptions> {
  static override readonly isConfined = true;

  constructor(options: LossOptions = {}) {
    super(perceptronLoss, options);
  }
}

/** A loss of distances against signs; see `hingeEmbeddingLoss`. */
export class HingeEmbeddingLoss extends Loss<Pair, MarginLossOptions> {
  static override readonly isConfined = true;

  constructor(options: MarginLossOptions = {}) {
    super(hingeEmbeddingLoss, options, ["margin"]);
  }
}

/** A loss of pairs of scores: `forward(input1, input2, target)`; see `marginRankingLoss`. */
export class MarginRankingLoss extends Loss<Triple, MarginLossOptions> {
  static override readonly isConfined = true;

  constructor(options: MarginLossOptions = {}) {
    super(marginRankingLoss, options, ["margin"]);
  }
}

/** The logistic loss of scores against signs; see `softMarginLoss`. */
export class SoftMarginLoss extends Loss<Pair, LossOptions> {
  static override readonly isConfined = true;

  constructor(options: LossOptions = {}) {
    super(softMarginLoss, options);
  }
}

/** The hinge loss of several classes; see `multiMarginLoss`. */
export class MultiMarginLoss extends Loss<Pair, MultiMarginLossOptions> {
  static override readonly isConfined = true;

  constructor(options: MultiMarginLossOptions = {}) {
    super(multiMarginLoss, options, ["margin", "p", "weight"]);
  }
}

/** The hinge loss of several labels at once; see `multilabelMarginLoss`. */
export class MultiLabelMarginLoss extends Loss<Pair, LossOptions> {
  static override readonly isConfined = true;

  constructor(options: LossOptions = {}) {
    super(multilabelMarginLoss, options);
  }
}

/** One yes-or-no question for each class; see `multilabelSoftMarginLoss`. */
export class MultiLabelSoftMarginLoss extends Loss<Pair, MultilabelSoftMarginLossOptions> {
  static override readonly isConfined = true;

  constructor(options: MultilabelSoftMarginLossOptions = {}) {
    super(multilabelSoftMarginLoss, options, ["weight"]);
  }
}

/** A loss of pairs of vectors: `forward(input1, input2, target)`; see `cosineEmbeddingLoss`. */
export class CosineEmbeddingLoss extends Loss<Triple, MarginLossOptions> {
  static override readonly isConfined = true;

  constructor(options: MarginLossOptions = {}) {
    super(cosineEmbeddingLoss, options, ["margin"]);
  }
}

/** A loss of triples of vectors: `forward(anchor, positive, negative)`; see `tripletMarginLoss`. */
export class TripletMarginLoss extends Loss<Triple, TripletMarginLossOptions> {
  static override readonly isConfined = true;

  constructor(options: TripletMarginLossOptions = {}) {
    super(tripletMarginLoss, options, ["margin", "p", "eps", "swap"]);
  }
}

/** Options of {@link TripletMarginWithDistanceLoss}. */
export interface TripletMarginWithDistanceOptions extends LossOptions {
  /** The distance of two batches of vectors, one number for each pair; `pairwiseDistance` unless given. */
  distanceFunction?: (a: Tensor, b: Tensor) => Tensor;
  /** How much farther the negative is to be; 1 unless given. */
  margin?: number;
  /** Measure the negative from the positive where that is nearer; false unless given. */
  swap?: boolean;
}

/**
 * A loss of triples with a distance of one's own: max(0, d(a, p) − d(a, n) + margin), `forward(anchor, positive, negative)`.
 *
 * @throws {ArgumentError} for unknown options, and a distance that is no function.
 * @example
 * import { type Tensor, tensor } from "@chainrule/core";
 * import { TripletMarginWithDistanceLoss } from "@chainrule/nn";
 * const distanceFunction = (a: Tensor, b: Tensor) => a.sub(b).abs().amax(-1);
 * const criterion = new TripletMarginWithDistanceLoss({ distanceFunction });
 * criterion.forward(tensor([[0, 0]]), tensor([[0, 2]]), tensor([[1.5, 0]])).item(); // → 1.5
 */
export class TripletMarginWithDistanceLoss extends Module {
  readonly options: Readonly<TripletMarginWithDistanceOptions>;
  private readonly distance: (a: Tensor, b: Tensor) => Tensor;

  constructor(options: TripletMarginWithDistanceOptions = {}) {
    super();
    const name = "TripletMarginWithDistanceLoss";
    checkOptions(name, options, ["reduction", "distanceFunction", "margin", "swap"]);
    checkNumber(name, "margin", options.margin ?? 1);
    const { distanceFunction = pairwiseDistance } = options;
    if (typeof distanceFunction !== "function") {
      throw new ArgumentError(
        `${name}: distanceFunction is a function of two tensors, not ${quoted(distanceFunction)}.`,
      );
    }
    this.distance = (a, b) => distanceFunction(a, b);
    this.options = options;
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { margin = 1, swap = false, reduction = "mean" } = this.options;
    const toPositive = this.distance(anchor, positive);
    const toNegative = this.distance(anchor, negative);
    const far = swap ? minimum(toNegative, this.distance(positive, negative)) : toNegative;
    const losses = clampMin(add(sub(toPositive, far), margin), 0);
    return reduction === "mean" ? mean(losses) : reduction === "sum" ? sum(losses) : losses;
  }
}
