/**
 * Matrix products of small matrices, read where they lie.
 *
 * A block of four rows and up to four columns of the result is summed at a time: each number that is read serves several
 * products, and the sums do not wait for one another. Nothing is packed, since for small matrices that costs as much as a
 * third of the product. Each sum runs along k in rising order, as everywhere else, so the bits do not depend on the way.
 */
import type { TypedArray } from "../dtype.ts";
import type { MatrixView } from "./matmul.ts";
import { perDType } from "./specialize.ts";

/** C = A·B for A of m × k and B of k × n; C is row-major and starts at `at`. */
export function directProduct(
  out: TypedArray,
  at: number,
  a: MatrixView,
  b: MatrixView,
  m: number,
  k: number,
  n: number,
): void {
  const fours = n - (n % 4);
  const twos = n - (n % 2);
  if (fours > 0) run(fourColumnsFor, out, at, a, b, m, k, n, 0, fours);
  if (twos > fours) run(twoColumnsFor, out, at, a, b, m, k, n, fours, twos);
  if (n > twos) run(oneColumnFor, out, at, a, b, m, k, n, twos, n);
}

function run(
  kernelFor: typeof fourColumnsFor,
  out: TypedArray,
  at: number,
  a: MatrixView,
  b: MatrixView,
  m: number,
  k: number,
  n: number,
  first: number,
  end: number,
): void {
  // biome-ignore format: an operand a line
  kernelFor(out, a.data, b.data)(
    out, at,
    a.data, a.offset, a.rowStep, a.columnStep,
    b.data, b.offset, b.rowStep, b.columnStep,
    m, k, n, first, end,
  );
}

/** The columns from `first` to `end`, four at a time. */
const fourColumnsFor = perDType(function fourColumns(
  out: { [index: number]: number },
  at: number,
  a: ArrayLike<number>,
  startA: number,
  rowA: number,
  alongA: number,
  b: ArrayLike<number>,
  startB: number,
  alongB: number,
  columnB: number,
  m: number,
  k: number,
  n: number,
  first: number,
  end: number,
): void {
  const even = m - (m % 4);
  for (let j = first; j < end; j += 4) {
    let i = 0;
    for (; i < even; i += 4) {
      let c00 = 0;
      let c01 = 0;
      let c02 = 0;
      let c03 = 0;
      let c10 = 0;
      let c11 = 0;
      let c12 = 0;
      let c13 = 0;
      let c20 = 0;
      let c21 = 0;
      let c22 = 0;
      let c23 = 0;
      let c30 = 0;
      let c31 = 0;
      let c32 = 0;
      let c33 = 0;
      let pa = startA + i * rowA;
      let pb = startB + j * columnB;
      for (let p = 0; p < k; p++) {
        const y0 = b[pb]!;
        const y1 = b[pb + columnB]!;
        const y2 = b[pb + 2 * columnB]!;
        const y3 = b[pb + 3 * columnB]!;
        const x0 = a[pa]!;
        c00 += x0 * y0;
        c01 += x0 * y1;
        c02 += x0 * y2;
        c03 += x0 * y3;
        const x1 = a[pa + rowA]!;
        c10 += x1 * y0;
        c11 += x1 * y1;
        c12 += x1 * y2;
        c13 += x1 * y3;
        const x2 = a[pa + 2 * rowA]!;
        c20 += x2 * y0;
        c21 += x2 * y1;
        c22 += x2 * y2;
        c23 += x2 * y3;
        const x3 = a[pa + 3 * rowA]!;
        c30 += x3 * y0;
        c31 += x3 * y1;
        c32 += x3 * y2;
        c33 += x3 * y3;
        pa += alongA;
        pb += alongB;
      }
      let row = at + i * n + j;
      out[row] = c00;
      out[row + 1] = c01;
      out[row + 2] = c02;
      out[row + 3] = c03;
      row += n;
      out[row] = c10;
      out[row + 1] = c11;
      out[row + 2] = c12;
      out[row + 3] = c13;
      row += n;
      out[row] = c20;
      out[row + 1] = c21;
      out[row + 2] = c22;
      out[row + 3] = c23;
      row += n;
      out[row] = c30;
      out[row + 1] = c31;
      out[row + 2] = c32;
      out[row + 3] = c33;
    }
    for (; i < m; i++) {
      let c0 = 0;
      let c1 = 0;
      let c2 = 0;
      let c3 = 0;
      let pa = startA + i * rowA;
      let pb = startB + j * columnB;
      for (let p = 0; p < k; p++) {
        const y0 = b[pb]!;
        const y1 = b[pb + columnB]!;
        const y2 = b[pb + 2 * columnB]!;
        const y3 = b[pb + 3 * columnB]!;
        const x = a[pa]!;
        c0 += x * y0;
        c1 += x * y1;
        c2 += x * y2;
        c3 += x * y3;
        pa += alongA;
        pb += alongB;
      }
      const row = at + i * n + j;
      out[row] = c0;
      out[row + 1] = c1;
      out[row + 2] = c2;
      out[row + 3] = c3;
    }
  }
});

