/**
 * Finding the parameters, buffers and children of a module among its properties.
 */
import type { CreationOptions, TensorLike } from "@chainrule/core";
import {
  ArgumentError,
  checkOptions,
  clone,
  GradError,
  noGrad,
  Tensor,
  tensor,
} from "@chainrule/core";
import type { Module } from "./module.ts";

/** All modules. Membership is asked of this set, not of the class, because the class itself needs this file. */
const modules = new WeakSet<object>();
const parameters = new WeakSet<Tensor>();
const buffers = new WeakMap<Tensor, BufferOptions>();

/** Options of {@link parameter}. */
export interface ParameterOptions extends Pick<CreationOptions, "dtype" | "name"> {
  /** Whether it is to be trained; true unless given. */
  requiresGrad?: boolean;
}

/** Options of {@link buffer}. */
export interface BufferOptions {
  /** Whether it belongs to the state that is saved; true unless given. */
  readonly persistent: boolean;
}

/**
 * A parameter of a module: a leaf that requires gradients. A tensor is not copied, the parameter shares its numbers.
 *
 * Assigned to a property of a module, or put into an array or plain object there, it is found by `parameters()`. A leaf
 * with `requiresGrad` that was made otherwise counts as well; what was made here stays a parameter when it is frozen.
 *
 * @throws {GradError} for int32 and bool, which have no gradients.
 * @example
 * import type { Tensor } from "@chainrule/core";
 * import { ones } from "@chainrule/core";
 * import { Module, parameter } from "@chainrule/nn";
 * class Scale extends Module {
 *   readonly factor = parameter(ones([3]));
 *   forward(x: Tensor): Tensor { return x.mul(this.factor); }
 * }
 * new Scale().namedParameters().map(([name]) => name); // → [ 'factor' ]
 */
export function parameter(values: TensorLike, options: ParameterOptions = {}): Tensor {
  checkOptions("parameter", options, ["requiresGrad", "dtype", "name"]);
  const { requiresGrad = true, dtype, name } = options;
  const source = values instanceof Tensor ? values : tensor(values);
  const leaf = (dtype === undefined ? source : source.to(dtype)).detach();
  leaf.origin = null;
  leaf.requiresGrad = requiresGrad;
  if (name !== undefined) leaf.named(name);
  parameters.add(leaf);
  return leaf;
}

/**
 * A buffer of a module: a tensor that is saved with the module and converted by `to`, yet not trained. Running statistics
 * and masks are buffers.
 *
 * @example
 * import type { Tensor } from "@chainrule/core";
 * import { zeros } from "@chainrule/core";
 * import { buffer, Module } from "@chainrule/nn";
 * class Counter extends Module {
 *   readonly count = buffer(zeros([], { dtype: "int32" }));
 *   forward(x: Tensor): Tensor { this.count.add_(1); return x; }
 * }
 * Object.keys(new Counter().stateDict()); // → [ 'count' ]
 */
export function buffer(values: TensorLike, options: Partial<BufferOptions> = {}): Tensor {
  checkOptions("buffer", options, ["persistent"]);
  const x = (values instanceof Tensor ? values : tensor(values)).detach();
  x.origin = null;
  buffers.set(x, { persistent: options.persistent ?? true });
  return x;
}

/** A tensor like another, with numbers of its own: a parameter or a buffer if that is one. */
export function copiedTensor(x: Tensor): Tensor {
  const copy = noGrad(() => clone(x)).detach();
  copy.origin = null;
  copy.name = x.name;
  if (x.isLeaf && x.requiresGrad) copy.requiresGrad = true;
  if (parameters.has(x)) parameters.add(copy);
  const options = buffers.get(x);
  if (options !== undefined) buffers.set(copy, options);
  return copy;
}

/** What a module owns: a part of it, found under a path such as `weight` or `layers.0`. */
export type Member = { readonly path: string } & (
  | { readonly kind: "parameter"; readonly value: Tensor }
  | { readonly kind: "buffer"; readonly value: Tensor; readonly persistent: boolean }
  | { readonly kind: "module"; readonly value: Module }
);

/** What each module was seen to hold, so that a part that was replaced by something else is noticed. */
const seenParts = new WeakMap<Module, Map<string, "parameter" | BufferOptions>>();

/**
 * What a module itself owns, in the order of its properties. Arrays and plain objects are looked into.
 *
 * @throws {ArgumentError} when a module or parameter is where it cannot be found: in a Map, a Set, or an object of
 * another class.
 * @throws {GradError} when a parameter was replaced by a tensor that is none.
 */
