/**
 * Arithmetic that JavaScript lacks or defines otherwise than C and PyTorch do.
 */

/** From here on every double is a whole number. */
const allWhole = 2 ** 52;

/** Rounds to the nearest whole number, halves to the even one; −0.5 gives −0. */
export function roundHalfEven(x: number): number {
  // Adding 2⁵² leaves no bits for decimals: the addition itself rounds, and halves go to even.
  if (x > 0 && x < allWhole) return x + allWhole - allWhole;
  if (x < 0 && x > -allWhole) return -(allWhole - x - allWhole);
  return x;
}

/**
 * The power as C and IEEE 754 define it: 1 to any power is 1, also to NaN, where JavaScript says NaN. Small whole exponents
 * are products, which are exact to two units in the last place and much faster.
 */
export function power(base: number, exponent: number): number {
  if (exponent === 2) return base * base;
  if (exponent === 3) return base * base * base;
  if (exponent === 1) return base;
  if (exponent === -1) return 1 / base;
  if (base === 1) return 1;
  if (base === -1 && (exponent === Infinity || exponent === -Infinity)) return 1;
  return base ** exponent;
}

/**
 * The power of whole numbers, modulo 2³². A negative exponent gives the quotient without its decimals: ±1 for the bases
 * 1 and −1, else 0.
 */
export function powerOfWhole(base: number, exponent: number): number {
  if (exponent < 0) {
    if (base === 1) return 1;
    return base === -1 ? 1 + 2 * (exponent % 2) : 0;
  }
  let result = 1;
  let square = base | 0;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}

/** The remainder of a/b with the sign of b, as Python's %. */
export function remainder(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/**
 * ⌊a/b⌋, as Python's //. The quotient of doubles may round up to a whole number that b does not reach (1 // 0.1 is 9),
 * so it is taken of what is left of a without its remainder.
 */
export function floorQuotient(a: number, b: number): number {
  const quotient = a / b;
  if (b === 0) return quotient;
  const rest = a % b;
  let whole = (a - rest) / b;
  if (rest !== 0 && rest < 0 !== b < 0) whole -= 1;
  if (whole === 0) return copySign(0, quotient);
  const below = Math.floor(whole);
  return whole - below > 0.5 ? below + 1 : below;
}

/** The magnitude of a with the sign of b, signed zeros included. */
export function copySign(a: number, b: number): number {
  const magnitude = Math.abs(a);
  return b < 0 || (b === 0 && 1 / b < 0) ? -magnitude : magnitude;
}

/** √(a² + b²) without overflow or underflow on the way; ∞ if either is infinite, whatever the other. */
export function hypotenuse(a: number, b: number): number {
  const x = Math.abs(a);
  const y = Math.abs(b);
  const large = Math.max(x, y);
  const small = Math.min(x, y);
  if (large < 1e150 && small > 1e-140) return Math.sqrt(large * large + small * small);
  if (x === Infinity || y === Infinity) return Infinity;
  // Zeros, and NaN, which is in no order.
  if (large === 0 || !(small <= large)) return x + y;
  const ratio = small / large;
  return large * Math.sqrt(1 + ratio * ratio);
}
