/**
 * What convolutions have in common: lengths, tables, padded images, packed operands. See `convolution.ts`.
 */
import type { ConvolutionGeometry } from "../kernels/convolution-geometry.ts";
import { volume } from "../kernels/convolution-geometry.ts";
import { cornersOf, offsetsOf, reachOf } from "../kernels/padded-image.ts";
import { blockRows, blockSteps, mostPanelRows, panelColumns } from "./factors.ts";
import type { Kernels } from "./kernels.ts";
import { blockColumns } from "./matmul.ts";
import { type Room, roomFor } from "./room.ts";
import { layout } from "./threads/layout.ts";
import type { Place } from "./whole.ts";

/** The lengths of a convolution, in numbers, unless it says bytes. */
export interface Lengths {
  readonly geometry: ConvolutionGeometry;
  readonly reach: readonly number[];
  /** Products for each output, and outputs for each channel. */
  readonly depth: number;
  readonly outputs: number;
  readonly width: number;
  readonly rowCount: number;
  /** One sample and group: of x, with padding, and of y; and the weights of a group. */
  readonly xSize: number;
  readonly imageSize: number;
  readonly ySize: number;
  readonly wSize: number;
  /** The rows of an image, and what they consist of: zeros, numbers of x, zeros. */
  readonly imageRows: number;
  readonly before: number;
  readonly length: number;
  readonly after: number;
  /** Whether windows reach over the whole input and nothing else: x is the image. */
  readonly isPlain: boolean;
  /** Whether every number of x has a place in the image. */
  readonly isCovered: boolean;
}

export function lengthsOf(geometry: ConvolutionGeometry): Lengths {
  const { inChannels, outChannels, input, output, kernel, padding } = geometry;
  const depth = inChannels * volume(kernel);
  const outputs = volume(output);
  const reach = reachOf(geometry);
  const [rd, rh, rw] = reach as [number, number, number];
  const shift = padding[2]!;
  const before = Math.min(Math.max(shift, 0), rw);
  const length = Math.max(Math.min(input[2]! + shift, rw) - before, 0);
  return {
    geometry,
    reach,
    depth,
    outputs,
    width: output[2]!,
    rowCount: output[0]! * output[1]!,
    xSize: inChannels * volume(input),
    imageSize: inChannels * volume(reach),
    ySize: outChannels * outputs,
    wSize: outChannels * depth,
    imageRows: inChannels * rd * rh,
    before,
    length,
    after: rw - before - length,
    isPlain: reach.every((n, i) => n === input[i] && padding[i] === 0),
    isCovered: reach.every((n, i) => padding[i]! >= 0 && n >= input[i]! + padding[i]!),
  };
}

/** The tables of a convolution, by their addresses. */
export interface Tables {
  /** For each row of the image, where its numbers begin in x; −1 for rows of zeros. */
  readonly starts: number;
  /** The distances of kernel places, the corners of all windows, those of the first in each row. */
  readonly offsets: number;
  readonly places: number;
  readonly corners: number;
}

/** How many numbers {@link putTables} writes. */
export function tableNumbers({ imageRows, depth, outputs, rowCount }: Lengths): number {
  return roomFor(imageRows, depth, outputs, rowCount);
}

export function putTables(lengths: Lengths, { scratch: { words } }: Place, room: Room): Tables {
  const { geometry, reach, outputs, width } = lengths;
  const put = (table: Int32Array): number => {
    const address = room.take(table.length);
    const at = address >> 2;
    for (let i = 0; i < table.length; i++) words[at + i] = 4 * table[i]!;
    return address;
  };
  const rowCorners = cornersOf(geometry, reach);
  const all = new Int32Array(outputs);
  const step = geometry.stride[2]!;
  for (let row = 0, t = 0; row < rowCorners.length; row++)
    for (let i = 0; i < width; i++, t++) all[t] = rowCorners[row]! + i * step;
  return {
    starts: put(startsOf(lengths)),
    offsets: put(offsetsOf(geometry, reach)),
    places: put(all),
    corners: put(rowCorners),
  };
}

/** Where the numbers of each row of an image begin in x; −1 for rows of zeros. */
function startsOf({ geometry, reach, imageRows, before, length }: Lengths): Int32Array {
  const { inChannels, input, padding } = geometry;
  const [d, h, w] = input as [number, number, number];
  const starts = new Int32Array(imageRows).fill(-1);
  let row = 0;
  for (let c = 0; c < inChannels; c++) {
    for (let z = 0; z < reach[0]!; z++) {
      const iz = z - padding[0]!;
      for (let y = 0; y < reach[1]!; y++, row++) {
        const iy = y - padding[1]!;
        if (length > 0 && iz >= 0 && iz < d && iy >= 0 && iy < h)
          starts[row] = ((c * d + iz) * h + iy) * w + before - padding[2]!;
      }
    }
  }
  return starts;
}

