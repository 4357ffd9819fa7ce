/**
 * Convolutions by several threads, in shared memory: each takes a sample and group, or a block of the kernel's gradient.
 * Every number is summed in the order in which one thread does it.
 */
import type { ConvolutionGeometry } from "../kernels/convolution-geometry.ts";
import { volume } from "../kernels/convolution-geometry.ts";
import { reachOf, unpadFor } from "../kernels/padded-image.ts";
import { isShared, teamFor } from "./backend.ts";
import type { Plan, Site } from "./convolution-plan.ts";
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
import { blockColumns, blockRows, blockSteps } from "./matmul.ts";
import { layout } from "./threads/layout.ts";
import type { Crew } from "./threads/team.ts";

/** From so many products on several threads are faster. */
const leastForTeam = 1 << 20;
/** So many numbers of images with padding are made at a time. */
const mostImages = 1 << 22;
/** As many calls of kernels as a part may have. */
const { mostCalls } = layout;
/** The gradient of the kernel is cut into so many blocks of columns, or fewer. */
const weightBlocks = 8;
const panel = 8;

/** A site of several threads, if they are to do the work. */
function siteFor(
  geometry: ConvolutionGeometry,
  ...large: readonly Float32Array[]
): (Site & { readonly crew: Crew }) | null {
  const products = productsOf(geometry);
  if (products === 0) return null;
  const team = teamFor(products, leastForTeam, isShared(...large));
  if (team === null) return null;
  const { crew, kernels, scratch } = team;
  return {
    crew,
    kernels,
    scratch,
    begin: (numbers, pieces, own, ownPieces) => crew.begin(numbers, pieces, own, ownPieces),
    takeOwn: (numbers) => scratch.takeOwn(numbers),
  };
}

function depthOf({ inChannels, kernel }: ConvolutionGeometry): number {
  return inChannels * volume(kernel);
}

/** As many calls of kernels as {@link multiplyPacked} makes, or some more. */
function callsOf(rows: number, steps: number, columns: number): number {
  const ofRows = 1 + Math.ceil(rows / blockRows);
  return Math.ceil(columns / blockColumns) * Math.ceil(steps / blockSteps) * ofRows;
}

/** How many samples' images are made at a time, and the numbers that they take. */
function imagesOf(
  geometry: ConvolutionGeometry,
  areThere: boolean,
  most = Number.POSITIVE_INFINITY,
): { at: number; numbers: number } {
  const { samples, groups, inChannels } = geometry;
  const size = groups * inChannels * volume(reachOf(geometry));
  const at = Math.min(samples, most, Math.max(1, Math.floor(mostImages / size)));
  return { at, numbers: areThere ? 0 : at * size };
}

/** Whether images need no padding, and lie where threads can read them. */
function areInPlace(geometry: ConvolutionGeometry, x: Float32Array): boolean {
  const reach = reachOf(geometry);
  const { input, padding } = geometry;
  return isShared(x) && reach.every((length, i) => length === input[i] && padding[i] === 0);
}

/** y = x ⋆ w (+ bias). False, with nothing done, where one thread is to do it. */
export function convolveTogether(
  geometry: ConvolutionGeometry,
  x: Float32Array,
  xOffset: number,
  w: Float32Array,
  wOffset: number,
  bias: ArrayLike<number> | null,
  y: Float32Array,
): boolean {
  const { outChannels: channels } = geometry;
  if (callsOf(channels, depthOf(geometry), volume(geometry.output)) + channels > mostCalls)
    return false;
  const site = siteFor(geometry, x, y);
  if (site === null) return false;
  const { crew, kernels, scratch } = site;
  const { samples, groups, outChannels } = geometry;
  const depth = depthOf(geometry);
  const outputs = volume(geometry.output);
  const isThere = areInPlace(geometry, x);
  const images = imagesOf(geometry, isThere);
  const sizeA = packedRows(outChannels, depth);
  const more =
    images.numbers +
    groups * (sizeA + outChannels * depth) +
    scratch.missing(y, samples * groups * outChannels * outputs);
  const plan = planOf(site, geometry, depth, outputs, more, 0);
  if (plan === null) return false;
  const weights = scratch.put(w, wOffset, wOffset + groups * outChannels * depth);
  const packed = scratch.take(groups * sizeA);
  const room = scratch.take(images.numbers);
  const target = scratch.target(y, 0, samples * groups * plan.ySize);
  for (let group = 0; group < groups; group++) {
    const source = weights + 4 * group * outChannels * depth;
    const rows = { ...plan, packedA: packed + 4 * group * sizeA };
    packAll(rows, source, 4 * depth, 4, outChannels, depth);
    crew.part();
  }
  crew.run();
  forEachImage(plan, x, xOffset, isThere, room, images.at, crew, (part, image) => {
    const group = part % groups;
    const withImage = { ...plan, image, packedA: packed + 4 * group * sizeA };
    const c = target + 4 * part * plan.ySize;
    if (bias === null) kernels.clear(c, 4 * plan.ySize);
    else
      for (let o = 0; o < outChannels; o++)
        kernels.fill(c + 4 * o * outputs, outputs, bias[group * outChannels + o]!);
    multiplyPacked(withImage, c, outChannels, depth, outputs, outputs, (...block) =>
      gatherOutputs(withImage, ...block),
    );
  });
  scratch.get(target, samples * groups * plan.ySize, y, 0);
  return true;
}

