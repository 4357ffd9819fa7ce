/**
 * Sums.
 */
import type { TensorLike } from "../creation.ts";
import { zeros } from "../creation.ts";
import { checkOptions, IndexError } from "../errors.ts";
import { sumOver } from "../kernels/sum.ts";
import type { Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Dims, Shape } from "../shape.ts";
import { normalizeDims, reducedShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { expand } from "./expand.ts";
import { reshape } from "./reshape.ts";

/** Options of reductions. */
export interface ReductionOptions {
  /** Keep reduced dimensions with length 1. */
  keepdim?: boolean;
}

/** What a reduction notes in the graph: the dimensions, counted from the front, and whether they are kept. */
export interface Reduction {
  /** `null`: all of them. */
  readonly dim: readonly number[] | null;
  readonly keepdim: boolean;
}

/** Reads the trailing arguments of a reduction: `(dim?, { keepdim }?)`, or the options alone. */
export function readReduction(
  where: string,
  x: TensorLike,
  dim: Dims | ReductionOptions | undefined,
  options: ReductionOptions | undefined,
): Reduction {
  if (typeof dim === "object" && !Array.isArray(dim))
    return readReduction(where, x, undefined, dim as ReductionOptions);
  checkOptions(where, options, ["keepdim"]);
  const dims = dim as Dims | undefined;
  const rank = x instanceof Tensor ? x.ndim : 0;
  return {
    dim:
      dims === undefined
        ? null
        : x instanceof Tensor
          ? normalizeDims(where, dims, rank)
          : [...[dims].flat()],
    keepdim: options?.keepdim ?? false,
  };
}

/** The dimensions of a reduction for a tensor of this rank. */
export function reducedDims(where: string, { dim }: Reduction, rank: number): number[] {
  return normalizeDims(where, dim ?? undefined, rank);
}

/** Puts reduced dimensions back with length 1, so that the tensor broadcasts against the operand. */
export function restoreDims(
  x: Tensor,
  shape: Shape,
  dims: readonly number[],
  keepdim: boolean,
): Tensor {
  return keepdim || dims.length === 0 ? x : reshape(x, reducedShape(shape, dims, true));
}

/**
 * The sum of all elements, or along dimensions.
 *
 * Σᵢ xᵢ, in double precision inside; a sum over nothing is 0. int32 and bool give int32.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @example
 * import { sum, tensor } from "@chainrule/core";
 * const x = tensor([[1, 2], [3, 4]]);
 * sum(x); // → tensor(10)
 * sum(x, 0); // → tensor([4, 6])
 * sum(x, 1, { keepdim: true }).toArray(); // → [ [ 3 ], [ 7 ] ]
 */
export const sum: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp({
  name: "sum",
  formula: String.raw`y = \sum_i x_i`,
  call: (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => ({
    operands: [x],
    options: readReduction("sum", x, dim, options),
  }),
  kinds: ["number"],
  shape: ([x], options) =>
    reducedShape(x!.shape, reducedDims("sum", options, x!.ndim), options.keepdim),
  dtype: ([x]) => (x!.dtype === "bool" ? "int32" : x!.dtype),
  forward: ([x], y, options) => sumOver(x!, reducedDims("sum", options, x!.ndim), y),
  vjp: [
    (cotangent, node) => {
      const shape = node.shapeOf(0);
      const dims = reducedDims("sum", node.options, shape.length);
      return expand(restoreDims(cotangent, shape, dims, node.options.keepdim), shape);
    },
  ],
  samples: [
    (draw) => [draw.tensor(draw.shape(0, 4, 0))],
    (draw) => {
      const x = draw.tensor(draw.shape(1, 4, 0));
      return [x, draw.dim(x.ndim), { keepdim: draw.boolean() }];
    },
    (draw) => [draw.tensor(draw.shape(2, 4)), [0, -1], { keepdim: draw.boolean() }],
  ],
  rejects: [
    {
      call: () => [zeros([2, 3]), 2],
      message: /dim 2 is out of range for 2 dimensions/,
      type: IndexError,
    },
    { call: () => [zeros([2, 3]), [0, -2]], message: /dim 0 is named twice/, type: IndexError },
  ],
});
