/**
 * Running sums and products, and the linear recurrence in which their gradients are computed.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, toTensor } from "../creation.ts";
import { ArgumentError, checkBoolean, checkOptions, IndexError, ShapeError } from "../errors.ts";
import { copyInto } from "../kernels/copy.ts";
import { lengthAlong, stepAlong } from "../kernels/lanes.ts";
import { scanProducts, scanRecurrence, scanSums } from "../kernels/scan.ts";
import type { Call, Op } from "../op.ts";
import { defineOp } from "../op.ts";
import type { Rejection, Sample } from "../samples.ts";
import { within } from "../samples.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import type { Along } from "./reduction.ts";
import { alongBatch, alongRejects, alongSamples, checkDim } from "./reduction.ts";

/** Options of running sums and products. */
export interface ScanOptions {
  /** Run from the end of the dimension to its beginning. */
  reverse?: boolean;
}

/** What a scan notes in the graph. */
export interface Scan extends Along {
  readonly reverse: boolean;
}

/** The operand and the options of a scan: `(x, dim, { reverse }?)`. */
export function readScan(
  where: string,
  given: TensorLike,
  dim: number,
  options: ScanOptions | undefined,
): Call<Scan> {
  const x = toTensor(where, given);
  checkOptions(where, options, ["reverse"]);
  const reverse = checkBoolean(where, "reverse", options?.reverse, false);
  return { operands: [x], options: { dim: checkDim(where, x, dim), reverse } };
}

const domain = within(-2, 2);

const reverseSample: Sample = (draw) => {
  const x = draw.tensor(draw.shape(1, 3, 0), domain);
  return [x, draw.dim(x.ndim), { reverse: true }];
};

/** What scans refuse. */
export const scanRejects: readonly Rejection[] = [
  ...alongRejects,
  {
    call: () => [tensor([1, 2]), 0, { exclusive: true }],
    message: /unknown option "exclusive". Known: reverse/,
    type: ArgumentError,
  },
];

/**
 * Running sums along a dimension: Σ_{j ≤ i} x_j, of the shape of x, in double precision inside.
 *
 * With `{ reverse: true }` they run from the end: Σ_{j ≥ i} x_j. int32 and bool give int32.
 *
 * @throws {IndexError} when the dimension is out of range, or not given.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { cumsum, tensor } from "@chainrule/core";
 * cumsum(tensor([1, 2, 3]), 0); // → tensor([1, 3, 6])
 * cumsum(tensor([1, 2, 3]), 0, { reverse: true }); // → tensor([6, 5, 3])
 */
export const cumsum: Op<(x: TensorLike, dim: number, options?: ScanOptions) => Tensor> = defineOp({
  name: "cumsum",
  formula: String.raw`y_i = \sum_{j \le i} x_j`,
  call: (x: TensorLike, dim: number, options?: ScanOptions) => readScan("cumsum", x, dim, options),
  kinds: ["number"],
  shape: ([x]) => x!.shape,
  dtype: ([x]) => (x!.dtype === "bool" ? "int32" : x!.dtype),
  fills: true,
  forward: ([x], y, { dim, reverse }) => scanSums(x!, dim, reverse, y),
  vjp: [
    (cotangent, { options: { dim, reverse } }) => cumsum(cotangent, dim, { reverse: !reverse }),
  ],
  batch: alongBatch(([x], { dim, reverse }) => cumsum(x!, dim, { reverse })),
  samples: [...alongSamples(domain), reverseSample],
  rejects: scanRejects,
});

/**
 * Running products along a dimension: Π_{j ≤ i} x_j, of the shape of x, in double precision inside.
 *
 * With `{ reverse: true }` they run from the end: Π_{j ≥ i} x_j. int32 and bool give int32. The
 * gradient divides by nothing, so that zeros do no harm: with y the result, c its cotangent and
 * u_i = c_i + x_{i+1}·u_{i+1}, it is u_i·y_{i−1}.
 *
 * @throws {IndexError} when the dimension is out of range, or not given.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { cumprod, tensor } from "@chainrule/core";
 * cumprod(tensor([2, 3, 0, 5]), 0); // → tensor([2, 6, 0, 0])
 */
export const cumprod: Op<(x: TensorLike, dim: number, options?: ScanOptions) => Tensor> = defineOp({
  name: "cumprod",
  formula: String.raw`y_i = \prod_{j \le i} x_j`,
  call: (x: TensorLike, dim: number, options?: ScanOptions) => readScan("cumprod", x, dim, options),
  kinds: ["number"],
  shape: ([x]) => x!.shape,
  dtype: ([x]) => (x!.dtype === "bool" ? "int32" : x!.dtype),
  fills: true,
  forward: ([x], y, { dim, reverse }) => scanProducts(x!, dim, reverse, y),
  vjp: [
    (cotangent, node) => {
      const { dim, reverse } = node.options;
      const forward = reverse ? -1 : 1;
      const next = shift(node.a, dim, -forward);
      const sums = linearRecurrence(next, cotangent, dim, { reverse: !reverse });
      return mul(sums, shift(node.result, dim, forward, 1));
    },
  ],
  batch: alongBatch(([x], { dim, reverse }) => cumprod(x!, dim, { reverse })),
  samples: [...alongSamples(domain), reverseSample, zerosPlanted],
  rejects: scanRejects,
  edges: [
    {
      note: "a zero: only its place has a gradient from there on",
      call: () => [tensor([2, 0, 3, 4]), 0],
      result: [2, 0, 0, 0],
      gradients: [[1, 32, 0, 0]],
    },
    {
      note: "two zeros",
      call: () => [tensor([2, 0, 3, 0, 5]), 0],
      result: [2, 0, 0, 0, 0],
      gradients: [[1, 8, 0, 0, 0]],
    },
  ],
});

