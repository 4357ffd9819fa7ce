/**
 * Which kernels multiply matrices on this engine. All of them give the same bits.
 */
import type { Kernels } from "./kernels.ts";

/** What modules with relaxed multiply-add export beside {@link Kernels}: products in tiles of fewer rows. */
export type LowProduct = `${"packRows" | "multiply" | "multiplyRows"}Low`;

const lowProducts: { readonly [K in keyof Kernels]?: LowProduct } = {
  packRows: "packRowsLow",
  multiply: "multiplyLow",
  multiplyRows: "multiplyRowsLow",
};

/**
 * Whether the engine loads all numbers of a round of a loop before it computes with them, which takes more registers: V8 did
 * until 2024, when another compiler took the place of its own (TurboFan, Turboshaft). In Node 22 the tall tile takes three
 * times as long as the low one; in Node 24 the low one takes 5 % longer. Of the engines with relaxed multiply-add those that
 * do not know Float16Array are the old ones. A wrong guess costs time and nothing else.
 */
function loadsAhead(): boolean {
  return !("Float16Array" in globalThis);
}

/**
 * Whether the tall tile is in use. It reads a left factor whose rows lie in one piece where it is as fast as from panels, which
 * need not be packed then. For the low one they are: an engine that loads ahead has no registers for the addresses of rows.
 */
export function isTileTall(relaxed: boolean): boolean {
  return relaxed && !loadsAhead();
}

/** The kernels among what a module exports, or what stands for it, by their names: those that this engine is fast with. */
export function kernelsAmong<T>(exports: Readonly<Record<string, T>>): Record<keyof Kernels, T> {
  const low = new Map<string, string>(Object.entries(lowProducts));
  const isLow = new Set(low.values());
  const isPreferred = loadsAhead();
  const kernels: Record<string, T> = {};
  for (const [name, kernel] of Object.entries(exports)) {
    if (isLow.has(name)) continue;
    const other = low.get(name);
    kernels[name] = (isPreferred && other !== undefined ? exports[other] : undefined) ?? kernel;
  }
  return kernels as Record<keyof Kernels, T>;
}
