/**
 * How a call of PyTorch is made with our op: one line for each.
 *
 *     sum: torch("input, dim?, keepdim?", (x, dim, keepdim) => sum(x, dim, given({ keepdim }))),
 *
 * The text has PyTorch's parameters in PyTorch's order, `?` behind those that have a default; `...size` takes all
 * further positional ones, whether they come one by one or in an array. The function gets them in the same order: tensors (int64 as int32), numbers, words, arrays of
 * those, and `undefined` for what is absent or None. Its parameters have the type `never` unless you name one, so they
 * can be handed to any op; write `(x: Tensor, …)` to call a method.
 *
 * A result may be a tensor, an array, or an object such as `{ values, indices }`, in the order of PyTorch's results.
 */
import { Tensor } from "@chainrule/core";
import type { Precision } from "./values.ts";

/** A signature: PyTorch's parameters, and the call of ours. */
export interface Signature {
  readonly parameters: readonly string[];
  /** The parameter that takes all further positional arguments; −1 if there is none. */
  readonly variadic: number;
  readonly call: (...args: never[]) => unknown;
  readonly tolerance: number | undefined;
  readonly precisions: readonly Precision[] | undefined;
}

/** All signatures of a family by PyTorch's name: `softmax`, `linalg.det`, `nn.functional.relu`. */
export type Signatures = Readonly<Record<string, Signature>>;

/** What is particular about a signature. */
export interface SignatureOptions {
  /** How far float64 may be off; 1e-10 unless given. */
  readonly tolerance?: number;
  /** The precisions in which it is tried; both unless given. */
  readonly precisions?: readonly Precision[];
}

/** Says how PyTorch's parameters go into a call of ours. */
export function torch(
  parameters: string,
  call: (...args: never[]) => unknown,
  options: SignatureOptions = {},
): Signature {
  const names = parameters.split(",").map((name) => name.trim());
  return {
    parameters: names.map((name) => name.replace(/^\.\.\./, "").replace(/[?=].*$/, "")),
    variadic: names.findIndex((name) => name.startsWith("...")),
    call,
    tolerance: options.tolerance,
    precisions: options.precisions,
  };
}

/** Several signatures with another tolerance, such as 1e-8 for linear algebra. */
export function withTolerance(tolerance: number, signatures: Signatures): Signatures {
  return Object.fromEntries(
    Object.entries(signatures).map(([name, signature]) => [name, { ...signature, tolerance }]),
  );
}

/** The fields that are not `undefined`: options to hand on. */
export function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Sorts positional and named arguments by the signature and makes the call. */
export function callBy(
  signature: Signature,
  positional: readonly unknown[],
  named: Readonly<Record<string, unknown>>,
): unknown {
  const { parameters, variadic, call } = signature;
  const args = new Array<unknown>(parameters.length).fill(undefined);
  const single = variadic < 0 ? positional : positional.slice(0, variadic);
  if (variadic >= 0) args[variadic] = positional.slice(variadic).flat();
  if (single.length > parameters.length) {
    throw new Error(`signature: ${positional.length} arguments for (${parameters.join(", ")})`);
  }
  for (const [i, value] of single.entries()) args[i] = value ?? undefined;
  for (const [name, value] of Object.entries(named)) {
    const at = parameters.indexOf(name);
    if (at < 0) throw new Error(`signature: (${parameters.join(", ")}) has no parameter ${name}`);
    args[at] = value ?? undefined;
  }
  return Reflect.apply(call, undefined, args);
}

/** The tensors of a result in order, however they are handed over. */
export function resultsOf(result: unknown): Tensor[] {
  if (result instanceof Tensor) return [result];
  if (Array.isArray(result)) return result.flatMap(resultsOf);
  if (result !== null && typeof result === "object")
    return Object.values(result).flatMap(resultsOf);
  throw new Error(`golden: the result ${String(result)} is no tensor`);
}
