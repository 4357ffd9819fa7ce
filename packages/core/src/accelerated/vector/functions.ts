/**
 * Elementary functions of float32 vectors.
 *
 * Each reduces its argument to a small interval and has a polynomial there, whose coefficients were fitted for the
 * smallest largest error and then rounded to float32. The errors, in units of the last place of the float32 result, are
 * stated with each function and tested against double precision over all of float32. NaN gives NaN; infinities, signed
 * zeros and denormals give what the exact function does.
 */
import type { Vectors } from "./algebra.ts";

/** c₀ + x·(c₁ + x·(c₂ + …)): one product after the other. */
function horner<V>(v: Vectors<V>, x: V, coefficients: readonly number[]): V {
  let sum = v.number(coefficients.at(-1)!);
  for (let i = coefficients.length - 2; i >= 0; i--)
    sum = v.fma(sum, x, v.number(coefficients[i]!));
  return sum;
}

/** The same; a long one as two short chains of instructions, which a processor computes side by side. */
export function polynomial<V>(v: Vectors<V>, x: V, coefficients: readonly number[]): V {
  if (coefficients.length <= 5) return horner(v, x, coefficients);
  const isEven = (_: number, i: number) => i % 2 === 0;
  const isOdd = (_: number, i: number) => i % 2 === 1;
  const square = v.mul(x, x);
  const even = polynomial(v, square, coefficients.filter(isEven));
  const odd = polynomial(v, square, coefficients.filter(isOdd));
  return v.fma(odd, x, even);
}

const log2e = Math.LOG2E;
/** ln 2 = high + low; the first has so few digits that its product with a small whole number is exact. */
const ln2High = 0.693359375;
const ln2Low = Math.LN2 - ln2High;

/** (eʳ − 1 − r)/r² for |r| ≤ ½ ln 2, with an error of 2⁻²⁷ of eʳ. */
const expTail = [
  0.5000000098059454, 0.1666651586899556, 0.04166619657535859, 0.008369245007750537,
  0.0013951104978985219,
];

/** The bits of x where the mask is set, else those of y. */
export function where<V>(v: Vectors<V>, mask: V, x: V, y: V): V {
  return v.select(x, y, mask);
}

/**
 * The sum of this and a small number is rounded to a whole number, halves to even, which stands in the lowest bits of the
 * sum: float32 numbers from 2²³ to 2²⁴ are the whole ones, in their order. The lowest nine bits are those of n + 254: in
 * the place of the exponent half of them is 2 to the power of n/2.
 */
const wholePlace = 1.5 * 2 ** 23 + 254;

/** x = n·ln 2 + r: n, with {@link wholePlace} added, and eʳ − 1 in two parts, r and what follows. */
function reduceExp<V>(v: Vectors<V>, x: V): { placed: V; r: V; tail: V } {
  const placed = v.fma(x, v.number(log2e), v.number(wholePlace));
  const n = v.sub(placed, v.number(wholePlace));
  const r = v.fma(n, v.number(-ln2Low), v.fma(n, v.number(-ln2High), x));
  const tail = v.mul(v.mul(r, r), polynomial(v, r, expTail));
  return { placed, r, tail };
}

/** y·2ⁿ for |n| ≤ 250, rounded once where the result is denormal; {@link wholePlace} is added to n. */
function scale<V>(v: Vectors<V>, y: V, placed: V): V {
  const half = v.shiftRight(placed, 1);
  const rest = v.subWhole(placed, half);
  return v.mul(v.mul(y, v.shiftLeft(half, 23)), v.shiftLeft(rest, 23));
}

/** x + x³·p(x²), for the tail p of an odd function. */
export function oddOf<V>(v: Vectors<V>, x: V, tail: readonly number[]): V {
  const square = v.mul(x, x);
  return v.fma(v.mul(square, x), polynomial(v, square, tail), x);
}

/** x within bounds; NaN stays NaN. */
function within<V>(v: Vectors<V>, x: V, low: number, high: number): V {
  return v.pmin(v.pmax(x, v.number(low)), v.number(high));
}

