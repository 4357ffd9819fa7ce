/**
 * What convolutions as matrix products have in common: lengths, tables, packed operands. See `convolution.ts`.
 */
import type { ConvolutionGeometry } from "../kernels/convolution-geometry.ts";
import { volume } from "../kernels/convolution-geometry.ts";
import { cornersOf, offsetsOf, padFor, reachOf } from "../kernels/padded-image.ts";
import type { Kernels } from "./kernels.ts";
import { blockColumns, blockRows, blockSteps, mostPanelRows, panelColumns } from "./matmul.ts";
import type { Scratch } from "./scratch.ts";

/** Where a convolution is computed: by one thread, or by several, each of which has room of its own. */
export interface Site {
  readonly kernels: Kernels;
  readonly scratch: Scratch;
  /** Makes room for so many numbers, and for so many of each thread's own. False where there is no such memory. */
  begin(numbers: number, pieces: number, ownNumbers: number, ownPieces: number): boolean;
  takeOwn(numbers: number): number;
}

/** The lengths and tables of a convolution, the tables in WebAssembly's memory. */
export interface Plan {
  readonly site: Site;
  readonly geometry: ConvolutionGeometry;
  readonly reach: readonly number[];
  /** Products for each output, and outputs for each channel. */
  readonly depth: number;
  readonly outputs: number;
  /** Numbers of one sample and group: of x, with padding, and of y. */
  readonly xSize: number;
  readonly imageSize: number;
  readonly ySize: number;
  /** Whether windows reach over the whole input and nothing else. */
  readonly isPlain: boolean;
  /** Addresses: the distances of kernel places, the corners of all windows, those of the first in each row. */
  readonly offsets: number;
  readonly places: number;
  readonly corners: number;
  /** Room for a packed block of columns, and for a tile. */
  readonly packedB: number;
  readonly spare: number;
}

/** A sample and group: the address of its padded image. */
export interface WithImage extends Plan {
  readonly image: number;
}

/** Rows that are packed: their address. */
export interface WithRows extends Plan {
  readonly packedA: number;
}

/** How many numbers {@link packAll} writes. */
export function packedRows(rows: number, steps: number): number {
  return roundedRows(rows) * steps;
}

function roundedRows(rows: number): number {
  return rows + mostPanelRows;
}

function bytesOf(numbers: Int32Array): Int32Array {
  return numbers.map((value) => 4 * value);
}

/**
 * Makes room for a convolution whose products have so many steps and columns, for `more` numbers, and `own` of each thread.
 * `null` where there is no such memory.
 */
export function planOf(
  site: Site,
  geometry: ConvolutionGeometry,
  steps: number,
  columns: number,
  more: number,
  own: number,
): Plan | null {
  const { inChannels, outChannels, input, output, kernel, stride } = geometry;
  const depth = inChannels * volume(kernel);
  const outputs = volume(output);
  const reach = reachOf(geometry);
  const width = output[2]!;
  const rowCount = output[0]! * output[1]!;
  const sizeB = (Math.min(columns, blockColumns) + panelColumns) * Math.min(steps, blockSteps);
  const sizeTile = mostPanelRows * panelColumns;
  const { scratch } = site;
  const tables = depth + outputs + rowCount;
  if (!site.begin(tables + more, 16, own + sizeB + sizeTile, 8)) return null;
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
    site,
    geometry,
    reach,
    depth,
    outputs,
    xSize: inChannels * volume(input),
    imageSize: inChannels * volume(reach),
    ySize: outChannels * outputs,
    isPlain: reach.every((length, i) => length === input[i] && geometry.padding[i] === 0),
    offsets: putTable(bytesOf(offsetsOf(geometry, reach))),
    places: putTable(bytesOf(places)),
    corners: putTable(bytesOf(corners)),
    packedB: site.takeOwn(sizeB),
    spare: site.takeOwn(sizeTile),
  };
}

/** Copies one sample and group in, with its padding. */
export function putImage(
  { site: { scratch }, geometry, reach, isPlain, xSize, imageSize }: Plan,
  image: number,
  x: Float32Array,
  from: number,
): void {
  if (isPlain) {
    scratch.putAt(image, x, from, from + xSize);
    return;
  }
  const { floats } = scratch;
  const first = image >> 2;
  padFor(x, floats)(geometry, reach, x, from, floats.subarray(first, first + imageSize));
}

/** Where the panels of rows from i on lie, for steps from p on, so many at a time. */
function panelAt(packed: number, rows: number, i: number, p: number, steps: number): number {
  return packed + 4 * (p * roundedRows(rows) + i * steps);
}

/** Packs rows × steps numbers for {@link panelAt}; a row is rowStep bytes from the next, a step alongStep. */
export function packAll(
  { site: { kernels }, packedA }: WithRows,
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

/** C += A·B for packed rows of A and rows of C that are `stride` numbers apart, where `pack` packs a block of B: columns from j on, steps from p on. */
export function multiplyPacked(
  { site: { kernels }, packedA, packedB, spare }: WithRows,
  c: number,
  rows: number,
  steps: number,
  columns: number,
  stride: number,
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
        const tile = c + 4 * (i * stride + j);
        kernels.multiply(tile, 4 * stride, a, packedB, height, width, along, 0, spare);
      }
    }
  }
}

/** Packs windows as columns, for {@link multiplyPacked}: outputs along the columns, or along the steps. */
export function gatherOutputs(
  plan: WithImage,
  j: number,
  p: number,
  width: number,
  steps: number,
): void {
  const { site, packedB, image, places, offsets } = plan;
  site.kernels.gatherColumns(packedB, image, places + 4 * j, offsets + 4 * p, width, steps);
}

export function gatherOffsets(
  plan: WithImage,
  j: number,
  p: number,
  width: number,
  steps: number,
): void {
  const { site, packedB, image, places, offsets } = plan;
  site.kernels.gatherColumns(packedB, image, offsets + 4 * j, places + 4 * p, width, steps);
}

/** How many products of numbers a convolution and its gradients take. */
export function productsOf(geometry: ConvolutionGeometry): number {
  const { samples, groups, inChannels, outChannels, kernel, output } = geometry;
  return samples * groups * outChannels * inChannels * volume(kernel) * volume(output);
}

/** Products that are given back to an image are kept for so many numbers at a time, unless one row takes more. */
const mostProducts = 1 << 18;

/** So many rows of outputs are given back to the image together. */
export function rowsAtATime({ inChannels, kernel, output }: ConvolutionGeometry): number {
  const row = inChannels * volume(kernel) * output[2]!;
  return Math.min(output[0]! * output[1]!, Math.max(1, Math.floor(mostProducts / row)));
}
