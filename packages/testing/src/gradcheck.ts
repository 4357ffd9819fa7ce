/**
 * gradcheck: derivatives against finite differences.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  checkInteger,
  checkNumber,
  checkOptions,
  enableGrad,
  Generator,
} from "@chainrule/core";
import type { Comparison } from "./derivative.ts";
import { checkSystem } from "./derivative.ts";
import { GradcheckError, GradcheckReport } from "./report.ts";
import { placedInputs, systemOf, systemOfGradients } from "./system.ts";

/** Options of {@link gradcheck}. */
export interface GradcheckOptions {
  /** Check derivatives up to this order; 1 unless given. */
  order?: 1 | 2;
  /** How far a first derivative may be off, relative to itself; 1e-6 unless given. */
  rtol?: number;
  /** How far a second derivative may be off; 1e-5 unless given. */
  rtolSecond?: number;
  /** The seed of the random directions. */
  seed?: number;
}

/** What a function to be checked may return: tensors in any nesting of arrays and plain objects. */
export type GradcheckOutput =
  | Tensor
  | readonly GradcheckOutput[]
  | { readonly [key: string]: GradcheckOutput };

const known = ["order", "rtol", "rtolSecond", "seed"];

/**
 * Compares the derivatives of a function with finite differences, in float64.
 *
 * `inputs` are the arguments of `f` in an array, or its one argument. Tensors may stand in arrays and plain objects; each
 * floating one is checked, or, if some require gradients, those. The function must give the same result whenever it is
 * called with the same numbers; random numbers from the default generator are repeated.
 *
 * vᵀJu, with Gaussian u and v, is compared with (vᵀf(x + hu) − vᵀf(x − hu))/2h, h = 6·10⁻⁶·max(1, |x|), and each entry
 * of the Jacobian where it has 64 at most. Places where the slopes on both sides differ are counted as kinks, not as
 * failures. Beyond that: two backward passes agree to the bit, a cotangent of zero gives zeros, and each gradient has
 * shape and type of its input. Order 2 does the same to the gradient as a function of inputs and cotangents.
 *
 * @throws {ArgumentError} for unknown options, or when there is nothing to differentiate.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { gradcheck } from "@chainrule/testing";
 * const report = gradcheck((x, y) => x.mul(y).sum(), [tensor([1, 2]), tensor([3, 4])], { order: 2 });
 * report.ok; // → true
 */
export function gradcheck<Args extends readonly unknown[]>(
  f: (...args: Args) => GradcheckOutput,
  inputs: readonly [...Args],
  options?: GradcheckOptions,
): GradcheckReport;
export function gradcheck<Input>(
  f: (input: Input) => GradcheckOutput,
  input: Input,
  options?: GradcheckOptions,
): GradcheckReport;
export function gradcheck(
  f: (...args: never[]) => GradcheckOutput,
  inputs: unknown,
  options: GradcheckOptions = {},
): GradcheckReport {
  checkOptions("gradcheck", options, known);
  const args: readonly unknown[] = Array.isArray(inputs) ? inputs : [inputs];
  return checkCall(f, args, options);
}

/**
 * As {@link gradcheck}, for tests: throws unless everything agrees.
 *
 * @throws {GradcheckError} naming the entries that are off, with the analytic and the numeric value.
 * @example
 * import { tensor } from "@chainrule/core";
 * import { assertGradcheck } from "@chainrule/testing";
 * assertGradcheck(({ w, b }) => w.mul(3).add(b).square(), { w: tensor(1), b: tensor(2) }, { order: 2 });
 */
export function assertGradcheck<Args extends readonly unknown[]>(
  f: (...args: Args) => GradcheckOutput,
  inputs: readonly [...Args],
  options?: GradcheckOptions,
): GradcheckReport;
export function assertGradcheck<Input>(
  f: (input: Input) => GradcheckOutput,
  input: Input,
  options?: GradcheckOptions,
): GradcheckReport;
export function assertGradcheck(
  f: (...args: never[]) => GradcheckOutput,
  inputs: unknown,
  options: GradcheckOptions = {},
): GradcheckReport {
  checkOptions("assertGradcheck", options, known);
  const report = checkCall(f, Array.isArray(inputs) ? inputs : [inputs], options);
  if (!report.ok) throw new GradcheckError(report);
  return report;
}

/** gradcheck on the arguments of one call, with a choice of what to differentiate by. */
export function checkCall(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  options: GradcheckOptions,
  chosen?: (tensor: Tensor, index: number) => boolean,
): GradcheckReport {
  const order = checkInteger("gradcheck", "order", options.order ?? 1, 1, 2);
  const rtol = checkNumber("gradcheck", "rtol", options.rtol ?? 1e-6);
  const rtolSecond = checkNumber("gradcheck", "rtolSecond", options.rtolSecond ?? 1e-5);
  const generator = new Generator(checkInteger("gradcheck", "seed", options.seed ?? 0, 0));
  const inputs = placedInputs(args, chosen);
  if (inputs.length === 0) {
    throw new ArgumentError(
      "gradcheck: there is no floating tensor among the inputs, so nothing to differentiate by.",
    );
  }
  return enableGrad(() => {
    const system = systemOf(f, args, inputs);
    const found: Comparison[] = [checkSystem(system, 1, rtol, generator)];
    // What is wrong in the first derivative is wrong in the second, too, and would only be said twice.
    if (order === 2 && found[0]!.failures.length === 0) {
      found.push(checkSystem(systemOfGradients(system, generator), 2, rtolSecond, generator));
    }
    return new GradcheckReport(found);
  });
}
