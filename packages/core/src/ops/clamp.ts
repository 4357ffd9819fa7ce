/**
 * Keeping numbers between bounds.
 */
import type { TensorLike } from "../creation.ts";
import { ones, zeros } from "../creation.ts";
import { ArgumentError, checkOptions, ShapeError } from "../errors.ts";
import type { Binary, PointwiseDefinition } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";
import { Tensor } from "../tensor.ts";

/**
 * max(x, min): x, but no less than `min`, a number or a tensor.
 *
 * The gradient goes to x where x ≥ min, else to `min`. NaN stays NaN; its gradient is 0.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { clampMin, tensor } from "@chainrule/core";
 * clampMin(tensor([-1, 2]), 0); // → tensor([0, 2])
 */
export const clampMin: Binary = pointwise({
  name: "clampMin",
  operands: ["x", "min"],
  value: (s, x, min) => s.maximum(x, min),
  derivative: (s, x, min) => [
    s.where(s.ge(x, min), s.one, s.zero),
    s.where(s.lt(x, min), s.one, s.zero),
  ],
  result: "same",
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
});

/**
 * min(x, max): x, but no more than `max`, a number or a tensor.
 *
 * The gradient goes to x where x ≤ max, else to `max`. NaN stays NaN; its gradient is 0.
 *
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { clampMax, tensor } from "@chainrule/core";
 * clampMax(tensor([-1, 2]), 0); // → tensor([-1, 0])
 */
export const clampMax: Binary = pointwise({
  name: "clampMax",
  operands: ["x", "max"],
  value: (s, x, max) => s.minimum(x, max),
  derivative: (s, x, max) => [
    s.where(s.le(x, max), s.one, s.zero),
    s.where(s.gt(x, max), s.one, s.zero),
  ],
  result: "same",
  samples: [{ args: [within(-3, 3), within(-3, 3)] }],
});

const clampBoth = pointwise({
  name: "clamp",
  operands: ["x", "min", "max"],
  value: (s, x, min, max) => s.minimum(s.maximum(x, min), max),
  derivative: (s, x, min, max) => [
    s.where(s.logicalAnd(s.le(min, x), s.le(x, max)), s.one, s.zero),
    s.where(s.logicalAnd(s.lt(x, min), s.lt(min, max)), s.one, s.zero),
    s.where(s.logicalOr(s.gt(x, max), s.gt(min, max)), s.one, s.zero),
  ],
  result: "same",
  facade: true,
  samples: [
    { args: [within(-3, 3), within(-3, 0), within(0.1, 3)] },
    { args: [within(-3, 3), within(-3, 3), within(-3, 3)] },
    (draw) => {
      const bounds = { min: -1, max: 1 };
      const { min, max } = bounds;
      const x = draw.tensor(draw.shape(0, 3, 0), within(-3, 3, { avoid: [min, max] }));
      return draw.pick([
        [x, min],
        [x, min, max],
        [x, undefined, max],
        [x, bounds],
        [x, { min }],
        [x, { max }],
      ]);
    },
  ],
  rejects: [
    {
      call: () => [zeros([2])],
      message: /clamp: needs a lower bound, an upper bound, or both/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([2]), { low: 1 }],
      message: /clamp: unknown option "low". Known: min, max/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([2]), ones([3]), 5],
      message: /clamp: shapes \[2\] and \[3\] do not broadcast/,
      type: ShapeError,
    },
  ],
});

/** Bounds by name; at least one of them. */
export interface ClampBounds {
  readonly min?: TensorLike | null;
  readonly max?: TensorLike | null;
}

/** The function {@link clamp}. */
export interface Clamp {
  (x: TensorLike, min: TensorLike | null | undefined, max?: TensorLike | null): Tensor;
  (x: TensorLike, bounds: ClampBounds): Tensor;
  readonly op: PointwiseDefinition;
}

function isBounds(value: unknown): value is ClampBounds {
  return (
    value !== null &&
    typeof value === "object" &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !(value instanceof Tensor)
  );
}

function clampBetween(
  x: TensorLike,
  first: TensorLike | ClampBounds | null | undefined,
  second?: TensorLike | null,
): Tensor {
  let min: TensorLike | null | undefined;
  let max = second;
  if (isBounds(first)) {
    checkOptions("clamp", first, ["min", "max"]);
    if (second !== undefined) {
      throw new ArgumentError("clamp: bounds by name leave nothing for a third argument.", {
        bounds: first,
      });
    }
    ({ min, max } = first);
  } else {
    min = first;
  }
  const isLower = min !== undefined && min !== null;
  const isUpper = max !== undefined && max !== null;
  if (isLower && isUpper) return clampBoth(x, min!, max!);
  if (isLower) return clampMin(x, min!);
  if (isUpper) return clampMax(x, max!);
  throw new ArgumentError(
    "clamp: needs a lower bound, an upper bound, or both: clamp(x, 0, 1) or clamp(x, { min: 0 }).",
  );
}

/**
 * min(max(x, min), max): x, but no less than `min` and no more than `max`.
 *
 * Bounds are numbers or tensors that broadcast with x. Leave one out for a bound on one side: `clamp(x, 0)`,
 * `clamp(x, undefined, 1)`, or by name: `clamp(x, { max: 1 })`. Where min > max, everything is max.
 *
 * The gradient goes to x where min ≤ x ≤ max, bounds included; else to the bound that was taken. NaN stays NaN and gets
 * a gradient of 0.
 *
 * @throws {ArgumentError} without any bound, or for an unknown option.
 * @throws {ShapeError} when the shapes do not broadcast.
 * @example
 * import { clamp, tensor } from "@chainrule/core";
 * const x = tensor([-2, 0.5, 2]);
 * clamp(x, -1, 1); // → tensor([-1.0, 0.5, 1.0])
 * x.clamp({ min: 0 }); // → tensor([0.0, 0.5, 2.0])
 */
export const clamp: Clamp = Object.assign(clampBetween, { op: clampBoth.op });
