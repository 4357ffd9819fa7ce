/**
 * Functions in arithmetic that IEEE 754 fixes to the last bit (+ − · / and the square root), so that random numbers are
 * the same on every platform: `Math.log` and its kin differ between JavaScript engines.
 */

const bits = new DataView(new ArrayBuffer(8));

/** The coefficients of (artanh s)/s in powers of s², from s²⁰ down to s². */
export const logTerms: readonly number[] = Array.from({ length: 10 }, (_, i) => 1 / (21 - 2 * i));

/**
 * ln x for normal numbers x > 0.
 *
 * x = 2ᵉ·m with m in [√½, √2); ln m = 2·artanh(s), s = (m − 1)/(m + 1), by its series up to s²¹: |s| < 0.172, so what is
 * cut off is below 2⁻⁵⁸.
 */
export function portableLog(x: number): number {
  bits.setFloat64(0, x);
  const head = bits.getInt32(0);
  let exponent = ((head >>> 20) & 0x7ff) - 1023;
  // The same digits with exponent 0: m in [1, 2).
  bits.setInt32(0, (head & 0x000fffff) | 0x3ff00000);
  let mantissa = bits.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let series = logTerms[0]!;
  for (let i = 1; i < logTerms.length; i++) series = series * z + logTerms[i]!;
  return exponent * Math.LN2 + 2 * s * (1 + series * z);
}

/** The coefficients of an approximation P(r)/Q(r), highest powers first. */
export interface Ratio {
  readonly over: readonly [number, number, number, number, number, number, number, number];
  readonly under: readonly [number, number, number, number, number, number, number, number];
}

/**
 * The quantiles of standard normal numbers as rational functions on three intervals, with relative errors of about 10⁻¹⁶:
 * Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics 37 (1988).
 */
export const quantiles: { readonly [K in "central" | "upper" | "far"]: Ratio } = {
  central: {
    over: [
      2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
      13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
    ],
    under: [
      5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
      5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1,
    ],
  },
  upper: {
    over: [
      7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
      1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959,
      1.42343711074968357734,
    ],
    under: [
      1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
      0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187,
      1,
    ],
  },
  far: {
    over: [
      2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
      0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699,
      6.6579046435011037772,
    ],
    under: [
      2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
      7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
      0.59983220655588793769, 1,
    ],
  },
};

/** How far from ½ the central interval reaches, and the square of that; where the others meet; the centre of the upper one. */
export const quantileBounds = {
  central: 0.425,
  square: 0.180625,
  far: 5,
  upperCentre: 1.6,
} as const;

/**
 * The number below which a standard normal number lies with probability p, for 0 < p < 1; see {@link quantiles}. The
 * kernels take the same steps (packages/core/kernels/normal.ts): whoever changes one changes both.
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= quantileBounds.central)
    return quotient(quantiles.central, quantileBounds.square - q * q, q);
  const r = Math.sqrt(-portableLog(q < 0 ? p : 1 - p));
  const magnitude =
    r <= quantileBounds.far
      ? quotient(quantiles.upper, r - quantileBounds.upperCentre, 1)
      : quotient(quantiles.far, r - quantileBounds.far, 1);
  return q < 0 ? -magnitude : magnitude;
}

/** factor·P(r)/Q(r). */
function quotient({ over, under }: Ratio, r: number, factor: number): number {
  return (factor * horner(over, r)) / horner(under, r);
}

function horner(c: Ratio["over"], r: number): number {
  return (
    ((((((c[0] * r + c[1]) * r + c[2]) * r + c[3]) * r + c[4]) * r + c[5]) * r + c[6]) * r + c[7]
  );
}