/** eˣ; 1 ulp. */
export function exp<V>(v: Vectors<V>, given: V): V {
  // Beyond, the result is 0 or ∞ all the same.
  const x = within(v, given, -105, 90);
  const { placed, r, tail } = reduceExp(v, x);
  return scale(v, v.add(v.add(r, tail), v.number(1)), placed);
}

/** eˣ/2 for x ≥ 0, which is finite where eˣ is not any more; 1 ulp. */
export function halfExp<V>(v: Vectors<V>, given: V): V {
  const x = v.pmin(given, v.number(90));
  const { placed, r, tail } = reduceExp(v, x);
  return scale(v, v.add(v.add(r, tail), v.number(1)), v.subWhole(placed, v.whole(1)));
}

/** 2ˣ; 2 ulp. */
export function exp2<V>(v: Vectors<V>, given: V): V {
  const x = within(v, given, -152, 130);
  const placed = v.add(x, v.number(wholePlace));
  const r = v.mul(v.sub(x, v.sub(placed, v.number(wholePlace))), v.number(Math.LN2));
  const tail = v.mul(v.mul(r, r), polynomial(v, r, expTail));
  return scale(v, v.add(v.add(r, tail), v.number(1)), placed);
}

/** eˣ − 1; 3 ulp. */
export function expm1<V>(v: Vectors<V>, given: V): V {
  const x = within(v, given, -30, 89);
  const { placed, r, tail } = reduceExp(v, x);
  // With t = 2ⁿ⁻¹: 2·((eʳ − 1)·t + (t − ½)). A whole 2ⁿ would overflow before the result does.
  const t = v.shiftLeft(v.subWhole(placed, v.whole(254 - 126)), 23);
  const inner = v.add(v.fma(tail, t, v.sub(t, v.number(0.5))), v.mul(r, t));
  const y = v.add(inner, inner);
  // Near 0 it is x itself, with its sign and all digits that a denormal number has.
  return where(v, v.lt(v.abs(given), v.number(2 ** -25)), given, y);
}

/** (ln(1 + f) − f + f²/2)/f³ for √½ − 1 ≤ f ≤ √2 − 1, with an error of 2⁻²⁷ of ln(1 + f). */
const logTail = [
  0.33333331709694874, -0.2500082105621498, 0.20001226667457223, -0.16623356479379653,
  0.1420176246714584, -0.13160195053263915, 0.12761550359274768, -0.07634429905562619,
];

/** x = 2ᵉ·(1 + f) with √½ ≤ 1 + f < √2, for positive x. */
function splitLog<V>(v: Vectors<V>, x: V): { e: V; f: V } {
  const isDenormal = v.lt(x, v.number(2 ** -126));
  const normal = where(v, isDenormal, v.mul(x, v.number(2 ** 23)), x);
  const shift = v.and(isDenormal, v.number(23));
  // The bits of √½ become those of 1, so that the exponent counts from there.
  const bits = v.subWhole(normal, v.whole(sqrtHalfBits));
  const exponent = v.shiftRight(bits, 23);
  const mantissa = v.subWhole(normal, v.shiftLeft(exponent, 23));
  return { e: v.sub(v.fromWhole(exponent), shift), f: v.sub(mantissa, v.number(1)) };
}

const sqrtHalfBits = new Int32Array(new Float32Array([Math.SQRT1_2]).buffer)[0]!;

/** f³·tail(f) − f²/2, of ln(1 + f) = f + …. */
function logRest<V>(v: Vectors<V>, f: V): V {
  const square = v.mul(f, f);
  const cubic = v.mul(v.mul(square, f), polynomial(v, f, logTail));
  return v.fma(square, v.number(-0.5), cubic);
}

/** What a logarithm is where x is 0, negative, infinite or NaN. */
function logEdges<V>(v: Vectors<V>, x: V, y: V): V {
  const zero = v.number(0);
  const large = where(v, v.eq(x, v.number(Number.POSITIVE_INFINITY)), x, y);
  const small = where(v, v.eq(x, zero), v.number(Number.NEGATIVE_INFINITY), v.number(Number.NaN));
  return where(v, v.gt(x, zero), large, small);
}

