/**
 * Adam, and its form with decoupled weight decay.
 */
import type { Tensor } from "@chainrule/core";
import { acceleratedUpdate, perDType, writable } from "@chainrule/core";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params, PenaltyOptions } from "./groups.ts";
import { arrayOf } from "./optimizer.ts";
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
    const theta = writable(parameter);
    const average = arrayOf(state, "expAvg", parameter);
    const squares = arrayOf(state, "expAvgSq", parameter);
    // Without AMSGrad the largest squares are neither kept nor read.
    const largest = amsgrad ? arrayOf(state, "maxExpAvgSq", parameter) : squares;
    state.step++;
    const correction1 = 1 - beta1 ** state.step;
    const correction2 = 1 - beta2 ** state.step;
    const sign = maximize ? -1 : 1;
    const penalty = this.decoupled ? 0 : weightDecay;
    const shrink = this.decoupled ? 1 - lr * weightDecay : 1;
    const rate = lr / correction1;
    const scale = Math.sqrt(correction2);
    const arrays = [theta, gradient.storage.data, average, squares];
    const starts = [0, gradient.offset, 0, 0];
    const numbers = [sign, penalty, shrink, 1 - beta1, 1 - beta2, rate, scale, eps];
    if (!amsgrad && adaptAccelerated(arrays, starts, theta.length, numbers)) return;
    adaptFor(theta)(
      theta,
      gradient.storage.data,
      gradient.offset,
      average,
      squares,
      largest,
      sign,
      penalty,
      shrink,
      beta1,
      beta2,
      rate,
      scale,
      eps,
      amsgrad,
    );
  }
}

const adaptFor = perDType(function adapt(
  theta: { [index: number]: number; length: number },
  gradient: ArrayLike<number>,
  start: number,
  average: { [index: number]: number },
  squares: { [index: number]: number },
  largest: { [index: number]: number },
  sign: number,
  penalty: number,
  shrink: number,
  beta1: number,
  beta2: number,
  rate: number,
  scale: number,
  eps: number,
  amsgrad: boolean,
): void {
  for (let i = 0; i < theta.length; i++) {
    const at = theta[i]!;
    const g = sign * gradient[start + i]! + penalty * at;
    const m = beta1 * average[i]! + (1 - beta1) * g;
    let v = beta2 * squares[i]! + (1 - beta2) * g * g;
    average[i] = m;
    squares[i] = v;
    if (amsgrad) {
      v = Math.max(v, largest[i]!);
      largest[i] = v;
    }
    theta[i] = at * shrink - (rate * m) / (Math.sqrt(v) / scale + eps);
  }
});

/**
 * The same in float32. An average moves towards what is new, a + (1 − β)(x − a): as β·a + (1 − β)·x it would lose
 * its scale, since the roundings of β and 1 − β do not add up to 1.
 */
const adaptAccelerated = acceleratedUpdate({
  arrays: ["theta", "gradient", "average", "squares"],
  parameters: ["sign", "penalty", "shrink", "share1", "share2", "rate", "scale", "eps"],
  values: (s, { theta, gradient, average, squares }, p) => {
    const g = s.add(s.mul(p.sign, gradient), s.mul(p.penalty, theta));
    const m = s.add(average, s.mul(p.share1, s.sub(g, average)));
    const v = s.add(squares, s.mul(p.share2, s.sub(s.square(g), squares)));
    const slope = s.div(s.mul(p.rate, m), s.add(s.div(s.sqrt(v), p.scale), p.eps));
    return { theta: s.sub(s.mul(theta, p.shrink), slope), average: m, squares: v };
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
 * shrink by lr·weightDecay·θ at each step, beside the step of {@link Adam}, instead of through the gradient. (An `l1` penalty goes through the gradient here, too.)
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
