/**
 * The convolution in one to three spatial dimensions, and its two adjoints.
 *
 * With x of shape [N, C, *S], w of [O, C/groups, *K] and g of [N, O, *T], all three are readings of the same sum
 *
 *     Φ(x, w, g) = Σ x[n, c, s·t − p + d·k] · w[o, c, k] · g[n, o, t] :
 *
 * the convolution is ∂Φ/∂g, `convolutionInput` ∂Φ/∂x and `convolutionWeight` ∂Φ/∂w. Φ is linear in each of x, w and g,
 * so the gradients of the three are the three again, and derivatives of any order stay among them.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, zeros } from "../../creation.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { convolve, convolveInput, convolveWeight } from "../../kernels/convolution.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import type { Shape } from "../../shape.ts";
import { checkShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { sum } from "../sum.ts";
import {
  allBatched,
  intoChannels,
  merged,
  outOfChannels,
  parted,
  sampleCount,
} from "./batching.ts";
import type { ConvolutionOptions } from "./convolution-options.ts";
import {
  checkBias,
  checkOutput,
  convolvedShape,
  geometryOf,
  readOptions,
} from "./convolution-options.ts";

/** The lengths and options of a drawn convolution. */
function drawConvolution(draw: Draw): { x: number[]; w: number[]; options: ConvolutionOptions } {
  const rank = draw.pick([1, 1, 2, 2, 3]);
  const groups = draw.pick([1, 1, 2]);
  const most = [5, 3, 2][rank - 1]!;
  const kernel = Array.from({ length: rank }, () => draw.integer(1, Math.min(most, 3)));
  const dilation = Array.from({ length: rank }, () => draw.integer(1, 2));
  const padding = Array.from({ length: rank }, (): [number, number] => [
    draw.integer(-1, 2),
    draw.integer(-1, 2),
  ]);
  const spatial = kernel.map((k, i) => {
    const [before, after] = padding[i]!;
    const least = dilation[i]! * (k - 1) + 1 - before - after;
    return Math.max(least, 1) + draw.integer(0, most - 1);
  });
  return {
    x: [draw.integer(0, 5) === 0 ? 0 : draw.integer(1, 2), groups * draw.integer(1, 2), ...spatial],
    w: [groups * draw.integer(1, 2), 0, ...kernel],
    options: { stride: kernel.map(() => draw.integer(1, 3)), padding, dilation, groups },
  };
}

function completed(draw: Draw): {
  x: number[];
  w: number[];
  y: number[];
  options: ConvolutionOptions;
} {
  const { x, w, options } = drawConvolution(draw);
  w[1] = x[1]! / options.groups;
  return { x, w, y: convolvedShape("sample", x, w, options), options };
}

const plain: ConvolutionOptions = { stride: [1], padding: [[0, 0]], dilation: [1], groups: 1 };

/**
 * The convolution with all its options, in one to three spatial dimensions; `conv1d`, `conv2d` and `conv3d` are this with
 * defaults.
 *
 * y[n, o, t] = bias[o] + Σ_{c,k} w[o, c, k] · x[n, c, s·t − p + d·k], elements outside of x counting as 0, for x of shape
 * [N, C, *S], w of [O, C/groups, *K], bias of [O]; y has [N, O, *T] with T = ⌊(S + p₀ + p₁ − d·(K − 1) − 1) / s⌋ + 1.
 * (It is a cross-correlation: the kernel is not flipped.) Sums are kept in double precision.
 *
 * @throws {ShapeError} when the channels do not fit, do not fall into groups, or the kernel is larger than the input.
 * @throws {ArgumentError} for options that are no whole numbers in their range.
 * @example
 * import { convolution, tensor } from "@chainrule/core";
 * const options = { stride: [1], padding: [[1, 1]], dilation: [1], groups: 1 } as const;
 * convolution(tensor([[[1, 2, 3]]]), tensor([[[1, 1, 1]]]), null, options); // → tensor([[[3, 6, 5]]])
 */
