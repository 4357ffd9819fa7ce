/**
 * A softmax over very many classes.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  add,
  argmax,
  cat,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  checkTensor,
  DTypeError,
  formatShape,
  fromTypedArray,
  gather,
  IndexError,
  indexSelect,
  logSoftmax,
  mean,
  narrow,
  neg,
  noGrad,
  quoted,
  reshape,
  ShapeError,
  squeeze,
  unsqueeze,
  zeros,
} from "@chainrule/core";
import { Module } from "../module.ts";
import { ModuleList } from "./containers.ts";
import { Linear } from "./linear.ts";
import type { RandomParameterOptions } from "./parameters.ts";
import { described, drawnFrom, ofType, randomParameterOptions } from "./parameters.ts";
import { Sequential } from "./sequential.ts";

/** Options of {@link AdaptiveLogSoftmaxWithLoss}. */
export interface AdaptiveSoftmaxOptions extends RandomParameterOptions {
  /** By which factor each cluster has fewer features than the one before; 4 unless given. */
  divValue?: number;
  /** Whether the head has a bias; false unless given. */
  headBias?: boolean;
}

/**
 * The softmax over very many classes that are sorted by how often they occur: the head scores the frequent ones, and one
 * score for each cluster of rarer ones, which are told apart only where they are needed. (Grave et al., "Efficient softmax
 * approximation for GPUs", ICML 2017.)
 *
 * `cutoffs` are the first classes of the clusters: with [10, 100] the classes 0 to 9 stand in the head, 10 to 99 in the
 * first cluster and all from 100 on in the second. Cluster i projects to ⌊inFeatures/divValueⁱ⁺¹⌋ features first.
 * `forward(x, target)` takes x of shape [N, inFeatures] and int32 classes of shape [N] (or [inFeatures] and a single
 * class), and gives [log-probabilities of the targets, their negative mean]. `logProb(x)` gives those of all classes,
 * [N, nClasses], `predict(x)` the likeliest class of each.
 *
 * @throws {ArgumentError} for sizes that are none, cutoffs that do not rise or leave no class to a cluster, and unknown options.
 * @throws {ShapeError} in `forward`, when inputs and targets do not fit; {@link IndexError} for a target that is no class.
 * @example
 * import { manualSeed, randn, tensor } from "@chainrule/core";
 * import { AdaptiveLogSoftmaxWithLoss } from "@chainrule/nn";
 * manualSeed(0);
 * const layer = new AdaptiveLogSoftmaxWithLoss(16, 1000, [10, 100]);
 * const [logProbabilities, loss] = layer.forward(randn([3, 16]), tensor([5, 50, 500], { dtype: "int32" }));
 * logProbabilities.shape; // → [ 3 ]
 * loss.item() > 0; // → true
 * layer.logProb(randn([2, 16])).exp().sum(1).sub(1).abs().max().item() < 1e-5; // → true
 */
export class AdaptiveLogSoftmaxWithLoss extends Module {
  static override readonly isConfined = true;

  readonly inFeatures: number;
  readonly nClasses: number;
  /** Where the clusters begin, and after the last of them the number of classes. */
  readonly cutoffs: readonly number[];
  readonly divValue: number;
  readonly head: Linear;
  readonly tail: ModuleList<Sequential<readonly [Linear, Linear]>>;

  constructor(
    inFeatures: number,
    nClasses: number,
    cutoffs: readonly number[],
    options: AdaptiveSoftmaxOptions = {},
  ) {
    super();
    const name = "AdaptiveLogSoftmaxWithLoss";
    checkOptions(name, options, ["divValue", "headBias", ...randomParameterOptions]);
    this.inFeatures = checkInteger(name, "inFeatures", inFeatures, 1);
    this.nClasses = checkInteger(name, "nClasses", nClasses, 2);
    this.cutoffs = [...checkCutoffs(name, cutoffs, nClasses), nClasses];
    this.divValue = checkNumber(name, "divValue", options.divValue ?? 4);
    const bias = checkBoolean(name, "headBias", options.headBias, false);
    const random = { ...ofType(options), ...drawnFrom(options) };
    const clusters = this.cutoffs.length - 1;
    this.head = new Linear(inFeatures, this.cutoffs[0]! + clusters, { bias, ...random });
    this.tail = new ModuleList(
      Array.from({ length: clusters }, (_, i) => {
        const features = Math.floor(inFeatures / this.divValue ** (i + 1));
        if (!(features >= 1)) {
          throw new ArgumentError(
            `${name}: cluster ${i} is left with ${inFeatures}/${this.divValue}^${i + 1} features, less than one. Take a smaller divValue, or fewer cutoffs.`,
            { cluster: i, divValue: this.divValue },
          );
        }
        const size = this.cutoffs[i + 1]! - this.cutoffs[i]!;
        return new Sequential(
          new Linear(inFeatures, features, { bias: false, ...random }),
          new Linear(features, size, { bias: false, ...random }),
        );
      }),
    );
  }

