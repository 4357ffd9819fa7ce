/**
 * Scalar expressions as JavaScript source.
 */
import { ArgumentError } from "../errors.ts";
import type { Expression } from "./expression.ts";
import { inOrder } from "./expression.ts";
import { primitives } from "./primitives.ts";

/** A block of statements and the expression that holds the result. */
export interface Source {
  readonly statements: string;
  readonly result: string;
}

/** The name of an input in generated source. */
export const inputName = (index: number): string => `x${index}`;

/**
 * Writes an expression as JavaScript. Subexpressions that are used more than once become constants. Inputs are called
 * x0, x1, …; parameters p_name.
 */
export function toJavaScript(root: Expression): Source {
  const uses = new Map<Expression, number>();
  const order = inOrder([root]);
  for (const part of order) {
    if (part.kind !== "application") continue;
    // The source of a square or a sign names its operand several times.
    const weight = part.primitive === "square" || part.primitive === "sign" ? 2 : 1;
    for (const operand of part.operands) uses.set(operand, (uses.get(operand) ?? 0) + weight);
  }
  const texts = new Map<Expression, string>();
  let statements = "";
  for (const part of order) {
    if (part.kind === "application") {
      const text = primitives[part.primitive].source(
        ...part.operands.map((operand) => texts.get(operand)!),
      );
      if ((uses.get(part) ?? 0) > 1) {
        statements += `const t${part.id} = ${text}; `;
        texts.set(part, `t${part.id}`);
      } else {
        texts.set(part, text);
      }
    } else if (part.kind === "constant") {
      texts.set(part, literal(part.value));
    } else {
      texts.set(part, part.kind === "input" ? inputName(part.index) : parameterName(part.name));
    }
  }
  return { statements, result: texts.get(root)! };
}

function literal(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return text.startsWith("-") ? `(${text})` : text;
}

/** The name of a parameter in generated source; refuses what is no identifier. */
export function parameterName(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(name)) {
    throw new ArgumentError(
      `pointwise: a parameter is named like a variable, not ${JSON.stringify(name)}.`,
      { name },
    );
  }
  return `p_${name}`;
}
