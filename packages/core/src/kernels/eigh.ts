/**
 * Eigenvalues and eigenvectors of symmetric matrices.
 *
 * Source: Golub & Van Loan, Matrix Computations, 4th ed.: reduction to tridiagonal form by Householder reflections
 * (algorithm 8.3.1), then implicit QR steps with Wilkinson's shift (algorithms 8.3.2 and 8.3.3). Row-major matrices in
 * double precision.
 */
import { dividedBy, identity, scaleOf } from "./matrices.ts";

/** A = Vᵀ·diag(λ)·V. */
export interface Eigen {
  /** Rising. */
  readonly values: Float64Array;
  /** Row i is the eigenvector of the i-th eigenvalue. */
  readonly vectors: Float64Array;
  readonly converged: boolean;
}

/** More steps than this for one eigenvalue mean that there is no end; two or three are usual. */
const mostSteps = 60;
/** Against a largest entry near 1: far below rounding, for blocks of zeros. */
const negligible = 2 ** -120;

/** Decomposes a symmetric n × n matrix. */
export function symmetricEigen(a: Float64Array, n: number): Eigen {
  const scale = scaleOf(a);
  const work = dividedBy(a, scale).slice();
  const vectors = identity(n);
  const { d, e } = tridiagonalize(work, vectors, n);
  const converged = diagonalize(d, e, vectors, n);
  const order = Array.from(d, (_, i) => i).sort((i, j) => d[i]! - d[j]! || i - j);
  const values = new Float64Array(n);
  const sorted = new Float64Array(n * n);
  for (const [to, from] of order.entries()) {
    values[to] = d[from]! * scale;
    sorted.set(vectors.subarray(from * n, (from + 1) * n), to * n);
  }
  return { values, vectors: sorted, converged };
}

/**
 * T = Q·A·Qᵀ with the diagonal d and the numbers e beside it; A is used up, and Q comes into `q`, which is 1 before.
 */
function tridiagonalize(
  a: Float64Array,
  q: Float64Array,
  n: number,
): { d: Float64Array; e: Float64Array } {
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  for (let k = 0; k < n - 2; k++) {
    let below = 0;
    for (let i = k + 2; i < n; i++) below += a[i * n + k]! * a[i * n + k]!;
    if (below === 0) continue;
    // The reflection 1 − τ·v·vᵀ turns all of column k below the place under the diagonal to zero.
    const alpha = a[(k + 1) * n + k]!;
    const length = Math.sqrt(alpha * alpha + below);
    const beta = alpha >= 0 ? -length : length;
    const tau = (beta - alpha) / beta;
    v[k + 1] = 1;
    for (let i = k + 2; i < n; i++) v[i] = a[i * n + k]! / (alpha - beta);
    a[(k + 1) * n + k] = beta;
    // A − v·wᵀ − w·vᵀ with w = p − τ/2·(pᵀv)·v and p = τ·A·v.
    let along = 0;
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += a[i * n + j]! * v[j]!;
      w[i] = tau * sum;
      along += w[i]! * v[i]!;
    }
    for (let i = k + 1; i < n; i++) w[i]! -= 0.5 * tau * along * v[i]!;
    for (let i = k + 1; i < n; i++) {
      for (let j = k + 1; j < n; j++) a[i * n + j]! -= v[i]! * w[j]! + w[i]! * v[j]!;
    }
    reflectRows(q, v, tau, k + 1, n);
  }
  const d = new Float64Array(n);
  const e = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    d[i] = a[i * n + i]!;
    if (i < n - 1) e[i] = a[(i + 1) * n + i]!;
  }
  return { d, e };
}

/** Q ← (1 − τ·v·vᵀ)·Q, where v begins at `first`. */
function reflectRows(
  q: Float64Array,
  v: Float64Array,
  tau: number,
  first: number,
  n: number,
): void {
  const sums = new Float64Array(n);
  for (let i = first; i < n; i++) {
    for (let j = 0; j < n; j++) sums[j]! += v[i]! * q[i * n + j]!;
  }
  for (let i = first; i < n; i++) {
    for (let j = 0; j < n; j++) q[i * n + j]! -= tau * v[i]! * sums[j]!;
  }
}

/** Turns a tridiagonal matrix into a diagonal one, and the rows of `q` with it. */
function diagonalize(d: Float64Array, e: Float64Array, q: Float64Array, n: number): boolean {
  let steps = 0;
  for (let last = n - 1; last > 0; ) {
    for (let k = 0; k < last; k++) {
      const size = Math.abs(d[k]!) + Math.abs(d[k + 1]!);
      if (Math.abs(e[k]!) <= 2 ** -52 * size + negligible) e[k] = 0;
    }
    if (e[last - 1] === 0) {
      last--;
      steps = 0;
      continue;
    }
    if (++steps > mostSteps) return false;
    // The block that hangs together with the last place.
    let first = last - 1;
    while (first > 0 && e[first - 1] !== 0) first--;
    shiftedStep(d, e, q, first, last, n);
  }
  return true;
}

/** One implicit QR step on the places from `first` to `last`. */
function shiftedStep(
  d: Float64Array,
  e: Float64Array,
  q: Float64Array,
  first: number,
  last: number,
  n: number,
): void {
  // The eigenvalue of the last 2 × 2 block that is nearer to its last entry.
  const delta = (d[last - 1]! - d[last]!) / 2;
  const beside = e[last - 1]!;
  const root = Math.sqrt(delta * delta + beside * beside);
  const shift = d[last]! - (beside * beside) / (delta + (delta >= 0 ? root : -root));
  let x = d[first]! - shift;
  let z = e[first]!;
  for (let k = first; k < last; k++) {
    const r = Math.sqrt(x * x + z * z);
    const c = r === 0 ? 1 : x / r;
    const s = r === 0 ? 0 : z / r;
    if (k > first) e[k - 1] = r;
    const [d1, d2, f] = [d[k]!, d[k + 1]!, e[k]!];
    d[k] = c * c * d1 + 2 * c * s * f + s * s * d2;
    d[k + 1] = s * s * d1 - 2 * c * s * f + c * c * d2;
    e[k] = c * s * (d2 - d1) + (c * c - s * s) * f;
    if (k < last - 1) {
      x = e[k]!;
      z = s * e[k + 1]!;
      e[k + 1]! *= c;
    }
    for (let i = 0; i < n; i++) {
      const upper = q[k * n + i]!;
      const lower = q[(k + 1) * n + i]!;
      q[k * n + i] = c * upper + s * lower;
      q[(k + 1) * n + i] = c * lower - s * upper;
    }
  }
}