/** ln x; 1 ulp. */
export function log<V>(v: Vectors<V>, x: V): V {
  const { e, f } = splitLog(v, x);
  const rest = v.fma(e, v.number(ln2Low), logRest(v, f));
  return logEdges(v, x, v.fma(e, v.number(ln2High), v.add(f, rest)));
}

/** The logarithm to another base, from e·log 2 and the rest; exact for powers of two where log 2 is 1. */
function logTo<V>(v: Vectors<V>, x: V, perNatural: number, perTwo: number): V {
  const { e, f } = splitLog(v, x);
  // perNatural = high + low: the product of f with the first is exact enough when f loses its last digits too.
  const high = truncated(perNatural);
  const fHigh = v.and(f, v.whole(-4096));
  const fLow = v.sub(f, fHigh);
  const rest = logRest(v, f);
  const low = v.fma(
    v.add(rest, fLow),
    v.number(high),
    v.mul(v.add(f, rest), v.number(perNatural - high)),
  );
  const twoHigh = truncated(perTwo);
  const sum = v.add(v.fma(e, v.number(perTwo - twoHigh), low), v.mul(fHigh, v.number(high)));
  return logEdges(v, x, v.fma(e, v.number(twoHigh), sum));
}

/** A number with the first 12 digits only: its product with another such number is exact. */
function truncated(x: number): number {
  const scaled = 2 ** (11 - Math.floor(Math.log2(Math.abs(x))));
  return Math.round(x * scaled) / scaled;
}

/** log₂ x; 2 ulp. */
export function log2<V>(v: Vectors<V>, x: V): V {
  return logTo(v, x, Math.LOG2E, 1);
}

/** log₁₀ x; 2 ulp. */
export function log10<V>(v: Vectors<V>, x: V): V {
  return logTo(v, x, Math.LOG10E, Math.log10(2));
}

/** ln(1 + x); 2 ulp. */
export function log1p<V>(v: Vectors<V>, x: V): V {
  const one = v.number(1);
  const u = v.add(one, x);
  // What rounding took from 1 + x, on either side of 1.
  const lost = where(v, v.lt(x, one), v.sub(x, v.sub(u, one)), v.sub(one, v.sub(u, x)));
  const { e, f } = splitLog(v, u);
  const rest = v.fma(e, v.number(ln2Low), v.add(logRest(v, f), v.div(lost, u)));
  const y = logEdges(v, u, v.fma(e, v.number(ln2High), v.add(f, rest)));
  return where(v, v.lt(v.abs(x), v.number(2 ** -25)), x, y);
}

/** The same in double precision. */
function polynomialWide<V>(v: Vectors<V>, x: V, coefficients: readonly number[]): V {
  let sum = v.wide(coefficients.at(-1)!);
  for (let i = coefficients.length - 2; i >= 0; i--)
    sum = v.addWide(v.mulWide(sum, x), v.wide(coefficients[i]!));
  return sum;
}

/**
 * log₂((1 + s)/(1 − s))/s from s², for |s| ≤ 0.172: 2/ln 2·(1 + s²/3 + s⁴/5 + …), of which the first term left out is
 * 2⁻³⁹ of it.
 */
const logWide = [1, 3, 5, 7, 9, 11, 13].map((k) => 2 / (k * Math.LN2));

/** 2ʳ for |r| ≤ ½: Σ (r·ln 2)ᵏ/k!, of which the first term left out is 2⁻³². */
const expWide = [1, 1, 2, 6, 24, 120, 720, 5040, 40320].map((k, i) => Math.LN2 ** i / k);

/** Two numbers of a vector: the lower ones, or the upper ones in their place. */
export function widen<V>(v: Vectors<V>, x: V, isUpper: boolean): V {
  return v.widenLow(isUpper ? v.shuffle(x, x, [2, 3, 2, 3]) : x);
}

/**
 * aᵇ for a > 0 in double precision, as 2ⁿ·y: y, rounded to float32, and n. The product of b and log₂ a would otherwise
 * lose as many digits as it has before the point.
 */