  override forward(x: Tensor, target: Tensor): [output: Tensor, loss: Tensor] {
    const classes = this.readTargets(x, target);
    const rows = x.ndim === 1 ? unsqueeze(x, 0) : x;
    const [frequent] = this.cutoffs as [number];
    // The class itself in the head, or its cluster there.
    const places = new Int32Array(classes.length);
    const byCluster = this.cutoffs.map((): number[] => []);
    for (const [i, k] of classes.entries()) {
      const cluster = this.cutoffs.findIndex((cutoff) => k < cutoff);
      places[i] = cluster === 0 ? k : frequent + cluster - 1;
      byCluster[cluster]!.push(i);
    }
    const inHead = picked(logSoftmax(this.head.forward(rows), 1), places);
    const parts = byCluster.map((own, cluster): Tensor => {
      if (cluster === 0 || own.length === 0) return zeros([own.length], { dtype: inHead.dtype });
      const first = this.cutoffs[cluster - 1]!;
      const scores = this.tail.at(cluster - 1).forward(indexSelect(rows, 0, indices(own)));
      return picked(
        logSoftmax(scores, 1),
        Int32Array.from(own, (i) => classes[i]! - first),
      );
    });
    const order = byCluster.flat();
    const back = new Int32Array(order.length);
    for (const [at, i] of order.entries()) back[i] = at;
    const output = add(inHead, indexSelect(cat(parts, 0), 0, fromTypedArray(back)));
    return [x.ndim === 1 ? squeeze(output, 0) : output, neg(mean(output))];
  }

  /** The log-probabilities of all classes, [N, nClasses] of x of shape [N, inFeatures]. */
  logProb(x: Tensor): Tensor {
    const head = logSoftmax(this.head.forward(x), 1);
    const [frequent] = this.cutoffs as [number];
    const parts = Array.from({ length: this.tail.length }, (_, i) =>
      add(logSoftmax(this.tail.at(i).forward(x), 1), narrow(head, 1, frequent + i, 1)),
    );
    return cat([narrow(head, 1, 0, frequent), ...parts], 1);
  }

  /** The likeliest class of each row of x, as int32. */
  predict(x: Tensor): Tensor {
    return noGrad(() => argmax(this.logProb(x), 1));
  }

  /** The classes that are wanted, after everything was checked. */
  private readTargets(x: Tensor, target: Tensor): Int32Array {
    const name = "AdaptiveLogSoftmaxWithLoss";
    checkTensor(name, x);
    checkTensor(`${name}, target`, target);
    if (target.dtype !== "int32") {
      throw new DTypeError(
        `${name}: targets are classes and must be int32, not ${target.dtype}. Convert them: target.to("int32").`,
        { dtype: target.dtype },
      );
    }
    const fits =
      (x.ndim === 2 && target.ndim === 1 && x.shape[0] === target.shape[0]) ||
      (x.ndim === 1 && target.ndim === 0);
    if (!fits || x.shape.at(-1) !== this.inFeatures) {
      throw new ShapeError(
        `${name}: expected inputs of shape [N, ${this.inFeatures}] and targets [N], or [${this.inFeatures}] and [], not ${formatShape(x.shape)} and ${formatShape(target.shape)}.`,
        { input: x.shape, target: target.shape },
      );
    }
    const classes = Int32Array.from(target.toTypedArray());
    const odd = classes.findIndex((k) => k < 0 || k >= this.nClasses);
    if (odd >= 0) {
      throw new IndexError(
        `${name}: target ${classes[odd]} (number ${odd}) is no class: there are ${this.nClasses}, counted from 0.`,
        { target: classes[odd], place: odd },
      );
    }
    return classes;
  }

  override extraRepr(): string {
    const { inFeatures, nClasses, cutoffs, divValue } = this;
    return described({ inFeatures, nClasses, cutoffs: cutoffs.slice(0, -1), divValue });
  }
}

function checkCutoffs(where: string, cutoffs: unknown, nClasses: number): readonly number[] {
  const rises =
    Array.isArray(cutoffs) &&
    cutoffs.length > 0 &&
    cutoffs.every(
      (cutoff, i) =>
        Number.isInteger(cutoff) && cutoff > (i === 0 ? 0 : cutoffs[i - 1]) && cutoff < nClasses,
    );
  if (rises) return cutoffs;
  throw new ArgumentError(
    `${where}: cutoffs must be whole numbers that rise, from 1 to ${nClasses - 1}, such as [10, 100], not ${quoted(cutoffs)}.`,
    { cutoffs },
  );
}

function indices(places: readonly number[]): Tensor {
  return fromTypedArray(Int32Array.from(places));
}

/** One number of each row. */
function picked(rows: Tensor, places: Int32Array): Tensor {
  return reshape(gather(rows, 1, fromTypedArray(places, [places.length, 1])), [places.length]);
}
