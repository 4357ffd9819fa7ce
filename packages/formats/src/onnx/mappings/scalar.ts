/**
 * The scalar algebra, interpreted as ONNX nodes.
 *
 * Every pointwise op is an expression in this algebra, and so is its gradient of any order: with these forty-odd
 * primitives, ops that ONNX has never heard of, a user's own among them, become nodes without a mapping of their own.
 */
import type { DType, Expression, Primitive } from "@chainrule/core";
import { interpret, isFloating } from "@chainrule/core";
import type { Emitter, Value } from "../emitter.ts";
import { float, int } from "../emitter.ts";
import { OnnxExportError } from "../errors.ts";

/** A value on the way: a number of the type that is computed in, or a truth value. */
export interface Term {
  readonly value: Value;
  readonly isTruth: boolean;
}

/** What the primitives write with. */
export class ScalarWriter {
  readonly e: Emitter;
  /** The type of numbers. */
  readonly dtype: DType;

  constructor(e: Emitter, dtype: DType) {
    this.e = e;
    this.dtype = dtype;
  }

  /** The nodes for an expression, given what its inputs and parameters are. */
  write(
    root: Expression,
    inputs: (index: number) => Term,
    parameters: Readonly<Record<string, number>>,
  ): Term {
    const [result] = interpret<Term>(
      [root],
      {
        constant: (value) => this.constant(value),
        input: inputs,
        parameter: (name) => this.constant(parameters[name]!),
      },
      (primitive, operands) => counterparts[primitive](this, operands as [Term, Term, Term]),
    );
    return result!;
  }

  constant(value: number): Term {
    return this.number(this.e.scalar(value, this.dtype));
  }

  number(value: Value): Term {
    return { value, isTruth: false };
  }

  truth(value: Value): Term {
    return { value, isTruth: true };
  }

  /** A term as a number: truth is 1. */
  asNumber({ value, isTruth }: Term): Value {
    return isTruth && this.dtype !== "bool" ? this.e.cast(value, this.dtype) : value;
  }

  /** A term as a truth value: anything but 0 is true, NaN too. */
  asTruth({ value, isTruth }: Term): Value {
    if (isTruth) return value;
    return this.e.op("Not", [this.e.op("Equal", [value, this.e.scalar(0, this.dtype)])]);
  }

  /** A node from numbers to a number. */
  of(type: string, ...operands: readonly Term[]): Term {
    return this.number(
      this.e.op(
        type,
        operands.map((operand) => this.asNumber(operand)),
      ),
    );
  }

  /** A node from numbers to a truth value. */
  compare(type: string, ...operands: readonly Term[]): Term {
    return this.truth(this.of(type, ...operands).value);
  }

  /** A node from truth values to a truth value. */
  logic(type: string, ...operands: readonly Term[]): Term {
    return this.truth(
      this.e.op(
        type,
        operands.map((operand) => this.asTruth(operand)),
      ),
    );
  }

  choose(condition: Term, a: Term, b: Term): Term {
    const isTruth = a.isTruth && b.isTruth;
    const parts = isTruth ? [a.value, b.value] : [this.asNumber(a), this.asNumber(b)];
    return { value: this.e.op("Where", [this.asTruth(condition), ...parts]), isTruth };
  }

  /** Something that whole numbers are already. */
  unlessWhole(x: Term, make: () => Term): Term {
    return isFloating(this.dtype) ? make() : this.number(this.asNumber(x));
  }

  missing(primitive: string): never {
    throw new OnnxExportError(
      `exportOnnx: ${this.e.writing} has no counterpart in ONNX: there is no ${primitive}. Compute it outside of the model, or approximate it.`,
      { primitive },
    );
  }
}

type Counterpart = (s: ScalarWriter, operands: readonly [Term, Term, Term]) => Term;

const unary =
  (type: string): Counterpart =>
  (s, [x]) =>
    s.of(type, x);
const binary =
  (type: string): Counterpart =>
  (s, [a, b]) =>
    s.of(type, a, b);
const comparison =
  (type: string): Counterpart =>
  (s, [a, b]) =>
    s.compare(type, a, b);
const rounding =
  (type: string): Counterpart =>
  (s, [x]) =>
    s.unlessWhole(x, () => s.of(type, x));
const absent =
  (primitive: string): Counterpart =>
  (s) =>
    s.missing(primitive);

