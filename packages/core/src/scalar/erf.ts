/**
 * The error function, its complement and its inverse, and the normal distribution function, in double precision.
 *
 * Rational approximations on five intervals, with errors below 1 ulp. The coefficients are those of Sun's freely
 * distributable mathematical library (fdlibm, s_erf.c, 1993). The polynomials are written out: they are the inner loop of
 * gelu.
 */

const twoOverRootPiMinusOne = 1.28379167095512586316e-1;
const erfNearOne = 8.45062911510467529297e-1;

/** (erf x − x)/x for |x| < 0.84375, from z = x². */
function ratioNearZero(z: number): number {
  const p =
    1.28379167095512558561e-1 +
    z *
      (-3.2504210724700149937e-1 +
        z *
          (-2.84817495755985104766e-2 +
            z * (-5.77027029648944159157e-3 + z * -2.37630166566501626084e-5)));
  const q =
    1 +
    z *
      (3.97917223959155352819e-1 +
        z *
          (6.50222499887672944485e-2 +
            z *
              (5.08130628187576562776e-3 +
                z * (1.32494738004321644526e-4 + z * -3.9602282787753681232e-6))));
  return p / q;
}

/** erf x − erfNearOne for 0.84375 ≤ x < 1.25, from s = x − 1. */
function ratioNearOne(s: number): number {
  const p =
    -2.36211856075265944077e-3 +
    s *
      (4.14856118683748331666e-1 +
        s *
          (-3.72207876035701323847e-1 +
            s *
              (3.18346619901161753674e-1 +
                s *
                  (-1.10894694282396677476e-1 +
                    s * (3.54783043256182359371e-2 + s * -2.166375594868790843e-3)))));
  const q =
    1 +
    s *
      (1.06420880400844228286e-1 +
        s *
          (5.40397917702171048937e-1 +
            s *
              (7.18286544141962662868e-2 +
                s *
                  (1.26171219808761642112e-1 +
                    s * (1.36370839120290507362e-2 + s * 1.1984499846799107417e-2)))));
  return p / q;
}

/** ln(x·erfc x) + x² + 0.5625 for 1.25 ≤ x < 1/0.35, from s = 1/x². */
function ratioMiddle(s: number): number {
  const p =
    -9.86494403484714822705e-3 +
    s *
      (-6.93858572707181764372e-1 +
        s *
          (-1.05586262253232909814e1 +
            s *
              (-6.23753324503260060396e1 +
                s *
                  (-1.62396669462573470355e2 +
                    s *
                      (-1.84605092906711035994e2 +
                        s * (-8.12874355063065934246e1 + s * -9.81432934416914548592))))));
  const q =
    1 +
    s *
      (1.96512716674392571292e1 +
        s *
          (1.376577541435190426e2 +
            s *
              (4.34565877475229228821e2 +
                s *
                  (6.45387271733267880336e2 +
                    s *
                      (4.29008140027567833386e2 +
                        s *
                          (1.08635005541779435134e2 +
                            s * (6.57024977031928170135 + s * -6.04244152148580987438e-2)))))));
  return p / q;
}

/** The same for x ≥ 1/0.35. */
function ratioFar(s: number): number {
  const p =
    -9.86494292470009928597e-3 +
    s *
      (-7.99283237680523006574e-1 +
        s *
          (-1.77579549177547519889e1 +
            s *
              (-1.60636384855821916062e2 +
                s *
                  (-6.37566443368389627722e2 +
                    s * (-1.02509513161107724954e3 + s * -4.83519191608651397019e2)))));
  const q =
    1 +
    s *
      (3.03380607434824582924e1 +
        s *
          (3.25792512996573918826e2 +
            s *
              (1.53672958608443695994e3 +
                s *
                  (3.19985821950859553908e3 +
                    s *
                      (2.55305040643316442583e3 +
                        s * (4.74528541206955367215e2 + s * -2.24409524465858183362e1))))));
  return p / q;
}

/** erfc(x) for x ≥ 1.25. */
function erfcTail(x: number): number {
  const s = 1 / (x * x);
  const ratio = x < 1 / 0.35 ? ratioMiddle(s) : ratioFar(s);
  // x² = z² + (x − z)(x + z), where z has so few digits that z² is exact: its rounding would be magnified by exp.
  const z = Math.fround(x);
  return (Math.exp(-z * z - 0.5625) * Math.exp((z - x) * (z + x) + ratio)) / x;
}

/** The error function, 2/√π ∫₀ˣ exp(−t²) dt. */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 0.84375) {
    if (magnitude < 2 ** -28) return x + twoOverRootPiMinusOne * x;
    return x + x * ratioNearZero(x * x);
  }
  if (magnitude < 1.25) {
    const value = erfNearOne + ratioNearOne(magnitude - 1);
    return x < 0 ? -value : value;
  }
  if (Number.isNaN(x)) return x;
  const value = magnitude >= 6 ? 1 : 1 - erfcTail(magnitude);
  return x < 0 ? -value : value;
}

/** The complementary error function, 1 − erf(x), without cancellation for large x. */
export function erfc(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 0.84375) {
    // Between ¼ and 0.84 the difference is taken from ½, so that it keeps all digits.
    const rest = x * ratioNearZero(x * x);
    return x < 0.25 ? 1 - (x + rest) : 0.5 - (x - 0.5 + rest);
  }
  if (magnitude < 1.25) {
    const ratio = ratioNearOne(magnitude - 1);
    return x > 0 ? 1 - erfNearOne - ratio : 1 + (erfNearOne + ratio);
  }
  if (x > 28) return 0;
  if (x < -6) return 2;
  if (Number.isNaN(x)) return x;
  return x > 0 ? erfcTail(magnitude) : 2 - erfcTail(magnitude);
}

/** The normal distribution function Φ(x) = ½ erfc(−x/√2), with all its digits in both tails. */
export function ndtr(x: number): number {
  return 0.5 * erfc(-Math.SQRT1_2 * x);
}

/** 8(π − 3)/(3π(4 − π)), which makes the guess below right to first order near 0 and at ±1. */
const guessConstant = 0.140012288686666606;
const halfRootPi = Math.sqrt(Math.PI) / 2;

/**
 * The inverse of the error function: NaN beyond ±1, infinite at them.
 *
 * A guess of relative error 2·10⁻³ (S. Winitzki, 2008: erf²x ≈ 1 − exp(−x²(4/π + ax²)/(1 + ax²)), solved for x) is improved
 * twice by Halley's method, which cubes the error: 10⁻⁸, then below rounding. For y of more than ½ it is erfc x = 1 − |y| that
 * is solved: that difference is exact, and erfc keeps its digits where erf is all but 1.
 */
export function erfinv(y: number): number {
  const magnitude = Math.abs(y);
  if (magnitude === 1) return y * Number.POSITIVE_INFINITY;
  if (magnitude < 1e-8) return y * halfRootPi; // the next term, πy²/12 of it, is below rounding
  const far = magnitude > 0.5;
  const rest = 1 - magnitude;
  const logarithm = Math.log1p(-magnitude * magnitude);
  const half = 2 / (Math.PI * guessConstant) + logarithm / 2;
  let x = Math.sqrt(Math.sqrt(half * half - logarithm / guessConstant) - half);
  for (let step = 0; step < 2; step++) {
    const error = far ? rest - erfc(x) : erf(x) - magnitude;
    // Newton's step; the slope of erf is exp(−x²)·2/√π, and its own slope −2x times that.
    const newton = error * halfRootPi * Math.exp(x * x);
    x -= newton / (1 + x * newton);
  }
  return y < 0 ? -x : x;
}
