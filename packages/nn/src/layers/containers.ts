/**
 * Modules that hold others: lists, dictionaries, and a layer with a way around it.
 */
import type { Tensor } from "@chainrule/core";
import {
  ArgumentError,
  formatShape,
  IndexError,
  quoted,
  ShapeError,
  sameShape,
} from "@chainrule/core";
import type { Layer } from "../module.ts";
import { Module } from "../module.ts";
import { isModule } from "../registry.ts";

function checkModule(where: string, name: string, value: unknown): void {
  if (isModule(value)) return;
  throw new ArgumentError(`${where}: ${name} is ${quoted(value)}, which is no module.`, { name });
}

/** Refuses to be called: what the modules are for is up to the one that holds the container. */
function refuseForward(module: Module, advice: string): never {
  throw new ArgumentError(
    `${module.constructor.name}: has no forward of its own. ${advice}, or use Sequential to call its layers one after the other.`,
  );
}

/**
 * Modules in a list, called `0`, `1`, …: for as many of a kind as it pleases. An array in a property does the same; a list
 * can also grow, and checks what it is given.
 *
 * @throws {ArgumentError} for anything that is no module, and in `forward`: call its modules.
 * @example
 * import type { Tensor } from "@chainrule/core";
 * import { ones } from "@chainrule/core";
 * import { Linear, Module, ModuleList } from "@chainrule/nn";
 * class Deep extends Module {
 *   readonly layers = new ModuleList([new Linear(2, 8), new Linear(8, 8)]);
 *   forward(x: Tensor): Tensor {
 *     let y = x;
 *     for (const layer of this.layers) y = layer.forward(y).relu();
 *     return y;
 *   }
 * }
 * const net = new Deep();
 * net.layers.append(new Linear(8, 1));
 * net.forward(ones([5, 2])).shape; // → [ 5, 1 ]
 * net.namedParameters()[2]![0]; // → layers.1.weight
 */
export class ModuleList<M extends Module = Layer> extends Module {
  private readonly list: M[] = [];

  constructor(modules: Iterable<M> = []) {
    super();
    for (const module of modules) this.append(module);
  }

  /** How many modules there are. */
  get length(): number {
    return this.list.length;
  }

  /**
   * The module at a place; negative places count from the end.
   *
   * @throws {IndexError} when there is none.
   */
  at(index: number): M {
    return this.list[this.place(index, this.length)]!;
  }

  /** Puts another module into a place. */
  set(index: number, module: M): void {
    const place = this.place(index, this.length);
    checkModule("ModuleList", `module ${index}`, module);
    this.list[place] = module;
  }

  /** Adds a module at the end. */
  append(module: M): this {
    checkModule("ModuleList", `module ${this.length}`, module);
    this.list.push(module);
    return this;
  }

  /** Adds modules at the end. */
  extend(modules: Iterable<M>): this {
    for (const module of modules) this.append(module);
    return this;
  }

  /** Adds a module in front of the one at a place. */
  insert(index: number, module: M): this {
    checkModule("ModuleList", `module ${index}`, module);
    this.list.splice(this.place(index, this.length + 1), 0, module);
    return this;
  }

  [Symbol.iterator](): IterableIterator<M> {
    return this.list[Symbol.iterator]();
  }

  private place(index: number, count: number): number {
    if (!Number.isInteger(index) || index < -count || index >= count) {
      throw new IndexError(`ModuleList: there is no place ${quoted(index)} among ${this.length}.`, {
        index,
        length: this.length,
      });
    }
    return index < 0 ? index + count : index;
  }

  override members(): readonly (readonly [name: string, value: unknown])[] {
    return this.list.map((module, i) => [String(i), module]);
  }

  override forward(): never {
    return refuseForward(this, "Call its modules: for (const module of list) …");
  }
}

