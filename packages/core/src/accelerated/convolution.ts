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
import { cornersOf, offsetsOf, padFor, reachOf, unpadFor } from "../kernels/padded-image.ts";
import type { Accelerator } from "./backend.ts";
import { acceleratorFor } from "./backend.ts";
import { blockColumns, blockRows, blockSteps, mostPanelRows, panelColumns } from "./matmul.ts";

/** From so many products on copying the operands pays. */
const leastProducts = 1 << 14;
/** Products that are given back to an image are kept for so many numbers at a time, unless one row takes more. */
const mostProducts = 1 << 18;

/** The lengths and tables of a convolution, the tables in WebAssembly's memory. */
interface Plan {
  readonly accelerator: Accelerator;
  readonly geometry: ConvolutionGeometry;
  readonly reach: readonly number[];
  /** Products for each output, and outputs for each channel. */
  readonly depth: number;
  readonly outputs: number;
  readonly xSize: number;
  readonly ySize: number;
  /** Whether windows reach over the whole input and nothing else. */
  readonly isPlain: boolean;
  /**
   * Addresses: the distances of kernel places, the corners of all windows, those of the first in each row, the image.
   */
  readonly offsets: number;
  readonly places: number;
  readonly corners: number;
  readonly image: number;
  /** Room for packed operands, and for a tile. */
  readonly packedA: number;
  readonly packedB: number;
  readonly spare: number;
}

function bytesOf(numbers: Int32Array): Int32Array {
  return numbers.map((value) => 4 * value);
}

function roundedRows(rows: number): number {
  return rows + mostPanelRows;
}

/** Looks a convolution over and makes room for it and for `more` numbers; `null` where plain loops are to do it. */
function planOf(
  geometry: ConvolutionGeometry,
  rows: number,
  steps: number,
  columns: number,
  more: number,
): Plan | null {
  const { samples, groups, inChannels, outChannels, input, output, kernel, stride } = geometry;
  const depth = inChannels * volume(kernel);
  const outputs = volume(output);
  const products = samples * groups * outChannels * depth * outputs;
  const accelerator = acceleratorFor(products, leastProducts);
  if (accelerator === null || products === 0) return null;
  const reach = reachOf(geometry);
  const imageSize = inChannels * volume(reach);
  const width = output[2]!;
  const rowCount = output[0]! * output[1]!;
  const sizeA = roundedRows(rows) * steps;
  const sizeB = (Math.min(columns, blockColumns) + panelColumns) * Math.min(steps, blockSteps);
  const sizeTile = mostPanelRows * panelColumns;
  const { scratch } = accelerator;
  const tables = depth + outputs + rowCount;
  if (!scratch.begin(tables + imageSize + sizeA + sizeB + sizeTile + more, 16)) return null;
  const putTable = (table: Int32Array): number => {
    const address = scratch.take(table.length);
    scratch.words.set(table, address >> 2);
    return address;
  };
  const corners = cornersOf(geometry, reach);
  const places = new Int32Array(outputs);
  for (let t = 0; t < outputs; t++)
    places[t] = corners[Math.floor(t / width)]! + (t % width) * stride[2]!;
  return {
    accelerator,
    geometry,
    reach,
    depth,
    outputs,
    xSize: inChannels * volume(input),
    ySize: outChannels * outputs,
    isPlain: reach.every((length, i) => length === input[i] && geometry.padding[i] === 0),
    offsets: putTable(bytesOf(offsetsOf(geometry, reach))),
    places: putTable(bytesOf(places)),
    corners: putTable(bytesOf(corners)),
    image: scratch.take(imageSize),
    packedA: scratch.take(sizeA),
    packedB: scratch.take(sizeB),
    spare: scratch.take(sizeTile),
  };
}

/** Copies one sample and group in, with its padding. */
function putImage({ accelerator, geometry, ...plan }: Plan, x: Float32Array, from: number): void {
  const { floats } = accelerator.scratch;
  const first = plan.image >> 2;
  if (plan.isPlain) {
    floats.set(x.subarray(from, from + plan.xSize), first);
    return;
  }
  const image = floats.subarray(first, first + geometry.inChannels * volume(plan.reach));
  padFor(x, floats)(geometry, plan.reach, x, from, image);
}

/** Where the panels of rows from i on lie, for steps from p on, so many at a time. */
function panelAt(packed: number, rows: number, i: number, p: number, steps: number): number {
  return packed + 4 * (p * roundedRows(rows) + i * steps);
}

/** Packs rows × steps numbers for {@link panelAt}; a row is rowStep bytes from the next, a step alongStep. */
function packAll(
  { accelerator: { kernels }, packedA }: Plan,
  source: number,
  rowStep: number,
  alongStep: number,
  rows: number,
  steps: number,
): void {
  for (let p = 0; p < steps; p += blockSteps) {
    const along = Math.min(blockSteps, steps - p);
    for (let i = 0; i < rows; i += blockRows) {
      const height = Math.min(blockRows, rows - i);
      const from = source + i * rowStep + p * alongStep;
      const to = panelAt(packedA, rows, i, p, along);
      kernels.packRows(to, from, rowStep, alongStep, height, along);
    }
  }
}