function powOfPositive<V>(v: Vectors<V>, a: V, b: V): V {
  const { e, f } = splitLog(v, a);
  const half = (isUpper: boolean): { y: V; n: V } => {
    const wide = widen(v, f, isUpper);
    const s = v.divWide(wide, v.addWide(wide, v.wide(2)));
    const rest = v.mulWide(s, polynomialWide(v, v.mulWide(s, s), logWide));
    const product = v.mulWide(v.addWide(widen(v, e, isUpper), rest), widen(v, b, isUpper));
    // Beyond, the result is 0 or ∞ all the same.
    const t = v.pminWide(v.pmaxWide(product, v.wide(-160)), v.wide(130));
    const n = v.nearestWide(t);
    return { y: v.narrow(polynomialWide(v, v.subWide(t, n), expWide)), n: v.narrow(n) };
  };
  const [low, high] = [half(false), half(true)];
  const joined = (x: V, y: V) => v.shuffle(x, y, [0, 1, 4, 5]);
  return scale(v, joined(low.y, high.y), v.add(joined(low.n, high.n), v.number(wholePlace)));
}

/** aᵇ as C has it; 1 ulp, and exact where the result is a float32 number that is not denormal. */
export function pow<V>(v: Vectors<V>, a: V, b: V): V {
  const [zero, one] = [v.number(0), v.number(1)];
  const infinity = v.number(Number.POSITIVE_INFINITY);
  const nan = v.number(Number.NaN);
  const magnitude = v.abs(a);
  const isRising = v.gt(b, zero);
  // 0ᵇ and ∞ᵇ are 0 or ∞.
  const atZero = where(v, isRising, zero, where(v, v.lt(b, zero), infinity, nan));
  const atInfinity = where(v, isRising, infinity, where(v, v.lt(b, zero), zero, nan));
  let y = powOfPositive(v, magnitude, b);
  y = where(v, v.eq(magnitude, zero), atZero, y);
  y = where(v, v.eq(magnitude, infinity), atInfinity, y);
  // (±1)ᵇ, also where b is infinite.
  y = where(v, v.and(v.eq(magnitude, one), v.eq(b, b)), one, y);
  y = where(v, v.ne(a, a), nan, y);
  // Negative bases: the sign of odd powers; other than whole powers are not real.
  const isWhole = v.eq(v.trunc(b), b);
  const half = v.mul(b, v.number(0.5));
  const isOdd = v.and(isWhole, v.ne(v.trunc(half), half));
  const isNegative = v.and(v.lt(a, zero), v.ne(magnitude, infinity));
  y = v.or(y, v.and(signOf(v, a), isOdd));
  y = where(v, v.andnot(isNegative, isWhole), nan, y);
  return where(v, v.or(v.eq(b, zero), v.eq(a, one)), one, y);
}

/** The bits of a sign. */
export function signOf<V>(v: Vectors<V>, x: V): V {
  return v.and(x, v.whole(-(2 ** 31)));
}

/** tanh x = t/(t + 2) with t = e²ˣ − 1; 3 ulp. */
export function tanh<V>(v: Vectors<V>, x: V): V {
  const magnitude = v.abs(x);
  // From 9.02 on the result is 1.
  const t = expm1(v, v.pmin(v.add(magnitude, magnitude), v.number(20)));
  const y = v.div(t, v.add(t, v.number(2)));
  const near = v.lt(magnitude, v.number(2 ** -13));
  return where(v, near, x, v.or(y, signOf(v, x)));
}

/** (erf x − x)/x from z = x², for |x| < 0.9. */
const erfNear = [
  0.128379166802356, -0.37612635310386544, 0.1128371972308606, -0.02686075281198066,
  0.00520443602750803, -0.0008181927301086001, 8.538839231160981e-5,
];

/** eˣ²·erfc(x)/t from t = 1/(1 + x/2), for 0 ≤ x ≤ 10.4. */
const erfcFar = [
  0.28208646914816754, 0.2823047226934141, 0.24460924535381265, 0.1890904580897042,
  0.04147830439827184, 0.06904761207936856, -0.07816227821984259, -0.22769802381981538,
  0.3382789989800106, -0.1737959844663845, 0.03276047789321129,
];

