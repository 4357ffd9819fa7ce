/**
 * Convolutions in up to three spatial dimensions (missing ones have length 1).
 *
 * One sum over samples n, groups, output channels o, input channels c, output places t and kernel places k,
 *
 *     Σ x[n, c, s·t − p + d·k] · w[o, c, k] · g[n, o, t],
 *
 * read with respect to g is the convolution, with respect to x its adjoint (the transposed convolution), and with
 * respect to w the gradient of the kernel. Each is computed by matrix products or by the sums themselves, whichever is
 * faster for such lengths.
 */
import {
  convolveAccelerated,
  convolveInputAccelerated,
  convolveWeightAccelerated,
} from "../accelerated/convolution.ts";
import type { TypedArray } from "../dtype.ts";
import {
  convolveByColumns,
  convolveInputByColumns,
  convolveWeightByColumns,
} from "./convolution-columns.ts";
import {
  convolveDirectly,
  convolveInputDirectly,
  convolveWeightDirectly,
} from "./convolution-direct.ts";
import type { ConvolutionGeometry } from "./convolution-geometry.ts";
import { volume } from "./convolution-geometry.ts";

/** Up to so many products an output, columns cost more than they save. Measured. */
const directDepth = 256;
/** The direct adjoint writes where the others read: it pays for groups of few output channels only. Measured. */
const directChannels = 4;

function isShallow({ inChannels, kernel }: ConvolutionGeometry): boolean {
  return inChannels * volume(kernel) <= directDepth;
}

/** y = x ⋆ w (+ bias). */
export function convolve(
  geometry: ConvolutionGeometry,
  x: TypedArray,
  xOffset: number,
  w: TypedArray,
  wOffset: number,
  bias: ArrayLike<number> | null,
  y: TypedArray,
): void {
  if (convolveAccelerated(geometry, x, xOffset, w, wOffset, bias, y)) return;
  const run = isShallow(geometry) ? convolveDirectly : convolveByColumns;
  run(geometry, x, xOffset, w, wOffset, bias, y);
}

/** The gradient with respect to x: what each output place gets, given back to the places it was made of. */
export function convolveInput(
  geometry: ConvolutionGeometry,
  g: TypedArray,
  gOffset: number,
  w: TypedArray,
  wOffset: number,
  x: TypedArray,
): void {
  if (convolveInputAccelerated(geometry, g, gOffset, w, wOffset, x)) return;
  const isDirect = geometry.outChannels <= directChannels && isShallow(geometry);
  const run = isDirect ? convolveInputDirectly : convolveInputByColumns;
  run(geometry, g, gOffset, w, wOffset, x);
}

/** The gradient with respect to w. */
export function convolveWeight(
  geometry: ConvolutionGeometry,
  x: TypedArray,
  xOffset: number,
  g: TypedArray,
  gOffset: number,
  w: TypedArray,
): void {
  if (convolveWeightAccelerated(geometry, x, xOffset, g, gOffset, w)) return;
  const run = isShallow(geometry) ? convolveWeightDirectly : convolveWeightByColumns;
  run(geometry, x, xOffset, g, gOffset, w);
}
