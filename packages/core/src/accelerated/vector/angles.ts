/**
 * Trigonometric functions of float32 vectors, and their inverses; see functions.ts for what holds of all of them.
 */
import type { Vectors } from "./algebra.ts";
import { oddOf, polynomial, signOf, where, widen } from "./functions.ts";

/** Beyond this the reduction of an angle loses digits; the loops over plain numbers do it then. */
export const largestAngle = 2 ** 20;

/** (sin r − r)/r³ and (cos r − 1 + r²/2)/r⁴ from r², for |r| ≤ π/4. */
const sinTail = [-0.1666665487326512, 0.008332173533200614, -0.00019516654722840653];
const cosTail = [0.041666646747316696, -0.0013887361431077312, 2.4437728180563936e-5];

/** π/2 = high + low; the first has 33 digits, so that its product with a whole number below 2²⁰ is exact. */
const halfPiHigh = Math.round((Math.PI / 2) * 2 ** 32) / 2 ** 32;
const halfPiLow = 6.123233995736766e-17 + (Math.PI / 2 - halfPiHigh);

/** x = n·π/2 + r with |r| ≤ π/4, in double precision: n as whole numbers. */
function reduceAngle<V>(v: Vectors<V>, x: V): { n: V; r: V } {
  const half = (isUpper: boolean): { n: V; r: V } => {
    const wide = widen(v, x, isUpper);
    const n = v.nearestWide(v.mulWide(wide, v.wide(2 / Math.PI)));
    const rest = v.subWide(wide, v.mulWide(n, v.wide(halfPiHigh)));
    return { n: v.narrow(n), r: v.narrow(v.subWide(rest, v.mulWide(n, v.wide(halfPiLow)))) };
  };
  const [low, high] = [half(false), half(true)];
  const joined = (a: V, b: V) => v.shuffle(a, b, [0, 1, 4, 5]);
  return { n: v.toWhole(joined(low.n, high.n)), r: joined(low.r, high.r) };
}

/** The sine of n·π/2 + r. */
function sineOf<V>(v: Vectors<V>, n: V, r: V): V {
  const square = v.mul(r, r);
  const sine = oddOf(v, r, sinTail);
  const fourth = v.mul(v.mul(square, square), polynomial(v, square, cosTail));
  const cosine = v.add(v.fma(square, v.number(-0.5), fourth), v.number(1));
  // n odd: the cosine; n mod 4 above 1: the other sign.
  const isOdd = v.shiftRight(v.shiftLeft(n, 31), 31);
  const sign = v.shiftLeft(v.shiftRight(n, 1), 31);
  return v.xor(where(v, isOdd, cosine, sine), sign);
}

/** sin x for |x| ≤ {@link largestAngle}; 2 ulp. */
export function sin<V>(v: Vectors<V>, x: V): V {
  const { n, r } = reduceAngle(v, x);
  const y = sineOf(v, n, r);
  return where(v, v.lt(v.abs(x), v.number(2 ** -13)), x, y);
}

/** cos x for |x| ≤ {@link largestAngle}; 2 ulp. */
export function cos<V>(v: Vectors<V>, x: V): V {
  const { n, r } = reduceAngle(v, x);
  return sineOf(v, v.addWhole(n, v.whole(1)), r);
}

/** (tan r − r)/r³ from r², for |r| ≤ π/4, with an error of 2⁻²⁹ of tan r. */
const tanTail = [
  0.33333349770207266, 0.13332662803295361, 0.054059978256594296, 0.02128186210420342,
  0.010836671948251315, 8.842800678117073e-5, 0.004376830764582969,
];

/** tan x for |x| ≤ {@link largestAngle}; 3 ulp. */
export function tan<V>(v: Vectors<V>, x: V): V {
  const { n, r } = reduceAngle(v, x);
  const tangent = oddOf(v, r, tanTail);
  // A quarter of a turn further it is −1/tan r.
  const isOdd = v.shiftRight(v.shiftLeft(n, 31), 31);
  const y = where(v, isOdd, v.div(v.number(-1), tangent), tangent);
  return where(v, v.lt(v.abs(x), v.number(2 ** -13)), x, y);
}

/** π/2 as a float32 number, and what it lacks. */
const quarter = Math.fround(Math.PI / 2);
const quarterRest = Math.PI / 2 - quarter;

/** (arcsin x − x)/x³ from x², for |x| ≤ ½, with an error of 2⁻²⁷ of arcsin x. */
const asinTail = [
  0.16666752482013927, 0.0749529764324433, 0.04547037593477052, 0.02417951479917657,
  0.04216630826164147,
];

/** For x ≥ 0: arcsin x for x ≤ ½; else arcsin √((1 − x)/2), which is half of what arcsin x lacks to π/2. */
function halfAsin<V>(v: Vectors<V>, x: V): { isFar: V; y: V } {
  const isFar = v.gt(x, v.number(0.5));
  // The difference is exact there.
  const root = v.sqrt(v.mul(v.sub(v.number(1), x), v.number(0.5)));
  return { isFar, y: oddOf(v, where(v, isFar, root, x), asinTail) };
}

/** arcsin x; 2 ulp. */
export function asin<V>(v: Vectors<V>, x: V): V {
  const { isFar, y } = halfAsin(v, v.abs(x));
  const far = v.add(v.sub(v.number(quarter), v.add(y, y)), v.number(quarterRest));
  return v.or(where(v, isFar, far, y), signOf(v, x));
}

/** arccos x; 2 ulp. */
export function acos<V>(v: Vectors<V>, x: V): V {
  const { isFar, y } = halfAsin(v, v.abs(x));
  const sign = signOf(v, x);
  const near = v.sub(v.number(quarter), v.sub(v.xor(y, sign), v.number(quarterRest)));
  const twice = v.add(y, y);
  const opposite = v.sub(v.number(2 * quarter), v.sub(twice, v.number(2 * quarterRest)));
  return where(v, isFar, where(v, v.lt(x, v.number(0)), opposite, twice), near);
}

/** (arctan r − r)/r³ from r², for |r| ≤ √2 − 1, with an error of 2⁻³⁰ of arctan r. */
const atanTail = [
  -0.3333331510528644, 0.19998466001471746, -0.1424342230781839, 0.10592946605137588,
  -0.06075916456448213,
];

/** arctan x; 3 ulp. */
export function atan<V>(v: Vectors<V>, x: V): V {
  const [zero, one] = [v.number(0), v.number(1)];
  const magnitude = v.abs(x);
  // arctan x = π/4 + arctan((x − 1)/(x + 1)) = π/2 + arctan(−1/x), from tan π/8 and from tan 3π/8 on.
  const isFar = v.gt(magnitude, v.number(Math.SQRT2 - 1));
  const isFarther = v.gt(magnitude, v.number(Math.SQRT2 + 1));
  const choose = (farther: V, far: V, near: V): V =>
    where(v, isFarther, farther, where(v, isFar, far, near));
  const above = choose(v.number(-1), v.sub(magnitude, one), magnitude);
  const r = v.div(above, choose(magnitude, v.add(magnitude, one), one));
  const start = choose(v.number(quarter), v.number(quarter / 2), zero);
  const rest = choose(v.number(quarterRest), v.number(quarterRest / 2), zero);
  return v.or(v.add(start, v.add(oddOf(v, r, atanTail), rest)), signOf(v, x));
}
