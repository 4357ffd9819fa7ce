/**
 * Sums and means that pass over NaN.
 */
import type { TensorLike } from "../creation.ts";
import { toTensor } from "../creation.ts";
import type { Dims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { eq } from "./comparison.ts";
import { div } from "./division.ts";
import type { ReductionOptions } from "./reduction.ts";
import { readReduction } from "./reduction.ts";
import { where } from "./selection.ts";
import { sum } from "./sum.ts";

/**
 * The sum of the elements that are not NaN, of all or along dimensions: {@link sum} with 0 for NaN,
 * which gets no gradient. A sum over nothing is 0.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { nansum, tensor } from "@chainrule/core";
 * nansum(tensor([NaN, 1, 2])); // → tensor(3)
 */
export function nansum(
  x: TensorLike,
  dim?: Dims | ReductionOptions,
  options?: ReductionOptions,
): Tensor {
  const { operands, options: read } = readReduction("nansum", x, dim, options);
  const operand = toTensor("nansum", operands[0]);
  return sum(where(eq(operand, operand), operand, 0), read.dim, { keepdim: read.keepdim });
}

/**
 * The mean of the elements that are not NaN, of all or along dimensions. NaN where there are none.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { nanmean, tensor } from "@chainrule/core";
 * nanmean(tensor([NaN, 1, 2])); // → tensor(1.5)
 */
export function nanmean(
  x: TensorLike,
  dim?: Dims | ReductionOptions,
  options?: ReductionOptions,
): Tensor {
  const { operands, options: read } = readReduction("nanmean", x, dim, options);
  const operand = toTensor("nanmean", operands[0]);
  const { keepdim } = read;
  const numbers = eq(operand, operand);
  const total = sum(where(numbers, operand, 0), read.dim, { keepdim });
  return div(total, sum(numbers, read.dim, { keepdim }));
}
