/**
 * Reductions to yes and no, and counts. They have no gradients.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, zeros } from "../creation.ts";
import { countOver } from "../kernels/logical.ts";
import type { KernelLiteral, Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { EdgeCase } from "../samples.ts";
import { within } from "../samples.ts";
import type { Dims } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Reduction, ReductionOptions } from "./reduction.ts";
import {
  readReduction,
  reductionBatch,
  reductionRejects,
  reductionSamples,
  shapeAfter,
} from "./reduction.ts";

/** What the ops of this file have in common. */
function counting(
  name: "any" | "all" | "countNonzero",
  formula: string,
  edges: readonly EdgeCase[],
): KernelLiteral<
  [x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions],
  Reduction
> {
  return {
    name,
    formula,
    call: (x, dim, options) => readReduction(name, x, dim, options),
    kinds: ["any"],
    shape: ([x], options) => shapeAfter(x!, options),
    dtype: () => (name === "countNonzero" ? "int32" : "bool"),
    forward: ([x], y, { dim }) => countOver(x!, dim, y, name === "countNonzero" ? "count" : name),
    batch: reductionBatch((x, { dim, keepdim }) => {
      const op = name === "any" ? any : name === "all" ? all : countNonzero;
      return op(x, dim, { keepdim });
    }),
    samples: [
      ...reductionSamples(within(-1, 1, { whole: true })),
      (draw) => [draw.mask(draw.shape(0, 3, 0))],
    ],
    rejects: reductionRejects,
    edges,
  };
}

/**
 * Whether any element is not 0, of all or along dimensions, as bool. NaN is not 0; over nothing the
 * answer is no. The result has the shape of x without the dimensions `dim`; `{ keepdim: true }`
 * keeps them with length 1.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { any, tensor } from "@chainrule/core";
 * any(tensor([[0, 1], [0, 0]]), 1); // → tensor([true, false], dtype=bool)
 */
export const any: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp(
  counting("any", String.raw`y = \bigvee_i [x_i \ne 0]`, [
    { note: "over nothing", call: () => [zeros([0])], result: [0] },
    { note: "NaN is not 0", call: () => [tensor([0, Number.NaN])], result: [1] },
    { note: "−0 is 0", call: () => [tensor([0, -0])], result: [0] },
  ]),
);

/**
 * Whether no element is 0, of all or along dimensions, as bool. NaN is not 0; over nothing the answer
 * is yes. Shapes and options are those of {@link any}.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { all, tensor } from "@chainrule/core";
 * all(tensor([[2, 1], [0, 1]]), 1); // → tensor([true, false], dtype=bool)
 */
export const all: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp(
  counting("all", String.raw`y = \bigwedge_i [x_i \ne 0]`, [
    { note: "over nothing", call: () => [zeros([0])], result: [1] },
    { note: "NaN is not 0", call: () => [tensor([1, Number.NaN])], result: [1] },
  ]),
);

/**
 * How many elements are not 0, of all or along dimensions, as int32. NaN is not 0. Shapes and options
 * are those of {@link any}.
 *
 * @throws {IndexError} when a dimension is out of range or named twice.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { countNonzero, tensor } from "@chainrule/core";
 * countNonzero(tensor([[2, 1], [0, 1]]), 1); // → tensor([2, 1], dtype=int32)
 */
export const countNonzero: Op<
  (x: TensorLike, dim?: Dims | ReductionOptions, options?: ReductionOptions) => Tensor
> = defineOp(
  counting("countNonzero", String.raw`y = \sum_i [x_i \ne 0]`, [
    { note: "over nothing", call: () => [zeros([0])], result: [0] },
    {
      note: "NaN counts, −0 does not",
      call: () => [tensor([Number.NaN, 0, -0, 2])],
      result: [2],
    },
  ]),
);
