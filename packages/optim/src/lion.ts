/**
 * Lion: the sign of a momentum.
 */
import type { Tensor } from "@chainrule/core";
import { elementwiseUpdate } from "@chainrule/core";
import { moved } from "./formulas.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params, PenaltyOptions } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import { decayRates, noPenalty, penaltyRules } from "./options.ts";

/** Options of {@link Lion}. */
export interface LionOptions extends PenaltyOptions {
  /** How much of the average goes into the step, and how much of it is kept; [0.9, 0.99] unless given. */
  betas: readonly [number, number];
  /** How fast weights shrink by themselves (beside the step, as in AdamW); 0 unless given. */
  weightDecay: number;
}

interface LionState extends Record<string, Tensor | null> {
  expAvg: Tensor | null;
}

const kind: OptimizerKind<LionOptions, LionState> = {
  name: "Lion",
  rules: { ...penaltyRules, betas: decayRates },
  remembers: { expAvg: null },
};

const defaults: LionOptions = { ...noPenalty, lr: 1e-4, betas: [0.9, 0.99] };

/**
 * Lion (Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023): half of Adam's memory, and steps of
 * the same size in every number. Rates are 3 to 10 times smaller than Adam's, weight decays as much larger.
 *
 * c = β₁m + (1 − β₁)g;  θ ← θ − lr·(sign(c) + weightDecay·θ);  m ← β₂m + (1 − β₂)g.
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Lion } from "@chainrule/optim";
 * const w = tensor([4, -400, 0], { requiresGrad: true });
 * const optimizer = new Lion([w], { lr: 0.5 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → tensor([ 3.5, -399.5, 0.0], requiresGrad=true)
 */
export class Lion extends GradientOptimizer<LionOptions, LionState> {
  protected override readonly borrower: unknown = Lion.prototype.update;

  constructor(params: Params<LionOptions>, options: Partial<LionOptions> = {}) {
    super(params, kind, defaults, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, betas: [beta1, beta2], weightDecay, maximize }: LionOptions,
  ): void {
    const average = tensorOf(this.stateOf(parameter), "expAvg", parameter);
    stepBySign(
      { theta: parameter, gradient, average },
      {
        sign: maximize ? -1 : 1,
        lr,
        shrink: 1 - lr * weightDecay,
        share1: 1 - beta1,
        share2: 1 - beta2,
      },
    );
  }
}

const stepBySign = elementwiseUpdate({
  arrays: ["theta", "gradient", "average"],
  parameters: ["sign", "lr", "shrink", "share1", "share2"],
  values: (s, { theta, gradient, average }, p) => {
    const g = s.mul(p.sign, gradient);
    const step = s.mul(p.lr, s.sign(moved(s, average, p.share1, g)));
    return {
      theta: s.sub(s.mul(theta, p.shrink), step),
      average: moved(s, average, p.share2, g),
    };
  },
});
