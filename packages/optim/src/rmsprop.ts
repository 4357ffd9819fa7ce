/**
 * RMSprop: gradients divided by the root of their mean square.
 */
import type { Tensor } from "@chainrule/core";
import { perDType, writable } from "@chainrule/core";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params, PenaltyOptions } from "./groups.ts";
import { arrayOf } from "./optimizer.ts";
import { flag, noPenalty, notNegative, penaltyRules, share } from "./options.ts";

/** Options of {@link RMSprop}. */
export interface RMSpropOptions extends PenaltyOptions {
  /** Decay rate of the averages; 0.99 unless given. */
  alpha: number;
  /** Added to the denominator; 1e-8 unless given. */
  eps: number;
  /** How much of the last step is kept; 0 unless given. */
  momentum: number;
  /** Divide by the standard deviation instead: the mean is taken out of the mean square. */
  centered: boolean;
}

interface RMSpropState extends Record<string, Tensor | null> {
  squareAvg: Tensor | null;
  gradAvg: Tensor | null;
  momentumBuffer: Tensor | null;
}

const kind: OptimizerKind<RMSpropOptions, RMSpropState> = {
  name: "RMSprop",
  rules: {
    ...penaltyRules,
    alpha: share,
    eps: notNegative,
    momentum: notNegative,
    centered: flag,
  },
  remembers: { squareAvg: null, gradAvg: null, momentumBuffer: null },
};

const defaults: RMSpropOptions = {
  ...noPenalty,
  lr: 0.01,
  alpha: 0.99,
  eps: 1e-8,
  momentum: 0,
  centered: false,
};

/**
 * RMSprop (Hinton, "Neural networks for machine learning", lecture 6, 2012), with momentum, and centered as in Graves,
 * "Generating sequences with recurrent neural networks", 2013.
 *
 * g = ∇L + weightDecay·θ + l1·sign(θ);  v ← alpha·v + (1 − alpha)g²;  d = √v + eps; centered: m ← alpha·m + (1 − alpha)g and
 * d = √(v − m²) + eps;  b ← momentum·b + g/d;  θ ← θ − lr·b.
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { RMSprop } from "@chainrule/optim";
 * const w = tensor([4, -8], { requiresGrad: true });
 * const optimizer = new RMSprop([w], { lr: 0.5, alpha: 0.75 });
 * w.square().sum().backward();
 * optimizer.step(); // by 0.5 / √0.25, whatever the size of the gradient
 * w; // → tensor([ 3, -7], requiresGrad=true)
 */
export class RMSprop extends GradientOptimizer<RMSpropOptions, RMSpropState> {
  protected override readonly borrower: unknown = RMSprop.prototype.update;

  constructor(params: Params<RMSpropOptions>, options: Partial<RMSpropOptions> = {}) {
    super(params, kind, defaults, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, alpha, eps, momentum, centered, weightDecay, maximize }: RMSpropOptions,
  ): void {
    const state = this.stateOf(parameter);
    const theta = writable(parameter);
    const squares = arrayOf(state, "squareAvg", parameter);
    // What is not asked for is neither kept nor read.
    const means = centered ? arrayOf(state, "gradAvg", parameter) : squares;
    const velocity = momentum > 0 ? arrayOf(state, "momentumBuffer", parameter) : squares;
    normalizeFor(theta)(
      theta,
      gradient.storage.data,
      gradient.offset,
      maximize ? -1 : 1,
      weightDecay,
      squares,
      means,
      velocity,
      lr,
      alpha,
      eps,
      momentum,
      centered,
    );
  }
}

const normalizeFor = perDType(function normalize(
  theta: { [index: number]: number; length: number },
  gradient: ArrayLike<number>,
  start: number,
  sign: number,
  weightDecay: number,
  squares: { [index: number]: number },
  means: { [index: number]: number },
  velocity: { [index: number]: number },
  lr: number,
  alpha: number,
  eps: number,
  momentum: number,
  centered: boolean,
): void {
  for (let i = 0; i < theta.length; i++) {
    const at = theta[i]!;
    const g = sign * gradient[start + i]! + weightDecay * at;
    let v = alpha * squares[i]! + (1 - alpha) * g * g;
    squares[i] = v;
    if (centered) {
      const m = alpha * means[i]! + (1 - alpha) * g;
      means[i] = m;
      // A variance: what rounding leaves below 0 is 0.
      v = Math.max(v - m * m, 0);
    }
    let step = g / (Math.sqrt(v) + eps);
    if (momentum > 0) {
      step += momentum * velocity[i]!;
      velocity[i] = step;
    }
    theta[i] = at - lr * step;
  }
});
