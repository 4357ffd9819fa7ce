/**
 * Newton's method, for models with few parameters.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  cholesky,
  choleskySolve,
  enableGrad,
  eye,
  formatShape,
  fromTypedArray,
  GradError,
  grad,
  LinAlgError,
  noGrad,
  ShapeError,
} from "@chainrule/core";
import type { CommonOptions, OptimizerKind, ParamGroupInput, Params } from "./groups.ts";
import { checkValues } from "./groups.ts";
import { Optimizer } from "./optimizer.ts";
import { flag, notNegative } from "./options.ts";
import { assign, dot, flattened, plus } from "./vectors.ts";

/** Options of {@link Newton}. */
export interface NewtonOptions extends CommonOptions {
  /** How far to go towards the minimum of the quadratic model (with a line search: where it begins); 1 unless given. */
  lr: number;
  /** Added to the diagonal of the Hessian; 0 unless given. */
  damping: number;
  /** Whether steps are halved until the loss falls; true unless given. */
  lineSearch: boolean;
}

const kind: OptimizerKind<NewtonOptions, Record<string, never>> = {
  name: "Newton",
  rules: { lr: notNegative, damping: notNegative, lineSearch: flag },
  remembers: {},
};

const defaults: NewtonOptions = { lr: 1, damping: 0, lineSearch: true };

/** A Hessian of more rows than this is no business of this optimizer: it has 16 million entries. */
const mostParameters = 4096;

/** The loss must fall by this part of what the slope promises. */
const sufficientDecrease = 1e-4;
const mostHalvings = 40;

/**
 * Newton's method with the whole Hessian, damped: θ ← θ − lr·(H + λI)⁻¹∇L, for smooth losses of up to some thousand
 * parameters. On a quadratic loss it arrives in one step; a logistic regression takes about six.
 *
 * λ is `damping`, and is raised until H + λI is positive definite, so that every step leads downhill; with `lineSearch` a
 * step is halved until the loss falls (Nocedal & Wright, "Numerical optimization", algorithms 3.1 and 3.3). The closure
 * returns the loss and leaves backward to the optimizer, which differentiates twice. The result is the loss before the step.
 *
 * @throws {ArgumentError} for an empty list, several groups, a parameter given twice, more than 4096 numbers, an option that
 * is unknown or out of range; and in `step` without a closure.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients; and in `step` for a closure that calls
 * `backward` itself.
 * @throws {LinAlgError} for a Hessian that is not finite. Nothing has moved then.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { Newton } from "@chainrule/optim";
 * const x = tensor([5, -3], { requiresGrad: true });
 * const optimizer = new Newton([x]);
 * optimizer.step(() => x.sub(tensor([1, 2])).square().mul(tensor([1, 100])).sum());
 * x; // → tensor([1, 2], requiresGrad=true)
 */
export class Newton extends Optimizer<NewtonOptions, Record<string, never>> {
  override readonly differentiates: boolean = true;

  constructor(params: Params<NewtonOptions>, options: Partial<NewtonOptions> = {}) {
    super(params, kind, defaults, options);
    if (this.paramGroups.length > 1) throw oneGroup(this.paramGroups.length);
    const count = this.parameters().reduce((sum, parameter) => sum + parameter.numel(), 0);
    if (count > mostParameters) {
      throw new ArgumentError(
        `Newton: the parameters are ${count} numbers, and the Hessian has their square. The most is ${mostParameters}; use LBFGS.`,
        { count },
      );
    }
  }

  /** @throws {ArgumentError} always: all parameters are one vector. */
  override addParamGroup(_group: ParamGroupInput<NewtonOptions>): void {
    throw oneGroup(2);
  }