/** erfc x for x ≥ 0. */
function erfcOfPositive<V>(v: Vectors<V>, given: V): V {
  const x = v.pmin(given, v.number(10.4));
  const t = v.div(v.number(1), v.fma(x, v.number(0.5), v.number(1)));
  const factor = v.mul(t, polynomial(v, t, erfcFar));
  // x² = z² + (x − z)(x + z), where z has so few digits that z² is exact: its rounding would be magnified by exp.
  const z = v.and(x, v.whole(-4096));
  const low = v.mul(v.sub(z, x), v.add(z, x));
  const correction = v.mul(low, polynomial(v, low, [1, 1 / 2, 1 / 6, 1 / 24]));
  const main = v.mul(exp(v, v.neg(v.mul(z, z))), factor);
  return v.fma(main, correction, main);
}

/** The error function; 2 ulp. */
export function erf<V>(v: Vectors<V>, x: V): V {
  const magnitude = v.abs(x);
  const near = v.fma(x, polynomial(v, v.mul(x, x), erfNear), x);
  const far = v.or(v.sub(v.number(1), erfcOfPositive(v, magnitude)), signOf(v, x));
  return where(v, v.lt(magnitude, v.number(0.9)), near, far);
}

/** The complementary error function; 6 ulp. */
export function erfc<V>(v: Vectors<V>, x: V): V {
  const magnitude = v.abs(x);
  const positive = erfcOfPositive(v, magnitude);
  const far = where(v, v.lt(x, v.number(0)), v.sub(v.number(2), positive), positive);
  // For |x| < ½ the difference from 1, in two steps that lose nothing.
  const rest = v.mul(x, polynomial(v, v.mul(x, x), erfNear));
  const near = v.sub(v.sub(v.number(1), x), rest);
  return where(v, v.lt(magnitude, v.number(0.25)), near, far);
}

/** e^(x²/2)·Φ(−x)/t from u = t − 0.625 with t = 1/(1 + 0.295x), for 0 ≤ x ≤ 14.3, with an error of 2⁻²⁸ of it. */
const normalFar = [
  0.2655992106180144, 0.42640047894755195, 0.44304922700358124, 0.24717284492468686,
  -0.007779054144478333, -0.09420663038709173, -0.010410712887492683, 0.04397207299937624,
  0.0019972022930188175, -0.01997163458498064,
];

/** The normal distribution function Φ; 7 ulp. */
export function ndtr<V>(v: Vectors<V>, x: V): V {
  // Beyond, the result is 0 or 1.
  const magnitude = v.pmin(v.abs(x), v.number(15));
  const t = v.div(v.number(1), v.fma(magnitude, v.number(0.295), v.number(1)));
  // 1 − 0.625/t times t: the difference would have all of the error of t. Of what the high powers lose little is seen.
  const u = v.mul(t, v.fma(magnitude, v.number(-0.184375), v.number(0.375)));
  const square = v.mul(u, u);
  const fifth = v.mul(v.mul(square, square), u);
  const low = horner(v, u, normalFar.slice(0, 5));
  const factor = v.mul(t, v.fma(fifth, horner(v, u, normalFar.slice(5)), low));
  // The square is rounded, and exp magnifies that: what is missing is z² + (m − z)(m + z) less the rounded one, where z has so
  // few digits that z² is exact. The density, which is at hand where a gradient is computed, has the same exponential.
  const rounded = v.mul(magnitude, magnitude);
  const z = v.and(magnitude, v.whole(-4096));
  const ofSquares = v.sub(v.mul(z, z), rounded);
  const missing = v.fma(v.sub(magnitude, z), v.add(magnitude, z), ofSquares);
  const main = v.mul(exp(v, v.mul(v.number(-0.5), v.mul(x, x))), factor);
  const tail = v.fma(main, v.mul(missing, v.number(-0.5)), main);
  return where(v, v.gt(x, v.number(0)), v.sub(v.number(1), tail), tail);
}
