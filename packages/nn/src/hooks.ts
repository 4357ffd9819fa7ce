/**
 * Functions that are called around a module's `forward`, and when the gradients of its inputs are known.
 */
import type { HookHandle } from "@chainrule/core";
import { ArgumentError, customOp, forgetCompiled, quoted, Tensor } from "@chainrule/core";
import type { Module } from "./module.ts";

/** Gets the inputs; an array that it returns takes their place. */
export type ForwardPreHook = (
  module: Module,
  inputs: readonly unknown[],
) => readonly unknown[] | undefined;

/** Gets inputs and output; what it returns, if anything, takes the output's place. */
export type ForwardHook = (module: Module, inputs: readonly unknown[], output: unknown) => unknown;

/** The gradients of the tensors among inputs or outputs, in order; `null` for what has none. */
export type Gradients = readonly (Tensor | null)[];

/** Gets the gradients of inputs and outputs; an array that it returns takes the place of the inputs' gradients. */
export type BackwardHook = (
  module: Module,
  gradInputs: Gradients,
  gradOutputs: Gradients,
) => Gradients | undefined;

/** The hooks of one module. */
export class ModuleHooks {
  readonly before = new Set<ForwardPreHook>();
  readonly after = new Set<ForwardHook>();
  readonly backward = new Set<BackwardHook>();

  /** Runs `forward` with the hooks around it. */
  run(
    module: Module,
    given: readonly unknown[],
    forward: (inputs: readonly unknown[]) => unknown,
  ): unknown {
    let inputs = given;
    for (const hook of this.before) inputs = hook(module, inputs) ?? inputs;
    let output =
      this.backward.size === 0 ? forward(inputs) : this.runWatched(module, inputs, forward);
    for (const hook of this.after) output = hook(module, inputs, output) ?? output;
    return output;
  }

  /**
   * Puts the inputs, and the outputs, through one node each that changes nothing: the gradients of all outputs pass the
   * one together, those of all inputs the other, later.
   */
  private runWatched(
    module: Module,
    inputs: readonly unknown[],
    forward: (inputs: readonly unknown[]) => unknown,
  ): unknown {
    let gradOutputs: Gradients = [];
    const call = (gradInputs: Gradients): Gradients => {
      let gradients = gradInputs;
      for (const hook of this.backward)
        gradients = hook(module, gradients, gradOutputs) ?? gradients;
      return gradients;
    };
    const isWatched = (x: unknown): x is Tensor => x instanceof Tensor && x.requiresGrad;
    const someInput = inputs.some(isWatched);
    const watchedInputs = throughNode("moduleInputs", inputs, call);
    const output = forward(watchedInputs);
    const several = Array.isArray(output);
    const outputs = throughNode("moduleOutputs", several ? output : [output], (gradients) => {
      gradOutputs = gradients;
      if (!someInput) call(inputs.filter((x) => x instanceof Tensor).map(() => null));
      return gradients;
    });
    return several ? outputs : outputs[0];
  }
}

/** The same values, the tensors among them through one node, at whose cotangents `look` is called. */
function throughNode(
  name: string,
  values: readonly unknown[],
  look: (gradients: Gradients) => Gradients,
): readonly unknown[] {
  const places = values.flatMap((value, i) => (value instanceof Tensor ? [i] : []));
  if (!places.some((i) => (values[i] as Tensor).requiresGrad)) return values;
  const identity = customOp({
    name,
    formula: "y = x",
    forward: (...tensors: readonly Tensor[]): readonly Tensor[] => tensors,
    vjp: (cotangents) => look(cotangents),
  });
  const results = identity(...places.map((i) => values[i] as Tensor));
  const replaced = [...values];
  for (const [k, i] of places.entries()) replaced[i] = results[k];
  return replaced;
}

const registered = new WeakMap<Module, ModuleHooks>();

/** The hooks of a module, if there ever were any. */
export function hooksOf(module: Module): ModuleHooks | undefined {
  return registered.get(module);
}

/** Gives a module the hooks of another. */
export function copyHooks(from: Module, to: Module): void {
  const hooks = registered.get(from);
  if (hooks === undefined) return;
  const copies = new ModuleHooks();
  for (const hook of hooks.before) copies.before.add(hook);
  for (const hook of hooks.after) copies.after.add(hook);
  for (const hook of hooks.backward) copies.backward.add(hook);
  registered.set(to, copies);
}

function added<Hook>(
  module: Module,
  where: string,
  hook: Hook,
  wrapped: Hook,
  choose: (hooks: ModuleHooks) => Set<Hook>,
): HookHandle {
  if (typeof hook !== "function") {
    throw new ArgumentError(`${where}: a hook is a function, not ${quoted(hook)}.`);
  }
  let hooks = registered.get(module);
  if (hooks === undefined) {
    hooks = new ModuleHooks();
    registered.set(module, hooks);
  }
  const set = choose(hooks);
  set.add(wrapped);
  forgetCompiled();
  const remove = (): void => {
    set.delete(wrapped);
    forgetCompiled();
  };
  return { remove };
}

// Each registration has a wrapper of its own: a function registered twice is called twice and removed once.

export function addForwardPreHook(module: Module, hook: ForwardPreHook): HookHandle {
  return added(
    module,
    "registerForwardPreHook",
    hook,
    (m, x) => hook(m, x),
    (hooks) => hooks.before,
  );
}

export function addForwardHook(module: Module, hook: ForwardHook): HookHandle {
  return added(
    module,
    "registerForwardHook",
    hook,
    (m, x, y) => hook(m, x, y),
    (hooks) => hooks.after,
  );
}

export function addBackwardHook(module: Module, hook: BackwardHook): HookHandle {
  return added(
    module,
    "registerFullBackwardHook",
    hook,
    (m, x, y) => hook(m, x, y),
    (hooks) => hooks.backward,
  );
}
