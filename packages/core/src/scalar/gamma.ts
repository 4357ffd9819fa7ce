/**
 * The logarithm of the gamma function and its derivatives, in double precision.
 *
 * All of them by the same plan: a power series where the function has a zero, recurrence up to where the asymptotic
 * series of Stirling and Bernoulli is exact to the last bit, reflection for negative arguments.
 */

/** The polynomial c₀ + c₁x + c₂x² + …, by Horner's scheme. */
function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i]!;
  return sum;
}

const eulerGamma = 0.57721566490153286061;

// ln Γ(2 + t) = (1 − γ)t + Σₖ₌₂ (−1)ᵏ (ζ(k) − 1) tᵏ/k, the coefficients falling like 2⁻ᵏ.
const aroundTwo = [
  0,
  1 - eulerGamma,
  0.3224670334241132182,
  -0.06735230105319809513,
  0.02058080842778454788,
  -0.007385551028673985266,
  0.002890510330741523286,
  -0.001192753911703260977,
  0.0005096695247430424223,
  -0.0002231547584535793798,
  0.00009945751278180853371,
  -0.0000449262367381331417,
  0.00002050721277567069155,
  -9.439488275268395904e-6,
  4.374866789907487804e-6,
  -2.039215753801366237e-6,
  9.551412130407419833e-7,
  -4.492469198764566043e-7,
  2.120718480555466587e-7,
  -1.004322482396809961e-7,
  4.769810169363980566e-8,
  -2.271109460894316491e-8,
  1.083865921489695409e-8,
  -5.183475041970046655e-9,
  2.483674543802478317e-9,
  -1.192140140586091207e-9,
  5.731367241678862013e-10,
  -2.759522885124233145e-10,
  1.330476437424448948e-10,
];

// B₂ₖ/(2k(2k − 1)) with the Bernoulli numbers B: ln Γ(x) − Stirling's formula, in odd powers of 1/x.
const stirling = [
  1 / 12,
  -1 / 360,
  1 / 1260,
  -1 / 1680,
  1 / 1188,
  -691 / 360360,
  1 / 156,
  -3617 / 122400,
  43867 / 244188,
];

/** sin πx, exact at whole and half numbers. */
function sinOfPiTimes(x: number): number {
  const rest = x - 2 * Math.round(x / 2);
  return Math.abs(rest) > 0.5
    ? Math.sign(rest) * Math.sin(Math.PI * (1 - Math.abs(rest)))
    : Math.sin(Math.PI * rest);
}

/** ln |Γ(x)|; +∞ at 0, at negative whole numbers, and at both infinities. */
export function lgamma(x: number): number {
  if (Math.abs(x) === Infinity) return Infinity;
  if (x < -0.5) {
    if (x === Math.floor(x)) return Infinity;
    // Γ(x)·Γ(−x) = −π/(x sin πx).
    return Math.log(Math.PI / Math.abs(x * sinOfPiTimes(x))) - lgamma(-x);
  }
  // Γ(x) = Γ(1 + x)/x = Γ(2 + x)/(x(1 + x)).
  if (x <= 0.5) return polynomial(x, aroundTwo) - Math.log1p(x) - Math.log(Math.abs(x));
  if (x <= 1.5) return polynomial(x - 1, aroundTwo) - Math.log1p(x - 1);
  if (x < 9) {
    let rest = x;
    let product = 1;
    while (rest > 2.5) {
      rest -= 1;
      product *= rest;
    }
    return Math.log(product) + polynomial(rest - 2, aroundTwo);
  }
  const halfLogOfTwoPi = 0.91893853320467274178;
  const tail = x > 1e9 ? 0 : polynomial(1 / (x * x), stirling) / x;
  return (x - 0.5) * (Math.log(x) - 1) + (halfLogOfTwoPi - 0.5 + tail);
}

/** The positive zero of ψ, in two parts. */
const digammaZero = 1.4616321449683622;
const digammaZeroRest = 9.54999542996569772e-17;

// The power series of ψ around its zero, from the linear term on.
const aroundZero = [
  0.9676722454476211704, -0.4427631689835921061, 0.2584997609556510106, -0.1639427054424065275,
  0.1078240506912623658, -0.07219956125645471093, 0.04880428816414310723, -0.03316112647484735929,
  0.02259764823221810466, -0.01542476590494895914, 0.01053879161661217539, -0.007204534386356868241,
  0.004926781395729853446, -0.003369801655439328083, 0.002305126326734927837,
  -0.001576936771430197259, 0.001078825201916296581, -0.0007380709389960051296,
  0.0005049532658346020352,
];

// B₂ₖ/2k: ln x − 1/2x − ψ(x), in even powers of 1/x.
const digammaTail = [
  1 / 12,
  -1 / 120,
  1 / 252,
  -1 / 240,
  1 / 132,
  -691 / 32760,
  1 / 12,
  -3617 / 8160,
];

