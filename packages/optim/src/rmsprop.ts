/**
 * RMSprop: gradients divided by the root of their mean square.
 */
import type { Tensor } from "@chainrule/core";
import { elementwiseUpdate } from "@chainrule/core";
import { moved, penalized, penaltyParameters } from "./formulas.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params, PenaltyOptions } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
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
    const squares = tensorOf(state, "squareAvg", parameter);
    const rolls = momentum > 0;
    const tensors = {
      theta: parameter,
      gradient,
      squares,
      // What a form does not have is neither kept nor read.
      means: centered ? tensorOf(state, "gradAvg", parameter) : squares,
      velocity: rolls ? tensorOf(state, "momentumBuffer", parameter) : squares,
    };
    const numbers = {
      sign: maximize ? -1 : 1,
      decay: weightDecay,
      lr,
      share: 1 - alpha,
      eps,
      momentum,
    };
    forms[Number(centered)]![Number(rolls)]!(tensors, numbers);
  }
}

const parameters = [...penaltyParameters, "lr", "share", "eps", "momentum"] as const;

/** The four forms, by whether they are centered and whether they have momentum. */
const forms = [false, true].map((centered) =>
  [false, true].map((rolls) =>
    elementwiseUpdate({
      arrays: [
        "theta",
        "gradient",
        "squares",
        ...(centered ? (["means"] as const) : []),
        ...(rolls ? (["velocity"] as const) : []),
      ],
      parameters,
      values: (s, { theta, gradient, squares, means, velocity }, p) => {
        const g = penalized(s, theta, gradient, p);
        const v = moved(s, squares, p.share, s.square(g));
        const m = centered ? moved(s, means, p.share, g) : undefined;
        // A variance: what rounding leaves below 0 is 0.
        const spread = m === undefined ? v : s.maximum(s.sub(v, s.square(m)), s.zero);
        const slope = s.div(g, s.add(s.sqrt(spread), p.eps));
        const step = rolls ? s.add(s.mul(p.momentum, velocity), slope) : slope;
        return {
          theta: s.sub(theta, s.mul(p.lr, step)),
          squares: v,
          ...(m === undefined ? {} : { means: m }),
          ...(rolls ? { velocity: step } : {}),
        };
      },
    }),
  ),
);
