/**
 * Convolutions without matrices: the sums of their definition, several outputs at a time, over padded images of one sample
 * and group. Where kernels are small, making and packing columns would cost more than the products themselves.
 */
import type { TypedArray } from "../dtype.ts";
import type { ConvolutionGeometry } from "./convolution-geometry.ts";
import { cornersOf, offsetsOf, padFor, reachOf, unpadFor } from "./padded-image.ts";
import {
  copyFor,
  correlate,
  correlateOne,
  forwardFor,
  packFor,
  singleFor,
  spread,
  spreadOne,
} from "./window-sums.ts";

/** y = x ⋆ w (+ bias), by the sums of the definition. */
export function convolveDirectly(
  geometry: ConvolutionGeometry,
  x: TypedArray,
  xOffset: number,
  w: TypedArray,
  wOffset: number,
  bias: ArrayLike<number> | null,
  y: TypedArray,
): void {
  const { samples, groups, inChannels, outChannels, input, output, stride } = geometry;
  const reach = reachOf(geometry);
  const offsets = offsetsOf(geometry, reach);
  const corners = cornersOf(geometry, reach);
  const depth = offsets.length;
  const image = new Float64Array(inChannels * reach[0]! * reach[1]! * reach[2]!);
  const packed = new Float64Array(Math.ceil(outChannels / 4) * 4 * depth);
  const xSize = inChannels * input[0]! * input[1]! * input[2]!;
  const ySize = outChannels * output[0]! * output[1]! * output[2]!;
  const pad = padFor(x);
  const pack = packFor(w);
  const forward = forwardFor(y);
  const single = singleFor(w, y);
  for (let group = 0; group < groups; group++) {
    pack(w, wOffset + group * outChannels * depth, outChannels, depth, packed);
    for (let n = 0; n < samples; n++) {
      const part = n * groups + group;
      pad(geometry, reach, x, xOffset + part * xSize, image);
      if (outChannels === 1) {
        const shift = bias === null ? 0 : bias[group]!;
        const from = wOffset + group * depth;
        single(image, corners, offsets, w, from, output[2]!, stride[2]!, shift, y, part * ySize);
        continue;
      }
      forward(
        image,
        corners,
        offsets,
        packed,
        output[2]!,
        stride[2]!,
        outChannels,
        bias,
        group * outChannels,
        y,
        part * ySize,
      );
    }
  }
}

/** The gradient with respect to w, by the sums of the definition. */
export function convolveWeightDirectly(
  geometry: ConvolutionGeometry,
  x: TypedArray,
  xOffset: number,
  g: TypedArray,
  gOffset: number,
  w: TypedArray,
): void {
  const { samples, groups, inChannels, outChannels, input, output, stride } = geometry;
  const reach = reachOf(geometry);
  const offsets = offsetsOf(geometry, reach);
  const corners = cornersOf(geometry, reach);
  const depth = offsets.length;
  const image = new Float64Array(inChannels * reach[0]! * reach[1]! * reach[2]!);
  const xSize = inChannels * input[0]! * input[1]! * input[2]!;
  const ySize = outChannels * output[0]! * output[1]! * output[2]!;
  const cotangent = new Float64Array(ySize);
  const total = new Float64Array(outChannels * depth);
  const pad = padFor(x);
  const copy = copyFor(g);
  for (let group = 0; group < groups; group++) {
    total.fill(0);
    for (let n = 0; n < samples; n++) {
      const part = n * groups + group;
      pad(geometry, reach, x, xOffset + part * xSize, image);
      copy(g, gOffset + part * ySize, ySize, cotangent);
      if (outChannels === 1)
        correlateOne(image, corners, offsets, cotangent, output[2]!, stride[2]!, total);
      else
        correlate(image, corners, offsets, cotangent, output[2]!, stride[2]!, outChannels, total);
    }
    w.set(total, group * total.length);
  }
}

/** The gradient with respect to x, by the sums of the definition. */
export function convolveInputDirectly(
  geometry: ConvolutionGeometry,
  g: TypedArray,
  gOffset: number,
  w: TypedArray,
  wOffset: number,
  x: TypedArray,
): void {
  const { samples, groups, inChannels, outChannels, input, output, stride } = geometry;
  const reach = reachOf(geometry);
  const offsets = offsetsOf(geometry, reach);
  const corners = cornersOf(geometry, reach);
  const depth = offsets.length;
  const image = new Float64Array(inChannels * reach[0]! * reach[1]! * reach[2]!);
  const packed = new Float64Array(Math.ceil(outChannels / 4) * 4 * depth);
  const xSize = inChannels * input[0]! * input[1]! * input[2]!;
  const ySize = outChannels * output[0]! * output[1]! * output[2]!;
  const cotangent = new Float64Array(ySize);
  const pack = packFor(w);
  const copy = copyFor(g);
  const unpad = unpadFor(x);
  for (let group = 0; group < groups; group++) {
    pack(w, wOffset + group * outChannels * depth, outChannels, depth, packed);
    for (let n = 0; n < samples; n++) {
      const part = n * groups + group;
      copy(g, gOffset + part * ySize, ySize, cotangent);
      image.fill(0);
      if (outChannels === 1)
        spreadOne(image, corners, offsets, packed, cotangent, output[2]!, stride[2]!);
      else spread(image, corners, offsets, packed, cotangent, output[2]!, stride[2]!, outChannels);
      unpad(geometry, reach, image, x, part * xSize);
    }
  }
}
