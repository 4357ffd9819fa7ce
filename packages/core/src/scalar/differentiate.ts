/**
 * Derivatives of scalar expressions, as scalar expressions.
 *
 * The derivative of a primitive is what the op of the same name says in its literal; the chain rule does the rest. So
 * the gradient of a pointwise op, which is a scalar expression, is differentiated again in the algebra, and gradients of
 * any order are single loops. Choices stay choices: a branch that is not taken has no part in a derivative, whatever
 * infinities it may hold, where a product with 0 would give NaN.
 */
import type { Expression, ExpressionBuilder } from "./expression.ts";
import { inOrder } from "./expression.ts";
import type { Primitive, ScalarAlgebra } from "./primitives.ts";
import { primitives } from "./primitives.ts";

/** The partial derivatives of a primitive, by its operands and its value. */
export type DerivativeRule = (
  s: ScalarAlgebra<Expression>,
  operands: readonly Expression[],
  value: Expression,
) => readonly Expression[];

const rules = new Map<Primitive, DerivativeRule>();

/** Says how a primitive is differentiated; the first to say so counts. */
export function setDerivativeRule(primitive: string, rule: DerivativeRule): void {
  if (primitive in primitives && !rules.has(primitive as Primitive))
    rules.set(primitive as Primitive, rule);
}

/** The primitives of which nobody said how they are differentiated: the catalogue's own check. */
export function primitivesWithoutRule(): Primitive[] {
  return (Object.keys(primitives) as Primitive[]).filter((primitive) => !rules.has(primitive));
}

function isConstant(expression: Expression, value: number): boolean {
  return expression.kind === "constant" && expression.value === value;
}

/** Whether a product with this is simpler than a product: with 0, 1, −1, or a choice of which a branch is. */
function simplifies(factor: Expression): boolean {
  if (factor.kind === "constant") return factor.value === 0 || Math.abs(factor.value) === 1;
  if (factor.kind !== "application") return false;
  const { primitive, operands } = factor;
  if (primitive === "where") return simplifies(operands[1]!) || simplifies(operands[2]!);
  return (primitive === "neg" || primitive === "div") && simplifies(operands[0]!);
}

/**
 * a·b, moved inwards through choices: a branch that is 0 gives exactly 0, also where the other factor is infinite or NaN,
 * and a branch that is 1 hands it on unchanged. So relu's gradient is a selection, not a multiplication, as PyTorch has
 * it. a·(1/b) becomes a/b.
 */
export function product(a: Expression, b: Expression, builder: ExpressionBuilder): Expression {
  if (!simplifies(b)) return simplifies(a) ? product(b, a, builder) : builder.apply("mul", [a, b]);
  if (b.kind === "constant") {
    if (b.value === 0) return builder.constant(0);
    return b.value === 1 ? a : builder.apply("neg", [a]);
  }
  const [first, second, third] = (b as Expression & { kind: "application" }).operands;
  switch ((b as Expression & { kind: "application" }).primitive) {
    case "where":
      return choice(first!, product(a, second!, builder), product(a, third!, builder), builder);
    case "neg":
      return negative(product(a, first!, builder), builder);
    default:
      return builder.apply("div", [product(a, first!, builder), second!]);
  }
}

function negative(x: Expression, builder: ExpressionBuilder): Expression {
  return isConstant(x, 0) ? x : builder.apply("neg", [x]);
}

function choice(
  condition: Expression,
  a: Expression,
  b: Expression,
  builder: ExpressionBuilder,
): Expression {
  if (a === b) return a;
  return builder.apply("where", [condition, chosen(a, condition, 1), chosen(b, condition, 2)]);
}

/** Within a branch, a further choice by the same condition is decided. */
function chosen(branch: Expression, condition: Expression, taken: 1 | 2): Expression {
  const isDecided =
    branch.kind === "application" &&
    branch.primitive === "where" &&
    branch.operands[0] === condition;
  return isDecided ? branch.operands[taken]! : branch;
}

/** a + b, where a term that is 0 goes. */
function sum(a: Expression, b: Expression, builder: ExpressionBuilder): Expression {
  if (isConstant(a, 0)) return b;
  return isConstant(b, 0) ? a : builder.apply("add", [a, b]);
}

/** The derivative of an expression by one of its inputs. */
export function differentiate(
  root: Expression,
  by: Expression,
  builder: ExpressionBuilder,
): Expression {
  const zero = builder.constant(0);
  const tangents = new Map<Expression, Expression>();
  for (const part of inOrder([root])) {
    let tangent = part === by ? builder.constant(1) : zero;
    if (part.kind === "application") tangent = chainRule(part, tangents, builder);
    tangents.set(part, tangent);
  }
  return tangents.get(root)!;
}

function chainRule(
  part: Expression & { kind: "application" },
  tangents: ReadonlyMap<Expression, Expression>,
  builder: ExpressionBuilder,
): Expression {
  const { primitive, operands } = part;
  const zero = builder.constant(0);
  if (operands.every((operand) => tangents.get(operand) === zero)) return zero;
  if (primitive === "where") {
    const [condition, a, b] = operands;
    return choice(condition!, tangents.get(a!)!, tangents.get(b!)!, builder);
  }
  const partials = rules.get(primitive)!(builder.algebra, operands, part);
  let total: Expression = zero;
  for (const [i, operand] of operands.entries()) {
    const tangent = tangents.get(operand)!;
    if (tangent !== zero) total = sum(total, product(tangent, partials[i]!, builder), builder);
  }
  return total;
}
