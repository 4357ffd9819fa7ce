/**
 * RAdam: Adam that waits until its denominator can be relied upon.
 */
import type { Tensor } from "@chainrule/core";
import { elementwiseUpdate } from "@chainrule/core";
import type { MomentsOptions } from "./adam.ts";
import { moved, penalized, penaltyParameters } from "./formulas.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import { decayRates, flag, noPenalty, notNegative, penaltyRules } from "./options.ts";

/** Options of {@link RAdam}. */
export interface RAdamOptions extends MomentsOptions {
  /** Whether weights shrink by lr·weightDecay·θ beside the step, as in AdamW, instead of through the gradient. */
  decoupledWeightDecay: boolean;
}

interface RAdamState extends Record<string, number | Tensor | null> {
  step: number;
  expAvg: Tensor | null;
  expAvgSq: Tensor | null;
}

const kind: OptimizerKind<RAdamOptions, RAdamState> = {
  name: "RAdam",
  rules: { ...penaltyRules, betas: decayRates, eps: notNegative, decoupledWeightDecay: flag },
  remembers: { step: 0, expAvg: null, expAvgSq: null },
};

const defaults: RAdamOptions = {
  ...noPenalty,
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  decoupledWeightDecay: false,
};

/**
 * Rectified Adam (Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020).
 *
 * m and v as in Adam;  ρ∞ = 2/(1 − β₂) − 1;  ρₜ = ρ∞ − 2tβ₂ᵗ/(1 − β₂ᵗ), the number of gradients that v stands for. While
 * ρₜ ≤ 5: θ ← θ − lr·m/(1 − β₁ᵗ). Then θ ← θ − lr·rₜ · m/(1 − β₁ᵗ) · √(1 − β₂ᵗ)/(√v + eps), with
 * rₜ² = (ρₜ − 4)(ρₜ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρₜ).
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { RAdam } from "@chainrule/optim";
 * const w = tensor([5, -1], { requiresGrad: true });
 * const optimizer = new RAdam([w], { lr: 0.1 });
 * w.square().sum().backward();
 * optimizer.step(); // the first steps follow the gradient itself
 * w; // → tensor([ 4.0, -0.8], requiresGrad=true)
 */
export class RAdam extends GradientOptimizer<RAdamOptions, RAdamState> {
  protected override readonly borrower: unknown = RAdam.prototype.update;

  constructor(params: Params<RAdamOptions>, options: Partial<RAdamOptions> = {}) {
    super(params, kind, defaults, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, betas: [beta1, beta2], eps, weightDecay, decoupledWeightDecay, maximize }: RAdamOptions,
  ): void {
    const state = this.stateOf(parameter);
    state.step++;
    const t = state.step;
    const correction2 = 1 - beta2 ** t;
    const longest = 2 / (1 - beta2) - 1;
    const length = longest - (2 * t * beta2 ** t) / correction2;
    const rectified = length > 5;
    const variance =
      ((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length);
    (rectified ? adaptRectified : followAverage)(
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
        rate: (lr / (1 - beta1 ** t)) * (rectified ? Math.sqrt(variance * correction2) : 1),
        share1: 1 - beta1,
        share2: 1 - beta2,
        eps,
      },
    );
  }
}

const followAverage = adaptation(false);
const adaptRectified = adaptation(true);

function adaptation(rectified: boolean) {
  return elementwiseUpdate({
    arrays: ["theta", "gradient", "average", "squares"],
    parameters: [...penaltyParameters, "shrink", "rate", "share1", "share2", "eps"],
    values: (s, { theta, gradient, average, squares }, p) => {
      const g = penalized(s, theta, gradient, p);
      const m = moved(s, average, p.share1, g);
      const v = moved(s, squares, p.share2, s.square(g));
      const slope = s.mul(p.rate, m);
      const step = rectified ? s.div(slope, s.add(s.sqrt(v), p.eps)) : slope;
      return { theta: s.sub(s.mul(theta, p.shrink), step), average: m, squares: v };
    },
  });
}
