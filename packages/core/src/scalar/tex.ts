/**
 * Scalar expressions as TeX.
 */
import type { Expression } from "./expression.ts";
import { interpret } from "./expression.ts";
import type { TeX } from "./notation.ts";
import { atom, negated } from "./notation.ts";
import type { PrimitiveLiteral } from "./primitives.ts";
import { primitives } from "./primitives.ts";

/** Numbers that have a name. */
const named: readonly (readonly [number, string])[] = [
  [Math.PI, "\\pi"],
  [Math.PI / 180, "\\tfrac{\\pi}{180}"],
  [180 / Math.PI, "\\tfrac{180}{\\pi}"],
  [Math.SQRT2, "\\sqrt{2}"],
  [Math.SQRT1_2, "\\tfrac{1}{\\sqrt{2}}"],
  [Math.sqrt(2 / Math.PI), "\\sqrt{\\tfrac{2}{\\pi}}"],
  [2 * Math.sqrt(2 / Math.PI), "\\sqrt{\\tfrac{8}{\\pi}}"],
  [2 / Math.sqrt(Math.PI), "\\tfrac{2}{\\sqrt{\\pi}}"],
  [1 / Math.sqrt(2 * Math.PI), "\\tfrac{1}{\\sqrt{2\\pi}}"],
  [1 / 2, "\\tfrac{1}{2}"],
  [1 / 3, "\\tfrac{1}{3}"],
  [1 / 6, "\\tfrac{1}{6}"],
  [Infinity, "\\infty"],
  [Number.NaN, "\\mathrm{NaN}"],
];

/** Numbers that are written as a function of another one. */
const logarithms: readonly (readonly [number, string])[] = [
  [Math.LN2, "\\ln\\left(2\\right)"],
  [Math.LN10, "\\ln\\left(10\\right)"],
];

/** A number, with its sign apart. */
function numberText(value: number): TeX {
  if (value < 0 || Object.is(value, -0)) return negated(numberText(-value));
  const logarithm = logarithms.find(([number]) => number === value)?.[1];
  if (logarithm !== undefined) return atom(logarithm);
  const name = named.find(([number]) => Object.is(number, value))?.[1];
  return { ...atom(name ?? decimal(value)), isNumber: true };
}

/** Seven digits are enough to recognise a number by. */
function decimal(value: number): string {
  const [digits, exponent] = String(Number(value.toPrecision(7))).split("e");
  return exponent === undefined
    ? digits!
    : `${digits === "1" ? "" : `${digits} \\cdot `}10^{${Number(exponent)}}`;
}

/** Writes an expression as TeX; `symbols` maps inputs and parameters to what they are to be called. */
export function toTeX(root: Expression, symbols: (name: string) => string = symbol): string {
  const leaves = {
    constant: numberText,
    input: (_index: number, name: string) => atom(symbols(name)),
    parameter: (name: string) => atom(symbols(name)),
  };
  const [result] = interpret<TeX>([root], leaves, (primitive, operands) => {
    const { tex }: PrimitiveLiteral<1 | 2 | 3> = primitives[primitive];
    return tex(...operands);
  });
  return result!.text;
}

const greek = new Set(["alpha", "beta", "gamma", "delta", "lambda", "theta", "mu", "sigma"]);

/** `lambda` is no name for a parameter in Python, so PyTorch writes it without its last letter. */
const spelt: Readonly<Record<string, string>> = { lambd: "lambda" };

/** One letter stays a letter, a Greek name becomes its letter, a word is set upright. */
function symbol(name: string): string {
  if (name.length === 1) return name;
  if (name.startsWith("cotangent")) return `\\bar{y}${name.slice("cotangent".length)}`;
  const full = spelt[name] ?? name;
  return greek.has(full) ? `\\${full}` : `\\mathrm{${full}}`;
}
