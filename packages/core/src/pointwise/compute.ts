/**
 * Computing a pointwise expression into a new tensor: now, or later where a function is being compiled.
 */
import { scalarTensor, unfilledTensor } from "../creation.ts";
import type { DType } from "../dtype.ts";
import { capture } from "../graph/capture.ts";
import type { PointwiseKernel } from "../kernels/pointwise.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Parameters, PointwiseDefinition } from "./literal.ts";

/** The expression of a kernel over operands that broadcast to a shape; `op` is what a compiled function knows it by. */
export function computePointwise(
  op: PointwiseDefinition,
  kernel: PointwiseKernel,
  operands: readonly Tensor[],
  options: Parameters,
  dtype: DType,
  shape: Shape,
): Tensor {
  if (capture?.defers(operands) === true) {
    const repeat = (given: readonly Tensor[]) => op.repeat!(given, options as never);
    return capture.call(op, operands, options, [{ dtype, shape }], repeat)[0]!;
  }
  if (shape.length === 0) return scalarTensor(kernel.single(operands, options, dtype), dtype);
  const result = unfilledTensor(dtype, shape);
  kernel.run(result, operands, options);
  return result;
}
