/**
 * Functions that are called when the gradient of a tensor is known.
 */
import { ArgumentError, GradError, quoted } from "../errors.ts";
import { formatShape, sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { forgetCompiled } from "./capture.ts";

/** Gets the gradient of a tensor; what it returns, if anything, takes the gradient's place. */
export type GradientHook = (gradient: Tensor) => Tensor | undefined;

/** Called after a leaf's `grad` was updated. */
export type AccumulationHook = (leaf: Tensor) => void;

/** Ends a hook. */
export interface HookHandle {
  remove(): void;
}

/** The hooks of one tensor, in the order in which they were registered. */
export interface TensorHooks {
  readonly gradient: Set<GradientHook>;
  readonly accumulation: Set<AccumulationHook>;
}

function hooksOf(where: string, x: Tensor, hook: unknown): TensorHooks {
  if (typeof hook !== "function")
    throw new ArgumentError(`${where}: a hook is a function, not ${quoted(hook)}.`);
  if (!x.requiresGrad) {
    throw new GradError(
      `${where}: this tensor does not require gradients, so the hook would never be called.`,
    );
  }
  if (x.isLeaf) forgetCompiled();
  x.hooks ??= { gradient: new Set(), accumulation: new Set() };
  return x.hooks;
}

/**
 * Calls a function with the gradient of `x` whenever a backward pass has computed it, all paths added up. If it returns a
 * tensor, that takes the gradient's place, for `x` and everything before it.
 *
 * @throws {GradError} when `x` does not require gradients, or the replacement has another shape.
 * @example
 * import { registerHook, tensor } from "@chainrule/core";
 * const x = tensor(3, { requiresGrad: true });
 * const y = x.mul(2);
 * const hook = registerHook(y, (gradient) => gradient.mul(10));
 * y.mul(y).backward();
 * x.grad; // → tensor(240)
 * hook.remove();
 */
export function registerHook(x: Tensor, hook: GradientHook): HookHandle {
  const { gradient } = hooksOf("registerHook", x, hook);
  // A wrapper of its own, so that one function registered twice is called twice and removed once.
  const own: GradientHook = (g) => hook(g);
  gradient.add(own);
  return { remove: () => removed(x, gradient, own) };
}

/**
 * Calls a function after a backward pass has added to the `grad` of a leaf: to clip, to log, or to update at once.
 *
 * @throws {GradError} when `x` is no leaf, or does not require gradients.
 */
export function registerPostAccumulateGradHook(x: Tensor, hook: AccumulationHook): HookHandle {
  if (!x.isLeaf) {
    throw new GradError(
      "registerPostAccumulateGradHook: only leaves accumulate gradients; use registerHook.",
    );
  }
  const { accumulation } = hooksOf("registerPostAccumulateGradHook", x, hook);
  const own: AccumulationHook = (leaf) => hook(leaf);
  accumulation.add(own);
  return { remove: () => removed(x, accumulation, own) };
}

function removed<Hook>(x: Tensor, from: Set<Hook>, hook: Hook): void {
  from.delete(hook);
  if (x.isLeaf) forgetCompiled();
}

/** Runs the gradient hooks of a tensor and gives the gradient that they leave. */
export function throughHooks(x: Tensor, gradient: Tensor): Tensor {
  let current = gradient;
  if (x.hooks === null) return current;
  for (const hook of x.hooks.gradient) {
    const replacement = hook(current);
    if (replacement === undefined) continue;
    if (!(replacement instanceof Tensor)) {
      throw new GradError(
        `registerHook: a hook must return a tensor or nothing, not ${quoted(replacement)}.`,
      );
    }
    if (!sameShape(replacement.shape, x.shape) || replacement.dtype !== x.dtype) {
      throw new GradError(
        `registerHook: the hook returned ${replacement.dtype} ${formatShape(replacement.shape)} for a gradient of ${x.dtype} ${formatShape(x.shape)}. They must be equal.`,
        { returned: replacement.shape, expected: x.shape },
      );
    }
    current = replacement;
  }
  return current;
}

/** Tells a leaf's hooks that its `grad` was updated. */
export function callAccumulationHooks(leaf: Tensor): void {
  if (leaf.hooks !== null) for (const hook of leaf.hooks.accumulation) hook(leaf);
}
