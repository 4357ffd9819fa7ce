/**
 * NAdam: Adam that looks ahead along its momentum.
 */
import type { Tensor } from "@chainrule/core";
import { elementwiseUpdate } from "@chainrule/core";
import type { MomentsOptions } from "./adam.ts";
import { moved, penalized, penaltyParameters } from "./formulas.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import { decayRates, flag, noPenalty, notNegative, penaltyRules } from "./options.ts";

/** Options of {@link NAdam}. */
export interface NAdamOptions extends MomentsOptions {
  /** How fast the momentum comes up to β₁; 0.004 unless given. */
  momentumDecay: number;
  /** Whether weights shrink by lr·weightDecay·θ beside the step, as in AdamW, instead of through the gradient. */
  decoupledWeightDecay: boolean;
}

interface NAdamState extends Record<string, number | Tensor | null> {
  step: number;
  muProduct: number;
  expAvg: Tensor | null;
  expAvgSq: Tensor | null;
}

const kind: OptimizerKind<NAdamOptions, NAdamState> = {
  name: "NAdam",
  rules: {
    ...penaltyRules,
    betas: decayRates,
    eps: notNegative,
    momentumDecay: notNegative,
    decoupledWeightDecay: flag,
  },
  remembers: { step: 0, muProduct: 1, expAvg: null, expAvgSq: null },
};

const defaults: NAdamOptions = {
  ...noPenalty,
  lr: 2e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  momentumDecay: 4e-3,
  decoupledWeightDecay: false,
};

/**
 * Adam with Nesterov's momentum (Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016).
 *
 * m and v as in Adam;  µₜ = β₁(1 − ½·0.96^(t·momentumDecay));  Pₜ = µ₁·…·µₜ;  d = √(v/(1 − β₂ᵗ)) + eps;
 * θ ← θ − lr·((1 − µₜ)/(1 − Pₜ)·g + µₜ₊₁/(1 − Pₜ₊₁)·m)/d.
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { NAdam } from "@chainrule/optim";
 * const w = tensor([5, -0.5], { requiresGrad: true });
 * const optimizer = new NAdam([w], { lr: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → tensor([ 4.8944, -0.3944], requiresGrad=true)
 */
export class NAdam extends GradientOptimizer<NAdamOptions, NAdamState> {
  protected override readonly borrower: unknown = NAdam.prototype.update;

  constructor(params: Params<NAdamOptions>, options: Partial<NAdamOptions> = {}) {
    super(params, kind, defaults, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    {
      lr,
      betas: [beta1, beta2],
      eps,
      weightDecay,
      momentumDecay,
      decoupledWeightDecay,
      maximize,
    }: NAdamOptions,
  ): void {
    const state = this.stateOf(parameter);
    state.step++;
    const momentum = (t: number): number => beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay));
    const mu = momentum(state.step);
    const muNext = momentum(state.step + 1);
    state.muProduct *= mu;
    lookAhead(
      {
        theta: parameter,
        gradient,
        average: tensorOf(state, "expAvg", parameter),
        squares: tensorOf(state, "expAvgSq", parameter),
      },
      {
        sign: maximize ? -1 : 1,
        decay: decoupledWeightDecay ? 0 : weightDecay,
        shrink: decoupledWeightDecay ? 1 - lr * weightDecay : 1,
        gradientRate: (lr * (1 - mu)) / (1 - state.muProduct),
        averageRate: (lr * muNext) / (1 - state.muProduct * muNext),
        share1: 1 - beta1,
        share2: 1 - beta2,
        scale: Math.sqrt(1 - beta2 ** state.step),
        eps,
      },
    );
  }
}

const lookAhead = elementwiseUpdate({
  arrays: ["theta", "gradient", "average", "squares"],
  parameters: [
    ...penaltyParameters,
    "shrink",
    "gradientRate",
    "averageRate",
    "share1",
    "share2",
    "scale",
    "eps",
  ],
  values: (s, { theta, gradient, average, squares }, p) => {
    const g = penalized(s, theta, gradient, p);
    const m = moved(s, average, p.share1, g);
    const v = moved(s, squares, p.share2, s.square(g));
    const ahead = s.add(s.mul(p.gradientRate, g), s.mul(p.averageRate, m));
    const step = s.div(ahead, s.add(s.div(s.sqrt(v), p.scale), p.eps));
    return { theta: s.sub(s.mul(theta, p.shrink), step), average: m, squares: v };
  },
});