/** Notes a part for each sample and group, with the address of its image, and has them done, some at a time. */
function forEachImage(
  plan: Plan,
  x: Float32Array,
  xOffset: number,
  areThere: boolean,
  room: number,
  samplesAtATime: number,
  crew: Crew,
  compute: (part: number, image: number) => void,
): void {
  const { samples, groups } = plan.geometry;
  const base = plan.site.scratch.addressOf(x);
  for (let n = 0; n < samples; n += samplesAtATime) {
    const end = Math.min(samples, n + samplesAtATime) * groups;
    for (let part = n * groups; part < end; part++) {
      const from = xOffset + part * plan.xSize;
      const image = areThere ? base + 4 * from : room + 4 * (part - n * groups) * plan.imageSize;
      if (!areThere) putImage(plan, image, x, from);
      compute(part, image);
      crew.part();
    }
    crew.run();
  }
}

/** The gradient with respect to x. False, with nothing done, where one thread is to do it. */
export function convolveInputTogether(
  geometry: ConvolutionGeometry,
  g: Float32Array,
  gOffset: number,
  w: Float32Array,
  wOffset: number,
  x: Float32Array,
): boolean {
  const times = Math.ceil((geometry.output[0]! * geometry.output[1]!) / rowsAtATime(geometry));
  const columnsAtATime = rowsAtATime(geometry) * geometry.output[2]!;
  const calls = callsOf(depthOf(geometry), geometry.outChannels, columnsAtATime) + 2;
  if (times * calls + 1 > mostCalls) return false;
  const site = siteFor(geometry, g, x);
  if (site === null) return false;
  const { crew, kernels, scratch } = site;
  const { samples, groups, outChannels, output, stride } = geometry;
  const depth = depthOf(geometry);
  const outputs = volume(output);
  const width = output[2]!;
  const rowCount = output[0]! * output[1]!;
  const rows = rowsAtATime(geometry);
  const isThere = areInPlace(geometry, x);
  const images = imagesOf(geometry, isThere);
  const sizeA = packedRows(depth, outChannels);
  const ySize = outChannels * outputs;
  const more =
    images.numbers +
    groups * (sizeA + outChannels * depth) +
    scratch.missing(g, samples * groups * ySize);
  const own = depth * rows * width;
  const plan = planOf(site, geometry, outChannels, rows * width, more, own);
  if (plan === null) return false;
  const weights = scratch.put(w, wOffset, wOffset + groups * outChannels * depth);
  const packed = scratch.take(groups * sizeA);
  const room = scratch.take(images.numbers);
  const cotangents = scratch.put(g, gOffset, gOffset + samples * groups * ySize);
  const products = scratch.takeOwn(own);
  for (let group = 0; group < groups; group++) {
    const source = weights + 4 * group * outChannels * depth;
    packAll(
      { ...plan, packedA: packed + 4 * group * sizeA },
      source,
      4,
      4 * depth,
      depth,
      outChannels,
    );
    crew.part();
  }
  crew.run();
  const base = scratch.addressOf(x);
  const unpad = unpadFor(x, scratch.floats);
  for (let n = 0; n < samples; n += images.at) {
    const end = Math.min(samples, n + images.at) * groups;
    const imageOf = (part: number): number =>
      isThere ? base + 4 * part * plan.xSize : room + 4 * (part - n * groups) * plan.imageSize;
    for (let part = n * groups; part < end; part++) {
      const packedA = packed + 4 * (part % groups) * sizeA;
      const image = imageOf(part);
      kernels.clear(image, 4 * plan.imageSize);
      for (let row = 0; row < rowCount; row += rows) {
        const height = Math.min(rows, rowCount - row);
        const columns = height * width;
        kernels.clear(products, 4 * depth * columns);
        const source = cotangents + 4 * (part * ySize + row * width);
        const rowsOfA = { ...plan, packedA };
        multiplyPacked(
          rowsOfA,
          products,
          depth,
          outChannels,
          columns,
          columns,
          (j, p, count, steps) =>
            kernels.packColumns(
              plan.packedB,
              source + 4 * (p * outputs + j),
              4,
              4 * outputs,
              count,
              steps,
            ),
        );
        const corners = plan.corners + 4 * row;
        const step = 4 * stride[2]!;
        kernels.scatter(image, products, plan.offsets, corners, depth, height, width, step);
      }
      crew.part();
    }
    crew.run();
    if (isThere) continue;
    for (let part = n * groups; part < end; part++) {
      const first = imageOf(part) >> 2;
      if (plan.isPlain) scratch.get(imageOf(part), plan.xSize, x, part * plan.xSize);
      else {
        const image = scratch.floats.subarray(first, first + plan.imageSize);
        unpad(geometry, plan.reach, image, x, part * plan.xSize);
      }
    }
  }
  return true;
}

