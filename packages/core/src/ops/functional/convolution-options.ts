/**
 * The options of convolutions, and what shapes they ask for.
 */
import { ArgumentError, checkInteger, checkOptions, ShapeError } from "../../errors.ts";
import type { ConvolutionGeometry } from "../../kernels/convolution-geometry.ts";
import type { Shape } from "../../shape.ts";
import { formatShape, sameShape } from "../../shape.ts";
import { readPerDim, threefold } from "./spatial.ts";

/** How a kernel moves over its input; one entry for each of the one to three spatial dimensions. */
export interface ConvolutionOptions {
  /** The step from one output place to the next. */
  readonly stride: readonly number[];
  /** Zeros before the first and after the last element; negative: so many elements are left out. */
  readonly padding: readonly (readonly [number, number])[];
  /** The distance between neighbouring elements under the kernel. */
  readonly dilation: readonly number[];
  /** Input and output channels fall into so many parts, each convolved by itself. */
  readonly groups: number;
}

const optionNames = ["stride", "padding", "dilation", "groups"];

export function readOptions(
  where: string,
  options: ConvolutionOptions,
  more: readonly string[] = [],
): ConvolutionOptions {
  checkOptions(where, options, [...optionNames, ...more]);
  const padding: unknown = options?.padding;
  const rank = Array.isArray(padding) ? padding.length : 0;
  const isPaired =
    Array.isArray(padding) &&
    rank >= 1 &&
    rank <= 3 &&
    padding.every((pair) => Array.isArray(pair) && pair.length === 2);
  if (!isPaired) {
    throw new ArgumentError(
      `${where}: padding must hold a pair [before, after] for each of 1 to 3 spatial dimensions.`,
      { padding },
    );
  }
  return {
    stride: readPerDim(where, "stride", options.stride, rank, 1),
    padding: padding.map((pair) => readPerDim(where, "padding", pair, 2) as [number, number]),
    dilation: readPerDim(where, "dilation", options.dilation, rank, 1),
    groups: checkInteger(where, "groups", options.groups, 1),
  };
}

/** The length of the output along each spatial dimension: ⌊(S + p₀ + p₁ − d·(K − 1) − 1) / s⌋ + 1. */
export function convolvedLengths(
  where: string,
  input: Shape,
  kernel: Shape,
  { stride, padding, dilation }: ConvolutionOptions,
): number[] {
  return input.map((length, i) => {
    const [before, after] = padding[i]!;
    const reach = dilation[i]! * (kernel[i]! - 1) + 1;
    const padded = length + before + after;
    if (kernel[i]! < 1) {
      throw new ShapeError(
        `${where}: the kernel of spatial lengths ${formatShape(kernel)} has no elements.`,
        { kernel },
      );
    }
    if (padded < reach) {
      throw new ShapeError(
        `${where}: the kernel reaches over ${reach} elements, but spatial dimension ${i} has ${length}${padded === length ? "" : ` (${padded} with padding)`}. ` +
          "Use a smaller kernel or dilation, or more padding.",
        { input, kernel, padding, dilation },
      );
    }
    return Math.floor((padded - reach) / stride[i]!) + 1;
  });
}

/** Refuses shapes of x and w that do not fit, and gives the shape of the result. */
export function convolvedShape(
  where: string,
  x: Shape,
  w: Shape,
  options: ConvolutionOptions,
): number[] {
  const rank = options.stride.length;
  if (x.length !== rank + 2 || w.length !== rank + 2) {
    throw new ShapeError(
      `${where}: input and weight need ${rank + 2} dimensions (samples, channels and ${rank} spatial), but have shapes ${formatShape(x)} and ${formatShape(w)}.`,
      { input: x, weight: w },
    );
  }
  checkChannels(where, x[1]!, w, options.groups);
  return [x[0]!, w[0]!, ...convolvedLengths(where, x.slice(2), w.slice(2), options)];
}

/** Refuses a weight that does not fit to the channels of the input. */
export function checkChannels(where: string, channels: number, w: Shape, groups: number): void {
  if (channels !== w[1]! * groups) {
    const wanted = groups === 1 ? `${w[1]}` : `${w[1]} · ${groups} groups = ${w[1]! * groups}`;
    throw new ShapeError(
      `${where}: the input has ${channels} channels, but the weight of shape ${formatShape(w)} is made for ${wanted}.`,
      { channels, weight: w, groups },
    );
  }
  if (w[0]! % groups !== 0) {
    throw new ShapeError(
      `${where}: ${w[0]} output channels do not fall into ${groups} equal groups.`,
      { weight: w, groups },
    );
  }
}

/** Refuses a cotangent that does not have the shape of the result. */
export function checkOutput(where: string, found: Shape, expected: Shape): void {
  if (!sameShape(found, expected)) {
    throw new ShapeError(
      `${where}: the output has shape ${formatShape(found)}, but these lengths make it ${formatShape(expected)}.`,
      { output: found, expected },
    );
  }
}

export function geometryOf(
  x: Shape,
  w: Shape,
  y: Shape,
  { stride, padding, dilation, groups }: ConvolutionOptions,
): ConvolutionGeometry {
  return {
    samples: x[0]!,
    groups,
    inChannels: w[1]!,
    outChannels: w[0]! / groups,
    input: threefold(x.slice(2), 1),
    kernel: threefold(w.slice(2), 1),
    output: threefold(y.slice(2), 1),
    stride: threefold(stride, 1),
    padding: threefold(
      padding.map(([before]) => before),
      0,
    ),
    dilation: threefold(dilation, 1),
  };
}

/** Refuses a bias that is not one number for each output channel. */
export function checkBias(where: string, bias: Shape, channels: number): void {
  if (!sameShape(bias, [channels])) {
    throw new ShapeError(
      `${where}: the bias has shape ${formatShape(bias)}, but there are ${channels} output channels.`,
      { bias, channels },
    );
  }
}
