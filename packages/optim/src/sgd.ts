/**
 * Stochastic gradient descent.
 */
import type { AcceleratedUpdate, Tensor } from "@chainrule/core";
import { ArgumentError, acceleratedUpdate, keptRows, perDType, writable } from "@chainrule/core";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, Params, PenaltyOptions } from "./groups.ts";
import { arrayOf } from "./optimizer.ts";
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
    const theta = writable(parameter);
    const sign = maximize ? -1 : 1;
    const rows = keptRows(gradient);
    // Momentum and decay move every row; without them the others stay where they are.
    if (rows !== null && momentum === 0 && weightDecay === 0) {
      descendRowsFor(theta)(theta, rows.indices, rows.values, lr * sign);
      return;
    }
    const { data } = gradient.storage;
    if (momentum === 0) {
      const numbers = [lr, weightDecay, sign];
      if (descendAccelerated([theta, data], [0, gradient.offset], theta.length, numbers)) return;
      descendFor(theta)(theta, data, gradient.offset, lr, weightDecay, sign);
      return;
    }
    const state = this.stateOf(parameter);
    const share = state.momentumBuffer === null ? 1 : 1 - dampening;
    const velocity = arrayOf(state, "momentumBuffer", parameter);
    const numbers = [lr, weightDecay, sign, momentum, share];
    const accelerated = nesterov ? rollAheadAccelerated : rollAccelerated;
    if (accelerated([theta, data, velocity], [0, gradient.offset, 0], theta.length, numbers))
      return;
    rollFor(theta)(
      theta,
      data,
      gradient.offset,
      lr,
      weightDecay,
      sign,
      velocity,
      momentum,
      share,
      nesterov,
    );
  }
}

const descendFor = perDType(function descend(
  theta: { [index: number]: number; length: number },
  gradient: ArrayLike<number>,
  start: number,
  lr: number,
  weightDecay: number,
  sign: number,
): void {
  for (let i = 0; i < theta.length; i++) {
    const at = theta[i]!;
    theta[i] = at - lr * (sign * gradient[start + i]! + weightDecay * at);
  }
});

const descendRowsFor = perDType(function descendRows(
  theta: { [index: number]: number },
  indices: Int32Array,
  values: ArrayLike<number>,
  rate: number,
): void {
  const width = indices.length === 0 ? 0 : values.length / indices.length;
  for (let row = 0; row < indices.length; row++) {
    const to = indices[row]! * width;
    const from = row * width;
    for (let k = 0; k < width; k++) theta[to + k] = theta[to + k]! - rate * values[from + k]!;
  }
});

const rollFor = perDType(function roll(
  theta: { [index: number]: number; length: number },
  gradient: ArrayLike<number>,
  start: number,
  lr: number,
  weightDecay: number,
  sign: number,
  velocity: { [index: number]: number },
  momentum: number,
  share: number,
  nesterov: boolean,
): void {
  for (let i = 0; i < theta.length; i++) {
    const at = theta[i]!;
    const g = sign * gradient[start + i]! + weightDecay * at;
    const v = momentum * velocity[i]! + share * g;
    velocity[i] = v;
    theta[i] = at - lr * (nesterov ? g + momentum * v : v);
  }
});

const descendAccelerated = acceleratedUpdate({
  arrays: ["theta", "gradient"],
  parameters: ["lr", "decay", "sign"],
  values: (s, { theta, gradient }, p) => {
    const g = s.add(s.mul(p.sign, gradient), s.mul(p.decay, theta));
    return { theta: s.sub(theta, s.mul(p.lr, g)) };
  },
});

const rollAccelerated = accelerateRoll(false);
const rollAheadAccelerated = accelerateRoll(true);

function accelerateRoll(nesterov: boolean): AcceleratedUpdate {
  return acceleratedUpdate({
    arrays: ["theta", "gradient", "velocity"],
    parameters: ["lr", "decay", "sign", "momentum", "share"],
    values: (s, { theta, gradient, velocity }, p) => {
      const g = s.add(s.mul(p.sign, gradient), s.mul(p.decay, theta));
      const v = s.add(s.mul(p.momentum, velocity), s.mul(p.share, g));
      const step = nesterov ? s.add(g, s.mul(p.momentum, v)) : v;
      return { theta: s.sub(theta, s.mul(p.lr, step)), velocity: v };
    },
  });
}
