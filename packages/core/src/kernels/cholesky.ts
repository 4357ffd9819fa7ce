/**
 * The Cholesky decomposition.
 *
 * Source: Golub & Van Loan, Matrix Computations, 4th ed., section 4.2 (row by row, each from those above).
 */

/**
 * A = L·Lᵀ for a symmetric positive definite n × n matrix, in place: L on and below the diagonal, zeros above. Only the
 * lower triangle is read. Returns the row in which no positive pivot is left, −1 if there is none.
 */
export function factorize(a: Float64Array, n: number): number {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let p = 0; p < j; p++) sum -= a[i * n + p]! * a[j * n + p]!;
      if (j < i) a[i * n + j] = sum / a[j * n + j]!;
      else if (sum > 0) a[i * n + i] = Math.sqrt(sum);
      else return i;
    }
    for (let j = i + 1; j < n; j++) a[i * n + j] = 0;
  }
  return -1;
}
