/**
 * Modules: parts of a model, with their parameters.
 */
import type { DType, HookHandle, Shape } from "@chainrule/core";
import {
  ArgumentError,
  checkOptions,
  DTypeError,
  forgetCompiled,
  isFloating,
  noGrad,
  Tensor,
  to_,
} from "@chainrule/core";
import { cloneModule } from "./clone.ts";
import { textOf } from "./describe.ts";
import type { BackwardHook, ForwardHook, ForwardPreHook } from "./hooks.ts";
import { addBackwardHook, addForwardHook, addForwardPreHook } from "./hooks.ts";
import type { BufferOptions } from "./registry.ts";
import { buffer, membersOf, nameOf, noteModule } from "./registry.ts";
import { wrapForward } from "./running.ts";
import type { LoadOptions, LoadReport, StateDict, StateDictOptions } from "./state.ts";
import { loadState, readState } from "./state.ts";
import type { SummaryOptions } from "./summary.ts";
import { ModelSummary } from "./summary.ts";

/** Whether children are looked into; true unless given. */
export interface RecurseOptions {
  recurse?: boolean;
}

/**
 * A part of a model, or all of it: an ordinary class with a `forward`.
 *
 * Parameters, buffers and other modules are found among the properties, as soon as they are assigned; arrays and plain
 * objects are looked into. What cannot be found is refused rather than forgotten: a Map of modules when parameters are
 * asked for, a parameter in a `#private` field or a closure when `forward` first uses it.
 *
 * Call a module by its `forward`. The base class wraps it, so that hooks run and that the graph knows which module
 * recorded what: under the name of its property, as `Net/fc1`.
 *
 * @example
 * import type { Tensor } from "@chainrule/core";
 * import { randn } from "@chainrule/core";
 * import { Linear, Module } from "@chainrule/nn";
 * class Net extends Module {
 *   readonly fc1 = new Linear(2, 16);
 *   readonly fc2 = new Linear(16, 1);
 *   forward(x: Tensor): Tensor { return this.fc2.forward(this.fc1.forward(x).tanh()); }
 * }
 * const net = new Net();
 * net.forward(randn([100, 2])).shape; // → [ 100, 1 ]
 * net.parameters().length; // → 4
 */
export abstract class Module {
  /**
   * A class that sets this to true promises of its `forward` that it runs no code but its own, that of tensors and that of
   * other modules, and keeps no tensor that it makes. Memory of what it computes on the way is then used again after backward;
   * see `confined`. Subclasses make the promise for themselves. Functions that are given to a module are called by
   * `unconfined`.
   */
  static readonly isConfined: boolean = false;

  /** Whether the module is being trained: dropout drops, batch norms look at the batch. Set by `train` and `eval`. */
  training = true;

  constructor() {
    const { forward } = this;
    if (typeof forward !== "function") {
      throw new ArgumentError(`${nameOf(this)}: a module needs a method forward(x).`);
    }
    noteModule(this);
    wrapForward(this, forward);
  }

  /** Computes the module's output. */
  abstract forward(...inputs: never[]): unknown;

  /**
   * Where parameters, buffers and children are looked for: the module's own properties. A container that names its parts
   * otherwise overrides this.
   */
  members(): readonly (readonly [name: string, value: unknown])[] {
    return Object.entries(this);
  }

