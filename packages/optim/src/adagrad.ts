/**
 * Adagrad: each number gets a rate of its own, which falls with the gradients it has seen.
 */
import type { Tensor } from "@chainrule/core";
import { elementwiseUpdate, keptRows } from "@chainrule/core";
import { penalized, penaltyParameters, updateRows } from "./formulas.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params, PenaltyOptions } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import { noPenalty, notNegative, penaltyRules } from "./options.ts";

/** Options of {@link Adagrad}. */
export interface AdagradOptions extends PenaltyOptions {
  /** How fast the rate falls by itself: it is lr/(1 + (t − 1)·lrDecay) at step t; 0 unless given. */
  lrDecay: number;
  /** What the sums of squares begin with; 0 unless given. */
  initialAccumulatorValue: number;
  /** Added to the denominator; 1e-10 unless given. */
  eps: number;
}

interface AdagradState extends Record<string, number | Tensor | null> {
  step: number;
  sum: Tensor | null;
}

const kind: OptimizerKind<AdagradOptions, AdagradState> = {
  name: "Adagrad",
  rules: {
    ...penaltyRules,
    lrDecay: notNegative,
    initialAccumulatorValue: notNegative,
    eps: notNegative,
  },
  remembers: { step: 0, sum: null },
};

const defaults: AdagradOptions = {
  ...noPenalty,
  lr: 0.01,
  lrDecay: 0,
  initialAccumulatorValue: 0,
  eps: 1e-10,
};

/**
 * Adagrad (Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12,
 * 2011).
 *
 * g = ∇L + weightDecay·θ + l1·sign(θ);  s ← s + g²;  θ ← θ − lr/(1 + (t − 1)·lrDecay) · g/(√s + eps).
 *
 * Of a row-sparse gradient only the rows are visited, unless a penalty moves the others, too.
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Adagrad } from "@chainrule/optim";
 * const w = tensor([5, -0.5], { requiresGrad: true });
 * const optimizer = new Adagrad([w], { lr: 0.1 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → tensor([4.9, -0.4], requiresGrad=true)
 */
export class Adagrad extends GradientOptimizer<AdagradOptions, AdagradState> {
  protected override readonly borrower: unknown = Adagrad.prototype.update;

  constructor(params: Params<AdagradOptions>, options: Partial<AdagradOptions> = {}) {
    super(params, kind, defaults, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, lrDecay, initialAccumulatorValue, eps, weightDecay, maximize }: AdagradOptions,
  ): void {
    const state = this.stateOf(parameter);
    const sum = tensorOf(state, "sum", parameter, initialAccumulatorValue);
    const rate = lr / (1 + state.step * lrDecay);
    state.step++;
    const numbers = { sign: maximize ? -1 : 1, decay: weightDecay, rate, eps };
    const rows = keptRows(gradient);
    // A penalty moves every row; without one the others stay where they are.
    if (rows !== null && weightDecay === 0)
      updateRows(scale, { theta: parameter, sum }, rows, numbers);
    else scale({ theta: parameter, gradient, sum }, numbers);
  }
}

const scale = elementwiseUpdate({
  arrays: ["theta", "gradient", "sum"],
  parameters: [...penaltyParameters, "rate", "eps"],
  values: (s, { theta, gradient, sum }, p) => {
    const g = penalized(s, theta, gradient, p);
    const total = s.add(sum, s.square(g));
    const step = s.div(s.mul(p.rate, g), s.add(s.sqrt(total), p.eps));
    return { theta: s.sub(theta, step), sum: total };
  },
});
