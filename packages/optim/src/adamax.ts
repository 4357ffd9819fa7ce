/**
 * Adamax: Adam with the largest gradient in place of the mean square.
 */
import type { Tensor } from "@chainrule/core";
import { perDType, writable } from "@chainrule/core";
import type { MomentsOptions } from "./adam.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params } from "./groups.ts";
import { arrayOf } from "./optimizer.ts";
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
    const theta = writable(parameter);
    state.step++;
    boundFor(theta)(
      theta,
      gradient.storage.data,
      gradient.offset,
      maximize ? -1 : 1,
      weightDecay,
      arrayOf(state, "expAvg", parameter),
      arrayOf(state, "expInf", parameter),
      lr / (1 - beta1 ** state.step),
      beta1,
      beta2,
      eps,
    );
  }
}

const boundFor = perDType(function boundByLargest(
  theta: { [index: number]: number; length: number },
  gradient: ArrayLike<number>,
  start: number,
  sign: number,
  weightDecay: number,
  average: { [index: number]: number },
  largest: { [index: number]: number },
  rate: number,
  beta1: number,
  beta2: number,
  eps: number,
): void {
  for (let i = 0; i < theta.length; i++) {
    const at = theta[i]!;
    const g = sign * gradient[start + i]! + weightDecay * at;
    const m = beta1 * average[i]! + (1 - beta1) * g;
    const u = Math.max(beta2 * largest[i]!, Math.abs(g) + eps);
    average[i] = m;
    largest[i] = u;
    theta[i] = at - (rate * m) / u;
  }
});