export const convolution: Op<
  (
    input: TensorLike,
    weight: TensorLike,
    bias: TensorLike | null | undefined,
    options: ConvolutionOptions,
  ) => Tensor
> = defineOp({
  name: "convolution",
  formula: String.raw`y_{not} = b_o + \sum_{c,k} w_{ock}\, x_{n,c,\,s t - p + d k}`,
  call: (
    input: TensorLike,
    weight: TensorLike,
    bias: TensorLike | null | undefined,
    options: ConvolutionOptions,
  ) => ({
    operands: bias === null || bias === undefined ? [input, weight] : [input, weight, bias],
    options: readOptions("convolution", options),
  }),
  shape: ([x, w, bias], options) => {
    const shape = convolvedShape("convolution", x!.shape, w!.shape, options);
    if (bias !== undefined) checkBias("convolution", bias.shape, shape[1]!);
    return shape;
  },
  fills: true,
  forward: ([input, weight, shift], y, options) => {
    const x = contiguousOperand(input!);
    const w = contiguousOperand(weight!);
    const bias = shift === undefined ? null : contiguousOperand(shift).toTypedArray();
    if (y.numel() === 0) return;
    const geometry = geometryOf(x.shape, w.shape, y.shape, options);
    convolve(geometry, x, w, bias, y);
  },
  vjp: [
    (cotangent, node) =>
      convolutionInput(cotangent, node.b, node.shapeOf(0).slice(2), node.options),
    (cotangent, node) =>
      convolutionWeight(node.a, cotangent, node.shapeOf(1).slice(2), node.options),
    (cotangent) =>
      sum(cotangent, [0, ...Array.from({ length: cotangent.ndim - 2 }, (_, i) => i + 2)]),
  ],
  // Samples with the same kernel are a larger batch; kernels of their own make each sample a group of channels.
  batch: (operands, batched, options) => {
    if (!batched[1] && !batched[2]) {
      const [x, w, bias] = operands;
      const y = convolution(merged(x!), w!, bias, options);
      return parted(y, x!.shape[0]!);
    }
    const [x, w, bias] = allBatched(operands, batched);
    const samples = x!.shape[0]!;
    const groups = samples * options.groups;
    const shift = bias === undefined ? null : merged(bias);
    const y = convolution(intoChannels(x!), merged(w!), shift, { ...options, groups });
    return outOfChannels(y, samples);
  },
  samples: [
    (draw) => {
      const { x, w, options } = completed(draw);
      return [
        draw.tensor(x),
        draw.tensor(w),
        draw.boolean() ? draw.tensor([w[0]!]) : null,
        options,
      ];
    },
  ],
  rejects: [
    {
      call: () => [zeros([1, 3, 8]), zeros([2, 4, 3]), null, plain],
      message:
        /convolution: the input has 3 channels, but the weight of shape \[2, 4, 3\] is made for 4/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 4, 8]), zeros([3, 2, 3]), null, { ...plain, groups: 2 }],
      message: /3 output channels do not fall into 2 equal groups/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 1, 2]), zeros([1, 1, 3]), null, plain],
      message: /the kernel reaches over 3 elements, but spatial dimension 0 has 2/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 1, 4]), zeros([1, 1, 3]), zeros([2]), plain],
      message: /the bias has shape \[2\], but there are 1 output channels/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 8]), zeros([2, 4, 3]), null, plain],
      message: /input and weight need 3 dimensions/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 1, 4]), zeros([1, 1, 3]), null, { ...plain, stride: [0] }],
      message: /stride must be a whole number of at least 1, not \[0\]/,
      type: ArgumentError,
    },
    {
      call: () => [zeros([1, 1, 4]), zeros([1, 1, 3]), null, { ...plain, padding: [1] }],
      message: /padding must hold a pair \[before, after\]/,
      type: ArgumentError,
    },
  ],
  edges: [
    {
      note: "no samples: the parameters get zero gradients",
      call: () => [zeros([0, 1, 2]), tensor([[[3]]]), tensor([1]), plain],
      result: [],
      gradients: [[], [0], [0]],
    },
    {
      note: "nothing but padding: only the bias is left",
      call: () => [tensor([[[5]]]), tensor([[[3]]]), tensor([7]), { ...plain, padding: [[2, -2]] }],
      result: [7],
      gradients: [[0], [0], [1]],
    },
  ],
});

