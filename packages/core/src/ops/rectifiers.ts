/**
 * Activations made of straight pieces, and of pieces with a jump.
 */
import type { TensorLike } from "../creation.ts";
import { tensor, toTensor } from "../creation.ts";
import { ArgumentError, checkNumber, ShapeError } from "../errors.ts";
import type { PointwiseDefinition, Unary, UnaryWith } from "../pointwise.ts";
import { pointwise } from "../pointwise.ts";
import { within } from "../samples.ts";
import { formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { reshape } from "./reshape.ts";

/**
 * max(x, 0), element by element. The gradient at 0 is 0; NaN stays NaN, with a gradient of 1.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { relu, tensor } from "@chainrule/core";
 * relu(tensor([-1, 2])); // → tensor([0, 2])
 */
export const relu: Unary = pointwise({
  name: "relu",
  operands: ["x"],
  value: (s, x) => s.maximum(x, s.zero),
  derivative: (s, x) => [s.where(s.le(x, s.zero), s.zero, s.one)],
  result: "same",
  samples: [{ args: [within(-3, 3, { avoid: [0] })] }],
  edges: [
    {
      note: "0 and NaN",
      call: () => [tensor([-1, 0, 2, Number.NaN, -Infinity])],
      result: [0, 0, 2, Number.NaN, 0],
      gradients: [[0, 0, 1, 1, 0]],
    },
  ],
});

/**
 * min(max(x, 0), 6), element by element. The gradient is 1 between 0 and 6, and 0 at both.
 *
 * Source: Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10, 2010.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { relu6, tensor } from "@chainrule/core";
 * relu6(tensor([-1, 3, 9])); // → tensor([0, 3, 6])
 */
export const relu6: Unary = pointwise({
  name: "relu6",
  operands: ["x"],
  value: (s, x) => s.minimum(s.maximum(x, s.zero), s.constant(6)),
  derivative: (s, x) => [
    s.where(s.logicalOr(s.le(x, s.zero), s.ge(x, s.constant(6))), s.zero, s.one),
  ],
  result: "same",
  samples: [{ args: [within(-3, 9, { avoid: [0, 6] })] }],
  edges: [
    {
      note: "0, 6 and NaN",
      call: () => [tensor([-1, 0, 3, 6, 7, Number.NaN])],
      result: [0, 0, 3, 6, 6, Number.NaN],
      gradients: [[0, 0, 1, 0, 0, 1]],
    },
  ],
});

/**
 * x above 0, negativeSlope·x below, element by element; whole numbers become floating. The gradient at 0 is the negative
 * slope, 0.01 unless given.
 *
 * Source: Maas, Hannun and Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013.
 *
 * @throws {ArgumentError} for an unknown option, or a slope that is no number.
 * @example
 * import { leakyRelu, tensor } from "@chainrule/core";
 * leakyRelu(tensor([-1, 2])); // → tensor([-0.01, 2.00])
 * leakyRelu(tensor([-1, 2]), { negativeSlope: 0.5 }); // → tensor([-0.5, 2.0])
 */
export const leakyRelu: UnaryWith<{ negativeSlope?: number }> = pointwise({
  name: "leakyRelu",
  operands: ["x"],
  parameters: { negativeSlope: 0.01 },
  value: (s, x, p) => s.where(s.gt(x, s.zero), x, s.mul(p.negativeSlope, x)),
  derivative: (s, x, _y, p) => [s.where(s.gt(x, s.zero), s.one, p.negativeSlope)],
  samples: [
    { args: [within(-3, 3, { avoid: [0] })] },
    { args: [within(-3, 3, { avoid: [0] })], options: { negativeSlope: 0.3 } },
  ],
  edges: [
    {
      note: "at 0 and NaN",
      call: () => [tensor([-4, 0, 4, Number.NaN]), { negativeSlope: 0.25 }],
      result: [-1, 0, 4, Number.NaN],
      gradients: [[0.25, 0.25, 1, 0.25]],
    },
  ],
});

/** One slope for every element, after broadcasting. */
const preluOf = pointwise({
  name: "prelu",
  operands: ["x", "weight"],
  value: (s, x, weight) => s.where(s.gt(x, s.zero), x, s.mul(weight, x)),
  derivative: (s, x, weight) => [
    s.where(s.gt(x, s.zero), s.one, weight),
    s.where(s.gt(x, s.zero), s.zero, x),
  ],
  samples: [],
});

/**
 * x above 0, weight·x below, element by element, with a weight that is learned: one number, or one for each channel, that is
 * for each index of dimension 1 of x. The gradient at 0 is the weight.
 *
 * Source: He, Zhang, Ren and Sun, Delving Deep into Rectifiers, 2015.
 *
 * @throws {ShapeError} when the weight has neither one element nor one for each channel.
 * @example
 * import { prelu, tensor } from "@chainrule/core";
 * prelu(tensor([[-1, -1], [2, -2]]), tensor([0.5, 0.25])); // → tensor([[-0.50, -0.25], [2.00, -0.50]])
 */
export function prelu(x: TensorLike, weight: TensorLike): Tensor {
  const whole = toTensor("prelu", x);
  const slopes = toTensor("prelu", weight, whole.dtype);
  const channels = whole.ndim < 2 ? 1 : whole.size(1);
  const length = slopes.numel();
  if (slopes.ndim > 1 || (length !== 1 && length !== channels)) {
    throw new ShapeError(
      `prelu: weight of shape ${formatShape(slopes.shape)} must have one element, or ${channels} as dimension 1 of x of shape ${formatShape(whole.shape)}.`,
      { weight: slopes.shape, x: whole.shape },
    );
  }
  if (length === 1) return preluOf(whole, reshape(slopes, []));
  // One slope for each channel: the dimensions behind it broadcast.
  return preluOf(whole, reshape(slopes, [length, ...new Array<number>(whole.ndim - 2).fill(1)]));
}

const thresholdOf = pointwise({
  name: "threshold",
  operands: ["x"],
  parameters: { threshold: 0, value: 0 },
  value: (s, x, p) => s.where(s.le(x, p.threshold), p.value, x),
  derivative: (s, x, _y, p) => [s.where(s.le(x, p.threshold), s.zero, s.one)],
  result: "same",
  facade: true,
  samples: [(draw) => [draw.tensor(draw.shape(0, 3, 0), within(-3, 3, { avoid: [0.5] })), 0.5, -2]],
  rejects: [
    {
      call: () => [1, 2],
      message: /threshold: value must be a number, not undefined/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "x itself only above the threshold; NaN stays",
      call: () => [tensor([0, 1, 2, Number.NaN]), 1, 9],
      result: [9, 9, 2, Number.NaN],
      gradients: [[0, 0, 1, 1]],
    },
  ],
});

/** The function {@link threshold}. */
export interface Threshold {
  (x: TensorLike, threshold: number, value: number): Tensor;
  readonly op: PointwiseDefinition;
}

/**
 * x above the threshold, `value` at it and below, element by element. The gradient is 1 above the threshold, else 0.
 *
 * @throws {ArgumentError} when the threshold or the value is no number.
 * @example
 * import { tensor, threshold } from "@chainrule/core";
 * threshold(tensor([0, 1, 2]), 1, 9); // → tensor([9, 9, 2])
 */
export const threshold: Threshold = Object.assign(
  (x: TensorLike, level: number, value: number): Tensor =>
    thresholdOf(x, {
      threshold: checkNumber("threshold", "threshold", level),
      value: checkNumber("threshold", "value", value),
    }),
  { op: thresholdOf.op },
);

/**
 * min(max(x, minVal), maxVal), element by element; from −1 to 1 unless given. Unlike `clamp`, the gradient at the bounds is
 * 0. NaN stays NaN.
 *
 * @throws {ArgumentError} for an unknown option, or minVal above maxVal.
 * @example
 * import { hardtanh, tensor } from "@chainrule/core";
 * hardtanh(tensor([-2, 0.5, 2])); // → tensor([-1.0, 0.5, 1.0])
 */
export const hardtanh: UnaryWith<{ minVal?: number; maxVal?: number }> = pointwise({
  name: "hardtanh",
  operands: ["x"],
  parameters: { minVal: -1, maxVal: 1 },
  value: (s, x, p) => s.minimum(s.maximum(x, p.minVal), p.maxVal),
  derivative: (s, x, _y, p) => [
    s.where(s.logicalOr(s.le(x, p.minVal), s.ge(x, p.maxVal)), s.zero, s.one),
  ],
  result: "same",
  check: (_operands, _dtype, { minVal, maxVal }) => {
    if (minVal <= maxVal) return;
    throw new ArgumentError(
      `hardtanh: minVal ${minVal} is above maxVal ${maxVal}. Exchange them.`,
      { minVal, maxVal },
    );
  },
  samples: [
    { args: [within(-3, 3, { avoid: [-1, 1] })] },
    { args: [within(-3, 3, { avoid: [-2, 0.5] })], options: { minVal: -2, maxVal: 0.5 } },
  ],
  rejects: [
    {
      call: () => [tensor([1]), { minVal: 2 }],
      message: /hardtanh: minVal 2 is above maxVal 1/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "the derivative at the bounds is 0",
      call: () => [tensor([-2, -1, 0, 1, 2, Number.NaN])],
      result: [-1, -1, 0, 1, 1, Number.NaN],
      gradients: [[0, 0, 1, 0, 0, 1]],
    },
  ],
});

/**
 * min(max(x + 3, 0), 6)/6, a sigmoid of straight pieces, element by element; whole numbers become floating. The gradient is
 * 1/6 between −3 and 3, and 0 at both.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { hardsigmoid, tensor } from "@chainrule/core";
 * hardsigmoid(tensor([-4, 0, 4])); // → tensor([0.0, 0.5, 1.0])
 */
export const hardsigmoid: Unary = pointwise({
  name: "hardsigmoid",
  operands: ["x"],
  value: (s, x) =>
    s.div(s.minimum(s.maximum(s.add(x, s.constant(3)), s.zero), s.constant(6)), s.constant(6)),
  derivative: (s, x) => {
    const isInside = s.logicalAnd(s.gt(x, s.constant(-3)), s.lt(x, s.constant(3)));
    return [s.where(isInside, s.constant(1 / 6), s.zero)];
  },
  samples: [{ args: [within(-5, 5, { avoid: [-3, 3] })] }],
  edges: [
    {
      note: "the derivative at both bounds is 0",
      call: () => [tensor([-4, -3, 0, 3, 4, Number.NaN], { dtype: "float64" })],
      result: [0, 0, 0.5, 1, 1, Number.NaN],
      gradients: [[0, 0, 1 / 6, 0, 0, 0]],
    },
  ],
});

/**
 * x·min(max(x + 3, 0), 6)/6, element by element; whole numbers become floating. The gradient is 0 below −3, x/3 + ½ from −3
 * to 3, and 1 above.
 *
 * Source: Howard et al., Searching for MobileNetV3, 2019.
 *
 * @throws {ArgumentError} when the operand is missing, or more is given.
 * @example
 * import { hardswish, tensor } from "@chainrule/core";
 * hardswish(tensor([-4, 1.5, 4])); // → tensor([-0.000, 1.125, 4.000])
 */
export const hardswish: Unary = pointwise({
  name: "hardswish",
  operands: ["x"],
  value: (s, x) =>
    s.div(
      s.mul(x, s.minimum(s.maximum(s.add(x, s.constant(3)), s.zero), s.constant(6))),
      s.constant(6),
    ),
  derivative: (s, x) => [
    s.where(
      s.lt(x, s.constant(-3)),
      s.zero,
      s.where(s.gt(x, s.constant(3)), s.one, s.add(s.div(x, s.constant(3)), s.constant(0.5))),
    ),
  ],
  samples: [{ args: [within(-5, 5, { avoid: [-3, 3] })] }],
  edges: [
    {
      note: "at the bounds",
      call: () => [tensor([-4, -3, 0, 3, 4, Number.NaN], { dtype: "float64" })],
      result: [-0, -0, 0, 3, 4, Number.NaN],
      gradients: [[0, -0.5, 0.5, 1.5, 1, Number.NaN]],
    },
  ],
});

/**
 * x without `lambd` (½ unless given) towards 0, and 0 from −lambd to lambd, element by element; whole numbers become floating.
 * The gradient is 0 from −lambd to lambd, bounds included, else 1.
 *
 * @throws {ArgumentError} for an unknown option, or a negative lambd.
 * @example
 * import { softshrink, tensor } from "@chainrule/core";
 * softshrink(tensor([-1, 0.25, 2])); // → tensor([-0.5, 0.0, 1.5])
 */
export const softshrink: UnaryWith<{ lambd?: number }> = pointwise({
  name: "softshrink",
  operands: ["x"],
  parameters: { lambd: 0.5 },
  value: (s, x, p) => s.where(s.le(s.abs(x), p.lambd), s.zero, s.sub(x, s.mul(p.lambd, s.sign(x)))),
  derivative: (s, x, _y, p) => [s.where(s.le(s.abs(x), p.lambd), s.zero, s.one)],
  check: (_operands, _dtype, { lambd }) => {
    if (lambd >= 0) return;
    throw new ArgumentError(`softshrink: lambd must be at least 0, not ${lambd}.`, { lambd });
  },
  samples: [
    { args: [within(-3, 3, { avoid: [-0.5, 0.5] })] },
    { args: [within(-3, 3, { avoid: [-1, 1] })], options: { lambd: 1 } },
  ],
  rejects: [
    {
      call: () => [tensor([1]), { lambd: -1 }],
      message: /softshrink: lambd must be at least 0, not -1/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "at the bounds, and NaN",
      call: () => [tensor([-1, -0.5, 0, 0.5, 1, Number.NaN])],
      result: [-0.5, 0, 0, 0, 0.5, Number.NaN],
      gradients: [[1, 0, 0, 0, 1, 1]],
    },
  ],
});

/**
 * x, but 0 from −lambd to lambd (½ unless given), element by element; whole numbers become floating. The gradient is 0 from
 * −lambd to lambd, bounds included, else 1.
 *
 * @throws {ArgumentError} for an unknown option, or a negative lambd.
 * @example
 * import { hardshrink, tensor } from "@chainrule/core";
 * hardshrink(tensor([-1, 0.25, 2])); // → tensor([-1, 0, 2])
 */
export const hardshrink: UnaryWith<{ lambd?: number }> = pointwise({
  name: "hardshrink",
  operands: ["x"],
  parameters: { lambd: 0.5 },
  value: (s, x, p) => s.where(s.le(s.abs(x), p.lambd), s.zero, x),
  derivative: (s, x, _y, p) => [s.where(s.le(s.abs(x), p.lambd), s.zero, s.one)],
  samples: [
    { args: [within(-3, 3, { avoid: [-0.5, 0.5] })] },
    { args: [within(-3, 3, { avoid: [-1, 1] })], options: { lambd: 1 } },
  ],
  rejects: [
    {
      call: () => [tensor([1]), { lambd: Number.NaN }],
      message: /hardshrink: lambd must be a number, not NaN/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "a negative border cuts nothing",
      call: () => [tensor([-1, 0, 0.25]), { lambd: -0.5 }],
      result: [-1, 0, 0.25],
      gradients: [[1, 1, 1]],
    },
    {
      note: "at the bounds, and NaN",
      call: () => [tensor([-1, -0.5, 0, 0.5, 1, Number.NaN])],
      result: [-1, 0, 0, 0, 1, Number.NaN],
      gradients: [[1, 0, 0, 0, 1, 1]],
    },
  ],
});
