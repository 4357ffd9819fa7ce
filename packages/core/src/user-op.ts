/**
 * Ops of users: the same as the core's own, but that nothing is known of what their rules keep.
 */
import type {
  KernelLiteral,
  MultipleLiteral,
  MultipleViewLiteral,
  Op,
  OpLiteral,
  ViewLiteral,
} from "./op.ts";
import { makeOp } from "./op.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Defines an op from its literal: a shape rule, a forward computation and its vector-Jacobian products.
 *
 * The engine checks and converts operands, runs the shape rule before any work, allocates the result, records the node,
 * sums gradients over broadcast axes and asserts their shapes. There are four forms: with `shape` and `forward` (one
 * result), with `shapes`, `forward` and `returns` (several), with `view` (shares the storage of its operand), with
 * `views` and `returns` (several that share it).
 *
 * @example
 * import type { Op, Tensor } from "@chainrule/core";
 * import { defineOp, mul, tensor, within } from "@chainrule/core";
 * // The sum of squares, with its gradient 2x·ȳ.
 * const energy: Op<(x: Tensor) => Tensor> = defineOp({
 *   name: "energy",
 *   formula: String.raw`y = \sum_i x_i^2`,
 *   call: (x: Tensor) => ({ operands: [x], options: {} }),
 *   shape: () => [],
 *   forward: ([x], y) => {
 *     for (const v of x!.toTypedArray()) y.storage.data[0]! += v * v;
 *   },
 *   vjp: [(cotangent, { a }) => mul(cotangent, mul(a, 2))],
 *   samples: [(draw) => [draw.tensor(draw.shape(), within(-2, 2))]],
 * });
 * const x = tensor([1, 2, 3], { requiresGrad: true });
 * energy(x).backward();
 * x.grad; // → tensor([2, 4, 6])
 */
export function defineOp<Args extends readonly unknown[], Options>(
  literal: ViewLiteral<Args, Options>,
): Op<(...args: Args) => Tensor>;
export function defineOp<Args extends readonly unknown[], Options>(
  literal: KernelLiteral<Args, Options>,
): Op<(...args: Args) => Tensor>;
export function defineOp<Args extends readonly unknown[], Options, Returned>(
  literal: MultipleLiteral<Args, Options, Returned>,
): Op<(...args: Args) => Returned>;
export function defineOp<Args extends readonly unknown[], Options, Returned>(
  literal: MultipleViewLiteral<Args, Options, Returned>,
): Op<(...args: Args) => Returned>;
export function defineOp<Args extends readonly unknown[], Options, Returned>(
  literal: OpLiteral<Args, Options, Returned>,
): Op<(...args: Args) => Tensor | Returned> {
  return makeOp(literal, false);
}