  /** All modules from this one down, with their paths (`""`, `encoder`, `encoder.layers.0`); each once. */
  namedModules(): [path: string, module: Module][] {
    const found: [string, Module][] = [];
    const seen = new Set<Module>();
    const stack: [string, Module][] = [["", this]];
    for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
      const [path, module] = entry;
      if (seen.has(module)) continue;
      seen.add(module);
      found.push(entry);
      const children = module.namedChildren();
      for (let i = children.length - 1; i >= 0; i--) {
        stack.push([joined(path, children[i]![0]), children[i]![1]]);
      }
    }
    return found;
  }

  /** All modules from this one down, each once. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** The modules that this one holds, by name. */
  namedChildren(): [name: string, module: Module][] {
    return membersOf(this).flatMap(({ path, kind, value }): [string, Module][] =>
      kind === "module" ? [[path, value]] : [],
    );
  }

  /** The modules that this one holds. */
  children(): Module[] {
    return this.namedChildren().map(([, module]) => module);
  }

  /** The parameters with their paths, such as `encoder.weight`; one that is shared is named once. */
  namedParameters(options?: RecurseOptions): [path: string, parameter: Tensor][] {
    return this.tensors("namedParameters", "parameter", options);
  }

  /** The parameters: what an optimizer is given. */
  parameters(options?: RecurseOptions): Tensor[] {
    return this.namedParameters(options).map(([, parameter]) => parameter);
  }

  /** The buffers with their paths. */
  namedBuffers(options?: RecurseOptions): [path: string, buffer: Tensor][] {
    return this.tensors("namedBuffers", "buffer", options);
  }

  /** The buffers: what is saved, yet not trained. */
  buffers(options?: RecurseOptions): Tensor[] {
    return this.namedBuffers(options).map(([, buffer]) => buffer);
  }

  private tensors(
    where: string,
    wanted: "parameter" | "buffer",
    options: RecurseOptions | undefined,
  ): [string, Tensor][] {
    checkOptions(where, options, ["recurse"]);
    const found = new Map<Tensor, string>();
    const owners = options?.recurse === false ? [["", this] as const] : this.namedModules();
    for (const [path, module] of owners) {
      for (const member of membersOf(module)) {
        if (member.kind === wanted && !found.has(member.value)) {
          found.set(member.value, joined(path, member.path));
        }
      }
    }
    return Array.from(found, ([tensor, path]) => [path, tensor]);
  }

  /** Assigns a buffer to a property; `this.mean = buffer(zeros([3]))` does the same and knows its type. */
  registerBuffer(name: string, value: Tensor | null, options?: Partial<BufferOptions>): void {
    if (typeof name !== "string" || name === "" || name.includes(".")) {
      throw new ArgumentError(
        `registerBuffer: a name is a word without points, not ${JSON.stringify(name)}.`,
        { name },
      );
    }
    const before: unknown = Reflect.get(this, name);
    if (!(before === undefined || before === null || before instanceof Tensor)) {
      throw new ArgumentError(
        `registerBuffer: ${nameOf(this)}.${name} is there already and no tensor. Choose another name.`,
        { name },
      );
    }
    const own: Tensor | null = value === null ? null : buffer(value, options);
    Object.assign(this, { [name]: own });
    // Noted now, so that a tensor assigned to the property later is the buffer, too.
    membersOf(this);
  }

  /** Tells this module and all below that they are being trained, or not. */
  train(mode = true): this {
    if (typeof mode !== "boolean") {
      throw new ArgumentError(`train: expected true or false, not ${String(mode)}.`, { mode });
    }
    let isNew = false;
    for (const module of this.modules()) {
      isNew ||= module.training !== mode;
      module.training = mode;
    }
    // Compiled functions cannot see which mode their modules are in.
    if (isNew) forgetCompiled();
    return this;
  }

  /** Tells this module and all below that they are being used: the same as `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** Calls a function with every module below and then this one, children first. */
  apply(f: (module: Module) => void): this {
    // Depth first from the last child to the first; backward, that is each module after its children.
    const order: Module[] = [];
    const seen = new Set<Module>();
    const stack: Module[] = [this];
    for (let module = stack.pop(); module !== undefined; module = stack.pop()) {
      if (seen.has(module)) continue;
      seen.add(module);
      order.push(module);
      stack.push(...module.children());
    }
    for (let i = order.length - 1; i >= 0; i--) f(order[i]!);
    return this;
  }

  /** Whether the parameters are to be trained: `requiresGrad_(false)` freezes them. */
  requiresGrad_(value = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = value;
    return this;
  }

  /** Forgets all gradients. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null;
  }

  /**
   * Converts parameters and floating buffers, in place: an optimizer made before goes on with the same tensors.
   *
   * @throws {DTypeError} for a type that is not floating.
   */
  to(dtype: DType): this {
    if (!isFloating(dtype)) {
      throw new DTypeError(
        `${nameOf(this)}.to: parameters are float32 or float64, not ${String(dtype)}.`,
        { dtype },
      );
    }
    const tensors = [...this.parameters(), ...this.buffers()];
    for (const tensor of tensors) if (isFloating(tensor.dtype)) to_(tensor, dtype);
    return this;
  }

  /**
   * A copy of all parameters and of the buffers that are saved, by path; training on does not change it. The paths are
   * PyTorch's in camel case, or with `{ names: "snake_case" }` PyTorch's themselves.
   *
   * @throws {ArgumentError} for unknown options.
   * @example
   * import { LSTM } from "@chainrule/nn";
   * Object.keys(new LSTM(2, 3, { bias: false }).stateDict()); // → [ 'weightIhL0', 'weightHhL0' ]
   * const torch = new LSTM(2, 3, { bias: false }).stateDict({ names: "snake_case" });
   * Object.keys(torch); // → [ 'weight_ih_l0', 'weight_hh_l0' ]
   */
  stateDict(options?: StateDictOptions): StateDict {
    return readState(this, options);
  }

  /**
   * Copies a state into parameters and buffers, in place; numbers take the type of their target. Names may be written as in
   * PyTorch: `self_attn.in_proj_weight` is `selfAttn.inProjWeight`.
   *
   * @throws {ArgumentError} listing everything that is missing, not known, or of another shape; nothing has changed then.
   * With `strict: false`, only shapes must agree, and the names left out are returned.
   */
  loadStateDict(state: StateDict, options?: LoadOptions): LoadReport {
    return noGrad(() => loadState(this, state, options));
  }

  /**
   * A module of its own with the same parts: parameters, buffers and modules are copied, hooks and functions shared. What
   * stands twice in the one stands twice in the other.
   *
   * @throws {ArgumentError} when `forward` is an arrow function in a property, which belongs to the original.
   * @example
   * import { Linear } from "@chainrule/nn";
   * const layer = new Linear(2, 3);
   * const copy = layer.clone();
   * copy.weight === layer.weight; // → false
   * copy.weight.eq(layer.weight).all().item(); // → 1
   */
  clone(): this {
    return cloneModule(this);
  }

  /**
   * A table of the modules with the shapes of their outputs and the numbers of their parameters. The shape is what
   * `forward` gets, batch dimension included; several inputs have an array of shapes. Without a shape, no outputs. What is
   * shared stands in parentheses where it is met again, and counts once.
   *
   * @throws {ArgumentError} for what is no shape, and unknown options.
   * @example
   * import { Linear, ReLU, Sequential } from "@chainrule/nn";
   * const model = new Sequential(new Linear(784, 16), new ReLU(), new Linear(16, 10));
   * console.log(model.summary([1, 784]).toString());
   * // →
   * // Module       Output   Parameters
   * // ────────────────────────────────
   * // Sequential   [1, 10]
   * //   0: Linear  [1, 16]      12,560
   * //   1: ReLU    [1, 16]
   * //   2: Linear  [1, 10]         170
   * // ────────────────────────────────
   * // 12,730 parameters (49.7 KiB): 12,730 trainable, 0 frozen
   */
  summary(inputShape?: Shape | readonly Shape[], options?: SummaryOptions): ModelSummary {
    return new ModelSummary(this, inputShape, options);
  }

  /** Calls a function with the inputs before each `forward`; what it returns, if anything, takes their place. */
  registerForwardPreHook(hook: ForwardPreHook): HookHandle {
    return addForwardPreHook(this, hook);
  }

  /** Calls a function with inputs and output after each `forward`; what it returns, if anything, is the output. */
  registerForwardHook(hook: ForwardHook): HookHandle {
    return addForwardHook(this, hook);
  }

  /**
   * Calls a function when the gradients of the module's inputs are known, with them and those of its outputs; `null`
   * stands for what has none. What it returns, if anything, takes the place of the inputs' gradients.
   */
  registerFullBackwardHook(hook: BackwardHook): HookHandle {
    return addBackwardHook(this, hook);
  }

  /** What stands in brackets behind the name of the class: the sizes and options of a layer. */
  extraRepr(): string {
    return "";
  }

  /** The module and its children as an indented list. */
  toString(): string {
    return textOf(this);
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return textOf(this);
  }

  [Symbol.for("Deno.customInspect")](): string {
    return textOf(this);
  }
}

/** A module from one tensor to one tensor. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor;
}

function joined(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