export function membersOf(module: Module): Member[] {
  let seen = seenParts.get(module);
  if (seen === undefined) {
    seen = new Map();
    seenParts.set(module, seen);
  }
  const members: Member[] = [];
  const visited = new Set<object>();
  const stack: (readonly [path: string, value: unknown])[] = [...module.members()].reverse();
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const [path, value] = entry;
    if (value === null || typeof value !== "object") continue;
    if (value instanceof Tensor) {
      const member = tensorMember(module, path, value, seen);
      if (member !== null) members.push(member);
    } else if (isModule(value)) {
      members.push({ path, kind: "module", value });
    } else if (!visited.has(value)) {
      visited.add(value);
      if (isPlain(value)) {
        const inner = Object.entries(value).map(
          ([key, part]) => [path === "" ? key : `${path}.${key}`, part] as const,
        );
        for (let i = inner.length - 1; i >= 0; i--) stack.push(inner[i]!);
      } else if (!ArrayBuffer.isView(value)) {
        refuseHidden(module, path, value);
      }
    }
  }
  return members;
}

/** Notes what a module holds, unless that was done before: from then on a buffer stays a buffer when it is replaced. */
export function noteParts(module: Module): void {
  if (!seenParts.has(module)) membersOf(module);
}

/** Whether other tensors stand in for parameters and buffers; see {@link withSubstitutes}. */
let areSubstituted = false;

/** Whether that is so now. */
export function hasSubstitutes(): boolean {
  return areSubstituted;
}

/** Runs `body` while other tensors stand in for parameters and buffers: what was known of a property then holds for them. */
export function withSubstitutes<T>(body: () => T): T {
  const before = areSubstituted;
  areSubstituted = true;
  try {
    return body();
  } finally {
    areSubstituted = before;
  }
}

function tensorMember(
  module: Module,
  path: string,
  value: Tensor,
  seen: Map<string, "parameter" | BufferOptions>,
): Member | null {
  if (areSubstituted) {
    const known = seen.get(path);
    if (known === undefined) return null;
    return known === "parameter"
      ? { path, kind: "parameter", value }
      : { path, kind: "buffer", value, persistent: known.persistent };
  }
  if (parameters.has(value) || (value.isLeaf && value.requiresGrad)) {
    parameters.add(value);
    // Named after its property, unless it has a name: graphs and errors can then speak of it.
    value.name ??= path;
    seen.set(path, "parameter");
    return { path, kind: "parameter", value };
  }
  const before = seen.get(path);
  const options = buffers.get(value) ?? (typeof before === "object" ? before : undefined);
  if (options !== undefined) {
    buffers.set(value, options);
    value.name ??= path;
    seen.set(path, options);
    return { path, kind: "buffer", value, persistent: options.persistent };
  }
  if (before === "parameter") {
    const what =
      value.node === null
        ? "a tensor that requires no gradients"
        : `the result of ${value.node.op.name}`;
    throw new GradError(
      `${nameOf(module)}: ${path} was a parameter and is now ${what}, so it would no longer be trained or saved. ` +
        "Change parameters in place, under noGrad, or assign parameter(…).",
      { path },
    );
  }
  return null;
}

/** Arrays, and objects without a class of their own. */
export function isPlain(value: object): boolean {
  if (Array.isArray(value)) return value.some((part) => typeof part === "object");
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function refuseHidden(module: Module, path: string, holder: object): void {
  const inside: Iterable<readonly [unknown, unknown]> =
    holder instanceof Map
      ? holder
      : holder instanceof Set
        ? [...holder].map((part, i) => [i, part] as const)
        : Object.entries(holder);
  for (const [key, part] of inside) {
    if (!isModule(part) && !(part instanceof Tensor && parameters.has(part))) continue;
    throw new ArgumentError(
      `${nameOf(module)}: ${path} is a ${holder.constructor?.name ?? "object"} and holds ${isModule(part) ? `the module ${nameOf(part)}` : "a parameter"} (at ${String(key)}), which would be neither trained nor saved. ` +
        "Modules and parameters are found in properties, arrays and plain objects: put it there, or make the holder a Module.",
      { path, key },
    );
  }
}

/** Makes a module known; for its constructor. */
export function noteModule(module: Module): void {
  modules.add(module);
}

export function isModule(value: unknown): value is Module {
  return value !== null && typeof value === "object" && modules.has(value);
}

/** The name of a module's class. */
export function nameOf(module: Module): string {
  return module.constructor.name || "Module";
}