/** Up to two zeros among the factors. */
function zerosPlanted(draw: Parameters<Sample>[0]): readonly unknown[] {
  const x = draw.tensor([draw.length(1), draw.length(3)], within(-1, 1, { whole: true }));
  return [x, 1];
}

/**
 * The first-order linear recurrence along a dimension: y_i = b_i + a_i·y_{i−1}, with y₋₁ = 0.
 *
 * With `{ reverse: true }` it runs from the end: y_i = b_i + a_i·y_{i+1}. `a`, `b` and the result
 * have one shape. Its gradient is a recurrence in the other direction: with c the cotangent of y,
 * that of b is u_i = c_i + a_{i+1}·u_{i+1}, and that of a is u_i·y_{i−1}.
 *
 * @throws {IndexError} when the dimension is out of range, or not given.
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for an unknown option.
 * @example
 * import { linearRecurrence, tensor } from "@chainrule/core";
 * // A running average with decay ½.
 * linearRecurrence(tensor([0.5, 0.5, 0.5]), tensor([4, 0, 2]), 0); // → tensor([4, 2, 3])
 */
export const linearRecurrence: Op<
  (a: Tensor, b: Tensor, dim: number, options?: ScanOptions) => Tensor
> = defineOp({
  name: "linearRecurrence",
  formula: "y_i = b_i + a_i y_{i-1}",
  call: (a: Tensor, b: Tensor, dim: number, options?: ScanOptions) => {
    const { operands, options: scan } = readScan("linearRecurrence", b, dim, options);
    return { operands: [a, ...operands], options: scan };
  },
  shape: ([a, b]) => {
    if (!sameShape(a!.shape, b!.shape)) {
      throw new ShapeError(
        `linearRecurrence: a has shape ${formatShape(a!.shape)}, but b has ${formatShape(b!.shape)}. They must be equal; expand one.`,
        { a: a!.shape, b: b!.shape },
      );
    }
    return b!.shape;
  },
  forward: ([a, b], y, { dim, reverse }) => scanRecurrence(a!, b!, dim, reverse, y),
  vjp: ([cotangent], node) => {
    const { dim, reverse } = node.options;
    const forward = reverse ? -1 : 1;
    const next = shift(node.a, dim, -forward);
    const ofB = linearRecurrence(next, cotangent!, dim, { reverse: !reverse });
    return [node.needs(0) ? mul(ofB, shift(node.result, dim, forward)) : null, ofB];
  },
  batch: alongBatch(([a, b], { dim, reverse }) => linearRecurrence(a!, b!, dim, { reverse })),
  samples: [
    (draw) => {
      const shape = draw.shape(1, 3, 0);
      const dim = draw.dim(shape.length);
      return [draw.tensor(shape), draw.tensor(shape), dim, { reverse: draw.boolean() }];
    },
    (draw) => [draw.tensor([]), draw.tensor([]), 0],
  ],
  rejects: [
    {
      call: () => [tensor([1, 2]), tensor([1]), 0],
      message: /a has shape \[2\], but b has \[1\]/,
      type: ShapeError,
    },
    {
      call: () => [tensor([1]), tensor([1]), 1],
      message: /dim 1 is out of range/,
      type: IndexError,
    },
  ],
});

/** What a shift notes in the graph. */
interface Shift extends Along {
  /** 1: towards the end; −1: towards the beginning. */
  readonly by: number;
  /** What enters at the other end. */
  readonly fill: number;
}

/** y_i = x_{i−by} along a dimension, and `fill` where there is no such element. */
export const shift: Op<(x: Tensor, dim: number, by: number, fill?: number) => Tensor> = defineOp({
  name: "shift",
  formula: String.raw`y_i = x_{i \mp 1}`,
  call: (x: Tensor, dim: number, by: number, fill = 0): Call<Shift> => ({
    operands: [x],
    options: { dim, by, fill },
  }),
  shape: ([x]) => x!.shape,
  forward: ([x], y, { dim, by, fill }) => {
    if (fill !== 0) y.storage.data.fill(fill);
    const left = lengthAlong(x!, dim) - 1;
    if (left < 1) return;
    const shape = x!.shape.map((length, i) => (i === dim ? left : length));
    const to = by === 1 ? stepAlong(y, dim) : 0;
    const from = x!.offset + (by === 1 ? 0 : stepAlong(x!, dim));
    copyInto(y.storage.data, to, y.strides, x!.storage.data, from, x!.strides, shape);
  },
  vjp: [(cotangent, { options: { dim, by } }) => shift(cotangent, dim, -by)],
  batch: alongBatch(([x], { dim, by, fill }) => shift(x!, dim, by, fill)),
  samples: [
    (draw) => {
      const x = draw.tensor(draw.shape(1, 3, 0), domain);
      return [x, draw.integer(0, x.ndim - 1), draw.pick([1, -1]), draw.pick([0, 1])];
    },
    (draw) => [draw.tensor([], domain), 0, 1],
  ],
});
