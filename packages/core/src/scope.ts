/**
 * Scopes: what a step has recorded is used again when the step is over.
 *
 * Nobody but the user knows whether an intermediate result is still needed. A scope is how they say that it is not: at its
 * end the results of ops that were recorded in it give their memory to those that come. Only such results: parameters,
 * gradients, buffers and the state of optimizers are never results of recorded ops, so a scope cannot touch them. What is
 * given back by mistake is an error when it is read, and never a wrong number.
 */
import { refusePromise } from "./graph/mode.ts";
import { endInScope, expose, isRecycling, noteRecorded } from "./recycling.ts";
import type { Storage } from "./storage.ts";
import { Tensor } from "./tensor.ts";

/**
 * Runs `body`, and uses the memory of the results that were recorded in it again, in scopes to come. What it returns
 * stays: a tensor, or arrays and plain objects with tensors in them. So do tensors that were given to {@link keep}, leaves
 * and their gradients, and whatever was computed without a graph. What `detach()` and other views show is the memory of the
 * result that they show: keep or clone it, too.
 *
 * Nothing needs a scope: without one the garbage collector does the same, later and at a higher price. It pays around the
 * steps of a training loop. A tensor that is read after its scope has ended is an error, as is a backward pass through it.
 *
 * @throws {ArgumentError} when `body` is asynchronous: the scope ends when it returns, not when its promise settles.
 * @throws {GradError} later, when something is read that was given back.
 * @example
 * import { scope, tensor } from "@chainrule/core";
 * const w = tensor([1, 2, 3], { requiresGrad: true });
 * const loss = scope(() => {
 *   const error = w.square().sum();
 *   error.backward();
 *   return error.item();
 * });
 * loss; // → 14
 * w.grad; // → tensor([2, 4, 6])
 */
export function scope<T>(body: () => T): T {
  if (!isRecycling()) return refusePromise("scope", body());
  const list: Storage[] = [];
  const outer = noteRecorded(list);
  let kept: ReadonlySet<Storage> | null = null;
  try {
    const result = refusePromise("scope", body());
    kept = storagesIn(result).storages;
    return result;
  } finally {
    noteRecorded(outer);
    for (const storage of list) {
      if (kept?.has(storage) !== true) endInScope(storage);
      else if (outer === null) expose(storage);
      else outer.push(storage);
    }
  }
}

/**
 * Keeps a tensor, and everything that shares its memory, beyond the scopes in which it was made. Returns it.
 *
 * @example
 * import { keep, scope, type Tensor, tensor } from "@chainrule/core";
 * const w = tensor([1, 2], { requiresGrad: true });
 * const seen: Tensor[] = [];
 * scope(() => {
 *   seen.push(keep(w.mul(2)));
 * });
 * seen[0]; // → tensor([2, 4], from=mul)
 */
export function keep<X extends Tensor>(x: X): X {
  expose(x.storage);
  return x;
}

/**
 * The storages of all tensors in arrays and plain objects, one inside of another; and whether there was nothing else that
 * could hold tensors.
 */
export function storagesIn(structure: unknown): {
  readonly storages: ReadonlySet<Storage>;
  readonly isComplete: boolean;
} {
  const storages = new Set<Storage>();
  const seen = new Set<unknown>();
  const open: unknown[] = [structure];
  let isComplete = true;
  while (open.length > 0) {
    const part = open.pop();
    if (part instanceof Tensor) {
      storages.add(part.storage);
      continue;
    }
    if (typeof part === "function") isComplete = false;
    if (part === null || typeof part !== "object" || seen.has(part)) continue;
    seen.add(part);
    if (Array.isArray(part)) for (const one of part) open.push(one);
    else if (isPlain(part)) for (const one of Object.values(part)) open.push(one);
    else isComplete = false;
  }
  return { storages, isComplete };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
