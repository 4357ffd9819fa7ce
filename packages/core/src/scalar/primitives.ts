/**
 * The primitives of the scalar algebra: what the expressions of pointwise ops are made of.
 *
 * Each is one literal that says how it is computed (`evaluate`), how it is written in JavaScript (`source`) and in
 * mathematics (`tex`). A WebAssembly interpretation has its place here too: one more field. How it is differentiated
 * says the op of the same name; see `differentiate.ts`.
 */
import { erf, erfc, erfinv, ndtr } from "./erf.ts";
import { digamma, lgamma, polygamma } from "./gamma.ts";
import type { TeX } from "./notation.ts";
import {
  applied,
  atom,
  binding,
  choiceOf,
  differenceOf,
  enclosed,
  fractionOf,
  infix,
  negated,
  powerOf,
  prefixed,
  productOf,
  sumOf,
} from "./notation.ts";
import {
  copySign,
  floorQuotient,
  hypotenuse,
  power,
  powerOfWhole,
  remainder,
  roundHalfEven,
} from "./numbers.ts";

export interface PrimitiveLiteral<Arity extends number> {
  readonly arity: Arity;
  readonly evaluate: (...operands: number[]) => number;
  /** An expression in JavaScript; the names of {@link specialFunctions} are in scope. */
  readonly source: (...operands: string[]) => string;
  readonly tex: (...operands: TeX[]) => TeX;
  /** How often the source names its operands; once unless given. */
  readonly repeats?: number;
  /** Whether the source gives true or false (or 1 or 0). */
  readonly isTruth?: boolean;
  /** Whether the source wants such truth values, so that numbers are to be compared with 0 before. */
  readonly ofTruth?: boolean;
  /** For int32 results, where the rule for floating numbers would lose digits that int32 keeps. */
  readonly whole?: Pick<PrimitiveLiteral<Arity>, "evaluate" | "source">;
}

/** The functions that generated source may call by name. */
export const specialFunctions = {
  copySign,
  digamma,
  erf,
  erfc,
  erfinv,
  floorQuotient,
  hypotenuse,
  lgamma,
  ndtr,
  polygamma,
  power,
  powerOfWhole,
  remainder,
  roundHalfEven,
} as const;

/** A function of JavaScript's Math. */
function math<Arity extends 1 | 2>(
  arity: Arity,
  name: "abs" | "atan2" | UnaryMath,
  tex: PrimitiveLiteral<Arity>["tex"],
): PrimitiveLiteral<Arity> {
  return {
    arity,
    evaluate: Math[name] as (...operands: number[]) => number,
    source: (...operands) => `Math.${name}(${operands.slice(0, arity).join(", ")})`,
    tex,
  };
}

type UnaryMath =
  | `${"" | "a"}${"sin" | "cos" | "tan"}${"" | "h"}`
  | "ceil"
  | "exp"
  | "expm1"
  | "floor"
  | "log"
  | "log10"
  | "log1p"
  | "log2"
  | "sqrt"
  | "trunc";

/** A function that JavaScript's Math lacks. */
function special<Arity extends 1 | 2>(
  arity: Arity,
  name: keyof typeof specialFunctions,
  tex: PrimitiveLiteral<Arity>["tex"],
): PrimitiveLiteral<Arity> {
  return {
    arity,
    evaluate: specialFunctions[name] as (...operands: number[]) => number,
    source: (...operands) => `${name}(${operands.slice(0, arity).join(", ")})`,
    tex,
  };
}

const named = (name: string) => applied(`\\operatorname{${name}}`);

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
    isTruth: true,
  };
}

function literal<Arity extends 1 | 2 | 3>(
  fields: PrimitiveLiteral<Arity>,
): PrimitiveLiteral<Arity> {
  return fields;
}

