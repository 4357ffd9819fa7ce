/**
 * The algebra of the board: small expressions over named quantities, differentiated by the rules of school.
 */

/** What a quantity is called: a letter or word, and subscripts that count from 1. */
export interface Name {
  readonly base: string;
  /** What it belongs to, written above: the z of the activation h. */
  readonly above: string;
  readonly subscripts: readonly number[];
}

/** A quantity with a value: an element of a tensor, or a whole tensor (then without a value). */
export interface Quantity {
  readonly kind: "quantity";
  readonly name: Name;
  /** ∂(of)/∂(name), if it is a derivative. */
  readonly of: Name | null;
  readonly value: number;
}

/** An expression. */
export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | Quantity
  | { readonly kind: "sum"; readonly terms: readonly Expression[] }
  | { readonly kind: "product"; readonly factor: number; readonly factors: readonly Expression[] }
  | { readonly kind: "quotient"; readonly above: Expression; readonly below: Expression }
  | { readonly kind: "power"; readonly base: Expression; readonly exponent: number }
  | { readonly kind: "call"; readonly function: string; readonly operands: readonly Expression[] }
  | { readonly kind: "matrixProduct"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "elementwise"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "transpose"; readonly of: Expression };

export const zero: Expression = { kind: "number", value: 0 };
export const one: Expression = { kind: "number", value: 1 };

export function number(value: number): Expression {
  return { kind: "number", value };
}

/** A quantity that is no derivative. */
export function quantity(
  base: string,
  subscripts: readonly number[],
  value: number,
  above = "",
): Quantity {
  return { kind: "quantity", name: { base, above, subscripts }, of: null, value };
}

/** ∂of/∂by. */
export function partial(of: string, by: Name, value: number): Quantity {
  return { kind: "quantity", name: by, of: { base: of, above: "", subscripts: [] }, value };
}

/** A sum without zeros, and without sums inside. */
export function sum(terms: readonly Expression[]): Expression {
  const flat = terms
    .flatMap((term) => (term.kind === "sum" ? term.terms : [term]))
    .filter((term) => !(term.kind === "number" && term.value === 0));
  if (flat.length === 0) return zero;
  return flat.length === 1 ? flat[0]! : { kind: "sum", terms: flat };
}

/** A product with its numbers multiplied out, and without products inside. */
export function product(...operands: readonly Expression[]): Expression {
  let factor = 1;
  const factors: Expression[] = [];
  for (const operand of operands) {
    if (operand.kind === "number") factor *= operand.value;
    else if (operand.kind === "product") {
      factor *= operand.factor;
      factors.push(...operand.factors);
    } else factors.push(operand);
  }
  if (factor === 0) return zero;
  if (factors.length === 0) return number(factor);
  return factor === 1 && factors.length === 1 ? factors[0]! : { kind: "product", factor, factors };
}

export function negative(operand: Expression): Expression {
  return product(number(-1), operand);
}

export function quotient(above: Expression, below: Expression): Expression {
  if (below.kind === "number") return product(number(1 / below.value), above);
  return { kind: "quotient", above, below };
}

export function power(base: Expression, exponent: number): Expression {
  if (exponent === 0) return one;
  return exponent === 1 ? base : { kind: "power", base, exponent };
}

/**
 * ∂(expression)/∂(operand). The derivative of a function is written with its result, σ′(z) = h·(1 − h), so the result is
 * asked for; functions stand at the top of an expression only.
 *
 * `null` where the rule is not one of these.
 */
