/**
 * The primitives of the scalar algebra: what the expressions of pointwise ops are made of.
 *
 * Each is one literal that says how it is computed (`evaluate`), how it is written in JavaScript (`source`) and in
 * mathematics (`tex`). A WebAssembly interpretation has its place here too: one more field.
 */
import { erf, erfc, power, roundHalfEven } from "./special.ts";

/** A piece of TeX with its binding strength, so that brackets are set only where they are needed. */
export interface TeX {
  readonly text: string;
  readonly binding: number;
}

/** Binding strengths, from loose to tight. */
export const binding = {
  choice: 0,
  logical: 1,
  comparison: 2,
  sum: 3,
  product: 4,
  prefix: 5,
  power: 6,
  atom: 7,
} as const;

export interface PrimitiveLiteral<Arity extends number> {
  readonly arity: Arity;
  readonly evaluate: (...operands: number[]) => number;
  /** An expression in JavaScript; the names of {@link specialFunctions} are in scope. */
  readonly source: (...operands: string[]) => string;
  readonly tex: (...operands: TeX[]) => TeX;
}

/** The functions that generated source may call by name. */
export const specialFunctions = { erf, erfc, power, roundHalfEven } as const;

/** `(x)` where x binds more loosely than `least`, else `x`. */
function bracketed(operand: TeX, least: number): string {
  return operand.binding < least ? `\\left(${operand.text}\\right)` : operand.text;
}

function infix(symbol: string, strength: number, rightStrength: number = strength + 1) {
  return (a: TeX, b: TeX): TeX => ({
    text: `${bracketed(a, strength)} ${symbol} ${bracketed(b, rightStrength)}`,
    binding: strength,
  });
}

function applied(symbol: string) {
  return (...operands: TeX[]): TeX => ({
    text: `${symbol}\\left(${operands.map((operand) => operand.text).join(", ")}\\right)`,
    binding: binding.atom,
  });
}

function enclosed(left: string, right: string) {
  return (x: TeX): TeX => ({ text: `${left} ${x.text} ${right}`, binding: binding.atom });
}

function math(name: string, symbol: string): PrimitiveLiteral<1> {
  const evaluate = Math[name as keyof Math] as (x: number) => number;
  return { arity: 1, evaluate, source: (x) => `Math.${name}(${x})`, tex: applied(symbol) };
}

function comparison(
  operator: string,
  symbol: string,
  evaluate: (a: number, b: number) => boolean,
): PrimitiveLiteral<2> {
  return {
    arity: 2,
    evaluate: (a, b) => (evaluate(a!, b!) ? 1 : 0),
    source: (a, b) => `(${a} ${operator} ${b})`,
    tex: infix(symbol, binding.comparison),
  };
}

function lift<Arity extends 1 | 2 | 3>(literal: PrimitiveLiteral<Arity>): PrimitiveLiteral<Arity> {
  return literal;
}