const arithmetic = {
  add: literal<2>({
    arity: 2,
    evaluate: (a, b) => a! + b!,
    source: (a, b) => `(${a} + ${b})`,
    tex: (a, b) => sumOf(a!, b!),
  }),
  sub: literal<2>({
    arity: 2,
    evaluate: (a, b) => a! - b!,
    source: (a, b) => `(${a} - ${b})`,
    tex: (a, b) => differenceOf(a!, b!),
  }),
  mul: literal<2>({
    arity: 2,
    evaluate: (a, b) => a! * b!,
    source: (a, b) => `(${a} * ${b})`,
    tex: (a, b) => productOf(a!, b!),
    // The product of two int32 may have 62 bits, of which a double holds the upper 53: the lower 32 are wanted.
    whole: {
      evaluate: (a, b) => Math.imul(a!, b!),
      source: (a, b) => `Math.imul(${a}, ${b})`,
    },
  }),
  div: literal<2>({
    arity: 2,
    evaluate: (a, b) => a! / b!,
    source: (a, b) => `(${a} / ${b})`,
    tex: (a, b) => fractionOf(a!, b!),
  }),
  neg: literal<1>({
    arity: 1,
    evaluate: (x) => -x!,
    source: (x) => `(-${x})`,
    tex: (x) => negated(x!),
  }),
  /** The remainder of division with the sign of the dividend, as C's fmod. */
  fmod: literal<2>({
    arity: 2,
    evaluate: (a, b) => a! % b!,
    source: (a, b) => `(${a} % ${b})`,
    tex: infix("\\operatorname{fmod}", binding.product),
  }),
  /** The remainder with the sign of the divisor, as Python's %. */
  remainder: special(2, "remainder", infix("\\bmod", binding.product)),
  /** The quotient rounded downwards, as Python's //. */
  floorDivide: special(2, "floorQuotient", (a, b) =>
    enclosed("\\left\\lfloor", "\\right\\rfloor")(fractionOf(a!, b!)),
  ),
  pow: literal<2>({
    arity: 2,
    evaluate: (a, b) => power(a!, b!),
    source: (a, b) => `power(${a}, ${b})`,
    tex: (a, b) => powerOf(a!, b!),
    whole: {
      evaluate: (a, b) => powerOfWhole(a!, b!),
      source: (a, b) => `powerOfWhole(${a}, ${b})`,
    },
  }),
  square: literal<1>({
    arity: 1,
    evaluate: (x) => x! * x!,
    source: (x) => `(${x} * ${x})`,
    tex: (x) => powerOf(x!, atom("2")),
    repeats: 2,
    whole: { evaluate: (x) => Math.imul(x!, x!), source: (x) => `Math.imul(${x}, ${x})` },
  }),
  sqrt: math(1, "sqrt", (x) => atom(`\\sqrt{${x!.text}}`)),
  hypot: special(2, "hypotenuse", named("hypot")),
} as const;

const elementary = {
  exp: math(1, "exp", (x) => powerOf(atom("e"), x!)),
  exp2: literal<1>({
    arity: 1,
    evaluate: (x) => 2 ** x!,
    source: (x) => `(2 ** ${x})`,
    tex: (x) => powerOf(atom("2"), x!),
  }),
  expm1: math(1, "expm1", named("expm1")),
  log: math(1, "log", applied("\\ln")),
  log2: math(1, "log2", applied("\\log_2")),
  log10: math(1, "log10", applied("\\log_{10}")),
  log1p: math(1, "log1p", named("log1p")),
  sin: math(1, "sin", applied("\\sin")),
  cos: math(1, "cos", applied("\\cos")),
  tan: math(1, "tan", applied("\\tan")),
  asin: math(1, "asin", applied("\\arcsin")),
  acos: math(1, "acos", applied("\\arccos")),
  atan: math(1, "atan", applied("\\arctan")),
  atan2: math(2, "atan2", named("atan2")),
  sinh: math(1, "sinh", applied("\\sinh")),
  cosh: math(1, "cosh", applied("\\cosh")),
  tanh: math(1, "tanh", applied("\\tanh")),
  asinh: math(1, "asinh", named("arsinh")),
  acosh: math(1, "acosh", named("arcosh")),
  atanh: math(1, "atanh", named("artanh")),
  erf: special(1, "erf", named("erf")),
  erfc: special(1, "erfc", named("erfc")),
  erfinv: special(1, "erfinv", applied("\\operatorname{erf}^{-1}")),
  ndtr: special(1, "ndtr", applied("\\Phi")),
  lgamma: special(1, "lgamma", (x) => atom(`\\ln\\left|\\Gamma\\left(${x!.text}\\right)\\right|`)),
  digamma: special(1, "digamma", applied("\\psi")),
  /** ψ⁽ⁿ⁾(x), the n-th derivative of digamma. */
  polygamma: special(2, "polygamma", (n, x) =>
    atom(`\\psi^{(${n!.text})}\\left(${x!.text}\\right)`),
  ),
} as const;

