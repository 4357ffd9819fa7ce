/**
 * The singular value decomposition by one-sided Jacobi rotations.
 *
 * Source: M. R. Hestenes, Inversion of matrices by biorthogonalization, J. SIAM 6 (1958); Golub & Van Loan, Matrix
 * Computations, 4th ed., section 8.6.3. Pairs of columns are rotated until all are orthogonal to one another: A·V = U·S.
 * A decomposition with pivoting, A·P = Q·R, comes first: the rotations then work on the columns of Rᵀ, which are nearly
 * orthogonal already (Z. Drmač and K. Veselić, SIAM J. Matrix Anal. Appl. 29, 2008). Small singular values come out with
 * high relative accuracy.
 */
import { dividedBy, identity, scaleOf, transposed } from "./matrices.ts";
import { completeBasis, pivotedQR } from "./qr.ts";

/** A = U·diag(s)·Vᵀ. The vectors stand in rows: row i of `u` is the i-th left singular vector. */
export interface SingularValues {
  readonly s: Float64Array;
  /** k × m. */
  readonly u: Float64Array;
  /** k × n. */
  readonly v: Float64Array;
  /** Whether the rotations came to an end, as they do for any finite matrix. */
  readonly converged: boolean;
}

const mostSweeps = 60;
/** Squares of smaller numbers lose their digits: vectors shorter than this have no direction. */
const vanishing = 2 ** -400;

/** Decomposes an m × n matrix (row-major), k = min(m, n); singular values fall. */
export function singularValues(a: Float64Array, m: number, n: number): SingularValues {
  if (m < n) {
    const { s, u, v, converged } = singularValues(transposed(a, m, n), n, m);
    return { s, u: v, v: u, converged };
  }
  const scale = scaleOf(a);
  const { q, r, columns } = pivotedQR(dividedBy(a, scale), m, n);
  // The columns of Rᵀ are the rows of R: Y·R = S·X with orthonormal rows of X and Y, hence A = (Q·Yᵀ)·S·(P·Xᵀ)ᵀ.
  const x = r;
  const y = identity(n);
  const converged = orthogonalize(x, y, n);
  const s = new Float64Array(n);
  for (let i = 0; i < n; i++) s[i] = lengthOf(x, i * n, n);
  const order = Array.from(s, (_, i) => i).sort((i, j) => s[j]! - s[i]! || i - j);
  const u = new Float64Array(n * m);
  const v = new Float64Array(n * n);
  let rank = 0;
  for (const [to, from] of order.entries()) {
    // Thousands of rotations leave the directions of Y exact, but not quite the lengths.
    const length = lengthOf(y, from * n, n);
    for (let i = 0; i < m; i++) {
      let sum = 0;
      for (let p = 0; p < n; p++) sum += q[i * n + p]! * y[from * n + p]!;
      u[to * m + i] = sum / length;
    }
    if (s[from]! > vanishing) {
      rank++;
      for (let p = 0; p < n; p++) v[to * n + columns[p]!] = x[from * n + p]! / s[from]!;
    }
  }
  // What belongs to singular values of 0 has no direction of its own: any orthonormal vectors that complete the others.
  completeBasis(v, rank, n, n);
  const sorted = new Float64Array(n);
  for (const [to, from] of order.entries()) sorted[to] = s[from]! * scale;
  return { s: sorted, u, v, converged };
}

/** Rotates the rows of x (n × n) until they are orthogonal, and those of y with them. */
function orthogonalize(x: Float64Array, y: Float64Array, n: number): boolean {
  // Rounding leaves about so much of the cosine of the angle between orthogonal rows.
  const negligible = Math.sqrt(n) * 2 ** -52;
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    let rotations = 0;
    for (let p = 0; p < n - 1; p++) {
      for (let q = p + 1; q < n; q++) {
        let alpha = 0;
        let beta = 0;
        let gamma = 0;
        for (let i = 0; i < n; i++) {
          const xp = x[p * n + i]!;
          const xq = x[q * n + i]!;
          alpha += xp * xp;
          beta += xq * xq;
          gamma += xp * xq;
        }
        if (Math.abs(gamma) <= negligible * Math.sqrt(alpha) * Math.sqrt(beta)) continue;
        rotations++;
        // The smaller of the two angles that make the rotated rows orthogonal.
        const zeta = (beta - alpha) / (2 * gamma);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        rotate(x, p * n, q * n, n, c, c * t);
        rotate(y, p * n, q * n, n, c, c * t);
      }
    }
    if (rotations === 0) return true;
  }
  return false;
}

function rotate(x: Float64Array, p: number, q: number, n: number, c: number, s: number): void {
  for (let i = 0; i < n; i++) {
    const xp = x[p + i]!;
    const xq = x[q + i]!;
    x[p + i] = c * xp - s * xq;
    x[q + i] = s * xp + c * xq;
  }
}

function lengthOf(x: Float64Array, from: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += x[from + i]! * x[from + i]!;
  return Math.sqrt(sum);
}
