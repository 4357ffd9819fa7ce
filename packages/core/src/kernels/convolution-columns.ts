/**
 * Convolutions as matrix products.
 *
 * The places of x that meet a kernel are gathered into columns, or columns are scattered back, so that a product of
 * matrices is left in the middle. Columns are made for a block of output rows at a time, small enough to stay in the
 * cache, in scratch memory that is used again and again.
 */
import type { TypedArray } from "../dtype.ts";
import type { ConvolutionGeometry } from "./convolution-geometry.ts";
import { volume } from "./convolution-geometry.ts";
import type { MatrixView } from "./matmul.ts";
import { matrixProduct } from "./matmul.ts";
import { perDType } from "./specialize.ts";

/** Columns are made for so many elements at a time, at most, unless one row of the output takes more. */
const blockElements = 1 << 16;

const scratch: Float64Array[] = [];

/** Memory for intermediate results, by number; not cleared. */
function scratchOf(slot: number, length: number): Float64Array {
  const held = scratch[slot];
  if (held !== undefined && held.length >= length) return held;
  const made = new Float64Array(length);
  scratch[slot] = made;
  return made;
}

/**
 * Calls `visit` for blocks of rows of the output: rows `r0` to `r1` of each of the samples `n0` to `n1`. A block holds
 * whole samples, or a part of one.
 */
function forEachBlock(
  samples: number,
  rows: number,
  elementsPerRow: number,
  visit: (n0: number, n1: number, r0: number, r1: number) => void,
): void {
  const most = Math.max(1, Math.floor(blockElements / elementsPerRow));
  if (most >= rows) {
    const together = Math.floor(most / rows);
    for (let n = 0; n < samples; n += together) visit(n, Math.min(n + together, samples), 0, rows);
    return;
  }
  for (let n = 0; n < samples; n++)
    for (let r = 0; r < rows; r += most) visit(n, n + 1, r, Math.min(r + most, rows));
}

/** y = x ⋆ w (+ bias), the result in y. */
export function convolveByColumns(
  geometry: ConvolutionGeometry,
  x: TypedArray,
  xOffset: number,
  w: TypedArray,
  wOffset: number,
  bias: ArrayLike<number> | null,
  y: TypedArray,
): void {
  const { samples, groups, inChannels, outChannels } = geometry;
  const depth = inChannels * volume(geometry.kernel);
  const width = geometry.output[2]!;
  const rows = geometry.output[0]! * geometry.output[1]!;
  const collect = collectFor(x, scratchOf(0, 0));
  const spread = spreadRunsFor(y);
  forEachBlock(samples, rows, Math.max(depth, outChannels) * width, (n0, n1, r0, r1) => {
    const columns = (n1 - n0) * (r1 - r0) * width;
    const matrix = scratchOf(0, depth * columns);
    const product = scratchOf(1, outChannels * columns);
    for (let group = 0; group < groups; group++) {
      collect(geometry, matrix, 0, columns, x, xOffset, group, n0, n1, r0, r1);
      const kernel = rowMajor(w, wOffset + group * outChannels * depth, depth);
      matrixProduct(product, 0, kernel, rowMajor(matrix, 0, columns), outChannels, depth, columns);
      spread(geometry, product, columns, bias, y, group, n0, n1, r0, r1);
    }
  });
}

/** The gradient with respect to x: what each output place gets, given back to the places it was made of. */
export function convolveInputByColumns(
  geometry: ConvolutionGeometry,
  g: TypedArray,
  gOffset: number,
  w: TypedArray,
  wOffset: number,
  x: TypedArray,
): void {
  const { samples, groups, inChannels, outChannels } = geometry;
  const depth = inChannels * volume(geometry.kernel);
  const width = geometry.output[2]!;
  const rows = geometry.output[0]! * geometry.output[1]!;
  const image = inChannels * volume(geometry.input);
  const gather = gatherRunsFor(g);
  const store = storeImagesFor(x);
  const scatter = scatterFor(scratchOf(0, 0));
  for (let group = 0; group < groups; group++) {
    // Wᵀ of the group: a row for each input channel and kernel place.
    const kernel: MatrixView = {
      data: w,
      offset: wOffset + group * outChannels * depth,
      rowStep: 1,
      columnStep: depth,
    };
    forEachBlock(samples, rows, Math.max(depth, outChannels) * width, (n0, n1, r0, r1) => {
      const columns = (n1 - n0) * (r1 - r0) * width;
      const matrix = scratchOf(0, depth * columns);
      const cotangent = scratchOf(1, outChannels * columns);
      const images = scratchOf(2, (n1 - n0) * image);
      gather(geometry, cotangent, columns, g, gOffset, group, n0, n1, r0, r1);
      matrixProduct(
        matrix,
        0,
        kernel,
        rowMajor(cotangent, 0, columns),
        depth,
        outChannels,
        columns,
      );
      if (r0 === 0) images.fill(0, 0, (n1 - n0) * image);
      scatter(geometry, matrix, 0, columns, images, n0, n1, r0, r1);
      if (r1 === rows) store(geometry, images, x, group, n0, n1);
    });
  }
}

