/**
 * Saving and loading of what a module has learned.
 */
import {
  ArgumentError,
  checkOptions,
  formatShape,
  quoted,
  sameShape,
  Tensor,
  zerosLike,
} from "@chainrule/core";
import type { Module } from "./module.ts";
import { membersOf, nameOf } from "./registry.ts";

/** Parameters and saved buffers by path. */
export type StateDict = Readonly<Record<string, Tensor>>;

/** Options of `stateDict`. */
export interface StateDictOptions {
  /** How names of several words are written: as they are in the module, unless given, or as PyTorch writes them. */
  names?: "camelCase" | "snake_case";
}

/** Options of `loadStateDict`. */
export interface LoadOptions {
  /** Whether every name must be there, and no other; true unless given. */
  strict?: boolean;
}

/** The names that did not meet. */
export interface LoadReport {
  readonly missingKeys: readonly string[];
  readonly unexpectedKeys: readonly string[];
}

/** Parameters and saved buffers with their paths; one that is shared stands under each of its paths. */
function savedTensors(module: Module): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  for (const [path, inner] of module.namedModules()) {
    for (const member of membersOf(inner)) {
      if (member.kind === "module" || (member.kind === "buffer" && !member.persistent)) continue;
      found.set(path === "" ? member.path : `${path}.${member.path}`, member.value);
    }
  }
  return found;
}

export function readState(module: Module, options?: StateDictOptions): StateDict {
  const where = `${nameOf(module)}.stateDict`;
  checkOptions(where, options, ["names"]);
  const { names = "camelCase" } = options ?? {};
  if (names !== "camelCase" && names !== "snake_case") {
    throw new ArgumentError(
      `${where}: names must be "camelCase" or "snake_case", not ${quoted(names)}.`,
      { names },
    );
  }
  const copies = Array.from(savedTensors(module), ([path, tensor]) => [
    names === "camelCase" ? path : snakeCase(path),
    zerosLike(tensor).copy_(tensor.detach()),
  ]);
  return Object.fromEntries(copies);
}

/** `selfAttn.inProjWeight` as PyTorch writes it: `self_attn.in_proj_weight`. */
function snakeCase(path: string): string {
  return path.replace(/(?<=[^.])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `self_attn.in_proj_weight` as it is written here: `selfAttn.inProjWeight`. */
function camelCase(path: string): string {
  return path.replace(/(?<=[^.])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A given state by the paths of the module: a name that is only known in camel case stands for that. */
function byOwnPaths(state: StateDict, own: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const given = new Map(Object.entries(state));
  for (const [path, tensor] of [...given]) {
    const here = camelCase(path);
    if (own.has(path) || !own.has(here) || given.has(here)) continue;
    given.delete(path);
    given.set(here, tensor);
  }
  return given;
}

export function loadState(module: Module, state: StateDict, options?: LoadOptions): LoadReport {
  const where = `${nameOf(module)}.loadStateDict`;
  checkOptions(where, options, ["strict"]);
  const { strict = true } = options ?? {};
  if (state === null || typeof state !== "object") {
    throw new ArgumentError(
      `${where}: expected an object of tensors by path, as stateDict() gives.`,
    );
  }
  const own = savedTensors(module);
  const given = byOwnPaths(state, own);
  const missingKeys = [...own.keys()].filter((path) => !given.has(path));
  const unexpectedKeys = [...given.keys()].filter((path) => !own.has(path));
  const mismatched: string[] = [];
  for (const [path, target] of own) {
    const source = given.get(path);
    if (source === undefined) continue;
    if (!(source instanceof Tensor)) mismatched.push(`${path} is no tensor`);
    else if (!sameShape(source.shape, target.shape)) {
      mismatched.push(
        `${path} has ${formatShape(source.shape)} instead of ${formatShape(target.shape)}`,
      );
    } else if (target.dtype === "bool" && source.dtype !== "bool") {
      mismatched.push(`${path} is ${source.dtype} instead of bool`);
    }
  }
  const problems = [
    strict && missingKeys.length > 0 ? `Missing: ${missingKeys.join(", ")}.` : "",
    strict && unexpectedKeys.length > 0 ? `Not in the module: ${unexpectedKeys.join(", ")}.` : "",
    mismatched.length > 0 ? `Of another kind: ${mismatched.join("; ")}.` : "",
  ].filter((problem) => problem !== "");
  if (problems.length > 0) {
    const advice = mismatched.length === 0 ? " To load what meets, give { strict: false }." : "";
    throw new ArgumentError(
      `${where}: the state does not fit, and nothing was loaded. ${problems.join(" ")}${advice}`,
      { missing: missingKeys, unexpected: unexpectedKeys, mismatched },
    );
  }
  for (const [path, target] of own) {
    const source = given.get(path);
    if (source !== undefined) target.copy_(source.detach());
  }
  return { missingKeys, unexpectedKeys };
}
