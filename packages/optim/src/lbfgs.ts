/**
 * L-BFGS: Newton's method with a curvature that is remembered from the last steps.
 */
import type { Tensor } from "@chainrule/core";
import { ArgumentError, enableGrad, fromTypedArray, GradError } from "@chainrule/core";
import type { CommonOptions, OptimizerKind, ParamGroupInput, Params } from "./groups.ts";
import { checkValues } from "./groups.ts";
import type { Place } from "./line-search.ts";
import { strongWolfe } from "./line-search.ts";
import type { OptimizerStateDict } from "./optimizer.ts";
import { Optimizer } from "./optimizer.ts";
import type { OptionRule } from "./options.ts";
import { notNegative, wholeNumber } from "./options.ts";
import { assign, dot, flattened, largestMagnitude, plus, scaled } from "./vectors.ts";

/** Options of {@link LBFGS}. */
export interface LBFGSOptions extends CommonOptions {
  /** How far to go along each direction (with a line search: where it begins); 1 unless given. */
  lr: number;
  /** The most directions that one step follows; 20 unless given. */
  maxIter: number;
  /** After this many evaluations of the loss a step begins no new direction; 1.25·maxIter unless given. */
  maxEval: number | null;
  /** A gradient whose largest magnitude is no more than this counts as 0; 1e-7 unless given. */
  toleranceGrad: number;
  /** Changes of parameters or loss that are no more than this end the step; 1e-9 unless given. */
  toleranceChange: number;
  /** How many of the last changes the curvature comes from; 100 unless given. */
  historySize: number;
  /** How to look for the length of a step; `null`, none, unless given. */
  lineSearchFn: "strong_wolfe" | null;
}

/** What is remembered, with the first parameter, when it is saved. */
interface LBFGSState extends Record<string, number | Tensor | null> {
  nIter: number;
  funcEvals: number;
  t: number;
  hDiag: number;
  d: Tensor | null;
  prevFlatGrad: Tensor | null;
  /** Differences of gradients, a row for each; `null` for none. */
  oldDirs: Tensor | null;
  /** The steps that they came with. */
  oldStps: Tensor | null;
}

/** A step that was made, the change of the gradient along it, and 1 over their product. */
interface Curvature {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly rho: number;
}

const searchRule: OptionRule = (where, name, value) => {
  if (value !== null && value !== "strong_wolfe") {
    throw new ArgumentError(
      `${where}: ${name} must be "strong_wolfe" or null, not ${JSON.stringify(value)}.`,
      { [name]: value },
    );
  }
};

const orNull =
  (rule: OptionRule): OptionRule =>
  (where, name, value) => {
    if (value !== null) rule(where, name, value);
  };

const kind: OptimizerKind<LBFGSOptions, LBFGSState> = {
  name: "LBFGS",
  rules: {
    lr: notNegative,
    maxIter: wholeNumber(1),
    maxEval: orNull(wholeNumber(1)),
    toleranceGrad: notNegative,
    toleranceChange: notNegative,
    historySize: wholeNumber(1),
    lineSearchFn: searchRule,
  },
  remembers: {
    nIter: 0,
    funcEvals: 0,
    t: 0,
    hDiag: 1,
    d: null,
    prevFlatGrad: null,
    oldDirs: null,
    oldStps: null,
  },
};

const defaults: LBFGSOptions = {
  lr: 1,
  maxIter: 20,
  maxEval: null,
  toleranceGrad: 1e-7,
  toleranceChange: 1e-9,
  historySize: 100,
  lineSearchFn: null,
};

