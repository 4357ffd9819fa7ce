/**
 * The inner loops of direct convolutions: sums over windows of a padded image, several at a time, so that each number that
 * is read serves several products.
 */
import { perDType } from "./specialize.ts";

/** The kernels of one group, four output channels side by side; missing ones are 0. */
export const packFor = perDType(function packKernels(
  w: ArrayLike<number>,
  from: number,
  outChannels: number,
  depth: number,
  packed: Float64Array,
): void {
  let to = 0;
  for (let o = 0; o < outChannels; o += 4) {
    for (let k = 0; k < depth; k++) {
      for (let i = 0; i < 4; i++)
        packed[to++] = o + i < outChannels ? w[from + (o + i) * depth + k]! : 0;
    }
  }
});

export const forwardFor = perDType(function windowSums(
  image: Float64Array,
  corners: Int32Array,
  offsets: Int32Array,
  packed: Float64Array,
  width: number,
  step: number,
  outChannels: number,
  bias: ArrayLike<number> | null,
  biasFrom: number,
  y: { [index: number]: number },
  to: number,
): void {
  const depth = offsets.length;
  const size = corners.length * width;
  for (let o = 0; o < outChannels; o += 4) {
    const b0 = bias === null ? 0 : bias[biasFrom + o]!;
    const b1 = bias === null || o + 1 >= outChannels ? 0 : bias[biasFrom + o + 1]!;
    const b2 = bias === null || o + 2 >= outChannels ? 0 : bias[biasFrom + o + 2]!;
    const b3 = bias === null || o + 3 >= outChannels ? 0 : bias[biasFrom + o + 3]!;
    const wFrom = o * depth;
    for (let row = 0; row < corners.length; row++) {
      const corner = corners[row]!;
      const out = to + o * size + row * width;
      for (let t = 0; t < width; t += 2) {
        const both = t + 1 < width;
        const p0 = corner + t * step;
        const p1 = both ? p0 + step : p0;
        let c00 = b0;
        let c01 = b1;
        let c02 = b2;
        let c03 = b3;
        let c10 = b0;
        let c11 = b1;
        let c12 = b2;
        let c13 = b3;
        let at = wFrom;
        for (let k = 0; k < depth; k++) {
          const offset = offsets[k]!;
          const x0 = image[p0 + offset]!;
          const x1 = image[p1 + offset]!;
          const w0 = packed[at]!;
          const w1 = packed[at + 1]!;
          const w2 = packed[at + 2]!;
          const w3 = packed[at + 3]!;
          at += 4;
          c00 += x0 * w0;
          c01 += x0 * w1;
          c02 += x0 * w2;
          c03 += x0 * w3;
          c10 += x1 * w0;
          c11 += x1 * w1;
          c12 += x1 * w2;
          c13 += x1 * w3;
        }
        const first = out + t;
        y[first] = c00;
        if (both) y[first + 1] = c10;
        if (o + 1 < outChannels) {
          y[first + size] = c01;
          if (both) y[first + size + 1] = c11;
        }
        if (o + 2 < outChannels) {
          y[first + 2 * size] = c02;
          if (both) y[first + 2 * size + 1] = c12;
        }
        if (o + 3 < outChannels) {
          y[first + 3 * size] = c03;
          if (both) y[first + 3 * size + 1] = c13;
        }
      }
    }
  }
});

/** The same for groups of a single output channel: four places at a time. */
export const singleFor = perDType(function windowSumsOfOne(
  image: Float64Array,
  corners: Int32Array,
  offsets: Int32Array,
  w: ArrayLike<number>,
  wFrom: number,
  width: number,
  step: number,
  bias: number,
  y: { [index: number]: number },
  to: number,
): void {
  const depth = offsets.length;
  for (let row = 0; row < corners.length; row++) {
    const out = to + row * width;
    for (let t = 0; t < width; t += 4) {
      // Places beyond the row are those of its last element again, and not stored.
      const p0 = corners[row]! + t * step;
      const p1 = p0 + (t + 1 < width ? step : 0);
      const p2 = p0 + (t + 2 < width ? 2 * step : 0);
      const p3 = p0 + (t + 3 < width ? 3 * step : 0);
      let c0 = bias;
      let c1 = bias;
      let c2 = bias;
      let c3 = bias;
      for (let k = 0; k < depth; k++) {
        const offset = offsets[k]!;
        const value = w[wFrom + k]!;
        c0 += image[p0 + offset]! * value;
        c1 += image[p1 + offset]! * value;
        c2 += image[p2 + offset]! * value;
        c3 += image[p3 + offset]! * value;
      }
      y[out + t] = c0;
      if (t + 1 < width) y[out + t + 1] = c1;
      if (t + 2 < width) y[out + t + 2] = c2;
      if (t + 3 < width) y[out + t + 3] = c3;
    }
  }
});

