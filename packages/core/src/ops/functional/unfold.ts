/**
 * Patches of images as columns, and back.
 */
import type { TensorLike } from "../../creation.ts";
import { tensor, toTensor, zeros } from "../../creation.ts";
import { ArgumentError, checkOptions, ShapeError } from "../../errors.ts";
import { foldColumns, unfoldColumns } from "../../kernels/convolution-columns.ts";
import type { ConvolutionGeometry } from "../../kernels/convolution-geometry.ts";
import type { Op } from "../../op.ts";
import { contiguousOperand, defineOp } from "../../op.ts";
import type { Draw } from "../../samples.ts";
import type { Shape } from "../../shape.ts";
import { elementCount, formatShape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { reshape } from "../reshape.ts";
import { convolvedLengths } from "./convolution-options.ts";
import type { PerDim } from "./spatial.ts";
import { readPerDim, threefold } from "./spatial.ts";

/** Options of {@link unfold} and {@link fold}. */
export interface UnfoldOptions {
  /** The distance between neighbouring elements of a patch; 1 unless given. */
  dilation?: PerDim | undefined;
  /** Zeros on both sides; 0 unless given. */
  padding?: PerDim | undefined;
  /** The step from one patch to the next; 1 unless given. */
  stride?: PerDim | undefined;
}

/** Where patches lie. */
interface Patches {
  readonly kernelSize: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly stride: readonly number[];
}

function readPatches(
  where: string,
  kernelSize: PerDim,
  options: UnfoldOptions | undefined,
): Patches {
  checkOptions(where, options, ["dilation", "padding", "stride"]);
  const { dilation = 1, padding = 0, stride = 1 } = options ?? {};
  return {
    kernelSize: readPerDim(where, "kernelSize", kernelSize, 2, 1),
    dilation: readPerDim(where, "dilation", dilation, 2, 1),
    padding: readPerDim(where, "padding", padding, 2, 0),
    stride: readPerDim(where, "stride", stride, 2, 1),
  };
}

/** How many patches there are along each dimension. */
function patchCounts(where: string, lengths: Shape, patches: Patches): number[] {
  const { kernelSize, dilation, padding, stride } = patches;
  const pairs = padding.map((p): [number, number] => [p, p]);
  const options = { stride, dilation, padding: pairs, groups: 1 };
  return convolvedLengths(where, lengths, kernelSize, options);
}

function geometryOf(
  lead: Shape,
  channels: number,
  lengths: Shape,
  patches: Patches,
): ConvolutionGeometry {
  return {
    samples: elementCount(lead),
    groups: 1,
    inChannels: channels,
    outChannels: 1,
    input: threefold(lengths, 1),
    kernel: threefold(patches.kernelSize, 1),
    output: threefold(patchCounts("unfold", lengths, patches), 1),
    stride: threefold(patches.stride, 1),
    padding: threefold(patches.padding, 0),
    dilation: threefold(patches.dilation, 1),
  };
}

function drawPatches(draw: Draw): {
  image: number[];
  kernelSize: number[];
  options: UnfoldOptions;
} {
  const kernelSize = [draw.integer(1, 2), draw.integer(1, 2)];
  const dilation = [draw.integer(1, 2), draw.integer(1, 2)];
  const lengths = kernelSize.map((k, i) => dilation[i]! * (k - 1) + 1 + draw.integer(0, 2));
  const lead = draw.boolean() ? [draw.integer(0, 2)] : [];
  return {
    image: [...lead, draw.integer(1, 2), ...lengths],
    kernelSize,
    options: { dilation, padding: draw.integer(0, 1), stride: draw.integer(1, 2) },
  };
}

/**
 * Patches of images as columns: for x of shape [N, C, H, W] (or [C, H, W]) a tensor of [N, C·KH·KW, L], whose column l holds
 * the elements under the kernel at its l-th place, row by row; elements outside count as 0. Also known as im2col.
 *
 * @throws {ShapeError} when x has another number of dimensions, or the kernel is larger than the image.
 * @throws {ArgumentError} for options that are unknown or out of range.
 * @example
 * import { arange, unfold } from "@chainrule/core";
 * const x = arange(6).reshape([1, 2, 3]);
 * unfold(x, [2, 1]).toArray(); // → [ [ 0, 1, 2 ], [ 3, 4, 5 ] ]
 */
export const unfold: Op<(x: TensorLike, kernelSize: PerDim, options?: UnfoldOptions) => Tensor> =
  defineOp({
    name: "unfold",
    formula: String.raw`y_{(c k), t} = x_{c,\, s t - p + d k}`,
    call: (x: TensorLike, kernelSize: PerDim, options?: UnfoldOptions) => ({
      operands: [x],
      options: readPatches("unfold", kernelSize, options),
    }),
    shape: ([x], patches) => {
      const { shape } = x!;
      if (shape.length !== 3 && shape.length !== 4) {
        throw new ShapeError(
          `unfold: the input needs shape [N, C, H, W] or [C, H, W], not ${formatShape(shape)}.`,
          { shape },
        );
      }
      const [channels, ...lengths] = shape.slice(-3) as [number, number, number];
      const counts = patchCounts("unfold", lengths, patches);
      const rows = channels * elementCount(patches.kernelSize);
      return [...shape.slice(0, -3), rows, elementCount(counts)];
    },
    forward: ([input], y, patches) => {
      const x = contiguousOperand(input!);
      const [channels, ...lengths] = x.shape.slice(-3) as [number, number, number];
      const geometry = geometryOf(x.shape.slice(0, -3), channels, lengths, patches);
      unfoldColumns(geometry, x.storage.data, x.offset, y.storage.data);
    },
    vjp: [
      (cotangent, node) => {
        const { kernelSize, ...options } = node.options;
        return fold(cotangent, node.shapeOf(0).slice(-2), kernelSize, options);
      },
    ],
    batch: ([x], _batched, { kernelSize, ...options }) => {
      const lead = x!.shape.slice(0, -3);
      const images = reshape(x!, [elementCount(lead), ...x!.shape.slice(-3)]);
      const y = unfold(images, kernelSize, options);
      return reshape(y, [...lead, ...y.shape.slice(1)]);
    },
    samples: [
      (draw) => {
        const { image, kernelSize, options } = drawPatches(draw);
        return [draw.tensor(image), kernelSize, options];
      },
    ],
    rejects: [
      {
        call: () => [zeros([4, 4]), 2],
        message: /needs shape \[N, C, H, W\] or \[C, H, W\], not \[4, 4\]/,
        type: ShapeError,
      },
      {
        call: () => [zeros([1, 2, 2]), 3],
        message: /the kernel reaches over 3 elements, but spatial dimension 0 has 2/,
        type: ShapeError,
      },
      { call: () => [zeros([1, 2, 2]), 0], message: /kernelSize must be/, type: ArgumentError },
    ],
    edges: [
      {
        note: "elements in two patches get both gradients",
        call: () => [tensor([[[1, 2, 3]]]), [1, 2]],
        result: [1, 2, 2, 3],
        gradients: [[1, 2, 1]],
      },
    ],
  });

/**
 * Columns added up to images of size `outputSize`: for x of shape [N, C·KH·KW, L] (or without N) a tensor of [N, C, H, W],
 * each column being put in its patch's place. The adjoint of `unfold`, also known as col2im.
 *
 * @throws {ShapeError} when the rows do not fall into patches, or there are more or fewer columns than patches.
 * @throws {ArgumentError} for options that are unknown or out of range.
 * @example
 * import { fold, ones } from "@chainrule/core";
 * fold(ones([2, 2]), [1, 3], [1, 2]).toArray(); // → [ [ [ 1, 2, 1 ] ] ]
 */
export const fold: Op<
  (x: TensorLike, outputSize: PerDim, kernelSize: PerDim, options?: UnfoldOptions) => Tensor
> = defineOp({
  name: "fold",
  formula: String.raw`y_{ci} = \sum_{s t - p + d k = i} x_{(c k), t}`,
  call: (x: TensorLike, outputSize: PerDim, kernelSize: PerDim, options?: UnfoldOptions) => ({
    operands: [toTensor("fold", x)],
    options: {
      ...readPatches("fold", kernelSize, options),
      outputSize: readPerDim("fold", "outputSize", outputSize, 2, 1),
    },
  }),
  shape: ([x], patches) => {
    const { shape } = x!;
    const count = elementCount(patchCounts("fold", patches.outputSize, patches));
    const size = elementCount(patches.kernelSize);
    const [rows, columns] = shape.slice(-2);
    const fits = (shape.length === 2 || shape.length === 3) && rows! % size === 0;
    if (!fits || !sameShape([columns!], [count])) {
      throw new ShapeError(
        `fold: the input has shape ${formatShape(shape)}, but patches of ${formatShape(patches.kernelSize)} in images of ${formatShape(patches.outputSize)} make ${count} columns of a multiple of ${size} rows.`,
        { shape, outputSize: patches.outputSize, kernelSize: patches.kernelSize },
      );
    }
    return [...shape.slice(0, -2), rows! / size, ...patches.outputSize];
  },
  forward: ([columns], y, patches) => {
    const x = contiguousOperand(columns!);
    const channels = y.shape.at(-3)!;
    const geometry = geometryOf(y.shape.slice(0, -3), channels, patches.outputSize, patches);
    foldColumns(geometry, x.storage.data, x.offset, y.storage.data);
  },
  vjp: [
    (cotangent, node) => {
      const { kernelSize, outputSize: _, ...options } = node.options;
      return unfold(cotangent, kernelSize, options);
    },
  ],
  batch: ([x], _batched, { kernelSize, outputSize, ...options }) => {
    const lead = x!.shape.slice(0, -2);
    const columns = reshape(x!, [elementCount(lead), ...x!.shape.slice(-2)]);
    const y = fold(columns, outputSize, kernelSize, options);
    return reshape(y, [...lead, ...y.shape.slice(1)]);
  },
  samples: [
    (draw) => {
      const { image, kernelSize, options } = drawPatches(draw);
      const shape = unfold(zeros(image), kernelSize, options).shape;
      return [draw.tensor(shape), image.slice(-2), kernelSize, options];
    },
  ],
  rejects: [
    {
      call: () => [zeros([4, 3]), [3, 3], 2],
      message:
        /input has shape \[4, 3\], but patches of \[2, 2\] in images of \[3, 3\] make 4 columns/,
      type: ShapeError,
    },
  ],
  edges: [
    {
      note: "patches that overlap add up",
      call: () => [
        tensor([
          [1, 2],
          [3, 4],
        ]),
        [1, 3],
        [1, 2],
      ],
      result: [1, 5, 4],
      gradients: [[1, 1, 1, 1]],
    },
  ],
});