/** Copies one sample and group of x to an image, with its padding; the address of the image. */
export function padded(
  lengths: Lengths,
  { starts }: Tables,
  kernels: Kernels,
  x: number,
  image: number,
): number {
  if (lengths.isPlain) return x;
  const { imageRows, before, length, after } = lengths;
  kernels.padRows(image, x, starts, imageRows, before, length, after);
  return image;
}

/** How many numbers an image takes that {@link padded} makes. */
export function imageNumbers({ isPlain, imageSize }: Lengths): number {
  return isPlain ? 0 : imageSize + 4;
}

/** How many numbers {@link packAll} writes. */
export function packedRows(rows: number, steps: number): number {
  return roundedRows(rows) * steps;
}

function roundedRows(rows: number): number {
  return rows + mostPanelRows;
}

/** Where the panels of rows from i on lie, for steps from p on, so many at a time. */
function panelAt(packed: number, rows: number, i: number, p: number, steps: number): number {
  return packed + 4 * (p * roundedRows(rows) + i * steps);
}

/** Packs rows × steps numbers for {@link multiplyPacked}; a row is rowStep bytes from the next, a step alongStep. */
export function packAll(
  kernels: Kernels,
  packed: number,
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
      const to = panelAt(packed, rows, i, p, along);
      kernels.packRows(to, from, rowStep, alongStep, height, along);
    }
  }
}

/** How many numbers a packed block of columns takes, and a tile. */
export function blockNumbers(steps: number, columns: number): readonly [number, number] {
  const block = (Math.min(columns, blockColumns) + panelColumns) * Math.min(steps, blockSteps);
  return [block, mostPanelRows * panelColumns];
}

/** A product of packed rows. */
export interface Product {
  /** The addresses of the packed rows, and of room for a packed block of columns and for a tile. */
  readonly packedA: number;
  readonly packedB: number;
  readonly spare: number;
  /** Where it is written: the address of its first number, and how many numbers its rows lie apart. */
  readonly c: number;
  readonly stride: number;
  readonly rows: number;
  readonly steps: number;
  readonly columns: number;
  /** Whether it is added to what is there. */
  readonly isAdded: boolean;
}

/** Multiplies, where `pack` packs a block of columns to packedB: columns from j on, steps from p on. */
export function multiplyPacked(
  kernels: Kernels,
  { packedA, packedB, spare, c, stride, rows, steps, columns, isAdded }: Product,
  pack: (j: number, p: number, width: number, depth: number) => void,
): void {
  for (let j = 0; j < columns; j += blockColumns) {
    const width = Math.min(blockColumns, columns - j);
    for (let p = 0; p < steps; p += blockSteps) {
      const along = Math.min(blockSteps, steps - p);
      const isFirst = p === 0 && !isAdded ? 1 : 0;
      pack(j, p, width, along);
      for (let i = 0; i < rows; i += blockRows) {
        const height = Math.min(blockRows, rows - i);
        const a = panelAt(packedA, rows, i, p, along);
        const tile = c + 4 * (i * stride + j);
        kernels.multiply(tile, 4 * stride, a, packedB, height, width, along, isFirst, spare);
      }
    }
  }
}

/** As many calls of kernels as {@link multiplyPacked} makes, or some more. */
export function callsOf(rows: number, steps: number, columns: number): number {
  const ofRows = 1 + Math.ceil(rows / blockRows);
  return Math.ceil(columns / blockColumns) * Math.ceil(steps / blockSteps) * ofRows;
}

/** How many products of numbers a convolution and its gradients take. */
export function productsOf(geometry: ConvolutionGeometry): number {
  const { samples, groups, inChannels, outChannels, kernel, output } = geometry;
  return samples * groups * outChannels * inChannels * volume(kernel) * volume(output);
}

/** Products that are given back to an image are kept for so many numbers at a time, unless one row takes more. */
const mostProducts = 1 << 16;

/** So many rows of outputs are given back to the image together. */
export function rowsAtATime({ depth, width, rowCount }: Lengths): number {
  return Math.min(rowCount, Math.max(1, Math.floor(mostProducts / (depth * width))));
}

/** A part has so many products, or one sample and group. */
const partProducts = 1 << 16;

/** Calls `compute` for each sample and group, and ends a part when enough has come together. */
export function forEachPart(
  count: number,
  products: number,
  calls: number,
  part: () => void,
  compute: (at: number) => void,
): void {
  const most = Math.max(
    1,
    Math.floor(Math.min(partProducts / products, layout.mostCalls / 2 / calls)),
  );
  for (let at = 0; at < count; at++) {
    compute(at);
    if ((at + 1) % most === 0 || at + 1 === count) part();
  }
}
