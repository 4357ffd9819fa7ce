/**
 * Scalar expressions as vectors of float32: the interpretation that accelerated loops are made of.
 *
 * A primitive without a rule here is left to the loops over plain numbers, and with it every expression that uses it.
 */
import type { Vectors } from "../accelerated/vector/algebra.ts";
import * as angles from "../accelerated/vector/angles.ts";
import * as functions from "../accelerated/vector/functions.ts";
import * as hyperbolic from "../accelerated/vector/hyperbolic.ts";
import type { Expression } from "./expression.ts";
import { inOrder } from "./expression.ts";
import type { Primitive, PrimitiveLiteral } from "./primitives.ts";
import { primitives } from "./primitives.ts";

/** How a primitive is computed, from operands that are numbers, or masks where the primitive is of truth values. */
type Rule = <V>(v: Vectors<V>, a: V, b: V, c: V) => V;

const isNotZero: Rule = (v, a) => v.ne(a, v.number(0));

const rules: { readonly [P in Primitive]?: Rule } = {
  add: (v, a, b) => v.add(a, b),
  sub: (v, a, b) => v.sub(a, b),
  mul: (v, a, b) => v.mul(a, b),
  div: (v, a, b) => v.div(a, b),
  neg: (v, a) => v.neg(a),
  pow: functions.pow,
  square: (v, a) => v.mul(a, a),
  sqrt: (v, a) => v.sqrt(a),
  exp: functions.exp,
  exp2: functions.exp2,
  expm1: functions.expm1,
  log: functions.log,
  log2: functions.log2,
  log10: functions.log10,
  log1p: functions.log1p,
  sin: angles.sin,
  cos: angles.cos,
  tan: angles.tan,
  asin: angles.asin,
  acos: angles.acos,
  atan: angles.atan,
  sinh: hyperbolic.sinh,
  cosh: hyperbolic.cosh,
  tanh: functions.tanh,
  asinh: hyperbolic.asinh,
  acosh: hyperbolic.acosh,
  atanh: hyperbolic.atanh,
  erf: functions.erf,
  erfc: functions.erfc,
  ndtr: functions.ndtr,
  abs: (v, a) => v.abs(a),
  sign: (v, a) => {
    const isPositive = v.and(v.gt(a, v.number(0)), v.number(1));
    return v.sub(isPositive, v.and(v.lt(a, v.number(0)), v.number(1)));
  },
  // The sign of a NaN does not count.
  copysign: (v, a, b) => v.select(b, v.abs(a), v.and(v.eq(b, b), v.whole(-(2 ** 31)))),
  floor: (v, a) => v.floor(a),
  ceil: (v, a) => v.ceil(a),
  trunc: (v, a) => v.trunc(a),
  round: (v, a) => v.nearest(a),
  maximum: (v, a, b) => v.select(a, b, v.or(v.gt(a, b), v.ne(a, a))),
  minimum: (v, a, b) => v.select(a, b, v.or(v.lt(a, b), v.ne(a, a))),
  eq: (v, a, b) => v.eq(a, b),
  ne: (v, a, b) => v.ne(a, b),
  lt: (v, a, b) => v.lt(a, b),
  le: (v, a, b) => v.le(a, b),
  gt: (v, a, b) => v.gt(a, b),
  ge: (v, a, b) => v.ge(a, b),
  logicalAnd: (v, a, b) => v.and(a, b),
  logicalOr: (v, a, b) => v.or(a, b),
  logicalXor: (v, a, b) => v.xor(a, b),
  logicalNot: (v, a) => v.not(a),
};

/** The cost of a primitive beside an addition, roughly; 1 where nothing is said. */
const costs: { readonly [P in Primitive]?: number } = {
  div: 4,
  pow: 80,
  sqrt: 4,
  exp: 12,
  exp2: 12,
  expm1: 14,
  log: 14,
  log2: 18,
  log10: 18,
  log1p: 18,
  sin: 20,
  cos: 20,
  tan: 24,
  asin: 16,
  acos: 16,
  atan: 18,
  sinh: 20,
  cosh: 16,
  tanh: 18,
  asinh: 34,
  acosh: 30,
  atanh: 26,
  erf: 30,
  erfc: 30,
  ndtr: 24,
};

/** Whether vectors can compute the expressions, and how much there is to be won: the sum of the costs; 0 if not. */
export function vectorCost(...roots: readonly Expression[]): number {
  let cost = 1;
  for (const part of inOrder(roots)) {
    if (part.kind !== "application") continue;
    const { primitive } = part;
    if (primitive !== "where" && rules[primitive] === undefined) return 0;
    cost += costs[primitive] ?? 1;
  }
  return roots.some(isTruth) ? 0 : cost;
}

const turns: ReadonlySet<Primitive> = new Set(["sin", "cos", "tan"]);

/** The angles of the expression, which must not be too large; see `largestAngle`. */
export function anglesOf(root: Expression): Expression[] {
  return inOrder([root]).flatMap((part) =>
    part.kind === "application" && turns.has(part.primitive) ? part.operands : [],
  );
}

function isTruth(part: Expression): boolean {
  if (part.kind !== "application") return false;
  const primitive: PrimitiveLiteral<1 | 2 | 3> = primitives[part.primitive];
  return primitive.isTruth === true;
}

/** What a loop finds outside of the expression. */
export type Leaf = Exclude<Expression, { readonly kind: "constant" | "application" }>;

/** Computes expressions for which {@link vectorCost} is not 0. `leaf` gives inputs and parameters. */
export function toVectors<V>(
  roots: readonly Expression[],
  v: Vectors<V>,
  leaf: (part: Leaf) => V,
): Map<Expression, V> {
  const values = new Map<Expression, V>();
  const asNumber = (part: Expression): V =>
    isTruth(part) ? v.and(values.get(part)!, v.number(1)) : values.get(part)!;
  const asMask = (part: Expression): V =>
    isTruth(part) ? values.get(part)! : isNotZero(v, values.get(part)!, v.number(0), v.number(0));
  for (const part of inOrder(roots)) {
    if (part.kind === "constant") {
      values.set(part, v.number(part.value));
    } else if (part.kind !== "application") {
      values.set(part, leaf(part));
    } else if (part.primitive === "where") {
      const [condition, a, b] = part.operands;
      // NaN is no reason to take the first.
      const mask = isTruth(condition!)
        ? values.get(condition!)!
        : v.and(asMask(condition!), v.eq(values.get(condition!)!, values.get(condition!)!));
      values.set(part, v.select(asNumber(a!), asNumber(b!), mask));
    } else {
      const primitive: PrimitiveLiteral<1 | 2 | 3> = primitives[part.primitive];
      const [a, b, c] = part.operands.map(primitive.ofTruth === true ? asMask : asNumber);
      values.set(part, rules[part.primitive]!(v, a!, b!, c!));
    }
  }
  return values;
}
