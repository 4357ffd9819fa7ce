/**
 * Maxima and means over windows, in up to three spatial dimensions (missing ones have length 1).
 *
 * A window is a range of input places along each dimension, found beforehand for every output place; so strides,
 * paddings, dilations, ceil mode and adaptive sizes are all the same to the loops.
 */
import {
  maxPoolAccelerated,
  meanPoolAccelerated,
  putPlanesAccelerated,
  spreadPoolAccelerated,
} from "../accelerated/pooling.ts";
import type { Tensor } from "../tensor.ts";
import { perDType } from "./specialize.ts";

/** For each output place along one dimension: the input places from `from` up to but without `to`, by `step`. */
export interface Windows {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly step: number;
  /** What a mean divides by: the product of these over the dimensions. */
  readonly count: Int32Array;
}

/** What pools share: how many planes, their size, and the windows along each of three dimensions. */
export interface PoolGeometry {
  readonly planes: number;
  readonly input: readonly number[];
  readonly windows: readonly Windows[];
}

/**
 * The largest element of each window, and its place in the plane: the first one where several are equal, the last NaN
 * where there is one, −1 for a window without elements.
 */
export function maxOverWindows(geometry: PoolGeometry, x: Tensor, y: Tensor, places: Tensor): void {
  if (maxPoolAccelerated(geometry, x, y, places)) return;
  const { data } = x.storage;
  maxFor(data)(geometry, data, x.offset, y.storage.data, places.storage.data);
}

const maxFor = perDType(function maxPool(
  geometry: PoolGeometry,
  x: ArrayLike<number>,
  offset: number,
  y: { [index: number]: number },
  places: { [index: number]: number },
): void {
  const { planes, input, windows } = geometry;
  const [wz, wy, wx] = windows as [Windows, Windows, Windows];
  const h = input[1]!;
  const w = input[2]!;
  const size = input[0]! * h * w;
  const { from: fromZ, to: toZ, step: stepZ } = wz;
  const { from: fromY, to: toY, step: stepY } = wy;
  const { from: fromX, to: toX, step: stepX } = wx;
  const [depth, height, width] = [fromZ.length, fromY.length, fromX.length];
  const rowStep = stepY * w;
  let at = 0;
  for (let plane = 0; plane < planes; plane++) {
    const base = offset + plane * size;
    for (let oz = 0; oz < depth; oz++) {
      for (let oy = 0; oy < height; oy++) {
        const firstRow = (fromZ[oz]! * h + fromY[oy]!) * w;
        const lastRow = (fromZ[oz]! * h + toY[oy]!) * w;
        const hasRows = fromZ[oz]! < toZ[oz]! && firstRow < lastRow;
        for (let ox = 0; ox < width; ox++) {
          const first = fromX[ox]!;
          const last = toX[ox]!;
          let most = Number.NEGATIVE_INFINITY;
          let place = hasRows && first < last ? firstRow + first : -1;
          let top = firstRow;
          let bottom = lastRow;
          for (let z = fromZ[oz]!; z < toZ[oz]!; z += stepZ) {
            for (let row = top; row < bottom; row += rowStep) {
              for (let i = row + first; i < row + last; i += stepX) {
                const value = x[base + i]!;
                if (value > most || Number.isNaN(value)) {
                  most = value;
                  place = i;
                }
              }
            }
            top += stepZ * h * w;
            bottom += stepZ * h * w;
          }
          y[at] = most;
          places[at] = place;
          at++;
        }
      }
    }
  }
});

/** The mean of each window; `divisor` replaces the number of its elements where it is not 0. */
export function meanOverWindows(
  geometry: PoolGeometry,
  x: Tensor,
  y: Tensor,
  divisor: number,
): void {
  if (meanPoolAccelerated(geometry, x, y, divisor)) return;
  const { data } = x.storage;
  meanFor(data)(geometry, data, x.offset, y.storage.data, divisor);
}

const meanFor = perDType(function meanPool(
  geometry: PoolGeometry,
  x: ArrayLike<number>,
  offset: number,
  y: { [index: number]: number },
  divisor: number,
): void {
  const { planes, input, windows } = geometry;
  const [wz, wy, wx] = windows as [Windows, Windows, Windows];
  const h = input[1]!;
  const w = input[2]!;
  const size = input[0]! * h * w;
  const [depth, height, width] = [wz.from.length, wy.from.length, wx.from.length];
  let at = 0;
  for (let plane = 0; plane < planes; plane++) {
    const base = offset + plane * size;
    for (let oz = 0; oz < depth; oz++) {
      for (let oy = 0; oy < height; oy++) {
        const countZY = wz.count[oz]! * wy.count[oy]!;
        for (let ox = 0; ox < width; ox++) {
          let total = 0;
          for (let iz = wz.from[oz]!; iz < wz.to[oz]!; iz++) {
            for (let iy = wy.from[oy]!; iy < wy.to[oy]!; iy++) {
              const row = base + (iz * h + iy) * w;
              for (let ix = wx.from[ox]!; ix < wx.to[ox]!; ix++) total += x[row + ix]!;
            }
          }
          // A window that lies in the padding altogether has no elements: its mean counts as 0.
          const count = divisor !== 0 ? divisor : countZY * wx.count[ox]!;
          y[at++] = count === 0 ? 0 : total / count;
        }
      }
    }
  }
});

