/**
 * One copy of a loop for each element type.
 *
 * A JavaScript engine compiles a loop for the kinds of array it has seen there. A loop that has met Float32Array and
 * Float64Array checks on every access which one it is, and is several times slower. So every combination of types gets
 * its own copy of the function, made from its own source text, and each copy sees one combination only.
 *
 * Kernels must therefore be self-contained: parameters and global names only. Where the making of code is forbidden (a
 * content security policy, `--disallow-code-generation-from-strings`), all types share the function itself: the same
 * results, slower.
 */
import type { TypedArray } from "../dtype.ts";

/** Whether functions can be made from source text here. Found out once, on first need. */
let codeGeneration: boolean | undefined;

export function canGenerateCode(): boolean {
  if (codeGeneration === undefined) {
    try {
      codeGeneration = new Function("return 1")() === 1;
    } catch {
      codeGeneration = false;
    }
  }
  return codeGeneration;
}

/** A function from its source text. The text comes from our own op table, never from data. */
export function generate<F>(parameters: readonly string[], body: string): F {
  return new Function(...parameters, body) as F;
}

/** A copy of a self-contained function, which the engine compiles by itself. */
function copyOf<F extends (...args: never[]) => unknown>(kernel: F): F {
  if (!canGenerateCode()) return kernel;
  return generate<() => F>([], `"use strict"; return (${kernel.toString()});`)();
}

function kindOf(array: TypedArray): number {
  if (array instanceof Float32Array) return 0;
  if (array instanceof Float64Array) return 1;
  return array instanceof Int32Array ? 2 : 3;
}

/** Looks up the copy of `kernel` for the types of up to three arrays, making it on first use. */
export function perDType<F extends (...args: never[]) => unknown>(
  kernel: F,
): (first: TypedArray, second?: TypedArray, third?: TypedArray) => F {
  const copies: (F | undefined)[] = [];
  return (first, second, third) => {
    let key = kindOf(first);
    if (second !== undefined) key += 4 * (1 + kindOf(second));
    if (third !== undefined) key += 20 * (1 + kindOf(third));
    let copy = copies[key];
    if (copy === undefined) {
      copy = copyOf(kernel);
      copies[key] = copy;
    }
    return copy;
  };
}