/** C += A·B for packed rows of A, where `pack` packs a block of B: columns from j on, steps from p on. */
function multiplyPacked(
  { accelerator: { kernels }, packedA, packedB, spare }: Plan,
  c: number,
  rows: number,
  steps: number,
  columns: number,
  pack: (j: number, p: number, width: number, depth: number) => void,
): void {
  for (let j = 0; j < columns; j += blockColumns) {
    const width = Math.min(blockColumns, columns - j);
    for (let p = 0; p < steps; p += blockSteps) {
      const along = Math.min(blockSteps, steps - p);
      pack(j, p, width, along);
      for (let i = 0; i < rows; i += blockRows) {
        const height = Math.min(blockRows, rows - i);
        const a = panelAt(packedA, rows, i, p, along);
        const tile = c + 4 * (i * columns + j);
        kernels.multiply(tile, 4 * columns, a, packedB, height, width, along, 0, spare);
      }
    }
  }
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
  if (!(x instanceof Float32Array && w instanceof Float32Array && y instanceof Float32Array))
    return false;
  const { samples, groups, outChannels } = geometry;
  const depth = geometry.inChannels * volume(geometry.kernel);
  const outputs = volume(geometry.output);
  const more = outChannels * (depth + outputs);
  const plan = planOf(geometry, outChannels, depth, outputs, more);
  if (plan === null) return false;
  const { scratch, kernels } = plan.accelerator;
  const weights = scratch.take(outChannels * depth);
  const c = scratch.take(plan.ySize);
  const gather = (j: number, p: number, width: number, steps: number): void => {
    const { packedB, image, places, offsets } = plan;
    kernels.gatherColumns(packedB, image, places + 4 * j, offsets + 4 * p, width, steps);
  };
  for (let group = 0; group < groups; group++) {
    const from = wOffset + group * outChannels * depth;
    scratch.floats.set(w.subarray(from, from + outChannels * depth), weights >> 2);
    packAll(plan, weights, 4 * depth, 4, outChannels, depth);
    for (let n = 0; n < samples; n++) {
      const part = n * groups + group;
      putImage(plan, x, xOffset + part * plan.xSize);
      for (let o = 0, at = c >> 2; o < outChannels; o++, at += outputs)
        scratch.floats.fill(bias === null ? 0 : bias[group * outChannels + o]!, at, at + outputs);
      multiplyPacked(plan, c, outChannels, depth, outputs, gather);
      scratch.get(c, plan.ySize, y, part * plan.ySize);
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
  if (!(g instanceof Float32Array && w instanceof Float32Array && x instanceof Float32Array))
    return false;
  const { samples, groups, inChannels, outChannels, output, stride } = geometry;
  const depth = inChannels * volume(geometry.kernel);
  const outputs = volume(output);
  const width = output[2]!;
  const rowCount = output[0]! * output[1]!;
  const rows = Math.min(rowCount, Math.max(1, Math.floor(mostProducts / (depth * width))));
  const more = outChannels * (depth + outputs) + depth * rows * width;
  const plan = planOf(geometry, depth, outChannels, rows * width, more);
  if (plan === null) return false;
  const { scratch, kernels } = plan.accelerator;
  const weights = scratch.take(outChannels * depth);
  const cotangent = scratch.take(plan.ySize);
  const products = scratch.take(depth * rows * width);
  const imageSize = inChannels * volume(plan.reach);
  const first = plan.image >> 2;
  const image = scratch.floats.subarray(first, first + imageSize);
  const unpad = unpadFor(x, image);
  for (let group = 0; group < groups; group++) {
    const from = wOffset + group * outChannels * depth;
    scratch.floats.set(w.subarray(from, from + outChannels * depth), weights >> 2);
    packAll(plan, weights, 4, 4 * depth, depth, outChannels);
    for (let n = 0; n < samples; n++) {
      const part = n * groups + group;
      const start = gOffset + part * plan.ySize;
      scratch.floats.set(g.subarray(start, start + plan.ySize), cotangent >> 2);
      image.fill(0);
      for (let row = 0; row < rowCount; row += rows) {
        const height = Math.min(rows, rowCount - row);
        const columns = height * width;
        scratch.floats.fill(0, products >> 2, (products >> 2) + depth * columns);
        const source = cotangent + 4 * row * width;
        multiplyPacked(plan, products, depth, outChannels, columns, (j, p, count, steps) => {
          const block = source + 4 * (p * outputs + j);
          kernels.packColumns(plan.packedB, block, 4, 4 * outputs, count, steps);
        });
        const corners = plan.corners + 4 * row;
        const step = 4 * stride[2]!;
        kernels.scatter(plan.image, products, plan.offsets, corners, depth, height, width, step);
      }
      if (plan.isPlain) x.set(image, part * plan.xSize);
      else unpad(geometry, plan.reach, image, x, part * plan.xSize);
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
  if (!(x instanceof Float32Array && g instanceof Float32Array && w instanceof Float32Array))
    return false;
  const { samples, groups, outChannels } = geometry;
  const depth = geometry.inChannels * volume(geometry.kernel);
  const outputs = volume(geometry.output);
  const more = outChannels * (depth + outputs);
  const plan = planOf(geometry, outChannels, outputs, depth, more);
  if (plan === null) return false;
  const { scratch, kernels } = plan.accelerator;
  const size = outChannels * depth;
  const c = scratch.take(size);
  const cotangent = scratch.take(plan.ySize);
  const gather = (j: number, p: number, width: number, steps: number): void => {
    const { packedB, image, places, offsets } = plan;
    kernels.gatherColumns(packedB, image, offsets + 4 * j, places + 4 * p, width, steps);
  };
  for (let group = 0; group < groups; group++) {
    scratch.floats.fill(0, c >> 2, (c >> 2) + size);
    for (let n = 0; n < samples; n++) {
      const part = n * groups + group;
      const start = gOffset + part * plan.ySize;
      scratch.floats.set(g.subarray(start, start + plan.ySize), cotangent >> 2);
      packAll(plan, cotangent, 4 * outputs, 4, outChannels, outputs);
      putImage(plan, x, xOffset + part * plan.xSize);
      multiplyPacked(plan, c, outChannels, outputs, depth, gather);
    }
    scratch.get(c, size, w, group * size);
  }
  return true;
}