  override step(): never;
  override step(closure: () => Tensor): Tensor;
  override step(closure?: () => Tensor): Tensor {
    if (typeof closure !== "function") {
      throw new ArgumentError(
        "Newton.step: a closure is needed that computes the loss and returns it, without backward.",
        { closure },
      );
    }
    const options = this.paramGroups[0]!;
    checkValues(kind, "Newton", options);
    const parameters = this.parameters();
    const loss = enableGrad(closure);
    checkLoss(loss);
    const { gradient, hessian } = enableGrad(() => derivatives(loss, parameters));
    const direction = noGrad(() => solved(hessian, gradient, options.damping));
    const sizes = parameters.map((parameter) => parameter.numel());
    const origin = flattened(parameters, sizes);
    const slope = dot(gradient, direction);
    const before = loss.item();
    let length = options.lr;
    assign(parameters, plus(origin, -length, direction));
    if (!options.lineSearch) return loss.detach();
    const isEnough = (): boolean =>
      noGrad(closure).item() <= before - sufficientDecrease * length * slope;
    for (let i = 0; !isEnough(); i++) {
      // Rounding leaves nothing to gain: the parameters stay where they were.
      length = i === mostHalvings ? 0 : length / 2;
      assign(parameters, plus(origin, -length, direction));
      if (length === 0) break;
    }
    return loss.detach();
  }
}

function checkLoss(loss: Tensor): void {
  if (loss.numel() !== 1) {
    throw new ShapeError(
      `Newton.step: the loss has shape ${formatShape(loss.shape)}, not a single number. Reduce it (sum, mean).`,
      { shape: loss.shape },
    );
  }
  if (loss.node?.freed === true) {
    throw new GradError(
      "Newton.step: the closure called backward() on the loss. It must only return it: the optimizer differentiates it twice.",
    );
  }
}

/** The gradient and the Hessian of the loss in all parameters as one vector, both in double precision. */
function derivatives(
  loss: Tensor,
  parameters: readonly Tensor[],
): { gradient: Float64Array; hessian: Tensor } {
  const sizes = parameters.map((parameter) => parameter.numel());
  const first = grad(loss, parameters, { createGraph: true, allowUnused: true });
  const gradient = flattened(first, sizes);
  const count = gradient.length;
  const hessian = new Float64Array(count * count);
  let row = 0;
  for (const [i, part] of first.entries()) {
    // Where the gradient is constant, the row stays 0.
    if (part?.requiresGrad === true) {
      const flat = part.reshape([-1]);
      for (let k = 0; k < sizes[i]!; k++) {
        const second = grad(flat.at(k), parameters, { retainGraph: true, allowUnused: true });
        hessian.set(flattened(second, sizes), (row + k) * count);
      }
    }
    row += sizes[i]!;
  }
  return { gradient, hessian: fromTypedArray(hessian, [count, count]) };
}

/** (H + λI)⁻¹g, with λ raised until the matrix is positive definite. */
function solved(hessian: Tensor, gradient: Float64Array, damping: number): Float64Array {
  const count = gradient.length;
  if (count === 0) return gradient;
  const size = hessian.abs().max().item();
  if (!Number.isFinite(size)) {
    throw new LinAlgError(`Newton.step: the Hessian is not finite (its largest entry is ${size}).`);
  }
  const identity = eye(count, count, { dtype: "float64" });
  const right = fromTypedArray(gradient, [count, 1]);
  // Halves of the matrix differ by rounding.
  const symmetric = hessian.add(hessian.T).div(2);
  for (let lambda = damping; ; lambda = Math.max(10 * lambda, 1e-10 * Math.max(size, 1e-10))) {
    try {
      const factor = cholesky(symmetric.add(identity.mul(lambda)));
      return Float64Array.from(choleskySolve(right, factor).toTypedArray());
    } catch (error) {
      if (!(error instanceof LinAlgError)) throw error;
    }
  }
}

function oneGroup(groups: number): ArgumentError {
  return new ArgumentError(
    `Newton: all parameters are one vector with the same options, so there is one group, not ${groups}.`,
    { groups },
  );
}
