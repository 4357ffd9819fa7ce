/**
 * Matrix products.
 *
 * Small matrices are read where they lie, see `matmul-direct.ts`. Large ones are packed into panels of double precision
 * numbers first: two rows of A, four columns of B, in the order in which the inner loop reads them. So any strides cost
 * the same (a transposed operand is free), the inner loop sees one kind of array whatever the element type, and eight sums
 * stay in registers.
 */

import { multiplyAccelerated, multiplyStackTogether } from "../accelerated/matmul.ts";
import type { TypedArray } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { addBias } from "./bias.ts";
import { directProduct } from "./matmul-direct.ts";
import { perDType } from "./specialize.ts";

const panelRows = 2;
const panelColumns = 4;

/** Matrices of up to so many elements stay in the cache while they are read again and again: they are not packed. */
const mostForDirect = 2 ** 14;

let packedA = new Float64Array(1024);
let packedB = new Float64Array(1024);

/** A matrix within a storage. */
export interface MatrixView<Data extends TypedArray = TypedArray> {
  readonly data: Data;
  readonly offset: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** Numbers at even distances within a storage. */
export interface VectorView<Data extends TypedArray = TypedArray> {
  readonly data: Data;
  readonly offset: number;
  readonly step: number;
}

/** The matrix in the last two dimensions of a tensor, at a place in its storage. */
export function matrixAt(x: Tensor, offset: number): MatrixView {
  return {
    data: x.storage.data,
    offset,
    rowStep: x.strides[x.ndim - 2]!,
    columnStep: x.strides[x.ndim - 1]!,
  };
}

function isFloat32<View extends { readonly data: TypedArray }>(
  x: View,
): x is View & { readonly data: Float32Array } {
  return x.data instanceof Float32Array;
}

/** Whether one of the matrices is read but once, so that there is nothing to gain from packing. */
function isReadOnce(m: number, n: number): boolean {
  return m <= 4 || n <= 4;
}

/**
 * C = A·B for A of m × k and B of k × n; C is row-major and starts at `at`. With `bias`, n numbers are added to each row.
 */
export function matrixProduct(
  out: TypedArray,
  at: number,
  a: MatrixView,
  b: MatrixView,
  m: number,
  k: number,
  n: number,
  bias: VectorView | null = null,
): void {
  if (out instanceof Float32Array && isFloat32(a) && isFloat32(b)) {
    const isFit = bias === null || isFloat32(bias);
    if (isFit && multiplyAccelerated(out, at, a, b, m, k, n, bias)) return;
  }
  plainProduct(out, at, a, b, m, k, n);
  if (bias !== null) addBias(out, at, bias, m, n);
}

function plainProduct(
  out: TypedArray,
  at: number,
  a: MatrixView,
  b: MatrixView,
  m: number,
  k: number,
  n: number,
): void {
  if (isReadOnce(m, n) || (m * k <= mostForDirect && k * n <= mostForDirect)) {
    directProduct(out, at, a, b, m, k, n);
    return;
  }
  const rowPanels = Math.ceil(m / panelRows);
  const columnPanels = Math.ceil(n / panelColumns);
  const sizeA = rowPanels * panelRows * k;
  const sizeB = columnPanels * panelColumns * k;
  if (packedA.length < sizeA) packedA = new Float64Array(sizeA * 2);
  if (packedB.length < sizeB) packedB = new Float64Array(sizeB * 2);
  packFor(a.data)(packedA, a.data, a.offset, a.rowStep, a.columnStep, m, k, panelRows);
  packFor(b.data)(packedB, b.data, b.offset, b.columnStep, b.rowStep, n, k, panelColumns);
  multiplyFor(out)(out, at, packedA, packedB, m, k, n);
}

/**
 * The products of a stack of matrices, which lie where the offsets say, if several threads are to do it; C after C from
 * the start of `out` on. False, with nothing done, otherwise.
 */
export function stackProduct(
  out: TypedArray,
  a: MatrixView,
  offsetsA: readonly number[],
  b: MatrixView,
  offsetsB: readonly number[],
  m: number,
  k: number,
  n: number,
): boolean {
  if (!(out instanceof Float32Array && isFloat32(a) && isFloat32(b))) return false;
  return multiplyStackTogether(out, a, offsetsA, b, offsetsB, m, k, n);
}

/** Panels of `width` lines: for each panel, for each step along k, the numbers of its lines; missing lines are 0. */
const packFor = perDType(function pack(
  target: Float64Array,
  source: ArrayLike<number>,
  offset: number,
  lineStep: number,
  alongStep: number,
  lines: number,
  k: number,
  width: number,
): void {
  let panel = 0;
  for (let first = 0; first < lines; first += width) {
    for (let line = 0; line < width; line++) {
      let to = panel + line;
      if (first + line < lines) {
        let from = offset + (first + line) * lineStep;
        for (let p = 0; p < k; p++) {
          target[to] = source[from]!;
          to += width;
          from += alongStep;
        }
      } else {
        for (let p = 0; p < k; p++) {
          target[to] = 0;
          to += width;
        }
      }
    }
    panel += width * k;
  }
});

const multiplyFor = perDType(function multiply(
  out: { [index: number]: number },
  at: number,
  panelsA: Float64Array,
  panelsB: Float64Array,
  m: number,
  k: number,
  n: number,
): void {
  for (let j = 0; j < n; j += 4) {
    const startB = j * k;
    for (let i = 0; i < m; i += 2) {
      let c00 = 0;
      let c01 = 0;
      let c02 = 0;
      let c03 = 0;
      let c10 = 0;
      let c11 = 0;
      let c12 = 0;
      let c13 = 0;
      let pa = i * k;
      let pb = startB;
      for (let p = 0; p < k; p++) {
        const a0 = panelsA[pa]!;
        const a1 = panelsA[pa + 1]!;
        const b0 = panelsB[pb]!;
        const b1 = panelsB[pb + 1]!;
        const b2 = panelsB[pb + 2]!;
        const b3 = panelsB[pb + 3]!;
        c00 += a0 * b0;
        c01 += a0 * b1;
        c02 += a0 * b2;
        c03 += a0 * b3;
        c10 += a1 * b0;
        c11 += a1 * b1;
        c12 += a1 * b2;
        c13 += a1 * b3;
        pa += 2;
        pb += 4;
      }
      const row = at + i * n + j;
      const width = n - j;
      out[row] = c00;
      if (width > 1) out[row + 1] = c01;
      if (width > 2) out[row + 2] = c02;
      if (width > 3) out[row + 3] = c03;
      if (i + 1 < m) {
        const below = row + n;
        out[below] = c10;
        if (width > 1) out[below + 1] = c11;
        if (width > 2) out[below + 2] = c12;
        if (width > 3) out[below + 3] = c13;
      }
    }
  }
});