/**
 * L-BFGS (Liu & Nocedal, "On the limited memory BFGS method for large scale optimization", Math. Programming 45, 1989), for
 * losses over whole data sets: curvature means little where each gradient is of another batch.
 *
 * `step(closure)` follows up to `maxIter` directions −H∇L, where H is what the last `historySize` changes of the gradient
 * say of the inverse Hessian. The closure forgets the gradients, computes the loss, calls `backward` and returns the loss;
 * it is called several times. All parameters are one vector, so there is one group. With `"strong_wolfe"` the length of
 * each step is searched for. The result is the loss before the step.
 *
 * @throws {ArgumentError} for an empty list, several groups, a parameter given twice, an option that is unknown or out of
 * range; and in `step` without a closure.
 * @throws {GradError} for a parameter that is no leaf, or does not require gradients; and in `step` for a closure that
 * leaves no gradient at all.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { LBFGS } from "@chainrule/optim";
 * const x = tensor([-1.5, 2], { requiresGrad: true, dtype: "float64" });
 * const optimizer = new LBFGS([x], { maxIter: 100, lineSearchFn: "strong_wolfe" });
 * optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const [a, b] = [x.at(0), x.at(1)]; // Rosenbrock's valley, with its minimum at (1, 1)
 *   const loss = a.neg().add(1).square().add(b.sub(a.square()).square().mul(100));
 *   loss.backward();
 *   return loss;
 * });
 * x.sub(1).abs().max().item() < 1e-4; // → true
 */
export class LBFGS extends Optimizer<LBFGSOptions, LBFGSState> {
  private readonly sizes: readonly number[];
  private iterations = 0;
  private evaluations = 0;
  private lastLength = 0;
  private scale = 1;
  private direction: Float64Array | null = null;
  private lastGradient: Float64Array | null = null;
  private history: Curvature[] = [];

  constructor(params: Params<LBFGSOptions>, options: Partial<LBFGSOptions> = {}) {
    super(params, kind, defaults, options);
    if (this.paramGroups.length > 1) throw oneGroup(this.paramGroups.length);
    this.sizes = this.parameters().map((parameter) => parameter.numel());
  }

  /** How often the closure has been called. */
  get functionEvaluations(): number {
    return this.evaluations;
  }

  /** @throws {ArgumentError} always: all parameters are one vector. */
  override addParamGroup(_group: ParamGroupInput<LBFGSOptions>): void {
    throw oneGroup(2);
  }

  override step(): never;
  override step(closure: () => Tensor): Tensor;
  override step(closure?: () => Tensor): Tensor {
    if (typeof closure !== "function") {
      throw new ArgumentError(
        "LBFGS.step: a closure is needed that forgets the gradients, computes the loss, calls backward and returns the loss.",
        { closure },
      );
    }
    const options = this.paramGroups[0]!;
    checkValues(kind, "LBFGS", options);
    const { lr, maxIter, toleranceGrad, toleranceChange, lineSearchFn } = options;
    const maxEval = options.maxEval ?? Math.floor((maxIter * 5) / 4);
    const parameters = this.parameters();

    let calls = 0;
    let result: Tensor | null = null;
    const evaluate = (): { loss: number; gradient: Float64Array } => {
      const loss = enableGrad(closure);
      result ??= loss;
      calls++;
      this.evaluations++;
      const gradients = parameters.map((parameter) => parameter.grad);
      if (gradients.every((gradient) => gradient === null)) {
        throw new GradError(
          "LBFGS.step: the closure left no gradient. It must call backward() on the loss that it returns.",
        );
      }
      return { loss: loss.item(), gradient: flattened(gradients, this.sizes) };
    };

    let { loss, gradient } = evaluate();
    for (let i = 1; largestMagnitude(gradient) > toleranceGrad; i++) {
      const direction = this.nextDirection(gradient, options.historySize);
      const first = this.iterations === 1 ? Math.min(1, 1 / sumOfMagnitudes(gradient)) * lr : lr;
      this.lastLength = first;
      const slope = dot(gradient, direction);
      // The direction hardly leads downhill any more.
      if (slope > -toleranceChange) break;
      const origin = flattened(parameters, this.sizes);
      const moveTo = (t: number): void => assign(parameters, plus(origin, t, direction));
      const lossBefore = loss;
      if (lineSearchFn === null) {
        moveTo(first);
        if (i < maxIter) ({ loss, gradient } = evaluate());
      } else {
        const start: Place = { t: 0, loss, gradient, slope };
        const probe = (t: number): ReturnType<typeof evaluate> => {
          moveTo(t);
          return evaluate();
        };
        const place = strongWolfe(probe, start, first, direction);
        ({ loss, gradient } = place);
        this.lastLength = place.t;
        moveTo(place.t);
      }
      if (i === maxIter || calls >= maxEval) break;
      if (largestMagnitude(direction) * Math.abs(this.lastLength) <= toleranceChange) break;
      if (Math.abs(loss - lossBefore) < toleranceChange) break;
    }
    return result!;
  }

