/**
 * Clipping of gradients, between `backward` and `step`.
 */
import type { TypedArray } from "@chainrule/core";
import {
  ArgumentError,
  checkNumber,
  checkOptions,
  GradError,
  noGrad,
  perDType,
  Tensor,
  writable,
  writableRows,
} from "@chainrule/core";
import { refuseModule } from "./groups.ts";

/** Options of {@link clipGradNorm_}. */
export interface ClipGradNormOptions {
  /** The p of the norm; 2 unless given, `Infinity` for the largest magnitude. */
  normType?: number;
  /** Refuse a norm that is NaN or infinite instead of scaling by it. */
  errorIfNonfinite?: boolean;
}

/**
 * The gradients there are, as arrays to be written to; those that no backward pass reached are left out, and so are the
 * rows of row-sparse ones that are 0.
 */
function gradientsOf(where: string, parameters: Tensor | Iterable<Tensor>): TypedArray[] {
  refuseModule(where, parameters);
  const list = parameters instanceof Tensor ? [parameters] : [...parameters];
  const arrays: TypedArray[] = [];
  for (const [i, parameter] of list.entries()) {
    if (!(parameter instanceof Tensor)) {
      throw new ArgumentError(`${where}: parameter ${i} is no tensor.`, { parameter: i });
    }
    const grad = parameter.lentGrad();
    if (grad !== null) arrays.push(noGrad(() => writableRows(grad)?.values ?? writable(grad)));
  }
  return arrays;
}

/**
 * Scales all gradients together, in place, so that their common norm is at most `maxNorm`; gives the norm before.
 *
 * ‖g‖ = (Σ|gᵢ|ᵖ)^(1/p) over all gradients as one vector; g ← g·min(1, maxNorm/(‖g‖ + 10⁻⁶)).
 * (Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.)
 *
 * @throws {ArgumentError} for a negative `maxNorm` or a `normType` that is not positive.
 * @throws {GradError} for a norm that is not finite, with `errorIfNonfinite`; no gradient has changed then.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { clipGradNorm_ } from "@chainrule/optim";
 * const w = tensor([3, 4], { requiresGrad: true });
 * w.mul(w).sum().backward();
 * clipGradNorm_([w], 1); // → 10
 * w.grad; // → tensor([0.6000, 0.8000])
 */
export function clipGradNorm_(
  parameters: Tensor | Iterable<Tensor>,
  maxNorm: number,
  options: ClipGradNormOptions = {},
): number {
  checkOptions("clipGradNorm_", options, ["normType", "errorIfNonfinite"]);
  const { normType = 2, errorIfNonfinite = false } = options;
  if (checkNumber("clipGradNorm_", "maxNorm", maxNorm) < 0) {
    throw new ArgumentError(`clipGradNorm_: maxNorm must be at least 0, not ${maxNorm}.`, {
      maxNorm,
    });
  }
  if (!(checkNumber("clipGradNorm_", "normType", normType) > 0)) {
    throw new ArgumentError(`clipGradNorm_: normType must be positive, not ${normType}.`, {
      normType,
    });
  }
  const gradients = gradientsOf("clipGradNorm_", parameters);
  const norm = totalNorm(gradients, normType);
  if (errorIfNonfinite && !Number.isFinite(norm)) {
    throw new GradError(
      `clipGradNorm_: the norm of the gradients is ${norm}. Find where it came from: detectAnomaly(() => …).`,
      { norm },
    );
  }
  const factor = Math.min(1, maxNorm / (norm + 1e-6));
  if (factor !== 1) for (const gradient of gradients) scaleFor(gradient)(gradient, factor);
  return norm;
}

/**
 * Cuts every entry of every gradient off at −`clipValue` and `clipValue`, in place.
 *
 * @throws {ArgumentError} for a negative `clipValue`.
 */
export function clipGradValue_(parameters: Tensor | Iterable<Tensor>, clipValue: number): void {
  if (checkNumber("clipGradValue_", "clipValue", clipValue) < 0) {
    throw new ArgumentError(`clipGradValue_: clipValue must be at least 0, not ${clipValue}.`, {
      clipValue,
    });
  }
  for (const gradient of gradientsOf("clipGradValue_", parameters)) {
    cutFor(gradient)(gradient, clipValue);
  }
}

/** Multiplies all gradients by a number, in place. */
export function scaleGradients(
  where: string,
  parameters: Tensor | Iterable<Tensor>,
  factor: number,
): void {
  for (const gradient of gradientsOf(where, parameters)) scaleFor(gradient)(gradient, factor);
}

function totalNorm(gradients: readonly TypedArray[], p: number): number {
  if (p === Number.POSITIVE_INFINITY) {
    let largest = 0;
    for (const gradient of gradients) largest = Math.max(largest, largestFor(gradient)(gradient));
    return largest;
  }
  let sum = 0;
  for (const gradient of gradients) sum += powersFor(gradient)(gradient, p);
  return p === 2 ? Math.sqrt(sum) : sum ** (1 / p);
}

const powersFor = perDType(function sumOfPowers(x: ArrayLike<number>, p: number): number {
  let sum = 0;
  if (p === 2) for (let i = 0; i < x.length; i++) sum += x[i]! * x[i]!;
  else for (let i = 0; i < x.length; i++) sum += Math.abs(x[i]!) ** p;
  return sum;
});

const largestFor = perDType(function largestMagnitude(x: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]!));
  return largest;
});

const scaleFor = perDType(function scale(
  x: { [index: number]: number; length: number },
  factor: number,
): void {
  for (let i = 0; i < x.length; i++) x[i]! *= factor;
});

const cutFor = perDType(function cut(
  x: { [index: number]: number; length: number },
  most: number,
): void {
  // NaN stays NaN.
  for (let i = 0; i < x.length; i++) x[i] = Math.min(Math.max(x[i]!, -most), most);
});