/**
 * Modules by name. A plain object in a property does the same; a dictionary can also grow, and checks what it is given.
 *
 * @throws {ArgumentError} for anything that is no module, a name that is none, and in `forward`: call its modules.
 * @example
 * import { ones } from "@chainrule/core";
 * import { Linear, ModuleDict } from "@chainrule/nn";
 * const heads = new ModuleDict({ digits: new Linear(8, 10), parity: new Linear(8, 2) });
 * heads.get("parity").forward(ones([8])).shape; // → [ 2 ]
 * heads.keys(); // → [ 'digits', 'parity' ]
 */
export class ModuleDict<M extends Module = Layer> extends Module {
  private readonly map = new Map<string, M>();

  constructor(modules: Readonly<Record<string, M>> = {}) {
    super();
    for (const [name, module] of Object.entries(modules)) this.set(name, module);
  }

  /** How many modules there are. */
  get size(): number {
    return this.map.size;
  }

  /**
   * The module of a name.
   *
   * @throws {IndexError} when there is none.
   */
  get(name: string): M {
    const module = this.map.get(name);
    if (module === undefined) {
      throw new IndexError(
        `ModuleDict: there is no module ${quoted(name)}. There are: ${this.keys().join(", ")}.`,
        { name },
      );
    }
    return module;
  }

  /** Whether there is a module of that name. */
  has(name: string): boolean {
    return this.map.has(name);
  }

  /** Gives a module a name; one that had it before is replaced. */
  set(name: string, module: M): this {
    if (typeof name !== "string" || name === "" || name.includes(".")) {
      throw new ArgumentError(`ModuleDict: a name is a word without points, not ${quoted(name)}.`, {
        name,
      });
    }
    checkModule("ModuleDict", quoted(name), module);
    this.map.set(name, module);
    return this;
  }

  /** Takes a module out; whether it was there. */
  delete(name: string): boolean {
    return this.map.delete(name);
  }

  /** The names, in the order in which they were given. */
  keys(): string[] {
    return [...this.map.keys()];
  }

  /** The modules, in the order of their names. */
  values(): M[] {
    return [...this.map.values()];
  }

  /** Names and modules. */
  entries(): [name: string, module: M][] {
    return [...this.map];
  }

  [Symbol.iterator](): IterableIterator<[name: string, module: M]> {
    return this.map[Symbol.iterator]();
  }

  override members(): readonly (readonly [name: string, value: unknown])[] {
    return this.entries();
  }

  override forward(): never {
    return refuseForward(this, "Call its modules: dict.get(name).forward(x)");
  }
}

/**
 * A layer with a way around it: y = shortcut(x) + inner(x), where the shortcut is x itself unless a layer is given for it.
 * (He, Zhang, Ren & Sun, "Deep residual learning for image recognition", CVPR 2016.)
 *
 * @throws {ArgumentError} for anything that is no module.
 * @throws {ShapeError} in `forward`, when the two ways end in different shapes.
 * @example
 * import { ones } from "@chainrule/core";
 * import { Linear, ReLU, Residual, Sequential } from "@chainrule/nn";
 * const block = new Residual(new Sequential(new Linear(8, 8), new ReLU()));
 * block.forward(ones([5, 8])).shape; // → [ 5, 8 ]
 * new Residual(new Linear(8, 3), new Linear(8, 3, { bias: false })).forward(ones([5, 8])).shape; // → [ 5, 3 ]
 */
export class Residual extends Module {
  static override readonly isConfined = true;

  readonly inner: Layer;
  readonly shortcut: Layer | null;

  constructor(inner: Layer, shortcut: Layer | null = null) {
    super();
    checkModule("Residual", "the inner layer", inner);
    if (shortcut !== null) checkModule("Residual", "the shortcut", shortcut);
    this.inner = inner;
    this.shortcut = shortcut;
  }

  override forward(x: Tensor): Tensor {
    const y = this.inner.forward(x);
    const around = this.shortcut === null ? x : this.shortcut.forward(x);
    if (!sameShape(y.shape, around.shape)) {
      throw new ShapeError(
        `Residual: the inner layer gives shape ${formatShape(y.shape)} and the way around it ${formatShape(around.shape)}. Give a shortcut that maps the input to the shape of the output.`,
        { inner: y.shape, around: around.shape },
      );
    }
    return y.add(around);
  }
}
