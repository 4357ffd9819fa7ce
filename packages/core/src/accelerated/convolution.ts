/**
 * Convolutions of float32 numbers in WebAssembly, as matrix products of one sample and group at a time; those of groups of
 * few channels as sums over windows, see `convolution-windows.ts`.
 *
 * What a product reads is gathered from the padded image straight into panels, by two tables: the corners of the
 * windows, and the distance of each kernel place from the corner. So strides, paddings and dilations cost nothing. The
 * error of a sum of k products is at most (k + 1)·2⁻²⁴ times the sum of their magnitudes, as with any order of adding.
 */
import type { ConvolutionGeometry } from "../kernels/convolution-geometry.ts";
import type { Tensor } from "../tensor.ts";
import { mayAccelerate } from "./backend.ts";
import type { Lengths } from "./convolution-plan.ts";
import {
  blockNumbers,
  callsOf,
  forEachPart,
  imageNumbers,
  lengthsOf,
  multiplyPacked,
  packAll,
  packedRows,
  padded,
  productsOf,
  putTables,
  rowsAtATime,
  tableNumbers,
} from "./convolution-plan.ts";
import {
  convolveInputNarrow,
  convolveNarrow,
  convolveWeightNarrow,
  isNarrow,
  isWide,
} from "./convolution-windows.ts";
import { panelColumns } from "./factors.ts";
import { Room, roomFor } from "./room.ts";
import { layout } from "./threads/layout.ts";
import { computeWhole } from "./whole.ts";

/** From so many products on copying the operands pays. */
const leastProducts = 1 << 14;
/** One with as many of them is cut into blocks of outputs, when there are fewer parts than these. */
const largeProducts = 1 << 20;
const fewParts = 8;
const outputsOfPart = 1024;
/** As many calls of kernels as a part may have. */
const { mostCalls } = layout;
/** The gradient of the kernel falls into so many parts, unless they would take more numbers than these. */
const weightParts = 16;
const mostPartials = 1 << 22;

function canAccelerate(geometry: ConvolutionGeometry, ...tensors: readonly Tensor[]): boolean {
  const products = productsOf(geometry);
  if (products === 0 || !mayAccelerate(products)) return false;
  return tensors.every((x) => x.dtype === "float32");
}

/** y = x ⋆ w (+ bias). False, with nothing done, where plain loops are to do it. */
export function convolveAccelerated(
  geometry: ConvolutionGeometry,
  x: Tensor,
  w: Tensor,
  bias: ArrayLike<number> | null,
  y: Tensor,
): boolean {
  if (!canAccelerate(geometry, x, w, y)) return false;
  const lengths = lengthsOf(geometry);
  if (isNarrow(geometry)) return convolveNarrow(lengths, x, w, bias, y);
  const { samples, groups, outChannels } = geometry;
  const { depth, outputs, xSize, ySize, wSize } = lengths;
  if (callsOf(outChannels, depth, outputs) + 8 > mostCalls) return false;
  const sizeA = packedRows(outChannels, depth);
  const products = outChannels * depth * outputs;
  const isCut = samples * groups < fewParts && products >= largeProducts;
  const images = isCut ? samples * groups : 0;
  const image = imageNumbers(lengths);
  const task = {
    operands: [x, w],
    results: [y],
    work: samples * groups * products,
    least: leastProducts,
    common:
      tableNumbers(lengths) +
      roomFor(groups * sizeA, bias === null ? 0 : groups * outChannels) +
      images * roomFor(image),
    own: roomFor(isCut ? 0 : image, ...blockNumbers(depth, outputs)),
  };
  return computeWhole(task, (place) => {
    const { kernels, part, scratch } = place;
    const [from, weights] = place.operands as [number, number];
    const [to] = place.results as [number];
    const common = new Room(place.common);
    const tables = putTables(lengths, place, common);
    const packed = common.take(groups * sizeA);
    const shifts = common.take(bias === null ? 0 : groups * outChannels);
    if (bias !== null) scratch.floats.set(bias, shifts >> 2);
    const own = new Room(place.own);
    const ownImage = own.take(isCut ? 0 : image);
    const [packedB, spare] = blockNumbers(depth, outputs).map((n) => own.take(n)) as [
      number,
      number,
    ];
    for (let group = 0; group < groups; group++) {
      const source = weights + 4 * group * wSize;
      packAll(kernels, packed + 4 * group * sizeA, source, 4 * depth, 4, outChannels, depth);
      if (group % 16 === 15) part();
    }
    part();
    const commonImages = Array.from({ length: images }, (_, i) => {
      const made = padded(lengths, tables, kernels, from + 4 * i * xSize, common.take(image));
      part();
      return made;
    });
    place.wait();
    /** Outputs from j on, so many, of one sample and group. */
    const compute = (at: number, j: number, count: number): void => {
      const group = at % groups;
      const base =
        commonImages[at] ?? padded(lengths, tables, kernels, from + 4 * at * xSize, ownImage);
      const c = to + 4 * (at * ySize + j);
      // Outputs of a block do not follow one another: a fill for each channel.
      if (bias !== null) {
        const values = shifts + 4 * group * outChannels;
        if (count === outputs) kernels.fillRows(c, values, outChannels, outputs);
        else
          for (let o = 0; o < outChannels; o++)
            kernels.fillRows(c + 4 * o * outputs, values + 4 * o, 1, count);
      }
      const product = {
        packedA: packed + 4 * group * sizeA,
        packedB,
        spare,
        c,
        stride: outputs,
        rows: outChannels,
        steps: depth,
        columns: count,
        isAdded: bias !== null,
      };
      multiplyPacked(kernels, product, (i, p, width, steps) => {
        const places = tables.places + 4 * (j + i);
        kernels.gatherColumns(packedB, base, places, tables.offsets + 4 * p, width, steps);
      });
    };
    if (isCut) {
      for (let at = 0; at < samples * groups; at++)
        for (let j = 0; j < outputs; j += outputsOfPart) {
          compute(at, j, Math.min(outputsOfPart, outputs - j));
          part();
        }
      return;
    }
    forEachPart(samples * groups, products, callsOf(outChannels, depth, outputs) + 4, part, (at) =>
      compute(at, 0, outputs),
    );
  });
}

