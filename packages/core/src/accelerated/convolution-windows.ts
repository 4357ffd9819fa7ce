/**
 * Convolutions of groups with few output channels, such as depthwise ones, in WebAssembly: as sums over windows. A matrix
 * product would compute whole panels of channels, and gather windows that nobody else needs.
 *
 * Every output is a sum in the order of the kernel's places; the gradient of the kernel is four sums of every fourth window
 * of each row, and one of those that are left. The bound is that of all orders, see `convolution.ts`. Small gradients of the
 * input are sums in double precision, rounded once.
 */
import type { ConvolutionGeometry } from "../kernels/convolution-geometry.ts";
import type { Tensor } from "../tensor.ts";
import type { Lengths, Tables } from "./convolution-plan.ts";
import { forEachPart, imageNumbers, padded, putTables, tableNumbers } from "./convolution-plan.ts";
import { Room, roomFor } from "./room.ts";
import { layout } from "./threads/layout.ts";
import { computeWhole } from "./whole.ts";

/** Groups with more output channels are faster as products. Measured. */
const mostChannels = 2;
/** From so many products on copying the operands pays. */
const leastProducts = 1 << 13;
/** The gradient of the kernel falls into blocks of so many samples, or more where these are many. */
const samplesOfBlock = 4;
const mostBlocks = 32;

/**
 * Where so few products make up the gradient of the input, those of few channels are summed in double precision: a matrix
 * product is hardly faster there, and rounds as often as there are products.
 */
const mostWideChannels = 4;
const mostWideProducts = 1 << 15;

export function isWide(lengths: Lengths): boolean {
  const { samples, groups, outChannels } = lengths.geometry;
  const products = samples * groups * productsOf(lengths);
  return outChannels <= mostWideChannels && products <= mostWideProducts;
}

export function isNarrow({ outChannels }: ConvolutionGeometry): boolean {
  return outChannels <= mostChannels;
}

/** Where the windows of a plane of outputs lie, as the kernels want to know it. */
function windowsOf(
  { geometry, depth, rowCount, width }: Lengths,
  { offsets, corners }: Tables,
): readonly [number, number, number, number, number, number] {
  return [offsets, depth, corners, rowCount, width, 4 * geometry.stride[2]!];
}

function productsOf({ geometry, depth, outputs }: Lengths): number {
  return geometry.outChannels * depth * outputs;
}

/** y = x ⋆ w (+ bias). False, with nothing done, where plain loops are to do it. */
export function convolveNarrow(
  lengths: Lengths,
  x: Tensor,
  w: Tensor,
  bias: ArrayLike<number> | null,
  y: Tensor,
): boolean {
  const { geometry, depth, outputs, xSize, ySize, wSize } = lengths;
  const { samples, groups, outChannels } = geometry;
  const products = productsOf(lengths);
  const image = imageNumbers(lengths);
  const task = {
    operands: [x, w],
    results: [y],
    work: samples * groups * products,
    least: leastProducts,
    common: tableNumbers(lengths),
    own: roomFor(image),
  };
  return computeWhole(task, (place) => {
    const { kernels } = place;
    const [from, weights] = place.operands as [number, number];
    const [to] = place.results as [number];
    const tables = putTables(lengths, place, new Room(place.common));
    const windows = windowsOf(lengths, tables);
    forEachPart(samples * groups, products, outChannels + 1, place.part, (at) => {
      const group = at % groups;
      const base = padded(lengths, tables, kernels, from + 4 * at * xSize, place.own);
      for (let o = 0; o < outChannels; o++) {
        const target = to + 4 * (at * ySize + o * outputs);
        const weight = weights + 4 * (group * wSize + o * depth);
        const shift = bias === null ? 0 : bias[group * outChannels + o]!;
        kernels.windowSums(target, base, weight, ...windows, shift);
      }
    });
  });
}

