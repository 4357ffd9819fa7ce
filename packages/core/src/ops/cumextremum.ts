/**
 * Running extrema.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, toTensor } from "../creation.ts";
import { scanExtrema } from "../kernels/cumextremum.ts";
import type { MultipleLiteral, Op } from "../op.ts";
import { defineOp } from "../op.ts";
import { within } from "../samples.ts";
import type { ValuesAndIndices } from "./choice.ts";
import type { Along } from "./reduction.ts";
import { alongBatchOfMany, alongRejects, alongSamples, checkDim } from "./reduction.ts";
import { placesGradient } from "./sort.ts";

/** What `cummax` and `cummin` have in common. */
function runningExtremum(
  name: "cummax" | "cummin",
  largest: boolean,
): MultipleLiteral<[x: TensorLike, dim: number], Along, ValuesAndIndices> {
  return {
    name,
    formula: `y_i = \\${largest ? "max" : "min"}_{j \\le i} x_j`,
    call: (given, dim) => {
      const x = toTensor(name, given);
      return { operands: [x], options: { dim: checkDim(name, x, dim) } };
    },
    kinds: ["number"],
    shapes: ([x]) => [x!.shape, x!.shape],
    dtypes: ([x]) => [x!.dtype, "int32"],
    forward: ([x], [values, indices], { dim }) => scanExtrema(x!, dim, largest, values!, indices!),
    returns: ([values, indices]) => ({ values: values!, indices: indices! }),
    vjp: placesGradient,
    batch: alongBatchOfMany((x, { dim }) => ({ ...(largest ? cummax : cummin)(x, dim) })),
    samples: alongSamples(within(-3, 3, { distinct: true })),
    rejects: alongRejects,
    edges: [
      {
        note: "the last of equals",
        call: () => [tensor([1, 1, 1]), 0],
        result: [1, 1, 1, 0, 1, 2],
        gradients: [[1, 1, 1]],
      },
      {
        note: "NaN stays",
        call: () => [tensor([1, Number.NaN, 5, -5]), 0],
        result: [1, Number.NaN, Number.NaN, Number.NaN, 0, 1, 1, 1],
        gradients: [[1, 3, 0, 0]],
      },
    ],
  };
}

/**
 * The largest element so far along a dimension, and its place: `{ values, indices }`.
 *
 * max_{j ≤ i} x_j; of equals, the last is named, and gets the gradient. Once a NaN has come, it
 * stays. Both results have the shape of x; indices are int32.
 *
 * @throws {IndexError} when the dimension is out of range, or not given.
 * @example
 * import { cummax, tensor } from "@chainrule/core";
 * const { values, indices } = cummax(tensor([1, 3, 2, 5]), 0);
 * values; // → tensor([1, 3, 3, 5])
 * indices; // → tensor([0, 1, 1, 3], dtype=int32)
 */
export const cummax: Op<(x: TensorLike, dim: number) => ValuesAndIndices> = defineOp(
  runningExtremum("cummax", true),
);

/**
 * The smallest element so far along a dimension, and its place: `{ values, indices }`. As
 * {@link cummax} in every other respect.
 *
 * @throws {IndexError} when the dimension is out of range, or not given.
 * @example
 * import { cummin, tensor } from "@chainrule/core";
 * cummin(tensor([3, 1, 2]), 0).values; // → tensor([3, 1, 1])
 */
export const cummin: Op<(x: TensorLike, dim: number) => ValuesAndIndices> = defineOp(
  runningExtremum("cummin", false),
);
