/**
 * Gaussian elimination: the LU decomposition with partial pivoting, and what follows from it.
 *
 * Source: Golub & Van Loan, Matrix Computations, 4th ed., algorithm 3.4.1 (outer products) and section 3.1 (triangular
 * systems). All matrices are row-major, square unless said otherwise, and in double precision.
 */

/** What elimination found: P·A = L·U, with the factors in the place of A. */
export interface Elimination {
  /** The row that stands at each place of P·A. */
  readonly rows: Int32Array;
  /** The sign of the permutation. */
  readonly sign: 1 | -1;
  /** The first column without a pivot other than 0; −1 if there is none. */
  readonly singularAt: number;
}

/** Decomposes an m × n matrix in place: U on and above the diagonal, L below it, whose own diagonal is 1. */
export function eliminate(a: Float64Array, m: number, n: number): Elimination {
  const rows = new Int32Array(m);
  for (let i = 0; i < m; i++) rows[i] = i;
  let sign: 1 | -1 = 1;
  let singularAt = -1;
  for (let k = 0; k < Math.min(m, n); k++) {
    let pivotRow = k;
    let largest = Math.abs(a[k * n + k]!);
    for (let i = k + 1; i < m; i++) {
      const size = Math.abs(a[i * n + k]!);
      if (size > largest) {
        largest = size;
        pivotRow = i;
      }
    }
    if (pivotRow !== k) {
      for (let j = 0; j < n; j++) {
        const above = a[k * n + j]!;
        a[k * n + j] = a[pivotRow * n + j]!;
        a[pivotRow * n + j] = above;
      }
      const above = rows[k]!;
      rows[k] = rows[pivotRow]!;
      rows[pivotRow] = above;
      sign = sign === 1 ? -1 : 1;
    }
    const pivot = a[k * n + k]!;
    if (pivot === 0) {
      if (singularAt < 0) singularAt = k;
      continue;
    }
    for (let i = k + 1; i < m; i++) {
      const factor = a[i * n + k]! / pivot;
      a[i * n + k] = factor;
      for (let j = k + 1; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!;
    }
  }
  return { rows, sign, singularAt };
}

/** Solves T·X = B in place of B (n × k) for a lower triangular T; `unit`: its diagonal counts as 1. */
export function solveLower(
  t: Float64Array,
  n: number,
  b: Float64Array,
  k: number,
  unit: boolean,
): void {
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < i; p++) subtractRow(b, i, t[i * n + p]!, p, k);
    if (!unit) divideRow(b, i, t[i * n + i]!, k);
  }
}

/** Solves T·X = B in place of B (n × k) for an upper triangular T; `unit`: its diagonal counts as 1. */
export function solveUpper(
  t: Float64Array,
  n: number,
  b: Float64Array,
  k: number,
  unit: boolean,
): void {
  for (let i = n - 1; i >= 0; i--) {
    for (let p = i + 1; p < n; p++) subtractRow(b, i, t[i * n + p]!, p, k);
    if (!unit) divideRow(b, i, t[i * n + i]!, k);
  }
}

/** bᵢ −= factor·bₚ. */
function subtractRow(b: Float64Array, i: number, factor: number, p: number, k: number): void {
  for (let j = 0; j < k; j++) b[i * k + j]! -= factor * b[p * k + j]!;
}

function divideRow(b: Float64Array, i: number, divisor: number, k: number): void {
  for (let j = 0; j < k; j++) b[i * k + j]! /= divisor;
}

/** Solves A·X = B (n × k) from the elimination of A. */
export function solveEliminated(
  lu: Float64Array,
  { rows }: Elimination,
  n: number,
  b: Float64Array,
  k: number,
): Float64Array {
  const x = new Float64Array(n * k);
  for (let i = 0; i < n; i++) x.set(b.subarray(rows[i]! * k, (rows[i]! + 1) * k), i * k);
  solveLower(lu, n, x, k, true);
  solveUpper(lu, n, x, k, false);
  return x;
}
