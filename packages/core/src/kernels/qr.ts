/**
 * The QR decomposition by Householder reflections.
 *
 * Source: Golub & Van Loan, Matrix Computations, 4th ed., sections 5.1, 5.2.2 and (with pivoting) 5.4.2; the signs are
 * those of LAPACK's dgeqrf. Matrices are row-major and in double precision, scaled so that squares do not overflow.
 */

/**
 * Decomposes an m × n matrix in place: R on and above the diagonal, below it the reflections 1 − τ·v·vᵀ, whose first
 * component 1 is not stored. Returns the τ.
 */
export function reflect(a: Float64Array, m: number, n: number): Float64Array {
  const taus = new Float64Array(Math.min(m, n));
  for (let k = 0; k < taus.length; k++) taus[k] = reflectColumn(a, m, n, k);
  return taus;
}

/** Turns the part of column k below the diagonal to zero, and the columns after it with it. */
function reflectColumn(a: Float64Array, m: number, n: number, k: number): number {
  let below = 0;
  for (let i = k + 1; i < m; i++) below += a[i * n + k]! * a[i * n + k]!;
  if (below === 0) return 0;
  const alpha = a[k * n + k]!;
  const length = Math.sqrt(alpha * alpha + below);
  // Away from alpha, so that nothing cancels in alpha − beta.
  const beta = alpha >= 0 ? -length : length;
  const tau = (beta - alpha) / beta;
  for (let i = k + 1; i < m; i++) a[i * n + k]! /= alpha - beta;
  a[k * n + k] = beta;
  for (let j = k + 1; j < n; j++) {
    let sum = a[k * n + j]!;
    for (let i = k + 1; i < m; i++) sum += a[i * n + k]! * a[i * n + j]!;
    sum *= tau;
    a[k * n + j]! -= sum;
    for (let i = k + 1; i < m; i++) a[i * n + j]! -= sum * a[i * n + k]!;
  }
  return tau;
}

/** The first so many columns of Q, m × columns, from the reflections that {@link reflect} left. */
export function reflectionsAsMatrix(
  a: Float64Array,
  taus: Float64Array,
  m: number,
  n: number,
  columns: number,
): Float64Array {
  const q = new Float64Array(m * columns);
  for (let i = 0; i < Math.min(m, columns); i++) q[i * columns + i] = 1;
  for (let k = taus.length - 1; k >= 0; k--) {
    for (let j = k; j < columns; j++) {
      let sum = q[k * columns + j]!;
      for (let i = k + 1; i < m; i++) sum += a[i * n + k]! * q[i * columns + j]!;
      sum *= taus[k]!;
      q[k * columns + j]! -= sum;
      for (let i = k + 1; i < m; i++) q[i * columns + j]! -= sum * a[i * n + k]!;
    }
  }
  return q;
}

/** R from what {@link reflect} left: so many rows of it, with zeros below the diagonal. */
export function upperTriangle(a: Float64Array, n: number, rows: number): Float64Array {
  const r = new Float64Array(rows * n);
  for (let i = 0; i < Math.min(rows, a.length / n); i++) {
    for (let j = i; j < n; j++) r[i * n + j] = a[i * n + j]!;
  }
  return r;
}

/**
 * A·P = Q·R for m ≥ n, with the longest remaining column next at each step: Q is m × n, R is n × n, and column j of A·P
 * is column `columns[j]` of A.
 */
export function pivotedQR(
  a: Float64Array,
  m: number,
  n: number,
): { q: Float64Array; r: Float64Array; columns: Int32Array } {
  const work = a.slice();
  const columns = Int32Array.from({ length: n }, (_, j) => j);
  const taus = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    let longest = k;
    let most = -1;
    for (let j = k; j < n; j++) {
      let sum = 0;
      for (let i = k; i < m; i++) sum += work[i * n + j]! * work[i * n + j]!;
      if (sum > most) {
        most = sum;
        longest = j;
      }
    }
    if (longest !== k) {
      for (let i = 0; i < m; i++) {
        const kept = work[i * n + k]!;
        work[i * n + k] = work[i * n + longest]!;
        work[i * n + longest] = kept;
      }
      const kept = columns[k]!;
      columns[k] = columns[longest]!;
      columns[longest] = kept;
    }
    taus[k] = reflectColumn(work, m, n, k);
  }
  return { q: reflectionsAsMatrix(work, taus, m, n, n), r: upperTriangle(work, n, n), columns };
}

/**
 * Completes `have` orthonormal rows of a certain length to `want` of them: each new row is the unit vector that is
 * farthest from the rows so far, made orthogonal to them (twice, so that rounding does not matter).
 */
export function completeBasis(
  rows: Float64Array,
  have: number,
  want: number,
  length: number,
): void {
  for (let row = have; row < want; row++) {
    let nearest = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < length; i++) {
      let covered = 0;
      for (let other = 0; other < row; other++) covered += rows[other * length + i]! ** 2;
      if (covered < least) {
        least = covered;
        nearest = i;
      }
    }
    const fresh = rows.subarray(row * length, (row + 1) * length).fill(0);
    fresh[nearest] = 1;
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < row; other++) {
        let along = 0;
        for (let i = 0; i < length; i++) along += fresh[i]! * rows[other * length + i]!;
        for (let i = 0; i < length; i++) fresh[i]! -= along * rows[other * length + i]!;
      }
      let square = 0;
      for (let i = 0; i < length; i++) square += fresh[i]! * fresh[i]!;
      for (let i = 0; i < length; i++) fresh[i]! /= Math.sqrt(square);
    }
  }
}
