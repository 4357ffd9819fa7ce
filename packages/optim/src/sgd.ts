/**
 * Stochastic gradient descent.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, elementwiseUpdate, keptRows } from "@chainrule/core";
import { penalized, penaltyParameters, updateRows } from "./formulas.ts";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params, PenaltyOptions } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import { anyNumber, flag, noPenalty, notNegative, penaltyRules } from "./options.ts";

/** Options of {@link SGD}. */
export interface SGDOptions extends PenaltyOptions {
  /** How much of the last step is kept; 0 unless given. */
  momentum: number;
  /** How much of the gradient momentum leaves out; 0 unless given. */
  dampening: number;
  /** Look ahead along the momentum (Nesterov). */
  nesterov: boolean;
}

interface SGDState extends Record<string, Tensor | null> {
  momentumBuffer: Tensor | null;
}

const kind: OptimizerKind<SGDOptions, SGDState> = {
  name: "SGD",
  rules: {
    ...penaltyRules,
    momentum: notNegative,
    dampening: anyNumber,
    nesterov: flag,
  },
  together: (where, { nesterov, momentum, dampening }) => {
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new ArgumentError(
        `${where}: nesterov needs a momentum and no dampening, not momentum ${momentum} and dampening ${dampening}.`,
        { momentum, dampening },
      );
    }
  },
  remembers: { momentumBuffer: null },
};

const defaults = { ...noPenalty, momentum: 0, dampening: 0, nesterov: false };

/**
 * Stochastic gradient descent, with momentum (Polyak) and its look-ahead form (Nesterov; Sutskever et al., "On the
 * importance of initialization and momentum in deep learning", ICML 2013).
 *
 * g = ∇L + weightDecay·θ, negated to maximize;  v ← momentum·v + (1 − dampening)·g (v = g at first);
 * θ ← θ − lr·v, or with Nesterov θ ← θ − lr·(g + momentum·v).
 *
 * Of a row-sparse gradient only the rows are visited, unless momentum or a penalty moves the others, too.
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { SGD } from "@chainrule/optim";
 * const w = tensor(2, { requiresGrad: true });
 * const optimizer = new SGD([w], { lr: 0.25 });
 * w.mul(w).backward();
 * optimizer.step();
 * w.item(); // → 1
 */
export class SGD extends GradientOptimizer<SGDOptions, SGDState> {
  protected override readonly borrower: unknown = SGD.prototype.update;

  constructor(params: Params<SGDOptions>, options: Pick<SGDOptions, "lr"> & Partial<SGDOptions>) {
    super(params, kind, defaults, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, momentum, dampening, weightDecay, nesterov, maximize }: SGDOptions,
  ): void {
    const sign = maximize ? -1 : 1;
    const decay = weightDecay;
    if (momentum === 0) {
      const rows = keptRows(gradient);
      // A penalty moves every row; without one the others stay where they are.
      if (rows !== null && weightDecay === 0)
        updateRows(descend, { theta: parameter }, rows, { sign, decay, lr });
      else descend({ theta: parameter, gradient }, { sign, decay, lr });
      return;
    }
    const state = this.stateOf(parameter);
    const share = state.momentumBuffer === null ? 1 : 1 - dampening;
    const velocity = tensorOf(state, "momentumBuffer", parameter);
    const numbers = { sign, decay, lr, momentum, share };
    (nesterov ? rollAhead : roll)({ theta: parameter, gradient, velocity }, numbers);
  }
}

const descend = elementwiseUpdate({
  arrays: ["theta", "gradient"],
  parameters: [...penaltyParameters, "lr"],
  values: (s, { theta, gradient }, p) => ({
    theta: s.sub(theta, s.mul(p.lr, penalized(s, theta, gradient, p))),
  }),
});

const roll = rolling(false);
const rollAhead = rolling(true);

function rolling(nesterov: boolean) {
  return elementwiseUpdate({
    arrays: ["theta", "gradient", "velocity"],
    parameters: [...penaltyParameters, "lr", "momentum", "share"],
    values: (s, { theta, gradient, velocity }, p) => {
      const g = penalized(s, theta, gradient, p);
      const v = s.add(s.mul(p.momentum, velocity), s.mul(p.share, g));
      const step = nesterov ? s.add(g, s.mul(p.momentum, v)) : v;
      return { theta: s.sub(theta, s.mul(p.lr, step)), velocity: v };
    },
  });
}
