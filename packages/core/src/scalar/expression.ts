/**
 * Scalar expressions: what a pointwise op's literal builds, once, when the op is defined.
 *
 * Equal subexpressions are one object (hash consing), so every interpretation computes them once.
 */
import type { Primitive, ScalarAlgebra } from "./primitives.ts";
import { primitives } from "./primitives.ts";

/** An operand, the result, or the cotangent: `index` is its place among the inputs of the kernel. */
export interface Input {
  readonly kind: "input";
  readonly id: number;
  readonly index: number;
  readonly name: string;
}

export type Expression =
  | { readonly kind: "constant"; readonly id: number; readonly value: number }
  | Input
  /** A number that is fixed for a call, such as a slope. */
  | { readonly kind: "parameter"; readonly id: number; readonly name: string }
  | {
      readonly kind: "application";
      readonly id: number;
      readonly primitive: Primitive;
      readonly operands: readonly Expression[];
    };

/** The algebra that builds expressions. One instance serves one op, and knows all of its expressions. */
export class ExpressionBuilder {
  private readonly known = new Map<string, Expression>();
  readonly algebra: ScalarAlgebra<Expression>;

  constructor() {
    const operations: Record<string, unknown> = {};
    for (const primitive of Object.keys(primitives) as Primitive[]) {
      operations[primitive] = (...operands: Expression[]) => this.apply(primitive, operands);
    }
    operations.constant = (value: number) => this.constant(value);
    operations.zero = this.constant(0);
    operations.one = this.constant(1);
    this.algebra = operations as unknown as ScalarAlgebra<Expression>;
  }

  constant(value: number): Expression {
    const key = Object.is(value, -0) ? "-0" : String(value);
    return this.intern(`constant ${key}`, (id) => ({ kind: "constant", id, value }));
  }

  input(index: number, name: string): Input {
    return this.intern(`input ${index}`, (id) => ({ kind: "input", id, index, name })) as Input;
  }

  parameter(name: string): Expression {
    return this.intern(`parameter ${name}`, (id) => ({ kind: "parameter", id, name }));
  }

  apply(primitive: Primitive, operands: readonly Expression[]): Expression {
    const key = `${primitive} ${operands.map((operand) => operand.id).join(" ")}`;
    return this.intern(key, (id) => ({ kind: "application", id, primitive, operands }));
  }

  private intern(key: string, make: (id: number) => Expression): Expression {
    let expression = this.known.get(key);
    if (expression === undefined) {
      expression = make(this.known.size);
      this.known.set(key, expression);
    }
    return expression;
  }
}

/** All distinct subexpressions, operands before what uses them. */
export function inOrder(roots: readonly Expression[]): Expression[] {
  // A set keeps the order in which it was filled. A stack instead of recursion, since a program may put thousands of
  // expressions into one another.
  const order = new Set<Expression>();
  const open: Expression[] = roots.toReversed();
  for (let next = open.at(-1); next !== undefined; next = open.at(-1)) {
    const { length } = open;
    if (next.kind === "application" && !order.has(next)) {
      for (let i = next.operands.length - 1; i >= 0; i--) {
        const operand = next.operands[i]!;
        if (!order.has(operand)) open.push(operand);
      }
    }
    if (open.length > length) continue;
    order.add(next);
    open.pop();
  }
  return [...order];
}

/** What an interpretation does with the leaves. */
export interface Leaves<T> {
  constant(value: number): T;
  input(index: number, name: string): T;
  parameter(name: string): T;
}

/** Folds an expression with an interpretation of the primitives. */
export function interpret<T>(
  roots: readonly Expression[],
  leaves: Leaves<T>,
  apply: (primitive: Primitive, operands: readonly T[]) => T,
): T[] {
  const values = new Map<Expression, T>();
  for (const expression of inOrder(roots)) {
    switch (expression.kind) {
      case "constant":
        values.set(expression, leaves.constant(expression.value));
        break;
      case "input":
        values.set(expression, leaves.input(expression.index, expression.name));
        break;
      case "parameter":
        values.set(expression, leaves.parameter(expression.name));
        break;
      case "application":
        values.set(
          expression,
          apply(
            expression.primitive,
            expression.operands.map((operand) => values.get(operand)!),
          ),
        );
        break;
    }
  }
  return roots.map((root) => values.get(root)!);
}

/** The inputs that an expression reads, by their index. */
export function inputsOf(root: Expression): Input[] {
  return inOrder([root])
    .filter((part): part is Input => part.kind === "input")
    .sort((a, b) => a.index - b.index);
}