/** Adds Σ_t g[o, t] · x[corner(t) + offset(k)] to total[o, k], four output channels and two kernel places at a time. */
export function correlate(
  image: Float64Array,
  corners: Int32Array,
  offsets: Int32Array,
  g: Float64Array,
  width: number,
  step: number,
  outChannels: number,
  total: Float64Array,
): void {
  const depth = offsets.length;
  const size = corners.length * width;
  for (let o = 0; o < outChannels; o += 4) {
    // Missing channels and places are computed once more, and not stored.
    const g0 = o * size;
    const g1 = Math.min(o + 1, outChannels - 1) * size;
    const g2 = Math.min(o + 2, outChannels - 1) * size;
    const g3 = Math.min(o + 3, outChannels - 1) * size;
    for (let k = 0; k < depth; k += 2) {
      const k0 = offsets[k]!;
      const k1 = offsets[Math.min(k + 1, depth - 1)]!;
      let c00 = 0;
      let c01 = 0;
      let c10 = 0;
      let c11 = 0;
      let c20 = 0;
      let c21 = 0;
      let c30 = 0;
      let c31 = 0;
      let at = 0;
      for (let row = 0; row < corners.length; row++) {
        let p = corners[row]!;
        const end = at + width;
        for (; at < end; at++) {
          const x0 = image[p + k0]!;
          const x1 = image[p + k1]!;
          p += step;
          const v0 = g[g0 + at]!;
          const v1 = g[g1 + at]!;
          const v2 = g[g2 + at]!;
          const v3 = g[g3 + at]!;
          c00 += v0 * x0;
          c01 += v0 * x1;
          c10 += v1 * x0;
          c11 += v1 * x1;
          c20 += v2 * x0;
          c21 += v2 * x1;
          c30 += v3 * x0;
          c31 += v3 * x1;
        }
      }
      const to = o * depth + k;
      const both = k + 1 < depth;
      total[to] = total[to]! + c00;
      if (both) total[to + 1] = total[to + 1]! + c01;
      if (o + 1 < outChannels) {
        total[to + depth] = total[to + depth]! + c10;
        if (both) total[to + depth + 1] = total[to + depth + 1]! + c11;
      }
      if (o + 2 < outChannels) {
        total[to + 2 * depth] = total[to + 2 * depth]! + c20;
        if (both) total[to + 2 * depth + 1] = total[to + 2 * depth + 1]! + c21;
      }
      if (o + 3 < outChannels) {
        total[to + 3 * depth] = total[to + 3 * depth]! + c30;
        if (both) total[to + 3 * depth + 1] = total[to + 3 * depth + 1]! + c31;
      }
    }
  }
}

/** The same for groups of a single output channel: four kernel places at a time. */
export function correlateOne(
  image: Float64Array,
  corners: Int32Array,
  offsets: Int32Array,
  g: Float64Array,
  width: number,
  step: number,
  total: Float64Array,
): void {
  const depth = offsets.length;
  for (let k = 0; k < depth; k += 4) {
    const k0 = offsets[k]!;
    const k1 = offsets[Math.min(k + 1, depth - 1)]!;
    const k2 = offsets[Math.min(k + 2, depth - 1)]!;
    const k3 = offsets[Math.min(k + 3, depth - 1)]!;
    let c0 = 0;
    let c1 = 0;
    let c2 = 0;
    let c3 = 0;
    let at = 0;
    for (let row = 0; row < corners.length; row++) {
      let p = corners[row]!;
      const end = at + width;
      for (; at < end; at++) {
        const value = g[at]!;
        c0 += image[p + k0]! * value;
        c1 += image[p + k1]! * value;
        c2 += image[p + k2]! * value;
        c3 += image[p + k3]! * value;
        p += step;
      }
    }
    total[k] = total[k]! + c0;
    if (k + 1 < depth) total[k + 1] = total[k + 1]! + c1;
    if (k + 2 < depth) total[k + 2] = total[k + 2]! + c2;
    if (k + 3 < depth) total[k + 3] = total[k + 3]! + c3;
  }
}

export const copyFor = perDType(function copyRun(
  g: ArrayLike<number>,
  from: number,
  count: number,
  copy: Float64Array,
): void {
  for (let i = 0; i < count; i++) copy[i] = g[from + i]!;
});

/** Adds Σ_o w[o, k] · g[o, t] to image[corner(t) + offset(k)], four output channels at a time. */
export function spread(
  image: Float64Array,
  corners: Int32Array,
  offsets: Int32Array,
  packed: Float64Array,
  g: Float64Array,
  width: number,
  step: number,
  outChannels: number,
): void {
  const depth = offsets.length;
  const size = corners.length * width;
  for (let o = 0; o < outChannels; o += 4) {
    const g0 = o * size;
    const g1 = Math.min(o + 1, outChannels - 1) * size;
    const g2 = Math.min(o + 2, outChannels - 1) * size;
    const g3 = Math.min(o + 3, outChannels - 1) * size;
    for (let k = 0; k < depth; k++) {
      const from = o * depth + 4 * k;
      const w0 = packed[from]!;
      const w1 = packed[from + 1]!;
      const w2 = packed[from + 2]!;
      const w3 = packed[from + 3]!;
      const offset = offsets[k]!;
      let at = 0;
      for (let row = 0; row < corners.length; row++) {
        let p = corners[row]! + offset;
        const end = at + width;
        for (; at < end; at++) {
          image[p] =
            image[p]! +
            (w0 * g[g0 + at]! + w1 * g[g1 + at]! + (w2 * g[g2 + at]! + w3 * g[g3 + at]!));
          p += step;
        }
      }
    }
  }
}

/** The same for groups of a single output channel. */
export function spreadOne(
  image: Float64Array,
  corners: Int32Array,
  offsets: Int32Array,
  w: Float64Array,
  g: Float64Array,
  width: number,
  step: number,
): void {
  for (let k = 0; k < offsets.length; k++) {
    const value = w[4 * k]!;
    let at = 0;
    for (let row = 0; row < corners.length; row++) {
      let p = corners[row]! + offsets[k]!;
      const end = at + width;
      for (; at < end; at++) {
        image[p] = image[p]! + value * g[at]!;
        p += step;
      }
    }
  }
}
