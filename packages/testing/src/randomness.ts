/**
 * Random numbers under control: the same in every repetition of a call.
 */
import { defaultGenerator, Generator } from "@chainrule/core";
import { mapLeaves } from "./structure.ts";

/**
 * Calls `f` so that it can be called again with the same random numbers: the default generator is put back to where it
 * stood, and a generator among the arguments is handed over as a copy.
 */
export function callRepeatably(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
): unknown {
  const before = defaultGenerator.getState();
  try {
    const result: unknown = Reflect.apply(
      f,
      undefined,
      args.map((arg) => mapLeaves(arg, ownGenerator)),
    );
    return result;
  } finally {
    const after = defaultGenerator.getState();
    if (after.counter !== before.counter || after.left !== before.left)
      defaultGenerator.setState(before);
  }
}

function ownGenerator(leaf: unknown): unknown {
  return leaf instanceof Generator ? new Generator().setState(leaf.getState()) : leaf;
}

/** A number for a text, so that each op draws calls of its own (FNV-1a). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
