/**
 * Functions in arithmetic that IEEE 754 fixes to the last bit (+ − · / and the square root), so that random numbers are
 * the same on every platform: `Math.log` and its kin differ between JavaScript engines.
 */

const bits = new DataView(new ArrayBuffer(8));

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
  let series = 1 / 21;
  series = series * z + 1 / 19;
  series = series * z + 1 / 17;
  series = series * z + 1 / 15;
  series = series * z + 1 / 13;
  series = series * z + 1 / 11;
  series = series * z + 1 / 9;
  series = series * z + 1 / 7;
  series = series * z + 1 / 5;
  series = series * z + 1 / 3;
  return exponent * Math.LN2 + 2 * s * (1 + series * z);
}

/**
 * The number below which a standard normal number lies with probability p, for 0 < p < 1.
 *
 * Rational approximations on three intervals, with relative errors of about 10⁻¹⁶: Wichura, "Algorithm AS 241: The
 * percentage points of the normal distribution", Applied Statistics 37 (1988).
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (q *
        (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r +
          45921.953931549871457) *
          r +
          13731.693765509461125) *
          r +
          1971.5909503065514427) *
          r +
          133.14166789178437745) *
          r +
          3.387132872796366608)) /
      (((((((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r +
        21213.794301586595867) *
        r +
        5394.1960214247511077) *
        r +
        687.1870074920579083) *
        r +
        42.313330701600911252) *
        r +
        1)
    );
  }
  const r = Math.sqrt(-portableLog(q < 0 ? p : 1 - p));
  const magnitude = r <= 5 ? upperQuantile(r - 1.6) : farQuantile(r - 5);
  return q < 0 ? -magnitude : magnitude;
}

function upperQuantile(r: number): number {
  return (
    (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) *
      r +
      1.27045825245236838258) *
      r +
      3.64784832476320460504) *
      r +
      5.7694972214606914055) *
      r +
      4.6303378461565452959) *
      r +
      1.42343711074968357734) /
    (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r +
      0.0151986665636164571966) *
      r +
      0.14810397642748007459) *
      r +
      0.68976733498510000455) *
      r +
      1.6763848301838038494) *
      r +
      2.05319162663775882187) *
      r +
      1)
  );
}

function farQuantile(r: number): number {
  return (
    (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r +
      0.0012426609473880784386) *
      r +
      0.026532189526576123093) *
      r +
      0.29656057182850489123) *
      r +
      1.7848265399172913358) *
      r +
      5.4637849111641143699) *
      r +
      6.6579046435011037772) /
    (((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r +
      1.8463183175100546818e-5) *
      r +
      7.868691311456132591e-4) *
      r +
      0.0148753612908506148525) *
      r +
      0.13692988092273580531) *
      r +
      0.59983220655588793769) *
      r +
      1)
  );
}
