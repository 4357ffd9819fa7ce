/**
 * Averaged stochastic gradient descent.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, elementwiseUpdate, fullLike } from "@chainrule/core";
import { moved, penalized, penaltyParameters } from "./formulas.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params, PenaltyOptions } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import { noPenalty, notNegative, penaltyRules } from "./options.ts";

/** Options of {@link ASGD}. */
export interface ASGDOptions extends PenaltyOptions {
  /** How fast weights shrink, and with them the rate; 1e-4 unless given. */
  lambd: number;
  /** The power with which the rate falls; 0.75 unless given. */
  alpha: number;
  /** The step at which averaging begins; 10⁶ unless given. */
  t0: number;
}

interface ASGDState extends Record<string, number | Tensor | null> {
  step: number;
  eta: number | null;
  ax: Tensor | null;
}

const kind: OptimizerKind<ASGDOptions, ASGDState> = {
  name: "ASGD",
  rules: { ...penaltyRules, lambd: notNegative, alpha: notNegative, t0: notNegative },
  remembers: { step: 0, eta: null, ax: null },
};

const defaults: ASGDOptions = { ...noPenalty, lr: 0.01, lambd: 1e-4, alpha: 0.75, t0: 1e6 };

/**
 * Stochastic gradient descent whose result is the average of where it has been (Polyak & Juditsky, "Acceleration of
 * stochastic approximation by averaging", SIAM J. Control Optim. 30, 1992), with the rates of Bottou's SGD.
 *
 * ηₜ = lr/(1 + lambd·lr·(t − 1))^alpha;  θ ← (1 − lambd·ηₜ)θ − ηₜ·(∇L + weightDecay·θ + l1·sign(θ));
 * a ← a + (θ − a)/max(1, t − 1 − t0), where t counts from 1. The average a is read with {@link ASGD.average}.
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { ASGD } from "@chainrule/optim";
 * const w = tensor(1, { requiresGrad: true });
 * const optimizer = new ASGD([w], { lr: 1, lambd: 0, t0: 0 });
 * for (let step = 0; step < 3; step++) {
 *   optimizer.zeroGrad();
 *   w.square().backward(); // w jumps between -1 and 1
 *   optimizer.step();
 * }
 * optimizer.average(w).item(); // → 0
 */
export class ASGD extends GradientOptimizer<ASGDOptions, ASGDState> {
  protected override readonly borrower: unknown = ASGD.prototype.update;

  constructor(params: Params<ASGDOptions>, options: Partial<ASGDOptions> = {}) {
    super(params, kind, defaults, options);
  }

  /**
   * The average of a parameter's values so far: what it was moved to last, until step `t0`.
   *
   * @throws {ArgumentError} for a tensor that has made no step.
   */
  average(parameter: Tensor): Tensor {
    const ax = this.memory.get(parameter)?.ax ?? null;
    if (ax === null) {
      throw new ArgumentError(
        "ASGD.average: this tensor has no average: it has made no step here. Call step() first.",
      );
    }
    return fullLike(ax, 0).copy_(ax);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, lambd, alpha, t0, weightDecay, maximize }: ASGDOptions,
  ): void {
    const state = this.stateOf(parameter);
    const eta = state.eta ?? lr;
    const means = tensorOf(state, "ax", parameter);
    const weight = 1 / Math.max(1, state.step - t0);
    average(
      { theta: parameter, gradient, means },
      {
        sign: maximize ? -1 : 1,
        decay: weightDecay,
        eta,
        shrink: 1 - lambd * eta,
        weight,
      },
    );
    state.step++;
    state.eta = lr / (1 + lambd * lr * state.step) ** alpha;
  }
}

const average = elementwiseUpdate({
  arrays: ["theta", "gradient", "means"],
  parameters: [...penaltyParameters, "eta", "shrink", "weight"],
  values: (s, { theta, gradient, means }, p) => {
    const step = s.mul(p.eta, penalized(s, theta, gradient, p));
    const at = s.sub(s.mul(p.shrink, theta), step);
    // A weight of 1 takes the place itself, without a rounding.
    return { theta: at, means: s.where(s.eq(p.weight, s.one), at, moved(s, means, p.weight, at)) };
  },
});
