/**
 * Floating types of 8 and 16 bits, which exist in files only: exact when read, rounded to nearest, ties to even, when
 * written.
 */

/** Sign, exponent, mantissa; below the smallest exponent the numbers are evenly spaced (subnormal). */
interface SmallFloatDefinition {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** The code of infinity without its sign; `null` where there is none. */
  readonly infinity: number | null;
  /** The code of NaN without its sign; larger codes are NaN as well. */
  readonly nan: number;
}

/** A type, and what is needed again and again to write it; both tables go by the exponent bits of a float64. */
export interface SmallFloat extends SmallFloatDefinition {
  /** Units of the last place in 1. */
  readonly scales: Float64Array;
  /** The code of the smallest number of the binade, less the mantissa that this has in units: see `encodeSmallFloat`. */
  readonly bases: Int32Array;
}

function smallFloat(definition: SmallFloatDefinition): SmallFloat {
  const { mantissaBits, bias } = definition;
  const scales = new Float64Array(2048);
  const bases = new Int32Array(2048);
  for (let bits = 0; bits < 2048; bits++) {
    const exponent = Math.max(bits - 1023, 1 - bias);
    scales[bits] = 2 ** (mantissaBits - exponent);
    bases[bits] = (exponent + bias - 1) * 2 ** mantissaBits;
  }
  return { ...definition, scales, bases };
}

/** IEEE 754 binary16. */
export const float16: SmallFloat = /* @__PURE__ */ smallFloat({
  exponentBits: 5,
  mantissaBits: 10,
  bias: 15,
  infinity: 0x7c00,
  nan: 0x7e00,
});

/** The upper half of a float32. */
export const bfloat16: SmallFloat = /* @__PURE__ */ smallFloat({
  exponentBits: 8,
  mantissaBits: 7,
  bias: 127,
  infinity: 0x7f80,
  nan: 0x7fc0,
});

/** E5M2 of Micikevicius et al., "FP8 formats for deep learning", 2022: a float16 with two bits of mantissa. */
export const float8e5m2: SmallFloat = /* @__PURE__ */ smallFloat({
  exponentBits: 5,
  mantissaBits: 2,
  bias: 15,
  infinity: 0x7c,
  nan: 0x7e,
});

/** E4M3 of the same paper: no infinity, and a single NaN, so that numbers reach to 448. */
export const float8e4m3: SmallFloat = /* @__PURE__ */ smallFloat({
  exponentBits: 4,
  mantissaBits: 3,
  bias: 7,
  infinity: null,
  nan: 0x7f,
});

/** The number that a code stands for. */
export function decodeSmallFloat(kind: SmallFloat, code: number): number {
  const { exponentBits, mantissaBits, bias, infinity, nan } = kind;
  const signBit = 2 ** (exponentBits + mantissaBits);
  const sign = code >= signBit ? -1 : 1;
  const magnitude = code % signBit;
  if (infinity === magnitude) return sign * Number.POSITIVE_INFINITY;
  if (infinity !== null ? magnitude > infinity : magnitude >= nan) return Number.NaN;
  const exponent = Math.floor(magnitude / 2 ** mantissaBits);
  const mantissa = magnitude % 2 ** mantissaBits;
  const unit = 2 ** (Math.max(exponent, 1) - bias - mantissaBits);
  return sign * (mantissa + (exponent > 0 ? 2 ** mantissaBits : 0)) * unit;
}

/** All numbers of a kind, by code. */
export function tableOf(kind: SmallFloat): Float32Array {
  const table = new Float32Array(2 ** (1 + kind.exponentBits + kind.mantissaBits));
  for (let code = 0; code < table.length; code++) table[code] = decodeSmallFloat(kind, code);
  return table;
}

/**
 * The 256 numbers of a type with E4M3 or E5M2 bits, but one more in the bias, no infinity and no −0, whose code is the only
 * NaN (Noune et al., "8-bit numerical formats for deep neural networks", 2022). Such numbers are read and not written.
 */
export function tableWithoutNegativeZero(exponentBits: 4 | 5): Float32Array {
  const mantissaBits = 7 - exponentBits;
  const bias = 2 ** (exponentBits - 1);
  const table = tableOf(
    smallFloat({ exponentBits, mantissaBits, bias, infinity: null, nan: 0x80 }),
  );
  table[0x80] = Number.NaN;
  return table;
}

/** The powers of two that E8M0 codes stand for, as scales of blocks of numbers (OCP, "Microscaling formats", 2023). */
export function tableOfScales(): Float32Array {
  return Float32Array.from({ length: 256 }, (_, code) =>
    code === 255 ? Number.NaN : 2 ** (code - 127),
  );
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const highWord = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/**
 * The code of the number nearest to `x`. What is too large becomes infinity, or NaN where there is none, as in PyTorch.
 *
 * In units of the last place of its binade, |x| is a number q of at most 2^(mantissaBits + 1); the code counts the
 * numbers from 0 on, so it is q behind those of all smaller binades. A q that is rounded up into the next binade
 * gives the right code by itself.
 */
export function encodeSmallFloat(kind: SmallFloat, x: number): number {
  const { exponentBits, mantissaBits, infinity, nan } = kind;
  double[0] = x;
  const high = words[highWord]!;
  const sign = high >>> 31 === 1 ? 1 << (exponentBits + mantissaBits) : 0;
  if (Number.isNaN(x)) return sign + nan;
  const magnitude = Math.abs(x);
  const largest = infinity ?? nan;
  if (magnitude === Number.POSITIVE_INFINITY) return sign + largest;
  const bits = (high >>> 20) & 0x7ff;
  const units = magnitude * kind.scales[bits]!;
  let q = Math.floor(units);
  const rest = units - q;
  if (rest > 0.5 || (rest === 0.5 && q % 2 === 1)) q++;
  return sign + Math.min(kind.bases[bits]! + q, largest);
}
