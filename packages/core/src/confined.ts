/**
 * Computations that show nobody but their result what they compute.
 *
 * A layer makes tensors that it gives to nobody: what lies between two of its steps. They are needed until a backward pass
 * has gone through them, and no longer. The layer says so by running `confined`; from then on the engine counts the nodes
 * that refer to such numbers, and uses their memory again as soon as the last of them is freed. Nobody has to ask for it, as
 * with a `scope`, and nothing that a user holds is touched.
 */
import { isGradEnabled } from "./graph/mode.ts";
import { observers } from "./graph/observe.ts";
import { expose, hide, isRecycling, isUndecided, noteRecorded } from "./recycling.ts";
import { storagesIn } from "./scope.ts";
import type { Storage } from "./storage.ts";

/** A confined computation that is running. */
interface Running {
  /** What it has made so far. */
  readonly list: Storage[];
  /** What was made goes here, too: to the scope around it. */
  readonly outer: Storage[] | null;
  /** Whether it began where nothing is recorded. */
  readonly isInference: boolean;
  /** The one that it is a part of. */
  readonly parent: Running | null;
}

/** The confined computation whose ops run now; `null` outside of them, and in code of others. */
let running: Running | null = null;

/**
 * Runs `body`, a computation that runs no code of others and keeps no tensor that it makes, and returns its result. The
 * memory of what it computed on the way is used again when a backward pass has freed the graph; with `retainGraph`, or
 * without a backward pass, it stays. Under `noGrad` it is used again at once. Nothing is given back when somebody watches (anomaly detection, `inspect`), nor when
 * `body` throws.
 *
 * What can be seen of these tensors is what the graph shows: `loss.node.operands` and so on. To read their numbers when
 * backward has freed the graph is an error.
 *
 * @throws {GradError} later, when somebody who found such a tensor in the graph reads it after backward.
 * @example
 * import { confined, tensor, tanh } from "@chainrule/core";
 * const w = tensor([0.5, 1], { requiresGrad: true });
 * const loss = confined(() => tanh(w.mul(2)).square().sum());
 * loss.backward();
 * loss; // → tensor(1.5094, from=sum)
 */
export function confined<T>(body: () => T): T {
  if (!isRecycling() || observers !== null) return body();
  const isInference = !isGradEnabled();
  const parent = running;
  // Within a computation that is recorded its end is early enough, since nothing comes back before backward.
  if (parent !== null && !(parent.isInference && isInference)) return body();
  const list: Storage[] = [];
  const outer = noteRecorded(list, isInference);
  const one: Running = { list, outer, isInference, parent };
  running = one;
  let seen: ReadonlySet<Storage> | null = null;
  try {
    const result = body();
    const { storages, isComplete } = storagesIn(result);
    // Somebody may have begun to watch meanwhile; and what an object of an unknown kind holds, nobody knows.
    if (observers === null && isComplete) seen = storages;
    return result;
  } finally {
    running = parent;
    noteRecorded(outer, parent !== null);
    if (seen !== null) for (const storage of list) if (!seen.has(storage)) hide(storage);
    if (parent === null) leave(one);
    else for (const storage of list) if (isUndecided(storage)) parent.list.push(storage);
  }
}

/** What is not hidden is left to the scope around, if it was recorded, or to the collector of garbage. */
function leave({ list, outer, isInference }: Running): void {
  for (const storage of list) {
    if (outer !== null && !isInference) outer.push(storage);
    else if (isUndecided(storage)) expose(storage);
  }
}

/**
 * Runs code of others within a confined computation: they may keep what was computed so far, and what they compute.
 *
 * @example
 * import { confined, type Tensor, tensor, unconfined } from "@chainrule/core";
 * const seen: Tensor[] = [];
 * const callback = (x: Tensor) => void seen.push(x);
 * const w = tensor([0.5, 1], { requiresGrad: true });
 * confined(() => {
 *   const doubled = w.mul(2);
 *   unconfined(() => callback(doubled));
 *   return doubled.sum();
 * }).backward();
 * seen[0]; // → tensor([1, 2], from=mul)
 */
export function unconfined<T>(body: () => T): T {
  if (running === null) return body();
  const before = running;
  let outer: Storage[] | null = null;
  for (let one: Running | null = before; one !== null; one = one.parent) {
    leave(one);
    one.list.length = 0;
    outer = one.outer;
  }
  noteRecorded(outer);
  running = null;
  try {
    return body();
  } finally {
    running = before;
    noteRecorded(before.list, before.isInference);
  }
}
