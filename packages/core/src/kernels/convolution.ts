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
import type { Tensor } from "../tensor.ts";
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

/** y = x ⋆ w (+ bias). Tensors are contiguous here and below. */
export function convolve(
  geometry: ConvolutionGeometry,
  x: Tensor,
  w: Tensor,
  bias: ArrayLike<number> | null,
  y: Tensor,
): void {
  if (convolveAccelerated(geometry, x, w, bias, y)) return;
  y.storage.data.fill(0);
  const run = isShallow(geometry) ? convolveDirectly : convolveByColumns;
  run(geometry, x.storage.data, x.offset, w.storage.data, w.offset, bias, y.storage.data);
}

/** The gradient with respect to x: what each output place gets, given back to the places it was made of. */
export function convolveInput(
  geometry: ConvolutionGeometry,
  g: Tensor,
  w: Tensor,
  x: Tensor,
): void {
  if (convolveInputAccelerated(geometry, g, w, x)) return;
  x.storage.data.fill(0);
  const isDirect = geometry.outChannels <= directChannels && isShallow(geometry);
  const run = isDirect ? convolveInputDirectly : convolveInputByColumns;
  run(geometry, g.storage.data, g.offset, w.storage.data, w.offset, x.storage.data);
}

/** The gradient with respect to w. */
export function convolveWeight(
  geometry: ConvolutionGeometry,
  x: Tensor,
  g: Tensor,
  w: Tensor,
): void {
  if (convolveWeightAccelerated(geometry, x, g, w)) return;
  const run = isShallow(geometry) ? convolveWeightDirectly : convolveWeightByColumns;
  run(geometry, x.storage.data, x.offset, g.storage.data, g.offset, w.storage.data);
}