export function derivative(
  expression: Expression,
  operand: Quantity,
  result: Expression,
): Expression | null {
  switch (expression.kind) {
    case "number":
      return zero;
    case "quantity":
      return expression === operand ? one : zero;
    case "sum":
      return sumOf(expression.terms.map((term) => derivative(term, operand, result)));
    case "product": {
      const { factor, factors } = expression;
      return sumOf(
        factors.map((one, i) => {
          const slope = derivative(one, operand, result);
          return slope === null
            ? null
            : product(number(factor), ...factors.map((other, k) => (k === i ? slope : other)));
        }),
      );
    }
    case "quotient": {
      const { above, below } = expression;
      const [up, down] = [derivative(above, operand, result), derivative(below, operand, result)];
      if (up === null || down === null) return null;
      return sum([
        isZero(up) ? zero : quotient(up, below),
        isZero(down) ? zero : negative(quotient(product(above, down), power(below, 2))),
      ]);
    }
    case "power": {
      const { base, exponent } = expression;
      const slope = derivative(base, operand, result);
      return slope && product(number(exponent), power(base, exponent - 1), slope);
    }
    case "call": {
      const [argument] = expression.operands;
      const slope = slopes[expression.function];
      if (slope === undefined || expression.operands.length !== 1) return null;
      const inner = derivative(argument!, operand, result);
      return inner && (isZero(inner) ? zero : product(slope(argument!, result), inner));
    }
    default:
      return null;
  }
}

function sumOf(terms: readonly (Expression | null)[]): Expression | null {
  return terms.includes(null) ? null : sum(terms as readonly Expression[]);
}

export function isZero(expression: Expression): boolean {
  return expression.kind === "number" && expression.value === 0;
}

/** f′ by the operand x and the result y. */
const slopes: Readonly<Record<string, (x: Expression, y: Expression) => Expression>> = {
  sigmoid: (_x, y) => product(y, sum([one, negative(y)])),
  tanh: (_x, y) => sum([one, negative(power(y, 2))]),
  exp: (_x, y) => y,
  log: (x) => quotient(one, x),
  sqrt: (_x, y) => quotient(one, product(number(2), y)),
  relu: (x) => ({ kind: "call", function: "relu′", operands: [x] }),
  abs: (x) => ({ kind: "call", function: "sign", operands: [x] }),
};

/** Slopes that are steps have no shorter name; they stand inside of products, so they need values. */
const steps: Readonly<Record<string, (x: number) => number>> = {
  "relu′": (x) => (x > 0 ? 1 : 0),
  sign: Math.sign,
};

/** The functions that can be differentiated on the board. */
export function isKnownFunction(name: string): boolean {
  return Object.hasOwn(slopes, name);
}

/** The value of an expression, from those of its quantities; NaN for functions, whose value is that of their quantity. */
export function evaluated(expression: Expression): number {
  switch (expression.kind) {
    case "number":
    case "quantity":
      return expression.value;
    case "sum":
      return expression.terms.reduce((total, term) => total + evaluated(term), 0);
    case "product":
      return expression.factors.reduce((total, one) => total * evaluated(one), expression.factor);
    case "quotient":
      return evaluated(expression.above) / evaluated(expression.below);
    case "power":
      return evaluated(expression.base) ** expression.exponent;
    case "call":
      return steps[expression.function]?.(evaluated(expression.operands[0]!)) ?? Number.NaN;
    default:
      return Number.NaN;
  }
}

/** All quantities in an expression, each once. */
export function quantitiesIn(expression: Expression, found = new Set<Quantity>()): Set<Quantity> {
  switch (expression.kind) {
    case "number":
      break;
    case "quantity":
      found.add(expression);
      break;
    case "sum":
      for (const term of expression.terms) quantitiesIn(term, found);
      break;
    case "product":
      for (const factor of expression.factors) quantitiesIn(factor, found);
      break;
    case "quotient":
      quantitiesIn(expression.above, found);
      quantitiesIn(expression.below, found);
      break;
    case "power":
      quantitiesIn(expression.base, found);
      break;
    case "call":
      for (const operand of expression.operands) quantitiesIn(operand, found);
      break;
    case "transpose":
      quantitiesIn(expression.of, found);
      break;
    default:
      quantitiesIn(expression.left, found);
      quantitiesIn(expression.right, found);
  }
  return found;
}