const pieces = {
  abs: math(1, "abs", enclosed("\\left|", "\\right|")),
  /** −1, 0 or 1; 0 of NaN and of −0, as in PyTorch. Signs are hard to foresee: the source has no branches. */
  sign: literal<1>({
    arity: 1,
    evaluate: (x) => (x! > 0 ? 1 : x! < 0 ? -1 : 0),
    source: (x) => `((${x} > 0) - (${x} < 0))`,
    tex: named("sign"),
    repeats: 2,
  }),
  copysign: special(2, "copySign", named("copysign")),
  floor: math(1, "floor", enclosed("\\left\\lfloor", "\\right\\rfloor")),
  ceil: math(1, "ceil", enclosed("\\left\\lceil", "\\right\\rceil")),
  round: special(1, "roundHalfEven", named("round")),
  trunc: math(1, "trunc", named("trunc")),
  /** The larger of two; NaN if either is; the second of two zeros. */
  maximum: literal<2>({
    arity: 2,
    evaluate: (a, b) => (a! > b! || Number.isNaN(a) ? a! : b!),
    source: (a, b) => `(${a} > ${b} || ${a} !== ${a} ? ${a} : ${b})`,
    tex: applied("\\max"),
    repeats: 4,
  }),
  /** The smaller of two; NaN if either is; the second of two zeros. */
  minimum: literal<2>({
    arity: 2,
    evaluate: (a, b) => (a! < b! || Number.isNaN(a) ? a! : b!),
    source: (a, b) => `(${a} < ${b} || ${a} !== ${a} ? ${a} : ${b})`,
    tex: applied("\\min"),
    repeats: 4,
  }),
} as const;

const logic = {
  eq: comparison("===", "=", (a, b) => a === b),
  /** Only NaN differs from itself. */
  ne: {
    ...comparison("!==", "\\ne", (a, b) => a !== b),
    tex: (a: TeX, b: TeX): TeX =>
      a.text === b.text ? named("isnan")(a) : infix("\\ne", binding.comparison)(a, b),
  },
  lt: comparison("<", "<", (a, b) => a < b),
  le: comparison("<=", "\\le", (a, b) => a <= b),
  gt: comparison(">", ">", (a, b) => a > b),
  ge: comparison(">=", "\\ge", (a, b) => a >= b),
  // Anything but 0 counts as true, NaN too. Bits are combined without branches, which nobody could foresee.
  logicalAnd: literal<2>({
    arity: 2,
    evaluate: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
    source: (a, b) => `(${a} & ${b})`,
    tex: infix("\\wedge", binding.logical, binding.logical),
    isTruth: true,
    ofTruth: true,
  }),
  logicalOr: literal<2>({
    arity: 2,
    evaluate: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
    source: (a, b) => `(${a} | ${b})`,
    tex: infix("\\vee", binding.logical, binding.logical),
    isTruth: true,
    ofTruth: true,
  }),
  logicalXor: literal<2>({
    arity: 2,
    evaluate: (a, b) => ((a !== 0) !== (b !== 0) ? 1 : 0),
    source: (a, b) => `(${a} ^ ${b})`,
    tex: infix("\\oplus", binding.logical, binding.logical),
    isTruth: true,
    ofTruth: true,
  }),
  logicalNot: literal<1>({
    arity: 1,
    evaluate: (x) => (x === 0 ? 1 : 0),
    source: (x) => `(!${x})`,
    tex: prefixed("\\neg"),
    isTruth: true,
    ofTruth: true,
  }),
  /** The second operand where the first is not 0, else the third. Both are computed; the one not taken does not count. */
  where: literal<3>({
    arity: 3,
    evaluate: (condition, a, b) => (condition! ? a! : b!),
    source: (condition, a, b) => `(${condition} ? ${a} : ${b})`,
    tex: (condition, a, b) => choiceOf(condition!, a!, b!),
  }),
} as const;

export const primitives = { ...arithmetic, ...elementary, ...pieces, ...logic } as const;

/** The name of a primitive. */
export type Primitive = keyof typeof primitives;

/** The functions of one interpretation of the algebra: for numbers, source text, TeX, … */
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