/** The gradient with respect to w. */
export function convolveWeightByColumns(
  geometry: ConvolutionGeometry,
  x: TypedArray,
  xOffset: number,
  g: TypedArray,
  gOffset: number,
  w: TypedArray,
): void {
  const { samples, groups, inChannels, outChannels } = geometry;
  const depth = inChannels * volume(geometry.kernel);
  const width = geometry.output[2]!;
  const rows = geometry.output[0]! * geometry.output[1]!;
  const size = outChannels * depth;
  const collect = collectFor(x, scratchOf(0, 0));
  const gather = gatherRunsFor(g);
  for (let group = 0; group < groups; group++) {
    const total = scratchOf(2, size);
    total.fill(0, 0, size);
    forEachBlock(samples, rows, Math.max(depth, outChannels) * width, (n0, n1, r0, r1) => {
      const columns = (n1 - n0) * (r1 - r0) * width;
      const matrix = scratchOf(0, depth * columns);
      const cotangent = scratchOf(1, outChannels * columns);
      const part = scratchOf(3, size);
      collect(geometry, matrix, 0, columns, x, xOffset, group, n0, n1, r0, r1);
      gather(geometry, cotangent, columns, g, gOffset, group, n0, n1, r0, r1);
      const turned: MatrixView = { data: matrix, offset: 0, rowStep: 1, columnStep: columns };
      matrixProduct(part, 0, rowMajor(cotangent, 0, columns), turned, outChannels, columns, depth);
      for (let i = 0; i < size; i++) total[i] = total[i]! + part[i]!;
    });
    for (let i = 0; i < size; i++) w[group * size + i] = total[i]!;
  }
}

/** What each output place meets under the kernel, as columns: y of [N, C·K, T] for x of [N, C, *S]. */
export function unfoldColumns(
  geometry: ConvolutionGeometry,
  x: TypedArray,
  xOffset: number,
  y: TypedArray,
): void {
  const { samples, inChannels, kernel, output } = geometry;
  const columns = volume(output);
  const size = inChannels * volume(kernel) * columns;
  const rows = output[0]! * output[1]!;
  const collect = collectFor(x, y);
  for (let n = 0; n < samples; n++)
    collect(geometry, y, n * size, columns, x, xOffset, 0, n, n + 1, 0, rows);
}

/** The adjoint of unfolding: columns of [N, C·K, T] added up in images of [N, C, *S]. */
export function foldColumns(
  geometry: ConvolutionGeometry,
  y: TypedArray,
  yOffset: number,
  x: TypedArray,
): void {
  const { samples, inChannels, kernel, output, input } = geometry;
  const columns = volume(output);
  const size = inChannels * volume(kernel) * columns;
  const rows = output[0]! * output[1]!;
  const image = inChannels * volume(input);
  const images = scratchOf(2, image);
  const scatter = scatterFor(y);
  const store = storeImagesFor(x);
  for (let n = 0; n < samples; n++) {
    images.fill(0, 0, image);
    scatter(geometry, y, yOffset + n * size, columns, images, n, n + 1, 0, rows);
    store(geometry, images, x, 0, n, n + 1);
  }
}

function rowMajor(data: TypedArray, offset: number, columns: number): MatrixView {
  return { data, offset, rowStep: columns, columnStep: 1 };
}

/**
 * Writes one row of the matrix for each input channel and kernel place: the element of x that each output place of the
 * block meets there, 0 in the padding.
 */
const collectFor = perDType(function collectColumns(
  geometry: ConvolutionGeometry,
  matrix: { [index: number]: number },
  start: number,
  columns: number,
  x: ArrayLike<number>,
  xOffset: number,
  group: number,
  n0: number,
  n1: number,
  r0: number,
  r1: number,
): void {
  const { groups, inChannels, input, kernel, output, stride, padding, dilation } = geometry;
  const [d, h, w] = input as [number, number, number];
  const [kd, kh, kw] = kernel as [number, number, number];
  const [sd, sh, sw] = stride as [number, number, number];
  const height = output[1]!;
  const width = output[2]!;
  let line = 0;
  for (let c = 0; c < inChannels; c++) {
    for (let kz = 0; kz < kd; kz++) {
      const shiftZ = kz * dilation[0]! - padding[0]!;
      for (let ky = 0; ky < kh; ky++) {
        const shiftY = ky * dilation[1]! - padding[1]!;
        for (let kx = 0; kx < kw; kx++) {
          const shiftX = kx * dilation[2]! - padding[2]!;
          // Output places t with 0 ≤ s·t + shift < w.
          const first = Math.min(Math.max(Math.ceil(-shiftX / sw), 0), width);
          const last = Math.max(Math.min(Math.floor((w - 1 - shiftX) / sw) + 1, width), first);
          let to = start + line * columns;
          for (let n = n0; n < n1; n++) {
            const plane = xOffset + ((n * groups + group) * inChannels + c) * d * h * w;
            for (let row = r0; row < r1; row++) {
              const z = Math.floor(row / height) * sd + shiftZ;
              const y = (row % height) * sh + shiftY;
              const end = to + width;
              if (z < 0 || z >= d || y < 0 || y >= h) {
                while (to < end) matrix[to++] = 0;
                continue;
              }
              let from = plane + (z * h + y) * w + first * sw + shiftX;
              const begin = to + first;
              const stop = to + last;
              while (to < begin) matrix[to++] = 0;
              while (to < stop) {
                matrix[to++] = x[from]!;
                from += sw;
              }
              while (to < end) matrix[to++] = 0;
            }
          }
          line++;
        }
      }
    }
  }
});