// ψ(2 + t) = 1 − γ + Σₖ₌₂ (−1)ᵏ (ζ(k) − 1) tᵏ⁻¹: the derivative of the series above.
const slopesAroundTwo = aroundTwo.slice(1).map((coefficient, k) => (k + 1) * coefficient);

/** ψ(x), the derivative of ln Γ; −∞ at 0, +∞ at −0, NaN at negative whole numbers. */
export function digamma(x: number): number {
  if (x === 0) return -1 / x;
  if (x < 0) {
    if (x === Math.floor(x)) return Number.NaN;
    // ψ(1 − x) − ψ(x) = π cot πx, which has period 1.
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.round(x)));
  }
  if (Math.abs(x - digammaZero) < 0.2) {
    const step = x - digammaZero - digammaZeroRest;
    return step * polynomial(step, aroundZero);
  }
  // ψ(x) = ψ(1 + x) − 1/x = ψ(2 + x) − 1/(1 + x) − 1/x.
  if (x <= 0.5) return polynomial(x, slopesAroundTwo) - 1 / (1 + x) - 1 / x;
  if (x <= 1.5) return polynomial(x - 1, slopesAroundTwo) - 1 / x;
  if (x < 10) {
    let rest = x;
    let sum = 0;
    while (rest > 2.5) {
      rest -= 1;
      sum += 1 / rest;
    }
    return polynomial(rest - 2, slopesAroundTwo) + sum;
  }
  const square = 1 / (x * x);
  return Math.log(x) - 0.5 / x - square * polynomial(square, digammaTail);
}

// B₂ⱼ/(2j)!, for the summation formula of Euler and Maclaurin.
const eulerMaclaurin = [
  1 / 12,
  -1 / 720,
  1 / 30240,
  -1 / 1209600,
  2.087675698786809898e-8,
  -5.284190138687493185e-10,
  1.338253653068467883e-11,
  -3.389680296322582867e-13,
  8.586062056277844564e-15,
];

/** Hurwitz's zeta function Σₖ₌₀ (q + k)⁻ˢ for whole s > 1 and q > 0. */
function hurwitzZeta(s: number, q: number): number {
  let sum = 0;
  let start = q;
  for (; start < 10 + s; start += 1) {
    const term = start ** -s;
    sum += term;
    if (term <= sum * 1e-17) return sum;
  }
  // The rest of the sum is an integral and corrections by derivatives at its start.
  const power = start ** -s;
  const square = start * start;
  let rest = (start * power) / (s - 1) + power / 2;
  let factor = (power / start) * s;
  for (let j = 0; j < eulerMaclaurin.length; j++) {
    const term = eulerMaclaurin[j]! * factor;
    rest += term;
    factor *= ((s + 2 * j + 1) * (s + 2 * j + 2)) / square;
  }
  return sum + rest;
}

/** The n-th derivative of cot at an angle with this cotangent c, by cot′ = −(1 + cot²): a polynomial in c. */
function cotangentDerivative(n: number, c: number): number {
  let coefficients = [0, 1];
  for (let order = 0; order < n; order++) {
    const next = new Array<number>(coefficients.length + 1).fill(0);
    for (let k = 1; k < coefficients.length; k++) {
      const slope = k * coefficients[k]!;
      next[k - 1]! -= slope;
      next[k + 1]! -= slope;
    }
    coefficients = next;
  }
  return polynomial(c, coefficients);
}

/** Beyond this order nobody has asked; the sums take as many steps as the order is high. */
export const highestPolygamma = 1000;

/**
 * ψ⁽ⁿ⁾(x), the n-th derivative of ψ, for whole n from 0 to 1000: (−1)ⁿ⁺¹ n! ζ(n + 1, x). For n ≥ 1 it is infinite at 0 and
 * at negative whole numbers, with the sign it has to the right of them. NaN for any other n.
 */
export function polygamma(n: number, x: number): number {
  if (n === 0) return digamma(x);
  const isOrder = n > 0 && n <= highestPolygamma && n === Math.floor(n);
  if (!isOrder || Number.isNaN(x) || x === -Infinity) return Number.NaN;
  const sign = n % 2 === 0 ? -1 : 1;
  if (x <= 0) {
    if (x === Math.floor(x)) return sign * Infinity;
    // The n-th derivative of ψ(1 − x) − ψ(x) = π cot πx.
    const c = 1 / Math.tan(Math.PI * (x - Math.round(x)));
    return -sign * polygamma(n, 1 - x) - Math.PI ** (n + 1) * cotangentDerivative(n, c);
  }
  if (x === Infinity) return sign * 0;
  const zeta = hurwitzZeta(n + 1, x);
  // 170! is the last that a double holds.
  if (n > 170) return sign * Math.exp(lgamma(n + 1) + Math.log(zeta));
  let factorial = 1;
  for (let k = 2; k <= n; k++) factorial *= k;
  return sign * factorial * zeta;
}