/** a mod b with the sign of a. */
function remainderLikeC(s: ScalarWriter, a: Term, b: Term): Term {
  return s.number(s.e.op("Mod", [s.asNumber(a), s.asNumber(b)], { fmod: int(1) }));
}

/** a mod b with the sign of b: that of C, plus b where the signs differ. */
function remainderLikePython(s: ScalarWriter, a: Term, b: Term): Term {
  const rest = remainderLikeC(s, a, b);
  const zero = s.constant(0);
  const differs = s.logic("Xor", s.compare("Less", rest, zero), s.compare("Less", b, zero));
  const some = s.logic("Not", s.compare("Equal", rest, zero));
  return s.choose(s.logic("And", some, differs), s.of("Add", rest, b), rest);
}

/** ⌊a/b⌋ from what is left of a without its remainder: nearly whole, so it is rounded to nearest. */
function floorQuotient(s: ScalarWriter, a: Term, b: Term): Term {
  const whole = s.of("Div", s.of("Sub", a, remainderLikePython(s, a, b)), b);
  if (!isFloating(s.dtype)) return whole;
  const byZero = s.compare("Equal", b, s.constant(0));
  return s.choose(byZero, s.of("Div", a, b), s.of("Round", whole));
}

/** Whether the sign of x is set, that of −0 too: 1/−0 is −∞. */
function isNegative(s: ScalarWriter, x: Term): Term {
  const zero = s.constant(0);
  const below = s.compare("Less", x, zero);
  if (!isFloating(s.dtype)) return below;
  const isZero = s.compare("Equal", x, zero);
  const underside = s.compare("Less", s.of("Reciprocal", x), zero);
  return s.logic("Or", below, s.logic("And", isZero, underside));
}

/** atan(y/x), moved by ±π to the left half of the plane; ±π/2 on the axis between. */
function atan2(s: ScalarWriter, y: Term, x: Term): Term {
  const zero = s.constant(0);
  const halfTurn = s.choose(isNegative(s, y), s.constant(-Math.PI), s.constant(Math.PI));
  const quarter = s.choose(
    s.compare("Less", y, zero),
    s.constant(-Math.PI / 2),
    s.constant(Math.PI / 2),
  );
  const principal = s.of("Atan", s.of("Div", y, x));
  const moved = s.choose(s.compare("Less", x, zero), s.of("Add", principal, halfTurn), principal);
  const onAxis = s.logic(
    "And",
    s.compare("Equal", x, zero),
    s.logic("Not", s.compare("Equal", y, zero)),
  );
  // At the origin the sign of x decides between 0 and π, both with the sign of y.
  const atOrigin = s.choose(isNegative(s, x), halfTurn, y);
  const isOrigin = s.logic("And", s.compare("Equal", x, zero), s.compare("Equal", y, zero));
  return s.choose(isOrigin, atOrigin, s.choose(onAxis, quarter, moved));
}

/** ln(1 + x) as 2 artanh(x/(2 + x)) near 0, where 1 + x would lose the digits of x. */
function log1p(s: ScalarWriter, x: Term): Term {
  const isSmall = s.compare("Less", s.of("Abs", x), s.constant(0.5));
  const inside = s.choose(isSmall, x, s.constant(0));
  const ratio = s.of("Div", inside, s.of("Add", inside, s.constant(2)));
  const near = s.of("Mul", s.constant(2), s.of("Atanh", ratio));
  return s.choose(isSmall, near, s.of("Log", s.of("Add", x, s.constant(1))));
}

/** eˣ − 1 = tanh(x/2) · (eˣ + 1), which keeps the digits of x near 0. */
function expm1(s: ScalarWriter, x: Term): Term {
  const factor = s.of("Tanh", s.of("Mul", x, s.constant(0.5)));
  return s.of("Mul", factor, s.of("Add", s.of("Exp", x), s.constant(1)));
}

/** √(a² + b²) = large · √(1 + (small/large)²), without overflow on the way. */
function hypotenuse(s: ScalarWriter, a: Term, b: Term): Term {
  const [x, y] = [s.of("Abs", a), s.of("Abs", b)];
  const large = s.of("Max", x, y);
  const isPlain = s.logic(
    "And",
    s.compare("Greater", large, s.constant(0)),
    s.compare("Less", large, s.constant(Number.POSITIVE_INFINITY)),
  );
  const divisor = s.choose(isPlain, large, s.constant(1));
  const ratio = s.of("Div", s.of("Min", x, y), divisor);
  const scaled = s.of("Sqrt", s.of("Add", s.constant(1), s.of("Mul", ratio, ratio)));
  return s.choose(isPlain, s.of("Mul", large, scaled), large);
}

