/**
 * SparseAdam: Adam that leaves alone what was not looked up.
 */
import type { Tensor } from "@chainrule/core";
import { elementwiseUpdate, GradError, keptRows } from "@chainrule/core";
import { moved, updateRows } from "./formulas.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { CommonOptions, OptimizerKind, Params } from "./groups.ts";
import { named } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import { decayRates, flag, notNegative } from "./options.ts";

/** Options of {@link SparseAdam}. */
export interface SparseAdamOptions extends CommonOptions {
  /** Decay rates of the averages of the gradient and of its square; [0.9, 0.999] unless given. */
  betas: readonly [number, number];
  /** Added to the root of the average of squares; 1e-8 unless given. */
  eps: number;
  /** Climb instead of descend. */
  maximize: boolean;
}

interface SparseAdamState extends Record<string, number | Tensor | null> {
  step: number;
  expAvg: Tensor | null;
  expAvgSq: Tensor | null;
}

const kind: OptimizerKind<SparseAdamOptions, SparseAdamState> = {
  name: "SparseAdam",
  rules: { lr: notNegative, betas: decayRates, eps: notNegative, maximize: flag },
  remembers: { step: 0, expAvg: null, expAvgSq: null },
};

const defaults: SparseAdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, maximize: false };

/**
 * Adam for row-sparse gradients, lazily: averages of rows that were not looked up wait, and so do the rows. A step costs
 * time for the rows of its batch only. (Adam itself would go on moving the others along their averages.)
 *
 * For each row with a gradient g: m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;
 * θ ← θ − lr·√(1 − β₂ᵗ)/(1 − β₁ᵗ) · m/(√v + eps), where t counts the steps of the whole table, as PyTorch's does.
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients; and in `step` for a gradient that is
 * not row-sparse. Nothing has moved then.
 * @example
 * import { embedding, zeros } from "@chainrule/core";
 * import { SparseAdam } from "@chainrule/optim";
 * const table = zeros([4, 2], { requiresGrad: true });
 * const optimizer = new SparseAdam([table], { lr: 0.5 });
 * embedding([1, 3], table, { sparse: true }).sum().backward();
 * optimizer.step();
 * table.ne(0).at(":", 0).toArray(); // → [ false, true, false, true ]
 */
export class SparseAdam extends GradientOptimizer<SparseAdamOptions, SparseAdamState> {
  constructor(params: Params<SparseAdamOptions>, options: Partial<SparseAdamOptions> = {}) {
    super(params, kind, defaults, options);
  }

  protected override checkGradient(parameter: Tensor, gradient: Tensor): void {
    super.checkGradient(parameter, gradient);
    if (keptRows(gradient) === null) {
      throw new GradError(
        `SparseAdam: the gradient${named(parameter)} is not row-sparse. Look the table up with { sparse: true }, or use Adam.`,
        { shape: gradient.shape },
      );
    }
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, betas: [beta1, beta2], eps, maximize }: SparseAdamOptions,
  ): void {
    const state = this.stateOf(parameter);
    state.step++;
    const { step } = state;
    updateRows(
      adapt,
      {
        theta: parameter,
        average: tensorOf(state, "expAvg", parameter),
        squares: tensorOf(state, "expAvgSq", parameter),
      },
      keptRows(gradient)!,
      {
        sign: maximize ? -1 : 1,
        share1: 1 - beta1,
        share2: 1 - beta2,
        rate: (lr * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step),
        eps,
      },
    );
  }
}

const adapt = elementwiseUpdate({
  arrays: ["theta", "gradient", "average", "squares"],
  parameters: ["sign", "share1", "share2", "rate", "eps"],
  values: (s, { theta, gradient, average, squares }, p) => {
    const g = s.mul(p.sign, gradient);
    const m = moved(s, average, p.share1, g);
    const v = moved(s, squares, p.share2, s.square(g));
    const step = s.div(s.mul(p.rate, m), s.add(s.sqrt(v), p.eps));
    return { theta: s.sub(theta, step), average: m, squares: v };
  },
});
