/**
 * Adam, and its form with decoupled weight decay.
 */
import type { ScalarAlgebra, Tensor } from "@chainrule/core";
import { elementwiseUpdate } from "@chainrule/core";
import { moved, penalized, penaltyParameters } from "./formulas.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params, PenaltyOptions } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import { decayRates, flag, noPenalty, notNegative, penaltyRules } from "./options.ts";

/** Options of Adam and its relatives. */
export interface MomentsOptions extends PenaltyOptions {
  /** Decay rates of the averages of the gradient and of its square; [0.9, 0.999] unless given. */
  betas: readonly [number, number];
  /** Added to the denominator; 1e-8 unless given. */
  eps: number;
}

/** Options of {@link Adam} and {@link AdamW}. */
export interface AdamOptions extends MomentsOptions {
  /** Adam: an L2 penalty, 0 unless given. AdamW: how fast weights shrink by themselves, 0.01 unless given. */
  weightDecay: number;
  /** Divide by the largest average of squares so far (AMSGrad). */
  amsgrad: boolean;
}

interface AdamState extends Record<string, number | Tensor | null> {
  step: number;
  expAvg: Tensor | null;
  expAvgSq: Tensor | null;
  maxExpAvgSq: Tensor | null;
}

const kind: Omit<OptimizerKind<AdamOptions, AdamState>, "name"> = {
  rules: { ...penaltyRules, betas: decayRates, eps: notNegative, amsgrad: flag },
  remembers: { step: 0, expAvg: null, expAvgSq: null, maxExpAvgSq: null },
};

const defaults: AdamOptions = {
  ...noPenalty,
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  amsgrad: false,
};

/** What both have in common: they differ in how weights decay. */
abstract class AdamFamily extends GradientOptimizer<AdamOptions, AdamState> {
  protected override readonly borrower: unknown = AdamFamily.prototype.update;

  private readonly decoupled: boolean;

  protected constructor(
    name: string,
    params: Params<AdamOptions>,
    own: AdamOptions,
    options: Partial<AdamOptions>,
    decoupled: boolean,
  ) {
    super(params, { ...kind, name }, own, options);
    this.decoupled = decoupled;
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, betas: [beta1, beta2], eps, weightDecay, amsgrad, maximize }: AdamOptions,
  ): void {
    const state = this.stateOf(parameter);
    state.step++;
    const average = tensorOf(state, "expAvg", parameter);
    const squares = tensorOf(state, "expAvgSq", parameter);
    const numbers = {
      sign: maximize ? -1 : 1,
      decay: this.decoupled ? 0 : weightDecay,
      shrink: this.decoupled ? 1 - lr * weightDecay : 1,
      share1: 1 - beta1,
      share2: 1 - beta2,
      rate: lr / (1 - beta1 ** state.step),
      scale: Math.sqrt(1 - beta2 ** state.step),
      eps,
    };
    if (amsgrad) {
      const largest = tensorOf(state, "maxExpAvgSq", parameter);
      adaptToLargest({ theta: parameter, gradient, average, squares, largest }, numbers);
    } else adapt({ theta: parameter, gradient, average, squares }, numbers);
  }
}

const parameters = [
  ...penaltyParameters,
  "shrink",
  "share1",
  "share2",
  "rate",
  "scale",
  "eps",
] as const;

/** The new averages, and θ by a denominator from them. */
function adaptation<T>(
  s: ScalarAlgebra<T>,
  {
    theta,
    gradient,
    average,
    squares,
  }: Readonly<Record<"theta" | "gradient" | "average" | "squares", T>>,
  p: Readonly<Record<(typeof parameters)[number], T>>,
): { average: T; squares: T; thetaBy: (squares: T) => T } {
  const g = penalized(s, theta, gradient, p);
  const m = moved(s, average, p.share1, g);
  const v = moved(s, squares, p.share2, s.square(g));
  const thetaBy = (largest: T): T => {
    const slope = s.div(s.mul(p.rate, m), s.add(s.div(s.sqrt(largest), p.scale), p.eps));
    return s.sub(s.mul(theta, p.shrink), slope);
  };
  return { average: m, squares: v, thetaBy };
}

const adapt = elementwiseUpdate({
  arrays: ["theta", "gradient", "average", "squares"],
  parameters,
  values: (s, arrays, p) => {
    const { average, squares, thetaBy } = adaptation(s, arrays, p);
    return { theta: thetaBy(squares), average, squares };
  },
});

const adaptToLargest = elementwiseUpdate({
  arrays: ["theta", "gradient", "average", "squares", "largest"],
  parameters,
  values: (s, arrays, p) => {
    const { average, squares, thetaBy } = adaptation(s, arrays, p);
    const largest = s.maximum(squares, arrays.largest);
    return { theta: thetaBy(largest), average, squares, largest };
  },
});

/**
 * Adam (Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015), with AMSGrad (Reddi, Kale & Kumar, "On the
 * convergence of Adam and beyond", ICLR 2018).
 *
 * g = ∇L + weightDecay·θ, negated to maximize;  m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;
 * θ ← θ − lr · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + eps). With AMSGrad the largest v so far takes the place of v.
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Adam } from "@chainrule/optim";
 * const w = tensor([5, -0.5], { requiresGrad: true });
 * const optimizer = new Adam([w], { lr: 0.1 });
 * w.mul(w).sum().backward();
 * optimizer.step();
 * w; // → tensor([4.9, -0.4], requiresGrad=true)
 */
export class Adam extends AdamFamily {
  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super("Adam", params, defaults, options, false);
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019): weights
 * shrink by lr·weightDecay·θ at each step, beside the step of {@link Adam}, instead of through the gradient. (An `l1`
 * penalty goes through the gradient here, too.)
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { AdamW } from "@chainrule/optim";
 * const w = tensor(4, { requiresGrad: true });
 * const optimizer = new AdamW([w], { lr: 0.5, weightDecay: 0.5 });
 * w.mul(0).backward();
 * optimizer.step();
 * w.item(); // → 3
 */
export class AdamW extends AdamFamily {
  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super("AdamW", params, { ...defaults, weightDecay: 0.01 }, options, true);
  }
}
