/**
 * Losses of numbers against numbers.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros } from "../../creation.ts";
import { ArgumentError, checkNumber, ShapeError } from "../../errors.ts";
import type { BinaryWith } from "../../pointwise.ts";
import { pointwise } from "../../pointwise.ts";
import { within } from "../../samples.ts";
import type { Tensor } from "../../tensor.ts";
import { sub } from "../arithmetic.ts";
import { div } from "../division.ts";
import { square } from "../power.ts";
import { abs } from "../sign.ts";
import type { LossOptions } from "./reduction.ts";
import { alike, readLossOptions, reduced } from "./reduction.ts";

/**
 * The mean squared error, (x − t)².
 *
 * Input and target have one shape, or the target is a number. The gradient is 2(x − t)/n for the mean over n elements; the
 * mean of nothing is NaN.
 *
 * @throws {ShapeError} when the shapes differ: unlike PyTorch, which warns and compares every pair.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { mseLoss, tensor } from "@chainrule/core";
 * mseLoss(tensor([10, 8, 6]), tensor([20, 3, 1])); // → tensor(50)
 */
export function mseLoss(input: TensorLike, target: TensorLike, options?: LossOptions): Tensor {
  const reduction = readLossOptions("mseLoss", options);
  const [x, t] = alike("mseLoss", input, target);
  return reduced(square(sub(x, t)), reduction);
}

/**
 * The mean absolute error, |x − t|; the gradient where both are equal is 0.
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for an unknown option or reduction.
 * @example
 * import { l1Loss, tensor } from "@chainrule/core";
 * l1Loss(tensor([1, 2]), tensor([2, 5])); // → tensor(2)
 */
export function l1Loss(input: TensorLike, target: TensorLike, options?: LossOptions): Tensor {
  const reduction = readLossOptions("l1Loss", options);
  const [x, t] = alike("l1Loss", input, target);
  return reduced(abs(sub(x, t)), reduction);
}

/**
 * Huber's function of the difference of each element: a parabola in the middle, straight beyond ±delta.
 *
 * ½d² for |d| < delta, else delta·(|d| − ½delta), with d = x − t. Value and slope agree where the pieces meet.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { huberTerm, tensor } from "@chainrule/core";
 * huberTerm(tensor([0.5, 3]), 0); // → tensor([0.125, 2.500])
 */
export const huberTerm: BinaryWith<{ delta?: number }> = pointwise({
  name: "huberTerm",
  operands: ["x", "t"],
  parameters: { delta: 1 },
  value: (s, x, t, { delta }) => {
    const d = s.sub(x, t);
    const half = s.constant(0.5);
    return s.where(
      s.lt(s.abs(d), delta),
      s.mul(half, s.square(d)),
      s.mul(delta, s.sub(s.abs(d), s.mul(half, delta))),
    );
  },
  derivative: (s, x, t, _y, { delta }) => {
    const d = s.sub(x, t);
    // A sign would make NaN a 0, and hide it from the weights.
    const far = s.where(s.gt(d, s.zero), delta, s.where(s.lt(d, s.zero), s.neg(delta), d));
    const slope = s.where(s.lt(s.abs(d), delta), d, far);
    return [slope, s.neg(slope)];
  },
  samples: [
    // The difference stays clear of the joints at ±1 and ±10.
    { args: [within(-0.4, 0.4), within(-0.4, 0.4)] },
    { args: [within(2, 3), within(-3, -2)] },
    { args: [within(-3, 3), within(-3, 3)], options: { delta: 10 } },
  ],
  edges: [
    {
      note: "at the joints both pieces agree",
      call: () => [tensor([1, -1, 0]), tensor([0, 0, 0])],
      result: [0.5, 0.5, 0],
      gradients: [
        [1, -1, 0],
        [-1, 1, 0],
      ],
    },
    {
      note: "far away, and NaN, which stays to be seen",
      call: () => [tensor([Infinity, -Infinity, Number.NaN]), tensor([0, 0, 0])],
      result: [Infinity, Infinity, Number.NaN],
      gradients: [
        [1, -1, Number.NaN],
        [-1, 1, Number.NaN],
      ],
    },
  ],
  rejects: [
    { call: () => [zeros([2]), zeros([3])], message: /do not broadcast/, type: ShapeError },
    {
      call: () => [zeros([2]), zeros([2]), { beta: 1 }],
      message: /unknown option "beta". Known: delta/,
      type: ArgumentError,
    },
  ],
});

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions extends LossOptions {
  /** Where the parabola ends; 1 unless given. 0 gives the absolute error. */
  beta?: number | undefined;
}

/**
 * The absolute error with its kink rounded off: ½(x − t)²/beta for |x − t| < beta, else |x − t| − ½beta.
 * (Girshick, "Fast R-CNN", ICCV 2015.)
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for a negative beta, or an unknown option.
 * @example
 * import { smoothL1Loss, tensor } from "@chainrule/core";
 * smoothL1Loss(tensor([0.5, 3]), tensor([0, 0]), { reduction: "none" }); // → tensor([0.125, 2.500])
 */
export function smoothL1Loss(
  input: TensorLike,
  target: TensorLike,
  options: SmoothL1LossOptions = {},
): Tensor {
  const reduction = readLossOptions("smoothL1Loss", options, ["beta"]);
  const beta = checkNumber("smoothL1Loss", "beta", options.beta ?? 1);
  if (beta < 0) {
    throw new ArgumentError(`smoothL1Loss: beta must be at least 0, not ${beta}.`, { beta });
  }
  const [x, t] = alike("smoothL1Loss", input, target);
  if (beta === 0) return reduced(abs(sub(x, t)), reduction);
  return reduced(div(huberTerm(x, t, { delta: beta }), beta), reduction);
}

/** Options of {@link huberLoss}. */
export interface HuberLossOptions extends LossOptions {
  /** Where the parabola ends; 1 unless given. */
  delta?: number | undefined;
}

/**
 * Huber's loss: squared for small errors, absolute for large ones, so that outliers count less.
 *
 * ½(x − t)² for |x − t| < delta, else delta·(|x − t| − ½delta). (Huber, "Robust estimation of a location parameter",
 * Annals of Mathematical Statistics 35, 1964.)
 *
 * @throws {ShapeError} when the shapes differ.
 * @throws {ArgumentError} for a delta that is not positive, or an unknown option.
 * @example
 * import { huberLoss, tensor } from "@chainrule/core";
 * huberLoss(tensor([0.5, 3]), tensor([0, 0]), { delta: 2 }); // → tensor(2.0625)
 */
export function huberLoss(
  input: TensorLike,
  target: TensorLike,
  options: HuberLossOptions = {},
): Tensor {
  const reduction = readLossOptions("huberLoss", options, ["delta"]);
  const delta = checkNumber("huberLoss", "delta", options.delta ?? 1);
  if (delta <= 0) {
    throw new ArgumentError(`huberLoss: delta must be positive, not ${delta}.`, { delta });
  }
  const [x, t] = alike("huberLoss", input, target);
  return reduced(huberTerm(x, t, { delta }), reduction);
}
