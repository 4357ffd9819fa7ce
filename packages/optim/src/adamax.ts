/**
 * Adamax: Adam with the largest gradient in place of the mean square.
 */
import type { Tensor } from "@chainrule/core";
import { elementwiseUpdate } from "@chainrule/core";
import type { MomentsOptions } from "./adam.ts";
import { moved, penalized, penaltyParameters } from "./formulas.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import { decayRates, noPenalty, notNegative, penaltyRules } from "./options.ts";

/** Options of {@link Adamax}. */
export interface AdamaxOptions extends MomentsOptions {}

interface AdamaxState extends Record<string, number | Tensor | null> {
  step: number;
  expAvg: Tensor | null;
  expInf: Tensor | null;
}

const kind: OptimizerKind<AdamaxOptions, AdamaxState> = {
  name: "Adamax",
  rules: { ...penaltyRules, betas: decayRates, eps: notNegative },
  remembers: { step: 0, expAvg: null, expInf: null },
};

const defaults: AdamaxOptions = { ...noPenalty, lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8 };

/**
 * Adamax (Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 7).
 *
 * g = ∇L + weightDecay·θ + l1·sign(θ);  m ← β₁m + (1 − β₁)g;  u ← max(β₂u, |g| + eps);
 * θ ← θ − lr/(1 − β₁ᵗ) · m/u.
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Adamax } from "@chainrule/optim";
 * const w = tensor([5, -0.5], { requiresGrad: true });
 * const optimizer = new Adamax([w], { lr: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → tensor([4.9, -0.4], requiresGrad=true)
 */
export class Adamax extends GradientOptimizer<AdamaxOptions, AdamaxState> {
  protected override readonly borrower: unknown = Adamax.prototype.update;

  constructor(params: Params<AdamaxOptions>, options: Partial<AdamaxOptions> = {}) {
    super(params, kind, defaults, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, betas: [beta1, beta2], eps, weightDecay, maximize }: AdamaxOptions,
  ): void {
    const state = this.stateOf(parameter);
    state.step++;
    const average = tensorOf(state, "expAvg", parameter);
    const largest = tensorOf(state, "expInf", parameter);
    boundByLargest(
      { theta: parameter, gradient, average, largest },
      {
        sign: maximize ? -1 : 1,
        decay: weightDecay,
        rate: lr / (1 - beta1 ** state.step),
        share: 1 - beta1,
        beta2,
        eps,
      },
    );
  }
}

const boundByLargest = elementwiseUpdate({
  arrays: ["theta", "gradient", "average", "largest"],
  parameters: [...penaltyParameters, "rate", "share", "beta2", "eps"],
  values: (s, { theta, gradient, average, largest }, p) => {
    const g = penalized(s, theta, gradient, p);
    const m = moved(s, average, p.share, g);
    const u = s.maximum(s.mul(p.beta2, largest), s.add(s.abs(g), p.eps));
    return { theta: s.sub(theta, s.div(s.mul(p.rate, m), u)), average: m, largest: u };
  },
});
