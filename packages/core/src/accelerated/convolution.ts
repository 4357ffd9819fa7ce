/**
 * Convolutions of float32 numbers in WebAssembly, as matrix products of one sample and group at a time.
 *
 * What a product reads is gathered from the padded image straight into panels, by two tables: the corners of the
 * windows, and the distance of each kernel place from the corner. So strides, paddings and dilations cost nothing. The
 * error of a sum of k products is at most (k + 1)·2⁻²⁴ times the sum of their magnitudes, as with any order of adding.
 */
import type { TypedArray } from "../dtype.ts";
import type { ConvolutionGeometry } from "../kernels/convolution-geometry.ts";
import { volume } from "../kernels/convolution-geometry.ts";
import { reachOf, unpadFor } from "../kernels/padded-image.ts";
import { acceleratorFor } from "./backend.ts";
import type { Site } from "./convolution-plan.ts";
import {
  gatherOffsets,
  gatherOutputs,
  multiplyPacked,
  packAll,
  packedRows,
  planOf,
  productsOf,
  putImage,
  rowsAtATime,
} from "./convolution-plan.ts";
import {
  convolveInputTogether,
  convolveTogether,
  convolveWeightTogether,
} from "./convolution-together.ts";

/** From so many products on copying the operands pays. */
const leastProducts = 1 << 14;

/** One thread, if it is to do the work. */
function siteFor(geometry: ConvolutionGeometry): Site | null {
  const products = productsOf(geometry);
  const accelerator = acceleratorFor(products, leastProducts);
  if (accelerator === null || products === 0) return null;
  const { kernels, scratch } = accelerator;
  return {
    kernels,
    scratch,
    begin: (numbers, pieces, own, ownPieces) => scratch.begin(numbers + own, pieces + ownPieces),
    takeOwn: (numbers) => scratch.take(numbers),
  };
}

function areFloats(...arrays: readonly TypedArray[]): boolean {
  return arrays.every((array) => array instanceof Float32Array);
}

/** y = x ⋆ w (+ bias). False, with nothing done, where plain loops are to do it. */
export function convolveAccelerated(
  geometry: ConvolutionGeometry,
  x: TypedArray,
  xOffset: number,
  w: TypedArray,
  wOffset: number,
  bias: ArrayLike<number> | null,
  y: TypedArray,
): boolean {
  if (!areFloats(x, w, y)) return false;
  const [from, weights, to] = [x as Float32Array, w as Float32Array, y as Float32Array];
  if (convolveTogether(geometry, from, xOffset, weights, wOffset, bias, to)) return true;
  const site = siteFor(geometry);
  if (site === null) return false;
  const { samples, groups, inChannels, outChannels } = geometry;
  const depth = inChannels * volume(geometry.kernel);
  const outputs = volume(geometry.output);
  const imageSize = inChannels * volume(reachOf(geometry));
  const sizeA = packedRows(outChannels, depth);
  const more = imageSize + sizeA + outChannels * (depth + outputs);
  const base = planOf(site, geometry, depth, outputs, more, 0);
  if (base === null) return false;
  const { scratch } = site;
  const plan = { ...base, image: scratch.take(imageSize), packedA: scratch.take(sizeA) };
  const placed = scratch.take(outChannels * depth);
  const c = scratch.take(plan.ySize);
  for (let group = 0; group < groups; group++) {
    const first = wOffset + group * outChannels * depth;
    scratch.putAt(placed, weights, first, first + outChannels * depth);
    packAll(plan, placed, 4 * depth, 4, outChannels, depth);
    for (let n = 0; n < samples; n++) {
      const part = n * groups + group;
      putImage(plan, plan.image, from, xOffset + part * plan.xSize);
      for (let o = 0, at = c >> 2; o < outChannels; o++, at += outputs)
        scratch.floats.fill(bias === null ? 0 : bias[group * outChannels + o]!, at, at + outputs);
      multiplyPacked(plan, c, outChannels, depth, outputs, outputs, (...block) =>
        gatherOutputs(plan, ...block),
      );
      scratch.get(c, plan.ySize, to, part * plan.ySize);
    }
  }
  return true;
}