export const primitives = {
  add: lift<2>({
    arity: 2,
    evaluate: (a, b) => a! + b!,
    source: (a, b) => `(${a} + ${b})`,
    tex: infix("+", binding.sum, binding.sum),
  }),
  sub: lift<2>({
    arity: 2,
    evaluate: (a, b) => a! - b!,
    source: (a, b) => `(${a} - ${b})`,
    tex: infix("-", binding.sum),
  }),
  mul: lift<2>({
    arity: 2,
    evaluate: (a, b) => a! * b!,
    source: (a, b) => `(${a} * ${b})`,
    tex: infix("\\cdot", binding.product, binding.product),
  }),
  div: lift<2>({
    arity: 2,
    evaluate: (a, b) => a! / b!,
    source: (a, b) => `(${a} / ${b})`,
    tex: (a, b) => ({ text: `\\frac{${a!.text}}{${b!.text}}`, binding: binding.atom }),
  }),
  neg: lift<1>({
    arity: 1,
    evaluate: (x) => -x!,
    source: (x) => `(-${x})`,
    tex: (x) => ({ text: `-${bracketed(x!, binding.product)}`, binding: binding.prefix - 1.5 }),
  }),
  pow: lift<2>({
    arity: 2,
    evaluate: (a, b) => power(a!, b!),
    source: (a, b) => `power(${a}, ${b})`,
    tex: (a, b) => ({
      text: `${bracketed(a!, binding.atom)}^{${b!.text}}`,
      binding: binding.power,
    }),
  }),
  /** The remainder of division with the sign of the dividend, as C's fmod. */
  fmod: lift<2>({
    arity: 2,
    evaluate: (a, b) => a! % b!,
    source: (a, b) => `(${a} % ${b})`,
    tex: infix("\\operatorname{fmod}", binding.product),
  }),
  square: lift<1>({
    arity: 1,
    evaluate: (x) => x! * x!,
    source: (x) => `(${x} * ${x})`,
    tex: (x) => ({ text: `${bracketed(x!, binding.atom)}^{2}`, binding: binding.power }),
  }),
  sqrt: lift<1>({
    arity: 1,
    evaluate: (x) => Math.sqrt(x!),
    source: (x) => `Math.sqrt(${x})`,
    tex: (x) => ({ text: `\\sqrt{${x!.text}}`, binding: binding.atom }),
  }),
  exp: lift<1>({
    arity: 1,
    evaluate: (x) => Math.exp(x!),
    source: (x) => `Math.exp(${x})`,
    tex: (x) => ({ text: `e^{${x!.text}}`, binding: binding.power }),
  }),
  expm1: math("expm1", "\\operatorname{expm1}"),
  log: math("log", "\\ln"),
  log1p: math("log1p", "\\operatorname{log1p}"),
  sin: math("sin", "\\sin"),
  cos: math("cos", "\\cos"),
  tan: math("tan", "\\tan"),
  tanh: math("tanh", "\\tanh"),
  erf: lift<1>({
    arity: 1,
    evaluate: (x) => erf(x!),
    source: (x) => `erf(${x})`,
    tex: applied("\\operatorname{erf}"),
  }),
  erfc: lift<1>({
    arity: 1,
    evaluate: (x) => erfc(x!),
    source: (x) => `erfc(${x})`,
    tex: applied("\\operatorname{erfc}"),
  }),
  abs: lift<1>({
    arity: 1,
    evaluate: (x) => Math.abs(x!),
    source: (x) => `Math.abs(${x})`,
    tex: enclosed("\\left|", "\\right|"),
  }),
  /** −1, 0 or 1; 0 of NaN and of −0, as in PyTorch. */
  sign: lift<1>({
    arity: 1,
    evaluate: (x) => (x! > 0 ? 1 : x! < 0 ? -1 : 0),
    source: (x) => `(${x} > 0 ? 1 : ${x} < 0 ? -1 : 0)`,
    tex: applied("\\operatorname{sign}"),
  }),
  floor: lift<1>({
    arity: 1,
    evaluate: (x) => Math.floor(x!),
    source: (x) => `Math.floor(${x})`,
    tex: enclosed("\\lfloor", "\\rfloor"),
  }),
  ceil: lift<1>({
    arity: 1,
    evaluate: (x) => Math.ceil(x!),
    source: (x) => `Math.ceil(${x})`,
    tex: enclosed("\\lceil", "\\rceil"),
  }),
  round: lift<1>({
    arity: 1,
    evaluate: (x) => roundHalfEven(x!),
    source: (x) => `roundHalfEven(${x})`,
    tex: applied("\\operatorname{round}"),
  }),
  trunc: math("trunc", "\\operatorname{trunc}"),
  /** The larger of two; NaN if either is. */
  maximum: lift<2>({
    arity: 2,
    evaluate: (a, b) => Math.max(a!, b!),
    source: (a, b) => `Math.max(${a}, ${b})`,
    tex: applied("\\max"),
  }),
  /** The smaller of two; NaN if either is. */
  minimum: lift<2>({
    arity: 2,
    evaluate: (a, b) => Math.min(a!, b!),
    source: (a, b) => `Math.min(${a}, ${b})`,
    tex: applied("\\min"),
  }),
  eq: comparison("===", "=", (a, b) => a === b),
  ne: comparison("!==", "\\ne", (a, b) => a !== b),
  lt: comparison("<", "<", (a, b) => a < b),
  le: comparison("<=", "\\le", (a, b) => a <= b),
  gt: comparison(">", ">", (a, b) => a > b),
  ge: comparison(">=", "\\ge", (a, b) => a >= b),
  // Anything but 0 counts as true, NaN too. The loose comparisons take the booleans of comparisons as they are.
  logicalAnd: lift<2>({
    arity: 2,
    evaluate: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
    source: (a, b) => `(${a} != 0 && ${b} != 0)`,
    tex: infix("\\wedge", binding.logical, binding.logical),
  }),
  logicalOr: lift<2>({
    arity: 2,
    evaluate: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
    source: (a, b) => `(${a} != 0 || ${b} != 0)`,
    tex: infix("\\vee", binding.logical, binding.logical),
  }),
  logicalXor: lift<2>({
    arity: 2,
    evaluate: (a, b) => ((a !== 0) !== (b !== 0) ? 1 : 0),
    source: (a, b) => `((${a} != 0) !== (${b} != 0))`,
    tex: infix("\\oplus", binding.logical, binding.logical),
  }),
  logicalNot: lift<1>({
    arity: 1,
    evaluate: (x) => (x === 0 ? 1 : 0),
    source: (x) => `(${x} == 0)`,
    tex: (x) => ({ text: `\\neg ${bracketed(x!, binding.prefix)}`, binding: binding.prefix }),
  }),
  /** The second operand where the first is not 0, else the third. Both are computed; the one not taken does not count. */
  where: lift<3>({
    arity: 3,
    evaluate: (condition, a, b) => (condition! ? a! : b!),
    source: (condition, a, b) => `(${condition} ? ${a} : ${b})`,
    tex: (condition, a, b) => ({
      text: `\\begin{cases} ${a!.text} & ${condition!.text} \\\\ ${b!.text} & \\text{otherwise} \\end{cases}`,
      binding: binding.choice,
    }),
  }),
} as const;

/** The name of a primitive. */
export type Primitive = keyof typeof primitives;

/** The functions of one interpretation of the algebra: for numbers, source text, TeX, tensors, … */
export type Interpretation<T> = {
  readonly [P in Primitive]: Operation<(typeof primitives)[P]["arity"], T>;
};

type Operation<Arity extends number, T> = Arity extends 1
  ? (x: T) => T
  : Arity extends 2
    ? (a: T, b: T) => T
    : (a: T, b: T, c: T) => T;

/**
 * The scalar algebra in which pointwise ops are written: the primitives, and constants.
 *
 * @example
 * import type { ScalarAlgebra } from "@chainrule/core";
 * const logistic = <T>(s: ScalarAlgebra<T>, x: T): T => s.div(s.one, s.add(s.one, s.exp(s.neg(x))));
 */
export type ScalarAlgebra<T> = Interpretation<T> & {
  readonly zero: T;
  readonly one: T;
  constant(value: number): T;
};
