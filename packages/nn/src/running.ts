/**
 * What happens around every `forward`: the scope in the graph, hooks, and the search for what was not registered.
 */
import type { GraphNode } from "@chainrule/core";
import {
  ArgumentError,
  confined,
  formatShape,
  GradError,
  isGradEnabled,
  Tensor,
  unconfined,
  withScope,
} from "@chainrule/core";
import type { ModuleHooks } from "./hooks.ts";
import { hooksOf } from "./hooks.ts";
import type { Module } from "./module.ts";
import { hasSubstitutes, nameOf, noteParts } from "./registry.ts";

/** The innermost module whose `forward` is running. */
let running: Module | null = null;

/** Is told of each module that has run; see {@link watchForward}. */
let watcher: ((module: Module, output: unknown) => void) | null = null;

/** The paths of modules below a module that has called them. */
const paths = new WeakMap<Module, WeakMap<Module, string>>();

/** Modules whose first results were searched for parameters that are not registered. */
const searched = new WeakSet<Module>();

/**
 * Puts what happens around every `forward` around that of a module. A function that is assigned to the instance later is
 * called as it is; it is somebody else's code.
 */
export function wrapForward(module: Module, forward: (...inputs: never[]) => unknown): void {
  const run = (...inputs: never[]): unknown => runForward(module, forward, inputs);
  Object.defineProperty(module, "forward", {
    get: () => run,
    set: (other: unknown) => {
      const isFunction = typeof other === "function";
      const value = isFunction
        ? (...inputs: unknown[]): unknown => unconfined(() => Reflect.apply(other, module, inputs))
        : other;
      Object.defineProperty(module, "forward", { value, writable: true, configurable: true });
    },
    configurable: true,
  });
}

/** Runs a module's `forward`. */
function runForward(
  module: Module,
  forward: (...inputs: never[]) => unknown,
  inputs: never[],
): unknown {
  const outer = running;
  const scope = outer === null ? nameOf(module) : scopeWithin(outer, module);
  noteParts(module);
  running = module;
  try {
    return withScope(scope, () => {
      const hooks = hooksOf(module);
      const run = (): unknown =>
        hooks === undefined
          ? forward.apply(module, inputs)
          : hooks.run(module, inputs, (given) => forward.apply(module, given as never[]));
      const output = keepsNothing(module, hooks) ? confined(run) : unconfined(run);
      if (watcher !== null) watcher(module, output);
      if (outer === null && !hasSubstitutes() && isGradEnabled() && !searched.has(module)) {
        if (search(module, inputs, output)) searched.add(module);
      }
      return output;
    });
  } catch (error) {
    throw unfinished(module, forward, error) ?? error;
  } finally {
    running = outer;
  }
}

/** Whether what a module computes on its way is seen by nobody. */
function keepsNothing(module: Module, hooks: ModuleHooks | undefined): boolean {
  if (hooks !== undefined || watcher !== null) return false;
  const kind = module.constructor;
  return Object.hasOwn(kind, "isConfined") && Reflect.get(kind, "isConfined") === true;
}

/** What to say of an error in `forward` that may come from parts of the module which are not there yet; `null` of others. */
function unfinished(
  module: Module,
  forward: (...inputs: never[]) => unknown,
  error: unknown,
): ArgumentError | null {
  if (!(error instanceof TypeError) || !/\b(undefined|null)\b/.test(error.message)) return null;
  const unset = Object.entries(module).flatMap(([name, value]) =>
    value === null || value === undefined ? [`${name} is ${value}`] : [],
  );
  // A function asks for parts of its module with `this`; one that has none yet is still being constructed.
  const isBare =
    Object.keys(module).every((name) => name === "training") && /\bthis\b/.test(String(forward));
  if (unset.length === 0 && !isBare) return null;
  const found = unset.length > 0 ? unset.join(", ") : "none of its properties is there yet";
  const better = new ArgumentError(
    `${nameOf(module)}: forward failed with "${error.message}", and ${found}. A module can be called when its parameters and layers are there: make them in its constructor, and call it afterwards.`,
    { module: nameOf(module), unset },
  );
  better.cause = error;
  return better;
}

/** Runs `body` and tells `watch` of each module that ran, inner ones first. */
export function watchForward<T>(
  watch: (module: Module, output: unknown) => void,
  body: () => T,
): T {
  const before = watcher;
  watcher = watch;
  try {
    return body();
  } finally {
    watcher = before;
  }
}

/** The scope of a module inside of another's: its path there, or the name of its class if it is not part of it. */
function scopeWithin(outer: Module, module: Module): string {
  let known = paths.get(outer);
  if (known === undefined) {
    known = new WeakMap();
    paths.set(outer, known);
  }
  let scope = known.get(module);
  if (scope === undefined) {
    const found = outer.namedModules().find(([, inner]) => inner === module);
    scope = found === undefined || found[0] === "" ? nameOf(module) : found[0].replaceAll(".", "/");
    known.set(module, scope);
  }
  return scope;
}

/**
 * Searches the graph behind an output for leaves that are neither parameters of the module nor among its inputs: they sit
 * in a private field or a closure and would be forgotten. Whether there was a graph to search.
 */
function search(module: Module, inputs: readonly unknown[], output: unknown): boolean {
  const known = new Set([...tensorsIn(inputs), ...module.parameters()]);
  const seen = new Set<GraphNode>();
  const stack: GraphNode[] = [];
  const enter = (x: Tensor): void => {
    if (x.node !== null && !known.has(x) && !seen.has(x.node)) {
      seen.add(x.node);
      stack.push(x.node);
    }
  };
  for (const x of tensorsIn([output])) enter(x);
  const found = stack.length > 0;
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (const operand of node.operands) {
      if (operand.requiresGrad && operand.isLeaf && !known.has(operand)) {
        throw hiddenParameter(module, node, operand);
      }
      enter(operand);
    }
  }
  return found;
}

function hiddenParameter(module: Module, node: GraphNode, x: Tensor): GradError {
  const name = x.name === null ? "" : ` ${JSON.stringify(x.name)}`;
  return new GradError(
    `${nameOf(module)}: forward uses a tensor${name} of shape ${formatShape(x.shape)} (in ${node.op.name}, scope ${node.scope}) that requires gradients but is not among the module's parameters, so it would be neither trained nor saved. ` +
      "A #private field or a closure hides it: assign it, or the module that holds it, to an ordinary property, or pass it to forward.",
    { op: node.op.name, scope: node.scope, shape: x.shape },
  );
}

/** The tensors among nested arrays, plain objects and Maps, from left to right. */
export function tensorsIn(value: unknown): Tensor[] {
  const found: Tensor[] = [];
  const seen = new Set<object>();
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const part = stack.pop();
    if (part instanceof Tensor) found.push(part);
    if (part === null || typeof part !== "object" || part instanceof Tensor) continue;
    if (ArrayBuffer.isView(part) || seen.has(part)) continue;
    seen.add(part);
    const inner =
      part instanceof Map || part instanceof Set ? [...part.values()] : Object.values(part);
    for (let i = inner.length - 1; i >= 0; i--) stack.push(inner[i]);
  }
  return found;
}
