/**
 * Copies of modules.
 */
import { ArgumentError, Tensor } from "@chainrule/core";
import { copyHooks } from "./hooks.ts";
import type { Module } from "./module.ts";
import { copiedTensor, isModule, isPlain, nameOf, noteModule } from "./registry.ts";
import { wrapForward } from "./running.ts";

/** A copy of a module and of all that it holds; see `Module.clone`. */
export function cloneModule<M extends Module>(module: M): M {
  const copies = new Map<object, object>();
  // What was made and still has to get its parts; a list instead of a recursion.
  const unfilled: (() => void)[] = [];

  const copyOf = (value: unknown): unknown => {
    if (value === null || typeof value !== "object") return value;
    const known = copies.get(value);
    if (known !== undefined) return known;
    const [copy, fill] = begun(value, copyOf);
    copies.set(value, copy);
    if (fill !== null) unfilled.push(fill);
    return copy;
  };

  const copy = copyOf(module) as M;
  for (let fill = unfilled.pop(); fill !== undefined; fill = unfilled.pop()) fill();
  return copy;
}

/** A copy without its parts, and what gives them to it; objects of other classes stand for themselves. */
function begun(
  value: object,
  copyOf: (part: unknown) => unknown,
): [copy: object, fill: (() => void) | null] {
  if (value instanceof Tensor) return [copiedTensor(value), null];
  if (isModule(value)) {
    const copy = Object.create(Object.getPrototypeOf(value)) as Module;
    return [copy, () => fillModule(copy, value, copyOf)];
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    return [
      copy,
      () => {
        for (const [key, part] of value) copy.set(key, copyOf(part));
      },
    ];
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>();
    return [
      copy,
      () => {
        for (const part of value) copy.add(copyOf(part));
      },
    ];
  }
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    return [
      copy,
      () => {
        for (const part of value) copy.push(copyOf(part));
      },
    ];
  }
  if (isPlain(value)) {
    const copy = {};
    return [
      copy,
      () => {
        for (const [key, part] of Object.entries(value)) {
          Object.defineProperty(copy, key, ordinary(copyOf(part)));
        }
      },
    ];
  }
  return [value, null];
}

function fillModule(copy: Module, module: Module, copyOf: (part: unknown) => unknown): void {
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(module))) {
    if (key === "forward") {
      if (descriptor.enumerable === true) {
        throw new ArgumentError(
          `${nameOf(module)}.clone: forward is a property of this one module, so a copy would go on using the parts of the original. Make it a method.`,
        );
      }
      continue;
    }
    const isComputed = descriptor.get !== undefined || descriptor.set !== undefined;
    Object.defineProperty(
      copy,
      key,
      isComputed ? descriptor : { ...descriptor, value: copyOf(descriptor.value) },
    );
  }
  noteModule(copy);
  const { forward } = Object.getPrototypeOf(copy) as Module;
  wrapForward(copy, forward);
  copyHooks(module, copy);
}

function ordinary(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true };
}