const counterparts: { readonly [P in Primitive]: Counterpart } = {
  add: binary("Add"),
  sub: binary("Sub"),
  mul: binary("Mul"),
  div: binary("Div"),
  neg: unary("Neg"),
  fmod: (s, [a, b]) => remainderLikeC(s, a, b),
  remainder: (s, [a, b]) => remainderLikePython(s, a, b),
  floorDivide: (s, [a, b]) => floorQuotient(s, a, b),
  pow: binary("Pow"),
  square: (s, [x]) => s.of("Mul", x, x),
  sqrt: unary("Sqrt"),
  hypot: (s, [a, b]) => hypotenuse(s, a, b),
  exp: unary("Exp"),
  exp2: (s, [x]) => s.of("Pow", s.constant(2), x),
  expm1: (s, [x]) => expm1(s, x),
  log: unary("Log"),
  log2: (s, [x]) => s.of("Mul", s.of("Log", x), s.constant(Math.LOG2E)),
  log10: (s, [x]) => s.of("Mul", s.of("Log", x), s.constant(Math.LOG10E)),
  log1p: (s, [x]) => log1p(s, x),
  sin: unary("Sin"),
  cos: unary("Cos"),
  tan: unary("Tan"),
  asin: unary("Asin"),
  acos: unary("Acos"),
  atan: unary("Atan"),
  atan2: (s, [y, x]) => atan2(s, y, x),
  sinh: unary("Sinh"),
  cosh: unary("Cosh"),
  tanh: unary("Tanh"),
  asinh: unary("Asinh"),
  acosh: unary("Acosh"),
  atanh: unary("Atanh"),
  erf: unary("Erf"),
  erfc: (s, [x]) => s.of("Sub", s.constant(1), s.of("Erf", x)),
  ndtr: (s, [x]) => {
    const error = s.of("Erf", s.of("Mul", x, s.constant(Math.SQRT1_2)));
    return s.of("Mul", s.constant(0.5), s.of("Add", s.constant(1), error));
  },
  erfinv: absent("inverse of the error function"),
  lgamma: absent("logarithm of the gamma function"),
  digamma: absent("digamma function"),
  polygamma: absent("polygamma function"),
  abs: unary("Abs"),
  sign: unary("Sign"),
  copysign: (s, [a, b]) => {
    const magnitude = s.of("Abs", a);
    return s.choose(isNegative(s, b), s.of("Neg", magnitude), magnitude);
  },
  floor: rounding("Floor"),
  ceil: rounding("Ceil"),
  round: rounding("Round"),
  trunc: (s, [x]) =>
    s.unlessWhole(x, () => s.of("Mul", s.of("Sign", x), s.of("Floor", s.of("Abs", x)))),
  maximum: binary("Max"),
  minimum: binary("Min"),
  eq: comparison("Equal"),
  ne: (s, [a, b]) => s.logic("Not", s.compare("Equal", a, b)),
  lt: comparison("Less"),
  le: comparison("LessOrEqual"),
  gt: comparison("Greater"),
  ge: comparison("GreaterOrEqual"),
  logicalAnd: (s, [a, b]) => s.logic("And", a, b),
  logicalOr: (s, [a, b]) => s.logic("Or", a, b),
  logicalXor: (s, [a, b]) => s.logic("Xor", a, b),
  logicalNot: (s, [x]) => s.logic("Not", x),
  where: (s, [condition, a, b]) => s.choose(condition, a, b),
};

/** Float attributes have single precision: whether a number of this type survives that. */
export function fitsAttribute(value: number, dtype: DType): boolean {
  return dtype === "float32" || Math.fround(value) === value;
}

/** Float attributes by name, if all survive; else `null`. */
export function floatAttributes(
  values: Readonly<Record<string, number>>,
  dtype: DType,
): Record<string, ReturnType<typeof float>> | null {
  const entries = Object.entries(values);
  if (!entries.every(([, value]) => fitsAttribute(value, dtype))) return null;
  return Object.fromEntries(entries.map(([name, value]) => [name, float(value)]));
}