/** The gradient with respect to x. False, with nothing done, where plain loops are to do it. */
export function convolveInputNarrow(lengths: Lengths, g: Tensor, w: Tensor, x: Tensor): boolean {
  const { geometry, depth, outputs, xSize, ySize, wSize, imageSize } = lengths;
  const { isPlain, isCovered, imageRows, before, length, after } = lengths;
  const { samples, groups, outChannels } = geometry;
  const products = productsOf(lengths);
  const isWideImage = isWide(lengths);
  const task = {
    operands: [g, w],
    results: [x],
    work: samples * groups * products,
    least: leastProducts,
    common: tableNumbers(lengths),
    own: roomFor(isPlain ? 0 : imageSize, isWideImage ? 2 * imageSize : 0),
  };
  return computeWhole(task, (place) => {
    const { kernels } = place;
    const [cotangents, weights] = place.operands as [number, number];
    const [to] = place.results as [number];
    const tables = putTables(lengths, place, new Room(place.common));
    const windows = windowsOf(lengths, tables);
    const own = new Room(place.own);
    const ownImage = own.take(isPlain ? 0 : imageSize);
    const wide = own.take(isWideImage ? 2 * imageSize : 0);
    forEachPart(samples * groups, products, outChannels + 4, place.part, (at) => {
      const target = to + 4 * at * xSize;
      const base = isPlain ? target : ownImage;
      if (isWideImage) kernels.clear(wide, 8 * imageSize);
      else kernels.clear(base, 4 * imageSize);
      for (let o = 0; o < outChannels; o++) {
        const source = cotangents + 4 * (at * ySize + o * outputs);
        const weight = weights + 4 * ((at % groups) * wSize + o * depth);
        if (isWideImage) kernels.windowSpreadWide(wide, source, weight, ...windows);
        else kernels.windowSpread(base, source, weight, ...windows);
      }
      if (isWideImage) kernels.narrow(base, wide, imageSize);
      if (isPlain) return;
      if (!isCovered) kernels.clear(target, 4 * xSize);
      kernels.unpadRows(target, base, tables.starts, imageRows, before, length, after);
    });
  });
}

/** The gradient with respect to w. False, with nothing done, where plain loops are to do it. */
export function convolveWeightNarrow(lengths: Lengths, x: Tensor, g: Tensor, w: Tensor): boolean {
  const { geometry, depth, outputs, xSize, ySize, wSize } = lengths;
  const { samples, groups, outChannels } = geometry;
  const products = productsOf(lengths);
  const image = imageNumbers(lengths);
  const size = groups * wSize;
  const calls = outChannels + 1;
  const mostSamples = Math.floor(layout.mostCalls / 2 / calls);
  const each = Math.max(samplesOfBlock, Math.ceil(samples / mostBlocks));
  const blocks = Math.ceil(samples / each);
  if (each > mostSamples) return false;
  const task = {
    operands: [x, g],
    results: [w],
    work: samples * groups * products,
    least: leastProducts,
    common: tableNumbers(lengths) + roomFor(blocks === 1 ? 0 : blocks * size),
    own: roomFor(image),
  };
  return computeWhole(task, (place) => {
    const { kernels, part } = place;
    const [from, cotangents] = place.operands as [number, number];
    const [to] = place.results as [number];
    const common = new Room(place.common);
    const tables = putTables(lengths, place, common);
    const windows = windowsOf(lengths, tables);
    const partials = blocks === 1 ? to : common.take(blocks * size);
    forEachPart(blocks * groups, each * products, each * calls, part, (at) => {
      const first = Math.floor(at / groups) * each;
      const group = at % groups;
      for (let n = first; n < Math.min(samples, first + each); n++) {
        const sample = n * groups + group;
        const base = padded(lengths, tables, kernels, from + 4 * sample * xSize, place.own);
        for (let o = 0; o < outChannels; o++) {
          const target = partials + 4 * (at * wSize + o * depth);
          const source = cotangents + 4 * (sample * ySize + o * outputs);
          kernels.windowDots(target, source, base, ...windows, n > first ? 1 : 0);
        }
      }
    });
    if (blocks === 1) return;
    place.wait();
    kernels.sumParts(to, partials, blocks, 4 * size, size);
    part();
  });
}
