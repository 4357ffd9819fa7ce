/**
 * The methods of tensors, installed from the op table and typed by it.
 */
import type { TensorLike } from "./creation.ts";
import { ShapeError } from "./errors.ts";
import type { BackwardOptions } from "./graph/backward.ts";
import { backward } from "./graph/backward.ts";
import type { AccumulationHook, GradientHook, HookHandle } from "./graph/hooks.ts";
import { registerHook, registerPostAccumulateGradHook } from "./graph/hooks.ts";
import { add_, copy_, fill_, mul_, setAt, sub_, zero_ } from "./inplace.ts";
import * as methods from "./ops/methods.ts";
import type * as modules from "./ops/modules.ts";
import { where } from "./ops/selection.ts";
import type { SparseRows } from "./row-sparse.ts";
import { keptRows, sparseRows, toDense } from "./row-sparse.ts";
import { Tensor } from "./tensor.ts";

/** A function of a tensor as a method: the first argument becomes `this`. Up to three overloads. */
export type Method<F> = F extends {
  (x: never, ...rest: infer RestA): infer A;
  (x: never, ...rest: infer RestB): infer B;
  (x: never, ...rest: infer RestC): infer C;
}
  ? [RestA, A] extends [RestC, C]
    ? (...rest: RestC) => C
    : { (...rest: RestA): A; (...rest: RestB): B; (...rest: RestC): C }
  : never;

/** The functions that become methods, from their own modules: so each method keeps its docstring. */
type Declared = Pick<typeof modules, keyof typeof methods & keyof typeof modules>;
type DeclaredMethods = { readonly [K in keyof Declared]: Method<Declared[K]> };
/** Those that have another name here than where they are declared. */
type Renamed = Exclude<keyof typeof methods, keyof typeof modules>;
type RenamedMethods = { readonly [K in Renamed]: Method<(typeof methods)[K]> };

/** Every op of the table as a method. */
export interface OpMethods extends DeclaredMethods, RenamedMethods {}

/** What tensors can do beside the ops. */
export interface FluentMethods extends OpMethods {
  /** Differentiates this tensor with respect to all leaves it was computed from; see {@link backward}. */
  backward(cotangent?: Tensor, options?: BackwardOptions): void;
  /** Calls a function with the gradient of this tensor; it may replace it. See {@link registerHook}. */
  registerHook(hook: GradientHook): HookHandle;
  /** Calls a function when `grad` of this leaf was updated. See {@link registerPostAccumulateGradHook}. */
  registerPostAccumulateGradHook(hook: AccumulationHook): HookHandle;
  /** Whether this is a row-sparse tensor, which keeps only those of its rows that are not 0; see {@link rowSparse}. */
  readonly isSparse: boolean;
  /** The rows that a row-sparse tensor keeps, `null` for all others; see {@link sparseRows}. */
  sparseRows(): SparseRows | null;
  /** A copy of a row-sparse tensor that holds all numbers; any other tensor itself. */
  toDense(): Tensor;
  /** Copies a value into this tensor, in place; see {@link copy_}. */
  copy_(value: Parameters<typeof copy_>[1]): Tensor;
  /** Copies a value into the part that `at` with these items reads, in place; see {@link setAt}. */
  setAt(
    items: Parameters<typeof setAt>[1],
    value: Parameters<typeof setAt>[2],
    options?: Parameters<typeof setAt>[3],
  ): Tensor;
  /** Sets every element, in place. */
  fill_(value: number): Tensor;
  /** Sets every element to 0, in place. */
  zero_(): Tensor;
  /** Adds in place. */
  add_(value: Parameters<typeof add_>[1]): Tensor;
  /** Subtracts in place. */
  sub_(value: Parameters<typeof sub_>[1]): Tensor;
  /** Multiplies in place. */
  mul_(value: Parameters<typeof mul_>[1]): Tensor;
  /** This tensor where the condition is true, else `other`, element by element; see {@link where}. */
  where(condition: TensorLike, other: TensorLike): Tensor;
  /** This tensor with the last two dimensions exchanged; a 1-D tensor stays as it is. */
  readonly mT: Tensor;
  /** This matrix transposed; the same as `mT`. */
  readonly T: Tensor;
  /** Iterates over the first dimension. @throws {ShapeError} for a 0-d tensor. */
  [Symbol.iterator](): IterableIterator<Tensor>;
}

type AnyFunction = (...args: unknown[]) => unknown;

function install(name: string, f: AnyFunction): void {
  // Fixed numbers of arguments: a rest parameter would cost an array at every call of the engine's hot path.
  const method = function (
    this: Tensor,
    a?: unknown,
    b?: unknown,
    c?: unknown,
    ...more: unknown[]
  ): unknown {
    // biome-ignore lint/complexity/noArguments: `arguments.length` costs nothing and tells undefined from absent.
    switch (arguments.length) {
      case 0:
        return f(this);
      case 1:
        return f(this, a);
      case 2:
        return f(this, a, b);
      case 3:
        return f(this, a, b, c);
      default:
        return f(this, a, b, c, ...more);
    }
  };
  Object.defineProperty(method, "name", { value: name });
  Object.defineProperty(Tensor.prototype, name, {
    value: method,
    writable: true,
    configurable: true,
  });
}

for (const [name, f] of Object.entries(methods)) install(name, f as AnyFunction);
// The condition comes first in the function, but the tensor that it chooses from in the method, as in PyTorch.
install("where", ((x: TensorLike, condition: TensorLike, other: TensorLike) =>
  where(condition, x, other)) as AnyFunction);
for (const [name, f] of Object.entries({ registerHook, registerPostAccumulateGradHook }))
  install(name, f as AnyFunction);
for (const [name, f] of Object.entries({
  backward,
  copy_,
  setAt,
  fill_,
  zero_,
  add_,
  sub_,
  mul_,
  sparseRows,
  toDense,
})) {
  install(name, f as AnyFunction);
}

const transposed = {
  get(this: Tensor): Tensor {
    return this.ndim < 2 ? this : methods.transpose(this, -1, -2);
  },
  configurable: true,
};
Object.defineProperty(Tensor.prototype, "mT", transposed);
Object.defineProperty(Tensor.prototype, "T", transposed);

Object.defineProperty(Tensor.prototype, "isSparse", {
  get(this: Tensor): boolean {
    return keptRows(this) !== null;
  },
  configurable: true,
});

Object.defineProperty(Tensor.prototype, Symbol.iterator, {
  value: function* (this: Tensor): IterableIterator<Tensor> {
    if (this.ndim === 0)
      throw new ShapeError("iteration: a 0-d tensor has no dimension to go along. Use item().");
    // One node of the graph for all slices, so that their gradients are joined once.
    yield* methods.unbind(this);
  },
  writable: true,
  configurable: true,
});