/** The columns from `first` to `end`, two at a time. */
const twoColumnsFor = perDType(function twoColumns(
  out: { [index: number]: number },
  at: number,
  a: ArrayLike<number>,
  startA: number,
  rowA: number,
  alongA: number,
  b: ArrayLike<number>,
  startB: number,
  alongB: number,
  columnB: number,
  m: number,
  k: number,
  n: number,
  first: number,
  end: number,
): void {
  const even = m - (m % 4);
  for (let j = first; j < end; j += 2) {
    let i = 0;
    for (; i < even; i += 4) {
      let c00 = 0;
      let c01 = 0;
      let c10 = 0;
      let c11 = 0;
      let c20 = 0;
      let c21 = 0;
      let c30 = 0;
      let c31 = 0;
      let pa = startA + i * rowA;
      let pb = startB + j * columnB;
      for (let p = 0; p < k; p++) {
        const y0 = b[pb]!;
        const y1 = b[pb + columnB]!;
        const x0 = a[pa]!;
        c00 += x0 * y0;
        c01 += x0 * y1;
        const x1 = a[pa + rowA]!;
        c10 += x1 * y0;
        c11 += x1 * y1;
        const x2 = a[pa + 2 * rowA]!;
        c20 += x2 * y0;
        c21 += x2 * y1;
        const x3 = a[pa + 3 * rowA]!;
        c30 += x3 * y0;
        c31 += x3 * y1;
        pa += alongA;
        pb += alongB;
      }
      let row = at + i * n + j;
      out[row] = c00;
      out[row + 1] = c01;
      row += n;
      out[row] = c10;
      out[row + 1] = c11;
      row += n;
      out[row] = c20;
      out[row + 1] = c21;
      row += n;
      out[row] = c30;
      out[row + 1] = c31;
    }
    for (; i < m; i++) {
      let c0 = 0;
      let c1 = 0;
      let pa = startA + i * rowA;
      let pb = startB + j * columnB;
      for (let p = 0; p < k; p++) {
        const y0 = b[pb]!;
        const y1 = b[pb + columnB]!;
        const x = a[pa]!;
        c0 += x * y0;
        c1 += x * y1;
        pa += alongA;
        pb += alongB;
      }
      const row = at + i * n + j;
      out[row] = c0;
      out[row + 1] = c1;
    }
  }
});

/** The columns from `first` to `end`, one at a time. */
const oneColumnFor = perDType(function oneColumn(
  out: { [index: number]: number },
  at: number,
  a: ArrayLike<number>,
  startA: number,
  rowA: number,
  alongA: number,
  b: ArrayLike<number>,
  startB: number,
  alongB: number,
  columnB: number,
  m: number,
  k: number,
  n: number,
  first: number,
  end: number,
): void {
  const even = m - (m % 4);
  for (let j = first; j < end; j += 1) {
    let i = 0;
    for (; i < even; i += 4) {
      let c0 = 0;
      let c1 = 0;
      let c2 = 0;
      let c3 = 0;
      let pa = startA + i * rowA;
      let pb = startB + j * columnB;
      for (let p = 0; p < k; p++) {
        const y = b[pb]!;
        const x0 = a[pa]!;
        c0 += x0 * y;
        const x1 = a[pa + rowA]!;
        c1 += x1 * y;
        const x2 = a[pa + 2 * rowA]!;
        c2 += x2 * y;
        const x3 = a[pa + 3 * rowA]!;
        c3 += x3 * y;
        pa += alongA;
        pb += alongB;
      }
      let row = at + i * n + j;
      out[row] = c0;
      row += n;
      out[row] = c1;
      row += n;
      out[row] = c2;
      row += n;
      out[row] = c3;
    }
    for (; i < m; i++) {
      let c = 0;
      let pa = startA + i * rowA;
      let pb = startB + j * columnB;
      for (let p = 0; p < k; p++) {
        const y = b[pb]!;
        const x = a[pa]!;
        c += x * y;
        pa += alongA;
        pb += alongB;
      }
      const row = at + i * n + j;
      out[row] = c;
    }
  }
});