/** The gradient with respect to x. False, with nothing done, where plain loops are to do it. */
export function convolveInputAccelerated(
  geometry: ConvolutionGeometry,
  g: Tensor,
  w: Tensor,
  x: Tensor,
): boolean {
  if (!canAccelerate(geometry, g, w, x)) return false;
  const lengths = lengthsOf(geometry);
  if (isNarrow(geometry) || isWide(lengths)) return convolveInputNarrow(lengths, g, w, x);
  const { samples, groups, outChannels, stride } = geometry;
  const { depth, outputs, width, rowCount, xSize, ySize, wSize, imageSize } = lengths;
  const { isPlain, isCovered, imageRows, before, length, after } = lengths;
  const rows = rowsAtATime(lengths);
  const most = rows * width;
  const calls = Math.ceil(rowCount / rows) * (callsOf(depth, outChannels, most) + 1) + 3;
  if (calls > mostCalls) return false;
  const sizeA = packedRows(depth, outChannels);
  const products = outChannels * depth * outputs;
  const image = isPlain ? 0 : imageSize;
  const task = {
    operands: [g, w],
    results: [x],
    work: samples * groups * products,
    least: leastProducts,
    common: tableNumbers(lengths) + roomFor(groups * sizeA),
    own: roomFor(image, ...blockNumbers(outChannels, most), depth * most),
  };
  return computeWhole(task, (place) => {
    const { kernels, part } = place;
    const [cotangents, weights] = place.operands as [number, number];
    const [to] = place.results as [number];
    const common = new Room(place.common);
    const tables = putTables(lengths, place, common);
    const packed = common.take(groups * sizeA);
    const own = new Room(place.own);
    const ownImage = own.take(image);
    const [packedB, spare] = blockNumbers(outChannels, most).map((n) => own.take(n)) as [
      number,
      number,
    ];
    const given = own.take(depth * most);
    for (let group = 0; group < groups; group++) {
      const source = weights + 4 * group * wSize;
      packAll(kernels, packed + 4 * group * sizeA, source, 4, 4 * depth, depth, outChannels);
      if (group % 16 === 15) part();
    }
    part();
    place.wait();
    forEachPart(samples * groups, products, calls, part, (at) => {
      const target = to + 4 * at * xSize;
      const base = isPlain ? target : ownImage;
      kernels.clear(base, 4 * imageSize);
      for (let row = 0; row < rowCount; row += rows) {
        const height = Math.min(rows, rowCount - row);
        const columns = height * width;
        const source = cotangents + 4 * (at * ySize + row * width);
        const product = {
          packedA: packed + 4 * (at % groups) * sizeA,
          packedB,
          spare,
          c: given,
          stride: columns,
          rows: depth,
          steps: outChannels,
          columns,
          isAdded: false,
        };
        multiplyPacked(kernels, product, (j, p, count, steps) => {
          const block = source + 4 * (p * outputs + j);
          kernels.packColumns(packedB, block, 4, 4 * outputs, count, steps);
        });
        const corners = tables.corners + 4 * row;
        const step = 4 * stride[2]!;
        kernels.scatter(base, given, tables.offsets, corners, depth, height, width, step);
      }
      if (isPlain) return;
      if (!isCovered) kernels.clear(target, 4 * xSize);
      kernels.unpadRows(target, base, tables.starts, imageRows, before, length, after);
    });
  });
}

