/**
 * Rprop: steps whose size follows the signs of the gradient only.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, elementwiseUpdate } from "@chainrule/core";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { CommonOptions, OptimizerKind, Params } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import type { OptionRule } from "./options.ts";
import { flag, notNegative, numberPair } from "./options.ts";

/** Options of {@link Rprop}. */
export interface RpropOptions extends CommonOptions {
  /** What a step is multiplied by when the gradient's sign has changed, and when not; [0.5, 1.2] unless given. */
  etas: readonly [number, number];
  /** The smallest step and the largest; [1e-6, 50] unless given. */
  stepSizes: readonly [number, number];
  /** Climb instead of descend. */
  maximize: boolean;
}

interface RpropState extends Record<string, Tensor | null> {
  prev: Tensor | null;
  stepSize: Tensor | null;
}

/** A factor between 0 and 1, and one above 1. */
const factors: OptionRule = (where, name, value) => {
  const [down, up] = numberPair(where, name, value, "[0.5, 1.2]");
  if (!(0 < down && down < 1 && 1 < up)) {
    throw new ArgumentError(
      `${where}: ${name} must be a factor between 0 and 1 and one above 1, not [${down}, ${up}].`,
      { [name]: value },
    );
  }
};

/** A smallest number, and one that is not smaller. */
const range: OptionRule = (where, name, value) => {
  const [least, most] = numberPair(where, name, value, "[1e-6, 50]");
  if (!(0 <= least && least <= most)) {
    throw new ArgumentError(
      `${where}: ${name} must be a smallest step of at least 0 and a largest one that is not smaller, not [${least}, ${most}].`,
      { [name]: value },
    );
  }
};

const kind: OptimizerKind<RpropOptions, RpropState> = {
  name: "Rprop",
  rules: { lr: notNegative, etas: factors, stepSizes: range, maximize: flag },
  remembers: { prev: null, stepSize: null },
};

const defaults: RpropOptions = {
  lr: 0.01,
  etas: [0.5, 1.2],
  stepSizes: [1e-6, 50],
  maximize: false,
};

/**
 * Resilient backpropagation (Riedmiller & Braun, "A direct adaptive method for faster backpropagation learning: the RPROP
 * algorithm", ICNN 1993), for whole data sets: a mini-batch's signs say too little.
 *
 * Each number has its own step Δ, `lr` at first. Where the gradient kept its sign, Δ grows by etas[1]; where it changed, Δ
 * shrinks by etas[0] and the number waits for one step; then θ ← θ − Δ·sign(g).
 *
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Rprop } from "@chainrule/optim";
 * const w = tensor([4, -400], { requiresGrad: true });
 * const optimizer = new Rprop([w], { lr: 0.5 });
 * w.square().sum().backward();
 * optimizer.step();
 * w; // → tensor([ 3.5, -399.5], requiresGrad=true)
 */
export class Rprop extends GradientOptimizer<RpropOptions, RpropState> {
  protected override readonly borrower: unknown = Rprop.prototype.update;

  constructor(params: Params<RpropOptions>, options: Partial<RpropOptions> = {}) {
    super(params, kind, defaults, options);
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    { lr, etas: [down, up], stepSizes: [least, most], maximize }: RpropOptions,
  ): void {
    const state = this.stateOf(parameter);
    const before = tensorOf(state, "prev", parameter);
    const steps = tensorOf(state, "stepSize", parameter, lr);
    const sign = maximize ? -1 : 1;
    followSigns({ theta: parameter, gradient, before, steps }, { sign, down, up, least, most });
  }
}

const followSigns = elementwiseUpdate({
  arrays: ["theta", "gradient", "before", "steps"],
  parameters: ["sign", "down", "up", "least", "most"],
  values: (s, { theta, gradient, before, steps }, p) => {
    const g = s.mul(p.sign, gradient);
    // The signs are multiplied, because a product of small numbers is 0.
    const turn = s.mul(s.sign(g), s.sign(before));
    const [kept, turned] = [s.gt(turn, s.zero), s.lt(turn, s.zero)];
    const factor = s.where(kept, p.up, s.where(turned, p.down, s.one));
    const step = s.minimum(s.maximum(s.mul(steps, factor), p.least), p.most);
    const followed = s.where(turned, s.zero, g);
    return { theta: s.sub(theta, s.mul(step, s.sign(followed))), before: followed, steps: step };
  },
});
