/**
 * Adagrad: each number gets a rate of its own, which falls with the gradients it has seen.
 */
import type { Tensor } from "@chainrule/core";
import { keptRows, perDType, writable } from "@chainrule/core";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params, PenaltyOptions } from "./groups.ts";
import { arrayOf } from "./optimizer.ts";
import { noPenalty, notNegative, penaltyRules } from "./options.ts";

/** Options of {@link Adagrad}. */
export interface AdagradOptions extends PenaltyOptions {
  /** How fast the rate falls by itself: it is lr/(1 + (t − 1)·lrDecay) at step t; 0 unless given. */
  lrDecay: number;
  /** What the sums of squares begin with; 0 unless given. */
  initialAccumulatorValue: number;
  /** Added to the denominator; 1e-10 unless given. */
  eps: number;
}

interface AdagradState extends Record<string, number | Tensor | null> {
  step: number;
  sum: Tensor | null;
}

const kind: OptimizerKind<AdagradOptions, AdagradState> = {
  name: "Adagrad",
  rules: {
    ...penaltyRules,
    lrDecay: notNegative,
    initialAccumulatorValue: notNegative,
    eps: notNegative,
  },
  remembers: { step: 0, sum: null },
};

const defaults: AdagradOptions = {
  ...noPenalty,
  lr: 0.01,
  lrDecay: 0,
  initialAccumulatorValue: 0,
  eps: 1e-10,
};

/**
 * Adagrad (Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12,
 * 2011).
 *
 * g = ∇L + weightDecay·θ + l1·sign(θ);  s ← s + g²;  θ ← θ − lr/(1 + (t − 1)·lrDecay) · g/(√s + eps).
 *
 * Of a row-sparse gradient only the rows are visited, unless a penalty moves the others, too.
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Adagrad } from "@chainrule/optim";
 * const w = tensor([5, -0.5], { requiresGrad: true });
 * const optimizer = new Adagrad([w], { lr: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → tensor([4.9, -0.4], requiresGrad=true)
 */
export class Adagrad extends GradientOptimizer<AdagradOptions, AdagradState> {
  protected override readonly borrower: unknown = Adagrad.prototype.update;

  constructor(params: Params<AdagradOptions>, options: Partial<AdagradOptions> = {}) {
    super(params, kind, defaults, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, lrDecay, initialAccumulatorValue, eps, weightDecay, maximize }: AdagradOptions,
  ): void {
    const state = this.stateOf(parameter);
    const theta = writable(parameter);
    const sum = arrayOf(state, "sum", parameter, initialAccumulatorValue);
    const rate = lr / (1 + state.step * lrDecay);
    state.step++;
    const rows = keptRows(gradient);
    // A penalty moves every row; without one the others stay where they are.
    if (rows !== null && weightDecay === 0) {
      const { indices, values } = rows;
      scaleRowsFor(theta)(theta, indices, values, maximize ? -1 : 1, sum, rate, eps);
      return;
    }
    scaleFor(theta)(
      theta,
      gradient.storage.data,
      gradient.offset,
      maximize ? -1 : 1,
      weightDecay,
      sum,
      rate,
      eps,
    );
  }
}

const scaleFor = perDType(function scale(
  theta: { [index: number]: number; length: number },
  gradient: ArrayLike<number>,
  start: number,
  sign: number,
  weightDecay: number,
  sum: { [index: number]: number },
  rate: number,
  eps: number,
): void {
  for (let i = 0; i < theta.length; i++) {
    const at = theta[i]!;
    const g = sign * gradient[start + i]! + weightDecay * at;
    const s = sum[i]! + g * g;
    sum[i] = s;
    theta[i] = at - (rate * g) / (Math.sqrt(s) + eps);
  }
});

const scaleRowsFor = perDType(function scaleRows(
  theta: { [index: number]: number },
  indices: Int32Array,
  values: ArrayLike<number>,
  sign: number,
  sum: { [index: number]: number },
  rate: number,
  eps: number,
): void {
  const width = indices.length === 0 ? 0 : values.length / indices.length;
  for (let row = 0; row < indices.length; row++) {
    const shift = indices[row]! * width;
    for (let k = 0; k < width; k++) {
      const i = shift + k;
      const g = sign * values[row * width + k]!;
      const s = sum[i]! + g * g;
      sum[i] = s;
      theta[i] = theta[i]! - (rate * g) / (Math.sqrt(s) + eps);
    }
  }
});
