/**
 * Rosenblatt's perceptron, which learns by its own rule.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  linear,
  noGrad,
  ShapeError,
  tensor,
  writable,
  zeros,
} from "@chainrule/core";
import type { DTypeOptions } from "../layers/parameters.ts";
import { ofType } from "../layers/parameters.ts";
import { Module } from "../module.ts";
import { parameter } from "../registry.ts";
import type { Samples } from "./samples.ts";
import { batchesOf, rowsOf } from "./samples.ts";

/** Options of {@link Perceptron}. */
export interface PerceptronOptions extends DTypeOptions {
  /** How far a step goes; 1 unless given. */
  lr?: number;
  /** Whether there is a bias, learned as the weight of an input that is always 1; true unless given. */
  bias?: boolean;
}

/** Options of `Perceptron.fit`. */
export interface PerceptronFitOptions {
  /** How often the samples are gone through at most; 100 unless given. */
  epochs?: number;
}

/** What `Perceptron.fit` gives. */
export interface PerceptronHistory {
  /** The samples that were on the wrong side when they came, for each epoch. */
  readonly mistakes: readonly number[];
  /** Whether the last epoch went by without a mistake: the samples are separated. */
  readonly converged: boolean;
}

/**
 * Rosenblatt's perceptron: a straight line between two classes, −1 and 1, learned without gradients. While a sample has
 * y·(⟨w, x⟩ + b) ≤ 0, w becomes w + lr·y·x, and b becomes b + lr·y. This ends if there is such a line, as for AND and OR,
 * and never if there is none, as for XOR. (Rosenblatt 1958; Novikoff 1962.)
 *
 * `weight` has shape [inFeatures], `bias` is one number; both begin with 0. `forward` gives the scores ⟨w, x⟩ + b of x of
 * shape [*, inFeatures], `predict` their signs.
 *
 * @throws {ArgumentError} for sizes that are none, and unknown options.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Perceptron } from "@chainrule/nn";
 * const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]);
 * const and = new Perceptron(2);
 * const { converged } = await and.fit([x, tensor([-1, -1, -1, 1])]);
 * converged; // → true
 * and.predict(x).toArray(); // → [ -1, -1, -1, 1 ]
 * const xor = await new Perceptron(2).fit([x, tensor([-1, 1, 1, -1])]);
 * xor.converged; // → false
 */
export class Perceptron extends Module {
  readonly inFeatures: number;
  readonly lr: number;
  readonly weight: Tensor;
  readonly bias: Tensor | null;

  constructor(inFeatures: number, options: PerceptronOptions = {}) {
    super();
    checkOptions("Perceptron", options, ["lr", "bias", "dtype"]);
    this.inFeatures = checkInteger("Perceptron", "inFeatures", inFeatures, 1);
    this.lr = checkNumber("Perceptron", "lr", options.lr ?? 1);
    if (!(this.lr > 0 && Number.isFinite(this.lr))) {
      throw new ArgumentError(`Perceptron: lr must be positive, not ${this.lr}.`, { lr: this.lr });
    }
    const hasBias = checkBoolean("Perceptron", "bias", options.bias, true);
    const frozen = { requiresGrad: false };
    this.weight = parameter(zeros([inFeatures], ofType(options)), frozen);
    this.bias = hasBias ? parameter(zeros([], ofType(options)), frozen) : null;
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  /** The class of each sample, −1 or 1, as int32; a score of 0 counts as −1. */
  predict(x: Tensor): Tensor {
    return noGrad(() => this.forward(x).gt(0).to("int32").mul(2).sub(1));
  }

  /**
   * Goes through the samples until none is on the wrong side, or for as many epochs as are given.
   *
   * @param data [inputs, labels] of shapes [N, inFeatures] and [N], a data set of such samples, or batches: what `fit` of
   * `@chainrule/train` takes.
   * @throws {ArgumentError} for labels other than −1 and 1, numbers that are not finite, data without a batch, an empty batch, and
   * unknown options.
   * @throws {ShapeError} when inputs have other features, or there are not as many labels.
   */
  async fit(data: Samples, options: PerceptronFitOptions = {}): Promise<PerceptronHistory> {
    checkOptions("Perceptron.fit", options, ["epochs"]);
    const epochs = checkInteger("Perceptron.fit", "epochs", options.epochs ?? 100, 1);
    const mistakes: number[] = [];
    for (let epoch = 0; epoch < epochs; epoch++) {
      let wrong = 0;
      for await (const [x, y] of batchesOf("Perceptron.fit", data, 2)) wrong += this.learn(x!, y!);
      mistakes.push(wrong);
      if (wrong === 0) return { mistakes, converged: true };
    }
    return { mistakes, converged: false };
  }

  /** One pass over a batch; how many samples were on the wrong side. */
  private learn(x: Tensor, y: Tensor): number {
    const rows = rowsOf("Perceptron.fit", x, this.inFeatures);
    const labels = y.toTypedArray();
    if (labels.length !== x.shape[0]) {
      throw new ShapeError(
        `Perceptron.fit: there are ${x.shape[0]} samples and ${labels.length} labels.`,
        { samples: x.shape[0], labels: labels.length },
      );
    }
    const odd = labels.findIndex((label) => label !== 1 && label !== -1);
    if (odd >= 0) {
      throw new ArgumentError(
        `Perceptron.fit: labels are −1 and 1, but label ${odd} is ${labels[odd]}. For labels 0 and 1 give y.mul(2).sub(1).`,
        { label: labels[odd], sample: odd },
      );
    }
    const { lr, inFeatures } = this;
    const w = Float64Array.from(this.weight.toTypedArray());
    let b = this.bias === null ? 0 : this.bias.item();
    let wrong = 0;
    for (const [sample, label] of labels.entries()) {
      const at = sample * inFeatures;
      let score = b;
      for (let i = 0; i < inFeatures; i++) score += w[i]! * rows[at + i]!;
      if (label * score > 0) continue;
      wrong++;
      for (let i = 0; i < inFeatures; i++) w[i]! += lr * label * rows[at + i]!;
      if (this.bias !== null) b += lr * label;
    }
    noGrad(() => {
      writable(this.weight).set(w);
      this.bias?.copy_(tensor(b, { dtype: this.bias.dtype }));
    });
    return wrong;
  }

  override extraRepr(): string {
    return `inFeatures=${this.inFeatures}, bias=${this.bias !== null}`;
  }
}
