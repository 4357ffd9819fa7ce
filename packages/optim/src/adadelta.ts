/**
 * Adadelta: Adagrad over a window, with steps in the unit of the parameters.
 */
import type { Tensor } from "@chainrule/core";
import { elementwiseUpdate } from "@chainrule/core";
import { moved, penalized, penaltyParameters } from "./formulas.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params, PenaltyOptions } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import { noPenalty, notNegative, penaltyRules, share } from "./options.ts";

/** Options of {@link Adadelta}. */
export interface AdadeltaOptions extends PenaltyOptions {
  /** Decay rate of the averages; 0.9 unless given. */
  rho: number;
  /** Added below the roots; 1e-6 unless given. */
  eps: number;
}

interface AdadeltaState extends Record<string, Tensor | null> {
  squareAvg: Tensor | null;
  accDelta: Tensor | null;
}

const kind: OptimizerKind<AdadeltaOptions, AdadeltaState> = {
  name: "Adadelta",
  rules: { ...penaltyRules, rho: share, eps: notNegative },
  remembers: { squareAvg: null, accDelta: null },
};

const defaults: AdadeltaOptions = { ...noPenalty, lr: 1, rho: 0.9, eps: 1e-6 };

/**
 * Adadelta (Zeiler, "ADADELTA: an adaptive learning rate method", 2012).
 *
 * g = ∇L + weightDecay·θ + l1·sign(θ);  v ← rho·v + (1 − rho)g²;  δ = √(u + eps)/√(v + eps) · g;
 * u ← rho·u + (1 − rho)δ²;  θ ← θ − lr·δ.
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Adadelta } from "@chainrule/optim";
 * const w = tensor(1, { requiresGrad: true });
 * const optimizer = new Adadelta([w], { rho: 0.75, eps: 0.25 });
 * w.mul(1.5).backward();
 * optimizer.step(); // by √(0 + 0.25) / √(0.25·1.5² + 0.25) · 1.5
 * w.item(); // → 0.167…
 */
export class Adadelta extends GradientOptimizer<AdadeltaOptions, AdadeltaState> {
  protected override readonly borrower: unknown = Adadelta.prototype.update;

  constructor(params: Params<AdadeltaOptions>, options: Partial<AdadeltaOptions> = {}) {
    super(params, kind, defaults, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, rho, eps, weightDecay, maximize }: AdadeltaOptions,
  ): void {
    const state = this.stateOf(parameter);
    const squares = tensorOf(state, "squareAvg", parameter);
    const steps = tensorOf(state, "accDelta", parameter);
    const numbers = { sign: maximize ? -1 : 1, decay: weightDecay, lr, share: 1 - rho, eps };
    matchUnits({ theta: parameter, gradient, squares, steps }, numbers);
  }
}

const matchUnits = elementwiseUpdate({
  arrays: ["theta", "gradient", "squares", "steps"],
  parameters: [...penaltyParameters, "lr", "share", "eps"],
  values: (s, { theta, gradient, squares, steps }, p) => {
    const g = penalized(s, theta, gradient, p);
    const v = moved(s, squares, p.share, s.square(g));
    const delta = s.mul(s.div(s.sqrt(s.add(steps, p.eps)), s.sqrt(s.add(v, p.eps))), g);
    return {
      theta: s.sub(theta, s.mul(p.lr, delta)),
      squares: v,
      steps: moved(s, steps, p.share, s.square(delta)),
    };
  },
});