/** The gradient with respect to x. False, with nothing done, where plain loops are to do it. */
export function convolveInputAccelerated(
  geometry: ConvolutionGeometry,
  g: TypedArray,
  gOffset: number,
  w: TypedArray,
  wOffset: number,
  x: TypedArray,
): boolean {
  if (!areFloats(g, w, x)) return false;
  const [from, weights, to] = [g as Float32Array, w as Float32Array, x as Float32Array];
  if (convolveInputTogether(geometry, from, gOffset, weights, wOffset, to)) return true;
  const site = siteFor(geometry);
  if (site === null) return false;
  const { samples, groups, inChannels, outChannels, output, stride } = geometry;
  const depth = inChannels * volume(geometry.kernel);
  const outputs = volume(output);
  const width = output[2]!;
  const rowCount = output[0]! * output[1]!;
  const rows = rowsAtATime(geometry);
  const imageSize = inChannels * volume(reachOf(geometry));
  const sizeA = packedRows(depth, outChannels);
  const more = imageSize + sizeA + outChannels * (depth + outputs) + depth * rows * width;
  const base = planOf(site, geometry, outChannels, rows * width, more, 0);
  if (base === null) return false;
  const { scratch, kernels } = site;
  const plan = { ...base, image: scratch.take(imageSize), packedA: scratch.take(sizeA) };
  const placed = scratch.take(outChannels * depth);
  const cotangent = scratch.take(plan.ySize);
  const products = scratch.take(depth * rows * width);
  const image = scratch.floats.subarray(plan.image >> 2, (plan.image >> 2) + imageSize);
  const unpad = unpadFor(to, image);
  for (let group = 0; group < groups; group++) {
    const first = wOffset + group * outChannels * depth;
    scratch.putAt(placed, weights, first, first + outChannels * depth);
    packAll(plan, placed, 4, 4 * depth, depth, outChannels);
    for (let n = 0; n < samples; n++) {
      const part = n * groups + group;
      const start = gOffset + part * plan.ySize;
      scratch.putAt(cotangent, from, start, start + plan.ySize);
      image.fill(0);
      for (let row = 0; row < rowCount; row += rows) {
        const height = Math.min(rows, rowCount - row);
        const columns = height * width;
        scratch.floats.fill(0, products >> 2, (products >> 2) + depth * columns);
        const source = cotangent + 4 * row * width;
        multiplyPacked(
          plan,
          products,
          depth,
          outChannels,
          columns,
          columns,
          (j, p, count, steps) => {
            const block = source + 4 * (p * outputs + j);
            kernels.packColumns(plan.packedB, block, 4, 4 * outputs, count, steps);
          },
        );
        const corners = plan.corners + 4 * row;
        const step = 4 * stride[2]!;
        kernels.scatter(plan.image, products, plan.offsets, corners, depth, height, width, step);
      }
      if (plan.isPlain) scratch.get(plan.image, plan.xSize, to, part * plan.xSize);
      else unpad(geometry, plan.reach, image, to, part * plan.xSize);
    }
  }
  return true;
}

/** The gradient with respect to w. False, with nothing done, where plain loops are to do it. */
export function convolveWeightAccelerated(
  geometry: ConvolutionGeometry,
  x: TypedArray,
  xOffset: number,
  g: TypedArray,
  gOffset: number,
  w: TypedArray,
): boolean {
  if (!areFloats(x, g, w)) return false;
  const [from, cotangents, to] = [x as Float32Array, g as Float32Array, w as Float32Array];
  if (convolveWeightTogether(geometry, from, xOffset, cotangents, gOffset, to)) return true;
  const site = siteFor(geometry);
  if (site === null) return false;
  const { samples, groups, inChannels, outChannels } = geometry;
  const depth = inChannels * volume(geometry.kernel);
  const outputs = volume(geometry.output);
  const imageSize = inChannels * volume(reachOf(geometry));
  const sizeA = packedRows(outChannels, outputs);
  const more = imageSize + sizeA + outChannels * (depth + outputs);
  const base = planOf(site, geometry, outputs, depth, more, 0);
  if (base === null) return false;
  const { scratch } = site;
  const plan = { ...base, image: scratch.take(imageSize), packedA: scratch.take(sizeA) };
  const size = outChannels * depth;
  const c = scratch.take(size);
  const cotangent = scratch.take(plan.ySize);
  for (let group = 0; group < groups; group++) {
    scratch.floats.fill(0, c >> 2, (c >> 2) + size);
    for (let n = 0; n < samples; n++) {
      const part = n * groups + group;
      const start = gOffset + part * plan.ySize;
      scratch.putAt(cotangent, cotangents, start, start + plan.ySize);
      packAll(plan, cotangent, 4 * outputs, 4, outChannels, outputs);
      putImage(plan, plan.image, from, xOffset + part * plan.xSize);
      multiplyPacked(plan, c, outChannels, outputs, depth, depth, (...block) =>
        gatherOffsets(plan, ...block),
      );
    }
    scratch.get(c, size, to, group * size);
  }
  return true;
}
