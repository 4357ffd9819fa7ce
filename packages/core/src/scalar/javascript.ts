/**
 * Scalar expressions as JavaScript source.
 */
import { ArgumentError } from "../errors.ts";
import type { Expression } from "./expression.ts";
import { inOrder } from "./expression.ts";
import type { PrimitiveLiteral } from "./primitives.ts";
import { primitives } from "./primitives.ts";

/** Statements and the expression that holds the result. */
export interface Source {
  /** What has one value for the whole call, since it depends on parameters only. */
  readonly invariants: string;
  readonly statements: string;
  readonly result: string;
}

/** From this length on a part is a statement of its own: parsers do not like what is nested too deeply. */
const longestText = 1000;

/** The name of an input in generated source. */
export const inputName = (index: number): string => `x${index}`;

/**
 * Writes an expression as JavaScript. Subexpressions that are used more than once become constants. Inputs are called
 * x0, x1, …; parameters p_name. With `whole` the result is int32.
 */
export function toJavaScript(root: Expression, whole: boolean): Source {
  const { invariants, statements, results } = allToJavaScript([root], whole);
  return { invariants, statements, result: results[0]! };
}

/** The same for several expressions at once: what they share is computed once. */
export function allToJavaScript(
  roots: readonly Expression[],
  whole: boolean,
): Omit<Source, "result"> & { readonly results: readonly string[] } {
  const uses = new Map<Expression, number>();
  for (const root of roots) uses.set(root, (uses.get(root) ?? 0) + 1);
  const order = inOrder(roots);
  for (const part of order) {
    if (part.kind !== "application") continue;
    const weight = primitives[part.primitive].repeats ?? 1;
    for (const operand of part.operands) uses.set(operand, (uses.get(operand) ?? 0) + weight);
  }
  const texts = new Map<Expression, string>();
  const fixed = new Set<Expression>();
  let invariants = "";
  let statements = "";
  for (const part of order) {
    if (part.kind === "application") {
      const primitive: PrimitiveLiteral<1 | 2 | 3> = primitives[part.primitive];
      const { source } = (whole ? primitive.whole : undefined) ?? primitive;
      const operands = part.operands.map((operand) => {
        const given = texts.get(operand)!;
        return primitive.ofTruth === true && !isTruth(operand) ? `(${given} !== 0)` : given;
      });
      const text = source(...operands);
      if (part.operands.every((operand) => fixed.has(operand))) {
        invariants += `const t${part.id} = ${text}; `;
        fixed.add(part);
        texts.set(part, `t${part.id}`);
      } else if ((uses.get(part) ?? 0) > 1 || text.length > longestText) {
        statements += `const t${part.id} = ${text}; `;
        texts.set(part, `t${part.id}`);
      } else {
        texts.set(part, text);
      }
    } else if (part.kind === "input") {
      texts.set(part, inputName(part.index));
    } else {
      fixed.add(part);
      texts.set(part, part.kind === "constant" ? literal(part.value) : parameterName(part.name));
    }
  }
  return { invariants, statements, results: roots.map((root) => texts.get(root)!) };
}

/** Whether the source of an expression gives true or false, or 1 or 0. */
function isTruth(expression: Expression): boolean {
  if (expression.kind !== "application") return false;
  const primitive: PrimitiveLiteral<1 | 2 | 3> = primitives[expression.primitive];
  return primitive.isTruth === true;
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
