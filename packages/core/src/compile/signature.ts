/**
 * Arguments and results of a compiled function: the tensors in them, and the key of all that is fixed when it is compiled.
 */
import { dtypeCode } from "../dtype.ts";
import { ArgumentError, quoted } from "../errors.ts";
import { sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";

/** Numbers for objects that are told apart by their identity only. */
const identities = new WeakMap<object, number>();
let nextIdentity = 1;

function identityOf(value: object): number {
  let identity = identities.get(value);
  if (identity === undefined) {
    identity = nextIdentity++;
    identities.set(value, identity);
  }
  return identity;
}

/** Symbols are told apart, too; those that all programs share cannot be keys of a weak map. */
const symbols: symbol[] = [];

function symbolNumber(value: symbol): number {
  const known = symbols.indexOf(value);
  return known >= 0 ? known : symbols.push(value) - 1;
}

function isContainer(value: unknown): value is Record<string, unknown> | unknown[] {
  if (typeof value !== "object" || value === null || value instanceof Tensor) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Calls `visit` for everything in arrays and plain objects, from left to right. */
function forEachLeaf(
  where: string,
  structure: unknown,
  visit: (leaf: unknown, path: string) => void,
  path = "",
  around: readonly unknown[] = [],
): void {
  if (!isContainer(structure)) {
    visit(structure, path);
    return;
  }
  if (around.includes(structure))
    throw new ArgumentError(`${where}: ${path === "" ? "it" : path} contains itself.`, { path });
  for (const key of Object.keys(structure)) {
    const part = (structure as Record<string, unknown>)[key];
    const step = Array.isArray(structure) ? `[${key}]` : `.${key}`;
    forEachLeaf(where, part, visit, path + step, [...around, structure]);
  }
}

/** The tensors in arrays and plain objects, from left to right. */
export function tensorsIn(where: string, structure: unknown): Tensor[] {
  if (structure instanceof Tensor) return [structure];
  if (Array.isArray(structure) && structure.every((part) => part instanceof Tensor))
    return structure.slice();
  const found: Tensor[] = [];
  forEachLeaf(where, structure, (leaf) => {
    if (leaf instanceof Tensor) found.push(leaf);
  });
  return found;
}

/** The same nesting with other tensors, taken in order. */
export function withTensors<T>(structure: T, tensors: readonly Tensor[]): T {
  let next = 0;
  const build = (part: unknown): unknown => {
    if (part instanceof Tensor) return tensors[next++];
    if (!isContainer(part)) return part;
    if (Array.isArray(part)) return part.map(build);
    // Made of entries, so that a key such as "__proto__" stays data.
    return Object.fromEntries(Object.keys(part).map((key) => [key, build(part[key])]));
  };
  return build(structure) as T;
}

/**
 * What is fixed when a function is compiled for such arguments: their nesting; shapes, types and strides of tensors, and
 * whether they require gradients; numbers and other plain values; the identity of everything else.
 */
export function keyOf(structure: unknown): string {
  if (structure instanceof Tensor) {
    const { dtype, shape, strides, requiresGrad } = structure;
    return `t${dtypeCode[dtype]}${requiresGrad ? "g" : ""}[${shape}|${strides}]`;
  }
  if (!isContainer(structure)) return keyOfLeaf(structure);
  if (Array.isArray(structure)) return `[${structure.map(keyOf).join()}]`;
  const parts = Object.keys(structure).map(
    (key) => `${JSON.stringify(key)}:${keyOf(structure[key])}`,
  );
  return `{${parts.join()}}`;
}

/** What is fixed of an argument that is a tensor. */
export type Likeness = Pick<Tensor, "dtype" | "shape" | "strides" | "requiresGrad">;

export function likenessOf({ dtype, shape, strides, requiresGrad }: Tensor): Likeness {
  return { dtype, shape, strides, requiresGrad };
}

/** Whether arguments are all tensors and like others, so that their keys are the same. */
export function areLike(args: readonly unknown[], like: readonly Likeness[]): boolean {
  if (args.length !== like.length) return false;
  for (let i = 0; i < args.length; i++) {
    const x = args[i];
    const y = like[i]!;
    if (!(x instanceof Tensor) || x.dtype !== y.dtype || x.requiresGrad !== y.requiresGrad)
      return false;
    if (!sameShape(x.shape, y.shape) || !sameShape(x.strides, y.strides)) return false;
  }
  return true;
}

function keyOfLeaf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return `o${identityOf(value)}`;
  if (typeof value === "function") return `f${identityOf(value)}`;
  if (typeof value === "symbol") return `s${symbolNumber(value)}`;
  return Object.is(value, -0) ? "-0" : `${typeof value === "bigint" ? "n" : ""}${value}`;
}

/** Refuses arguments whose content would be fixed when the function is compiled, without anybody noticing a change. */
export function checkArguments(args: unknown): void {
  forEachLeaf("compile: the arguments", args, (leaf, path) => {
    if (!ArrayBuffer.isView(leaf) && !(leaf instanceof Map) && !(leaf instanceof Set)) return;
    throw new ArgumentError(
      `compile: argument ${path} is ${quoted(leaf)}; its content would be fixed when the function is compiled. Hand it over as tensors, such as fromTypedArray(x), or as arrays and plain objects of tensors.`,
      { path },
    );
  });
}

/** Refuses results that are not rebuilt at every call. */
export function checkReturned(value: unknown): void {
  forEachLeaf("compile: the result", value, (leaf, path) => {
    if (leaf instanceof Tensor || leaf === null || leaf === undefined) return;
    if (["number", "string", "boolean"].includes(typeof leaf)) return;
    throw new ArgumentError(
      `compile: the function returns ${quoted(leaf)}${path === "" ? "" : ` at ${path}`}; it may return tensors, plain values, and arrays and plain objects of these.`,
      { path },
    );
  });
}