/** How the gradient of the kernel falls into parts: blocks of samples, and of columns. */
function weightBlocks(
  { samples, groups }: ConvolutionGeometry,
  { depth, wSize }: Lengths,
): { samplesInBlock: number; blocks: number; columnsInBlock: number } {
  const wanted = Math.ceil(weightParts / groups);
  const most = Math.max(1, Math.floor(mostPartials / (groups * wSize)));
  const samplesInBlock = Math.ceil(samples / Math.min(wanted, most, samples));
  const blocks = Math.ceil(samples / samplesInBlock);
  const cuts = Math.ceil(wanted / blocks);
  const columnsInBlock = Math.ceil(depth / cuts / panelColumns) * panelColumns;
  return { samplesInBlock, blocks, columnsInBlock };
}

/** The gradient with respect to w. False, with nothing done, where plain loops are to do it. */
export function convolveWeightAccelerated(
  geometry: ConvolutionGeometry,
  x: Tensor,
  g: Tensor,
  w: Tensor,
): boolean {
  if (!canAccelerate(geometry, x, g, w)) return false;
  const lengths = lengthsOf(geometry);
  if (isNarrow(geometry)) return convolveWeightNarrow(lengths, x, g, w);
  const { samples, groups, outChannels } = geometry;
  const { depth, outputs, xSize, ySize, wSize } = lengths;
  const { samplesInBlock, blocks, columnsInBlock } = weightBlocks(geometry, lengths);
  const columnBlock = Math.min(columnsInBlock, depth);
  const calls = 2 * callsOf(outChannels, outputs, columnBlock) + 2;
  const samplesAtOnce = Math.floor(mostCalls / 2 / calls);
  if (samplesAtOnce === 0) return false;
  const sizeA = packedRows(outChannels, outputs);
  const image = imageNumbers(lengths);
  const size = groups * wSize;
  const task = {
    operands: [x, g],
    results: [w],
    work: productsOf(geometry),
    least: leastProducts,
    common: tableNumbers(lengths) + roomFor(blocks === 1 ? 0 : blocks * size),
    own: roomFor(image, sizeA, ...blockNumbers(outputs, columnBlock)),
  };
  return computeWhole(task, (place) => {
    const { kernels, part } = place;
    const [from, cotangents] = place.operands as [number, number];
    const [to] = place.results as [number];
    const common = new Room(place.common);
    const tables = putTables(lengths, place, common);
    const partials = blocks === 1 ? to : common.take(blocks * size);
    const own = new Room(place.own);
    const ownImage = own.take(image);
    const packedA = own.take(sizeA);
    const [packedB, spare] = blockNumbers(outputs, columnBlock).map((n) => own.take(n)) as [
      number,
      number,
    ];
    // What samples give is added to what was there: one after another, also where they are too many for one part.
    for (let n = 0; n < samplesInBlock; n += samplesAtOnce) {
      for (let block = 0; block < blocks; block++) {
        const first = block * samplesInBlock;
        const end = Math.min(first + samplesInBlock, first + n + samplesAtOnce, samples);
        for (let group = 0; group < groups; group++) {
          for (let column = 0; column < depth; column += columnBlock) {
            const columns = Math.min(columnBlock, depth - column);
            for (let sample = first + n; sample < end; sample++) {
              const at = sample * groups + group;
              const base = padded(lengths, tables, kernels, from + 4 * at * xSize, ownImage);
              const source = cotangents + 4 * at * ySize;
              packAll(kernels, packedA, source, 4 * outputs, 4, outChannels, outputs);
              const product = {
                packedA,
                packedB,
                spare,
                c: partials + 4 * (block * size + group * wSize + column),
                stride: depth,
                rows: outChannels,
                steps: outputs,
                columns,
                isAdded: sample > first,
              };
              multiplyPacked(kernels, product, (j, p, count, steps) => {
                const places = tables.places + 4 * p;
                const offsets = tables.offsets + 4 * (column + j);
                kernels.gatherColumns(packedB, base, offsets, places, count, steps);
              });
            }
            part();
          }
        }
      }
      place.wait();
    }
    if (blocks > 1) kernels.sumParts(to, partials, blocks, 4 * size, size);
    part();
  });
}
