/**
 * Powers with small whole exponents are products: exact to a rounding each, and many times as fast.
 */
import type { Expression, Input } from "./expression.ts";
import { ExpressionBuilder, inOrder, interpret } from "./expression.ts";
import { primitives } from "./primitives.ts";

/** The exponents that are written out. */
const least = -2;
const most = 4;

export function isWrittenOut(exponent: number): boolean {
  return Number.isInteger(exponent) && exponent >= least && exponent <= most;
}

/** The inputs that an expression raises something to, alone or with a constant added or taken away. */
export function exponentsOf(root: Expression): Input[] {
  const found = new Set<Input>();
  for (const part of inOrder([root])) {
    if (part.kind !== "application" || part.primitive !== "pow") continue;
    const exponent = part.operands[1]!;
    if (exponent.kind === "input") found.add(exponent);
    if (exponent.kind !== "application") continue;
    if (exponent.primitive !== "sub" && exponent.primitive !== "add") continue;
    const [a, b] = exponent.operands;
    if (a!.kind === "input" && b!.kind === "constant") found.add(a as Input);
  }
  return [...found];
}

/** The expression for a number in place of an input, with new inputs for all of those that are given. */
export function withNumber(
  root: Expression,
  inputs: readonly Input[],
  replaced: Input,
  value: number,
): { readonly root: Expression; readonly inputs: readonly Input[] } {
  const builder = new ExpressionBuilder();
  const s = builder.algebra;
  const [found] = interpret<Expression>(
    [root],
    {
      constant: (number) => builder.constant(number),
      parameter: (name) => builder.parameter(name),
      input: (index, name) =>
        index === replaced.index ? builder.constant(value) : builder.input(index, name),
    },
    (primitive, operands) => {
      const [a, b] = operands;
      if (
        (primitive === "add" || primitive === "sub") &&
        a!.kind === "constant" &&
        b!.kind === "constant"
      )
        return builder.constant(primitives[primitive].evaluate(a!.value, b!.value));
      if (primitive !== "pow" || b!.kind !== "constant" || !isWrittenOut(b!.value))
        return builder.apply(primitive, operands);
      const product = productOf(Math.abs(b!.value));
      return b!.value < 0 ? s.div(s.one, product) : product;

      function productOf(count: number): Expression {
        if (count === 0) return s.one;
        if (count === 1) return a!;
        const square = s.square(a!);
        if (count === 2) return square;
        return count === 3 ? s.mul(square, a!) : s.square(square);
      }
    },
  );
  return { root: found!, inputs: inputs.map(({ index, name }) => builder.input(index, name)) };
}
