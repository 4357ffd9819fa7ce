/**
 * How far a float32 computation of an expression may be from the exact one: each primitive adds its own error to what
 * it makes of those of its operands. Nothing is fitted to what the loops happen to give.
 */
import type { Expression } from "@chainrule/core";
import { inOrder } from "../../src/scalar/expression.ts";
import type { PrimitiveLiteral } from "../../src/scalar/primitives.ts";
import { primitives } from "../../src/scalar/primitives.ts";

/** The errors of the vector functions in units of the last place, as their docstrings state them. */
export const statedUlps: Readonly<Record<string, number>> = {
  pow: 1,
  exp: 1,
  exp2: 2,
  expm1: 3,
  log: 1,
  log2: 2,
  log10: 2,
  log1p: 2,
  sin: 2,
  cos: 2,
  tan: 3,
  asin: 2,
  acos: 2,
  atan: 3,
  sinh: 2,
  cosh: 2,
  tanh: 3,
  asinh: 2,
  acosh: 3,
  atanh: 3,
  erf: 2,
  erfc: 6,
  ndtr: 7,
};

const exactPrimitives = new Set(
  "neg abs sign copysign floor ceil trunc round maximum minimum where".split(" "),
);

const largest = (2 - 2 ** -23) * 2 ** 127;

/** The distance of float32 numbers around x. */
export function ulp(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude >= 2 ** -126)) return 2 ** -149;
  return 2 ** (Math.floor(Math.log2(magnitude)) - 23);
}

interface Bounded {
  readonly value: number;
  readonly error: number;
}

/**
 * The value of an expression in double precision, and a bound for the error of float32. It is infinite where numbers on
 * the way leave the range of float32.
 */
export function bounded(
  root: Expression,
  inputs: (index: number) => number,
  parameters: Readonly<Record<string, number>>,
): Bounded {
  const values = new Map<Expression, Bounded>();
  for (const part of inOrder([root])) values.set(part, step(part, values, inputs, parameters));
  const { value, error } = values.get(root)!;
  // Errors of second order.
  return { value, error: 1.01 * error };
}

function step(
  part: Expression,
  values: ReadonlyMap<Expression, Bounded>,
  inputs: (index: number) => number,
  parameters: Readonly<Record<string, number>>,
): Bounded {
  if (part.kind === "input") return { value: inputs(part.index), error: 0 };
  if (part.kind !== "application") {
    const value = part.kind === "constant" ? part.value : parameters[part.name]!;
    return { value, error: Math.abs(value - Math.fround(value)) || 0 };
  }
  const primitive: PrimitiveLiteral<1 | 2 | 3> = primitives[part.primitive];
  const operands = part.operands.map((operand) => values.get(operand)!);
  const numbers = operands.map((operand) => operand.value);
  const value = primitive.evaluate(...numbers);
  if (operands.some(({ error }) => error === Number.POSITIVE_INFINITY) || Math.abs(value) > largest)
    return { value, error: Number.POSITIVE_INFINITY };
  let error = 0;
  if (primitive.isTruth !== true && !exactPrimitives.has(part.primitive))
    error = (statedUlps[part.primitive] ?? 0.5) * ulp(value);
  for (const [i, operand] of operands.entries()) {
    if (operand.error === 0) continue;
    for (const sign of [-1, 1]) {
      const moved = numbers.slice();
      moved[i] = operand.value + sign * operand.error;
      const change = Math.abs(primitive.evaluate(...moved) - value) / 2;
      error += Number.isNaN(change) ? Number.POSITIVE_INFINITY : change * 2;
    }
  }
  return { value, error };
}
