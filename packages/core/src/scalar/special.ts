/**
 * Special functions that JavaScript's Math lacks, in double precision.
 */

/** The polynomial c₀ + c₁x + c₂x² + …, by Horner's scheme. */
function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i]!;
  return sum;
}

// Rational approximations of erf and erfc on five intervals, with errors below 1 ulp. The coefficients are those of
// Sun's freely distributable mathematical library (fdlibm, s_erf.c, 1993).
const nearZeroP = [
  1.28379167095512558561e-1, -3.2504210724700149937e-1, -2.84817495755985104766e-2,
  -5.77027029648944159157e-3, -2.37630166566501626084e-5,
];
const nearZeroQ = [
  1, 3.97917223959155352819e-1, 6.50222499887672944485e-2, 5.08130628187576562776e-3,
  1.32494738004321644526e-4, -3.9602282787753681232e-6,
];
const nearOneP = [
  -2.36211856075265944077e-3, 4.14856118683748331666e-1, -3.72207876035701323847e-1,
  3.18346619901161753674e-1, -1.10894694282396677476e-1, 3.54783043256182359371e-2,
  -2.166375594868790843e-3,
];
const nearOneQ = [
  1, 1.06420880400844228286e-1, 5.40397917702171048937e-1, 7.18286544141962662868e-2,
  1.26171219808761642112e-1, 1.36370839120290507362e-2, 1.1984499846799107417e-2,
];
const middleP = [
  -9.86494403484714822705e-3, -6.93858572707181764372e-1, -1.05586262253232909814e1,
  -6.23753324503260060396e1, -1.62396669462573470355e2, -1.84605092906711035994e2,
  -8.12874355063065934246e1, -9.81432934416914548592,
];
const middleQ = [
  1, 1.96512716674392571292e1, 1.376577541435190426e2, 4.34565877475229228821e2,
  6.45387271733267880336e2, 4.29008140027567833386e2, 1.08635005541779435134e2,
  6.57024977031928170135, -6.04244152148580987438e-2,
];
const farP = [
  -9.86494292470009928597e-3, -7.99283237680523006574e-1, -1.77579549177547519889e1,
  -1.60636384855821916062e2, -6.37566443368389627722e2, -1.02509513161107724954e3,
  -4.83519191608651397019e2,
];
const farQ = [
  1, 3.03380607434824582924e1, 3.25792512996573918826e2, 1.53672958608443695994e3,
  3.19985821950859553908e3, 2.55305040643316442583e3, 4.74528541206955367215e2,
  -2.24409524465858183362e1,
];
const erfNearOne = 8.45062911510467529297e-1;

const bits = new DataView(new ArrayBuffer(8));

/** x with the lower half of its mantissa cleared, so that its square is exact. */
function highPart(x: number): number {
  bits.setFloat64(0, x);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** erfc(x) for x ≥ 1.25, as exp(−x²)·exp(R(1/x²))/x with x² split so that its rounding does not matter. */
function erfcTail(x: number): number {
  const s = 1 / (x * x);
  const ratio =
    x < 1 / 0.35
      ? polynomial(s, middleP) / polynomial(s, middleQ)
      : polynomial(s, farP) / polynomial(s, farQ);
  const z = highPart(x);
  return (Math.exp(-z * z - 0.5625) * Math.exp((z - x) * (z + x) + ratio)) / x;
}

/** The error function, 2/√π ∫₀ˣ exp(−t²) dt. */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 0.84375) {
    if (magnitude < 2 ** -28) return x + 1.28379167095512586316e-1 * x;
    const z = x * x;
    return x + x * (polynomial(z, nearZeroP) / polynomial(z, nearZeroQ));
  }
  if (Number.isNaN(x)) return x;
  const sign = x < 0 ? -1 : 1;
  if (magnitude < 1.25) {
    const s = magnitude - 1;
    return sign * (erfNearOne + polynomial(s, nearOneP) / polynomial(s, nearOneQ));
  }
  return magnitude >= 6 ? sign : sign * (1 - erfcTail(magnitude));
}

/** The complementary error function, 1 − erf(x), without cancellation for large x. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return x;
  const magnitude = Math.abs(x);
  if (magnitude < 0.84375) return 1 - erf(x);
  if (magnitude < 1.25) {
    const s = magnitude - 1;
    const ratio = polynomial(s, nearOneP) / polynomial(s, nearOneQ);
    return x > 0 ? 1 - erfNearOne - ratio : 1 + erfNearOne + ratio;
  }
  if (x > 28) return 0;
  if (x < -6) return 2;
  return x > 0 ? erfcTail(magnitude) : 2 - erfcTail(magnitude);
}

/** Rounds to the nearest whole number, halves to the even one; −0.5 gives −0. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest < 0.5) return x < 0 && below === 0 ? -0 : below;
  const rounded = rest > 0.5 || below % 2 !== 0 ? below + 1 : below;
  return rounded === 0 && x < 0 ? -0 : rounded;
}

/** The power as C and IEEE 754 define it: 1 to any power is 1, also to NaN, where JavaScript says NaN. */
export function power(base: number, exponent: number): number {
  if (exponent === 2) return base * base;
  return base === 1
    ? 1
    : base === -1 && (exponent === Infinity || exponent === -Infinity)
      ? 1
      : base ** exponent;
}
