/**
 * Images with their padding around them, in double precision: every kernel place is a fixed distance from the corner of
 * its window, and no loop has to ask for borders.
 */
import type { ConvolutionGeometry } from "./convolution-geometry.ts";
import { perDType } from "./specialize.ts";

/** The lengths of a padded image: what all windows together reach over. */
export function reachOf({ kernel, output, stride, dilation }: ConvolutionGeometry): number[] {
  return kernel.map((k, i) => (output[i]! - 1) * stride[i]! + dilation[i]! * (k - 1) + 1);
}

/** The distance of each kernel place of each channel from the corner of the window, in a padded image. */
export function offsetsOf(geometry: ConvolutionGeometry, reach: readonly number[]): Int32Array {
  const { inChannels, kernel, dilation } = geometry;
  const [kd, kh, kw] = kernel as [number, number, number];
  const offsets = new Int32Array(inChannels * kd * kh * kw);
  let at = 0;
  for (let c = 0; c < inChannels; c++)
    for (let z = 0; z < kd; z++)
      for (let y = 0; y < kh; y++)
        for (let x = 0; x < kw; x++) {
          const row = (c * reach[0]! + z * dilation[0]!) * reach[1]! + y * dilation[1]!;
          offsets[at++] = row * reach[2]! + x * dilation[2]!;
        }
  return offsets;
}

/** The corner of the first window of each output row, in a padded image. */
export function cornersOf(
  { output, stride }: ConvolutionGeometry,
  reach: readonly number[],
): Int32Array {
  const corners = new Int32Array(output[0]! * output[1]!);
  for (let z = 0; z < output[0]!; z++)
    for (let y = 0; y < output[1]!; y++)
      corners[z * output[1]! + y] = (z * stride[0]! * reach[1]! + y * stride[1]!) * reach[2]!;
  return corners;
}

/** Copies the channels of one sample and group into an image with padding. */
export const padFor = perDType(function padImage(
  geometry: ConvolutionGeometry,
  reach: readonly number[],
  x: ArrayLike<number>,
  from: number,
  image: { [index: number]: number },
): void {
  const { inChannels, input, padding } = geometry;
  const [d, h, w] = input as [number, number, number];
  const [rd, rh, rw] = reach as [number, number, number];
  const shift = padding[2]!;
  const first = Math.min(Math.max(shift, 0), rw);
  const last = Math.max(Math.min(w + shift, rw), first);
  let to = 0;
  for (let c = 0; c < inChannels; c++) {
    for (let z = 0; z < rd; z++) {
      const iz = z - padding[0]!;
      for (let y = 0; y < rh; y++) {
        const iy = y - padding[1]!;
        const end = to + rw;
        if (iz < 0 || iz >= d || iy < 0 || iy >= h) {
          while (to < end) image[to++] = 0;
          continue;
        }
        let at = from + ((c * d + iz) * h + iy) * w - shift + first;
        const begin = to + first;
        const stop = to + last;
        while (to < begin) image[to++] = 0;
        while (to < stop) image[to++] = x[at++]!;
        while (to < end) image[to++] = 0;
      }
    }
  }
});

/** Copies the padded image back, without its padding. */
export const unpadFor = perDType(function unpadImage(
  geometry: ConvolutionGeometry,
  reach: readonly number[],
  image: ArrayLike<number>,
  x: { [index: number]: number },
  to: number,
): void {
  const { inChannels, input, padding } = geometry;
  const [d, h, w] = input as [number, number, number];
  const [rd, rh, rw] = reach as [number, number, number];
  const shift = padding[2]!;
  const first = Math.max(-shift, 0);
  const last = Math.min(w, rw - shift);
  for (let c = 0; c < inChannels; c++) {
    for (let z = 0; z < d; z++) {
      const iz = z + padding[0]!;
      if (iz < 0 || iz >= rd) continue;
      for (let y = 0; y < h; y++) {
        const iy = y + padding[1]!;
        if (iy < 0 || iy >= rh) continue;
        const at = ((c * rd + iz) * rh + iy) * rw + shift;
        const row = to + ((c * d + z) * h + y) * w;
        for (let i = first; i < last; i++) x[row + i] = image[at + i]!;
      }
    }
  }
});