/** The gradient with respect to w. False, with nothing done, where one thread is to do it. */
export function convolveWeightTogether(
  geometry: ConvolutionGeometry,
  x: Float32Array,
  xOffset: number,
  g: Float32Array,
  gOffset: number,
  w: Float32Array,
): boolean {
  const { outChannels: channels } = geometry;
  const block = Math.ceil(depthOf(geometry) / weightBlocks / panel) * panel;
  const calls = 2 * callsOf(channels, volume(geometry.output), block);
  if (calls + channels > mostCalls) return false;
  const site = siteFor(geometry, x, g);
  if (site === null) return false;
  const { crew, kernels, scratch } = site;
  const { samples, groups, outChannels } = geometry;
  const depth = depthOf(geometry);
  const outputs = volume(geometry.output);
  const ySize = outChannels * outputs;
  const size = outChannels * depth;
  const isThere = areInPlace(geometry, x);
  const images = imagesOf(geometry, isThere, Math.floor((mostCalls - channels) / calls));
  const sizeA = packedRows(outChannels, outputs);
  const more =
    images.numbers +
    scratch.missing(g, samples * groups * ySize) +
    scratch.missing(w, groups * size);
  const plan = planOf(site, geometry, outputs, block, more, sizeA);
  if (plan === null) return false;
  const room = scratch.take(images.numbers);
  const cotangents = scratch.put(g, gOffset, gOffset + samples * groups * ySize);
  const target = scratch.target(w, 0, groups * size);
  const packedA = scratch.takeOwn(sizeA);
  const base = scratch.addressOf(x);
  for (let n = 0; n < samples; n += images.at) {
    const end = Math.min(samples, n + images.at);
    const imageOf = (part: number): number =>
      isThere
        ? base + 4 * (xOffset + part * plan.xSize)
        : room + 4 * (part - n * groups) * plan.imageSize;
    if (!isThere)
      for (let part = n * groups; part < end * groups; part++)
        putImage(plan, imageOf(part), x, xOffset + part * plan.xSize);
    for (let group = 0; group < groups; group++) {
      for (let first = 0; first < depth; first += block) {
        const columns = Math.min(block, depth - first);
        const c = target + 4 * (group * size + first);
        if (n === 0)
          for (let o = 0; o < outChannels; o++) kernels.clear(c + 4 * o * depth, 4 * columns);
        for (let sample = n; sample < end; sample++) {
          const part = sample * groups + group;
          const withImage = { ...plan, image: imageOf(part), packedA };
          packAll(withImage, cotangents + 4 * part * ySize, 4 * outputs, 4, outChannels, outputs);
          multiplyPacked(withImage, c, outChannels, outputs, columns, depth, (j, ...rest) =>
            gatherOffsets(withImage, first + j, ...rest),
          );
        }
        crew.part();
      }
    }
    crew.run();
  }
  scratch.get(target, groups * size, w, 0);
  return true;
}
