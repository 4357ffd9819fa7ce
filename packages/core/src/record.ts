/**
 * What all ops share: turning arguments into operands, choosing the type in which they meet, and recording the call.
 */
import { toTensor } from "./creation.ts";
import type { DType } from "./dtype.ts";
import { dtypeCode, getDefaultDType, isFloating, promote } from "./dtype.ts";
import { isGradEnabled } from "./graph/mode.ts";
import type { NodeOp } from "./graph/node.ts";
import { GraphNode } from "./graph/node.ts";
import { observers } from "./graph/observe.ts";
import { noGradOrigin } from "./graph/origin.ts";
import { Tensor } from "./tensor.ts";

/** bool 0, int32 1, floating 2: within a category the dimensions decide, across categories the higher one wins. */
function category(dtype: DType): number {
  return isFloating(dtype) ? 2 : dtypeCode[dtype];
}

/**
 * The type in which two operands meet: bool < int32 < float32 < float64. A 0-d tensor does not widen a tensor that has
 * dimensions unless it is of a higher category, so a float64 number keeps a float32 matrix float32, as in PyTorch.
 */
export function meet(a: Tensor, b: Tensor): DType {
  if (a.dtype === b.dtype) return a.dtype;
  if ((a.ndim === 0) === (b.ndim === 0)) return promote(a.dtype, b.dtype);
  const [whole, single] = a.ndim === 0 ? [b.dtype, a.dtype] : [a.dtype, b.dtype];
  return category(single) > category(whole) ? single : whole;
}

/** {@link meet} for any number of operands. */
export function meetAll(tensors: readonly Tensor[]): DType {
  let widest: DType | undefined;
  let widestSingle: DType | undefined;
  for (const { dtype, ndim } of tensors) {
    if (ndim === 0)
      widestSingle = widestSingle === undefined ? dtype : promote(widestSingle, dtype);
    else widest = widest === undefined ? dtype : promote(widest, dtype);
  }
  if (widest === undefined) return widestSingle ?? getDefaultDType();
  if (widestSingle === undefined || category(widestSingle) <= category(widest)) return widest;
  return widestSingle;
}

/** The operands of a call as tensors; numbers and arrays take the type of the tensors beside them. */
export function toOperands(where: string, values: readonly unknown[]): Tensor[] {
  const tensors = values.filter((value): value is Tensor => value instanceof Tensor);
  if (tensors.length === values.length) return tensors;
  const partner = tensors.length === 0 ? undefined : meetAll(tensors);
  return values.map((value) => toTensor(where, value, partner));
}

/** Whether one of the operands takes part in differentiation. */
function anyRequiresGrad(operands: readonly Tensor[]): boolean {
  for (let i = 0; i < operands.length; i++) if (operands[i]!.requiresGrad) return true;
  return false;
}

/** Records a call with one result, if recording is on and an operand requires a gradient. */
export function recordResult(
  op: NodeOp,
  operands: readonly Tensor[],
  options: unknown,
  saved: unknown,
  result: Tensor,
): void {
  if (observers !== null)
    for (const observer of observers) observer.computed?.(op, operands, options, [result]);
  if (op.vjp === null || !isFloating(result.dtype) || !anyRequiresGrad(operands)) return;
  if (!isGradEnabled()) {
    result.origin = noGradOrigin();
    return;
  }
  const node = new GraphNode(op, operands, options, saved);
  node.results = [result];
  result.attach(node, 0);
  node.countUses();
}

/** Records a call with several results; those of integer type take no part. */
export function recordResults(
  op: NodeOp,
  operands: readonly Tensor[],
  options: unknown,
  saved: unknown,
  results: readonly Tensor[],
): void {
  if (observers !== null)
    for (const observer of observers) observer.computed?.(op, operands, options, results);
  if (op.vjp === null || !anyRequiresGrad(operands)) return;
  if (!isGradEnabled()) {
    const origin = noGradOrigin();
    for (const result of results) result.origin = origin;
    return;
  }
  const node = new GraphNode(op, operands, options, saved);
  node.results = results;
  for (const [index, result] of results.entries())
    if (isFloating(result.dtype)) result.attach(node, index);
  node.countUses();
}