/** The adjoint of the mean: each output place gives its share to all elements of its window. */
export function spreadOverWindows(
  geometry: PoolGeometry,
  x: Tensor,
  y: Tensor,
  divisor: number,
): void {
  if (spreadPoolAccelerated(geometry, x, y, divisor)) return;
  const image = new Float64Array(geometry.input.reduce((product, length) => product * length, 1));
  const { data } = x.storage;
  spreadFor(y.storage.data, data)(geometry, data, x.offset, y.storage.data, divisor, image);
}

const spreadFor = perDType(function spreadPool(
  geometry: PoolGeometry,
  g: ArrayLike<number>,
  offset: number,
  x: { [index: number]: number },
  divisor: number,
  image: Float64Array,
): void {
  const { planes, input, windows } = geometry;
  const [wz, wy, wx] = windows as [Windows, Windows, Windows];
  const h = input[1]!;
  const w = input[2]!;
  const size = input[0]! * h * w;
  const [depth, height, width] = [wz.from.length, wy.from.length, wx.from.length];
  let at = offset;
  for (let plane = 0; plane < planes; plane++) {
    image.fill(0);
    for (let oz = 0; oz < depth; oz++) {
      for (let oy = 0; oy < height; oy++) {
        const countZY = wz.count[oz]! * wy.count[oy]!;
        for (let ox = 0; ox < width; ox++) {
          const count = divisor !== 0 ? divisor : countZY * wx.count[ox]!;
          const share = count === 0 ? 0 : g[at]! / count;
          at++;
          for (let iz = wz.from[oz]!; iz < wz.to[oz]!; iz++) {
            for (let iy = wy.from[oy]!; iy < wy.to[oy]!; iy++) {
              const row = (iz * h + iy) * w;
              for (let ix = wx.from[ox]!; ix < wx.to[ox]!; ix++) {
                image[row + ix] = image[row + ix]! + share;
              }
            }
          }
        }
      }
    }
    const base = plane * size;
    for (let i = 0; i < size; i++) x[base + i] = image[i]!;
  }
});

/** y = x at the given places of each plane; 0 where the place is −1. */
export function pickFromPlanes(
  x: Tensor,
  places: Tensor,
  planes: number,
  size: number,
  count: number,
  y: Tensor,
): void {
  const [from, at] = [x.storage.data, places.storage.data];
  const to = y.storage.data;
  pickFor(to, from)(from, x.offset, size, at, places.offset, count, planes, to);
}

const pickFor = perDType(function pick(
  x: ArrayLike<number>,
  xOffset: number,
  size: number,
  places: ArrayLike<number>,
  placesOffset: number,
  count: number,
  planes: number,
  y: { [index: number]: number },
): void {
  for (let plane = 0; plane < planes; plane++) {
    const base = xOffset + plane * size;
    const first = plane * count;
    for (let i = first; i < first + count; i++) {
      const place = places[placesOffset + i]!;
      y[i] = place < 0 ? 0 : x[base + place]!;
    }
  }
});

/** The adjoint of picking: adds each number at its place of the plane. */
export function putIntoPlanes(
  x: Tensor,
  places: Tensor,
  planes: number,
  size: number,
  count: number,
  y: Tensor,
): void {
  if (putPlanesAccelerated(x, places, planes, size, count, y)) return;
  const [from, at] = [x.storage.data, places.storage.data];
  const to = y.storage.data;
  const image = new Float64Array(size);
  putFor(to, from)(from, x.offset, size, at, places.offset, count, planes, to, image);
}

const putFor = perDType(function put(
  g: ArrayLike<number>,
  gOffset: number,
  size: number,
  places: ArrayLike<number>,
  placesOffset: number,
  count: number,
  planes: number,
  x: { [index: number]: number },
  image: Float64Array,
): void {
  for (let plane = 0; plane < planes; plane++) {
    image.fill(0);
    const first = plane * count;
    for (let i = first; i < first + count; i++) {
      const place = places[placesOffset + i]!;
      if (place >= 0) image[place] = image[place]! + g[gOffset + i]!;
    }
    const base = plane * size;
    for (let i = 0; i < size; i++) x[base + i] = image[i]!;
  }
});