/** The transpose of collecting: adds each column's elements to the places of the images they stand for. */
const scatterFor = perDType(function scatterColumns(
  geometry: ConvolutionGeometry,
  matrix: ArrayLike<number>,
  start: number,
  columns: number,
  images: Float64Array,
  n0: number,
  n1: number,
  r0: number,
  r1: number,
): void {
  const { inChannels, input, kernel, output, stride, padding, dilation } = geometry;
  const [d, h, w] = input as [number, number, number];
  const [kd, kh, kw] = kernel as [number, number, number];
  const [sd, sh, sw] = stride as [number, number, number];
  const height = output[1]!;
  const width = output[2]!;
  let line = 0;
  for (let c = 0; c < inChannels; c++) {
    for (let kz = 0; kz < kd; kz++) {
      const shiftZ = kz * dilation[0]! - padding[0]!;
      for (let ky = 0; ky < kh; ky++) {
        const shiftY = ky * dilation[1]! - padding[1]!;
        for (let kx = 0; kx < kw; kx++) {
          const shiftX = kx * dilation[2]! - padding[2]!;
          const first = Math.min(Math.max(Math.ceil(-shiftX / sw), 0), width);
          const last = Math.max(Math.min(Math.floor((w - 1 - shiftX) / sw) + 1, width), first);
          let from = start + line * columns;
          for (let n = 0; n < n1 - n0; n++) {
            const plane = (n * inChannels + c) * d * h * w;
            for (let row = r0; row < r1; row++) {
              const z = Math.floor(row / height) * sd + shiftZ;
              const y = (row % height) * sh + shiftY;
              if (z >= 0 && z < d && y >= 0 && y < h) {
                let to = plane + (z * h + y) * w + first * sw + shiftX;
                for (let i = from + first; i < from + last; i++) {
                  images[to] = images[to]! + matrix[i]!;
                  to += sw;
                }
              }
              from += width;
            }
          }
          line++;
        }
      }
    }
  }
});

/** Copies a block of output places of one group, channel by channel, into the rows of a matrix. */
const gatherRunsFor = perDType(function gatherRuns(
  geometry: ConvolutionGeometry,
  matrix: Float64Array,
  columns: number,
  g: ArrayLike<number>,
  gOffset: number,
  group: number,
  n0: number,
  n1: number,
  r0: number,
  r1: number,
): void {
  const { groups, outChannels, output } = geometry;
  const width = output[2]!;
  const size = output[0]! * output[1]! * width;
  const run = (r1 - r0) * width;
  for (let o = 0; o < outChannels; o++) {
    let to = o * columns;
    for (let n = n0; n < n1; n++) {
      const from = gOffset + ((n * groups + group) * outChannels + o) * size + r0 * width;
      for (let i = 0; i < run; i++) matrix[to + i] = g[from + i]!;
      to += run;
    }
  }
});

/** Copies the rows of a matrix to the block of output places of one group, and adds the bias of each channel. */
const spreadRunsFor = perDType(function spreadRuns(
  geometry: ConvolutionGeometry,
  matrix: Float64Array,
  columns: number,
  bias: ArrayLike<number> | null,
  y: { [index: number]: number },
  group: number,
  n0: number,
  n1: number,
  r0: number,
  r1: number,
): void {
  const { groups, outChannels, output } = geometry;
  const width = output[2]!;
  const size = output[0]! * output[1]! * width;
  const run = (r1 - r0) * width;
  for (let o = 0; o < outChannels; o++) {
    let from = o * columns;
    const shift = bias === null ? 0 : bias[group * outChannels + o]!;
    for (let n = n0; n < n1; n++) {
      const to = ((n * groups + group) * outChannels + o) * size + r0 * width;
      for (let i = 0; i < run; i++) y[to + i] = matrix[from + i]! + shift;
      from += run;
    }
  }
});

/** Copies finished images of one group into the result. */
const storeImagesFor = perDType(function storeImages(
  geometry: ConvolutionGeometry,
  images: Float64Array,
  x: { [index: number]: number },
  group: number,
  n0: number,
  n1: number,
): void {
  const { groups, inChannels, input } = geometry;
  const size = inChannels * input[0]! * input[1]! * input[2]!;
  let from = 0;
  for (let n = n0; n < n1; n++) {
    const to = (n * groups + group) * size;
    for (let i = 0; i < size; i++) x[to + i] = images[from + i]!;
    from += size;
  }
});