/**
 * The adjoint of the convolution in its input: what the output places get, g of shape [N, O, *T], given back to the
 * input places of which they were made. It is the gradient of `convolution` with respect to x, and the transposed
 * convolution.
 *
 * y[n, c, i] = Σ_{o, t, k : s·t − p + d·k = i} w[o, c, k] · g[n, o, t], of shape [N, C, *inputSize].
 *
 * @throws {ShapeError} when g does not have the shape that the convolution of such an input would have.
 * @example
 * import { convolutionInput, tensor } from "@chainrule/core";
 * const options = { stride: [2], padding: [[0, 0]], dilation: [1], groups: 1 } as const;
 * convolutionInput(tensor([[[1, 2]]]), tensor([[[10, 1]]]), [4], options); // → tensor([[[10, 1, 20, 2]]])
 */
export const convolutionInput: Op<
  (output: TensorLike, weight: TensorLike, inputSize: Shape, options: ConvolutionOptions) => Tensor
> = defineOp({
  name: "convolutionInput",
  formula: String.raw`y_{nci} = \sum_{o,\; s t - p + d k = i} w_{ock}\, g_{not}`,
  call: (
    output: TensorLike,
    weight: TensorLike,
    inputSize: Shape,
    options: ConvolutionOptions,
  ) => ({
    operands: [output, weight],
    options: {
      ...readOptions("convolutionInput", options, ["inputSize"]),
      inputSize: checkShape("convolutionInput", inputSize),
    },
  }),
  shape: ([g, w], options) => {
    const where = "convolutionInput";
    const channels = (w!.shape[1] ?? 0) * options.groups;
    const shape = [g!.shape[0] ?? 0, channels, ...options.inputSize];
    checkOutput(where, g!.shape, convolvedShape(where, shape, w!.shape, options));
    return shape;
  },
  fills: true,
  forward: ([output, weight], y, options) => {
    const g = contiguousOperand(output!);
    const w = contiguousOperand(weight!);
    if (g.numel() === 0) y.storage.data.fill(0);
    if (y.numel() === 0 || g.numel() === 0) return;
    const geometry = geometryOf(y.shape, w.shape, g.shape, options);
    convolveInput(geometry, g, w, y);
  },
  vjp: [
    (cotangent, node) => convolution(cotangent, node.b, null, withoutSizes(node.options)),
    (cotangent, node) =>
      convolutionWeight(cotangent, node.a, node.shapeOf(1).slice(2), withoutSizes(node.options)),
  ],
  batch: (operands, batched, { inputSize, ...options }) => {
    if (!batched[1]) {
      const [g, w] = operands;
      return parted(convolutionInput(merged(g!), w!, inputSize, options), g!.shape[0]!);
    }
    const [g, w] = allBatched(operands, batched);
    const samples = g!.shape[0]!;
    const groups = samples * options.groups;
    const x = convolutionInput(intoChannels(g!), merged(w!), inputSize, { ...options, groups });
    return outOfChannels(x, samples);
  },
  samples: [
    (draw) => {
      const { x, w, y, options } = completed(draw);
      return [draw.tensor(y), draw.tensor(w), x.slice(2), options];
    },
  ],
  rejects: [
    {
      call: () => [zeros([1, 2, 4]), zeros([2, 1, 3]), [5], plain],
      message: /the output has shape \[1, 2, 4\], but these lengths make it \[1, 2, 3\]/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "places between strides that no output place met get 0",
      call: () => [tensor([[[1, 2]]]), tensor([[[3]]]), [4], { ...plain, stride: [2] }],
      result: [3, 0, 6, 0],
      gradients: [[3, 3], [3]],
    },
  ],
});

