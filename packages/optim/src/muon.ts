/**
 * Muon: momentum made orthogonal, for matrices.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, formatShape, ShapeError } from "@chainrule/core";
import { GradientOptimizer } from "./gradient-optimizer.ts";
import type { OptimizerKind, ParamGroupInput, Params, PenaltyOptions } from "./groups.ts";
import { named } from "./groups.ts";
import { tensorOf } from "./optimizer.ts";
import type { OptionRule } from "./options.ts";
import { flag, noPenalty, oneOf, penaltyRules, positive, share, wholeNumber } from "./options.ts";

/** Options of {@link Muon}. */
export interface MuonOptions extends PenaltyOptions {
  /** How much of the average of gradients is kept; 0.95 unless given. */
  momentum: number;
  /** Look ahead along the momentum (Nesterov); true unless given. */
  nesterov: boolean;
  /** How fast weights shrink by themselves (beside the step, as in AdamW); 0.1 unless given. */
  weightDecay: number;
  /** The coefficients a, b, c of the iteration X ← aX + (bA + cA²)X with A = XXᵀ. */
  nsCoefficients: readonly [number, number, number];
  /** The number of its iterations; 5 unless given. */
  nsSteps: number;
  /** The norm below which a momentum counts as 0; 1e-7 unless given. */
  eps: number;
  /**
   * How the rate follows the shape [m, n]: times √max(1, m/n) (`"original"`, unless given), or times 0.2·√max(m, n), which
   * makes steps as large as AdamW's, so that its rates can be kept (`"match_rms_adamw"`).
   */
  adjustLrFn: "original" | "match_rms_adamw";
}

interface MuonState extends Record<string, Tensor | null> {
  momentumBuffer: Tensor | null;
}

const threeNumbers: OptionRule = (where, name, value) => {
  if (!Array.isArray(value) || value.length !== 3 || !value.every(Number.isFinite)) {
    throw new ArgumentError(
      `${where}: ${name} must be three numbers such as [3.4445, -4.775, 2.0315].`,
      { [name]: value },
    );
  }
};

const kind: OptimizerKind<MuonOptions, MuonState> = {
  name: "Muon",
  rules: {
    ...penaltyRules,
    momentum: share,
    nesterov: flag,
    nsCoefficients: threeNumbers,
    nsSteps: wholeNumber(1),
    eps: positive,
    adjustLrFn: oneOf(["original", "match_rms_adamw"]),
  },
  remembers: { momentumBuffer: null },
};

const defaults: MuonOptions = {
  ...noPenalty,
  lr: 1e-3,
  weightDecay: 0.1,
  momentum: 0.95,
  nesterov: true,
  nsCoefficients: [3.4445, -4.775, 2.0315],
  nsSteps: 5,
  eps: 1e-7,
  adjustLrFn: "original",
};

/**
 * Muon (Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024), for the weight matrices of hidden
 * layers; biases, norms, embeddings and the last layer are better left to {@link AdamW}.
 *
 * m ← momentum·m + (1 − momentum)g;  u = m, or with Nesterov momentum·m + (1 − momentum)g;
 * θ ← (1 − lr·weightDecay)θ − lr·s·orth(u), where orth sets all singular values of u to about 1 by a few iterations of
 * Newton and Schulz, and s follows the shape as `adjustLrFn` says.
 *
 * @throws {ShapeError} for a parameter that is no matrix.
 * @throws {ArgumentError} for an empty list, a parameter given twice, an option that is unknown or out of range.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients.
 * @example
 * import { zeros, tensor } from "@chainrule/core";
 * import { Muon } from "@chainrule/optim";
 * const w = zeros([2, 2], { requiresGrad: true });
 * const optimizer = new Muon([w], { lr: 1, nsSteps: 20, nsCoefficients: [1.5, -0.5, 0] });
 * w.mul(tensor([[3, 0], [0, -5]])).sum().backward();
 * optimizer.step();
 * w.round().toArray(); // → [ [ -1, 0 ], [ 0, 1 ] ]
 */
export class Muon extends GradientOptimizer<MuonOptions, MuonState> {
  constructor(params: Params<MuonOptions>, options: Partial<MuonOptions> = {}) {
    super(params, kind, defaults, options);
    this.checkMatrices();
  }

  override addParamGroup(group: ParamGroupInput<MuonOptions>): void {
    super.addParamGroup(group);
    try {
      this.checkMatrices();
    } catch (error) {
      this.paramGroups.pop();
      throw error;
    }
  }

  private checkMatrices(): void {
    for (const [i, parameter] of this.parameters().entries()) {
      if (parameter.ndim !== 2) {
        throw new ShapeError(
          `Muon: parameter ${i}${named(parameter)} has shape ${formatShape(parameter.shape)}, but only matrices can be made orthogonal. Give the others to AdamW.`,
          { parameter: i, shape: parameter.shape },
        );
      }
    }
  }

  protected override update(
    parameter: Tensor,
    gradient: Tensor,
    {
      lr,
      momentum,
      nesterov,
      weightDecay,
      nsCoefficients,
      nsSteps,
      eps,
      adjustLrFn,
      maximize,
    }: MuonOptions,
  ): void {
    const state = this.stateOf(parameter);
    const average = tensorOf(state, "momentumBuffer", parameter);
    const g = maximize ? gradient.neg() : gradient;
    const [m, n] = parameter.shape as [number, number];
    average.copy_(average.mul(momentum).add(g.mul(1 - momentum)));
    const ahead = nesterov ? average.mul(momentum).add(g.mul(1 - momentum)) : average;
    const scale =
      adjustLrFn === "original" ? Math.sqrt(Math.max(1, m / n)) : 0.2 * Math.sqrt(Math.max(m, n));
    const step = orthogonalized(ahead, nsCoefficients, nsSteps, eps).mul(lr * scale);
    parameter.copy_(
      parameter
        .detach()
        .mul(1 - lr * weightDecay)
        .sub(step),
    );
  }
}

/** A matrix with the singular vectors of `x` and singular values near 1. */
function orthogonalized(
  x: Tensor,
  [a, b, c]: MuonOptions["nsCoefficients"],
  steps: number,
  eps: number,
): Tensor {
  const [rows, columns] = x.shape as [number, number];
  // The Gram matrix is the smaller one of the two that there are.
  const tall = rows > columns;
  let y = tall ? x.T : x;
  y = y.div(Math.max(y.norm().item(), eps));
  for (let i = 0; i < steps; i++) {
    const gram = y.matmul(y.T);
    const polynomial = gram.mul(b).add(gram.matmul(gram).mul(c));
    y = y.mul(a).add(polynomial.matmul(y));
  }
  return tall ? y.T : y;
}