  /** −H∇L, after the last step has been added to what H is made of. */
  private nextDirection(gradient: Float64Array, historySize: number): Float64Array {
    this.iterations++;
    if (this.direction !== null && this.lastGradient !== null) {
      const change = plus(gradient, -1, this.lastGradient);
      const step = scaled(this.lastLength, this.direction);
      const product = dot(change, step);
      // Where the curvature is not positive, or lost in rounding, nothing is learnt.
      if (product > 1e-10) {
        this.history.push({ step, change, rho: 1 / product });
        while (this.history.length > historySize) this.history.shift();
        this.scale = product / dot(change, change);
      }
    }
    this.lastGradient = gradient;
    this.direction = this.timesInverseHessian(scaled(-1, gradient));
    return this.direction;
  }

  /** The two-loop recursion: H times a vector. */
  private timesInverseHessian(vector: Float64Array): Float64Array {
    const { history } = this;
    let q = vector;
    const shares = new Float64Array(history.length);
    for (let i = history.length - 1; i >= 0; i--) {
      const { step, change, rho } = history[i]!;
      shares[i] = rho * dot(step, q);
      q = plus(q, -shares[i]!, change);
    }
    q = scaled(this.scale, q);
    for (const [i, { step, change, rho }] of history.entries())
      q = plus(q, shares[i]! - rho * dot(change, q), step);
    return q;
  }

  override stateDict(): OptimizerStateDict {
    const { history } = this;
    const rows = (part: "change" | "step"): Tensor | null => {
      if (history.length === 0) return null;
      const width = history[0]!.step.length;
      const all = new Float64Array(history.length * width);
      for (const [i, curvature] of history.entries()) all.set(curvature[part], i * width);
      return fromTypedArray(all, [history.length, width]);
    };
    if (this.iterations > 0 || this.evaluations > 0) {
      this.memory.set(this.parameters()[0]!, {
        nIter: this.iterations,
        funcEvals: this.evaluations,
        t: this.lastLength,
        hDiag: this.scale,
        d: this.direction && fromTypedArray(this.direction),
        prevFlatGrad: this.lastGradient && fromTypedArray(this.lastGradient),
        oldDirs: rows("change"),
        oldStps: rows("step"),
      });
    }
    return super.stateDict();
  }

  override loadStateDict(dict: OptimizerStateDict): void {
    super.loadStateDict(dict);
    const state = this.memory.get(this.parameters()[0]!) ?? kind.remembers;
    const vector = (x: Tensor | null): Float64Array | null =>
      x && Float64Array.from(x.toTypedArray());
    this.iterations = state.nIter;
    this.evaluations = state.funcEvals;
    this.lastLength = state.t;
    this.scale = state.hDiag;
    this.direction = vector(state.d);
    this.lastGradient = vector(state.prevFlatGrad);
    const [changes, steps] = [vector(state.oldDirs), vector(state.oldStps)];
    const width = this.sizes.reduce((sum, size) => sum + size, 0);
    this.history = Array.from({ length: state.oldDirs?.shape[0] ?? 0 }, (_, i) => {
      const change = changes!.slice(i * width, (i + 1) * width);
      const step = steps!.slice(i * width, (i + 1) * width);
      return { step, change, rho: 1 / dot(change, step) };
    });
  }

  protected override fitted(key: string, value: Tensor, _parameter: Tensor): Tensor | null {
    const width = this.sizes.reduce((sum, size) => sum + size, 0);
    const rank = key === "oldDirs" || key === "oldStps" ? 2 : 1;
    return value.ndim === rank && value.shape[rank - 1] === width ? value : null;
  }
}

function sumOfMagnitudes(a: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]!);
  return sum;
}

function oneGroup(groups: number): ArgumentError {
  return new ArgumentError(
    `LBFGS: all parameters are one vector with the same options, so there is one group, not ${groups}.`,
    { groups },
  );
}