/**
 * The adjoint of the convolution in its kernel: for x of shape [N, C, *S] and g of [N, O, *T], the gradient with respect
 * to w.
 *
 * y[o, c, k] = Σ_{n, t} x[n, c, s·t − p + d·k] · g[n, o, t], of shape [O, C/groups, *kernelSize].
 *
 * @throws {ShapeError} when g does not have the shape of the convolution of x with such a kernel.
 * @example
 * import { convolutionWeight, tensor } from "@chainrule/core";
 * const options = { stride: [1], padding: [[0, 0]], dilation: [1], groups: 1 } as const;
 * convolutionWeight(tensor([[[1, 2, 3]]]), tensor([[[10, 1]]]), [2], options); // → tensor([[[12, 23]]])
 */
export const convolutionWeight: Op<
  (input: TensorLike, output: TensorLike, kernelSize: Shape, options: ConvolutionOptions) => Tensor
> = defineOp({
  name: "convolutionWeight",
  formula: String.raw`y_{ock} = \sum_{n,t} x_{n,c,\,s t - p + d k}\, g_{not}`,
  call: (
    input: TensorLike,
    output: TensorLike,
    kernelSize: Shape,
    options: ConvolutionOptions,
  ) => ({
    operands: [input, output],
    options: {
      ...readOptions("convolutionWeight", options, ["kernelSize"]),
      kernelSize: checkShape("convolutionWeight", kernelSize),
    },
  }),
  shape: ([x, g], options) => {
    const where = "convolutionWeight";
    const channels = (x!.shape[1] ?? 0) / options.groups;
    if (!Number.isInteger(channels)) {
      throw new ShapeError(
        `${where}: ${x!.shape[1]} input channels do not fall into ${options.groups} equal groups.`,
        { input: x!.shape, groups: options.groups },
      );
    }
    const shape = [g!.shape[1] ?? 0, channels, ...options.kernelSize];
    checkOutput(where, g!.shape, convolvedShape(where, x!.shape, shape, options));
    return shape;
  },
  forward: ([input, output], y, options) => {
    const x = contiguousOperand(input!);
    const g = contiguousOperand(output!);
    if (y.numel() === 0 || g.numel() === 0) return;
    const geometry = geometryOf(x.shape, y.shape, g.shape, options);
    convolveWeight(geometry, x, g, y);
  },
  vjp: [
    (cotangent, node) =>
      convolutionInput(node.b, cotangent, node.shapeOf(0).slice(2), withoutSizes(node.options)),
    (cotangent, node) => convolution(node.a, cotangent, null, withoutSizes(node.options)),
  ],
  batch: (operands, batched, { kernelSize, ...options }) => {
    const [x, g] = allBatched(operands, batched).map(intoChannels);
    const samples = sampleCount(operands, batched);
    const groups = samples * options.groups;
    return parted(convolutionWeight(x!, g!, kernelSize, { ...options, groups }), samples);
  },
  samples: [
    (draw) => {
      const { x, w, y, options } = completed(draw);
      return [draw.tensor(x), draw.tensor(y), w.slice(2), options];
    },
  ],
  rejects: [
    {
      call: () => [zeros([1, 3, 4]), zeros([1, 2, 4]), [1], { ...plain, groups: 2 }],
      message: /3 input channels do not fall into 2 equal groups/,
      type: ShapeError,
    },
    {
      call: () => [zeros([1, 1, 4]), zeros([1, 2, 4]), [2], plain],
      message: /the output has shape \[1, 2, 4\], but these lengths make it \[1, 2, 3\]/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "no samples: zeros",
      call: () => [zeros([0, 1, 2]), zeros([0, 1, 1]), [2], plain],
      result: [0, 0],
      gradients: [[], []],
    },
  ],
});

function withoutSizes({
  stride,
  padding,
  dilation,
  groups,
}: ConvolutionOptions): ConvolutionOptions {
  return { stride, padding, dilation, groups };
}
